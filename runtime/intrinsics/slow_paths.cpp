// The slow paths of the intrinsics: correctly rounded long division of 128-bit numbers, and the step of a float sum
// that may spill. Only in the runtime, never in the bitcode. Tested in tests/unit/intrinsics_test.cpp.
#include "runtime/intrinsics/slow_paths.h"

#include <cstring>

#include "runtime/base.h"

namespace {

using alidade::int128;
using alidade::uint128;

constexpr int kLimbs = 4;
constexpr int kLargestScale = 55;  // 2^127 × 5^55 has 255 bits: one is left for doubling a remainder

// An unsigned 256-bit number, least significant limb first: just what a long division bit by bit asks for.
struct Wide {
  uint64_t limbs[kLimbs] = {};

  explicit Wide(uint128 value) {
    limbs[0] = static_cast<uint64_t>(value);
    limbs[1] = static_cast<uint64_t>(value >> 64);
  }
  void multiply(uint64_t factor) {
    uint128 carry = 0;
    for (uint64_t& limb : limbs) {
      carry += static_cast<uint128>(limb) * factor;
      limb = static_cast<uint64_t>(carry);
      carry >>= 64;
    }
  }
  void double_it() {
    for (int i = kLimbs - 1; i > 0; --i) limbs[i] = limbs[i] << 1 | limbs[i - 1] >> 63;
    limbs[0] <<= 1;
  }
  void shift_left(int bits) {
    const int whole = bits / 64, part = bits % 64;
    for (int i = kLimbs - 1; i >= 0; --i) {
      const uint64_t upper = i >= whole ? limbs[i - whole] : 0;
      const uint64_t lower = i > whole ? limbs[i - whole - 1] : 0;
      limbs[i] = part == 0 ? upper : upper << part | lower >> (64 - part);
    }
  }
  bool subtract_if_it_fits(const Wide& other) {
    uint64_t difference[kLimbs];
    uint64_t borrow = 0;
    for (int i = 0; i < kLimbs; ++i) {
      const uint128 step = static_cast<uint128>(limbs[i]) - other.limbs[i] - borrow;
      difference[i] = static_cast<uint64_t>(step);
      borrow = static_cast<uint64_t>(step >> 64) & 1;
    }
    if (borrow != 0) return false;
    std::memcpy(limbs, difference, sizeof limbs);
    return true;
  }
  int bit_length() const {
    for (int i = kLimbs - 1; i >= 0; --i) {
      if (limbs[i] != 0) return 64 * i + 64 - __builtin_clzll(limbs[i]);
    }
    return 0;
  }
  bool is_zero() const { return bit_length() == 0; }
};

uint128 magnitude(int128 value) { return value < 0 ? -static_cast<uint128>(value) : static_cast<uint128>(value); }

int128 join(uint64_t low, int64_t high) {
  return static_cast<int128>(static_cast<uint128>(static_cast<uint64_t>(high)) << 64 | low);
}

// 2^exponent, for exponents of normal doubles.
double power_of_two(int exponent) {
  const uint64_t bits = static_cast<uint64_t>(1023 + exponent) << 52;
  double power;
  std::memcpy(&power, &bits, sizeof power);
  return power;
}

// n / d × 2^exponent for n, d != 0: 64 bits of the quotient, the last of which also says whether anything follows, so
// that the conversion to double is the only rounding.
double divide(Wide n, Wide d, int exponent) {
  const int shift = n.bit_length() - d.bit_length();
  shift >= 0 ? d.shift_left(shift) : n.shift_left(-shift);
  exponent += shift;
  uint64_t quotient = n.subtract_if_it_fits(d) ? 1 : 0;
  while (quotient >> 63 == 0) {
    n.double_it();
    --exponent;
    quotient = quotient << 1 | (n.subtract_if_it_fits(d) ? 1 : 0);
  }
  if (!n.is_zero()) quotient |= 1;
  return static_cast<double>(quotient) * power_of_two(exponent);
}

// a + b and what the rounding lost; exact unless the sum overflows.
struct TwoSum {
  double sum, error;
  TwoSum(double a, double b) : sum(a + b) {
    const double b_seen = sum - a;
    const double a_seen = sum - b_seen;
    error = (a - a_seen) + (b - b_seen);
  }
};

}  // namespace

extern "C" {

double al_long_division(uint64_t n_low, int64_t n_high, uint64_t d_low, int64_t d_high, int32_t scale) {
  const int128 n = join(n_low, n_high), d = join(d_low, d_high);
  ALIDADE_CHECK(d != 0 && scale >= 0 && scale <= kLargestScale);
  if (n == 0) return 0.0;
  Wide divisor(magnitude(d));
  for (int i = 0; i < scale; ++i) divisor.multiply(5);
  const double quotient = divide(Wide(magnitude(n)), divisor, -scale);
  return (n < 0) != (d < 0) ? -quotient : quotient;
}

void al_add_float_slowly(al_float_sum* sum, double value) {
  if (sum->spill == 0) {
    const TwoSum pair(sum->high, sum->low);
    const TwoSum high(pair.sum, value);
    const TwoSum low(pair.error, high.error);
    if (pair.error == pair.error && low.error == 0.0) {  // NaN where a sum overflowed
      sum->high = high.sum;
      sum->low = low.sum;
      return;
    }
  }
  al_float_spill(sum, value);
}

void al_add_floats(al_float_sum* sum, const double* values, int64_t count) {
  for (int64_t i = 0; i < count; ++i) {
    if (values[i] != 0.0) al_add_float(sum, values[i]);
  }
}
}
