// Numbers and times in other forms. Door: data_form.h.
#include "runtime/data_form.h"

#include <date/date.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace alidade {
namespace {

constexpr int64_t kMinuteMicros = 60'000'000;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
char folded(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

constexpr std::array<std::string_view, 12> kMonths = {"january",   "february", "march",    "april",
                                                      "may",       "june",     "july",     "august",
                                                      "september", "october",  "november", "december"};

/// What the directives of a pattern found.
struct Parts {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, micros = 0;
  bool has_hour = false, twelve = false, evening = false;
  std::optional<int64_t> offset;
};

class TimeReader {
 public:
  explicit TimeReader(std::string_view text) : text_(text) {}

  bool read(std::string_view pattern) {
    for (size_t i = 0; i < pattern.size(); ++i) {
      if (pattern[i] != '%') {
        if (!take(pattern[i])) return false;
      } else if (++i == pattern.size() || !directive(pattern[i])) {
        return false;
      }
    }
    return true;
  }
  bool done() const { return at_ == text_.size(); }
  const Parts& parts() const { return parts_; }

 private:
  bool take(char c) {
    if (done() || folded(text_[at_]) != folded(c)) return false;
    ++at_;
    return true;
  }

  /// 1 to `most` digits, or exactly `least` where least == most.
  bool number(int least, int most, int low, int high, int* value) {
    int digits = 0;
    for (*value = 0; digits < most && !done() && is_digit(text_[at_]); ++digits)
      *value = *value * 10 + (text_[at_++] - '0');
    return digits >= least && *value >= low && *value <= high;
  }

  bool fraction() {
    int unit = 100'000, digits = 0;
    for (; !done() && is_digit(text_[at_]); ++at_, ++digits, unit /= 10) {
      if (unit == 0 && text_[at_] != '0') return false;
      parts_.micros += unit * (text_[at_] - '0');
    }
    return digits > 0;
  }

  bool month_name() {
    for (size_t m = 0; m < kMonths.size(); ++m) {
      for (const size_t length : {kMonths[m].size(), size_t{3}}) {
        const std::string_view here = text_.substr(at_, length);
        const bool same = here.size() == length && std::equal(here.begin(), here.end(), kMonths[m].begin(),
                                                              [](char a, char b) { return folded(a) == b; });
        if (!same) continue;
        at_ += length;
        parts_.month = static_cast<int>(m) + 1;
        return true;
      }
    }
    return false;
  }

  bool offset() {
    if (take('Z')) {
      parts_.offset = 0;
      return true;
    }
    const bool east = take('+');
    int hours = 0, minutes = 0;
    if ((!east && !take('-')) || !number(2, 2, 0, 23, &hours)) return false;
    take(':');
    if (!number(2, 2, 0, 59, &minutes)) return false;
    parts_.offset = (east ? 1 : -1) * (hours * 60 + minutes) * kMinuteMicros;
    return true;
  }

  bool half_of_day() {
    parts_.evening = !done() && folded(text_[at_]) == 'p';
    return (take('a') || take('p')) && take('m');
  }

  bool directive(char letter) {
    switch (letter) {
      case 'Y':
        return number(4, 4, 1, 9999, &parts_.year);
      case 'y': {
        const bool read_two = number(2, 2, 0, 99, &parts_.year);
        parts_.year += parts_.year < 70 ? 2000 : 1900;
        return read_two;
      }
      case 'm':
        return number(1, 2, 1, 12, &parts_.month);
      case 'b':
      case 'B':
        return month_name();
      case 'd':
        return number(1, 2, 1, 31, &parts_.day);
      case 'H':
        parts_.has_hour = true;
        return number(1, 2, 0, 23, &parts_.hour);
      case 'I':
        parts_.has_hour = parts_.twelve = true;
        return number(1, 2, 1, 12, &parts_.hour);
      case 'p':
        return half_of_day();
      case 'M':
        return number(2, 2, 0, 59, &parts_.minute);
      case 'S':
        return number(2, 2, 0, 59, &parts_.second);
      case 'f':
        return fraction();
      case 'z':
        return offset();
      case 'T':
        return read("%H:%M:%S");
      case 'F':
        return read("%Y-%m-%d");
      default:
        return letter == '%' && take('%');
    }
  }

  std::string_view text_;
  size_t at_ = 0;
  Parts parts_;
};

/// Days since 1970-01-01; nullopt for a day that the month does not have.
std::optional<int64_t> days_of(const Parts& parts) {
  const date::year_month_day day{date::year{parts.year}, date::month{static_cast<unsigned>(parts.month)},
                                 date::day{static_cast<unsigned>(parts.day)}};
  if (!day.ok()) return std::nullopt;
  return date::sys_days{day}.time_since_epoch().count();
}

}  // namespace

bool DataForm::means_missing(std::string_view text) const {
  return std::any_of(missing.begin(), missing.end(), [&](const std::string& word) { return word == text; });
}

std::optional<std::string_view> plain_number(std::string_view text, const DataForm& form, std::string* buffer) {
  if (form.plain_numbers()) return text;
  buffer->clear();
  int group = -1;  // digits since the last separator; -1: none yet
  size_t at = 0;
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) buffer->append(1, text[at++]);
  const size_t first = at;
  for (; at < text.size() && text[at] != form.decimal; ++at) {
    if (text[at] == form.thousands && form.thousands != 0) {
      const bool good = at > first && (group == -1 ? at - first <= 3 : group == 3);
      if (!good) return std::nullopt;
      group = 0;
      continue;
    }
    if (text[at] == '.' || text[at] == ',') return std::nullopt;
    if (group >= 0) ++group;
    *buffer += text[at];
  }
  if (group >= 0 && group != 3) return std::nullopt;
  if (at == text.size()) return *buffer;
  *buffer += '.';
  for (++at; at < text.size(); ++at) {
    if (text[at] == '.' || text[at] == ',') return std::nullopt;
    *buffer += text[at];
  }
  return *buffer;
}

std::optional<ParsedTime> parse_time_as(std::string_view text, std::string_view pattern) {
  TimeReader reader(text);
  if (!reader.read(pattern) || !reader.done()) return std::nullopt;
  const Parts& parts = reader.parts();
  const std::optional<int64_t> days = days_of(parts);
  if (!days) return std::nullopt;
  const int hour = parts.twelve ? parts.hour % 12 + (parts.evening ? 12 : 0) : parts.hour;
  ParsedTime time;
  time.local_micros =
      ((*days * 24 + hour) * 60 + parts.minute) * kMinuteMicros + parts.second * int64_t{1'000'000} + parts.micros;
  time.offset_micros = parts.offset;
  time.has_time_of_day = parts.has_hour;
  return time;
}

std::string pattern_problem(std::string_view pattern) {
  int years = 0, months = 0, days = 0;
  for (size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] != '%') continue;
    const char letter = ++i < pattern.size() ? pattern[i] : ' ';
    if (std::string_view("YymbBdHIpMSfzTF%").find(letter) == std::string_view::npos) {
      return fmt::format("%{} is none of %Y %y %m %d %b %B %H %I %p %M %S %f %z %T %F", letter);
    }
    years += letter == 'Y' || letter == 'y' || letter == 'F';
    months += letter == 'm' || letter == 'b' || letter == 'B' || letter == 'F';
    days += letter == 'd' || letter == 'F';
  }
  if (years == 1 && months == 1 && days == 1) return "";
  return "it needs a year (%Y), a month (%m) and a day (%d), as in \"%d.%m.%Y\"";
}

}  // namespace alidade
