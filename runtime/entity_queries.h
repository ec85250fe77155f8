// What formulas ask of entities, answered for all contexts in one walk over each partition: how many keys have a mask
// bit in an interval (kUnique), and aggregates of a value per entity (kCollapseEntity). Partitions are disjoint and
// every fold commutes exactly, so answers do not depend on threads. Tested in tests/unit/evaluator_test.cpp.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <tuple>
#include <vector>

#include "runtime/contexts.h"
#include "runtime/folds.h"
#include "runtime/workers.h"

namespace alidade {

/// Keys with mask bit `bit` of a machine, per interval and group. Intervals are answered in chains in which starts and
/// ends both ascend, so that the intervals an entry lies in are neighbours.
class UniqueQuery {
 public:
  void ask(Interval interval, int output) {
    index_.try_emplace({interval.start, interval.end}, 0);
    owners_.insert(output);
  }
  int64_t count(Interval interval, uint32_t group) const;

 private:
  friend class EntityQueries;
  struct Chain {
    std::vector<uint32_t> begins, ends;  ///< ranks, by interval of the chain
    std::vector<uint32_t> first, last;   ///< by rank: intervals [first, last) hold it
    std::vector<int64_t> counts;         ///< [group][interval], one more interval than there are
  };
  void prepare(const SlotOrder& order);
  bool one_slot_each() const;

  struct Place {
    uint32_t chain = kNoId, interval = 0;
  };
  std::map<std::pair<Instant, Instant>, uint32_t> index_;  ///< to places_
  std::vector<Place> places_;
  std::vector<Chain> chains_;
  size_t groups_ = 0;     ///< and unions
  std::set<int> owners_;  ///< outputs that ask: whose unions are counted
};

/// An entry of an entity in a machine. Sorted by group, then rank.
struct EntityItem {
  uint32_t group = 0, rank = 0;
  const uint8_t* entry = nullptr;
  uint64_t key() const { return static_cast<uint64_t>(group) << 32 | rank; }
};

/// What one entity has in every machine of a domain: the entity a kEntityCell reads.
struct EntityView {
  struct Machine {
    const MachinePartition* partition = nullptr;
    const EntityItem* begin = nullptr;
    const EntityItem* end = nullptr;
  };
  std::map<std::pair<int, int>, Machine> machines;  ///< by pipeline and machine
  /// The same of all groups: visit(partition, entry, group).
  template <typename Visit>
  void each_group(int pipeline, int machine, SlotOrder::Range ranks, const Visit& visit) const {
    auto found = machines.find({pipeline, machine});
    if (found == machines.end()) return;
    for (const EntityItem* item = found->second.begin; item != found->second.end; ++item) {
      if (item->rank < ranks.begin || item->rank >= ranks.end) continue;
      visit(*found->second.partition, item->entry, item->group);
    }
  }
  size_t partition = 0;  ///< of its domain
  uint32_t code = 0;
  /// Calls visit(partition, entry) for the entries of a group with a rank in the range.
  template <typename Visit>
  void each(int pipeline, int machine, uint32_t group, SlotOrder::Range ranks, const Visit& visit) const {
    auto found = machines.find({pipeline, machine});
    if (found == machines.end()) return;
    const EntityItem* item = found->second.begin;
    for (; item != found->second.end && item->group < group; ++item) {
    }
    for (; item != found->second.end && item->group == group && item->rank < ranks.end; ++item) {
      if (item->rank >= ranks.begin) visit(*found->second.partition, item->entry);
    }
  }
};

/// Evaluates a formula for one entity: the finish's evaluation, borrowed.
using EntityEvaluation = std::function<NodeValue(int node, const Context&, uint32_t group, const EntityView&)>;

class EntityQueries {
 public:
  explicit EntityQueries(const Contexts* contexts) : contexts_(contexts) {}

  /// Notes what evaluating `node` in `context` for the groups and unions of an output will ask.
  void ask(int node, const Context& context, int output);
  /// Answers everything asked.
  void answer(Workers* workers, const EntityEvaluation& evaluate);

  int64_t unique(const Formula& leaf, Interval interval, uint32_t group) const;
  /// The fold of a kCollapseEntity over its entities.
  const Fold& collapse(int node, const Context& context, uint32_t group) const;

 private:
  struct Collapse {
    std::map<Context, uint32_t> contexts;
    std::vector<Context> by_index;
    std::vector<int> leaves;                                  ///< kEntityCell nodes below
    std::vector<std::vector<std::vector<uint32_t>>> touched;  ///< by leaf, rank: contexts in which a row there counts
    std::vector<Fold> folds;                                  ///< [context][group]
    SpillArena arena;
    size_t groups = 0;     ///< and unions
    std::set<int> owners;  ///< outputs that ask
  };
  using MachineKey = std::pair<int, int>;

  void answer_unique(MachineKey machine, std::vector<UniqueQuery*> queries, Workers* workers);
  void count_partition(const MachineState& machine, int key_space,
                       const std::vector<std::pair<int, UniqueQuery*>>& asked, bool sorted, size_t partition,
                       std::vector<std::vector<int64_t>>* counts) const;
  void answer_collapse(int node, Collapse* collapse, Workers* workers, const EntityEvaluation& evaluate);
  void prepare_collapse(int node, Collapse* collapse) const;

  const Contexts* contexts_;
  std::map<std::tuple<int, int, int>, UniqueQuery> unique_;  ///< by pipeline, machine, bit
  std::map<int, Collapse> collapses_;                        ///< by node
};

/// The entries of a partition sorted by code, group and rank; starts[code] is where a code's begin.
struct SortedEntries {
  std::vector<EntityItem> items;
  std::vector<uint32_t> starts;
};
SortedEntries sort_entries(const MachinePartition& partition, const CellMap& cells, const SlotOrder& order);

}  // namespace alidade
