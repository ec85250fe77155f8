// Metrics: what a formula may be as a result, stated types, breakdowns.
#include <fmt/format.h>

#include <algorithm>

#include "compiler/sema/analyser.h"

namespace alidade {
namespace {

bool plain_float(ValueKind kind) {
  return kind == ValueKind::kNumber || kind == ValueKind::kRatio || kind == ValueKind::kPercent;
}

bool kind_agrees(const Type& stated, const Type& inferred) {
  if (stated.kind == inferred.kind) return stated.kind != ValueKind::kDecimal || stated.scale == inferred.scale;
  return plain_float(stated.kind) && plain_float(inferred.kind);
}

/// `money(USD, 2)` says how many digits there are, and `money(USD)` says nothing of them.
bool digits_agree(const ast::TypeRef& stated, const Type& type, const Type& inferred) {
  if (type.kind != ValueKind::kMoney || stated.args.size() < 2) return true;
  return inferred.exact && inferred.scale == type.scale;
}

}  // namespace

/// Whether a quotient cannot be more than 1: a count of rows or keys, and of them those that pass more conditions.
bool Analyser::part_of_whole(ValueId id) const {
  const Value& value = model_.value(id);
  if (value.kind != ValueKindTag::kDivide) return false;
  const Value *part = &model_.value(value.a), *whole = &model_.value(value.b);
  while ((part->kind == ValueKindTag::kOver && whole->kind == part->kind && part->window == whole->window) ||
         (part->kind == ValueKindTag::kAt && whole->kind == part->kind && part->offset == whole->offset)) {
    part = &model_.value(part->a);
    whole = &model_.value(whole->a);
  }
  const bool counts = part->kind == ValueKindTag::kAggregate && whole->kind == part->kind &&
                      part->aggregate == whole->aggregate && part->input == whole->input &&
                      part->stream == whole->stream &&
                      (part->aggregate == Aggregate::kCount || part->aggregate == Aggregate::kUnique);
  if (!counts || !whole->condition.valid()) return counts;
  return part->condition.valid() && build_.implies(part->condition, whole->condition);
}

/// Counted things above the line may be left out: a count is stated as `integer`, a count per user as `number per
/// user`.
bool Analyser::unit_agrees(UnitId stated, UnitId inferred) {
  if (stated == inferred) return true;
  UnitId rest = UnitTable::one();
  for (const auto& [base, power] : std::vector(model_.units.powers(inferred))) {
    const UnitTable::Base one = model_.units.base_of(base);
    if (power > 0 && one.kind == BaseUnitKind::kCounted) continue;
    UnitId unit = model_.units.base(one.symbol, one.kind);
    for (int i = 0; i < std::abs(power); ++i) {
      rest = power > 0 ? model_.units.multiply(rest, unit) : model_.units.divide(rest, unit);
    }
  }
  return stated == rest;
}

std::optional<UnitId> Analyser::counted_unit(const ast::Ident& word) {
  std::optional<UnitWord> unit = unit_word(word.name.text());
  if (unit && (unit->kind == UnitWordKind::kCounted || unit->kind == UnitWordKind::kDeclared)) return unit->unit;
  if (sources_broken_) return std::nullopt;
  std::vector<std::string_view> candidates;
  for (const ModelSource& stream : model_.streams) {
    for (int entity : stream.entities) candidates.push_back(stream.fields[static_cast<size_t>(entity)].name);
  }
  unknown(Code::unknown_unit, word, fmt::format("`{}` is nothing that is counted here", word.name.text()), candidates,
          "after `per` stands an entity, or a stream for its rows");
  return std::nullopt;
}

/// How many groups `top` shows by themselves.
std::optional<int> Analyser::top_count(const ast::Literal& literal) {
  std::optional<int128> count = literal.number.fraction == 0 ? integer_of(literal.number.digits) : std::nullopt;
  if (count && *count >= 1 && *count <= kMaxTop) return static_cast<int>(*count);
  error(Code::top_count, literal.span,
        fmt::format("`top` shows a whole number of groups, and this is {}", written(literal.span)),
        fmt::format("write a number from 1 to {}: `by country top 20`", kMaxTop));
  return std::nullopt;
}

bool Analyser::declare_metric(Symbol& symbol) {
  const ast::Decl& decl = *symbol.decl;
  const size_t before = sink_.all().size();
  std::optional<Term> term = value(*decl.metric->value);
  ModelMetric metric;
  metric.name = qualified(symbol.module, decl.name.name.text());
  metric.imported = symbol.module != 0;
  metric.doc = decl.doc;
  metric.span = decl.name.span;
  if (!term) return false;
  metric.value = term->value;
  metric.type = model_.value(term->value).type;
  metric.streams = streams_of(model_, term->value);
  if (!sound_depth(build_.facts(term->value).depth, metric.span)) return false;
  if (is_constant(term->value)) {
    error(Code::constant_metric, decl.metric->value->span, fmt::format("`{}` is computed from no rows", metric.name),
          "a metric is made of aggregates: `count(app)`, `sum(purchase.amount)`");
    return false;
  }
  if (term->open && term->open->kind != PerKind::kTime) {
    bool entity = term->open->kind == PerKind::kEntity;
    std::string inner = words(*decl.metric->value);
    error(Code::open_result, decl.metric->value->span,
          fmt::format("this has a value for every {}, and a metric is one value", term->open->name),
          entity ? fmt::format("collapse it: `median({0})`, `mean({0})`", inner)
                 : fmt::format("collapse it, or leave `per` out and write `by {}`", term->open->name));
    return false;
  }
  if (term->open) {
    metric.fixed_grain = true;
    metric.grain = term->open->grain;
  }
  if (decl.metric->type != nullptr) check_stated_type(*decl.metric, metric);
  if (decl.metric->by != nullptr) {
    const ast::Breakdown& by = *decl.metric->by;
    for (const ast::Path& path : by.dimensions) {
      ast::Grain as_key;
      as_key.path = path;
      as_key.span = path.span;
      std::string name = path_words(path);
      if (std::find(metric.by.begin(), metric.by.end(), name) != metric.by.end()) {
        error(Code::duplicate_name, path.span, fmt::format("`{}` is a dimension of this metric already", name));
        return false;
      }
      if (path.parts.size() == 1 && grain_from_word(name)) {
        bool field = true;
        for (int stream : metric.streams)
          field = field && field_index(model_.streams[static_cast<size_t>(stream)], name) >= 0;
        if (!field) {
          error(Code::grain_as_dimension, path.span, fmt::format("`{}` is a grain of time, not a dimension", name),
                fmt::format("choose it in the report: `--per {}`, or fix it with `per {}`", name, name));
          return false;
        }
      } else if (!per_key(as_key, metric.value, true)) {
        return false;
      }
      metric.by.push_back(std::move(name));
    }
    if (by.top != nullptr) {
      std::optional<int> top = top_count(*by.top);
      if (!top) return false;
      metric.top = *top;
    }
  }
  check_properties(decl.properties, &metric);
  if (sink_.all().size() == before) warn_rows_named(decl, metric);
  symbol.index = static_cast<int>(model_.metrics.size());
  model_.metrics.push_back(std::move(metric));
  return true;
}

/// A stated type may name what is counted, `integer(user)`, and a duration need not say in what the data counts.
std::optional<ModelField> Analyser::metric_type(const ast::TypeRef& type) {
  const std::string_view word = type.name.name.text();
  ModelField field;
  if (word == "duration" && type.args.empty()) {
    field.type.kind = ValueKind::kDuration;
    field.type.unit = model_.units.time();
    return field;
  }
  const bool one_word = type.args.size() == 1 && type.args[0].literal == nullptr && type.args[0].per.name.empty();
  std::optional<UnitWord> unit;
  if (word == "integer" && one_word) unit = unit_word(type.args[0].name.name.text());
  if (!unit || unit->kind != UnitWordKind::kCounted) return type_of(type);
  field.type.kind = ValueKind::kInteger;
  field.type.unit = unit->unit;
  return field;
}

void Analyser::check_stated_type(const ast::MetricDecl& decl, ModelMetric& metric) {
  std::optional<ModelField> stated = metric_type(*decl.type);
  if (!stated) return;
  UnitId unit = stated->type.unit;
  std::string words_stated(written(decl.type->span));
  for (const auto& [fiscal, per] : decl.per) {
    ast::Path path;
    path.parts = {&per, 1};
    std::optional<Grain> grain = time_grain(path, fiscal, per.span);
    if (!grain && fiscal) return;
    if (grain) {
      if (metric.fixed_grain && metric.grain == *grain) continue;
      error(Code::stated_type, per.span,
            fmt::format("`{}` is {}", metric.name,
                        metric.fixed_grain ? fmt::format("per {}", grain_word(metric.grain))
                                           : "of whatever period a report asks for"),
            metric.fixed_grain
                ? "correct the stated type"
                : fmt::format("leave `per {0}` out, or write `… per {0}` in the formula", grain_word(*grain)));
      return;
    }
    std::optional<UnitId> below = counted_unit(per);
    if (!below) return;
    unit = model_.units.divide(unit, *below);
    words_stated += " per " + std::string(per.name.text());
  }
  const bool same_kind = kind_agrees(stated->type, metric.type) && unit_agrees(unit, metric.type.unit);
  if (!same_kind || !digits_agree(*decl.type, stated->type, metric.type)) {
    std::string inferred = show(metric.type);
    const bool count = metric.type.kind == ValueKind::kInteger && model_.units.is_counted(metric.type.unit);
    if (count) inferred = fmt::format("integer ({})", inferred);
    if (same_kind) {
      inferred += metric.type.exact ? fmt::format(" with {} digits after the point", metric.type.scale)
                                    : " that is rounded, not exact";
    }
    error(Code::stated_type, decl.type->span, fmt::format("`{}` is {}, not {}", metric.name, inferred, words_stated),
          count ? "write `integer`, or leave the type out: it is inferred"
                : "correct the stated type, or leave it out: it is inferred")
        .labels.push_back({decl.value->span, show(metric.type)});
    return;
  }
  if (stated->type.kind == ValueKind::kPercent && metric.type.kind != ValueKind::kPercent &&
      !part_of_whole(metric.value)) {
    error(Code::stated_type, decl.type->span,
          fmt::format("`{}` is {}, and nothing shows that it is part of a whole, so it may be more than 100%",
                      metric.name, show(metric.type)),
          "write `ratio`, or say what is part of what: `share(a of b)`, with `assuming \"…\"` where it cannot be shown")
        .labels.push_back({decl.value->span, show(metric.type)});
    return;
  }
  if (plain_float(stated->type.kind)) metric.type.kind = stated->type.kind;
}

}  // namespace alidade
