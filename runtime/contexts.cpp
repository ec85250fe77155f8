// Intervals, slots in time order and nested groups for the finish. Door: contexts.h.
#include "runtime/contexts.h"

#include <algorithm>
#include <set>

namespace alidade {

SlotOrder::Range SlotOrder::ranks(Interval interval) const {
  auto first = std::upper_bound(intervals.begin(), intervals.end(), interval.start,
                                [](Instant start, const Interval& slot) { return start < slot.end; });
  auto last = std::lower_bound(first, intervals.end(), interval.end,
                               [](const Interval& slot, Instant end) { return slot.start < end; });
  return {static_cast<uint32_t>(first - intervals.begin()), static_cast<uint32_t>(last - intervals.begin())};
}

Contexts::Contexts(State* state, std::vector<std::optional<Instant>> watermarks)
    : state_(state), watermarks_(std::move(watermarks)) {
  const Program& program = state->program();
  pipeline_of_stream_.assign(program.streams.size(), -1);
  for (size_t p = 0; p < program.pipelines.size(); ++p) {
    if (program.pipelines[p].source.derived()) continue;
    pipeline_of_stream_[static_cast<size_t>(program.pipelines[p].stream)] = static_cast<int>(p);
  }
  find_streams();
  find_tables();
  order_slots();
}

void Contexts::find_streams() {
  constexpr uint64_t kLarge = 256;
  std::vector<uint64_t> sizes;  // with every part written out, as far as it matters
  for (const Formula& f : state_->program().formulas) {
    uint64_t size = 1;
    for (int child : {f.a, f.b, f.c}) {
      if (child >= 0) size = std::min<uint64_t>(size + sizes[static_cast<size_t>(child)], UINT32_MAX);
    }
    sizes.push_back(size);
    repeats_.push_back(size > kLarge);
    std::set<int> streams;
    if (f.a < 0) streams.insert(f.streams.begin(), f.streams.end());
    for (int child : {f.a, f.b, f.c}) {
      if (child >= 0) streams.insert(this->streams(child).begin(), this->streams(child).end());
    }
    streams_.emplace_back(streams.begin(), streams.end());
  }
}

// Bottom up: a leaf has the table of its key space, a collapse over a dimension the table with the last one left out.
void Contexts::find_tables() {
  const Program& program = state_->program();
  tables_.assign(program.formulas.size(), nullptr);
  for (size_t node = 0; node < program.formulas.size(); ++node) {
    const Formula& f = program.formulas[node];
    if (f.key_space >= 0 && f.a < 0) tables_[node] = state_->key_space(f.key_space).groups;
    for (int child : {f.a, f.b, f.c}) {
      if (child >= 0 && tables_[node] == nullptr) tables_[node] = table(child);
    }
    if (f.kind != FormulaKind::kCollapseDimension) continue;
    const GroupTable* inner = tables_[node];
    ALIDADE_CHECK(inner != nullptr && !inner->dimensions().empty());
    std::vector<Dimension> outer(inner->dimensions().begin(), inner->dimensions().end() - 1);
    GroupTable* parents = state_->groups_of(outer);
    GroupParents& nesting = parents_[inner];
    if (nesting.parents == nullptr) {
      nesting.parents = parents;
      for (uint32_t group = 0; group < inner->size(); ++group) {
        uint32_t parent = parents->find_or_add(inner->values(group).first(outer.size()));
        nesting.parent_of.push_back(parent);
        if (parent >= nesting.children_of.size()) nesting.children_of.resize(parent + size_t{1});
        nesting.children_of[parent].push_back(group);
      }
    }
    tables_[node] = parents;
  }
  for (auto& [table, nesting] : parents_) nesting.children_of.resize(nesting.parents->size());
}

uint32_t Contexts::unite(const GroupTable* table, std::vector<uint32_t> members, int owner) {
  GroupUnions& made = unions_[table];
  made.holding.resize(table->size());
  const uint32_t id = static_cast<uint32_t>(table->size() + made.unions.size());
  for (uint32_t member : members) made.holding[member].push_back(id);
  made.unions.push_back({owner, members});
  for (auto& [inner, nesting] : parents_) {
    if (nesting.parents != table) continue;
    std::map<std::pair<bool, int64_t>, std::vector<uint32_t>> by_value;
    for (uint32_t member : members) {
      for (uint32_t child : nesting.children_of[member]) {
        const KeyValue& value = inner->values(child).back();
        by_value[{value.missing, value.value}].push_back(child);
      }
    }
    std::vector<uint32_t> children;
    for (auto& [value, same] : by_value) children.push_back(unite(inner, std::move(same), owner));
    nesting.children_of.push_back(std::move(children));
  }
  return id;
}

size_t Contexts::group_count(const GroupTable* table) const {
  auto found = unions_.find(table);
  return table->size() + (found == unions_.end() ? 0 : found->second.unions.size());
}

bool Contexts::has_unions(const GroupTable* table, const std::set<int>& owners) const {
  auto found = unions_.find(table);
  return found != unions_.end() &&
         std::any_of(found->second.unions.begin(), found->second.unions.end(),
                     [&](const GroupUnions::Union& one) { return owners.contains(one.owner); });
}

void Contexts::order_slots() {
  const Program& program = state_->program();
  for (size_t k = 0; k < program.key_spaces.size(); ++k) {
    const SlotTable* slots = state_->key_space(static_cast<int>(k)).slots;
    SlotOrder& order = orders_[slots];
    if (!order.slots.empty() || slots->size() == 0) continue;
    for (uint32_t slot = 0; slot < slots->size(); ++slot) order.slots.push_back(slot);
    std::sort(order.slots.begin(), order.slots.end(),
              [&](uint32_t a, uint32_t b) { return slots->interval(a).start < slots->interval(b).start; });
    order.rank_of_slot.resize(slots->size());
    for (uint32_t rank = 0; rank < order.slots.size(); ++rank) {
      order.rank_of_slot[order.slots[rank]] = rank;
      order.intervals.push_back(slots->interval(order.slots[rank]));
    }
  }
}

const SlotOrder& Contexts::slot_order(int key_space) const { return orders_.at(state_->key_space(key_space).slots); }

uint32_t Contexts::ancestor(const GroupTable* from, uint32_t group, const GroupTable* table) const {
  while (from != table) {
    const GroupParents& nesting = parents(from);
    group = nesting.parent_of[group];
    from = nesting.parents;
  }
  return group;
}

const StreamState* Contexts::stream(int stream) const {
  int pipeline = pipeline_of_stream_[static_cast<size_t>(stream)];
  return pipeline < 0 ? nullptr : &state_->streams[static_cast<size_t>(pipeline)];
}

bool Contexts::covered(int stream, Interval interval) const {
  const StreamState* rows = this->stream(stream);
  return rows != nullptr && rows->covered && interval.start <= rows->last && interval.end > rows->first;
}

bool Contexts::any_covered(const std::vector<int>& streams, Interval interval) const {
  return std::any_of(streams.begin(), streams.end(), [&](int stream) { return covered(stream, interval); });
}

std::optional<Instant> Contexts::watermark(int stream) const {
  int pipeline = pipeline_of_stream_[static_cast<size_t>(stream)];
  return pipeline < 0 ? std::nullopt : watermarks_[static_cast<size_t>(pipeline)];
}

std::optional<Interval> Contexts::extent(const std::vector<int>& streams) const {
  std::optional<Interval> of_streams, of_tables;
  for (int index : streams) {
    const StreamState* rows = stream(index);
    if (rows == nullptr || !rows->covered || (is_table(index) && !rows->beginnings)) continue;
    const Interval own = is_table(index) ? *rows->beginnings : Interval{rows->first, rows->last};
    std::optional<Interval>& extent = is_table(index) ? of_tables : of_streams;
    if (!extent) extent = Interval{own.start, own.end + 1};
    extent->start = std::min(extent->start, own.start);
    extent->end = std::max(extent->end, own.end + 1);
  }
  return of_streams ? of_streams : of_tables;
}

Context Contexts::at_leaf(const Formula& leaf, const Context& context) const {
  Context out = context;
  if (!leaf.streams.empty() && is_table(leaf.streams.front())) out.interval.start = context.interval.end - 1;
  return out;
}

Context Contexts::over(const Window& window, const Context& context) const {
  Context out = context;
  const Instant end = context.interval.end;
  switch (window.kind) {
    case WindowKind::kLast:
      out.interval = {state_->calendar().back(end, window.period), end};
      break;
    case WindowKind::kToDate:
      out.interval = {state_->calendar().bucket(window.unit, end - 1).start, end};
      break;
    case WindowKind::kAllTime:
      out.interval = {kMinInstant, end};
      break;
  }
  return out;
}

MovedContext Contexts::at(int node, const Context& context) const {
  const Formula& f = formula(node);
  const std::optional<Interval> moved = state_->calendar().offset(context.grain, context.bucket, f.offset);
  if (!moved) return {Reason::kNoBucket, {}};
  MovedContext out{Reason::kNone, {context.grain, *moved, *moved}};
  if (f.offset.kind == OffsetKind::kHere) out.context.interval = context.interval;
  if (!f.elapsed) return out;
  Instant until = context.interval.end;
  for (int stream : streams(node)) until = std::min(until, watermark(stream).value_or(until));
  if (until >= context.bucket.end) return out;
  const std::optional<Instant> end = state_->calendar().elapsed_end(context.bucket, until, *moved);
  if (!end || *end <= out.context.interval.start) return {Reason::kNoData, {}};
  out.context.interval.end = *end;
  return out;
}

const std::vector<Context>& Contexts::buckets(int node, const Context& context) const {
  const std::pair<int, Context> key(node, context);
  {
    std::shared_lock lock(buckets_mutex_);
    auto found = buckets_.find(key);
    if (found != buckets_.end()) return found->second;
  }
  std::vector<Context> made = find_buckets(formula(node), context);
  std::unique_lock lock(buckets_mutex_);
  return buckets_.try_emplace(key, std::move(made)).first->second;
}

std::vector<Context> Contexts::find_buckets(const Formula& node, const Context& context) const {
  std::vector<Context> out;
  const Interval& interval = context.interval;
  Instant first = kMaxInstant, last = kMinInstant;
  Instant begin = kMaxInstant;  // of all time: the first row, of a table the first that begins to be valid
  for (int index : node.streams) {
    const StreamState* rows = stream(index);
    if (rows == nullptr || !rows->covered) continue;
    first = std::min(first, rows->first);
    last = std::max(last, rows->last);
    if (!is_table(index)) begin = std::min(begin, rows->first);
    if (rows->beginnings) begin = std::min(begin, rows->beginnings->start);
  }
  const Instant from = interval.start == kMinInstant ? begin : std::max(interval.start, first);
  const Instant to = last < interval.end ? last + 1 : interval.end;
  for (Instant at = from; at < to;) {
    Interval bucket = state_->calendar().bucket(node.grain, at);
    Interval cut{std::max(bucket.start, interval.start), std::min(bucket.end, interval.end)};
    if (any_covered(node.streams, cut)) out.push_back({node.grain, bucket, cut});
    at = bucket.end;
  }
  return out;
}

}  // namespace alidade
