// Rates over time: which span holds a moment, in rows of any order, and a rate of one moment for all.
// rooms: alidade_runtime
#include "runtime/rates.h"

#include <array>

#include <doctest/doctest.h>

namespace alidade {
namespace {

std::vector<RateSeries::Span> spans() { return {{{kMinInstant, 10}, 1}, {{10, 20}, 2}, {{30, kMaxInstant}, 3}}; }

}  // namespace

TEST_CASE("a rate holds from its first moment on, up to its second and without it") {
  const RateSeries rates(spans(), std::nullopt);
  CHECK(rates.at(kMinInstant) == 1);
  CHECK(rates.at(9) == 1);
  CHECK(rates.at(10) == 2);
  CHECK(rates.at(19) == 2);
  CHECK(rates.at(20) == std::nullopt);
  CHECK(rates.at(29) == std::nullopt);
  CHECK(rates.at(30) == 3);
  CHECK(RateSeries({}, std::nullopt).at(0) == std::nullopt);
}

TEST_CASE("rates of rows in any order") {
  const std::array<Instant, 7> times = {19, 9, 25, 25, 40, 10, 31};
  std::array<int64_t, 7> values{};
  std::array<uint8_t, 7> valid{};
  RateSeries(spans(), std::nullopt).gather(times.data(), 7, values.data(), valid.data());
  CHECK(values == std::array<int64_t, 7>{2, 1, 0, 0, 3, 2, 3});
  CHECK(valid == std::array<uint8_t, 7>{1, 1, 0, 0, 1, 1, 1});
}

TEST_CASE("a rate of one moment") {
  const std::array<Instant, 2> times = {5, 25};
  std::array<int64_t, 2> values{};
  std::array<uint8_t, 2> valid{};
  const RateSeries rates(spans(), 12);
  CHECK(rates.at(25) == 2);
  rates.gather(times.data(), 2, values.data(), valid.data());
  CHECK(values == std::array<int64_t, 2>{2, 2});
  CHECK(valid == std::array<uint8_t, 2>{1, 1});
  CHECK(RateSeries(spans(), 25).at(5) == std::nullopt);
}

}  // namespace alidade
