// Each accumulation once. See share_accumulators.h.
#include "compiler/passes/share_accumulators.h"

#include <map>
#include <tuple>

#include "compiler/passes/roll_up.h"
#include "compiler/plan/renumber.h"

namespace alidade {
namespace {

/// What is folded, whatever the cells.
using Folded = std::tuple<int, int, int>;
Folded folded(const Accumulator& a) { return {a.kind, a.input, a.guard}; }

void merge_equal(Plan& plan, int index) {
  const Pipeline& pipeline = plan.pipelines[static_cast<size_t>(index)];
  std::map<std::pair<Folded, int>, int> known;
  Renumbering to;
  for (const Accumulator& accumulator : pipeline.accumulators) {
    const auto key = std::make_pair(folded(accumulator), accumulator.key_space_use);
    to.push_back(known.emplace(key, static_cast<int>(known.size())).first->second);
  }
  renumber_accumulators(plan, index, to);
}

class RollUp {
 public:
  explicit RollUp(const Plan& plan) : plan_(plan) {
    for (const Pipeline& pipeline : plan.pipelines) {
      auto& places = places_.emplace_back();
      for (size_t i = 0; i < pipeline.accumulators.size(); ++i) {
        const Accumulator& accumulator = pipeline.accumulators[i];
        places[folded(accumulator)].emplace(accumulator.key_space_use, static_cast<int>(i));
      }
    }
  }

  /// Moves the accumulators (-1: none) of one reader together; returns the key space they live in.
  int move(int pipeline, std::initializer_list<int*> read) const {
    const Pipeline& owner = plan_.pipelines[static_cast<size_t>(pipeline)];
    int use = -1;
    std::map<int, size_t> found;  // key space use: how many of the accumulators it has
    size_t wanted = 0;
    for (const int* accumulator : read) {
      if (*accumulator < 0) continue;
      ++wanted;
      use = owner.accumulators[static_cast<size_t>(*accumulator)].key_space_use;
      for (const auto& [place, index] : same(pipeline, *accumulator)) ++found[place];
    }
    std::vector<int> candidates;
    for (const auto& [place, count] : found) {
      if (count == wanted && place != use) candidates.push_back(place);
    }
    const int target = finest_stand_in(plan_, owner, use, candidates);
    for (int* accumulator : read) {
      if (*accumulator >= 0) *accumulator = same(pipeline, *accumulator).at(target);
    }
    return owner.key_spaces[static_cast<size_t>(target)].key_space;
  }

 private:
  /// Where the same accumulation lives: accumulators by key space use.
  const std::map<int, int>& same(int pipeline, int accumulator) const {
    const Pipeline& owner = plan_.pipelines[static_cast<size_t>(pipeline)];
    return places_[static_cast<size_t>(pipeline)].at(folded(owner.accumulators[static_cast<size_t>(accumulator)]));
  }

  const Plan& plan_;
  std::vector<std::map<Folded, std::map<int, int>>> places_;
};

}  // namespace

Plan share_accumulators(Plan plan) {
  for (size_t i = 0; i < plan.pipelines.size(); ++i) merge_equal(plan, static_cast<int>(i));
  const RollUp roll_up(plan);
  for (Formula& leaf : plan.formulas) {
    if (leaf.kind != FormulaKind::kCell) continue;
    leaf.key_space = roll_up.move(leaf.pipeline, {&leaf.accumulator, &leaf.count, &leaf.rows});
  }
  each_presence(plan, [&](Presence& presence) {
    if (presence.machine < 0) roll_up.move(presence.pipeline, {&presence.index});
  });
  return plan;
}

}  // namespace alidade
