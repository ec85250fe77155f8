// Formulas in a context. Door: value_evaluator.h.
#include "compiler/reference/value_evaluator.h"

#include <algorithm>
#include <unordered_set>

#include "compiler/reference/first_rows.h"
#include "compiler/reference/fold.h"

namespace alidade::reference {
namespace {

CellValue undefined(Reason reason) { return {reason, false}; }
CellValue boolean(bool truth) { return {Reason::kNone, truth}; }

CellValue cell_of(const Outcome& outcome) {
  if (outcome.reason != Reason::kNone) return undefined(outcome.reason);
  if (outcome.number.exact) return {Reason::kNone, outcome.number.value};
  return {Reason::kNone, outcome.number.number};
}

Number number_of(const CellValue& cell, const Type& type) {
  if (const int128* exact = std::get_if<int128>(&cell.value)) return exact_number(*exact, type.scale);
  const double* number = std::get_if<double>(&cell.value);
  ALIDADE_CHECK(number != nullptr);
  return float_number(*number);
}

bool truth_of(const CellValue& cell) {
  const bool* truth = std::get_if<bool>(&cell.value);
  ALIDADE_CHECK(truth != nullptr);
  return *truth;
}

RowId key_in(const std::vector<RowId>& rows, int stream) {
  return static_cast<size_t>(stream) < rows.size() ? rows[static_cast<size_t>(stream)] : RowId();
}

bool has_all(const std::vector<const std::vector<RowValue>*>& keys, uint32_t row) {
  return std::none_of(keys.begin(), keys.end(), [row](const auto* values) { return is_missing((*values)[row]); });
}

}  // namespace

// ------------------------------------------------------------------------------------------------ formulas

bool ValueEvaluator::repeats(ValueId id) {
  constexpr uint64_t kLarge = 256;
  if (repeats_.empty()) {
    std::vector<uint64_t> sizes;  // parts stand before what is made of them
    for (const Value& value : model_.values) {
      uint64_t size = 1;
      for (ValueId part : {value.a, value.b, value.c}) {
        if (part.valid()) size = std::min<uint64_t>(size + sizes[static_cast<size_t>(part.index)], UINT32_MAX);
      }
      sizes.push_back(size);
      repeats_.push_back(size > kLarge);
    }
  }
  return repeats_[static_cast<size_t>(id.index)];
}

bool ValueEvaluator::asked_before(ValueId id, const Context& context, const std::vector<const PerKey*>& entities) {
  if (!repeats(id)) return false;
  Context asked = context;
  for (const PerKey* entity : entities) asked.bounds.push_back({&entity->rows, {}, &entity->name});
  std::vector<Context>& before = asked_[id];
  if (std::find(before.begin(), before.end(), asked) != before.end()) return true;
  before.push_back(std::move(asked));
  return false;
}

CellValue ValueEvaluator::evaluate(ValueId id, const Context& context) {
  if (!repeats(id)) return compute(id, context);
  for (const auto& [where, value] : known_[id]) {
    if (where == context) return value;
  }
  ++depth_;
  const CellValue value = compute(id, context);
  known_[id].emplace_back(context, value);
  if (--depth_ == 0) known_.clear();
  return value;
}

CellValue ValueEvaluator::compute(ValueId id, const Context& context) {
  const Value& value = model_.value(id);
  switch (value.kind) {
    case ValueKindTag::kConst:
      if (representation(value.type) == Representation::kBoolean) return boolean(value.truth);
      return cell_of(
          {Reason::kNone, value.type.exact ? exact_number(value.exact, value.type.scale) : float_number(value.number)});
    case ValueKindTag::kAggregate:
      return evaluate_aggregate(value, context);
    case ValueKindTag::kRate: {
      const RowValue rate = rate_at(data_, model_.rates[static_cast<size_t>(value.rate)], context.look.end - 1);
      return is_missing(rate) ? undefined(Reason::kNoRate) : CellValue{Reason::kNone, std::get<int128>(rate)};
    }
    case ValueKindTag::kNegate:
    case ValueKindTag::kNot:
    case ValueKindTag::kRound:
      return evaluate_unary(value, context);
    case ValueKindTag::kAdd:
    case ValueKindTag::kSubtract:
    case ValueKindTag::kMultiply:
    case ValueKindTag::kDivide:
    case ValueKindTag::kEqual:
    case ValueKindTag::kNotEqual:
    case ValueKindTag::kLess:
    case ValueKindTag::kLessEqual:
    case ValueKindTag::kGreater:
    case ValueKindTag::kGreaterEqual:
    case ValueKindTag::kAnd:
    case ValueKindTag::kOr:
    case ValueKindTag::kGreatest:
    case ValueKindTag::kLeast:
      return evaluate_binary(value, context);
    case ValueKindTag::kIf:
      return evaluate_if(value, context);
    case ValueKindTag::kCoalesce:
      return evaluate_coalesce(value, context);
    case ValueKindTag::kOver:
      return evaluate(value.a, over(value.window, context));
    case ValueKindTag::kAt: {
      const Elsewhere moved = at(value, context);
      return moved.exists() ? evaluate(value.a, moved.context) : undefined(moved.reason);
    }
    case ValueKindTag::kCollapse:
      return evaluate_collapse(value, context);
  }
  return {};
}

CellValue ValueEvaluator::evaluate_unary(const Value& value, const Context& context) {
  const CellValue a = evaluate(value.a, context);
  if (!a.defined()) return a;
  if (value.kind == ValueKindTag::kNot) return boolean(!truth_of(a));
  const Number number = number_of(a, model_.value(value.a).type);
  return cell_of(value.kind == ValueKindTag::kRound ? round_to(number, value.digits) : negate(number));
}

CellValue ValueEvaluator::evaluate_binary(const Value& value, const Context& context) {
  const CellValue a = evaluate(value.a, context), b = evaluate(value.b, context);
  const Reason reason = worst(a.reason, b.reason);
  if (reason != Reason::kNone) return undefined(reason);
  if (value.kind == ValueKindTag::kAnd) return boolean(truth_of(a) && truth_of(b));
  if (value.kind == ValueKindTag::kOr) return boolean(truth_of(a) || truth_of(b));
  if (std::holds_alternative<bool>(a.value)) {  // bools know only == and !=
    return boolean((truth_of(a) == truth_of(b)) == (value.kind == ValueKindTag::kEqual));
  }
  const Number x = number_of(a, model_.value(value.a).type), y = number_of(b, model_.value(value.b).type);
  switch (value.kind) {
    case ValueKindTag::kAdd:
      return cell_of(add(x, y, value.type));
    case ValueKindTag::kSubtract:
      return cell_of(subtract(x, y, value.type));
    case ValueKindTag::kMultiply:
      return cell_of(multiply(x, y, value.type));
    case ValueKindTag::kDivide:
      return cell_of(divide(x, y));
    case ValueKindTag::kEqual:
      return boolean(compare(x, y) == 0);
    case ValueKindTag::kNotEqual:
      return boolean(compare(x, y) != 0);
    case ValueKindTag::kLess:
      return boolean(compare(x, y) < 0);
    case ValueKindTag::kLessEqual:
      return boolean(compare(x, y) <= 0);
    case ValueKindTag::kGreater:
      return boolean(compare(x, y) > 0);
    case ValueKindTag::kGreaterEqual:
      return boolean(compare(x, y) >= 0);
    case ValueKindTag::kGreatest:
      return cell_of(convert(compare(x, y) > 0 ? x : y, value.type));
    case ValueKindTag::kLeast:
      return cell_of(convert(compare(x, y) < 0 ? x : y, value.type));
    case ValueKindTag::kConst:
    case ValueKindTag::kAggregate:
    case ValueKindTag::kRate:
    case ValueKindTag::kNegate:
    case ValueKindTag::kAnd:
    case ValueKindTag::kOr:
    case ValueKindTag::kNot:
    case ValueKindTag::kIf:
    case ValueKindTag::kOver:
    case ValueKindTag::kAt:
    case ValueKindTag::kCollapse:
    case ValueKindTag::kRound:
    case ValueKindTag::kCoalesce:
      break;
  }
  return {};
}

/// Only the branch taken counts.
CellValue ValueEvaluator::evaluate_if(const Value& value, const Context& context) {
  const CellValue condition = evaluate(value.a, context);
  if (!condition.defined()) return condition;
  const ValueId branch = truth_of(condition) ? value.b : value.c;
  return as_type(evaluate(branch, context), branch, value.type);
}

/// What takes the place of an undefined value; an overflow is a failure of the computation, which nothing replaces.
CellValue ValueEvaluator::evaluate_coalesce(const Value& value, const Context& context) {
  const CellValue first = evaluate(value.a, context);
  if (first.defined()) return as_type(first, value.a, value.type);
  if (first.reason == Reason::kOverflow) return first;
  const CellValue second = evaluate(value.b, context);
  return second.defined() ? as_type(second, value.b, value.type) : undefined(worst(first.reason, second.reason));
}

/// A value of `id` as the type of a node that takes it over.
CellValue ValueEvaluator::as_type(const CellValue& cell, ValueId id, const Type& type) const {
  if (!cell.defined() || std::holds_alternative<bool>(cell.value)) return cell;
  return cell_of(convert(number_of(cell, model_.value(id).type), type));
}

// ------------------------------------------------------------------------------------------------ aggregates

/// What an aggregate looks at: a table's rows at the interval's last instant.
Interval ValueEvaluator::looked_at(int stream, const Context& context) const {
  return {is_table(stream) ? context.look.end - 1 : context.look.start, context.look.end};
}

/// Rows of the aggregate's stream in the context's interval that pass its condition and have the bound keys.
RowNumbers ValueEvaluator::accepted_rows(const Value& aggregate, const Context& context, size_t first_bound,
                                         bool any_group) {
  const int stream = aggregate.stream;
  const std::vector<TypedRow>& rows = columns_.rows(stream);
  std::vector<std::pair<const std::vector<RowValue>*, const RowValue*>> keys;
  const RowNumbers* candidates = &columns_.all(stream);
  for (size_t i = first_bound; i < context.bounds.size(); ++i) {
    const Bound& bound = context.bounds[i];
    const RowId key = key_in(*bound.key_by_stream, stream);
    if (!key.valid()) continue;
    keys.emplace_back(&columns_.values(stream, key), &bound.value);
    const RowNumbers& with_key = columns_.with_key(stream, key, bound.value);
    if (with_key.size() < candidates->size()) candidates = &with_key;
  }
  const std::vector<bool>& accepted = columns_.accepted(stream, aggregate.condition);
  const Interval look = looked_at(stream, context);
  const auto starts_before = [&rows](uint32_t row, Instant time) { return rows[row].time < time; };
  RowNumbers result;
  for (auto row = std::lower_bound(candidates->begin(), candidates->end(), look.start, starts_before);
       row != candidates->end() && rows[*row].time < look.end; ++row) {
    const bool has_keys =
        std::all_of(keys.begin(), keys.end(), [row](const auto& key) { return (*key.first)[*row] == *key.second; });
    if (accepted[*row] && has_keys && (any_group || is_among(context.among, stream, *row))) result.push_back(*row);
  }
  return result;
}

std::vector<RowValue> ValueEvaluator::group_of(const BoundSet& among, int stream, uint32_t row) {
  std::vector<RowValue> group;
  for (const ResolvedDimension& dimension : *among.dimensions) {
    group.push_back(columns_.values(stream, key_in(dimension.rows, stream))[row]);
  }
  return group;
}

bool ValueEvaluator::is_among(const BoundSet& among, int stream, uint32_t row) {
  return among.groups == nullptr || among.groups->contains(group_of(among, stream, row));
}

CellValue ValueEvaluator::evaluate_aggregate(const Value& value, const Context& context) {
  if (!stream(value.stream).covers(looked_at(value.stream, context))) return undefined(Reason::kNoData);
  if (value.a.valid()) {
    const CellValue unrated = evaluate(value.a, context);
    if (!unrated.defined()) return unrated;
    if (std::get<int128>(unrated.value) != 0) return undefined(Reason::kNoRate);
  }
  if (value.aggregate == Aggregate::kFirst || value.aggregate == Aggregate::kLast) return first_or_last(value, context);
  const RowNumbers rows = accepted_rows(value, context);
  if (value.aggregate == Aggregate::kCount) {
    return {Reason::kNone, static_cast<int128>(rows.size())};
  }
  if (value.aggregate == Aggregate::kUnique) return unique(value, rows);
  const std::vector<RowValue>& inputs = columns_.values(value.stream, value.input);
  const int scale = model_.row(value.input).type.scale;
  std::vector<Number> numbers;
  for (uint32_t row : rows) {
    if (const int128* exact = std::get_if<int128>(&inputs[row])) numbers.push_back(exact_number(*exact, scale));
    if (const double* number = std::get_if<double>(&inputs[row])) numbers.push_back(float_number(*number));
  }
  return cell_of(fold(value.aggregate, value.percentage, numbers, value.type, value.plain_sums));
}

/// Of the rows that have an input; several of one moment must agree in it. Of an entity it is that entity's one first
/// or last row, which belongs to one value of each dimension around: rows of one moment must agree in those too.
CellValue ValueEvaluator::first_or_last(const Value& value, const Context& context) {
  size_t outside = context.bounds.size();  // bounds around the entity's
  while (outside > 0 && context.bounds[outside - 1].entity == nullptr) --outside;
  if (outside > 0) --outside;
  const std::vector<RowValue>& inputs = columns_.values(value.stream, value.input);
  const bool per_entity = std::any_of(context.bounds.begin(), context.bounds.end(),
                                      [](const Bound& bound) { return bound.entity != nullptr; });
  const bool one_of_several = per_entity && context.among.groups != nullptr;
  RowNumbers there = accepted_rows(value, context, outside, per_entity);
  std::erase_if(there, [&](uint32_t row) { return is_missing(inputs[row]); });
  if (there.empty()) return undefined(Reason::kNoRows);
  const RowNumbers best = first_of(model_, data_, value.stream, there, value.aggregate == Aggregate::kLast);
  const uint32_t row = best.front();
  bool belongs = !one_of_several || is_among(context.among, value.stream, row);
  for (uint32_t other : best) {
    bool agrees = inputs[other] == inputs[row];
    if (one_of_several) {
      agrees = agrees && group_of(context.among, value.stream, other) == group_of(context.among, value.stream, row);
    }
    for (size_t i = 0; i < outside; ++i) {
      const RowId key = key_in(*context.bounds[i].key_by_stream, value.stream);
      if (!key.valid()) continue;
      const std::vector<RowValue>& keys = columns_.values(value.stream, key);
      agrees = agrees && keys[other] == keys[row];
      belongs = belongs && keys[row] == context.bounds[i].value;
    }
    if (!agrees) note_tie(value.stream, row, context);
  }
  if (!belongs) return undefined(Reason::kNoRows);
  if (const int128* exact = std::get_if<int128>(&inputs[row])) return {Reason::kNone, *exact};
  return {Reason::kNone, std::get<double>(inputs[row]) + 0.0};
}

void ValueEvaluator::note_tie(int stream, uint32_t row, const Context& context) {
  Tie tie{model_.streams[static_cast<size_t>(stream)].name, columns_.rows(stream)[row].time, "", ""};
  for (const Bound& bound : context.bounds) {
    if (bound.entity == nullptr) continue;
    tie.entity = *bound.entity;
    tie.key = entity_text(bound.value);
  }
  ties_->add(std::move(tie));
}

CellValue ValueEvaluator::unique(const Value& value, const RowNumbers& rows) {
  const std::vector<RowValue>& keys = columns_.values(value.stream, value.input);
  std::unordered_set<RowValue> distinct;
  for (uint32_t row : rows) {
    if (!is_missing(keys[row])) distinct.insert(keys[row]);
  }
  return {Reason::kNone, static_cast<int128>(distinct.size())};
}

// ------------------------------------------------------------------------------------------------ contexts

/// Sets the interval only: it ends where the current one does.
Context ValueEvaluator::over(const Window& window, const Context& context) const {
  Context result = context;
  const Instant end = context.look.end;
  switch (window.kind) {
    case WindowKind::kLast:
      result.look.start = calendar_.back(end, window.period);
      break;
    case WindowKind::kToDate:
      result.look.start = calendar_.bucket(window.unit, end - 1).start;
      break;
    case WindowKind::kAllTime:
      result.look.start = kMinInstant;
      break;
  }
  return result;
}

/// Moves the whole bucket; the range does not cut the moved one. With `same elapsed` a bucket that is cut, or reaches
/// past the watermark, takes of the other its first days, as many as it has whole ones itself.
Elsewhere ValueEvaluator::at(const Value& value, const Context& context) {
  const auto moved = calendar_.offset(context.grain, context.bucket, value.offset);
  if (!moved) return {Reason::kNoBucket, context};
  Context result = context;
  result.bucket = *moved;
  if (value.offset.kind != OffsetKind::kHere) result.look = *moved;
  if (!value.elapsed) return {Reason::kNone, result};
  const Instant until = std::min(context.look.end, watermark_of(value.a).value_or(context.look.end));
  if (until >= context.bucket.end) return {Reason::kNone, result};
  const auto end = calendar_.first_days_end(context.bucket, until, *moved);
  if (!end || *end <= result.look.start) return {Reason::kNoData, context};
  result.look.end = *end;
  return {Reason::kNone, result};
}

const std::set<int>& ValueEvaluator::streams_of(ValueId id) {
  const auto [place, is_new] = streams_of_.try_emplace(id);
  if (is_new) {
    visit_values(model_, id, [&](ValueId, const Value& value) {
      if (value.kind == ValueKindTag::kAggregate) place->second.insert(value.stream);
    });
  }
  return place->second;
}

bool ValueEvaluator::covered_by_any(ValueId id, Interval interval) {
  const std::set<int>& streams = streams_of(id);
  return std::any_of(streams.begin(), streams.end(), [&](int s) { return stream(s).covers(interval); });
}

// ------------------------------------------------------------------------------------------------ collapses

/// One context for each bucket of the collapse's grain in the interval, cut to it. An interval without a start begins
/// with the first row of any stream inside.
std::vector<Context> ValueEvaluator::time_contexts(const Value& collapse, const Context& context) {
  Interval look = context.look;
  if (look.start == kMinInstant) {
    look.start = look.end;
    for (int s : streams_of(collapse.a)) {
      if (stream(s).beginnings) look.start = std::min(look.start, stream(s).beginnings->start);
      if (stream(s).report.covered && !is_table(s)) look.start = std::min(look.start, stream(s).report.first);
    }
  }
  std::vector<Context> result;
  for (const Interval& bucket : calendar_.buckets(collapse.key.grain, look)) {
    Context inner = context;
    inner.grain = collapse.key.grain;
    inner.bucket = bucket;
    inner.look = {std::max(bucket.start, look.start), std::min(bucket.end, look.end)};
    result.push_back(std::move(inner));
  }
  return result;
}

/// One context for each key with a row in any aggregate inside. A row without the entity is left out; a missing
/// dimension is a key like any other.
std::vector<Context> ValueEvaluator::key_contexts(const Value& collapse, const Context& context) {
  std::set<RowValue> keys;
  asked_.clear();
  collect_keys(collapse.a, context, collapse.key, {}, &keys);
  std::vector<Context> result;
  for (const RowValue& key : keys) {
    if (collapse.key.kind == PerKind::kEntity && is_missing(key)) continue;
    Context inner = context;
    inner.bounds.push_back(
        {&collapse.key.rows, key, collapse.key.kind == PerKind::kEntity ? &collapse.key.name : nullptr});
    result.push_back(std::move(inner));
  }
  return result;
}

/// What a row must have to take part beside passing the condition: the key of a distinct count, and the keys of the
/// entities that collapses around the aggregate are by.
std::vector<const std::vector<RowValue>*> ValueEvaluator::needed_keys(const Value& aggregate,
                                                                      const std::vector<const PerKey*>& entities) {
  std::vector<const std::vector<RowValue>*> needed;
  if (aggregate.aggregate == Aggregate::kUnique) needed.push_back(&columns_.values(aggregate.stream, aggregate.input));
  for (const PerKey* entity : entities) {
    const RowId key = key_in(entity->rows, aggregate.stream);
    if (key.valid()) needed.push_back(&columns_.values(aggregate.stream, key));
  }
  return needed;
}

/// `entities`: keys of the collapses passed on the way down.
void ValueEvaluator::collect_keys(ValueId id, const Context& context, const PerKey& key,
                                  std::vector<const PerKey*> entities, std::set<RowValue>* keys) {
  if (!id.valid() || asked_before(id, context, entities)) return;
  const Value& value = model_.value(id);
  if (value.kind == ValueKindTag::kAggregate) {
    const RowId own = key_in(key.rows, value.stream);
    if (!own.valid()) return;
    const auto needed = needed_keys(value, entities);
    for (uint32_t row : accepted_rows(value, context)) {
      if (has_all(needed, row)) keys->insert(columns_.values(value.stream, own)[row]);
    }
    return;
  }
  if (value.kind == ValueKindTag::kOver) {
    return collect_keys(value.a, over(value.window, context), key, std::move(entities), keys);
  }
  if (value.kind == ValueKindTag::kAt) {
    const Elsewhere moved = at(value, context);
    if (moved.exists()) collect_keys(value.a, moved.context, key, std::move(entities), keys);
    return;
  }
  if (value.kind == ValueKindTag::kCollapse && value.key.kind == PerKind::kTime) {
    for (const Context& inner : time_contexts(value, context)) {
      if (covered_by_any(value.a, inner.look)) collect_keys(value.a, inner, key, entities, keys);
    }
    return;
  }
  if (value.kind == ValueKindTag::kCollapse && value.key.kind == PerKind::kEntity) entities.push_back(&value.key);
  for (ValueId part : {value.a, value.b, value.c}) collect_keys(part, context, key, entities, keys);
}

/// Inner values that there is nothing for are skipped; one that is there and could not be computed is missed.
CellValue ValueEvaluator::evaluate_collapse(const Value& value, const Context& context) {
  const bool by_time = value.key.kind == PerKind::kTime;
  Reason missed = Reason::kNone;
  std::vector<Number> numbers;
  for (const Context& inner : by_time ? time_contexts(value, context) : key_contexts(value, context)) {
    if (by_time && !covered_by_any(value.a, inner.look)) continue;
    const CellValue cell = evaluate(value.a, inner);
    if (cell.reason == Reason::kNoRate || cell.reason == Reason::kOverflow) missed = worst(missed, cell.reason);
    if (!cell.defined()) continue;
    const bool is_bool = std::holds_alternative<bool>(cell.value);  // counted, never added up
    numbers.push_back(is_bool ? exact_number(truth_of(cell) ? 1 : 0, 0) : number_of(cell, model_.value(value.a).type));
  }
  if (numbers.empty() && !covered_by_any(value.a, context.look)) return undefined(Reason::kNoData);
  if (missed != Reason::kNone) return undefined(missed);
  return cell_of(fold(value.aggregate, value.percentage, numbers, value.type));
}

// ------------------------------------------------------------------------------------------------ what is said about a
// cell

/// A window that reaches back before the bucket (a day, or finer) that holds a stream's first row.
bool ValueEvaluator::starts_too_early(const Context& windowed, ValueId id, Grain output_grain) {
  const Grain grain = output_grain < Grain::kDay ? output_grain : Grain::kDay;
  for (int s : streams_of(id)) {
    const StreamReport& report = stream(s).report;
    if (!report.covered || report.first == kMinInstant) continue;
    if (windowed.look.start < calendar_.bucket(grain, report.first).start) return true;
  }
  return false;
}

std::optional<Instant> ValueEvaluator::watermark_of(ValueId id) {
  std::optional<Instant> earliest;
  for (int s : streams_of(id)) {
    const std::optional<Instant>& one = stream(s).watermark;
    if (one) earliest = std::min(*one, earliest.value_or(*one));
  }
  return earliest;
}

bool ValueEvaluator::ends_past_watermark(ValueId id, const Context& context) {
  const std::optional<Instant> watermark = watermark_of(id);
  // The last day of the data may cut the bucket that is shown. It is over no sooner for that.
  const bool ends_with_shown = context.look.end == shown_.look.end;
  return watermark && (ends_with_shown ? shown_.bucket.end : context.look.end) > *watermark;
}

bool ValueEvaluator::is_partial(ValueId id, const Context& context, Grain output_grain) {
  asked_.clear();
  shown_ = context;
  return is_unfinished(id, context, output_grain);
}

bool ValueEvaluator::is_unfinished(ValueId id, const Context& context, Grain output_grain) {
  if (!id.valid() || asked_before(id, context)) return false;
  const Value& value = model_.value(id);
  if (value.kind == ValueKindTag::kAggregate) return ends_past_watermark(id, context);
  if (value.kind == ValueKindTag::kOver) {
    const Context windowed = over(value.window, context);
    if (value.window.kind != WindowKind::kAllTime && starts_too_early(windowed, value.a, output_grain)) return true;
    return is_unfinished(value.a, windowed, output_grain);
  }
  if (value.kind == ValueKindTag::kAt) {
    if (value.elapsed && ends_past_watermark(value.a, context)) return true;
    const Elsewhere moved = at(value, context);
    return moved.exists() && is_unfinished(value.a, moved.context, output_grain);
  }
  if (value.kind == ValueKindTag::kCollapse && value.key.kind == PerKind::kTime) {
    // Buckets to come are missing from the whole; of those that are there each speaks for itself.
    if (ends_past_watermark(value.a, context)) return true;
    for (const Context& inner : time_contexts(value, context)) {
      if (covered_by_any(value.a, inner.look) && is_unfinished(value.a, inner, output_grain)) return true;
    }
    return false;
  }
  return is_unfinished(value.a, context, output_grain) || is_unfinished(value.b, context, output_grain) ||
         is_unfinished(value.c, context, output_grain);
}

Interval ValueEvaluator::looked_at(ValueId id, const std::vector<Context>& contexts) {
  Interval times{kMaxInstant, kMinInstant};
  const auto include = [&](Interval look) {
    times = {std::min(times.start, look.start), std::max(times.end, look.end)};
  };
  asked_.clear();
  for (const Context& context : contexts) {
    include(context.look);
    visit_aggregates(id, context, [&](const Value& value, const Context& inner) {
      if (!is_table(value.stream)) include(inner.look);
    });
  }
  return times;
}

std::set<std::vector<RowValue>> ValueEvaluator::groups(ValueId id, const std::vector<ResolvedDimension>& dimensions,
                                                       Interval times, const Instants& instants) {
  std::set<std::vector<RowValue>> result;
  if (dimensions.empty()) {
    result.emplace();
  } else {
    asked_.clear();
    collect_groups(id, dimensions, times, instants, {}, &result);
  }
  return result;
}

void ValueEvaluator::collect_instants(ValueId id, const Context& context, Instants* instants) {
  asked_.clear();
  visit_aggregates(id, context, [&](const Value& value, const Context& inner) {
    if (is_table(value.stream)) (*instants)[value.stream].insert(inner.look.end - 1);
  });
}

void ValueEvaluator::visit_aggregates(ValueId id, const Context& context, const VisitAggregate& visit) {
  if (!id.valid() || asked_before(id, context)) return;
  const Value& value = model_.value(id);
  if (value.kind == ValueKindTag::kAggregate) {
    visit(value, context);
  } else if (value.kind == ValueKindTag::kOver) {
    visit_aggregates(value.a, over(value.window, context), visit);
  } else if (value.kind == ValueKindTag::kAt) {
    const Elsewhere moved = at(value, context);
    if (moved.exists()) visit_aggregates(value.a, moved.context, visit);
  } else if (value.kind == ValueKindTag::kCollapse && value.key.kind == PerKind::kTime) {
    for (const Context& inner : time_contexts(value, context)) {
      if (covered_by_any(value.a, inner.look)) visit_aggregates(value.a, inner, visit);
    }
  } else {
    for (ValueId part : {value.a, value.b, value.c}) visit_aggregates(part, context, visit);
  }
}

void ValueEvaluator::collect_groups(ValueId id, const std::vector<ResolvedDimension>& dimensions, Interval times,
                                    const Instants& instants, std::vector<const PerKey*> entities,
                                    std::set<std::vector<RowValue>>* groups) {
  if (!id.valid() || asked_before(id, {}, entities)) return;
  const Value& value = model_.value(id);
  if (value.kind == ValueKindTag::kCollapse && value.key.kind == PerKind::kEntity) entities.push_back(&value.key);
  for (ValueId part : {value.a, value.b, value.c}) collect_groups(part, dimensions, times, instants, entities, groups);
  if (value.kind != ValueKindTag::kAggregate) return;
  const std::vector<bool>& accepted = columns_.accepted(value.stream, value.condition);
  const auto needed = needed_keys(value, entities);
  for (uint32_t row : columns_.all(value.stream)) {
    if (!accepted[row] || !has_all(needed, row)) continue;
    const Instant time = columns_.rows(value.stream)[row].time;
    const bool in_time =
        is_table(value.stream) ? instants.at(value.stream).contains(time) : times.start <= time && time < times.end;
    if (!in_time) continue;
    std::vector<RowValue> group;
    for (const ResolvedDimension& dimension : dimensions) {
      group.push_back(columns_.values(value.stream, key_in(dimension.rows, value.stream))[row]);
    }
    groups->insert(std::move(group));
  }
}

/// A row that is there for both the stream's pass and an event's counts twice, as for rows without an entity.
std::map<int, int64_t> ValueEvaluator::rows_without_rate(const std::vector<ValueId>& values) {
  std::map<std::pair<int, RowId>, std::set<uint32_t>> lacking;  // by stream and event
  for (ValueId id : values) {
    visit_values(model_, id, [&](ValueId, const Value& value) {
      if (value.kind != ValueKindTag::kAggregate || !value.a.valid() || is_table(value.stream)) return;
      const Value& unrated = model_.value(value.a);
      const std::vector<bool>& accepted = columns_.accepted(unrated.stream, unrated.condition);
      for (uint32_t row = 0; row < accepted.size(); ++row) {
        const bool counts =
            !unrated.input.valid() || columns_.values(unrated.stream, unrated.input)[row] == RowValue(int128{1});
        if (accepted[row] && counts) lacking[{unrated.stream, event_in(model_, unrated.condition)}].insert(row);
      }
    });
  }
  std::map<int, int64_t> result;
  for (const auto& [place, rows] : lacking) result[place.first] += static_cast<int64_t>(rows.size());
  return result;
}

/// Of what an aggregate or an event is chosen by. A row that both the stream's pass and that over an event's rows leave
/// out is left out twice.
std::map<std::pair<int, int>, int64_t> ValueEvaluator::rows_without_entity(const std::vector<ValueId>& values) {
  std::map<std::tuple<int, int, RowId>, std::set<uint32_t>> left_out;  // by stream, field and event
  const auto look_at = [&](int stream, RowId condition, RowId key) {
    if (!key.valid() || model_.row(key).kind != RowKind::kField) return;
    const int field = model_.row(key).field;
    const std::vector<int>& entities = model_.streams[static_cast<size_t>(stream)].entities;
    if (std::find(entities.begin(), entities.end(), field) == entities.end()) return;
    const std::vector<bool>& accepted = columns_.accepted(stream, condition);
    const std::vector<RowValue>& keys = columns_.values(stream, key);
    for (uint32_t row = 0; row < keys.size(); ++row) {
      if (accepted[row] && is_missing(keys[row])) left_out[{stream, field, event_in(model_, condition)}].insert(row);
    }
  };
  for (ValueId id : values) {
    visit_values(model_, id, [&](ValueId, const Value& value) {
      if (value.kind == ValueKindTag::kAggregate) {
        if (value.aggregate == Aggregate::kUnique) look_at(value.stream, value.condition, value.input);
        for (RowId event = event_in(model_, value.condition); event.valid();) {
          const Row& chosen = model_.row(event);
          look_at(value.stream, chosen.a, chosen.b);
          event = event_in(model_, chosen.a);
        }
      }
      if (value.kind != ValueKindTag::kCollapse || value.key.kind != PerKind::kEntity) return;
      visit_values(model_, value.a, [&](ValueId, const Value& inner) {
        if (inner.kind != ValueKindTag::kAggregate) return;
        look_at(inner.stream, inner.condition, key_in(value.key.rows, inner.stream));
      });
    });
  }
  std::map<std::pair<int, int>, int64_t> result;
  for (const auto& [place, rows] : left_out) {
    result[{std::get<0>(place), std::get<1>(place)}] += static_cast<int64_t>(rows.size());
  }
  return result;
}

}  // namespace alidade::reference
