// Rates over time: what one unit of a currency is worth, taken from the versions of one row of a table. Immutable once
// made, safe on any thread. Tested in tests/unit/rates_test.cpp and tests/conformance/money/convert.metric.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "runtime/base.h"
#include "runtime/calendar.h"

namespace alidade {

class RateSeries {
 public:
  using Span = std::pair<Interval, int64_t>;
  /// `spans` in order of time, none of them at one instant with another. With a moment it is asked about that alone.
  RateSeries(std::vector<Span> spans, std::optional<Instant> moment) : spans_(std::move(spans)), moment_(moment) {}

  /// From a span's start on, up to its end and without it.
  std::optional<int64_t> at(Instant time) const;
  /// The rates of some rows: 0 and not valid where there is none.
  void gather(const Instant* times, int64_t count, int64_t* values, uint8_t* valid) const;

 private:
  /// The span that holds an instant, or null.
  const Span* find(Instant time) const;
  std::vector<Span> spans_;
  std::optional<Instant> moment_;
};

}  // namespace alidade
