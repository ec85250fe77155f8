// Puts every list of a plan in an order that depends on content alone, so that the order of declarations does not show.
// Equal ops and equal formulas become one. Outputs stay in the request's order. Part of compiler/plan; also the last
// pass. Tested in tests/unit/plan_test.cpp. One thread.
#pragma once

#include "compiler/plan/plan.h"

namespace alidade {

Plan canonical_order(Plan plan);

/// The columns and ops of one pipeline: between any two ops the order is the same whatever else the pipeline holds.
void order_row_expressions(Pipeline& pipeline);

/// Formulas alone: equal ones become one, children before parents.
void order_formulas(Plan& plan);

/// Each output's presence once and in order, and its groups' key space that of the first; unrated counts in order.
void order_presence(Plan& plan);

}  // namespace alidade
