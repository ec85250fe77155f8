// Additivity, populations, times and reasons of values. Door: meaning.h.
#include "compiler/sema/meaning.h"

#include <algorithm>
#include <set>

namespace alidade {
namespace {

constexpr uint8_t bit(Reason reason) { return static_cast<uint8_t>(1U << static_cast<int>(reason)); }

bool is_constant(const Model& model, ValueId id) { return model.value(id).kind == ValueKindTag::kConst; }

bool is_zero(const Value& value) { return value.type.exact ? value.exact == 0 : value.number == 0; }

/// Why folding can fail beside what it folds. A double can pass its largest number, an exact sum its 128 bits.
uint8_t reasons_of_fold(Aggregate aggregate, bool exact) {
  const uint8_t doubles = exact ? 0 : bit(Reason::kOverflow);
  switch (aggregate) {
    case Aggregate::kCount:
    case Aggregate::kUnique:
      return 0;
    case Aggregate::kSum:
      return bit(Reason::kOverflow);
    case Aggregate::kMin:
    case Aggregate::kMax:
    case Aggregate::kFirst:
    case Aggregate::kLast:
      return bit(Reason::kNoRows);
    case Aggregate::kMean:
    case Aggregate::kPercentile:
      return bit(Reason::kNoRows) | doubles;
    case Aggregate::kVariance:
    case Aggregate::kStddev:
      return bit(Reason::kNoRows) | bit(Reason::kNoDenominator) | doubles;
  }
  return 0;
}

}  // namespace

const ValueMeaning& Meanings::of(ValueId id) {
  // Parts stand before what is made of them.
  while (known_.size() <= static_cast<size_t>(id.index)) known_.push_back(found(model_.values[known_.size()]));
  return part(id);
}

ValueMeaning Meanings::found(const Value& value) const {
  switch (value.kind) {
    case ValueKindTag::kConst:
      return {};
    case ValueKindTag::kRate:
      return {.additivity = Additivity::kRatio, .reasons = bit(Reason::kNoRate)};
    case ValueKindTag::kAggregate:
      return of_aggregate(value);
    case ValueKindTag::kCollapse:
      return of_collapse(value);
    case ValueKindTag::kNegate:
      return part(value.a);
    case ValueKindTag::kAdd:
    case ValueKindTag::kSubtract: {
      ValueMeaning result = joined(value, Additivity::kConstant);
      result.reasons |= bit(Reason::kOverflow);
      return result;
    }
    case ValueKindTag::kMultiply:
    case ValueKindTag::kDivide:
      return of_product(value);
    case ValueKindTag::kRound:
    case ValueKindTag::kGreatest:
    case ValueKindTag::kLeast:
      return joined(value, Additivity::kFormula);
    case ValueKindTag::kEqual:
    case ValueKindTag::kNotEqual:
    case ValueKindTag::kLess:
    case ValueKindTag::kLessEqual:
    case ValueKindTag::kGreater:
    case ValueKindTag::kGreaterEqual:
    case ValueKindTag::kAnd:
    case ValueKindTag::kOr:
    case ValueKindTag::kNot:
      return {.additivity = Additivity::kFormula, .reasons = joined(value, Additivity::kFormula).reasons};
    case ValueKindTag::kIf:
    case ValueKindTag::kCoalesce:
      return of_choice(value);
    case ValueKindTag::kOver: {
      ValueMeaning result = part(value.a);
      if (result.additivity < Additivity::kIdempotent) result.additivity = Additivity::kSemiAdditive;
      return result;
    }
    case ValueKindTag::kAt: {
      ValueMeaning result = part(value.a);
      result.reasons |= bit(Reason::kNoData);
      if (value.offset.kind != OffsetKind::kHere) result.reasons |= bit(Reason::kNoBucket);
      return result;
    }
  }
  return {};
}

/// What all parts are, at least `least` where any is computed from rows.
ValueMeaning Meanings::joined(const Value& value, Additivity least) const {
  ValueMeaning result;
  for (ValueId id : {value.a, value.b, value.c}) {
    if (!id.valid()) continue;
    const ValueMeaning& one = part(id);
    if (one.additivity > result.additivity) result.distinct = one.distinct;
    result.additivity = std::max(result.additivity, one.additivity);
    result.balance = result.balance || one.balance;
    result.reasons |= one.reasons;
  }
  if (result.additivity != Additivity::kConstant) result.additivity = std::max(result.additivity, least);
  return result;
}

ValueMeaning Meanings::of_aggregate(const Value& value) const {
  ValueMeaning result;
  const bool table = model_.streams[static_cast<size_t>(value.stream)].table >= 0;
  const bool exact = !value.input.valid() || model_.row(value.input).type.exact;
  result.reasons = bit(Reason::kNoData) | reasons_of_fold(value.aggregate, exact);
  if (value.a.valid()) result.reasons |= bit(Reason::kNoRate);
  switch (value.aggregate) {
    case Aggregate::kCount:
    case Aggregate::kSum:
      result.additivity = table ? Additivity::kSemiAdditive : Additivity::kAdditive;
      result.balance = table;
      break;
    case Aggregate::kMin:
    case Aggregate::kMax:
      result.additivity = Additivity::kIdempotent;
      result.balance = table;
      break;
    case Aggregate::kFirst:
    case Aggregate::kLast:
      result.additivity = Additivity::kIdempotent;
      result.balance = true;
      break;
    case Aggregate::kUnique:
      result.additivity = Additivity::kDistinct;
      result.distinct = value.input;
      break;
    case Aggregate::kMean:
      result.additivity = Additivity::kRatio;
      break;
    case Aggregate::kPercentile:
    case Aggregate::kVariance:
    case Aggregate::kStddev:
      result.additivity = Additivity::kHolistic;
      break;
  }
  return result;
}

/// Of the values of finer periods, entities or groups, which are left out where they are undefined.
ValueMeaning Meanings::of_collapse(const Value& value) const {
  const ValueMeaning& inner = part(value.a);
  const bool by_time = value.key.kind == PerKind::kTime;
  ValueMeaning result;
  result.reasons = bit(Reason::kNoData) | reasons_of_fold(value.aggregate, model_.value(value.a).type.exact);
  switch (value.aggregate) {
    case Aggregate::kCount:
      result.additivity = value.key.kind == PerKind::kEntity ? Additivity::kDistinct : Additivity::kFormula;
      break;
    case Aggregate::kSum:
      result.additivity = inner.additivity == Additivity::kAdditive ? Additivity::kAdditive : Additivity::kFormula;
      if (by_time) break;
      result.balance = inner.balance;
      if (inner.balance || inner.additivity == Additivity::kSemiAdditive) result.additivity = Additivity::kSemiAdditive;
      if (inner.additivity == Additivity::kDistinct) result.additivity = Additivity::kDistinct;
      break;
    case Aggregate::kFirst:
    case Aggregate::kLast:
      result.additivity = std::max(inner.additivity, Additivity::kFormula);
      result.balance = inner.balance;
      result.distinct = inner.distinct;
      break;
    case Aggregate::kMin:
    case Aggregate::kMax:
    case Aggregate::kUnique:
      result.additivity = Additivity::kIdempotent;
      break;
    case Aggregate::kMean:
      result.additivity = Additivity::kRatio;
      break;
    case Aggregate::kPercentile:
    case Aggregate::kVariance:
    case Aggregate::kStddev:
      result.additivity = Additivity::kHolistic;
      break;
  }
  return result;
}

/// A rate times an amount is an amount again, and what a constant or a currency's rate multiplies, or a constant
/// divides, stays what it is.
ValueMeaning Meanings::of_product(const Value& value) const {
  const bool divides = value.kind == ValueKindTag::kDivide;
  ValueMeaning result = joined(value, Additivity::kFormula);
  const ValueMeaning &a = part(value.a), &b = part(value.b);
  const bool of_constant = is_constant(model_, value.a) && !divides;
  const bool converted = !divides && model_.value(value.b).kind == ValueKindTag::kRate;
  if (of_constant || converted || is_constant(model_, value.b)) {
    const ValueMeaning& whole = of_constant ? b : a;
    result.additivity = whole.additivity;
  } else if (divides) {
    result.additivity = Additivity::kRatio;
    result.balance = false;
  } else if ((a.additivity == Additivity::kRatio && b.additivity <= Additivity::kFormula) ||
             (b.additivity == Additivity::kRatio && a.additivity <= Additivity::kFormula)) {
    result.additivity = Additivity::kFormula;
  }
  if (result.additivity != Additivity::kDistinct) result.distinct = {};
  result.reasons |= bit(Reason::kOverflow);
  if (divides && !(is_constant(model_, value.b) && !is_zero(model_.value(value.b)))) {
    result.reasons |= bit(Reason::kNoDenominator);
  }
  return result;
}

/// `if` is its branches, each of which may be the one; `coalesce` is undefined only where both sides are, or where the
/// first overflows.
ValueMeaning Meanings::of_choice(const Value& value) const {
  ValueMeaning result = joined(value, Additivity::kFormula);
  if (value.kind == ValueKindTag::kIf) {
    const ValueMeaning &yes = part(value.b), &no = part(value.c);
    result.additivity = std::max({Additivity::kFormula, yes.additivity, no.additivity});
    result.balance = yes.balance || no.balance;
    result.distinct = {};
    return result;
  }
  if (part(value.b).reasons == 0) result.reasons &= bit(Reason::kOverflow);
  return result;
}

bool keeps_apart(const Model& model, const PerKey& groups, RowId distinct) {
  if (!distinct.valid()) return false;
  const Row& counted = model.row(distinct);
  if (counted.kind != RowKind::kField || counted.stream < 0) return false;
  const RowId id = static_cast<size_t>(counted.stream) < groups.rows.size()
                       ? groups.rows[static_cast<size_t>(counted.stream)]
                       : RowId();
  if (!id.valid()) return false;
  if (id == distinct) return true;
  const Row& group = model.row(id);
  return group.kind == RowKind::kAttribute && group.field == counted.field &&
         model.tables[static_cast<size_t>(group.table)].valid_from < 0;
}

namespace {

template <typename T>
void add_once(std::vector<T>& all, T one) {
  if (std::find(all.begin(), all.end(), one) == all.end()) all.push_back(std::move(one));
}

/// Goes through a formula once for each entity that it is computed for.
class Walk {
 public:
  Walk(const Model& model, MetricMeaning& into) : model_(model), into_(into) {}
  void visit(ValueId id, const std::string& entity) {
    if (!id.valid() || !seen_.emplace(id, entity).second) return;
    const Value& value = model_.value(id);
    if (value.kind == ValueKindTag::kAggregate) {
      add_once(into_.populations, {value.stream, value.condition, entity.empty() ? counted(value) : entity});
      return;
    }
    if (value.kind == ValueKindTag::kOver) add_once(into_.time.windows, value.window);
    if (value.kind == ValueKindTag::kAt) add_once(into_.time.offsets, {value.offset, value.elapsed});
    const bool collapse = value.kind == ValueKindTag::kCollapse;
    if (collapse && value.key.kind == PerKind::kTime) add_once(into_.time.finer, value.key.grain);
    for (ValueId part : {value.a, value.b, value.c}) {
      visit(part, collapse && value.key.kind == PerKind::kEntity ? value.key.name : entity);
    }
  }

 private:
  std::string counted(const Value& aggregate) const {
    if (aggregate.aggregate != Aggregate::kUnique) return "";
    const Row& row = model_.row(aggregate.input);
    if (row.kind != RowKind::kField) return "";
    const ModelSource& source = model_.streams[static_cast<size_t>(row.stream)];
    const bool entity = std::find(source.entities.begin(), source.entities.end(), row.field) != source.entities.end();
    return entity ? source.fields[static_cast<size_t>(row.field)].name : "";
  }
  const Model& model_;
  MetricMeaning& into_;
  std::set<std::pair<ValueId, std::string>> seen_;
};

}  // namespace

MetricMeaning meaning_of(Meanings& meanings, const ModelMetric& metric) {
  MetricMeaning result;
  result.value = meanings.of(metric.value);
  Walk(meanings.model(), result).visit(metric.value, "");
  return result;
}

}  // namespace alidade
