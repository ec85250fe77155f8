// The reference's calendar against the runtime's, and against plain facts.
// rooms: alidade_reference
#include <doctest/doctest.h>

#include <random>
#include <string>

#include "compiler/reference/local_calendar.h"

namespace alidade::reference {
namespace {

constexpr Grain kGrains[] = {Grain::kSecond, Grain::kMinute,  Grain::kHour, Grain::kDay,           Grain::kWeek,
                             Grain::kMonth,  Grain::kQuarter, Grain::kYear, Grain::kFiscalQuarter, Grain::kFiscalYear};
constexpr int64_t kHour = 3600ll * 1000000;

Instant at(const char* text) { return parse_time(text)->local_micros; }  // a UTC time

LocalCalendar calendar_of(const CalendarSpec& spec) { return LocalCalendar::open(spec).value(); }

TEST_CASE("a day has 23 or 25 hours when the clocks change") {
  const LocalCalendar berlin = calendar_of({"Europe/Berlin", 1, 1});
  CHECK(berlin.bucket(Grain::kDay, at("2026-03-29 12:00")) == Interval{at("2026-03-28 23:00"), at("2026-03-29 22:00")});
  CHECK(berlin.bucket(Grain::kDay, at("2026-10-25 12:00")) == Interval{at("2026-10-24 22:00"), at("2026-10-25 23:00")});
  // The hour from two to three happens twice: two buckets of an hour each.
  CHECK(berlin.bucket(Grain::kHour, at("2026-10-25 00:30")) ==
        Interval{at("2026-10-25 00:00"), at("2026-10-25 01:00")});
  CHECK(berlin.bucket(Grain::kHour, at("2026-10-25 01:30")) ==
        Interval{at("2026-10-25 01:00"), at("2026-10-25 02:00")});
  CHECK(berlin.buckets(Grain::kHour, berlin.bucket(Grain::kDay, at("2026-03-29 12:00"))).size() == 23);
}

TEST_CASE("windows clamp, offsets do not") {
  const LocalCalendar utc = calendar_of({"UTC", 1, 1});
  CHECK(utc.back(at("2026-03-31"), {1, Grain::kMonth}) == at("2026-02-28"));
  CHECK(utc.back(at("2026-04-01"), {1, Grain::kMonth}) == at("2026-03-01"));
  const Interval last_of_march = utc.bucket(Grain::kDay, at("2026-03-31"));
  CHECK_FALSE(utc.offset(Grain::kDay, last_of_march, {1, Grain::kMonth}).has_value());
  const Interval march = utc.bucket(Grain::kMonth, at("2026-03-31"));
  CHECK(utc.offset(Grain::kMonth, march, {1, Grain::kMonth}) == Interval{at("2026-02-01"), at("2026-03-01")});
  CHECK_FALSE(utc.offset(Grain::kWeek, utc.bucket(Grain::kWeek, at("2026-03-31")), {1, Grain::kMonth}).has_value());
  CHECK(utc.offset(Grain::kWeek, utc.bucket(Grain::kWeek, at("2026-03-31")), {7, Grain::kDay}).has_value());
}

TEST_CASE("a midnight that is skipped is read as midnight by a window") {
  // Clocks went from 00:00 to 01:00 on 2017-10-15: that day starts at 03:00 UTC, the day before at 03:00 UTC too.
  const LocalCalendar brazil = calendar_of({"America/Sao_Paulo", 1, 1});
  const Interval day = brazil.bucket(Grain::kDay, at("2017-10-14 12:00"));
  CHECK(day == Interval{at("2017-10-14 03:00"), at("2017-10-15 03:00")});
  CHECK(brazil.back(day.end, {1, Grain::kDay}) == day.start);
}

TEST_CASE("a day that was skipped altogether does not exist") {
  const LocalCalendar samoa = calendar_of({"Pacific/Apia", 1, 1});  // no 2011-12-30
  const Interval after = samoa.bucket(Grain::kDay, at("2011-12-30 12:00"));
  CHECK(after.start == at("2011-12-30 10:00"));
  CHECK_FALSE(samoa.offset(Grain::kDay, after, {1, Grain::kDay}).has_value());
  CHECK(samoa.offset(Grain::kDay, after, {2, Grain::kDay}) == samoa.bucket(Grain::kDay, after.start - 1));
}

TEST_CASE("both calendars agree on buckets, windows and offsets") {
  std::mt19937_64 random(7);
  const auto pick = [&random](int64_t low, int64_t high) {
    return std::uniform_int_distribution<int64_t>(low, high)(random);
  };
  for (const char* zone : {"UTC", "Europe/Berlin", "America/New_York", "America/Sao_Paulo", "Australia/Lord_Howe",
                           "Asia/Kolkata", "Pacific/Apia", "America/St_Johns", "Africa/Casablanca", "Asia/Tehran"}) {
    for (int round = 0; round < 300; ++round) {
      const CalendarSpec spec{zone, static_cast<int>(pick(1, 7)), static_cast<int>(pick(1, 12))};
      const LocalCalendar mine = calendar_of(spec);
      const Calendar theirs = Calendar::open(spec).value();
      const Instant when = at("1985-01-01") + pick(0, 60ll * 365 * 24) * kHour + pick(0, 3) * kHour / 4;
      for (Grain grain : kGrains) {
        CAPTURE(std::string(zone));
        CAPTURE(when);
        CAPTURE(std::string(grain_word(grain)));
        const Interval bucket = mine.bucket(grain, when);
        CHECK(bucket == theirs.bucket(grain, when));
        const Offset same_week{OffsetKind::kSameWeek, {}};
        CHECK(mine.offset(grain, bucket, same_week) == theirs.offset(grain, bucket, same_week));
        CHECK(mine.offset(Grain::kWhole, bucket, same_week) == theirs.offset(Grain::kWhole, bucket, same_week));
        const Instant until = bucket.start + pick(0, bucket.end - bucket.start);
        const Interval other = mine.bucket(grain, when - pick(0, 800) * 24 * kHour);
        CHECK(mine.first_days_end(bucket, until, other) == theirs.elapsed_end(bucket, until, other));
        for (Grain unit : kGrains) {
          const Period period{pick(1, 40), unit};
          CAPTURE(std::string(grain_word(unit)));
          CAPTURE(period.count);
          CHECK(mine.back(bucket.end, period) == theirs.back(bucket.end, period));
          CHECK(mine.offset(grain, bucket, period) == theirs.offset(grain, bucket, period));
          CHECK(mine.offset(Grain::kWhole, bucket, period) == theirs.offset(Grain::kWhole, bucket, period));
        }
      }
    }
  }
}

}  // namespace
}  // namespace alidade::reference
