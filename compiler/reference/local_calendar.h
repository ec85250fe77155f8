// The reference's own bucketing: from an instant to the local clock, floor there, and back. Shares the zone's table of
// offsets with runtime/calendar and nothing else; each is tested against the other. Part of compiler/reference; tested
// in tests/unit/reference_calendar_test.cpp. Immutable, safe on any thread.
#pragma once

#include <optional>
#include <vector>

#include "runtime/calendar.h"
#include "runtime/zone.h"

namespace alidade::reference {

class LocalCalendar {
 public:
  static Result<LocalCalendar> open(const CalendarSpec& spec);

  Interval bucket(Grain grain, Instant at) const;                     ///< that holds `at`; not for kWhole
  std::vector<Interval> buckets(Grain grain, Interval within) const;  ///< that intersect `within`, whole, in order
  Instant back(Instant end, Period period) const;                     ///< the start of a window; clamps
  std::optional<Interval> offset(Grain grain, Interval bucket, Period period) const;  ///< nullopt where there is none
  std::optional<Interval> offset(Grain grain, Interval bucket, const Offset& offset) const;
  /// The end of the first days of `other`: as many as `bucket` had before `until`, whole ones; nullopt for none.
  std::optional<Instant> first_days_end(Interval bucket, Instant until, Interval other) const;
  Instant start_of_day(Instant at) const { return bucket(Grain::kDay, at).start; }
  Instant end_of_day(Instant at) const { return bucket(Grain::kDay, at).end; }

 private:
  LocalCalendar(const CalendarSpec& spec, ZoneTable zone) : spec_(spec), zone_(std::move(zone)) {}
  size_t clock_at(Instant at) const;
  int64_t local_of(Instant at) const { return at + zone_.offsets[clock_at(at)]; }
  Instant instant_of(int64_t local) const;
  int64_t day_reading(Instant at) const;
  int64_t day_at(Instant at) const;
  int64_t first_week_of(int64_t year) const;
  std::optional<int64_t> weeks_since_partner(Instant at) const;
  Interval clock_bucket(int64_t length, Instant at) const;
  int64_t unit_of_day(Grain grain, int64_t day) const;
  Instant start_of_unit(Grain grain, int64_t unit) const;
  std::optional<int64_t> moved_reading(int64_t local, Period period, bool clamp) const;

  CalendarSpec spec_;
  ZoneTable zone_;
};

}  // namespace alidade::reference
