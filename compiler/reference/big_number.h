// Integers of any size and the roundings made from them: plain school arithmetic, so that every correctly rounded
// result is right at a glance. Part of compiler/reference; tested in tests/unit/reference_numbers_test.cpp.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "runtime/base.h"

namespace alidade::reference {

/// Sign and magnitude, 32 bits a digit, least significant first, no leading zeros; zero has no digits and no sign.
class BigInteger {
 public:
  BigInteger() = default;
  BigInteger(int128 value);  // NOLINT: implicit on purpose
  static BigInteger power_of_ten(int exponent);

  bool is_zero() const { return digits_.empty(); }
  bool is_negative() const { return negative_; }
  BigInteger magnitude() const;
  BigInteger negated() const;
  int bit_length() const;  ///< of the magnitude; 0 for zero
  BigInteger shifted_left(int bits) const;
  std::optional<int128> as_int128() const;

  friend BigInteger operator+(const BigInteger& a, const BigInteger& b);
  friend BigInteger operator-(const BigInteger& a, const BigInteger& b) { return a + b.negated(); }
  friend BigInteger operator*(const BigInteger& a, const BigInteger& b);
  /// Negative, zero or positive as a is less than, equal to or more than b.
  friend int compare(const BigInteger& a, const BigInteger& b);

 private:
  void trim();
  bool negative_ = false;
  std::vector<uint32_t> digits_;
};

/// The binary64 nearest to n/d, ties to even, infinity beyond the largest. d is not 0. Never -0.0.
double nearest_quotient(const BigInteger& n, const BigInteger& d);

/// The binary64 nearest to value × 10^-scale.
double nearest_double(int128 value, int scale);

/// The true sum of doubles, held in units of 2^-1074.
class FloatSum {
 public:
  void add(double value);  ///< finite
  /// Nearest to the true sum by `divisor`, above 0; infinite where that is too large.
  double rounded(int64_t divisor = 1) const;

 private:
  // Digits of 32 bits with room to spare: 2^31 additions before a digit could overflow its 64 bits.
  static constexpr int kDigits = 68;
  std::array<int64_t, kDigits> digits_{};
};

/// The true sum of 128-bit integers.
class ExactSum {
 public:
  void add(int128 value);
  BigInteger total() const;

 private:
  int128 high_ = 0;  // of the upper halves
  uint128 low_ = 0;  // of the lower halves, which count as not negative
};

}  // namespace alidade::reference
