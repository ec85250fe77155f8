// A condition over rows, split where it names an entity's first or last row: those rows come from a derived pipeline,
// the tests beside are its guard. Part of compiler/plan, for lower.cpp. Tested by tests/plan. Safe on any thread.
#pragma once

#include <vector>

#include "compiler/sema/model.h"

namespace alidade {

struct SplitCondition {
  RowId event;               ///< kIsFirst or kIsLast; invalid: the stream's own rows
  std::vector<RowId> tests;  ///< what else a row must pass, in order
};

/// Of several such rows the one that is chosen among the others' is the event; what it is chosen by holds for it
/// anyway.
SplitCondition split_condition(const Model& model, RowId condition);

}  // namespace alidade
