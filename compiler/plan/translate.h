// What the plan calls the model's operators, aggregates, constants and keys. Part of compiler/plan; tested through
// lowering, in tests/unit/plan_test.cpp.
#pragma once

#include "compiler/sema/model.h"
#include "runtime/abi.h"
#include "runtime/program.h"

namespace alidade {

FormulaKind operator_kind(ValueKindTag kind);
Finish finish_of(Aggregate aggregate);
/// The accumulator that holds what an aggregate of rows folds.
al_accumulator_kind accumulator_kind(const Value& value, bool exact);
CellValue constant_of(const Value& value);
Dimension dimension_of(const Model& model, const PerKey& key);

}  // namespace alidade
