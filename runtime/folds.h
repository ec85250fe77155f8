// Many values into one: what leaves and collapses do when they finish. A Fold takes values or accumulator states in any
// order and gives the same bits. Tested in tests/unit/evaluator_test.cpp. Float sums need a SpillScope.
#pragma once

#include "runtime/arithmetic.h"
#include "runtime/machines.h"

namespace alidade {

/// Adds one value, for a later finish_fold of the same `finish`. For first and last in the order of time. Of undefined
/// ones, what could not be computed (no_rate, overflow) is kept as `failed`; where there is nothing, nothing is added.
void fold_value(Finish finish, const NodeValue& value, bool exact, Fold* into);
/// Adds another fold of the same kind.
void merge_folds(Finish finish, bool exact, const Fold& other, Fold* into);
/// Adds the state of an accumulator in a cell.
void fold_accumulator(al_accumulator_kind kind, const uint8_t* state, Fold* into);

/// The value: of `scale` where `exact`, but a double for mean and percentile. Undefined over no values except count and
/// sum (and unique). Reorders kept values.
NodeValue finish_fold(Finish finish, bool exact, int scale, Percentage percentage, Fold* fold);
/// The form finish_fold gives.
Form finished_form(Finish finish, bool exact, int scale);

}  // namespace alidade
