// School arithmetic on integers of any size. Door: big_number.h.
#include "compiler/reference/big_number.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace alidade::reference {
namespace {

int compare_magnitudes(const std::vector<uint32_t>& a, const std::vector<uint32_t>& b) {
  if (a.size() != b.size()) return a.size() < b.size() ? -1 : 1;
  for (size_t i = a.size(); i-- > 0;) {
    if (a[i] != b[i]) return a[i] < b[i] ? -1 : 1;
  }
  return 0;
}

std::vector<uint32_t> add_magnitudes(const std::vector<uint32_t>& a, const std::vector<uint32_t>& b) {
  std::vector<uint32_t> sum;
  uint64_t carry = 0;
  for (size_t i = 0; i < std::max(a.size(), b.size()) || carry != 0; ++i) {
    carry += (i < a.size() ? a[i] : 0ull) + (i < b.size() ? b[i] : 0ull);
    sum.push_back(static_cast<uint32_t>(carry));
    carry >>= 32;
  }
  return sum;
}

/// a - b for a >= b.
std::vector<uint32_t> subtract_magnitudes(const std::vector<uint32_t>& a, const std::vector<uint32_t>& b) {
  std::vector<uint32_t> difference;
  int64_t borrow = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    int64_t digit = static_cast<int64_t>(a[i]) - (i < b.size() ? static_cast<int64_t>(b[i]) : 0) - borrow;
    borrow = digit < 0 ? 1 : 0;
    if (digit < 0) digit += int64_t{1} << 32;
    difference.push_back(static_cast<uint32_t>(digit));
  }
  return difference;
}

}  // namespace

BigInteger::BigInteger(int128 value) : negative_(value < 0) {
  uint128 rest = negative_ ? -static_cast<uint128>(value) : static_cast<uint128>(value);
  for (; rest != 0; rest >>= 32) digits_.push_back(static_cast<uint32_t>(rest));
}

BigInteger BigInteger::power_of_ten(int exponent) {
  BigInteger power = 1;
  for (int i = 0; i < exponent; ++i) power = power * 10;
  return power;
}

void BigInteger::trim() {
  while (!digits_.empty() && digits_.back() == 0) digits_.pop_back();
  if (digits_.empty()) negative_ = false;
}

BigInteger BigInteger::magnitude() const {
  BigInteger result = *this;
  result.negative_ = false;
  return result;
}

BigInteger BigInteger::negated() const {
  BigInteger result = *this;
  result.negative_ = !negative_ && !is_zero();
  return result;
}

int BigInteger::bit_length() const {
  if (digits_.empty()) return 0;
  return static_cast<int>(digits_.size()) * 32 - __builtin_clz(digits_.back());
}

BigInteger BigInteger::shifted_left(int bits) const {
  BigInteger result;
  result.negative_ = negative_;
  result.digits_.assign(static_cast<size_t>(bits / 32), 0);
  uint64_t carry = 0;
  for (uint32_t digit : digits_) {
    carry |= static_cast<uint64_t>(digit) << (bits % 32);
    result.digits_.push_back(static_cast<uint32_t>(carry));
    carry >>= 32;
  }
  result.digits_.push_back(static_cast<uint32_t>(carry));
  result.trim();
  return result;
}

std::optional<int128> BigInteger::as_int128() const {
  if (bit_length() > 128) return std::nullopt;
  uint128 size = 0;
  for (size_t i = digits_.size(); i-- > 0;) size = size << 32 | digits_[i];
  const uint128 limit = static_cast<uint128>(1) << 127;
  if (negative_ ? size > limit : size >= limit) return std::nullopt;
  return static_cast<int128>(negative_ ? -size : size);
}

BigInteger operator+(const BigInteger& a, const BigInteger& b) {
  BigInteger result;
  if (a.negative_ == b.negative_) {
    result.digits_ = add_magnitudes(a.digits_, b.digits_);
    result.negative_ = a.negative_;
  } else if (compare_magnitudes(a.digits_, b.digits_) >= 0) {
    result.digits_ = subtract_magnitudes(a.digits_, b.digits_);
    result.negative_ = a.negative_;
  } else {
    result.digits_ = subtract_magnitudes(b.digits_, a.digits_);
    result.negative_ = b.negative_;
  }
  result.trim();
  return result;
}

BigInteger operator*(const BigInteger& a, const BigInteger& b) {
  BigInteger result;
  result.digits_.assign(a.digits_.size() + b.digits_.size(), 0);
  for (size_t i = 0; i < a.digits_.size(); ++i) {
    uint64_t carry = 0;
    for (size_t k = 0; k < b.digits_.size() || carry != 0; ++k) {
      carry += result.digits_[i + k] + (k < b.digits_.size() ? static_cast<uint64_t>(a.digits_[i]) * b.digits_[k] : 0);
      result.digits_[i + k] = static_cast<uint32_t>(carry);
      carry >>= 32;
    }
  }
  result.negative_ = a.negative_ != b.negative_;
  result.trim();
  return result;
}

int compare(const BigInteger& a, const BigInteger& b) {
  if (a.negative_ != b.negative_) return a.negative_ ? -1 : 1;
  const int sizes = compare_magnitudes(a.digits_, b.digits_);
  return a.negative_ ? -sizes : sizes;
}

double nearest_quotient(const BigInteger& n, const BigInteger& d) {
  if (n.is_zero()) return 0.0;
  const bool negative = n.is_negative() != d.is_negative();
  BigInteger top = n.magnitude(), bottom = d.magnitude();
  // The quotient lies in [2^(e-1), 2^(e+1)). Scaling by 2^-unit leaves 53 or 54 bits of it, fewer below the normal
  // range.
  const int e = top.bit_length() - bottom.bit_length();
  const int unit = std::max(e - 53, -1074);
  if (unit > 0) bottom = bottom.shifted_left(unit);
  if (unit < 0) top = top.shifted_left(-unit);
  // Long division, bit by bit: `top` ends as the remainder.
  uint64_t quotient = 0;
  for (int bit = 54; bit >= 0; --bit) {
    const BigInteger step = bottom.shifted_left(bit);
    quotient <<= 1;
    if (compare(top, step) >= 0) {
      top = top - step;
      quotient |= 1;
    }
  }
  int exponent = unit;
  if (quotient >> 53 != 0) {  // 54 bits: the last is the half, the remainder breaks its tie
    const bool half = (quotient & 1) != 0;
    quotient >>= 1;
    ++exponent;
    if (half && (!top.is_zero() || (quotient & 1) != 0)) ++quotient;
  } else {  // the quotient's last bit is the result's: twice the remainder against the divisor decides
    const int half = compare(top.shifted_left(1), bottom);
    if (half > 0 || (half == 0 && (quotient & 1) != 0)) ++quotient;
  }
  const double size = std::ldexp(static_cast<double>(quotient), exponent);
  return negative && size != 0 ? -size : size;
}

double nearest_double(int128 value, int scale) { return nearest_quotient(value, BigInteger::power_of_ten(scale)); }

void FloatSum::add(double value) {
  uint64_t bits = 0;
  std::memcpy(&bits, &value, sizeof bits);
  const int biased = static_cast<int>(bits >> 52 & 0x7ff);
  uint64_t mantissa = bits & ((uint64_t{1} << 52) - 1);
  if (biased != 0) mantissa |= uint64_t{1} << 52;
  const int shift = biased == 0 ? 0 : biased - 1;  // in units of 2^-1074
  uint128 spread = static_cast<uint128>(mantissa) << (shift % 32);
  const int sign = bits >> 63 != 0 ? -1 : 1;
  for (size_t digit = static_cast<size_t>(shift / 32); spread != 0; ++digit, spread >>= 32) {
    digits_[digit] += sign * static_cast<int64_t>(static_cast<uint32_t>(spread));
  }
}

double FloatSum::rounded(int64_t divisor) const {
  BigInteger total;
  for (int i = 0; i < kDigits; ++i) {
    const int64_t digit = digits_[static_cast<size_t>(i)];
    if (digit != 0) total = total + BigInteger(digit).shifted_left(32 * i);
  }
  return nearest_quotient(total, BigInteger(divisor).shifted_left(1074));
}

void ExactSum::add(int128 value) {
  high_ += value >> 64;
  low_ += static_cast<uint64_t>(value);
}

BigInteger ExactSum::total() const {
  return BigInteger(high_).shifted_left(64) + BigInteger(static_cast<int128>(low_));
}

}  // namespace alidade::reference
