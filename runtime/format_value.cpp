// A cell's value as text. Door: format_value.h.
#include "runtime/format_value.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <string_view>

namespace alidade {
namespace {

constexpr int kMostDigits = 6;  // of a number nobody gave a format
constexpr int kRatioDigits = 4;
constexpr int kPercentDigits = 2;
constexpr int kDurationDigits = 2;

int128 power_of_ten(int exponent) {
  int128 power = 1;
  for (int i = 0; i < exponent; ++i) power *= 10;
  return power;
}

/// value × 10^-scale to `digits` (< scale) digits after the point, ties to even.
int128 round_to(int128 value, int scale, int digits) {
  const int128 divisor = power_of_ten(scale - digits);
  const int128 rest = value % divisor;
  const int128 size = rest < 0 ? -rest : rest;
  int128 quotient = value / divisor;
  const int128 to_next = divisor - size;
  if (size > to_next || (size == to_next && quotient % 2 != 0)) quotient += value < 0 ? -1 : 1;
  return quotient;
}

std::string strip_zeros(std::string text) {
  if (text.find('.') == std::string::npos) return text;
  while (text.back() == '0') text.pop_back();
  if (text.back() == '.') text.pop_back();
  return text;
}

/// "-0.00" reads as a mistake.
std::string strip_minus_of_zero(std::string text) {
  if (text.size() > 1 && text[0] == '-' && text.find_first_not_of("-0.") == std::string::npos) text.erase(0, 1);
  return text;
}

/// How a number is cut: exactly `digits` after the point, or at most so many.
struct Digits {
  int digits = kMostDigits;
  bool fixed = false;
};

std::string text_of_double(double value, Digits digits) {
  const double size = std::fabs(value);
  if (!digits.fixed && size != 0 && (size >= 1e15 || size < 0.5 * std::pow(10.0, -digits.digits))) {
    return fmt::format("{:.6g}", value);
  }
  std::string text = fmt::format("{:.{}f}", value, digits.digits);
  return strip_minus_of_zero(digits.fixed ? text : strip_zeros(std::move(text)));
}

std::string text_of_exact(int128 value, int scale, Digits digits) {
  if (digits.digits < scale) {
    value = round_to(value, scale, digits.digits);
    scale = digits.digits;
  }
  std::string text = fixed_point_text(value, scale);
  if (digits.fixed && digits.digits > scale) {
    if (scale == 0) text += '.';
    text.append(static_cast<size_t>(digits.digits - scale), '0');
  }
  return digits.fixed ? text : strip_zeros(std::move(text));
}

double as_double(const CellValue& value, const MetricInfo& info) {
  if (const double* number = std::get_if<double>(&value.value)) return *number;
  const int128* exact = std::get_if<int128>(&value.value);
  return exact == nullptr ? 0 : static_cast<double>(*exact) / std::pow(10.0, info.scale);
}

/// As the metric's format says ("0.00", "0.0%"), else as many as its kind has, else `digits`.
Digits digits_of(const MetricInfo& info, Digits digits) {
  if (!info.format.empty()) {
    return {static_cast<int>(std::count(info.format.begin(), info.format.end(), '0')) - 1, true};
  }
  return info.shown_digits >= 0 ? Digits{info.shown_digits, true} : digits;
}

std::string text_of_number(const CellValue& value, const MetricInfo& info, Digits digits) {
  digits = digits_of(info, digits);
  if (const int128* exact = std::get_if<int128>(&value.value)) return text_of_exact(*exact, info.scale, digits);
  return text_of_double(as_double(value, info), digits);
}

std::string text_of_percent(const CellValue& value, const MetricInfo& info) {
  const Digits digits = digits_of(info, {kPercentDigits, false});
  const int128* exact = std::get_if<int128>(&value.value);
  if (exact != nullptr && info.scale >= 2) return text_of_exact(*exact, info.scale - 2, digits);
  return text_of_double(as_double(value, info) * 100, digits);
}

struct TimeUnit {
  const char* word;
  const char* plural;
  double micros;
};
constexpr TimeUnit kTimeUnits[] = {
    {"day", "days", 86400e6}, {"h", "h", 3600e6}, {"min", "min", 60e6},
    {"s", "s", 1e6},          {"ms", "ms", 1e3},  {"µs", "µs", 1},
};

/// In the largest unit of which there is at least one, after rounding: 59.999 s reads as 1 min.
std::string text_of_duration(const CellValue& value, const MetricInfo& info) {
  const double micros = as_double(value, info);
  if (micros == 0) return "0 s";
  const Digits digits = digits_of(info, {kDurationDigits, false});
  for (const TimeUnit& unit : kTimeUnits) {
    const double count = micros / unit.micros;
    if (std::fabs(count) < 1 && unit.micros > 1) continue;
    const TimeUnit* larger = &unit == kTimeUnits ? nullptr : &unit - 1;
    const std::string text = text_of_double(count, digits);
    const bool fills_larger =
        larger != nullptr && std::fabs(std::strtod(text.c_str(), nullptr)) * unit.micros >= larger->micros;
    const TimeUnit& chosen = fills_larger ? *larger : unit;
    const std::string shown = fills_larger ? text_of_double(micros < 0 ? -1 : 1, digits) : text;
    return shown + " " + (shown == "1" || shown == "-1" ? chosen.word : chosen.plural);
  }
  return "0 s";
}

/// Days since 1970-01-01 to year, month, day (proleptic Gregorian).
struct Civil {
  int64_t year = 0;
  int month = 0, day = 0;
};
Civil civil_of_days(int64_t days) {
  days += 719468;
  const int64_t era = (days >= 0 ? days : days - 146096) / 146097;
  const int64_t day_of_era = days - era * 146097;
  const int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int64_t shifted = (5 * day_of_year + 2) / 153;  // months from March
  const int month = static_cast<int>(shifted < 10 ? shifted + 3 : shifted - 9);
  return {year_of_era + era * 400 + (month <= 2 ? 1 : 0), month,
          static_cast<int>(day_of_year - (153 * shifted + 2) / 5 + 1)};
}

std::string text_of_timestamp(const CellValue& value, const MetricInfo& info, char separator) {
  const int128* exact = std::get_if<int128>(&value.value);
  const int64_t micros =
      exact != nullptr ? static_cast<int64_t>(*exact) : static_cast<int64_t>(std::nearbyint(as_double(value, info)));
  constexpr int64_t kDay = 86400LL * 1000000;
  const int64_t days = micros >= 0 ? micros / kDay : -((-micros + kDay - 1) / kDay);
  const int64_t rest = micros - days * kDay;
  const Civil civil = civil_of_days(days);
  const int64_t seconds = rest / 1000000;
  std::string text = fmt::format("{:04}-{:02}-{:02}{}{:02}:{:02}:{:02}", civil.year, civil.month, civil.day, separator,
                                 seconds / 3600, seconds / 60 % 60, seconds % 60);
  if (rest % 1000000 != 0) text += strip_zeros(fmt::format(".{:06}", rest % 1000000));
  return text + "Z";
}

std::string first_word(const std::string& text) { return text.substr(0, text.find(' ')); }

}  // namespace

std::string fixed_point_text(int128 value, int scale) {
  const bool negative = value < 0;
  uint128 size = negative ? -static_cast<uint128>(value) : static_cast<uint128>(value);
  std::string digits;
  do {
    digits.insert(digits.begin(), static_cast<char>('0' + static_cast<int>(size % 10)));
    size /= 10;
  } while (size != 0);
  if (scale < 0 && value != 0) digits.append(static_cast<size_t>(-scale), '0');
  if (scale > 0) {
    const size_t places = static_cast<size_t>(scale);
    if (digits.size() <= places) digits.insert(0, places + 1 - digits.size(), '0');
    digits.insert(digits.size() - places, 1, '.');
  }
  return (negative ? "-" : "") + digits;
}

int minor_digits(const std::string& currency) {
  static constexpr std::string_view kNone[] = {"BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG",
                                               "RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF"};
  static constexpr std::string_view kThree[] = {"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"};
  for (std::string_view code : kNone) {
    if (currency == code) return 0;
  }
  for (std::string_view code : kThree) {
    if (currency == code) return 3;
  }
  return 2;
}

bool shown_as_percent(const MetricInfo& info) {
  return info.format.empty() ? info.kind == ShownKind::kPercent : info.format.back() == '%';
}

std::string shown_number(const CellValue& value, const MetricInfo& info) {
  if (!value.defined()) return kUndefinedText;
  if (const bool* truth = std::get_if<bool>(&value.value)) return *truth ? "true" : "false";
  if (shown_as_percent(info)) return text_of_percent(value, info);
  switch (info.kind) {
    case ShownKind::kPercent:  // with a format that is none
    case ShownKind::kInteger:
    case ShownKind::kNumber:
    case ShownKind::kText:
    case ShownKind::kBoolean:
      return text_of_number(value, info, {kMostDigits, false});
    case ShownKind::kDecimal:
      return text_of_number(value, info, {info.exact ? info.scale : kMostDigits, info.exact});
    case ShownKind::kRatio:
      return text_of_number(value, info, {kRatioDigits, false});
    case ShownKind::kMoney:
      return text_of_number(value, info, {minor_digits(first_word(info.unit)), true});
    case ShownKind::kDuration:
      return text_of_duration(value, info);
    case ShownKind::kTimestamp:
      return text_of_timestamp(value, info, ' ');
  }
  return "";
}

std::string shown_value(const CellValue& value, const MetricInfo& info) {
  const std::string number = shown_number(value, info);
  if (!value.defined()) return number;
  if (shown_as_percent(info)) return number + "%";
  if (info.kind == ShownKind::kDuration) {
    const size_t per = info.unit.find("per ");
    return per == std::string::npos ? number : number + " " + info.unit.substr(per);
  }
  return info.unit.empty() ? number : number + " " + info.unit;
}

std::string exact_number(const CellValue& value, const MetricInfo& info) {
  if (!value.defined()) return "";
  if (const bool* truth = std::get_if<bool>(&value.value)) return *truth ? "true" : "false";
  if (info.kind == ShownKind::kTimestamp) return text_of_timestamp(value, info, 'T');
  if (const int128* exact = std::get_if<int128>(&value.value)) return strip_zeros(fixed_point_text(*exact, info.scale));
  char buffer[64];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, as_double(value, info));
  return {buffer, end.ptr};
}

std::string machine_unit(const MetricInfo& info) {
  if (info.kind != ShownKind::kDuration) return info.unit;
  const size_t per = info.unit.find("per ");
  return per == std::string::npos ? "us" : "us " + info.unit.substr(per);
}

}  // namespace alidade
