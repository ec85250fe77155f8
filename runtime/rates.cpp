// Finding a rate. Door: rates.h.
#include "runtime/rates.h"

#include <algorithm>

namespace alidade {

const RateSeries::Span* RateSeries::find(Instant time) const {
  const auto after = std::upper_bound(spans_.begin(), spans_.end(), time,
                                      [](Instant at, const Span& span) { return at < span.first.start; });
  if (after == spans_.begin() || time >= std::prev(after)->first.end) return nullptr;
  return &*std::prev(after);
}

std::optional<int64_t> RateSeries::at(Instant time) const {
  const Span* span = find(moment_.value_or(time));
  return span == nullptr ? std::nullopt : std::optional(span->second);
}

// Rows mostly come in order, so the span of the row before mostly holds this one too.
void RateSeries::gather(const Instant* times, int64_t count, int64_t* values, uint8_t* valid) const {
  const Span* last = nullptr;
  for (int64_t i = 0; i < count; ++i) {
    const Instant time = moment_.value_or(times[i]);
    if (last == nullptr || time < last->first.start || time >= last->first.end) last = find(time);
    values[i] = last == nullptr ? 0 : last->second;
    valid[i] = last == nullptr ? 0 : 1;
  }
}

}  // namespace alidade
