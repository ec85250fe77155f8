// Puts the tests of each guard in one order, cheapest and most selective first: a code, an equality, then ranges.
// Guards that differ only in the order of writing become one, which later passes rely on. Tested by
// tests/plan/order_guards.
#pragma once

#include "compiler/plan/plan.h"

namespace alidade {

Plan order_guards(Plan plan);

}  // namespace alidade
