// Calendar units in a zone: buckets, windows and offsets. Instants are microseconds since 1970-01-01 UTC.
// Door of runtime/calendar; rules in docs/language.md "Time"; tested in tests/unit/calendar_test.cpp. Immutable after
// construction, safe on any thread. Valid for the years 1900 to 2200.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "runtime/base.h"

namespace alidade {

using Instant = int64_t;
constexpr Instant kMinInstant = INT64_MIN;
constexpr Instant kMaxInstant = INT64_MAX;

/// Finest first. kWhole is the report's whole range as one bucket. Fiscal grains use the declared year start.
enum class Grain : uint8_t {
  kSecond,
  kMinute,
  kHour,
  kDay,
  kWeek,
  kMonth,
  kQuarter,
  kYear,
  kFiscalQuarter,
  kFiscalYear,
  kWhole,
};
const char* grain_word(Grain grain);                          ///< "day"…, "fiscal year"; kWhole is "all"
std::optional<Grain> grain_from_word(std::string_view word);  ///< accepts singular and plural, not kWhole
std::optional<Grain> fiscal_grain(Grain grain);               ///< of a quarter and a year; others have none

/// The coarsest grain whose buckets fit into buckets of both: week and month give day; kWhole gives the other.
Grain common_grain(Grain a, Grain b);

/// Half-open [start, end).
struct Interval {
  Instant start = 0;
  Instant end = 0;
  friend bool operator==(const Interval&, const Interval&) = default;
};

struct Period {  ///< "7 days": a whole number of calendar units
  int64_t count = 0;
  Grain unit = Grain::kDay;
  friend bool operator==(const Period&, const Period&) = default;
};

/// Which bucket `at` looks at.
enum class OffsetKind : uint8_t {
  kHere,      ///< this one
  kAgo,       ///< the one `period` before
  kSameWeek,  ///< the same part of the week with the same number, a year before
};
struct Offset {
  OffsetKind kind = OffsetKind::kAgo;
  Period period;  ///< kAgo
  friend bool operator==(const Offset&, const Offset&) = default;
};

/// Whether a bucket of `grain` moved by `period` can be a bucket of it, as far as units decide: a month by 30 days
/// never is.
bool can_move(Grain grain, Period period);

struct CalendarSpec {
  std::string zone = "UTC";
  int week_start = 1;  ///< ISO weekday: 1 Monday … 7 Sunday
  int year_start = 1;  ///< first month of the fiscal year, 1 … 12
};

/// A local time of the data turned into an instant.
struct LocalTime {
  Instant instant = 0;
  bool ambiguous = false;  ///< happened twice; `instant` is the earlier
};

class Calendar {
 public:
  /// Fails with AL7101 when the tz database has no such zone.
  static Result<Calendar> open(const CalendarSpec& spec);

  const CalendarSpec& spec() const;
  static std::string tz_version();

  /// The bucket of `grain` (not kWhole) that holds `at`. Sub-day buckets follow the local clock, never merging the
  /// repeated hour of a DST change; a day may have 23 or 25 hours.
  Interval bucket(Grain grain, Instant at) const;

  /// The coarsest grain whose buckets also end wherever whole units of `grain`, in elapsed time, lead from the end of a
  /// bucket: finer than an hour only where a zone's clock changes by part of one (changes before 1970 do not count).
  Grain elapsed_grain(Grain grain) const;

  /// `end` moved back by `period` in calendar units, on the local clock; a day of month that does not exist clamps to
  /// the month's last (semantics: "the start of a window clamps"). Units of an hour and less are elapsed time.
  /// A local midnight that is skipped by DST is the first instant after the gap.
  Instant back(Instant end, Period period) const;

  /// The bucket of `grain` that lies `period` before `bucket`, by calendar; nullopt where there is none (a month before
  /// 31 March at day grain; 1 month before a week). `grain` kWhole moves both ends, clamping none, nullopt if either
  /// does not exist.
  std::optional<Interval> offset(Grain grain, Interval bucket, Period period) const;

  /// The bucket that `offset` leads to. Weeks are numbered by ISO's rule in the declared week: week 1 is the first with
  /// four days or more in its year. A week 53 has no partner in a year of 52; the whole range moves if both of its ends
  /// move by the same number of weeks.
  std::optional<Interval> offset(Grain grain, Interval bucket, const Offset& offset) const;

  /// Where `other` has lasted as many days as `bucket` had whole ones before `until`, at the latest its end; nullopt
  /// where `bucket` had none.
  std::optional<Instant> elapsed_end(Interval bucket, Instant until, Interval other) const;

  /// The instant of a local wall-clock time given as microseconds since 1970-01-01 00:00 local; nullopt in a DST gap.
  std::optional<LocalTime> from_local(int64_t local_micros) const;
  /// The same, but in a gap the first instant after it: how a day starts whose midnight is skipped.
  Instant first_at(int64_t local_micros) const;
  /// The wall-clock reading at an instant, microseconds since 1970-01-01 00:00 local.
  int64_t to_local(Instant at) const;

  /// "2026-01-05" for day and week, "2026-01" month, "2026-Q1", "2026", "2026-01-05 10:00" hour and minute,
  /// "…:00" second, "FY2026" and "FY2026-Q1" (a fiscal year is named by the year in which it ends): how a bucket's
  /// start is written in every output. An hour that happens twice has its offset after it: "2026-10-25 02:00+01:00".
  std::string label(Grain grain, Instant start) const;

 private:
  std::optional<int64_t> weeks_to_same_week(Instant at) const;
  int64_t day_number(Instant at) const;
  struct State;
  explicit Calendar(std::shared_ptr<const State> state) : state_(std::move(state)) {}
  std::shared_ptr<const State> state_;
};

/// "YYYY-MM-DD" or "YYYY-MM-DD[ T]HH:MM[:SS[.ffffff]][Z|±HH[:]MM]" → local microseconds and, if written, the offset.
/// nullopt where the text is no such time. A fraction beyond microseconds is not a time, unless zeros fill it.
struct ParsedTime {
  int64_t local_micros = 0;
  std::optional<int64_t> offset_micros;
  bool has_time_of_day = false;
};
std::optional<ParsedTime> parse_time(std::string_view text);

}  // namespace alidade
