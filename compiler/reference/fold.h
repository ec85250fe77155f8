// Many numbers into one: what an aggregate does with the inputs of its rows and a collapse with its inner values.
// Part of compiler/reference; tested through tests/conformance and tests/unit/reference_test.cpp.
#pragma once

#include <vector>

#include "compiler/reference/scalar.h"
#include "compiler/sema/model.h"

namespace alidade::reference {

/// The numbers have one representation and, if exact, one scale, and stand in the order of time; `type` is the
/// result's. Over none: count 0, sum 0, else kNoRows. kUnique is no fold of numbers. `plain`: doubles are added one by
/// one, each sum rounded.
Outcome fold(Aggregate aggregate, Percentage percentage, const std::vector<Number>& numbers, const Type& type,
             bool plain = false);

}  // namespace alidade::reference
