// Own bucketing. Door: local_calendar.h.
#include "compiler/reference/local_calendar.h"

#include <date/date.h>

#include <algorithm>

namespace alidade::reference {
namespace {

constexpr int64_t kSecond = 1000000;
constexpr int64_t kMinute = 60 * kSecond;
constexpr int64_t kHour = 60 * kMinute;
constexpr int64_t kDay = 24 * kHour;  // of local clock readings only

int64_t floor_divide(int64_t a, int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }

/// How a period moves: by elapsed time, by days on the local calendar, or by months.
enum class Step { kElapsed, kDays, kMonths };
struct StepSize {
  Step step;
  int64_t size;
};
StepSize step_of(Grain grain) {
  switch (grain) {
    case Grain::kSecond:
      return {Step::kElapsed, kSecond};
    case Grain::kMinute:
      return {Step::kElapsed, kMinute};
    case Grain::kHour:
      return {Step::kElapsed, kHour};
    case Grain::kDay:
      return {Step::kDays, 1};
    case Grain::kWeek:
      return {Step::kDays, 7};
    case Grain::kMonth:
      return {Step::kMonths, 1};
    case Grain::kQuarter:
    case Grain::kFiscalQuarter:
      return {Step::kMonths, 3};
    case Grain::kYear:
    case Grain::kFiscalYear:
      return {Step::kMonths, 12};
    case Grain::kWhole:
      break;
  }
  ALIDADE_CHECK(!"the whole range is no unit");
}

/// Months since the year 0, and the day of the month from 1.
struct MonthAndDay {
  int64_t month;
  int day;
};
MonthAndDay month_and_day(int64_t day) {
  const date::year_month_day date{date::sys_days(date::days(day))};
  return {static_cast<int>(date.year()) * 12ll + static_cast<int>(unsigned(date.month())) - 1,
          static_cast<int>(unsigned(date.day()))};
}
date::year_month year_month_of(int64_t month) {
  const int64_t year = floor_divide(month, 12);
  return date::year(static_cast<int>(year)) / date::month(static_cast<unsigned>(month - year * 12 + 1));
}
int last_day_of(int64_t month) {
  return static_cast<int>(unsigned(date::year_month_day_last(year_month_of(month) / date::last).day()));
}
int64_t day_of(int64_t month, int day) {
  return date::sys_days(year_month_of(month) / date::day(static_cast<unsigned>(day))).time_since_epoch().count();
}

}  // namespace

Result<LocalCalendar> LocalCalendar::open(const CalendarSpec& spec) {
  Result<ZoneTable> zone = load_zone(spec.zone);
  if (!zone.ok()) return zone.error();
  return LocalCalendar(spec, std::move(*zone));
}

/// Which run of one offset an instant lies in.
size_t LocalCalendar::clock_at(Instant at) const {
  size_t i = 0;
  while (i + 1 < zone_.starts.size() && zone_.starts[i + 1] <= at) ++i;
  return i;
}

/// The instant of a local reading: the earlier of two; for one that was skipped, the first instant after the gap.
Instant LocalCalendar::instant_of(int64_t local) const {
  for (size_t i = 0;; ++i) {
    const bool is_last = i + 1 == zone_.starts.size();
    const Instant at = local - zone_.offsets[i];
    if (!is_last && at >= zone_.starts[i + 1]) continue;  // read later than this offset lasts
    return std::max(at, zone_.starts[i]);                 // before it begins: the clock jumped over the reading
  }
}

/// What the local clock reads, except that the first instant of a day reads midnight where midnight was skipped.
int64_t LocalCalendar::day_reading(Instant at) const {
  const int64_t local = local_of(at);
  const int64_t midnight = floor_divide(local, kDay) * kDay;
  return instant_of(midnight) == at ? midnight : local;
}

/// A bucket of an hour or less follows the local clock and ends where the clock jumps, so that an hour that is repeated
/// is two buckets.
Interval LocalCalendar::clock_bucket(int64_t length, Instant at) const {
  const size_t clock = clock_at(at);
  const int64_t offset = zone_.offsets[clock];
  const Instant start = floor_divide(at + offset, length) * length - offset;
  const bool is_last = clock + 1 == zone_.starts.size();
  return {std::max(start, zone_.starts[clock]),
          is_last ? start + length : std::min(start + length, zone_.starts[clock + 1])};
}

/// Units are counted from an arbitrary start: days and weeks from 1970, months, quarters and years from the year 0.
int64_t LocalCalendar::unit_of_day(Grain grain, int64_t day) const {
  const int64_t month = month_and_day(day).month;
  const int64_t fiscal = month - (spec_.year_start - 1);
  switch (grain) {
    case Grain::kDay:
      return day;
    case Grain::kWeek:
      return floor_divide(day + 3 - (spec_.week_start - 1), 7);  // 1970-01-01 is a Thursday
    case Grain::kMonth:
      return month;
    case Grain::kQuarter:
      return floor_divide(month, 3);
    case Grain::kYear:
      return floor_divide(month, 12);
    case Grain::kFiscalQuarter:
      return floor_divide(fiscal, 3);
    case Grain::kFiscalYear:
      return floor_divide(fiscal, 12);
    case Grain::kSecond:
    case Grain::kMinute:
    case Grain::kHour:
    case Grain::kWhole:
      break;
  }
  ALIDADE_CHECK(!"a unit of days");
}

Instant LocalCalendar::start_of_unit(Grain grain, int64_t unit) const {
  const int64_t fiscal = spec_.year_start - 1;
  const auto month_start = [this](int64_t month) { return instant_of(day_of(month, 1) * kDay); };
  switch (grain) {
    case Grain::kDay:
      return instant_of(unit * kDay);
    case Grain::kWeek:
      return instant_of((unit * 7 - 3 + (spec_.week_start - 1)) * kDay);
    case Grain::kMonth:
      return month_start(unit);
    case Grain::kQuarter:
      return month_start(unit * 3);
    case Grain::kYear:
      return month_start(unit * 12);
    case Grain::kFiscalQuarter:
      return month_start(unit * 3 + fiscal);
    case Grain::kFiscalYear:
      return month_start(unit * 12 + fiscal);
    case Grain::kSecond:
    case Grain::kMinute:
    case Grain::kHour:
    case Grain::kWhole:
      break;
  }
  ALIDADE_CHECK(!"a unit of days");
}

Interval LocalCalendar::bucket(Grain grain, Instant at) const {
  const StepSize size = step_of(grain);
  if (size.step == Step::kElapsed) return clock_bucket(size.size, at);
  // The local date names the unit but for one case: where the clock goes back over midnight, the date is read twice and
  // the instants after the first midnight belong to the new day.
  int64_t unit = unit_of_day(grain, floor_divide(local_of(at), kDay));
  while (start_of_unit(grain, unit) > at) --unit;
  while (start_of_unit(grain, unit + 1) <= at) ++unit;
  return {start_of_unit(grain, unit), start_of_unit(grain, unit + 1)};
}

std::vector<Interval> LocalCalendar::buckets(Grain grain, Interval within) const {
  std::vector<Interval> result;
  for (Instant at = within.start; at < within.end; at = result.back().end) result.push_back(bucket(grain, at));
  return result;
}

/// A local reading moved back by days or months; nullopt for a day of a month that does not exist, unless clamped.
std::optional<int64_t> LocalCalendar::moved_reading(int64_t local, Period period, bool clamp) const {
  const StepSize size = step_of(period.unit);
  const int64_t day = floor_divide(local, kDay), clock = local - day * kDay;
  if (size.step == Step::kDays) return (day - period.count * size.size) * kDay + clock;
  const MonthAndDay date = month_and_day(day);
  const int64_t month = date.month - period.count * size.size;
  if (date.day > last_day_of(month) && !clamp) return std::nullopt;
  return day_of(month, std::min(date.day, last_day_of(month))) * kDay + clock;
}

Instant LocalCalendar::back(Instant end, Period period) const {
  const StepSize size = step_of(period.unit);
  if (size.step == Step::kElapsed) return end - period.count * size.size;
  return instant_of(*moved_reading(day_reading(end), period, true));
}

std::optional<Interval> LocalCalendar::offset(Grain grain, Interval range, Period period) const {
  const StepSize by = step_of(period.unit);
  const int64_t elapsed = by.step == Step::kElapsed ? period.count * by.size : 0;
  if (grain == Grain::kWhole) {
    if (by.step == Step::kElapsed) return Interval{range.start - elapsed, range.end - elapsed};
    const auto start = moved_reading(day_reading(range.start), period, false);
    const auto end = moved_reading(day_reading(range.end), period, false);
    if (!start || !end) return std::nullopt;
    return Interval{instant_of(*start), instant_of(*end)};
  }
  const StepSize own = step_of(grain);
  if (by.step == Step::kElapsed) {
    // By elapsed time a bucket exists where the clock makes one of that place and, from a day on, of that length.
    const Interval result = bucket(grain, range.start - elapsed);
    if (result.start != range.start - elapsed) return std::nullopt;
    if (own.step != Step::kElapsed && result.end != range.end - elapsed) return std::nullopt;
    return result;
  }
  // A bucket moves by whole buckets of its kind, or by a finer unit that divides it: a week by 14 days, a quarter by 6
  // months, but no month by days and no week by months.
  const bool is_week = own.step == Step::kDays && own.size == 7;
  if ((own.step == Step::kMonths || is_week) && (own.step != by.step || period.count * by.size % own.size != 0)) {
    return std::nullopt;
  }
  // What the clock would read at the bucket's start had it not jumped over it, moved, must be what a bucket starts at.
  const auto nominal = [&](Interval any) {
    const int64_t reading = day_reading(any.start);
    return own.step == Step::kElapsed ? floor_divide(reading, own.size) * own.size : reading;
  };
  const auto wanted = moved_reading(nominal(range), period, false);
  if (!wanted) return std::nullopt;
  const Interval result = bucket(grain, instant_of(*wanted));
  if (nominal(result) != *wanted) return std::nullopt;
  return result;
}

/// The local date of an instant as days since 1970; after a midnight that was read twice it is the new day.
int64_t LocalCalendar::day_at(Instant at) const {
  return floor_divide(day_reading(bucket(Grain::kDay, at).start), kDay);
}

/// The unit of the week in which a year's fourth of January lies: the first to have four days in the year.
int64_t LocalCalendar::first_week_of(int64_t year) const { return unit_of_day(Grain::kWeek, day_of(year * 12, 4)); }

/// Counts the weeks from the start of their year; the year before has one of the same count, unless it is a 53rd.
std::optional<int64_t> LocalCalendar::weeks_since_partner(Instant at) const {
  const int64_t day = day_at(at), week = unit_of_day(Grain::kWeek, day);
  int64_t year = floor_divide(month_and_day(day).month, 12) + 1;
  while (first_week_of(year) > week) --year;
  const int64_t partner = first_week_of(year - 1) + (week - first_week_of(year));
  if (partner >= first_week_of(year)) return std::nullopt;
  return week - partner;
}

std::optional<Interval> LocalCalendar::offset(Grain grain, Interval bucket, const Offset& offset) const {
  if (offset.kind == OffsetKind::kHere) return bucket;
  if (offset.kind == OffsetKind::kAgo) return this->offset(grain, bucket, offset.period);
  const auto weeks = weeks_since_partner(bucket.start);
  if (!weeks) return std::nullopt;
  if (grain == Grain::kWhole && weeks_since_partner(bucket.end - 1) != weeks) return std::nullopt;
  return this->offset(grain, bucket, Period{*weeks, Grain::kWeek});
}

std::optional<Instant> LocalCalendar::first_days_end(Interval bucket, Instant until, Interval other) const {
  const int64_t whole_days = day_at(until) - day_at(bucket.start);
  if (whole_days <= 0) return std::nullopt;
  return std::min(other.end, instant_of((day_at(other.start) + whole_days) * kDay));
}

}  // namespace alidade::reference
