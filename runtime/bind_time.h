// Times of the data as instants of a calendar, with the days of one batch remembered. Internal to the binder (door:
// batch.h, Binder); tested in tests/unit/bind_test.cpp. One thread.
#pragma once

#include <array>
#include <string_view>

#include "runtime/batch.h"
#include "runtime/bind_number.h"
#include "runtime/bind_source.h"
#include "runtime/calendar.h"
#include "runtime/data_form.h"
#include "runtime/schema.h"

namespace alidade {

TimeExtent extent_of_times(const Instant* times, int64_t count);

/// kTooEarly and kTooLate: outside the years 1900 to 2200.
enum class TimeVerdict : uint8_t { kGood, kAmbiguous, kNotATime, kNoSuchLocalTime, kTooEarly, kTooLate };

class TimeConverter {
 public:
  TimeConverter(const Calendar& calendar, const FieldSchema& field, const DataForm& form);

  /// A cell of any shape that a timestamp field can be read from; not null.
  TimeVerdict convert(const SourceColumn& column, int64_t row, Instant* instant);
  /// Whether an instant of the data is a good value as it stands: of the years 1900 to 2200.
  bool in_range(Instant instant) const { return instant >= low_ && instant < high_; }

 private:
  TimeVerdict check(Instant instant) const;
  TimeVerdict from_text(std::string_view text, Instant* instant);
  std::optional<ParsedTime> parsed(std::string_view text) const;
  TimeVerdict from_epoch(ExactNumber count, Instant* instant) const;
  TimeVerdict from_epoch(double count, Instant* instant) const;
  TimeVerdict from_day(int64_t day, Instant* instant);
  TimeVerdict from_local(int64_t local, Instant* instant);
  TimeVerdict from_typed(int128 count, int64_t per_second, bool is_instant, Instant* instant);
  TimeVerdict checked(Instant* instant);

  // A day on which local minus UTC does not change: `shift` is that difference.
  struct PlainDay {
    int64_t day = INT64_MIN;
    int64_t shift = 0;
  };
  struct DayStart {
    int64_t day = INT64_MIN;
    Instant start = 0;
    TimeVerdict verdict = TimeVerdict::kGood;
  };
  static constexpr size_t kRemembered = 64;

  const Calendar& calendar_;
  const FieldSchema& field_;
  const DataForm& form_;
  int64_t unit_;  ///< of counts: the field's, else the source's
  Instant low_, high_;
  std::array<PlainDay, kRemembered> plain_;
  std::array<DayStart, kRemembered> starts_;
};

}  // namespace alidade
