// Buckets, groups and rows of the report. Door: finish.h.
#include "runtime/finish.h"

#include <algorithm>
#include <array>
#include <map>
#include <numeric>
#include <set>

#include "runtime/evaluation.h"

namespace alidade {
namespace {

bool meet(Interval a, Interval b) { return a.start < b.end && b.start < a.end; }

/// Builds the rows of one output after the other.
class Report {
 public:
  Report(State* state, const ReportRange& range, std::vector<std::optional<Instant>> watermarks, Workers* workers)
      : state_(state),
        range_(range),
        workers_(workers),
        contexts_(state, std::move(watermarks)),
        queries_(&contexts_) {}

  Status write(ResultSet* result);
  /// Adds what an output asks of tables' rows to the instants of their pipelines.
  void add_instants(const Output& output, std::map<int, std::set<Instant>>* instants) const;
  /// The same of the ranking of its groups.
  void add_instants_of_rank(const Output& output, std::map<int, std::set<Instant>>* instants) const;

 private:
  void add_instants(int formula, const Context& context, std::map<int, std::set<Instant>>* instants) const;
  struct Plan {
    std::vector<Context> contexts;  ///< a bucket each
    std::vector<uint32_t> groups;   ///< in the order of their rows; the last may be the union of all others
    const GroupTable* table = nullptr;
  };
  std::optional<Interval> range_of(const Output& output) const;
  std::vector<Context> contexts_of(const Output& output) const;
  void choose_top(std::vector<Plan>* plans, TieLog* ties);
  std::vector<NodeValue> rank_values(const Output& output, const Plan& plan, const Evaluation& evaluation) const;
  std::vector<uint32_t> groups_of(const Output& output, const std::vector<Context>& contexts, const GroupTable* table);
  Interval looked_at(const Output& output, const std::vector<Context>& contexts) const;
  void mark_present(const Presence& presence, const std::map<int, std::set<Instant>>& instants, Interval looked_at,
                    std::vector<uint8_t>* present);
  void mark_in_cells(const Presence& presence, const std::set<Instant>* instants, Interval looked_at,
                     std::vector<uint8_t>* present) const;
  void write_rows(const std::vector<Plan>& plans, const Evaluation& evaluation, std::vector<ResultRow>* rows);
  void write_bucket(size_t number, const Plan& plan, size_t bucket, const Evaluation& evaluation, ResultRow* row) const;
  bool partial(const Output& output, const Context& context) const;
  bool node_partial(const Output& output, int node, const Context& context, const Context& reported) const;
  std::vector<DimensionValue> shown(const GroupTable& table, uint32_t group) const;
  CellValue cell_value(const Output& output, NodeValue value) const;

  State* state_;
  const ReportRange& range_;
  Workers* workers_;
  Contexts contexts_;
  EntityQueries queries_;
  /// Per machine and the times looked at: mask words or-ed by group.
  std::map<std::tuple<int, int, Instant, Instant>, std::vector<uint64_t>> masks_;
};

// As asked, else from the day of the first row to that of the last.
std::optional<Interval> Report::range_of(const Output& output) const {
  std::optional<Interval> extent = contexts_.extent(output.streams);
  if (!extent && !(range_.from && range_.to)) return std::nullopt;
  const Calendar& calendar = state_->calendar();
  Interval range;
  range.start = range_.from ? *range_.from : calendar.bucket(Grain::kDay, extent->start).start;
  range.end = range_.to ? *range_.to : calendar.bucket(Grain::kDay, extent->end - 1).end;
  if (range.start >= range.end) return std::nullopt;
  return range;
}

// Every bucket of the grain that intersects the range; aggregates look at what the range leaves of it.
std::vector<Context> Report::contexts_of(const Output& output) const {
  std::vector<Context> out;
  const std::optional<Interval> found = range_of(output);
  if (!found) return out;
  const Interval& range = *found;
  const Calendar& calendar = state_->calendar();
  if (output.grain == Grain::kWhole) return {Context{Grain::kWhole, range, range}};
  for (Instant at = range.start; at < range.end;) {
    Interval bucket = calendar.bucket(output.grain, at);
    Interval cut{std::max(bucket.start, range.start), std::min(bucket.end, range.end)};
    out.push_back({output.grain, bucket, cut});
    at = bucket.end;
  }
  return out;
}

void Report::add_instants(int formula, const Context& context, std::map<int, std::set<Instant>>* instants) const {
  contexts_.walk(formula, context, [&](int node, const Context& inner) {
    const Formula& f = contexts_.formula(node);
    if (f.a < 0 && !f.streams.empty() && contexts_.is_table(f.streams.front()))
      (*instants)[f.pipeline].insert(inner.interval.start);
  });
}

void Report::add_instants(const Output& output, std::map<int, std::set<Instant>>* instants) const {
  for (const Context& context : contexts_of(output)) add_instants(output.formula, context, instants);
}

void Report::add_instants_of_rank(const Output& output, std::map<int, std::set<Instant>>* instants) const {
  const std::optional<Interval> range = range_of(output);
  if (output.info.top > 0 && range) add_instants(output.rank, {Grain::kWhole, *range, *range}, instants);
}

// From the first to the last instant that the aggregates of an output look at. Without a range that is every row.
Interval Report::looked_at(const Output& output, const std::vector<Context>& contexts) const {
  Interval all{kMinInstant, kMaxInstant};
  if (!range_.from && !range_.to) return all;
  std::swap(all.start, all.end);
  const auto add = [&](Interval interval) {
    all = {std::min(all.start, interval.start), std::max(all.end, interval.end)};
  };
  for (const Context& context : contexts) {
    add(context.interval);
    contexts_.walk(output.formula, context, [&](int node, const Context& inner) {
      const Formula& f = contexts_.formula(node);
      if (f.a < 0 && !contexts_.is_table(f.streams.front())) add(inner.interval);
    });
  }
  return all;
}

void Report::mark_in_cells(const Presence& presence, const std::set<Instant>* instants, Interval looked_at,
                           std::vector<uint8_t>* present) const {
  const size_t p = static_cast<size_t>(presence.pipeline);
  const PipelineProgram& pipeline = state_->program().pipelines[p];
  const AccumulatorLayout& layout = pipeline.accumulators[static_cast<size_t>(presence.index)];
  const size_t use = static_cast<size_t>(layout.key_space_use);
  const KeySpaceCells& key_space = state_->key_space(pipeline.key_spaces[use].key_space);
  const CellMap& map = *key_space.cells;
  for (uint32_t cell = 0; cell < map.cell_count(); ++cell) {
    const Interval slot = key_space.slots->interval(map.slot_of(cell));
    if (instants != nullptr ? !instants->contains(slot.end - 1) : !meet(slot, looked_at)) continue;
    const uint8_t* at = state_->cells[p].arrays[use].at(cell);
    if (at != nullptr && *reinterpret_cast<const int64_t*>(at + layout.offset) > 0) (*present)[map.group_of(cell)] = 1;
  }
}

// A table's row takes part at the instants that the output asks for, a stream's from the first to the last that it
// looks at.
void Report::mark_present(const Presence& presence, const std::map<int, std::set<Instant>>& instants,
                          Interval looked_at, std::vector<uint8_t>* present) {
  const size_t p = static_cast<size_t>(presence.pipeline);
  const PipelineProgram& pipeline = state_->program().pipelines[p];
  const auto asked = instants.find(presence.pipeline);
  if (presence.machine < 0)
    return mark_in_cells(presence, asked == instants.end() ? nullptr : &asked->second, looked_at, present);
  if (contexts_.is_table(pipeline.stream)) looked_at = {kMinInstant, kMaxInstant};
  const size_t m = static_cast<size_t>(presence.machine);
  const MachineProgram& machine = pipeline.machines[m];
  const size_t words = static_cast<size_t>(machine.mask_words);
  auto [found, added] = masks_.try_emplace({presence.pipeline, presence.machine, looked_at.start, looked_at.end});
  std::vector<uint64_t>& masks = found->second;
  if (added) {
    const KeySpaceCells& key_space =
        state_->key_space(pipeline.key_spaces[static_cast<size_t>(machine.key_space_use)].key_space);
    const CellMap& map = *key_space.cells;
    masks.resize(present->size() * words);
    std::vector<std::vector<uint64_t>> of_workers(static_cast<size_t>(workers_->count()), masks);
    workers_->parallel_for(kPartitions, [&](int worker, size_t partition) {
      std::vector<uint64_t>& mine = of_workers[static_cast<size_t>(worker)];
      state_->machines[p][m].partitions[partition].for_each([&](const uint8_t* entry) {
        const uint32_t cell = MachinePartition::cell(entry);
        if (!meet(key_space.slots->interval(map.slot_of(cell)), looked_at)) return;
        size_t group = map.group_of(cell);
        for (size_t w = 0; w < words; ++w) mine[group * words + w] |= MachinePartition::mask(entry)[w];
      });
    });
    for (const std::vector<uint64_t>& mine : of_workers) {
      for (size_t i = 0; i < masks.size(); ++i) masks[i] |= mine[i];
    }
  }
  const size_t word = static_cast<size_t>(presence.index) / 64;
  for (size_t group = 0; group < present->size(); ++group) {
    (*present)[group] |= static_cast<uint8_t>(masks[group * words + word] >> (presence.index % 64) & 1);
  }
}

std::vector<uint32_t> Report::groups_of(const Output& output, const std::vector<Context>& contexts,
                                        const GroupTable* table) {
  if (table->dimensions().empty()) return {0};
  std::vector<uint8_t> present(table->size());
  std::map<int, std::set<Instant>> instants;
  const auto is_table = [&](int stream) { return contexts_.is_table(stream); };
  if (std::any_of(output.streams.begin(), output.streams.end(), is_table)) add_instants(output, &instants);
  const Interval times = looked_at(output, contexts);
  for (const Presence& presence : output.presence) mark_present(presence, instants, times, &present);
  std::vector<std::pair<std::vector<DimensionValue>, uint32_t>> groups;
  for (uint32_t group = 0; group < present.size(); ++group) {
    if (present[group] != 0) groups.emplace_back(shown(*table, group), group);
  }
  // Missing values last: a variant's empty alternative would come first.
  auto less = [](const DimensionValue& a, const DimensionValue& b) {
    bool a_missing = a.index() == 0, b_missing = b.index() == 0;
    return a_missing || b_missing ? !a_missing && b_missing : a < b;
  };
  std::sort(groups.begin(), groups.end(), [&](const auto& a, const auto& b) {
    return std::lexicographical_compare(a.first.begin(), a.first.end(), b.first.begin(), b.first.end(), less);
  });
  std::vector<uint32_t> out;
  for (const auto& [values, group] : groups) out.push_back(group);
  return out;
}

std::vector<DimensionValue> Report::shown(const GroupTable& table, uint32_t group) const {
  std::vector<DimensionValue> out;
  for (size_t d = 0; d < table.dimensions().size(); ++d) {
    const KeyValue& value = table.values(group)[d];
    const Dimension& dimension = table.dimensions()[d];
    if (value.missing) {
      out.emplace_back();
    } else if (dimension.kind == FieldKind::kText) {
      out.emplace_back(std::string(state_->pool.text(static_cast<uint32_t>(value.value))));
    } else if (dimension.kind == FieldKind::kOneOf) {
      out.emplace_back(dimension.values[static_cast<size_t>(value.value)]);
    } else if (dimension.kind == FieldKind::kBoolean) {
      out.emplace_back(value.value != 0);
    } else {
      out.emplace_back(value.value);
    }
  }
  return out;
}

// A window may start before the data, anything else that looks at rows may end past the watermark. What ends where the
// data's last day cuts the bucket that is reported is over when that bucket is.
bool Report::node_partial(const Output& output, int node, const Context& context, const Context& reported) const {
  const Formula& f = contexts_.formula(node);
  if (f.kind == FormulaKind::kCollapseEntity || f.kind == FormulaKind::kCollapseDimension) return false;
  const std::vector<int>& streams = contexts_.streams(node);
  if (f.kind != FormulaKind::kOver) {
    const bool is_cut = context.interval.end == reported.interval.end;
    const Instant end = is_cut ? reported.bucket.end : context.interval.end;
    return std::any_of(streams.begin(), streams.end(), [&](int stream) {
      std::optional<Instant> watermark = contexts_.watermark(stream);
      return watermark && end > *watermark;
    });
  }
  if (f.window.kind == WindowKind::kAllTime) return false;
  const Instant start = contexts_.over(f.window, context).interval.start;
  const Grain grain = common_grain(output.grain, Grain::kDay);
  return std::any_of(streams.begin(), streams.end(), [&](int stream) {
    const StreamState* rows = contexts_.stream(stream);
    return rows != nullptr && rows->covered && start < state_->calendar().bucket(grain, rows->first).start;
  });
}

bool Report::partial(const Output& output, const Context& context) const {
  bool cut = output.grain != Grain::kWhole &&
             ((range_.from && context.bucket.start < *range_.from) || (range_.to && context.bucket.end > *range_.to));
  if (cut) return true;
  bool partial = false;
  contexts_.walk(output.formula, context, [&](int node, const Context& inner) {
    partial = partial || node_partial(output, node, inner, context);
  });
  return partial;
}

CellValue Report::cell_value(const Output& output, NodeValue value) const {
  const Form from = Evaluation::form(contexts_.formula(output.formula));
  if (!from.boolean) value = convert(value, from, {.exact = output.info.exact, .scale = output.info.scale});
  if (!value.defined()) return {value.reason, false};
  if (from.boolean) return {Reason::kNone, value.truth};
  if (output.info.exact) return {Reason::kNone, value.exact};
  return {Reason::kNone, value.number};
}

std::vector<NodeValue> Report::rank_values(const Output& output, const Plan& plan, const Evaluation& evaluation) const {
  const Interval range = *range_of(output);
  const Context whole{Grain::kWhole, range, range};
  std::vector<NodeValue> values(plan.groups.size());
  workers_->parallel_for(values.size(), [&](int, size_t g) {
    SpillArena arena;
    SpillScope scope(&arena);
    values[g] = evaluation.evaluate(output.rank, whole, plan.groups[g], nullptr);
  });
  return values;
}

// The groups with the largest values over the whole range stay, in the order they had; those without a value rank last.
// All others become one group, whose value is computed from their rows.
void Report::choose_top(std::vector<Plan>* plans, TieLog* ties) {
  const std::vector<Output>& outputs = state_->program().outputs;
  std::vector<size_t> cut;
  EntityQueries queries(&contexts_);
  for (size_t o = 0; o < outputs.size(); ++o) {
    const size_t top = static_cast<size_t>(outputs[o].info.top);
    if (top == 0 || (*plans)[o].groups.size() <= top || (*plans)[o].contexts.empty()) continue;
    const Interval range = *range_of(outputs[o]);
    queries.ask(outputs[o].rank, {Grain::kWhole, range, range}, static_cast<int>(o));
    cut.push_back(o);
  }
  const Evaluation evaluation(&contexts_, &queries, ties);
  queries.answer(workers_, [&](int node, const Context& context, uint32_t group, const EntityView& entity) {
    return evaluation.evaluate(node, context, group, &entity);
  });
  std::vector<std::vector<uint32_t>> others;
  for (size_t o : cut) {
    Plan& plan = (*plans)[o];
    const std::vector<NodeValue> values = rank_values(outputs[o], plan, evaluation);
    const Form form = Evaluation::form(contexts_.formula(outputs[o].rank));
    std::vector<size_t> order(values.size());
    std::iota(order.begin(), order.end(), size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
      const NodeValue &x = values[a], &y = values[b];
      if (!x.defined() || !y.defined()) return x.defined() && !y.defined();
      return form.boolean ? x.truth > y.truth : form.exact ? x.exact > y.exact : x.number > y.number;
    });
    const size_t top = static_cast<size_t>(outputs[o].info.top);
    std::sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(top));
    std::vector<uint32_t> kept;
    std::vector<uint32_t>& rest = others.emplace_back();
    for (size_t place = 0; place < order.size(); ++place)
      (place < top ? kept : rest).push_back(plan.groups[order[place]]);
    plan.groups = std::move(kept);
  }
  for (size_t i = 0; i < cut.size(); ++i) {
    Plan& plan = (*plans)[cut[i]];
    plan.groups.push_back(contexts_.unite(plan.table, std::move(others[i]), static_cast<int>(cut[i])));
  }
}

// Bucket after bucket, each for all outputs: what they read of a bucket lies side by side in memory.
void Report::write_rows(const std::vector<Plan>& plans, const Evaluation& evaluation, std::vector<ResultRow>* rows) {
  struct Piece {
    size_t output, context, first_row;
  };
  constexpr size_t kPiecesAtOnce = 32;
  std::vector<size_t> first_rows;
  size_t row_count = 0, buckets = 0;
  for (const Plan& plan : plans) {
    first_rows.push_back(row_count);
    row_count += plan.contexts.size() * plan.groups.size();
    buckets = std::max(buckets, plan.contexts.size());
  }
  std::vector<Piece> pieces;
  for (size_t c = 0; c < buckets; ++c) {
    for (size_t o = 0; o < plans.size(); ++o) {
      if (c < plans[o].contexts.size()) pieces.push_back({o, c, first_rows[o] + c * plans[o].groups.size()});
    }
  }
  rows->resize(row_count);
  workers_->parallel_for((pieces.size() + kPiecesAtOnce - 1) / kPiecesAtOnce, [&](int, size_t part) {
    SpillArena arena;
    SpillScope scope(&arena);
    const size_t end = std::min((part + 1) * kPiecesAtOnce, pieces.size());
    for (size_t at = part * kPiecesAtOnce; at < end; ++at) {
      const Piece& piece = pieces[at];
      write_bucket(piece.output, plans[piece.output], piece.context, evaluation, rows->data() + piece.first_row);
    }
  });
}

// A row for each group.
void Report::write_bucket(size_t number, const Plan& plan, size_t bucket, const Evaluation& evaluation,
                          ResultRow* row) const {
  const Output& output = state_->program().outputs[number];
  const Context& context = plan.contexts[bucket];
  const bool is_partial = partial(output, context);
  for (const uint32_t group : plan.groups) {
    row->metric = static_cast<int>(number);
    row->bucket = context.bucket;
    row->other = group >= plan.table->size();
    row->dimensions =
        row->other ? std::vector<DimensionValue>(plan.table->dimensions().size()) : shown(*plan.table, group);
    row->value = cell_value(output, evaluation.evaluate(output.formula, context, group, nullptr));
    row->partial = is_partial;
    ++row;
  }
}

Status Report::write(ResultSet* result) {
  const std::vector<Output>& outputs = state_->program().outputs;
  std::vector<Plan> plans;
  for (const Output& output : outputs) {
    Plan& plan = plans.emplace_back();
    plan.contexts = contexts_of(output);
    plan.table = output.key_space < 0 ? state_->groups_of({}) : state_->key_space(output.key_space).groups;
    plan.groups = groups_of(output, plan.contexts, plan.table);
  }
  TieLog ties;
  choose_top(&plans, &ties);
  for (size_t o = 0; o < plans.size(); ++o) {
    for (const Context& context : plans[o].contexts) queries_.ask(outputs[o].formula, context, static_cast<int>(o));
  }
  Evaluation evaluation(&contexts_, &queries_, &ties);
  queries_.answer(workers_, [&](int node, const Context& context, uint32_t group, const EntityView& entity) {
    return evaluation.evaluate(node, context, group, &entity);
  });
  write_rows(plans, evaluation, &result->rows);
  for (const Output& output : outputs) result->metrics.push_back(output.info);
  for (const ResultRow& row : result->rows) result->overflowed |= row.value.reason == Reason::kOverflow;
  return ties.status();
}

}  // namespace

std::vector<std::vector<Instant>> instants_asked(State* state, const ReportRange& range,
                                                 std::vector<std::optional<Instant>> watermarks, Workers* workers) {
  const Report report(state, range, std::move(watermarks), workers);
  std::map<int, std::set<Instant>> instants;
  for (const Output& output : state->program().outputs) {
    report.add_instants(output, &instants);
    report.add_instants_of_rank(output, &instants);
  }
  std::vector<std::vector<Instant>> result(state->program().pipelines.size());
  for (const auto& [pipeline, asked] : instants) {
    result[static_cast<size_t>(pipeline)].assign(asked.begin(), asked.end());
  }
  return result;
}

Status finish(State* state, const ReportRange& range, std::vector<std::optional<Instant>> watermarks, Workers* workers,
              ResultSet* result) {
  return Report(state, range, std::move(watermarks), workers).write(result);
}

}  // namespace alidade
