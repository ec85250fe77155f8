// The words of the plan's text. See words.h.
#include "compiler/plan/words.h"

#include <algorithm>
#include <charconv>

namespace alidade {

template <>
const std::vector<EnumWord<FieldKind>>& enum_words() {
  static const std::vector<EnumWord<FieldKind>> words = {
      {FieldKind::kInteger, "integer"},   {FieldKind::kDecimal, "decimal"},     {FieldKind::kNumber, "number"},
      {FieldKind::kDuration, "duration"}, {FieldKind::kTimestamp, "timestamp"}, {FieldKind::kText, "text"},
      {FieldKind::kBoolean, "bool"},      {FieldKind::kOneOf, "one_of"},
  };
  return words;
}

template <>
const std::vector<EnumWord<Grain>>& enum_words() {
  static const std::vector<EnumWord<Grain>> words = {
      {Grain::kSecond, "second"},
      {Grain::kMinute, "minute"},
      {Grain::kHour, "hour"},
      {Grain::kDay, "day"},
      {Grain::kWeek, "week"},
      {Grain::kMonth, "month"},
      {Grain::kQuarter, "quarter"},
      {Grain::kYear, "year"},
      {Grain::kFiscalQuarter, "fiscal_quarter"},
      {Grain::kFiscalYear, "fiscal_year"},
      {Grain::kWhole, "all"},
  };
  return words;
}

template <>
const std::vector<EnumWord<OpKind>>& enum_words() {
  static const std::vector<EnumWord<OpKind>> words = {
      {OpKind::kColumn, "column"},
      {OpKind::kConst, "const"},
      {OpKind::kNegate, "negate"},
      {OpKind::kAdd, "+"},
      {OpKind::kSubtract, "-"},
      {OpKind::kMultiply, "*"},
      {OpKind::kScaleUp, "scale_up"},
      {OpKind::kToFloat, "to_float"},
      {OpKind::kDivide, "/"},
      {OpKind::kQuotient, "quotient"},
      {OpKind::kEqual, "=="},
      {OpKind::kNotEqual, "!="},
      {OpKind::kLess, "<"},
      {OpKind::kLessEqual, "<="},
      {OpKind::kGreater, ">"},
      {OpKind::kGreaterEqual, ">="},
      {OpKind::kCodeIn, "in"},
      {OpKind::kAnd, "and"},
      {OpKind::kOr, "or"},
      {OpKind::kNot, "not"},
      {OpKind::kIsValid, "valid"},
      {OpKind::kSelect, "if"},
      {OpKind::kGreatest, "greatest"},
      {OpKind::kLeast, "least"},
      {OpKind::kRoundExact, "round_exact"},
      {OpKind::kRoundFloat, "round_float"},
      {OpKind::kCoalesce, "coalesce"},
  };
  return words;
}

template <>
const std::vector<EnumWord<OpType>>& enum_words() {
  static const std::vector<EnumWord<OpType>> words = {
      {OpType::kExact, "exact"}, {OpType::kFloat, "float"}, {OpType::kBool, "bool"}, {OpType::kCode, "code"}};
  return words;
}

template <>
const std::vector<EnumWord<al_accumulator_kind>>& enum_words() {
  static const std::vector<EnumWord<al_accumulator_kind>> words = {
      {AL_COUNT, "count"},
      {AL_SUM_EXACT, "sum_exact"},
      {AL_SUM_FLOAT, "sum_float"},
      {AL_SUM_PLAIN, "sum_plain"},
      {AL_MIN_EXACT, "min_exact"},
      {AL_MAX_EXACT, "max_exact"},
      {AL_MIN_FLOAT, "min_float"},
      {AL_MAX_FLOAT, "max_float"},
      {AL_VALUES_EXACT, "values_exact"},
      {AL_VALUES_FLOAT, "values_float"},
      {AL_VALUES_KEY, "values_key"},
      {AL_FIRST_EXACT, "first_exact"},
      {AL_LAST_EXACT, "last_exact"},
      {AL_FIRST_FLOAT, "first_float"},
      {AL_LAST_FLOAT, "last_float"},
      {AL_FIRST_ROW, "first_row"},
      {AL_LAST_ROW, "last_row"},
      {AL_MOMENTS_EXACT, "moments_exact"},
      {AL_MOMENTS_FLOAT, "moments_float"},
  };
  return words;
}

template <>
const std::vector<EnumWord<FormulaKind>>& enum_words() {
  static const std::vector<EnumWord<FormulaKind>> words = {
      {FormulaKind::kConst, "const"},
      {FormulaKind::kCell, "cell"},
      {FormulaKind::kEntityCell, "entity_cell"},
      {FormulaKind::kUnique, "unique_keys"},
      {FormulaKind::kRate, "rate"},
      {FormulaKind::kNegate, "negate"},
      {FormulaKind::kAdd, "+"},
      {FormulaKind::kSubtract, "-"},
      {FormulaKind::kMultiply, "*"},
      {FormulaKind::kDivide, "/"},
      {FormulaKind::kEqual, "=="},
      {FormulaKind::kNotEqual, "!="},
      {FormulaKind::kLess, "<"},
      {FormulaKind::kLessEqual, "<="},
      {FormulaKind::kGreater, ">"},
      {FormulaKind::kGreaterEqual, ">="},
      {FormulaKind::kAnd, "and"},
      {FormulaKind::kOr, "or"},
      {FormulaKind::kNot, "not"},
      {FormulaKind::kIf, "if"},
      {FormulaKind::kGreatest, "greatest"},
      {FormulaKind::kLeast, "least"},
      {FormulaKind::kRound, "round"},
      {FormulaKind::kCoalesce, "coalesce"},
      {FormulaKind::kRated, "rated"},
      {FormulaKind::kOver, "over"},
      {FormulaKind::kAt, "at"},
      {FormulaKind::kCollapseTime, "per_time"},
      {FormulaKind::kCollapseEntity, "per_entity"},
      {FormulaKind::kCollapseDimension, "per_dimension"},
  };
  return words;
}

template <>
const std::vector<EnumWord<Finish>>& enum_words() {
  static const std::vector<EnumWord<Finish>> words = {
      {Finish::kCount, "count"},       {Finish::kSum, "sum"},       {Finish::kMean, "mean"},
      {Finish::kMin, "min"},           {Finish::kMax, "max"},       {Finish::kPercentile, "percentile"},
      {Finish::kUnique, "unique"},     {Finish::kFirst, "first"},   {Finish::kLast, "last"},
      {Finish::kVariance, "variance"}, {Finish::kStddev, "stddev"},
  };
  return words;
}

template <>
const std::vector<EnumWord<ShownKind>>& enum_words() {
  static const std::vector<EnumWord<ShownKind>> words = {
      {ShownKind::kInteger, "integer"},   {ShownKind::kDecimal, "decimal"},     {ShownKind::kNumber, "number"},
      {ShownKind::kRatio, "ratio"},       {ShownKind::kPercent, "percent"},     {ShownKind::kMoney, "money"},
      {ShownKind::kDuration, "duration"}, {ShownKind::kTimestamp, "timestamp"}, {ShownKind::kBoolean, "bool"},
      {ShownKind::kText, "text"},
  };
  return words;
}

std::string exact_text(int128 value) {
  const bool negative = value < 0;
  uint128 rest = negative ? uint128{0} - static_cast<uint128>(value) : static_cast<uint128>(value);
  std::string digits;
  do {
    digits.push_back(static_cast<char>('0' + static_cast<int>(rest % 10)));
    rest /= 10;
  } while (rest != 0);
  if (negative) digits.push_back('-');
  std::reverse(digits.begin(), digits.end());
  return digits;
}

std::optional<int128> exact_from_text(std::string_view text) {
  const bool negative = !text.empty() && text.front() == '-';
  if (negative) text.remove_prefix(1);
  if (text.empty() || text.size() > 39) return std::nullopt;
  uint128 value = 0;
  for (const char digit : text) {
    if (digit < '0' || digit > '9') return std::nullopt;
    const uint128 next = value * 10 + static_cast<uint128>(digit - '0');
    if (next / 10 != value) return std::nullopt;
    value = next;
  }
  const uint128 limit = (uint128{1} << 127) - (negative ? 0 : 1);
  if (value > limit) return std::nullopt;
  return static_cast<int128>(negative ? uint128{0} - value : value);
}

std::string number_text(double value) {
  char buffer[64];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value);
  return std::string(buffer, end.ptr);
}

std::optional<double> number_from_text(std::string_view text) {
  double value = 0;
  const auto end = std::from_chars(text.data(), text.data() + text.size(), value);
  if (end.ec != std::errc() || end.ptr != text.data() + text.size()) return std::nullopt;
  return value;
}

std::string quoted(std::string_view text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '\n') {
      result += "\\n";
      continue;
    }
    if (c == '"' || c == '\\') result.push_back('\\');
    result.push_back(c);
  }
  result.push_back('"');
  return result;
}

std::string name_text(std::string_view name) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  const bool plain = !name.empty() && letter(name.front()) && std::all_of(name.begin(), name.end(), [&](char c) {
    return letter(c) || c == '.' || (c >= '0' && c <= '9');
  });
  return plain ? std::string(name) : quoted(name);
}

std::optional<std::vector<PlanWord>> words_of(std::string_view line) {
  std::vector<PlanWord> words;
  size_t at = 0;
  while (at < line.size()) {
    if (line[at] == ' ') {
      ++at;
      continue;
    }
    PlanWord word;
    if (line[at] == '"') {
      word.is_quoted = true;
      for (++at; at < line.size() && line[at] != '"'; ++at) {
        if (line[at] != '\\') {
          word.text.push_back(line[at]);
          continue;
        }
        if (++at == line.size()) return std::nullopt;
        word.text.push_back(line[at] == 'n' ? '\n' : line[at]);
      }
      if (at == line.size()) return std::nullopt;
      ++at;
    } else {
      while (at < line.size() && line[at] != ' ') word.text.push_back(line[at++]);
    }
    words.push_back(std::move(word));
  }
  return words;
}

}  // namespace alidade
