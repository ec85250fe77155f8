// Exact conversions of numbers: text, integers, decimals and doubles to scaled 64-bit values. Internal to the binder
// (door: batch.h, Binder); tested in tests/unit/bind_test.cpp. Pure functions.
#pragma once

#include <cstdint>
#include <string_view>

#include "runtime/base.h"

namespace alidade {

enum class NumberVerdict : uint8_t {
  kGood,
  kNotANumber,
  kTooManyDigits,  ///< digits other than 0 beyond the scale
  kTooLarge,
  kNotFinite,
};

/// mantissa × 10^-scale; scale is never negative.
struct ExactNumber {
  int128 mantissa = 0;
  int scale = 0;
};

/// "-12.50" or "1.5e-3", exactly. kTooLarge where 128 bits do not hold it.
NumberVerdict parse_exact(std::string_view text, ExactNumber* number);

/// number as an integer count of 10^-scale, without rounding.
NumberVerdict rescale(ExactNumber number, int scale, int64_t* value);

/// number × factor, rounded half-even to an integer. factor is at most 10^12.
NumberVerdict multiply_rounded(ExactNumber number, int64_t factor, int64_t* value);

/// The exact binary value × factor, rounded half-even to an integer. factor is positive.
NumberVerdict multiply_rounded(double number, int64_t factor, int64_t* value);

/// 10^exponent for exponents 0 to 38.
int128 power_of_ten(int exponent);

/// The double nearest to number.
double to_double(ExactNumber number);

}  // namespace alidade
