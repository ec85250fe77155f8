// A part's times against those looked at. Door: part_filter.h.
#include "runtime/part_filter.h"

#include <algorithm>

#include "runtime/bind_source.h"
#include "runtime/bind_time.h"

namespace alidade {

int PartFilter::index_of(const FieldSchema& field) const {
  const auto same = [&](const FieldSchema& own) { return own.name == field.name; };
  return static_cast<int>(std::find_if(schema_.fields.begin(), schema_.fields.end(), same) - schema_.fields.begin());
}

bool PartFilter::leaves_out(const Batch& ends, int64_t rows) {
  Instant first = 0, last = 0;
  if (!times_of(ends, &first, &last)) return false;
  if (last >= looked_at_.start && first < looked_at_.end) return false;
  left_out_.parts += 1;
  left_out_.rows += rows;
  left_out_.first = std::min(left_out_.first, first);
  left_out_.last = std::max(left_out_.last, last);
  return true;
}

// False where it takes the rows themselves to know their times, or what is to be said of them.
bool PartFilter::times_of(const Batch& ends, Instant* first, Instant* last) const {
  const std::optional<SourceColumn> column = decode_column(ends.schema, ends.array, 0);
  if (!column || column->dictionary != nullptr || !form_of(ends).missing.empty()) return false;
  const bool ordered =
      column->shape == Shape::kTimestamp || column->shape == Shape::kDate || column->shape == Shape::kInteger;
  if (!ordered) return false;
  TimeConverter times(calendar_, schema_.fields[static_cast<size_t>(schema_.time)], form_of(ends));
  if (times.convert(*column, 0, first) != TimeVerdict::kGood) return false;
  if (times.convert(*column, 1, last) != TimeVerdict::kGood) return false;
  const bool local = column->shape == Shape::kTimestamp && !column->has_zone;
  return !local || !repeats_an_hour(*first, *last);
}

// Local times of an hour that happens twice are counted.
bool PartFilter::repeats_an_hour(Instant first, Instant last) const {
  constexpr int64_t kDay = 86'400'000'000;
  for (Instant at = first; at <= last;) {
    const Interval day = calendar_.bucket(Grain::kDay, at);
    if (day.end - day.start > kDay) return true;
    at = day.end;
  }
  return false;
}

}  // namespace alidade
