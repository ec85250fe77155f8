// The reference's own arithmetic: rounding once, from the true value.
// rooms: alidade_reference
#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "compiler/reference/big_number.h"

namespace alidade::reference {
namespace {

constexpr double kLargest = std::numeric_limits<double>::max();
constexpr double kSmallest = std::numeric_limits<double>::denorm_min();

TEST_CASE("a quotient is the nearest double") {
  CHECK(nearest_quotient(1, 3) == 1.0 / 3);
  CHECK(nearest_quotient(-2, 3) == -2.0 / 3);
  CHECK(nearest_quotient(0, -3) == 0.0);
  CHECK_FALSE(std::signbit(nearest_quotient(0, -3)));
  CHECK(nearest_double(1, 1) == 0.1);
  CHECK(nearest_double(333, 2) == 3.33);
  CHECK(nearest_double(-123456789, 6) == -123.456789);
}

TEST_CASE("ties go to even, a remainder breaks them") {
  const int128 two53 = int128{1} << 53;
  CHECK(nearest_quotient(two53 + 1, 1) == 9007199254740992.0);
  CHECK(nearest_quotient(two53 + 3, 1) == 9007199254740996.0);
  CHECK(nearest_quotient((two53 + 1) * 1000 + 1, 1000) == 9007199254740994.0);
  CHECK(nearest_quotient((two53 + 1) * 1000 - 1, 1000) == 9007199254740992.0);
}

TEST_CASE("the ends of the range") {
  const BigInteger unit = BigInteger(1).shifted_left(1074);
  CHECK(nearest_quotient(1, unit) == kSmallest);
  CHECK(nearest_quotient(1, unit.shifted_left(1)) == 0.0);            // half of the smallest: to even
  CHECK(nearest_quotient(3, unit.shifted_left(2)) == kSmallest);      // three quarters
  CHECK(nearest_quotient(3, unit.shifted_left(1)) == 2 * kSmallest);  // one and a half
  CHECK(nearest_quotient(BigInteger(1).shifted_left(1024), 1) == HUGE_VAL);
  CHECK(nearest_quotient(BigInteger((int128{1} << 53) - 1).shifted_left(971), 1) == kLargest);
}

TEST_CASE("against the processor's own division") {
  uint64_t state = 1;
  const auto next = [&state] {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return static_cast<int64_t>(state >> 12);  // 52 bits: exact in a double
  };
  for (int i = 0; i < 20000; ++i) {
    const int64_t n = next() - (int64_t{1} << 51), d = (next() >> (i % 50)) + 1;
    CHECK(nearest_quotient(n, d) == static_cast<double>(n) / static_cast<double>(d));
  }
}

TEST_CASE("float sums are the true sum, rounded once") {
  FloatSum sum;
  for (double value : {1e308, 1e308, 1.0, -1e308, -1e308, 1e-300, kSmallest}) sum.add(value);
  CHECK(sum.rounded() == 1.0);
  FloatSum tenths;
  for (int i = 0; i < 10; ++i) tenths.add(0.1);
  CHECK(tenths.rounded() == 1.0);
  FloatSum negative;
  for (double value : {-0.5, -1e-20, 1e-20}) negative.add(value);
  CHECK(negative.rounded() == -0.5);
  FloatSum overflowing;
  overflowing.add(kLargest);
  overflowing.add(kLargest);
  CHECK(std::isinf(overflowing.rounded()));
  overflowing.add(-kLargest);
  CHECK(overflowing.rounded() == kLargest);
  FloatSum cancelled;
  cancelled.add(-2.5);
  cancelled.add(2.5);
  CHECK_FALSE(std::signbit(cancelled.rounded()));
}

TEST_CASE("exact sums see overflow only in the total") {
  const int128 largest = ~(int128{1} << 127);
  ExactSum sum;
  sum.add(largest);
  sum.add(1);
  CHECK_FALSE(sum.total().as_int128().has_value());
  sum.add(-2);
  CHECK((sum.total().as_int128() == largest - 1));
  ExactSum negative;
  negative.add(-largest);
  negative.add(-1);
  CHECK((negative.total().as_int128() == -largest - 1));
  negative.add(-1);
  CHECK_FALSE(negative.total().as_int128().has_value());
}

TEST_CASE("products and comparisons") {
  const BigInteger big = BigInteger::power_of_ten(50);
  CHECK(compare(big * big, BigInteger::power_of_ten(100)) == 0);
  CHECK(compare(big - big, 0) == 0);
  CHECK(compare(big.negated(), 1) < 0);
  CHECK(compare(big - BigInteger(1), big) < 0);
  CHECK(nearest_quotient(big, BigInteger::power_of_ten(49)) == 10.0);
}

}  // namespace
}  // namespace alidade::reference
