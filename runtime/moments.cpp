// Sums of squares that lose nothing, and the one rounding at their end. GMP divides and takes roots. Door: moments.h.
#include "runtime/moments.h"

#include <gmp.h>

#include <algorithm>
#include <bit>
#include <cmath>

#include "runtime/exact_sum.h"

namespace alidade {
namespace {

constexpr int kLazyAdds = 1 << 29;
constexpr int kFloatUnit = -1074;  // a double is a whole number of 2^-1074
constexpr size_t kGuardBits = 66;  // more than a double has: the bits below only matter as a sticky one

/// A finite double as ± mantissa × 2^shift units of 2^-1074.
struct FloatParts {
  uint128 mantissa;
  int shift;
  bool negative;
};
FloatParts parts_of(double value) {
  const uint64_t bits = std::bit_cast<uint64_t>(value);
  const int exponent = static_cast<int>(bits >> 52 & 0x7ff);
  const uint64_t mantissa = bits & ((uint64_t{1} << 52) - 1);
  return {exponent != 0 ? mantissa | uint64_t{1} << 52 : mantissa, std::max(exponent - 1, 0), bits >> 63 != 0};
}

/// A GMP integer that cleans up after itself.
class Integer {
 public:
  Integer() { mpz_init(value_); }
  explicit Integer(int64_t value) { mpz_init_set_si(value_, value); }
  explicit Integer(GrowingSum sum) {
    mpz_init(value_);
    const std::vector<int64_t>& digits = sum.digits();
    for (size_t i = digits.size(); i-- > 0;) {
      mpz_mul_2exp(value_, value_, 32);
      const int64_t digit = digits[i];
      digit < 0 ? mpz_sub_ui(value_, value_, static_cast<uint64_t>(-digit))
                : mpz_add_ui(value_, value_, static_cast<uint64_t>(digit));
    }
    mpz_mul_2exp(value_, value_, static_cast<mp_bitcnt_t>(32 * sum.first()));
  }
  ~Integer() { mpz_clear(value_); }
  Integer(const Integer&) = delete;
  Integer& operator=(const Integer&) = delete;
  operator mpz_ptr() { return value_; }  // NOLINT: implicit on purpose

 private:
  mpz_t value_;
};

size_t bits_of(mpz_ptr value) { return mpz_sgn(value) == 0 ? 0 : mpz_sizeinbase(value, 2); }

/// The double nearest to (value and, where `sticky`, a little more) × 2^exponent. A sticky value has kGuardBits.
double nearest(mpz_ptr value, bool sticky, int64_t exponent) {
  const int64_t unit = std::max(static_cast<int64_t>(bits_of(value)) + exponent - 53, int64_t{kFloatUnit});
  const int64_t drop = unit - exponent;
  if (drop <= 0) return std::ldexp(mpz_get_d(value), static_cast<int>(exponent));
  Integer whole, rest, half(1);
  mpz_fdiv_q_2exp(whole, value, static_cast<mp_bitcnt_t>(drop));
  mpz_fdiv_r_2exp(rest, value, static_cast<mp_bitcnt_t>(drop));
  mpz_mul_2exp(half, half, static_cast<mp_bitcnt_t>(drop - 1));
  const int against_half = mpz_cmp(rest, half);
  if (against_half > 0 || (against_half == 0 && (sticky || mpz_odd_p(static_cast<mpz_ptr>(whole)) != 0)))
    mpz_add_ui(whole, whole, 1);
  return std::ldexp(mpz_get_d(whole), static_cast<int>(unit));
}

/// numerator / denominator × 2^exponent, or its root: the one rounding.
double nearest_quotient(mpz_ptr numerator, mpz_ptr denominator, int64_t exponent, bool root) {
  const size_t wanted = bits_of(denominator) + (root ? 2 * kGuardBits : kGuardBits);
  size_t shift = wanted > bits_of(numerator) ? wanted - bits_of(numerator) : 0;
  shift += shift % 2;  // and the exponent is even, so that the root of the power is one
  mpz_mul_2exp(numerator, numerator, shift);
  Integer quotient, rest;
  mpz_tdiv_qr(quotient, rest, numerator, denominator);
  bool sticky = mpz_sgn(static_cast<mpz_ptr>(rest)) != 0;
  exponent -= static_cast<int64_t>(shift);
  if (root) {
    mpz_sqrtrem(quotient, rest, quotient);
    sticky = sticky || mpz_sgn(static_cast<mpz_ptr>(rest)) != 0;
    exponent /= 2;
  }
  return nearest(quotient, sticky, exponent);
}

/// (n Σx² − (Σx)²) / (n (n − 1) 10^(2 scale)) × 2^exponent.
double sample(int64_t count, const GrowingSum& sum, const GrowingSum& squares, int scale, int64_t exponent, bool root) {
  Integer spread(squares), total(sum), denominator(count), power;
  mpz_mul_si(spread, spread, count);
  mpz_mul(total, total, total);
  mpz_sub(spread, spread, total);
  if (mpz_sgn(static_cast<mpz_ptr>(spread)) == 0) return 0;
  mpz_mul_si(denominator, denominator, count - 1);
  mpz_ui_pow_ui(power, 10, static_cast<unsigned long>(2 * scale));
  mpz_mul(denominator, denominator, power);
  return nearest_quotient(spread, denominator, exponent, root);
}

/// numerator / denominator × 2^exponent, rounded once; never -0.0.
double signed_quotient(GrowingSum numerator, mpz_ptr denominator, int64_t exponent) {
  Integer total(std::move(numerator));
  const int sign = mpz_sgn(static_cast<mpz_ptr>(total));
  if (sign == 0) return 0;
  mpz_abs(total, total);
  const double size = nearest_quotient(total, denominator, exponent, false);
  return (sign < 0 ? -size : size) + 0.0;
}

/// *sum += ± size × 2^shift × factor, factor >= 0.
void add_product(uint128 size, int shift, bool negative, int64_t factor, GrowingSum* sum) {
  sum->add(static_cast<uint128>(static_cast<uint64_t>(size)) * static_cast<uint64_t>(factor), shift, negative);
  sum->add((size >> 64) * static_cast<uint64_t>(factor), shift + 64, negative);
}

}  // namespace

double nearest_quotient_of_floats(GrowingSum sum, int64_t count) {
  Integer denominator(count);
  return signed_quotient(std::move(sum), denominator, kFloatUnit);
}

double nearest_between_exact(int128 low, int128 high, int64_t rest, int64_t divisor, int scale) {
  GrowingSum sum;
  for (const auto& [end, factor] : {std::pair(low, divisor - rest), std::pair(high, rest)}) {
    const bool negative = end < 0;
    const uint128 size = negative ? -static_cast<uint128>(end) : static_cast<uint128>(end);
    add_product(size, 0, negative, factor, &sum);
  }
  Integer denominator(divisor), power;
  mpz_ui_pow_ui(power, 10, static_cast<unsigned long>(scale));
  mpz_mul(denominator, denominator, power);
  return signed_quotient(std::move(sum), denominator, 0);
}

double nearest_between_floats(double low, double high, int64_t rest, int64_t divisor) {
  GrowingSum sum;
  for (const auto& [end, factor] : {std::pair(low, divisor - rest), std::pair(high, rest)}) {
    const FloatParts parts = parts_of(end);
    add_product(parts.mantissa, parts.shift, parts.negative, factor, &sum);
  }
  Integer denominator(divisor);
  return signed_quotient(std::move(sum), denominator, kFloatUnit);
}

void GrowingSum::reach(int begin, int end) {
  if (digits_.empty()) first_ = begin;
  if (begin < first_) {
    digits_.insert(digits_.begin(), static_cast<size_t>(first_ - begin), 0);
    first_ = begin;
  }
  const size_t size = static_cast<size_t>(end - first_);
  if (digits_.size() < size) digits_.resize(size);
}

void GrowingSum::add(uint128 magnitude, int shift, bool negative) {
  if (magnitude == 0) return;
  const int digit = shift / 32;
  reach(digit, digit + 5);
  int64_t* into = digits_.data() + (digit - first_);
  for (int half = 0; half < 2; ++half, into += 2) {
    const uint128 part = static_cast<uint128>(static_cast<uint64_t>(magnitude >> (64 * half))) << (shift % 32);
    for (int i = 0; i < 3; ++i) {
      const int64_t term = static_cast<uint32_t>(part >> (32 * i));
      into[i] += negative ? -term : term;
    }
  }
  if (++adds_ >= kLazyAdds) carry();
}

void GrowingSum::add_float(double value) {
  const FloatParts parts = parts_of(value);
  add(parts.mantissa, parts.shift, parts.negative);
}

void GrowingSum::add(const GrowingSum& other) {
  if (other.digits_.empty()) return;
  GrowingSum copy = other;
  copy.carry();
  reach(copy.first_, copy.first_ + static_cast<int>(copy.digits_.size()));
  carry();
  for (size_t i = 0; i < copy.digits_.size(); ++i)
    digits_[static_cast<size_t>(copy.first_ - first_) + i] += copy.digits_[i];
  carry();
}

const std::vector<int64_t>& GrowingSum::digits() {
  carry();
  return digits_;
}

void GrowingSum::carry() {
  adds_ = 0;
  int64_t carried = 0;
  for (size_t i = 0; i < digits_.size(); ++i) {
    const int64_t digit = digits_[i] + carried;
    const bool last = i + 1 == digits_.size();
    if (last && digit >= INT32_MIN && digit <= INT32_MAX) {
      digits_[i] = digit;
      return;
    }
    digits_[i] = digit & 0xffffffff;
    carried = digit >> 32;
    if (last) digits_.push_back(0);
  }
}

void Moments::add_exact(int128 value) {
  ++count_;
  const bool negative = value < 0;
  const uint128 size = negative ? -static_cast<uint128>(value) : static_cast<uint128>(value);
  sum_.add(size, 0, negative);
  const uint128 low = static_cast<uint64_t>(size), high = size >> 64;
  squares_.add(low * low, 0, false);
  if (high == 0) return;
  squares_.add(low * high, 65, false);
  squares_.add(high * high, 128, false);
}

void Moments::add_float(double value) {
  ++count_;
  const FloatParts parts = parts_of(value);
  sum_.add(parts.mantissa, parts.shift, parts.negative);
  squares_.add(parts.mantissa * parts.mantissa, 2 * parts.shift, false);
}

void Moments::add(const Moments& other) {
  count_ += other.count_;
  sum_.add(other.sum_);
  squares_.add(other.squares_);
}

double Moments::variance_of_exact(int scale) const { return sample(count_, sum_, squares_, scale, 0, false); }
double Moments::variance_of_floats() const { return sample(count_, sum_, squares_, 0, 2 * kFloatUnit, false); }
double Moments::stddev_of_exact(int scale) const { return sample(count_, sum_, squares_, scale, 0, true); }
double Moments::stddev_of_floats() const { return sample(count_, sum_, squares_, 0, 2 * kFloatUnit, true); }

}  // namespace alidade

extern "C" void al_add_moments_exact(al_moments* moments, uint64_t low, int64_t high) {
  using alidade::int128;
  alidade::moments_of(moments).add_exact(
      static_cast<int128>(static_cast<alidade::uint128>(static_cast<uint64_t>(high)) << 64 | low));
}

extern "C" void al_add_moments_float(al_moments* moments, double value) {
  alidade::moments_of(moments).add_float(value);
}
