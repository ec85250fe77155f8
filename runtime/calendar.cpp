// Calendar arithmetic on the local clock. Door: calendar.h. Local times are microseconds since 1970-01-01 00:00 on the
// wall clock; a "local floor" is the wall-clock reading at which a bucket nominally starts.
#include "runtime/calendar.h"

#include <date/date.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <numeric>

#include "runtime/zone.h"

namespace alidade {
namespace {

constexpr int64_t kSecond = 1'000'000;
constexpr int64_t kMinute = 60 * kSecond;
constexpr int64_t kHour = 60 * kMinute;
constexpr int64_t kDay = 24 * kHour;
// Instants are clamped to years 1 to 9998, so that no arithmetic on them overflows.
constexpr int64_t kEarliest = -719'162 * kDay;
constexpr int64_t kLatest = 2'932'531 * kDay;

int64_t floor_to(int64_t value, int64_t unit) {
  const int64_t rest = value % unit;
  return value - (rest < 0 ? rest + unit : rest);
}

struct Civil {
  int64_t month;  // months since year 0
  int day;        // 1 …
};

Civil civil(int64_t local) {
  const date::year_month_day ymd{date::sys_days{date::days{floor_to(local, kDay) / kDay}}};
  return {int64_t{static_cast<int>(ymd.year())} * 12 + static_cast<unsigned>(ymd.month()) - 1,
          static_cast<int>(static_cast<unsigned>(ymd.day()))};
}

int64_t year_of(int64_t month) { return floor_to(month, 12) / 12; }
int month_of(int64_t month) { return static_cast<int>(month - floor_to(month, 12)) + 1; }

date::year_month year_month(int64_t month) {
  return date::year{static_cast<int>(year_of(month))} / date::month{static_cast<unsigned>(month_of(month))};
}

int days_in(int64_t month) { return static_cast<int>(static_cast<unsigned>((year_month(month) / date::last).day())); }

int64_t month_start(int64_t month) {
  return int64_t{date::sys_days{year_month(month) / 1}.time_since_epoch().count()} * kDay;
}

// A calendar period as months, days and elapsed time, of which one at most is not 0.
struct Shift {
  int64_t months = 0, days = 0, micros = 0;
};

// Counts are capped far beyond the valid years, which keeps the products in range.
Shift shift_of(Period period) {
  const int64_t n = std::clamp<int64_t>(period.count, -1'000'000'000'000, 1'000'000'000'000);
  const int64_t months = std::clamp<int64_t>(n, -100'000, 100'000),
                days = std::clamp<int64_t>(n, -4'000'000, 4'000'000);
  switch (period.unit) {
    case Grain::kSecond:
      return {0, 0, n * kSecond};
    case Grain::kMinute:
      return {0, 0, std::clamp<int64_t>(n, -10'000'000'000, 10'000'000'000) * kMinute};
    case Grain::kHour:
      return {0, 0, std::clamp<int64_t>(n, -100'000'000, 100'000'000) * kHour};
    case Grain::kDay:
      return {0, days, 0};
    case Grain::kWeek:
      return {0, days * 7, 0};
    case Grain::kMonth:
      return {months, 0, 0};
    case Grain::kQuarter:
    case Grain::kFiscalQuarter:
      return {months * 3, 0, 0};
    case Grain::kYear:
    case Grain::kFiscalYear:
      return {months * 12, 0, 0};
    case Grain::kWhole:
      return {};
  }
  return {};
}

// Months of a bucket; 0 for grains that are no whole number of months.
int64_t months_in(Grain grain) {
  switch (grain) {
    case Grain::kMonth:
      return 1;
    case Grain::kQuarter:
    case Grain::kFiscalQuarter:
      return 3;
    case Grain::kYear:
    case Grain::kFiscalYear:
      return 12;
    case Grain::kSecond:
    case Grain::kMinute:
    case Grain::kHour:
    case Grain::kDay:
    case Grain::kWeek:
    case Grain::kWhole:
      return 0;
  }
  return 0;
}

// A local time moved back. Only months can meet a day that does not exist; it clamps or is nothing.
std::optional<int64_t> shifted(int64_t local, const Shift& shift, bool clamp) {
  if (shift.months == 0) return std::clamp(local - shift.days * kDay, kEarliest, kLatest);
  const Civil from = civil(local);
  const int64_t month = from.month - shift.months;
  if (year_of(month) < 1) return kEarliest;
  if (year_of(month) > 9998) return kLatest;
  const int last = days_in(month);
  if (from.day > last && !clamp) return std::nullopt;
  return month_start(month) + (std::min(from.day, last) - 1) * kDay + (local - floor_to(local, kDay));
}

struct GrainWord {
  Grain grain;
  const char* one;
  const char* many;
};
constexpr std::array<GrainWord, 11> kGrainWords = {{{Grain::kSecond, "second", "seconds"},
                                                    {Grain::kMinute, "minute", "minutes"},
                                                    {Grain::kHour, "hour", "hours"},
                                                    {Grain::kDay, "day", "days"},
                                                    {Grain::kWeek, "week", "weeks"},
                                                    {Grain::kMonth, "month", "months"},
                                                    {Grain::kQuarter, "quarter", "quarters"},
                                                    {Grain::kYear, "year", "years"},
                                                    {Grain::kFiscalQuarter, "fiscal quarter", "fiscal quarters"},
                                                    {Grain::kFiscalYear, "fiscal year", "fiscal years"},
                                                    {Grain::kWhole, "all", "all"}}};

}  // namespace

const char* grain_word(Grain grain) { return kGrainWords[static_cast<size_t>(grain)].one; }

std::optional<Grain> grain_from_word(std::string_view word) {
  for (const GrainWord& known : kGrainWords) {
    if (known.grain != Grain::kWhole && (word == known.one || word == known.many)) return known.grain;
  }
  return std::nullopt;
}

std::optional<Grain> fiscal_grain(Grain grain) {
  if (grain == Grain::kQuarter) return Grain::kFiscalQuarter;
  return grain == Grain::kYear ? std::optional(Grain::kFiscalYear) : std::nullopt;
}

Grain common_grain(Grain a, Grain b) {
  if (a > b) std::swap(a, b);
  if (b == Grain::kWhole || a == b || a <= Grain::kDay) return a;
  if (a == Grain::kWeek) return Grain::kDay;
  const bool fiscal_only_one = a < Grain::kFiscalQuarter && b >= Grain::kFiscalQuarter;
  // Fiscal quarters may start in any month, so with calendar quarters and years they share months only.
  return fiscal_only_one ? Grain::kMonth : a;
}

bool can_move(Grain grain, Period period) {
  const Shift shift = shift_of(period);
  const int64_t months = months_in(grain);
  if (months > 0) return shift.days == 0 && shift.months % months == 0;
  if (grain == Grain::kWeek) return shift.months == 0 && shift.days % 7 == 0;
  return true;
}

struct Calendar::State {
  CalendarSpec spec;
  ZoneTable zone;

  size_t segment(Instant at) const {
    return static_cast<size_t>(std::upper_bound(zone.starts.begin() + 1, zone.starts.end(), at) - zone.starts.begin()) -
           1;
  }
  Instant segment_start(size_t i) const { return zone.starts[i]; }
  Instant segment_end(size_t i) const { return i + 1 < zone.starts.size() ? zone.starts[i + 1] : kMaxInstant; }
  int64_t to_local(Instant at) const { return at + zone.offsets[segment(at)]; }
  /// The same, but a day that begins after a skipped midnight reads that midnight: an edge of days moves as one.
  int64_t local_edge(Instant at) const {
    const int64_t midnight = local_floor(Grain::kDay, to_local(at));
    return first_at(midnight) == at ? midnight : to_local(at);
  }

  std::optional<LocalTime> from_local(int64_t local) const;
  Instant first_at(int64_t local) const;
  int64_t local_floor(Grain grain, int64_t local) const;
  int64_t next_floor(Grain grain, int64_t floor) const;
  int64_t fiscal_year_start(int64_t month) const {
    return floor_to(month - (spec.year_start - 1), 12) + (spec.year_start - 1);
  }
};

std::optional<LocalTime> Calendar::State::from_local(int64_t local) const {
  // Offsets are below a day, so only the segments within a day of the same reading in UTC can hold the instant.
  std::optional<LocalTime> found;
  for (size_t i = segment(local - kDay), last = segment(local + kDay); i <= last; ++i) {
    const Instant at = local - zone.offsets[i];
    if (at < segment_start(i) || at >= segment_end(i)) continue;
    if (found) {
      found->ambiguous = true;
      break;
    }
    found = LocalTime{at, false};
  }
  return found;
}

// The (earlier) instant of a local time; in a gap the first instant after it.
Instant Calendar::State::first_at(int64_t local) const {
  if (const auto time = from_local(local)) return time->instant;
  for (size_t i = segment(local - kDay) + 1;; ++i) {
    ALIDADE_CHECK(i < zone.starts.size());
    if (local - zone.offsets[i] < zone.starts[i]) return zone.starts[i];
  }
}

int64_t Calendar::State::local_floor(Grain grain, int64_t local) const {
  switch (grain) {
    case Grain::kSecond:
      return floor_to(local, kSecond);
    case Grain::kMinute:
      return floor_to(local, kMinute);
    case Grain::kHour:
      return floor_to(local, kHour);
    case Grain::kDay:
      return floor_to(local, kDay);
    case Grain::kWeek: {
      const int64_t to_monday = (4 - spec.week_start) * kDay;  // 1970-01-01 was a Thursday
      return floor_to(local + to_monday, 7 * kDay) - to_monday;
    }
    case Grain::kMonth:
      return month_start(civil(local).month);
    case Grain::kQuarter:
      return month_start(floor_to(civil(local).month, 3));
    case Grain::kYear:
      return month_start(floor_to(civil(local).month, 12));
    case Grain::kFiscalQuarter: {
      const int64_t month = civil(local).month, year = fiscal_year_start(month);
      return month_start(year + floor_to(month - year, 3));
    }
    case Grain::kFiscalYear:
      return month_start(fiscal_year_start(civil(local).month));
    case Grain::kWhole:
      break;
  }
  ALIDADE_CHECK(grain != Grain::kWhole);
  return local;
}

int64_t Calendar::State::next_floor(Grain grain, int64_t floor) const {
  if (grain == Grain::kDay) return floor + kDay;
  if (grain == Grain::kWeek) return floor + 7 * kDay;
  return month_start(civil(floor).month + months_in(grain));
}

Result<Calendar> Calendar::open(const CalendarSpec& spec) {
  auto zone = load_zone(spec.zone);
  if (!zone.ok()) return zone.error();
  return Calendar(std::make_shared<State>(State{spec, std::move(*zone)}));
}

const CalendarSpec& Calendar::spec() const { return state_->spec; }
std::string Calendar::tz_version() { return zone_database_version(); }

Interval Calendar::bucket(Grain grain, Instant at) const {
  at = std::clamp(at, kEarliest, kLatest);
  const size_t segment = state_->segment(at);
  const int64_t local = at + state_->zone.offsets[segment];
  int64_t floor = state_->local_floor(grain, local);
  if (grain <= Grain::kHour) {
    // Cut at the changes of the clock: a repeated hour is two buckets, and a shift by half an hour makes short ones.
    const int64_t unit = grain == Grain::kHour ? kHour : grain == Grain::kMinute ? kMinute : kSecond;
    const Instant start = floor - state_->zone.offsets[segment];
    return {std::max(start, state_->segment_start(segment)), std::min(start + unit, state_->segment_end(segment))};
  }
  int64_t next = state_->next_floor(grain, floor);
  Interval bucket{state_->first_at(floor), state_->first_at(next)};
  // Where the clock goes back over midnight, the old day's minutes after it belong to the new day, which has begun.
  while (at >= bucket.end) {
    floor = next;
    next = state_->next_floor(grain, floor);
    bucket = {bucket.end, state_->first_at(next)};
  }
  return bucket;
}

Grain Calendar::elapsed_grain(Grain grain) const {
  if (grain != Grain::kHour && grain != Grain::kMinute) return grain;
  const ZoneTable& zone = state_->zone;
  int64_t finest = kHour;
  for (size_t i = state_->segment(0) + 1; i < zone.starts.size(); ++i)
    finest = std::gcd(finest, zone.offsets[i] - zone.offsets[i - 1]);
  if (finest % kMinute != 0) return Grain::kSecond;
  return finest == kHour ? grain : Grain::kMinute;
}

Instant Calendar::back(Instant end, Period period) const {
  if (end == kMinInstant || end == kMaxInstant || period.count == 0) return end;
  const Shift shift = shift_of(period);
  end = std::clamp(end, kEarliest, kLatest);
  if (shift.micros != 0) return std::clamp(end - shift.micros, kEarliest, kLatest);
  return state_->first_at(*shifted(state_->local_edge(end), shift, true));
}

std::optional<Interval> Calendar::offset(Grain grain, Interval bucket, Period period) const {
  if (period.count == 0) return bucket;
  const Shift shift = shift_of(period);
  if (grain == Grain::kWhole) {
    Interval moved = bucket;
    for (Instant* end : {&moved.start, &moved.end}) {
      if (*end == kMinInstant || *end == kMaxInstant) continue;
      if (shift.micros != 0) {
        *end = std::clamp(*end - shift.micros, kEarliest, kLatest);
        continue;
      }
      const auto local = shifted(state_->local_edge(*end), shift, false);
      if (!local) return std::nullopt;
      *end = state_->first_at(*local);
    }
    return moved;
  }
  if (!can_move(grain, period)) return std::nullopt;
  if (shift.micros != 0) {
    const Instant start = std::clamp(bucket.start - shift.micros, kEarliest, kLatest);
    const Interval moved = this->bucket(grain, start);
    const bool whole = moved.start == start && (grain <= Grain::kHour || moved.end == bucket.end - shift.micros);
    return whole ? std::optional(moved) : std::nullopt;
  }
  const int64_t floor = state_->local_floor(grain, state_->to_local(bucket.start));
  const auto wanted = shifted(floor, shift, false);
  if (!wanted) return std::nullopt;
  const Interval moved = this->bucket(grain, state_->first_at(*wanted));
  // A day or an hour that the clock skipped altogether leads to the one after it, which is not the one wanted.
  if (state_->local_floor(grain, state_->to_local(moved.start)) != *wanted) return std::nullopt;
  return moved;
}

// How many weeks before the week of `at` the one with its number lies in the year before.
std::optional<int64_t> Calendar::weeks_to_same_week(Instant at) const {
  constexpr int64_t kWeek = 7 * kDay;
  const int64_t week = state_->local_floor(Grain::kWeek, state_->local_edge(std::clamp(at, kEarliest, kLatest)));
  const int64_t january = civil(week + 3 * kDay).month / 12 * 12;  // a week is of the year of its fourth day
  auto first_week = [&](int64_t month) { return state_->local_floor(Grain::kWeek, month_start(month) + 3 * kDay); };
  const int64_t partner = first_week(january - 12) + (week - first_week(january));
  if (partner >= first_week(january)) return std::nullopt;
  return (week - partner) / kWeek;
}

std::optional<Interval> Calendar::offset(Grain grain, Interval bucket, const Offset& offset) const {
  switch (offset.kind) {
    case OffsetKind::kHere:
      return bucket;
    case OffsetKind::kAgo:
      return this->offset(grain, bucket, offset.period);
    case OffsetKind::kSameWeek:
      break;
  }
  const auto weeks = weeks_to_same_week(bucket.start);
  if (!weeks || (grain == Grain::kWhole && weeks_to_same_week(bucket.end - 1) != weeks)) return std::nullopt;
  return this->offset(grain, bucket, Period{*weeks, Grain::kWeek});
}

// Days since 1970 of the day that holds an instant.
int64_t Calendar::day_number(Instant at) const {
  return floor_to(state_->local_edge(bucket(Grain::kDay, at).start), kDay) / kDay;
}

std::optional<Instant> Calendar::elapsed_end(Interval bucket, Instant until, Interval other) const {
  const int64_t days = day_number(until) - day_number(bucket.start);
  if (days <= 0) return std::nullopt;
  return std::min(first_at((day_number(other.start) + days) * kDay), other.end);
}

std::optional<LocalTime> Calendar::from_local(int64_t local_micros) const {
  if (local_micros < kEarliest || local_micros > kLatest) return std::nullopt;
  return state_->from_local(local_micros);
}

Instant Calendar::first_at(int64_t local_micros) const {
  return state_->first_at(std::clamp(local_micros, kEarliest, kLatest));
}

int64_t Calendar::to_local(Instant at) const { return state_->to_local(std::clamp(at, kEarliest, kLatest)); }

std::string Calendar::label(Grain grain, Instant start) const {
  start = std::clamp(start, kEarliest, kLatest);
  const int64_t local = state_->to_local(start);
  const Civil at = civil(local);
  const int64_t year = year_of(at.month), second = (local - floor_to(local, kDay)) / kSecond;
  const std::string day = fmt::format("{:04}-{:02}-{:02}", year, month_of(at.month), at.day);
  const int64_t fiscal = state_->fiscal_year_start(at.month);
  const int64_t fiscal_year = year_of(fiscal + 11);  // a fiscal year is named by the year in which it ends
  switch (grain) {
    case Grain::kSecond:
    case Grain::kMinute:
    case Grain::kHour: {
      std::string text = fmt::format("{} {:02}:{:02}", day, second / 3600, second / 60 % 60);
      if (grain == Grain::kSecond) text += fmt::format(":{:02}", second % 60);
      const auto time = state_->from_local(local);
      if (!time || !time->ambiguous) return text;
      const int64_t minutes = (local - start) / kMinute;
      return text +
             fmt::format("{}{:02}:{:02}", minutes < 0 ? '-' : '+', std::abs(minutes) / 60, std::abs(minutes) % 60);
    }
    case Grain::kDay:
    case Grain::kWeek:
      return day;
    case Grain::kMonth:
      return day.substr(0, 7);
    case Grain::kQuarter:
      return fmt::format("{:04}-Q{}", year, (month_of(at.month) - 1) / 3 + 1);
    case Grain::kYear:
      return fmt::format("{:04}", year);
    case Grain::kFiscalQuarter:
      return fmt::format("FY{:04}-Q{}", fiscal_year, (at.month - fiscal) / 3 + 1);
    case Grain::kFiscalYear:
      return fmt::format("FY{:04}", fiscal_year);
    case Grain::kWhole:
      return grain_word(grain);
  }
  return day;
}

namespace {

// A cursor over text of a fixed form.
class TimeText {
 public:
  explicit TimeText(std::string_view text) : text_(text) {}
  bool done() const { return at_ == text_.size(); }
  bool take(char c) {
    if (done() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  bool digit() const { return !done() && text_[at_] >= '0' && text_[at_] <= '9'; }
  bool number(int width, int64_t low, int64_t high, int64_t* value) {
    *value = 0;
    for (int i = 0; i < width; ++i) {
      if (!digit()) return false;
      *value = *value * 10 + (text_[at_++] - '0');
    }
    return *value >= low && *value <= high;
  }
  // Digits after the point as microseconds; further digits must be zeros.
  bool fraction(int64_t* micros) {
    if (!digit()) return false;
    int64_t unit = 100'000;
    for (*micros = 0; digit(); unit /= 10) {
      const int value = text_[at_++] - '0';
      if (unit == 0 && value != 0) return false;
      *micros += unit * value;
    }
    return true;
  }

 private:
  std::string_view text_;
  size_t at_ = 0;
};

bool parse_offset(TimeText& text, std::optional<int64_t>* offset) {
  if (text.done()) return true;
  if (text.take('Z')) {
    *offset = 0;
    return text.done();
  }
  const bool east = text.take('+');
  if (!east && !text.take('-')) return false;
  int64_t hours = 0, minutes = 0;
  if (!text.number(2, 0, 23, &hours)) return false;
  if (!text.done()) {
    text.take(':');
    if (!text.number(2, 0, 59, &minutes)) return false;
  }
  *offset = (east ? 1 : -1) * (hours * kHour + minutes * kMinute);
  return text.done();
}

}  // namespace

std::optional<ParsedTime> parse_time(std::string_view input) {
  TimeText text(input);
  int64_t year, month, day, hour, minute, second = 0, micros = 0;
  if (!text.number(4, 1, 9999, &year) || !text.take('-') || !text.number(2, 1, 12, &month) || !text.take('-') ||
      !text.number(2, 1, days_in(year * 12 + month - 1), &day)) {
    return std::nullopt;
  }
  ParsedTime time;
  time.local_micros = month_start(year * 12 + month - 1) + (day - 1) * kDay;
  if (text.done()) return time;
  if (!text.take(' ') && !text.take('T')) return std::nullopt;
  if (!text.number(2, 0, 23, &hour) || !text.take(':') || !text.number(2, 0, 59, &minute)) return std::nullopt;
  if (text.take(':')) {
    if (!text.number(2, 0, 59, &second)) return std::nullopt;
    if (text.take('.') && !text.fraction(&micros)) return std::nullopt;
  }
  if (!parse_offset(text, &time.offset_micros)) return std::nullopt;
  time.local_micros += hour * kHour + minute * kMinute + second * kSecond + micros;
  time.has_time_of_day = true;
  return time;
}

}  // namespace alidade
