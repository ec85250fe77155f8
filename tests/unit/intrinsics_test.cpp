// The intrinsics of runtime/abi.h: correct rounding against integer arithmetic of any length, exact sums in any order.
// rooms: alidade_runtime
#include <doctest/doctest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

#include "runtime/abi.h"
#include "runtime/base.h"
#include "runtime/exact_sum.h"

namespace alidade {
namespace {

/// A natural number of any length, 32-bit digits, least first: schoolbook, for checking only.
struct Natural {
  std::vector<uint32_t> digits;

  explicit Natural(uint128 value) {
    for (; value != 0; value >>= 32) digits.push_back(static_cast<uint32_t>(value));
  }
  Natural times(uint64_t factor) const {
    Natural result(0);
    uint128 carry = 0;
    for (const uint32_t digit : digits) {
      carry += static_cast<uint128>(digit) * factor;
      result.digits.push_back(static_cast<uint32_t>(carry));
      carry >>= 32;
    }
    for (; carry != 0; carry >>= 32) result.digits.push_back(static_cast<uint32_t>(carry));
    return result;
  }
  Natural shifted(int bits) const {
    Natural result = times(uint64_t{1} << bits % 32);
    if (!result.digits.empty()) result.digits.insert(result.digits.begin(), bits / 32, 0);
    return result;
  }
  int compare(const Natural& other) const {
    if (digits.size() != other.digits.size()) return digits.size() < other.digits.size() ? -1 : 1;
    for (size_t i = digits.size(); i-- > 0;) {
      if (digits[i] != other.digits[i]) return digits[i] < other.digits[i] ? -1 : 1;
    }
    return 0;
  }
};

uint128 magnitude(int128 value) { return value < 0 ? -static_cast<uint128>(value) : static_cast<uint128>(value); }

/// Whether `result` is the double nearest to n / (d × 10^scale), ties to even.
bool is_nearest(double result, int128 n, int128 d, int scale) {
  if (n == 0) return std::bit_cast<uint64_t>(result) == 0;
  if (std::signbit(result) != ((n < 0) != (d < 0))) return false;
  int exponent = 0;
  const auto mantissa = static_cast<uint64_t>(std::ldexp(std::frexp(std::fabs(result), &exponent), 53));
  exponent -= 53;
  Natural divisor(magnitude(d));
  for (int i = 0; i < scale; ++i) divisor = divisor.times(10);
  // (mantissa ± 1/2) × 2^exponent × divisor around n; everything times 4, the lower step halves at a power of two.
  const bool at_power = mantissa == uint64_t{1} << 52;
  const int up = std::max(exponent, 0), down = std::max(-exponent, 0);
  const Natural value = Natural(magnitude(n)).shifted(2).shifted(down);
  const Natural least = divisor.times(4 * mantissa - (at_power ? 1 : 2)).shifted(up);
  const Natural most = divisor.times(4 * mantissa + 2).shifted(up);
  const int above = value.compare(least), below = value.compare(most);
  const bool even = mantissa % 2 == 0;
  return (above > 0 || (above == 0 && even)) && (below < 0 || (below == 0 && even));
}

uint64_t low(int128 value) { return static_cast<uint64_t>(value); }
int64_t high(int128 value) { return static_cast<int64_t>(value >> 64); }
double quotient(int128 n, int128 d) { return al_quotient(low(n), high(n), low(d), high(d)); }
double to_double(int128 value, int scale) { return al_exact_to_double(low(value), high(value), scale); }
double scaled(int128 n, int128 d, int scale) { return al_scaled_quotient(low(n), high(n), low(d), high(d), scale); }

constexpr int128 kLargest = static_cast<int128>(~uint128{0} >> 1);
constexpr int128 kSmallest = -kLargest - 1;

/// Numbers of every length, often next to powers of two and with many trailing zeros.
int128 any_number(std::mt19937_64& random) {
  uint128 bits = static_cast<uint128>(random()) << 64 | random();
  bits >>= random() % 128;
  if (random() % 4 == 0) bits = bits >> random() % 64 << random() % 64;
  if (random() % 4 == 0) bits = (uint128{1} << random() % 127) + random() % 3 - 1;
  return static_cast<int128>(random() % 2 == 0 ? bits : -bits);
}

TEST_CASE("quotients are correctly rounded") {
  std::mt19937_64 random(1);
  for (int i = 0; i < 100000; ++i) {
    const int128 n = any_number(random);
    int128 d = any_number(random);
    if (d == 0) d = 1;
    REQUIRE(is_nearest(quotient(n, d), n, d, 0));
    const int scale = static_cast<int>(random() % 40);
    REQUIRE(is_nearest(to_double(n, scale), n, 1, scale));
    REQUIRE(is_nearest(scaled(n, d, scale), n, d, scale));
  }
}

TEST_CASE("quotients at the edges") {
  CHECK(quotient(1, 3) == 1.0 / 3.0);
  CHECK(std::bit_cast<uint64_t>(quotient(0, -7)) == 0);
  CHECK(quotient(kSmallest, 1) == -std::ldexp(1.0, 127));
  CHECK(quotient(kSmallest, kSmallest) == 1.0);
  CHECK(is_nearest(quotient(1, kLargest), 1, kLargest, 0));
  CHECK(is_nearest(scaled(1, kSmallest, 55), 1, kSmallest, 55));
  CHECK(is_nearest(scaled(kSmallest, 3, 55), kSmallest, 3, 55));
  CHECK(to_double(333, 2) == 3.33);
  CHECK(to_double(-5, 0) == -5.0);
}

TEST_CASE("ties go to even") {
  const int128 odd = (int128{1} << 53) + 1;  // halfway between two doubles
  for (int shift = 0; shift < 60; ++shift) {
    CHECK(quotient(odd << shift, int128{1} << shift) == std::ldexp(1.0, 53));
    CHECK(quotient((odd + 2) << shift, int128{1} << shift) == std::ldexp(1.0, 53) + 4);
    CHECK(is_nearest(quotient((odd << shift) + 1, int128{1} << shift), (odd << shift) + 1, int128{1} << shift, 0));
  }
}

TEST_CASE("an exact sum overflows by its true value, not by the order of rows") {
  al_exact sum{};
  al_add_exact(&sum, low(kLargest), high(kLargest));
  al_add_exact(&sum, 1, 0);
  CHECK(sum.flags == AL_FLAG_OVERFLOW);
  al_add_exact(&sum, low(-2), high(-2));
  CHECK(sum.flags == 0);
  CHECK((sum.low == low(kLargest - 1) && sum.high == high(kLargest - 1)));
  al_exact other{};
  al_add_exact(&other, low(kLargest), high(kLargest));
  al_merge_exact(&sum, &other);
  CHECK(sum.flags == AL_FLAG_OVERFLOW);
  al_exact back{};
  al_add_exact(&back, low(kSmallest), high(kSmallest));
  al_merge_exact(&sum, &back);
  CHECK(sum.flags == 0);
}

TEST_CASE("bounds") {
  al_exact least{}, most{};
  for (const int128 value : {int128{5}, int128{-3}, kLargest, int128{7}}) {
    al_min_exact(&least, low(value), high(value));
    al_max_exact(&most, low(value), high(value));
  }
  CHECK((least.low == low(-3) && least.high == -1 && least.flags == AL_FLAG_SEEN));
  CHECK((most.low == low(kLargest) && most.high == high(kLargest)));
  al_float_bound below{}, above{};
  for (const double value : {-0.0, 2.5, 0.0, -1.5}) {
    al_min_float(&below, value);
    al_max_float(&above, value);
  }
  CHECK((below.value == -1.5 && above.value == 2.5));
  al_float_bound zero{};
  al_min_float(&zero, -0.0);
  CHECK(!std::signbit(zero.value));
}

TEST_CASE("moments") {
  al_moment first{}, last{};
  const int64_t rows[][3] = {{5, 0, 1}, {3, 2, 2}, {3, 1, 3}, {9, 7, 4}, {9, 7, 4}};
  for (const auto& [time, order, value] : rows) {
    al_keep_first(&first, time, order, static_cast<uint64_t>(value), 0);
    al_keep_last(&last, time, order, static_cast<uint64_t>(value), 0);
  }
  CHECK((first.time == 3 && first.order == 1 && first.low == 3 && first.flags == AL_FLAG_SEEN));
  CHECK((last.time == 9 && last.order == 7 && last.low == 4 && last.flags == AL_FLAG_SEEN));
  al_keep_last(&last, 9, 7, 5, 0);
  al_keep_first(&first, 3, 2, 9, 0);
  CHECK((first.flags == AL_FLAG_SEEN && last.flags == (AL_FLAG_SEEN | AL_FLAG_TIE)));
  al_keep_last(&last, 10, 0, 6, -1);
  CHECK((last.flags == AL_FLAG_SEEN && last.low == 6 && last.high == -1));
}

double sum_of(const std::vector<double>& values, bool* spilled = nullptr) {
  SpillArena arena;
  const SpillScope scope(&arena);
  al_float_sum sum{};
  for (const double value : values) al_add_float(&sum, value);
  if (spilled != nullptr) *spilled = sum.spill != 0;
  return rounded_float_sum(sum);
}

double superaccumulated(const std::vector<double>& values) {
  Superaccumulator sum;
  for (const double value : values) sum.add(value);
  return sum.rounded();
}

TEST_CASE("float sums are correctly rounded in any order") {
  std::mt19937_64 random(2);
  int spills = 0;
  for (const int spread : {0, 8, 20, 40, 120, 2000}) {
    for (int round = 0; round < 50; ++round) {
      std::vector<double> values(1 + random() % 400);
      for (double& value : values) {
        const int exponent = spread == 0 ? 0 : static_cast<int>(random() % spread) - spread / 2;
        value = std::ldexp(static_cast<double>(static_cast<int64_t>(random()) >> 11), exponent - 40);
      }
      if (round % 5 == 0) {  // almost everything cancels
        const size_t half = values.size();
        for (size_t i = 0; i + 1 < half; ++i) values.push_back(-values[i]);
      }
      bool spilled = false;
      const double expected = superaccumulated(values);
      REQUIRE(sum_of(values, &spilled) == expected);
      std::shuffle(values.begin(), values.end(), random);
      REQUIRE(sum_of(values) == expected);
      spills += spilled;
    }
  }
  CHECK(spills > 50);
}

TEST_CASE("sums of prices stay in the pair") {
  std::mt19937_64 random(3);
  std::vector<double> values(200000);
  for (double& value : values) value = static_cast<double>(random() % 1000000) / 100;
  bool spilled = true;
  CHECK(sum_of(values, &spilled) == superaccumulated(values));
  CHECK_FALSE(spilled);
}

TEST_CASE("a float sum may pass through infinity") {
  const double big = 1.5e308;
  CHECK(sum_of({big, big, -big, 1.0}) == big);
  CHECK(std::isinf(sum_of({big, big})));
  CHECK(sum_of({5e-324, 1.0, -1.0}) == 5e-324);
}

}  // namespace
}  // namespace alidade
