// Exact float sums against plain big integers: random, adversarial, permuted and merged.
// rooms: alidade_runtime
#include <doctest/doctest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "runtime/exact_sum.h"

namespace {

using namespace alidade;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// A natural number, least significant bit first: slow and obvious.
using Bits = std::vector<uint8_t>;
constexpr size_t kBits = 2200;

void add(Bits* into, uint64_t mantissa, int shift) {
  int carry = 0;
  for (size_t i = static_cast<size_t>(shift); i < kBits; ++i) {
    size_t k = i - static_cast<size_t>(shift);
    int sum = (*into)[i] + carry + (k < 64 ? static_cast<int>(mantissa >> k & 1) : 0);
    (*into)[i] = static_cast<uint8_t>(sum & 1);
    carry = sum >> 1;
    if (k >= 64 && carry == 0) break;
  }
}

Bits difference(const Bits& larger, const Bits& smaller) {
  Bits out(kBits);
  int borrow = 0;
  for (size_t i = 0; i < kBits; ++i) {
    int bit = larger[i] - smaller[i] - borrow;
    borrow = bit < 0 ? 1 : 0;
    out[i] = static_cast<uint8_t>(bit & 1);
  }
  return out;
}

double round_bits(const Bits& bits) {
  int top = static_cast<int>(kBits) - 1;
  while (top >= 0 && bits[static_cast<size_t>(top)] == 0) --top;
  if (top < 0) return 0.0;
  int low = std::max(0, top - 52);
  uint64_t mantissa = 0;
  for (int i = top; i >= low; --i) mantissa = mantissa << 1 | bits[static_cast<size_t>(i)];
  if (low > 0 && bits[static_cast<size_t>(low) - 1] != 0) {
    bool more = std::any_of(bits.begin(), bits.begin() + low - 1, [](uint8_t b) { return b != 0; });
    if (more || (mantissa & 1) != 0) ++mantissa;
  }
  return std::ldexp(static_cast<double>(mantissa), low - 1074);
}

double reference_sum(const std::vector<double>& values) {
  Bits positive(kBits), negative(kBits);
  for (double value : values) {
    int exponent;
    double fraction = std::frexp(std::fabs(value), &exponent);
    if (fraction == 0) continue;
    uint64_t mantissa = static_cast<uint64_t>(std::ldexp(fraction, 53));
    int shift = exponent - 53 + 1074;
    if (shift < 0) {
      mantissa >>= -shift;
      shift = 0;
    }
    add(value < 0 ? &negative : &positive, mantissa, shift);
  }
  bool below = std::lexicographical_compare(positive.rbegin(), positive.rend(), negative.rbegin(), negative.rend());
  return below ? -round_bits(difference(negative, positive)) : round_bits(difference(positive, negative));
}

double pair_sum(const std::vector<double>& values) {
  SpillArena arena;
  SpillScope scope(&arena);
  al_float_sum sum{};
  for (double value : values) al_add_float(&sum, value);
  return rounded_float_sum(sum);
}

double accumulator_sum(const std::vector<double>& values) {
  Superaccumulator sum;
  for (double value : values) sum.add(value);
  return sum.rounded();
}

double merged_sum(const std::vector<double>& values, size_t parts) {
  SpillArena arena;
  SpillScope scope(&arena);
  std::vector<al_float_sum> sums(parts);
  for (size_t i = 0; i < values.size(); ++i) al_add_float(&sums[i % parts], values[i]);
  al_float_sum all{};
  for (const al_float_sum& sum : sums) add_float_sum(&all, sum);
  return rounded_float_sum(all);
}

void check_sum(std::vector<double> values) {
  const uint64_t expected = std::bit_cast<uint64_t>(reference_sum(values));
  std::mt19937_64 random(values.size());
  for (int round = 0; round < 4; ++round) {
    CHECK(std::bit_cast<uint64_t>(pair_sum(values)) == expected);
    CHECK(std::bit_cast<uint64_t>(accumulator_sum(values)) == expected);
    CHECK(std::bit_cast<uint64_t>(merged_sum(values, 3)) == expected);
    std::shuffle(values.begin(), values.end(), random);
  }
}

}  // namespace

TEST_CASE("sums of one size") {
  std::mt19937_64 random(1);
  for (int count : {0, 1, 2, 3, 10, 1000, 20000}) {
    std::vector<double> values;
    for (int i = 0; i < count; ++i) values.push_back(static_cast<double>(random() % 1000000) / 100.0);
    check_sum(values);
  }
}

TEST_CASE("sums of random bits") {
  std::mt19937_64 random(2);
  for (int round = 0; round < 50; ++round) {
    std::vector<double> values;
    for (int i = 0; i < 200; ++i) {
      double value = std::bit_cast<double>(random());
      if (std::isfinite(value)) values.push_back(value);
    }
    if (!std::isinf(reference_sum(values))) check_sum(values);
  }
}

TEST_CASE("sums of narrow and wide exponents") {
  std::mt19937_64 random(3);
  for (int spread : {1, 60, 120, 400, 1000}) {
    std::vector<double> values;
    for (int i = 0; i < 500; ++i) {
      double value = std::ldexp(static_cast<double>(random() >> 11),
                                static_cast<int>(random() % static_cast<uint64_t>(spread)) - 500);
      values.push_back(random() % 2 == 0 ? value : -value);
    }
    check_sum(values);
  }
}

TEST_CASE("cancellation, ties and limits") {
  const double tiny = std::numeric_limits<double>::denorm_min(), large = std::numeric_limits<double>::max();
  check_sum({1e100, 1.0, -1e100});
  check_sum({1e308, 1e308, -1e308, -1e308, 3.25});
  check_sum({large, tiny, -large});
  check_sum({large, large, -large, tiny});
  check_sum({tiny, tiny, tiny});
  check_sum({tiny, -tiny});
  check_sum({-0.0, -0.0});
  check_sum({1.0, 0x1p-53});                  // a tie: to even, stays 1
  check_sum({1.0, 0x1p-53, tiny});            // just above it
  check_sum({1.0, 0x1p-53, -tiny});           // just below it
  check_sum({0x1.0000000000001p0, 0x1p-53});  // a tie that rounds up
  check_sum({0x1p-1022, -tiny});
  check_sum({-1.0, 0x1p-54, 0x1p-200});
  check_sum({0x1.fffffffffffffp52, 0.5});
}

TEST_CASE("overflow is infinite, and only of the true sum") {
  const double large = std::numeric_limits<double>::max();
  CHECK(pair_sum({large, large}) == kInfinity);
  CHECK(pair_sum({-large, -large}) == -kInfinity);
  CHECK(pair_sum({large, large, -large}) == large);
  CHECK(accumulator_sum({large, 0x1p970}) == kInfinity);
  CHECK(accumulator_sum({large, 0x1p969}) == large);
  CHECK(accumulator_sum({large, 0x1p970, -1.0}) == large);
}

TEST_CASE("a mean is rounded once, from the true sum") {
  SpillArena arena;
  SpillScope scope(&arena);
  const auto mean = [](std::initializer_list<double> values) {
    al_float_sum sum{};
    for (double value : values) al_add_float(&sum, value);
    return rounded_float_mean(sum, static_cast<int64_t>(values.size()));
  };
  CHECK(mean({0.1, 0.2, 0.4}) == 0.23333333333333334);  // the rounded sum by 3 is 0.23333333333333336
  CHECK(mean({-0.1, -0.2, -0.4}) == -0.23333333333333334);
  CHECK(mean({1e308, 1e308}) == 1e308);
  CHECK(mean({1e300, 1.0, -1e300}) == 1.0 / 3);
  CHECK(mean({5e-324, 0.0}) == 0.0);  // a tie, to even
  CHECK(!std::signbit(mean({-5e-324, 0.0})));
  CHECK(mean({3.0, 4.0}) == 3.5);
}

TEST_CASE("an empty sum is positive zero") {
  CHECK(std::bit_cast<uint64_t>(pair_sum({})) == 0);
  CHECK(std::bit_cast<uint64_t>(pair_sum({-0.0})) == 0);
  CHECK(std::bit_cast<uint64_t>(accumulator_sum({})) == 0);
}
