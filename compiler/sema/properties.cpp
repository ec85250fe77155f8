// Properties: a closed list of words, each with its form.
#include <fmt/format.h>

#include <algorithm>

#include "compiler/sema/analyser.h"

namespace alidade {
namespace {

bool is_text(const ast::PropertyValue& value) {
  return value.literal != nullptr && value.literal->kind == ast::LiteralKind::kText;
}
bool is_word(const ast::PropertyValue& value) { return !value.word.name.empty() && value.per.name.empty(); }

/// "0", "0.00", "0.0%": how many digits are shown.
bool is_pattern(std::string_view text) {
  if (text.ends_with('%')) text.remove_suffix(1);
  if (text.empty() || text.front() != '0') return false;
  if (text.size() == 1) return true;
  return text.size() >= 3 && text.size() <= 8 && text[1] == '.' &&
         std::all_of(text.begin() + 2, text.end(), [](char c) { return c == '0'; });
}

}  // namespace

void Analyser::check_properties(const Slice<ast::Property>& properties, ModelMetric* metric) {
  for (const ast::Property& property : properties) check_property(property, metric);
}

void Analyser::check_property(const ast::Property& property, ModelMetric* metric) {
  std::string_view word = property.word.name.text();
  auto wrong = [&](const char* help) {
    Span span = property.values.empty() ? property.word.span : property.values.front().span;
    std::string message = property.values.empty() ? fmt::format("`{}` lacks its value", word)
                                                  : fmt::format("`{}` cannot be `{}`", word, written(span));
    error(Code::property_value, span, std::move(message), help);
  };
  const ast::PropertyValue* first = property.values.empty() ? nullptr : &property.values.front();
  bool one = property.values.size() == 1;
  if (word == "title" || word == "owner") {
    if (!one || !is_text(*first)) return wrong("write a text: `title \"Revenue\"`");
    if (metric != nullptr) (word == "title" ? metric->title : metric->owner) = first->literal->text;
  } else if (word == "deprecated") {
    if (first != nullptr && (!one || !is_text(*first))) return wrong("write why: `deprecated \"use revenue\"`");
  } else if (word == "format") {
    if (!one || !is_text(*first) || !is_pattern(first->literal->text)) {
      return wrong("write the digits to show: `format \"0.00\"` or `format \"0.0%\"`");
    }
    if (metric != nullptr) check_format(*first, *metric);
  } else if (word == "better") {
    std::string_view side = first != nullptr ? first->word.name.text() : std::string_view();
    if (!one || !is_word(*first) || (side != "up" && side != "down"))
      return wrong("write `better up` or `better down`");
    if (metric != nullptr) metric->better = side;
  } else if (word == "unit") {
    if (!one || first->word.name.empty()) return wrong("write a unit: `unit USD` or `unit USD per user`");
    if (metric != nullptr) check_unit_property(property, *metric);
  } else if (word == "stage") {
    constexpr std::string_view kStages[] = {"discovery", "mvp", "growth", "maturity"};
    const std::string_view stage = one && is_word(*first) ? first->word.name.text() : std::string_view();
    if (std::find(std::begin(kStages), std::end(kStages), stage) == std::end(kStages))
      return wrong("a product is in one of the stages `discovery`, `mvp`, `growth` and `maturity`");
  } else if (word == "tier" || word == "review") {
    if (!one) return wrong("write one value: `tier 1`, `review weekly`");
  } else if (word == "tags") {
    bool plain = !property.values.empty() && std::all_of(property.values.begin(), property.values.end(),
                                                         [](const auto& tag) { return is_text(tag) || is_word(tag); });
    if (!plain) return wrong("write words or texts: `tags finance, weekly`");
  }
}

/// A percentage is of a number without a unit, and not of a count; a time or a condition has no digits.
void Analyser::check_format(const ast::PropertyValue& value, ModelMetric& metric) {
  std::string_view format = value.literal->text;
  bool percent = format.ends_with('%');
  UnitTable::Shape powers = model_.units.shape(metric.type.unit);
  bool plain = powers.currencies == 0 && powers.time == 0 && metric.type.kind != ValueKind::kInteger;
  if (is_numeric(metric.type.kind) && (plain || !percent)) {
    metric.format = format;
    return;
  }
  error(Code::property_value, value.span,
        fmt::format("`{}` is {}, which is not shown like this", metric.name, show(metric.type)),
        percent ? "only a ratio or a share is shown as a percentage: `format \"0.00\"`" : "leave the format out");
}

void Analyser::check_unit_property(const ast::Property& property, ModelMetric& metric) {
  const ast::PropertyValue& value = property.values.front();
  std::string_view word = value.word.name.text();
  metric.unit_text = word;
  if (!value.per.name.empty()) metric.unit_text += " per " + std::string(value.per.name.text());
  bool share = metric.type.kind == ValueKind::kRatio || metric.type.kind == ValueKind::kPercent;
  if (word == "percent" && share) return;
  if (word != "percent") {
    std::optional<UnitWord> unit = unit_word(value.word);
    std::optional<UnitId> per = value.per.name.empty() ? UnitTable::one() : counted_unit(value.per);
    if (!unit || !per) return;
    const bool agrees = unit_agrees(model_.units.divide(unit->unit, *per), metric.type.unit);
    const bool converted = unit->kind != UnitWordKind::kDuration && (unit->factor != 1 || unit->scale != 0);
    if (agrees && !converted) return;
  }
  error(Code::stated_unit, value.span,
        fmt::format("`{}` is {}, not {}", metric.name, show(metric.type), metric.unit_text),
        "correct the unit, or leave it out: it is inferred");
}

}  // namespace alidade
