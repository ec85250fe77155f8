// One formula in one context: the interpreter of the finish. Everything it reads is immutable by then, so it is safe on
// any thread (each with a SpillScope). Tested in tests/unit/evaluator_test.cpp.
#pragma once

#include <map>
#include <tuple>
#include <vector>

#include "runtime/contexts.h"
#include "runtime/entity_queries.h"
#include "runtime/folds.h"
#include "runtime/ties.h"

namespace alidade {

class Evaluation {
 public:
  /// `ties` gets what first and last cannot decide.
  Evaluation(const Contexts* contexts, const EntityQueries* queries, TieLog* ties)
      : contexts_(contexts), queries_(queries), ties_(ties) {}

  /// `entity` is null outside kCollapseEntity.
  NodeValue evaluate(int node, const Context& context, uint32_t group, const EntityView* entity) const;
  static Form form(const Formula& f) { return {f.exact, f.boolean, f.scale}; }

 private:
  /// Values of nodes that repeat, by context and group, within one evaluation.
  using Memo = std::map<std::tuple<int, Context, uint32_t>, NodeValue>;
  NodeValue value_of(int node, const Context& context, uint32_t group, const EntityView* entity, Memo* memo) const;
  NodeValue compute(int node, const Context& context, uint32_t group, const EntityView* entity, Memo* memo) const;
  NodeValue binary(const Formula& f, const NodeValue& a, const NodeValue& b) const;
  NodeValue coalesce(const Formula& f, const Context& context, uint32_t group, const EntityView* entity,
                     Memo* memo) const;
  NodeValue condition(const Formula& f, const Context& context, uint32_t group, const EntityView* entity,
                      Memo* memo) const;
  NodeValue cell(const Formula& f, const Context& context, uint32_t group) const;
  NodeValue entity_cell(const Formula& f, const Context& context, uint32_t group, const EntityView& entity) const;
  NodeValue collapse_time(int node, const Context& context, uint32_t group, const EntityView* entity, Memo* memo) const;
  NodeValue collapse_dimension(int node, const Context& context, uint32_t group, const EntityView* entity,
                               Memo* memo) const;
  al_moment row_of_group(const Formula& f, SlotOrder::Range ranks, uint32_t group, const EntityView& entity) const;
  void note_tie(const Formula& leaf, const Fold& fold, const EntityView* entity) const;
  NodeValue finish_collapse(const Formula& f, const Context& context, Fold* fold) const;
  bool present(int node, const Context& context, uint32_t group, const EntityView* entity) const;
  bool leaf_present(const Formula& f, const Context& context, uint32_t group, const EntityView* entity) const;
  /// Calls visit(partition, entry) for what an entity has of a leaf's group in the context's interval.
  template <typename Visit>
  void each_entry(const Formula& leaf, const Context& context, uint32_t group, const EntityView& entity,
                  const Visit& visit) const {
    SlotOrder::Range ranks = contexts_->slot_order(leaf.key_space).ranks(context.interval);
    contexts_->each_member(contexts_->state().key_space(leaf.key_space).groups, group,
                           [&](uint32_t member) { entity.each(leaf.pipeline, leaf.machine, member, ranks, visit); });
  }
  void fold_cells(const Formula& f, int accumulator, Interval interval, uint32_t group, Fold* into) const;

  const Contexts* contexts_;
  const EntityQueries* queries_;
  TieLog* ties_;
};

}  // namespace alidade
