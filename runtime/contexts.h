// The contexts formulas are evaluated in: what streams cover, the intervals that windows, offsets and collapses lead
// to, the slots of an interval in order of time, and how groups of more dimensions lie inside groups of fewer. Built
// once per run after the pass; immutable, safe on any thread. Tested in tests/unit/evaluator_test.cpp.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <shared_mutex>
#include <tuple>
#include <vector>

#include "runtime/evaluator.h"
#include "runtime/state.h"

namespace alidade {

struct Context {
  Grain grain = Grain::kWhole;
  Interval bucket;
  Interval interval;  ///< what aggregates look at
  friend bool operator==(const Context&, const Context&) = default;
  friend bool operator<(const Context& a, const Context& b) {
    auto key = [](const Context& c) {
      return std::tuple(c.grain, c.bucket.start, c.bucket.end, c.interval.start, c.interval.end);
    };
    return key(a) < key(b);
  }
};

/// Where an offset leads, or why nowhere: there is no such bucket, or none of this one's days has passed.
struct MovedContext {
  Reason reason = Reason::kNone;
  Context context;
};

/// Slots of one table in order of time: rank 0 is the earliest.
struct SlotOrder {
  std::vector<Interval> intervals;  ///< by rank
  std::vector<uint32_t> slots;      ///< by rank
  std::vector<uint32_t> rank_of_slot;
  struct Range {
    uint32_t begin = 0, end = 0;
  };
  Range ranks(Interval interval) const;  ///< slots that share an instant with it
};

/// Groups of a table under the groups of the table with one dimension less (the last one left out).
struct GroupParents {
  const GroupTable* parents = nullptr;
  std::vector<uint32_t> parent_of;
  std::vector<std::vector<uint32_t>> children_of;
};

/// Groups of a table that are read as one, as the `other` of a top n is. They are numbered on from the table's own.
struct GroupUnions {
  struct Union {
    int owner = 0;  ///< the output it is made for
    std::vector<uint32_t> members;
  };
  std::vector<Union> unions;
  std::vector<std::vector<uint32_t>> holding;  ///< by group of the table: the unions that it is a member of
};

class Contexts {
 public:
  /// Adds to the state the group tables that collapses over dimensions need. `watermarks` are by pipeline.
  Contexts(State* state, std::vector<std::optional<Instant>> watermarks);

  const State& state() const { return *state_; }
  const Formula& formula(int node) const { return state_->program().formulas[static_cast<size_t>(node)]; }
  const StreamState* stream(int stream) const;  ///< null if no pipeline reads it
  bool is_table(int stream) const { return state_->program().streams[static_cast<size_t>(stream)].table >= 0; }
  bool covered(int stream, Interval interval) const;
  bool any_covered(const std::vector<int>& streams, Interval interval) const;
  std::optional<Instant> watermark(int stream) const;
  /// What a report without a range spans: from the smallest first to just after the largest last row; without a stream
  /// from the first to the last beginning of a table's rows. nullopt where there are none.
  std::optional<Interval> extent(const std::vector<int>& streams) const;

  Context over(const Window& window, const Context& context) const;
  MovedContext at(int node, const Context& context) const;  ///< of a kAt
  /// What a leaf looks at: a table's rows at the interval's last instant.
  Context at_leaf(const Formula& leaf, const Context& context) const;
  /// The contexts of a kCollapseTime node: the covered buckets of its grain in the interval. Remembered.
  const std::vector<Context>& buckets(int node, const Context& context) const;

  const SlotOrder& slot_order(int key_space) const;
  /// The table of the groups a node is evaluated for; null below which there is no leaf.
  const GroupTable* table(int node) const { return tables_[static_cast<size_t>(node)]; }
  const GroupParents& parents(const GroupTable* table) const { return parents_.at(table); }
  /// The group of `table` that holds `group` of a table with the same or more dimensions.
  uint32_t ancestor(const GroupTable* from, uint32_t group, const GroupTable* table) const;

  /// One group for several of a table, and of the tables below it one for each value of their last dimension. Not while
  /// anything is evaluated.
  uint32_t unite(const GroupTable* table, std::vector<uint32_t> members, int owner);
  /// The table's groups and unions.
  size_t group_count(const GroupTable* table) const;
  /// Unions with an owner among `owners` that `group` is a member of; null for none.
  template <typename Visit>
  void each_union(const GroupTable* table, uint32_t group, const std::set<int>& owners, const Visit& visit) const {
    auto found = unions_.find(table);
    if (found == unions_.end()) return;
    for (uint32_t id : found->second.holding[group]) {
      if (owners.contains(found->second.unions[id - table->size()].owner)) visit(id);
    }
  }
  bool has_unions(const GroupTable* table, const std::set<int>& owners) const;
  /// The groups that a group stands for: itself, or the members of a union.
  template <typename Visit>
  void each_member(const GroupTable* table, uint32_t group, const Visit& visit) const {
    if (group < table->size()) return visit(group);
    for (uint32_t member : unions_.at(table).unions[group - table->size()].members) visit(member);
  }

  /// Streams that the leaves below a node read, ascending.
  const std::vector<int>& streams(int node) const { return streams_[static_cast<size_t>(node)]; }

  /// Calls visit(node, context) for every leaf below `node`, in every context that evaluating `node` in `context` asks
  /// it for, and for every window, collapse and elapsed offset before what is below it.
  template <typename Visit>
  void walk(int node, const Context& context, const Visit& visit) const {
    std::set<std::pair<int, Context>> seen;
    walk_below(node, context, visit, &seen);
  }

  /// Whether a node is so large, with its parts written out, that formulas surely share them: its value in a context is
  /// worth keeping, and what is below it is walked once.
  bool repeats(int node) const { return repeats_[static_cast<size_t>(node)]; }

 private:
  template <typename Visit>
  void walk_below(int node, const Context& context, const Visit& visit, std::set<std::pair<int, Context>>* seen) const {
    if (node < 0 || (repeats(node) && !seen->emplace(node, context).second)) return;
    const Formula& f = formula(node);
    switch (f.kind) {
      case FormulaKind::kConst:
      case FormulaKind::kRate:
        return;
      case FormulaKind::kCell:
      case FormulaKind::kEntityCell:
      case FormulaKind::kUnique:
        visit(node, at_leaf(f, context));
        return;
      case FormulaKind::kOver:
        visit(node, context);
        walk_below(f.a, over(f.window, context), visit, seen);
        return;
      case FormulaKind::kAt:
        if (f.elapsed) visit(node, context);
        if (MovedContext moved = at(node, context); moved.reason == Reason::kNone)
          walk_below(f.a, moved.context, visit, seen);
        return;
      case FormulaKind::kCollapseTime:
        visit(node, context);
        for (const Context& inner : buckets(node, context)) walk_below(f.a, inner, visit, seen);
        return;
      case FormulaKind::kCollapseEntity:
      case FormulaKind::kCollapseDimension:
        visit(node, context);
        walk_below(f.a, context, visit, seen);
        return;
      case FormulaKind::kNegate:
      case FormulaKind::kAdd:
      case FormulaKind::kSubtract:
      case FormulaKind::kMultiply:
      case FormulaKind::kDivide:
      case FormulaKind::kEqual:
      case FormulaKind::kNotEqual:
      case FormulaKind::kLess:
      case FormulaKind::kLessEqual:
      case FormulaKind::kGreater:
      case FormulaKind::kGreaterEqual:
      case FormulaKind::kAnd:
      case FormulaKind::kOr:
      case FormulaKind::kNot:
      case FormulaKind::kIf:
      case FormulaKind::kGreatest:
      case FormulaKind::kLeast:
      case FormulaKind::kRound:
      case FormulaKind::kCoalesce:
      case FormulaKind::kRated:
        walk_below(f.a, context, visit, seen);
        walk_below(f.b, context, visit, seen);
        walk_below(f.c, context, visit, seen);
        return;
    }
  }

  void find_streams();
  void find_tables();
  void order_slots();
  std::vector<Context> find_buckets(const Formula& node, const Context& context) const;

  State* state_;
  std::vector<std::optional<Instant>> watermarks_;
  std::vector<int> pipeline_of_stream_;
  std::vector<std::vector<int>> streams_;  ///< by formula node
  std::vector<bool> repeats_;              ///< by formula node
  std::vector<const GroupTable*> tables_;  ///< by formula node
  std::map<const GroupTable*, GroupParents> parents_;
  std::map<const GroupTable*, GroupUnions> unions_;
  std::map<const SlotTable*, SlotOrder> orders_;
  mutable std::shared_mutex buckets_mutex_;
  mutable std::map<std::pair<int, Context>, std::vector<Context>> buckets_;
};

}  // namespace alidade
