// Keeps each accumulation once: equal ones become one, and a leaf whose accumulators exist at a finer grain of the same
// dimensions reads those, since cells roll up by interval. What is read no more goes in drop_unread. Tested by
// tests/plan/share_accumulators.
#pragma once

#include "compiler/plan/plan.h"

namespace alidade {

Plan share_accumulators(Plan plan);

}  // namespace alidade
