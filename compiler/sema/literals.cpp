// Literals and the words after numbers: what `0.9 M`, `7 days`, `5%`, `250 USD` and `2026-01-05` mean.
#include <fmt/format.h>

#include <algorithm>

#include "compiler/sema/analyser.h"

namespace alidade {
namespace {

struct TimeWord {
  std::string_view word;
  int64_t micros;
};
constexpr int64_t kSecond = 1'000'000;
constexpr TimeWord kTimeWords[] = {
    {"us", 1},
    {"microsecond", 1},
    {"microseconds", 1},
    {"ms", 1'000},
    {"millisecond", 1'000},
    {"milliseconds", 1'000},
    {"s", kSecond},
    {"sec", kSecond},
    {"second", kSecond},
    {"seconds", kSecond},
    {"min", 60 * kSecond},
    {"minute", 60 * kSecond},
    {"minutes", 60 * kSecond},
    {"h", 3600 * kSecond},
    {"hour", 3600 * kSecond},
    {"hours", 3600 * kSecond},
    {"day", 86400 * kSecond},
    {"days", 86400 * kSecond},
    {"week", 7 * 86400 * kSecond},
    {"weeks", 7 * 86400 * kSecond},
};

constexpr TimeWord kMultiples[] = {{"K", 1'000}, {"M", 1'000'000}, {"B", 1'000'000'000}};

template <size_t n>
const TimeWord* lookup(const TimeWord (&words)[n], std::string_view word) {
  auto at = std::find_if(std::begin(words), std::end(words), [&](const TimeWord& one) { return one.word == word; });
  return at == std::end(words) ? nullptr : at;
}

/// value × 10^-scale × factor, with the zeros at the end taken off.
bool scaled(int128& value, int& scale, int64_t factor) {
  if (__builtin_mul_overflow(value, static_cast<int128>(factor), &value)) return false;
  while (scale > 0 && value % 10 == 0) {
    value /= 10;
    --scale;
  }
  return true;
}

bool names_match(std::string_view word, std::string_view name) {
  if (word == name) return true;
  if (word.size() == name.size() + 1 && word.starts_with(name) && word.ends_with('s')) return true;
  return name.size() == word.size() + 1 && name.starts_with(word) && name.ends_with('s');
}

}  // namespace

std::optional<int128> integer_of(std::string_view digits) {
  constexpr int128 kMost = static_cast<int128>((~static_cast<uint128>(0)) >> 1);
  int128 value = 0;
  for (char c : digits) {
    int digit = c - '0';
    if (value > (kMost - digit) / 10) return std::nullopt;
    value = value * 10 + digit;
  }
  return value;
}

bool is_calendar_word(std::string_view word) {
  return word.starts_with("month") || word.starts_with("quarter") || word.starts_with("year");
}

std::optional<UnitWord> language_unit(std::string_view word, UnitId time) {
  if (const TimeWord* multiple = lookup(kMultiples, word)) {
    return UnitWord{UnitWordKind::kMultiple, multiple->micros, 0, UnitTable::one()};
  }
  if (const TimeWord* unit = lookup(kTimeWords, word)) return UnitWord{UnitWordKind::kDuration, unit->micros, 0, time};
  return std::nullopt;
}

std::optional<UnitWord> Analyser::unit_word(std::string_view word) {
  if (std::optional<UnitWord> found = language_unit(word, model_.units.time())) return found;
  if (units_.contains(word)) return declared_unit(word);
  for (const std::vector<ModelSource>* sources : {&model_.streams, &model_.tables}) {
    for (const ModelSource& source : *sources) {
      for (const ModelField& field : source.fields) {
        if (field.type.kind == ValueKind::kMoney && model_.units.display(field.type.unit) == word) {
          return UnitWord{UnitWordKind::kCurrency, 1, 0, field.type.unit};
        }
      }
    }
  }
  for (const ModelSource& stream : model_.streams) {
    for (int entity : stream.entities) {
      const std::string& name = stream.fields[static_cast<size_t>(entity)].name;
      if (names_match(word, name))
        return UnitWord{UnitWordKind::kCounted, 1, 0, model_.units.base(name, BaseUnitKind::kCounted)};
    }
  }
  for (const ModelSource& stream : model_.streams) {
    if (names_match(word, stream.name)) {
      return UnitWord{UnitWordKind::kCounted, 1, 0, model_.units.base(stream.name + " row", BaseUnitKind::kCounted)};
    }
  }
  return std::nullopt;
}

std::optional<UnitWord> Analyser::unit_word(const ast::Ident& ident) {
  std::string_view word = ident.name.text();
  std::optional<UnitWord> found = unit_word(word);
  bool capitals = std::all_of(word.begin(), word.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
  if (found || units_.contains(word) || (sources_broken_ && capitals)) return found;
  if (is_calendar_word(word)) {
    error(Code::unknown_unit, ident.span, fmt::format("`{}` has no fixed length, so it is no unit of a duration", word),
          "write days, or use it in a window or an offset: `over last 1 month`, `at 1 month ago`");
    return std::nullopt;
  }
  std::vector<std::string_view> candidates = names_of({SymbolKind::kUnit});
  for (const TimeWord& time : kTimeWords) candidates.push_back(time.word);
  std::vector<std::string> currencies;
  for (const ModelSource& stream : model_.streams) {
    for (const ModelField& field : stream.fields) {
      if (field.type.kind == ValueKind::kMoney) currencies.push_back(model_.units.display(field.type.unit));
    }
  }
  candidates.insert(candidates.end(), currencies.begin(), currencies.end());
  unknown(Code::unknown_unit, ident, fmt::format("there is no unit `{}`", word), candidates,
          "units are the currencies of the streams, us ms s min h days weeks, the multiples K M B, and what `unit` "
          "declares");
  return std::nullopt;
}

std::optional<Constant> Analyser::constant(const ast::Literal& literal) {
  Constant result;
  result.type.exact = true;
  switch (literal.kind) {
    case ast::LiteralKind::kBool:
      result.type = boolean_type();
      result.truth = literal.truth;
      return result;
    case ast::LiteralKind::kText:
      result.type.exact = false;
      result.type.kind = ValueKind::kText;
      result.text = literal.text;
      return result;
    case ast::LiteralKind::kDate:
    case ast::LiteralKind::kTimestamp: {
      std::optional<Instant> at = instant(literal);
      if (!at) return std::nullopt;
      result.type.kind = ValueKind::kTimestamp;
      result.type.bits = 64;
      result.exact = *at;
      return result;
    }
    case ast::LiteralKind::kMonth:
      error(Code::not_a_date, literal.span, "a month is no moment in time", "write its first day, as in `2026-01-01`");
      return std::nullopt;
    case ast::LiteralKind::kNumber:
    case ast::LiteralKind::kQuantity:
    case ast::LiteralKind::kPercent:
      break;
  }
  int64_t factor = 1;
  int unit_scale = 0;
  UnitWordKind kind = UnitWordKind::kMultiple;
  for (const ast::Ident* word : {&literal.multiple, &literal.unit}) {
    if (word->name.empty()) continue;
    std::optional<UnitWord> unit = unit_word(*word);
    if (!unit) return std::nullopt;
    factor *= unit->factor;
    unit_scale += unit->scale;
    if (unit->kind == UnitWordKind::kMultiple) continue;
    kind = unit->kind;
    result.type.unit = unit->unit;
  }
  std::optional<int128> digits = integer_of(literal.number.digits);
  bool percent = literal.kind == ast::LiteralKind::kPercent;
  int scale = static_cast<int>(literal.number.fraction) + (percent ? 2 : 0) + unit_scale;
  if (!digits || !scaled(*digits, scale, factor) || scale > kMaxScale) {
    error(Code::literal_too_precise, literal.span, "this number has more digits than can be computed with exactly",
          fmt::format("at most 38 digits, {} of them after the point", kMaxScale));
    return std::nullopt;
  }
  result.exact = literal.negative ? -*digits : *digits;
  result.type.scale = static_cast<uint8_t>(scale);
  result.type.bits = static_cast<uint8_t>(bits_of(result.exact));
  switch (kind) {
    case UnitWordKind::kMultiple:
    case UnitWordKind::kCounted:
    case UnitWordKind::kDeclared:
      result.type.kind = percent ? ValueKind::kPercent : scale == 0 ? ValueKind::kInteger : ValueKind::kDecimal;
      break;
    case UnitWordKind::kCurrency:
      result.type.kind = ValueKind::kMoney;
      break;
    case UnitWordKind::kDuration:
      result.type.kind = ValueKind::kDuration;
      break;
  }
  return result;
}

std::optional<Period> Analyser::period(const ast::Literal& literal) {
  bool quantity =
      literal.kind == ast::LiteralKind::kQuantity && literal.multiple.name.empty() && !literal.unit.name.empty();
  std::optional<int128> count = integer_of(literal.number.digits);
  if (!quantity || literal.number.fraction != 0 || !count || *count <= 0 || *count > 100'000) {
    error(Code::not_a_period, literal.span, "a period is a whole number of calendar units, at least one",
          "write `7 days`, `1 month` or `12 hours`");
    return std::nullopt;
  }
  std::string_view word = literal.unit.name.text();
  std::optional<Grain> unit = grain_from_word(word);
  if (word == "min") unit = Grain::kMinute;
  if (word == "h") unit = Grain::kHour;
  if (word == "s") unit = Grain::kSecond;
  if (!unit) {
    unknown(Code::not_a_period, literal.unit, fmt::format("`{}` is no unit of the calendar", word),
            {"seconds", "minutes", "hours", "days", "weeks", "months", "quarters", "years"},
            "write seconds, minutes, hours, days, weeks, months, quarters or years");
    return std::nullopt;
  }
  return Period{static_cast<int64_t>(*count), *unit};
}

std::optional<int64_t> Analyser::fixed_duration(const ast::Literal& literal) {
  std::optional<Constant> value = constant(literal);
  if (!value) return std::nullopt;
  if (value->type.kind != ValueKind::kDuration || value->type.scale != 0 || value->exact > INT64_MAX) {
    error(Code::not_a_period, literal.span, "this needs a duration", "write `2 days` or `30 min`");
    return std::nullopt;
  }
  return static_cast<int64_t>(value->exact);
}

std::optional<Instant> Analyser::instant(const ast::Literal& literal) {
  std::optional<ParsedTime> time = parse_time(literal.text);
  const bool past_calendar = literal.text.starts_with("9999");
  if (!time || past_calendar) {
    error(Code::not_a_date, literal.span, fmt::format("{} is no date of the calendar", literal.text));
    return std::nullopt;
  }
  if (time->offset_micros) return time->local_micros - *time->offset_micros;
  if (!calendar_) return std::nullopt;
  std::optional<LocalTime> local = calendar_->from_local(time->local_micros);
  if (!local && !time->has_time_of_day)
    return calendar_->bucket(Grain::kDay, calendar_->from_local(time->local_micros + 12 * 3600 * kSecond)->instant)
        .start;
  if (!local) {
    error(Code::not_a_date, literal.span,
          fmt::format("{} does not exist in {}: the clocks go forward then", literal.text, model_.calendar.zone));
    return std::nullopt;
  }
  return local->instant;
}

}  // namespace alidade
