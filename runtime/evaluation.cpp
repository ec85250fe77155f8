// The interpreter: leaves read cells and entities, inner nodes compute. Door: evaluation.h.
#include "runtime/evaluation.h"

#include <algorithm>

namespace alidade {
namespace {

bool exact_kind(al_accumulator_kind kind) {
  switch (kind) {
    case AL_COUNT:
    case AL_SUM_EXACT:
    case AL_MIN_EXACT:
    case AL_MAX_EXACT:
    case AL_VALUES_EXACT:
    case AL_VALUES_KEY:
    case AL_FIRST_EXACT:
    case AL_LAST_EXACT:
    case AL_MOMENTS_EXACT:
      return true;
    case AL_SUM_FLOAT:
    case AL_SUM_PLAIN:
    case AL_MIN_FLOAT:
    case AL_MAX_FLOAT:
    case AL_VALUES_FLOAT:
    case AL_FIRST_FLOAT:
    case AL_LAST_FLOAT:
    case AL_FIRST_ROW:
    case AL_LAST_ROW:
    case AL_MOMENTS_FLOAT:
      return false;
  }
  return true;
}

NodeValue constant_value(const Formula& f) {
  if (!f.constant.defined()) return NodeValue::undefined(f.constant.reason);
  if (f.boolean) return NodeValue::of_truth(std::get<bool>(f.constant.value));
  if (f.exact) return NodeValue::of_exact(std::get<int128>(f.constant.value));
  return NodeValue::of_number(std::get<double>(f.constant.value));
}

}  // namespace

NodeValue Evaluation::evaluate(int node, const Context& context, uint32_t group, const EntityView* entity) const {
  Memo memo;
  return value_of(node, context, group, entity, contexts_->repeats(node) ? &memo : nullptr);
}

/// What repeats stands below what repeats, so without a memo there is nothing to remember.
NodeValue Evaluation::value_of(int node, const Context& context, uint32_t group, const EntityView* entity,
                               Memo* memo) const {
  if (memo == nullptr || !contexts_->repeats(node)) return compute(node, context, group, entity, memo);
  const std::tuple key(node, context, group);
  if (auto known = memo->find(key); known != memo->end()) return known->second;
  const NodeValue made = compute(node, context, group, entity, memo);
  memo->emplace(key, made);
  return made;
}

NodeValue Evaluation::compute(int node, const Context& context, uint32_t group, const EntityView* entity,
                              Memo* memo) const {
  const Formula& f = contexts_->formula(node);
  switch (f.kind) {
    case FormulaKind::kConst:
      return constant_value(f);
    case FormulaKind::kCell:
      return cell(f, contexts_->at_leaf(f, context), group);
    case FormulaKind::kEntityCell:
      ALIDADE_CHECK(entity != nullptr);
      return entity_cell(f, contexts_->at_leaf(f, context), group, *entity);
    case FormulaKind::kUnique: {
      const Interval interval = contexts_->at_leaf(f, context).interval;
      if (!contexts_->any_covered(f.streams, interval)) return NodeValue::undefined(Reason::kNoData);
      return convert(NodeValue::of_exact(queries_->unique(f, interval, group)), {.exact = true}, form(f));
    }
    case FormulaKind::kRate: {
      const RateSeries& rates = contexts_->state().rates[static_cast<size_t>(f.rate)];
      const std::optional<int64_t> rate = rates.at(context.interval.end - 1);
      return rate ? NodeValue::of_exact(*rate) : NodeValue::undefined(Reason::kNoRate);
    }
    case FormulaKind::kNegate: {
      Form inner = form(contexts_->formula(f.a));
      return convert(negate(value_of(f.a, context, group, entity, memo), inner), inner, form(f));
    }
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
    case FormulaKind::kGreatest:
    case FormulaKind::kLeast:
      return binary(f, value_of(f.a, context, group, entity, memo), value_of(f.b, context, group, entity, memo));
    case FormulaKind::kNot: {
      NodeValue value = value_of(f.a, context, group, entity, memo);
      return value.defined() ? NodeValue::of_truth(!value.truth) : value;
    }
    case FormulaKind::kIf:
      return condition(f, context, group, entity, memo);
    case FormulaKind::kRound:
      return round_to_digits(value_of(f.a, context, group, entity, memo), form(contexts_->formula(f.a)), f.digits);
    case FormulaKind::kCoalesce:
      return coalesce(f, context, group, entity, memo);
    case FormulaKind::kRated: {
      const NodeValue unrated = value_of(f.b, context, group, entity, memo);
      if (!unrated.defined()) return unrated;
      return unrated.exact == 0 ? value_of(f.a, context, group, entity, memo) : NodeValue::undefined(Reason::kNoRate);
    }
    case FormulaKind::kOver:
      return convert(value_of(f.a, contexts_->over(f.window, context), group, entity, memo),
                     form(contexts_->formula(f.a)), form(f));
    case FormulaKind::kAt: {
      const MovedContext moved = contexts_->at(node, context);
      if (moved.reason != Reason::kNone) return NodeValue::undefined(moved.reason);
      return convert(value_of(f.a, moved.context, group, entity, memo), form(contexts_->formula(f.a)), form(f));
    }
    case FormulaKind::kCollapseTime:
      return collapse_time(node, context, group, entity, memo);
    case FormulaKind::kCollapseEntity: {
      Fold fold = queries_->collapse(node, context, group);
      return finish_collapse(f, context, &fold);
    }
    case FormulaKind::kCollapseDimension:
      return collapse_dimension(node, context, group, entity, memo);
  }
  return NodeValue::undefined(Reason::kNoData);
}

NodeValue Evaluation::binary(const Formula& f, const NodeValue& a, const NodeValue& b) const {
  Form left = form(contexts_->formula(f.a)), right = form(contexts_->formula(f.b));
  if (f.kind == FormulaKind::kAnd || f.kind == FormulaKind::kOr) {
    Reason reason = worst(a.reason, b.reason);
    if (reason != Reason::kNone) return NodeValue::undefined(reason);
    return NodeValue::of_truth(f.kind == FormulaKind::kAnd ? a.truth && b.truth : a.truth || b.truth);
  }
  if (f.boolean) return compare(f.kind, a, left, b, right);
  if (f.kind == FormulaKind::kGreatest || f.kind == FormulaKind::kLeast)
    return extreme(f.kind, a, left, b, right, form(f));
  return calculate(f.kind, a, left, b, right, form(f));
}

/// Without any value the reason is the one that outranks the others. An overflow is a failure, and stays one.
NodeValue Evaluation::coalesce(const Formula& f, const Context& context, uint32_t group, const EntityView* entity,
                               Memo* memo) const {
  const NodeValue first = value_of(f.a, context, group, entity, memo);
  if (first.defined()) return convert(first, form(contexts_->formula(f.a)), form(f));
  if (first.reason == Reason::kOverflow) return first;
  const NodeValue second = value_of(f.b, context, group, entity, memo);
  if (second.defined()) return convert(second, form(contexts_->formula(f.b)), form(f));
  return NodeValue::undefined(worst(first.reason, second.reason));
}

NodeValue Evaluation::condition(const Formula& f, const Context& context, uint32_t group, const EntityView* entity,
                                Memo* memo) const {
  NodeValue test = value_of(f.a, context, group, entity, memo);
  if (!test.defined()) return test;
  int taken = test.truth ? f.b : f.c;
  return convert(value_of(taken, context, group, entity, memo), form(contexts_->formula(taken)), form(f));
}

void Evaluation::fold_cells(const Formula& f, int accumulator, Interval interval, uint32_t group, Fold* into) const {
  const State& state = contexts_->state();
  const PipelineProgram& pipeline = state.program().pipelines[static_cast<size_t>(f.pipeline)];
  const AccumulatorLayout& layout = pipeline.accumulators[static_cast<size_t>(accumulator)];
  const PipelineCells& cells = state.cells[static_cast<size_t>(f.pipeline)];
  const int key_space = pipeline.key_spaces[static_cast<size_t>(layout.key_space_use)].key_space;
  const CellMap& map = *state.key_space(key_space).cells;
  const CellArray& array = cells.arrays[static_cast<size_t>(layout.key_space_use)];
  const SlotOrder& order = contexts_->slot_order(key_space);
  SlotOrder::Range ranks = order.ranks(interval);
  contexts_->each_member(state.key_space(key_space).groups, group, [&](uint32_t member) {
    for (uint32_t rank = ranks.begin; rank < ranks.end; ++rank) {
      uint32_t cell = map.find(order.slots[rank], member);
      if (cell == kNoId) continue;
      if (layout.sink >= 0) {
        cells.sinks[static_cast<size_t>(layout.sink)].collect(cell, &into->values);
      } else if (const uint8_t* at = array.at(cell)) {
        fold_accumulator(layout.kind, at + layout.offset, into);
      }
    }
  });
}

NodeValue Evaluation::cell(const Formula& f, const Context& context, uint32_t group) const {
  if (!contexts_->any_covered(f.streams, context.interval)) return NodeValue::undefined(Reason::kNoData);
  const PipelineProgram& pipeline = contexts_->state().program().pipelines[static_cast<size_t>(f.pipeline)];
  bool exact = exact_kind(pipeline.accumulators[static_cast<size_t>(f.accumulator)].kind);
  Fold fold;
  fold_cells(f, f.accumulator, context.interval, group, &fold);
  if (f.finish == Finish::kMean) fold_cells(f, f.count, context.interval, group, &fold);
  note_tie(f, fold, nullptr);
  return convert(finish_fold(f.finish, exact, f.leaf_scale, f.percentage, &fold),
                 finished_form(f.finish, exact, f.leaf_scale), form(f));
}

NodeValue Evaluation::entity_cell(const Formula& f, const Context& context, uint32_t group,
                                  const EntityView& entity) const {
  if (!contexts_->any_covered(f.streams, context.interval)) return NodeValue::undefined(Reason::kNoData);
  const PipelineProgram& pipeline = contexts_->state().program().pipelines[static_cast<size_t>(f.pipeline)];
  const MachineProgram& machine = pipeline.machines[static_cast<size_t>(f.machine)];
  bool exact = exact_kind(machine.accumulators[static_cast<size_t>(f.accumulator)].kind);
  Fold fold;
  if (f.row_dimensions > 0) {
    const SlotOrder::Range ranks = contexts_->slot_order(f.key_space).ranks(context.interval);
    fold.moment = row_of_group(f, ranks, group, entity);
    note_tie(f, fold, &entity);
    return convert(finish_fold(f.finish, exact, f.leaf_scale, f.percentage, &fold),
                   finished_form(f.finish, exact, f.leaf_scale), form(f));
  }
  each_entry(f, context, group, entity, [&](const MachinePartition& partition, const uint8_t* entry) {
    partition.fold(entry, static_cast<size_t>(f.accumulator), &fold);
    if (f.finish == Finish::kMean) partition.fold(entry, static_cast<size_t>(f.count), &fold);
  });
  note_tie(f, fold, &entity);
  return convert(finish_fold(f.finish, exact, f.leaf_scale, f.percentage, &fold),
                 finished_form(f.finish, exact, f.leaf_scale), form(f));
}

/// The first or last row of the entity in whichever group, if it is in this one. The dimensions after those that the
/// row decides are the group's.
al_moment Evaluation::row_of_group(const Formula& f, SlotOrder::Range ranks, uint32_t group,
                                   const EntityView& entity) const {
  const GroupTable& groups = *contexts_->state().key_space(f.key_space).groups;
  std::vector<uint32_t> members;
  contexts_->each_member(&groups, group, [&](uint32_t member) { members.push_back(member); });
  const auto own = [&](uint32_t of) { return groups.values(of).subspan(static_cast<size_t>(f.row_dimensions)); };
  al_moment best{};
  uint32_t best_group = kNoId;
  bool groups_tie = false;
  entity.each_group(f.pipeline, f.machine, ranks,
                    [&](const MachinePartition& partition, const uint8_t* entry, uint32_t at) {
                      if (!std::ranges::equal(own(at), own(members.front()))) return;
                      Fold fold;
                      partition.fold(entry, static_cast<size_t>(f.accumulator), &fold);
                      if (fold.moment.flags == 0) return;
                      const std::pair moment(fold.moment.time, fold.moment.order), kept(best.time, best.order);
                      if (best.flags == 0 || (f.finish == Finish::kLast ? moment > kept : moment < kept)) {
                        best = fold.moment;
                        best_group = at;
                        groups_tie = false;
                      } else if (moment == kept) {
                        groups_tie = true;
                      }
                    });
  if (groups_tie) best.flags |= AL_FLAG_TIE;
  const bool inside = std::find(members.begin(), members.end(), best_group) != members.end();
  return inside || groups_tie ? best : al_moment{};
}

/// Rows of one instant that differ: no value of them is the first or last.
void Evaluation::note_tie(const Formula& leaf, const Fold& fold, const EntityView* entity) const {
  if ((fold.moment.flags & AL_FLAG_TIE) == 0) return;
  const State& state = contexts_->state();
  Tie tie{state.program().streams[static_cast<size_t>(leaf.streams.front())].name, fold.moment.time, "", ""};
  if (entity != nullptr) {
    const PipelineProgram& pipeline = state.program().pipelines[static_cast<size_t>(leaf.pipeline)];
    const int domain = pipeline.machines[static_cast<size_t>(leaf.machine)].domain;
    tie.entity = state.program().domains[static_cast<size_t>(domain)].name;
    tie.key = state.key_text(domain, entity->partition, entity->code);
  }
  ties_->add(std::move(tie));
}

NodeValue Evaluation::finish_collapse(const Formula& f, const Context& context, Fold* fold) const {
  if (fold->count == 0 && !contexts_->any_covered(f.streams, context.interval))
    return NodeValue::undefined(Reason::kNoData);
  if (fold->failed != Reason::kNone) return NodeValue::undefined(fold->failed);
  const Formula& inner = contexts_->formula(f.a);
  return convert(finish_fold(f.finish, inner.exact, inner.scale, f.percentage, fold),
                 finished_form(f.finish, inner.exact, inner.scale), form(f));
}

NodeValue Evaluation::collapse_time(int node, const Context& context, uint32_t group, const EntityView* entity,
                                    Memo* memo) const {
  const Formula& f = contexts_->formula(node);
  const bool exact = contexts_->formula(f.a).exact;
  Fold fold;
  for (const Context& bucket : contexts_->buckets(node, context)) {
    fold_value(f.finish, value_of(f.a, bucket, group, entity, memo), exact, &fold);
  }
  return finish_collapse(f, context, &fold);
}

NodeValue Evaluation::collapse_dimension(int node, const Context& context, uint32_t group, const EntityView* entity,
                                         Memo* memo) const {
  const Formula& f = contexts_->formula(node);
  const GroupTable* inner = contexts_->table(f.a);
  const bool exact = contexts_->formula(f.a).exact;
  Fold fold;
  for (uint32_t child : contexts_->parents(inner).children_of[group]) {
    if (!present(f.a, context, child, entity)) continue;
    fold_value(f.finish, value_of(f.a, context, child, entity, memo), exact, &fold);
  }
  return finish_collapse(f, context, &fold);
}

/// Whether any leaf below has a row, each in its own interval, in the group or one inside it.
bool Evaluation::present(int node, const Context& context, uint32_t group, const EntityView* entity) const {
  const GroupTable* table = contexts_->table(node);
  bool found = false;
  contexts_->walk(node, context, [&](int below, const Context& inner) {
    const Formula& leaf = contexts_->formula(below);
    if (found || leaf.a >= 0) return;
    std::vector<uint32_t> groups = {group};
    std::vector<const GroupTable*> path;
    for (const GroupTable* at = contexts_->table(below); at != table; at = contexts_->parents(at).parents)
      path.push_back(at);
    for (; !path.empty(); path.pop_back()) {
      std::vector<uint32_t> inside;
      for (uint32_t parent : groups) {
        const std::vector<uint32_t>& children = contexts_->parents(path.back()).children_of[parent];
        inside.insert(inside.end(), children.begin(), children.end());
      }
      groups = std::move(inside);
    }
    found = std::any_of(groups.begin(), groups.end(), [&](uint32_t g) { return leaf_present(leaf, inner, g, entity); });
  });
  return found;
}

bool Evaluation::leaf_present(const Formula& f, const Context& context, uint32_t group,
                              const EntityView* entity) const {
  if (f.kind == FormulaKind::kCell) {
    ALIDADE_CHECK(f.rows >= 0);
    Fold rows;
    fold_cells(f, f.rows, context.interval, group, &rows);
    return rows.count > 0;
  }
  if (f.kind == FormulaKind::kUnique || entity == nullptr) return queries_->unique(f, context.interval, group) > 0;
  bool found = false;
  each_entry(f, context, group, *entity,
             [&](const MachinePartition&, const uint8_t* entry) { found |= MachinePartition::has(entry, f.rows); });
  return found;
}

}  // namespace alidade
