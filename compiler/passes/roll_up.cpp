// Which key space use can stand in for a coarser one. See roll_up.h.
#include "compiler/passes/roll_up.h"

namespace alidade {
namespace {

bool fits_into(Grain fine, Grain coarse) { return fine != coarse && common_grain(fine, coarse) == fine; }

}  // namespace

int finest_stand_in(const Plan& plan, const Pipeline& pipeline, int use, const std::vector<int>& candidates) {
  const auto use_at = [&](int index) -> const KeySpaceUse& { return pipeline.key_spaces[static_cast<size_t>(index)]; };
  const auto space_of = [&](int index) -> const KeySpace& {
    return plan.key_spaces[static_cast<size_t>(use_at(index).key_space)];
  };
  const auto stands_in = [&](int fine, int coarse) {
    return use_at(fine).dimension_columns == use_at(coarse).dimension_columns &&
           space_of(fine).dimensions == space_of(coarse).dimensions &&
           fits_into(space_of(fine).grain, space_of(coarse).grain);
  };
  int best = use;
  for (const int candidate : candidates) {
    if (!stands_in(candidate, use)) continue;
    bool finest = true;
    for (const int other : candidates) finest = finest && !stands_in(other, candidate);
    if (finest && (best == use || space_of(candidate).grain > space_of(best).grain)) best = candidate;
  }
  return best;
}

}  // namespace alidade
