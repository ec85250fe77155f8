// Rounding to digits after the point, ties to even: too long to inline, so generated code calls it by address. Only in
// the runtime, never in the bitcode. Tested in tests/unit/intrinsics_test.cpp.
#include <cstring>

#include "runtime/abi.h"
#include "runtime/base.h"
#include "runtime/intrinsics/slow_paths.h"

namespace {

using alidade::int128;
using alidade::uint128;

template <typename T>
T power_of_ten(int32_t exponent) {
  T power = 1;
  for (int32_t i = 0; i < exponent; ++i) power *= 10;
  return power;
}

template <typename T>
T divide_to_even(T value, T divisor) {
  const T quotient = value / divisor;
  const T rest = value % divisor;
  const T size = rest < 0 ? -rest : rest;
  const T to_next = divisor - size;
  if (size < to_next || (size == to_next && quotient % 2 == 0)) return quotient;
  return quotient + (value < 0 ? -1 : 1);
}

al_wide wide(int128 value) { return {static_cast<uint64_t>(value), static_cast<int64_t>(value >> 64)}; }

}  // namespace

extern "C" al_wide al_round_exact(uint64_t low, int64_t high, int32_t digits) {
  const int64_t word = static_cast<int64_t>(low);
  if (word >> 63 == high && digits <= 18) return wide(divide_to_even(word, power_of_ten<int64_t>(digits)));
  const int128 value = static_cast<int128>(static_cast<uint128>(static_cast<uint64_t>(high)) << 64 | low);
  return wide(divide_to_even(value, power_of_ten<int128>(digits)));
}

// A double is m × 2^-k. Where k is not positive it is whole already; where it is beyond 120, m × 10^18 < 2^113 is less
// than half of 2^k. Rows that no guard lets through may hold an infinity, which is left as it is.
extern "C" double al_round_float(double value, int32_t digits) {
  uint64_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  const int exponent = static_cast<int>(bits >> 52 & 0x7ff);
  const int shift = 1075 - exponent;
  if (shift <= 0) return value;
  if (exponent == 0 || shift > 120) return 0.0;
  const uint64_t mantissa = (bits & ((uint64_t{1} << 52) - 1)) | uint64_t{1} << 52;
  const uint128 scaled = mantissa * static_cast<uint128>(power_of_ten<uint64_t>(digits));
  uint128 whole = scaled >> shift;
  const uint128 rest = scaled & ((uint128{1} << shift) - 1);
  const uint128 half = uint128{1} << (shift - 1);
  if (rest > half || (rest == half && (whole & 1) != 0)) ++whole;
  const double size = al_long_division(static_cast<uint64_t>(whole), static_cast<int64_t>(whole >> 64), 1, 0, digits);
  return bits >> 63 != 0 && size != 0 ? -size : size;
}
