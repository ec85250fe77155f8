// Which key space use can stand in for a coarser one: the same dimensions in the same columns at a grain whose buckets
// fit into the coarser's. Part of compiler/passes, for the sharing passes.
#pragma once

#include <vector>

#include "compiler/plan/plan.h"

namespace alidade {

/// Of `candidates` (key space uses of `pipeline`) the one to read instead of `use`: as fine as there is, and of several
/// that do not fit into each other the coarsest, which has the fewest cells. `use` itself where there is none.
int finest_stand_in(const Plan& plan, const Pipeline& pipeline, int use, const std::vector<int>& candidates);

}  // namespace alidade
