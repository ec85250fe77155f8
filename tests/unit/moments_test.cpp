// Sums of squares of any size, in any order and split anyhow, against the reference's school arithmetic; roundings that
// are known. Tests runtime/moments.h and runtime/intrinsics/rounding.cpp.
// rooms: alidade_reference
#include "runtime/moments.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <random>

#include "compiler/reference/fold.h"
#include "compiler/reference/scalar.h"
#include "runtime/abi.h"

namespace alidade {
namespace {

using reference::exact_number;
using reference::float_number;
using reference::Number;

double reference_of(Aggregate aggregate, const std::vector<Number>& numbers) {
  const reference::Outcome outcome = reference::fold(aggregate, {}, numbers, {});
  return outcome.reason == Reason::kOverflow ? std::numeric_limits<double>::infinity() : outcome.number.number;
}

/// The same values in another order, in two parts that are merged.
template <typename T, typename Add>
Moments moments_of_parts(std::vector<T> values, std::mt19937_64& random, Add add) {
  std::shuffle(values.begin(), values.end(), random);
  const size_t cut = random() % (values.size() + 1);
  Moments left, right;
  for (size_t i = 0; i < values.size(); ++i) add(i < cut ? left : right, values[i]);
  left.add(right);
  return left;
}

TEST_CASE("exact values: the true variance and its root, rounded once") {
  std::mt19937_64 random(1);
  for (int round = 0; round < 400; ++round) {
    const int scale = static_cast<int>(random() % 19);
    const int bits = 1 + static_cast<int>(random() % 127);
    std::vector<int128> values(2 + random() % 6);
    for (int128& value : values) {
      value = static_cast<int128>(static_cast<uint128>(random()) << 64 | random()) >> (128 - bits);
    }
    std::vector<Number> numbers;
    for (int128 value : values) numbers.push_back(exact_number(value, scale));
    const Moments moments =
        moments_of_parts(values, random, [](Moments& into, int128 value) { into.add_exact(value); });
    CHECK(moments.variance_of_exact(scale) == reference_of(Aggregate::kVariance, numbers));
    CHECK(moments.stddev_of_exact(scale) == reference_of(Aggregate::kStddev, numbers));
  }
}

TEST_CASE("doubles of any size: the true variance and its root, rounded once") {
  std::mt19937_64 random(2);
  for (int round = 0; round < 400; ++round) {
    const int spread = 1 + static_cast<int>(random() % (round % 2 == 0 ? 2040 : 40));
    const int lowest = static_cast<int>(random() % static_cast<uint64_t>(2046 - spread));
    std::vector<double> values(2 + random() % 6);
    for (double& value : values) {
      const uint64_t exponent = static_cast<uint64_t>(lowest) + random() % static_cast<uint64_t>(spread);
      value = std::bit_cast<double>(random() << 63 | exponent << 52 | (random() >> 12));
    }
    std::vector<Number> numbers;
    for (double value : values) numbers.push_back(float_number(value));
    const Moments moments =
        moments_of_parts(values, random, [](Moments& into, double value) { into.add_float(value); });
    CHECK(moments.variance_of_floats() == reference_of(Aggregate::kVariance, numbers));
    CHECK(moments.stddev_of_floats() == reference_of(Aggregate::kStddev, numbers));
  }
}

TEST_CASE("known results") {
  Moments roots;
  roots.add_exact(0);
  roots.add_exact(4);
  CHECK(roots.variance_of_exact(0) == 8);
  CHECK(roots.stddev_of_exact(0) == std::sqrt(8.0));
  CHECK(roots.variance_of_exact(2) == 0.0008);
  Moments subnormal;
  subnormal.add_float(0);
  subnormal.add_float(4e-162);
  CHECK(subnormal.variance_of_floats() == 8e-324);
  CHECK(subnormal.stddev_of_floats() == doctest::Approx(std::sqrt(8.0) * 1e-162));
  Moments equal;
  for (int i = 0; i < 3; ++i) equal.add_float(std::numeric_limits<double>::max());
  CHECK(equal.variance_of_floats() == 0);
}

int128 rounded_exact(int128 value, int digits) {
  const al_wide wide = al_round_exact(static_cast<uint64_t>(value), static_cast<int64_t>(value >> 64), digits);
  return static_cast<int128>(static_cast<uint128>(static_cast<uint64_t>(wide.high)) << 64 | wide.low);
}

TEST_CASE("rounding to digits goes to the even one of two") {
  CHECK(rounded_exact(25, 1) == 2);
  CHECK(rounded_exact(35, 1) == 4);
  CHECK(rounded_exact(-25, 1) == -2);
  CHECK(rounded_exact(-35, 1) == -4);
  CHECK(rounded_exact(-26, 1) == -3);
  CHECK(rounded_exact(std::numeric_limits<int64_t>::max(), 18) == 9);
  CHECK(al_round_float(2.5, 0) == 2);
  CHECK(al_round_float(-3.5, 0) == -4);
  CHECK(al_round_float(2.675, 2) == 2.67);  // the double is less than 2.675
  CHECK(al_round_float(1e300, 3) == 1e300);
  CHECK(al_round_float(4e-320, 18) == 0);
  CHECK_FALSE(std::signbit(al_round_float(-0.2, 0)));
  std::mt19937_64 random(3);
  for (int round = 0; round < 2000; ++round) {
    const int digits = static_cast<int>(random() % 19);
    const double value =
        std::ldexp(static_cast<double>(static_cast<int64_t>(random())), static_cast<int>(random() % 180) - 150);
    CHECK(al_round_float(value, digits) == reference::round_to(float_number(value), digits).number.number);
    const int128 exact = static_cast<int128>(static_cast<uint128>(random()) << 64 | random()) >> (random() % 120);
    CHECK(rounded_exact(exact, 1 + digits) == reference::round_to(exact_number(exact, 1 + digits), 0).number.value);
  }
}

}  // namespace
}  // namespace alidade
