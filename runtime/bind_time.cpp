// Texts, dates, epoch counts and typed timestamps as instants. Door: bind_time.h.
#include "runtime/bind_time.h"

#include <algorithm>

#include "runtime/wide.h"

namespace alidade {
namespace {

constexpr int64_t kDay = 86'400'000'000;
constexpr int64_t kFirstLocal = -25'567 * kDay;  // 1900-01-01
constexpr int64_t kEndLocal = 84'371 * kDay;     // 2201-01-01

int64_t floor_divide(int64_t value, int64_t unit) { return value / unit - (value % unit < 0 ? 1 : 0); }
TimeVerdict out_of_range(bool early) { return early ? TimeVerdict::kTooEarly : TimeVerdict::kTooLate; }
size_t slot_of(int64_t day) { return static_cast<size_t>(day) & 63; }

}  // namespace

TimeConverter::TimeConverter(const Calendar& calendar, const FieldSchema& field, const DataForm& form)
    : calendar_(calendar),
      field_(field),
      form_(form),
      unit_(field.unit_micros != 0 ? field.unit_micros : form.epoch_micros),
      low_(calendar.first_at(kFirstLocal)),
      high_(calendar.first_at(kEndLocal)) {}

TimeVerdict TimeConverter::check(Instant instant) const {
  return in_range(instant) ? TimeVerdict::kGood : out_of_range(instant < low_);
}

// An instant of the data, as the field wants it: a `timestamp(day)` is the start of its day.
TimeVerdict TimeConverter::checked(Instant* instant) {
  const TimeVerdict ranged = check(*instant);
  if (ranged != TimeVerdict::kGood || !field_.date_only) return ranged;
  const Instant given = *instant;
  const TimeVerdict verdict = from_day(floor_divide(calendar_.to_local(given), kDay), instant);
  return verdict == TimeVerdict::kGood && *instant != given ? TimeVerdict::kNotATime : verdict;
}

TimeVerdict TimeConverter::convert(const SourceColumn& column, int64_t row, Instant* instant) {
  const bool epoch = unit_ != 0;
  switch (column.shape) {
    case Shape::kText:
      return from_text(column.text_at(row), instant);
    case Shape::kInteger:
      return epoch ? from_epoch({column.integer_at(row), 0}, instant) : TimeVerdict::kNotATime;
    case Shape::kDecimal:
      return epoch ? from_epoch({column.integer_at(row), column.scale}, instant) : TimeVerdict::kNotATime;
    case Shape::kFloat:
      return epoch ? from_epoch(column.float_at(row), instant) : TimeVerdict::kNotATime;
    case Shape::kTimestamp:
      return from_typed(column.value<int64_t>(row), column.per_second, column.has_zone, instant);
    case Shape::kDate: {
      const auto count = static_cast<int64_t>(column.integer_at(row));
      const int64_t per_day = column.width == 4 ? 1 : kDay / 1000;
      return count % per_day == 0 ? from_day(count / per_day, instant) : from_typed(count, 1000, false, instant);
    }
    case Shape::kNull:
    case Shape::kBool:
    case Shape::kUuid:
    case Shape::kDuration:
      break;
  }
  return TimeVerdict::kNotATime;
}

TimeVerdict TimeConverter::from_text(std::string_view text, Instant* instant) {
  if (unit_ != 0) {
    ExactNumber count;
    const NumberVerdict verdict = parse_exact(text, &count);
    if (verdict == NumberVerdict::kTooLarge) return out_of_range(text.starts_with('-'));
    if (verdict == NumberVerdict::kGood) return from_epoch(count, instant);
    if (field_.unit_micros != 0) return TimeVerdict::kNotATime;  // the source's unit leaves other columns their texts
  }
  const auto time = parsed(text);
  if (!time) return TimeVerdict::kNotATime;
  if (!time->has_time_of_day) return from_day(floor_divide(time->local_micros, kDay), instant);
  if (!time->offset_micros) return from_local(time->local_micros, instant);
  *instant = time->local_micros - *time->offset_micros;
  return checked(instant);
}

std::optional<ParsedTime> TimeConverter::parsed(std::string_view text) const {
  if (form_.times.empty()) return parse_time(text);
  for (const std::string& pattern : form_.times) {
    if (auto time = parse_time_as(text, pattern)) return time;
  }
  return std::nullopt;
}

TimeVerdict TimeConverter::from_epoch(ExactNumber count, Instant* instant) const {
  const bool nanos = unit_ == kEpochNanos;
  int128 scaled = count.mantissa;
  if (__builtin_mul_overflow(scaled, int128{nanos ? 1 : unit_}, &scaled)) return out_of_range(count.mantissa < 0);
  int64_t value = 0;
  const NumberVerdict verdict = rescale({scaled, count.scale}, 0, &value);
  if (verdict == NumberVerdict::kTooManyDigits) return TimeVerdict::kNotATime;
  if (verdict != NumberVerdict::kGood) return out_of_range(count.mantissa < 0);
  *instant = nanos ? floor_divide(value, 1000) : value;
  return check(*instant);
}

TimeVerdict TimeConverter::from_epoch(double count, Instant* instant) const {
  const bool nanos = unit_ == kEpochNanos;
  int64_t value = 0;
  const NumberVerdict verdict = multiply_rounded(count, nanos ? 1 : unit_, &value);
  if (verdict == NumberVerdict::kNotFinite) return TimeVerdict::kNotATime;
  if (verdict != NumberVerdict::kGood) return out_of_range(count < 0);
  *instant = nanos ? floor_divide(value, 1000) : value;
  return check(*instant);
}

TimeVerdict TimeConverter::from_day(int64_t day, Instant* instant) {
  if (day < kFirstLocal / kDay || day >= kEndLocal / kDay) return out_of_range(day < 0);
  DayStart& known = starts_[slot_of(day)];
  if (known.day != day) {
    known = {day, calendar_.first_at(day * kDay), TimeVerdict::kGood};
    // Days that a zone skipped when it crossed the date line have no start.
    if (floor_divide(calendar_.to_local(known.start), kDay) != day) known.verdict = TimeVerdict::kNoSuchLocalTime;
  }
  *instant = known.start;
  return known.verdict;
}

TimeVerdict TimeConverter::from_local(int64_t local, Instant* instant) {
  if (local < kFirstLocal || local >= kEndLocal) return out_of_range(local < 0);
  const int64_t day = floor_divide(local, kDay);
  if (field_.date_only) return local == day * kDay ? from_day(day, instant) : TimeVerdict::kNotATime;
  PlainDay& known = plain_[slot_of(day)];
  if (known.day != day) {
    const auto start = calendar_.from_local(day * kDay), end = calendar_.from_local((day + 1) * kDay);
    const bool plain = start && end && !start->ambiguous && !end->ambiguous && end->instant - start->instant == kDay;
    if (!plain) {
      const auto time = calendar_.from_local(local);
      if (!time) return TimeVerdict::kNoSuchLocalTime;
      *instant = time->instant;
      return time->ambiguous ? TimeVerdict::kAmbiguous : TimeVerdict::kGood;
    }
    known = {day, day * kDay - start->instant};
  }
  *instant = local - known.shift;
  return TimeVerdict::kGood;
}

TimeVerdict TimeConverter::from_typed(int128 count, int64_t per_second, bool is_instant, Instant* instant) {
  constexpr int64_t kMicrosPerSecond = 1'000'000;
  int128 micros = per_second > kMicrosPerSecond
                      ? int128{floor_divide(static_cast<int64_t>(count), per_second / kMicrosPerSecond)}
                      : count * (kMicrosPerSecond / per_second);
  if (micros < kFirstLocal - kDay || micros > kEndLocal + kDay) return out_of_range(micros < 0);
  if (!is_instant) return from_local(static_cast<int64_t>(micros), instant);
  *instant = static_cast<int64_t>(micros);
  return checked(instant);
}

ALIDADE_WIDE TimeExtent extent_of_times(const Instant* times, int64_t count) {
  TimeExtent extent;
  for (int64_t i = 0; i < count; ++i) {
    extent.first = std::min(extent.first, times[i]);
    extent.last = std::max(extent.last, times[i]);
  }
  return extent;
}

}  // namespace alidade
