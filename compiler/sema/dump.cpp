// The model as text: types and expressions, the same for the same spec.
#include <fmt/format.h>

#include <array>
#include <functional>
#include <map>
#include <set>

#include "compiler/sema/analyser.h"
#include "compiler/sema/meaning.h"

namespace alidade {
namespace {

const char* sign(RowKind kind) {
  switch (kind) {
    case RowKind::kAdd:
      return "+";
    case RowKind::kSubtract:
      return "-";
    case RowKind::kMultiply:
      return "*";
    case RowKind::kDivide:
      return "/";
    case RowKind::kEqual:
      return "==";
    case RowKind::kNotEqual:
      return "!=";
    case RowKind::kLess:
      return "<";
    case RowKind::kLessEqual:
      return "<=";
    case RowKind::kGreater:
      return ">";
    case RowKind::kGreaterEqual:
      return ">=";
    case RowKind::kAnd:
      return "and";
    case RowKind::kOr:
      return "or";
    case RowKind::kConst:
    case RowKind::kField:
    case RowKind::kAttribute:
    case RowKind::kMember:
    case RowKind::kRate:
    case RowKind::kNegate:
    case RowKind::kNot:
    case RowKind::kIn:
    case RowKind::kIsNull:
    case RowKind::kIf:
    case RowKind::kIsFirst:
    case RowKind::kIsLast:
    case RowKind::kRound:
      return "";
    case RowKind::kGreatest:
      return "greatest";
    case RowKind::kLeast:
      return "least";
    case RowKind::kCoalesce:
      return "coalesce";
  }
  return "";
}

const char* sign(ValueKindTag kind) {
  switch (kind) {
    case ValueKindTag::kAdd:
      return "+";
    case ValueKindTag::kSubtract:
      return "-";
    case ValueKindTag::kMultiply:
      return "*";
    case ValueKindTag::kDivide:
      return "/";
    case ValueKindTag::kEqual:
      return "==";
    case ValueKindTag::kNotEqual:
      return "!=";
    case ValueKindTag::kLess:
      return "<";
    case ValueKindTag::kLessEqual:
      return "<=";
    case ValueKindTag::kGreater:
      return ">";
    case ValueKindTag::kGreaterEqual:
      return ">=";
    case ValueKindTag::kAnd:
      return "and";
    case ValueKindTag::kOr:
      return "or";
    case ValueKindTag::kConst:
    case ValueKindTag::kAggregate:
    case ValueKindTag::kRate:
    case ValueKindTag::kNegate:
    case ValueKindTag::kNot:
    case ValueKindTag::kIf:
    case ValueKindTag::kOver:
    case ValueKindTag::kAt:
    case ValueKindTag::kCollapse:
    case ValueKindTag::kRound:
      return "";
    case ValueKindTag::kGreatest:
      return "greatest";
    case ValueKindTag::kLeast:
      return "least";
    case ValueKindTag::kCoalesce:
      return "coalesce";
  }
  return "";
}

template <typename Node>
std::string constant_text(const Model& model, const Node& node) {
  switch (representation(node.type)) {
    case Representation::kExact: {
      if (node.type.kind == ValueKind::kTimestamp) return fmt::format("@{}", static_cast<int64_t>(node.exact));
      if (node.type.kind == ValueKind::kDuration) return decimal_text(node.exact, node.type.scale) + " us";
      std::string unit = model.units.display(node.type.unit);
      return decimal_text(node.exact, node.type.scale) + (unit.empty() ? "" : " " + unit);
    }
    case Representation::kFloat:
      return fmt::format("{}", node.number);
    case Representation::kBoolean:
      return node.truth ? "true" : "false";
    case Representation::kText:
    case Representation::kOneOf:
      return "";
  }
  return "";
}

std::string row_constant(const Model& model, const Row& row) {
  if (representation(row.type) == Representation::kText) return fmt::format("\"{}\"", row.text);
  if (representation(row.type) == Representation::kOneOf) {
    return fmt::format("\"{}\"", model.lists[static_cast<size_t>(row.type.one_of)][row.one_of]);
  }
  return constant_text(model, row);
}

const char* aggregate_word(Aggregate aggregate) {
  switch (aggregate) {
    case Aggregate::kCount:
      return "count";
    case Aggregate::kSum:
      return "sum";
    case Aggregate::kMean:
      return "mean";
    case Aggregate::kMin:
      return "min";
    case Aggregate::kMax:
      return "max";
    case Aggregate::kUnique:
      return "unique";
    case Aggregate::kPercentile:
      return "percentile";
    case Aggregate::kFirst:
      return "first";
    case Aggregate::kLast:
      return "last";
    case Aggregate::kVariance:
      return "variance";
    case Aggregate::kStddev:
      return "stddev";
  }
  return "";
}

std::string period_text(const Period& period) {
  return fmt::format("{} {}{}", period.count, grain_word(period.unit), period.count == 1 ? "" : "s");
}

std::string percentage_text(const Value& value) {
  if (value.aggregate != Aggregate::kPercentile) return "";
  return ", " + decimal_text(value.percentage.numerator, value.percentage.digits) + "%";
}

}  // namespace

std::string offset_text(const Offset& offset, bool elapsed) {
  std::string text;
  switch (offset.kind) {
    case OffsetKind::kHere:
      return "as far as it has elapsed";
    case OffsetKind::kAgo:
      text = "at " + period_text(offset.period) + " ago";
      break;
    case OffsetKind::kSameWeek:
      text = "at same week last year";
      break;
  }
  return text + (elapsed ? " same elapsed" : "");
}

std::string window_text(const Window& window) {
  switch (window.kind) {
    case WindowKind::kLast:
      return "last " + period_text(window.period);
    case WindowKind::kToDate:
      return fmt::format("{} to date", grain_word(window.unit));
    case WindowKind::kAllTime:
      return "all time";
  }
  return "";
}

/// "ecb.rate of USD at @0": the moment only where it is fixed.
std::string rate_text(const Model& model, int index) {
  const Rate& rate = model.rates[static_cast<size_t>(index)];
  const ModelSource& table = model.tables[static_cast<size_t>(rate.table)];
  return fmt::format("{}.{} of {}{}", table.name, table.fields[static_cast<size_t>(rate.field)].name, rate.currency,
                     rate.fixed ? fmt::format(" at @{}", rate.moment) : "");
}

std::string row_text(const Model& model, RowId id) {
  const Row& row = model.row(id);
  auto field = [&](const ModelSource& source, int index) { return source.fields[static_cast<size_t>(index)].name; };
  switch (row.kind) {
    case RowKind::kConst:
      return row_constant(model, row);
    case RowKind::kField:
      return row.stream < 0 ? field(model.tables[static_cast<size_t>(row.table)], row.field)
                            : field(model.streams[static_cast<size_t>(row.stream)], row.field);
    case RowKind::kAttribute:
      return field(model.streams[static_cast<size_t>(row.stream)], row.field) + "." +
             field(model.tables[static_cast<size_t>(row.table)], row.attribute);
    case RowKind::kMember:
      return field(model.streams[static_cast<size_t>(row.stream)], row.field) + " in " +
             model.tables[static_cast<size_t>(row.table)].name;
    case RowKind::kRate:
      return rate_text(model, row.rate) +
             (row.field < 0 ? "" : field(model.streams[static_cast<size_t>(row.stream)], row.field));
    case RowKind::kNegate:
      return "-" + row_text(model, row.a);
    case RowKind::kNot:
      if (model.row(row.a).kind == RowKind::kIsNull) return "(" + row_text(model, model.row(row.a).a) + " is not null)";
      return "not " + row_text(model, row.a);
    case RowKind::kIsNull:
      return "(" + row_text(model, row.a) + " is null)";
    case RowKind::kIn: {
      std::string items;
      for (RowId item : row.items) items += (items.empty() ? "" : ", ") + row_text(model, item);
      return fmt::format("({} in ({}))", row_text(model, row.a), items);
    }
    case RowKind::kIsFirst:
    case RowKind::kIsLast:
      return fmt::format("is {}({}) per {}", row.kind == RowKind::kIsFirst ? "first" : "last", row_text(model, row.a),
                         row_text(model, row.b));
    case RowKind::kIf:
      return fmt::format("(if {} then {} else {})", row_text(model, row.a), row_text(model, row.b),
                         row_text(model, row.c));
    case RowKind::kRound:
      return fmt::format("round({}, {})", row_text(model, row.a), row.digits);
    case RowKind::kGreatest:
    case RowKind::kLeast:
    case RowKind::kCoalesce:
      return fmt::format("{}({}, {})", sign(row.kind), row_text(model, row.a), row_text(model, row.b));
    case RowKind::kAdd:
    case RowKind::kSubtract:
    case RowKind::kMultiply:
    case RowKind::kDivide:
    case RowKind::kEqual:
    case RowKind::kNotEqual:
    case RowKind::kLess:
    case RowKind::kLessEqual:
    case RowKind::kGreater:
    case RowKind::kGreaterEqual:
    case RowKind::kAnd:
    case RowKind::kOr:
      return fmt::format("({} {} {})", row_text(model, row.a), sign(row.kind), row_text(model, row.b));
  }
  return "";
}

namespace {

/// `part` gives the text of what is below.
template <typename Part>
std::string value_text(const Model& model, ValueId id, const Part& part) {
  const Value& value = model.value(id);
  switch (value.kind) {
    case ValueKindTag::kConst:
      return constant_text(model, value);
    case ValueKindTag::kAggregate: {
      const std::string& stream = model.streams[static_cast<size_t>(value.stream)].name;
      std::string what = value.input.valid() ? stream + ": " + row_text(model, value.input) : stream;
      std::string where = value.condition.valid() ? " where " + row_text(model, value.condition) : "";
      return fmt::format("{}({}{}{}{})", aggregate_word(value.aggregate), what, where, percentage_text(value),
                         value.plain_sums ? ", exact = false" : "");
    }
    case ValueKindTag::kRate:
      return rate_text(model, value.rate);
    case ValueKindTag::kNegate:
      return "-" + part(value.a);
    case ValueKindTag::kNot:
      return "not " + part(value.a);
    case ValueKindTag::kIf:
      return fmt::format("(if {} then {} else {})", part(value.a), part(value.b), part(value.c));
    case ValueKindTag::kOver:
      return fmt::format("({} over {})", part(value.a), window_text(value.window));
    case ValueKindTag::kAt:
      return fmt::format("({} {})", part(value.a), offset_text(value.offset, value.elapsed));
    case ValueKindTag::kCollapse:
      return fmt::format("{}({} per {}{})", aggregate_word(value.aggregate), part(value.a), value.key.name,
                         percentage_text(value));
    case ValueKindTag::kRound:
      return fmt::format("round({}, {})", part(value.a), value.digits);
    case ValueKindTag::kGreatest:
    case ValueKindTag::kLeast:
    case ValueKindTag::kCoalesce:
      return fmt::format("{}({}, {})", sign(value.kind), part(value.a), part(value.b));
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
      return fmt::format("({} {} {})", part(value.a), sign(value.kind), part(value.b));
  }
  return "";
}

/// The text of a metric's formula. One that would be long because its parts repeat is written with the repeated parts
/// named, each once above it: formulas share parts, and a metric that doubles another doubles its text.
class FormulaText {
 public:
  FormulaText(const Model& model, ValueId id) : model_(model) {
    constexpr uint64_t kLong = 200;
    if (size(id) > kLong) count_uses(id);
    names_.erase(id);
    const std::string formula = text(id);
    text_ += "  " + formula + "\n";
  }
  std::string take() { return std::move(text_); }

 private:
  std::array<ValueId, 3> parts(ValueId id) const {
    const Value& value = model_.value(id);
    if (value.kind == ValueKindTag::kAggregate) return {};  // what it lacks rates for goes without saying
    return {value.a, value.b, value.c};
  }
  /// Nodes with every part written out, as far as it matters.
  uint64_t size(ValueId id) {
    if (!id.valid()) return 0;
    if (auto known = sizes_.find(id); known != sizes_.end()) return known->second;
    uint64_t sum = 1;
    for (ValueId part : parts(id)) sum = std::min<uint64_t>(sum + size(part), UINT32_MAX);
    return sizes_[id] = sum;
  }
  void count_uses(ValueId id) {
    for (ValueId part : parts(id)) {
      if (!part.valid() || size(part) == 1) continue;
      if (!seen_.insert(part).second) {
        names_[part];
      } else {
        count_uses(part);
      }
    }
  }
  std::string text(ValueId id) {
    auto named = names_.find(id);
    if (named == names_.end()) return value_text(model_, id, [this](ValueId part) { return text(part); });
    if (named->second.empty()) {
      const std::string formula = value_text(model_, id, [this](ValueId part) { return text(part); });
      named->second = fmt::format("x{}", ++count_);
      text_ += fmt::format("  {} = {}\n", named->second, formula);
    }
    return named->second;
  }

  const Model& model_;
  std::map<ValueId, uint64_t> sizes_;
  std::map<ValueId, std::string> names_;  ///< of parts that stand in several places; "" until written
  std::set<ValueId> seen_;
  int count_ = 0;
  std::string text_;
};

}  // namespace

std::string dump_model(const Model& model) {
  std::string text;
  Meanings meanings(model);
  for (const ModelMetric& metric : model.metrics) {
    text += fmt::format("metric {} : {}", metric.name, display(metric.type, model.units));
    if (metric.fixed_grain) text += fmt::format(", per {}", grain_word(metric.grain));
    for (const std::string& dimension : metric.by) text += ", by " + dimension;
    if (metric.top > 0) text += fmt::format(", top {}", metric.top);
    text += "\n" + FormulaText(model, metric.value).take();
    for (const auto& [part, words] : meaning_words(meanings, metric)) text += fmt::format("  {:<10} {}\n", part, words);
  }
  return text;
}

}  // namespace alidade
