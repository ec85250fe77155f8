// Arithmetic on one number. Door: scalar.h.
#include "compiler/reference/scalar.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "compiler/reference/big_number.h"

namespace alidade::reference {
namespace {

Outcome overflow() { return {Reason::kOverflow, {}}; }

std::optional<int128> at_scale(const Number& n, int scale) {
  int128 value = n.value;
  for (int i = n.scale; i < scale; ++i) {
    if (__builtin_mul_overflow(value, int128{10}, &value)) return std::nullopt;
  }
  ALIDADE_CHECK(n.scale <= scale);
  return value;
}

BigInteger times_power_of_ten(int128 value, int exponent) {
  return BigInteger(value) * BigInteger::power_of_ten(exponent);
}

/// value / divisor to the nearest whole number, ties to the even one: the largest whole number that is not too large,
/// found bit by bit, and then the step to the next where that is nearer.
int128 to_even(const BigInteger& value, const BigInteger& divisor) {
  const BigInteger size = value.magnitude();
  BigInteger rest = size;
  int128 whole = 0;
  for (int bit = std::max(0, size.bit_length() - divisor.bit_length() + 1); bit >= 0; --bit) {
    whole *= 2;
    const BigInteger step = divisor.shifted_left(bit);
    if (compare(rest, step) < 0) continue;
    rest = rest - step;
    ++whole;
  }
  const int half = compare(rest.shifted_left(1), divisor);
  if (half > 0 || (half == 0 && whole % 2 != 0)) ++whole;
  return value.is_negative() ? -whole : whole;
}

/// A double is whole × 2^exponent: a whole number where that is not negative, a fraction of integers else.
double round_double(double value, int digits) {
  int exponent = 0;
  const double fraction = std::frexp(value, &exponent);
  exponent -= 53;
  if (exponent >= 0) return value;
  const BigInteger scaled =
      BigInteger(static_cast<int64_t>(std::ldexp(fraction, 53))) * BigInteger::power_of_ten(digits);
  return nearest_double(to_even(scaled, BigInteger(1).shifted_left(-exponent)), digits);
}

}  // namespace

Number exact_number(int128 value, int scale) { return {true, value, scale, 0}; }

Number float_number(double value) { return {false, 0, 0, value == 0 ? 0.0 : value}; }

double as_double(const Number& n) { return n.exact ? nearest_double(n.value, n.scale) : n.number; }

Outcome checked(double value) {
  if (!std::isfinite(value)) return overflow();
  return {Reason::kNone, float_number(value)};
}

Outcome negate(const Number& a) {
  if (!a.exact) return checked(-a.number);
  int128 value = 0;
  if (__builtin_sub_overflow(int128{0}, a.value, &value)) return overflow();
  return {Reason::kNone, exact_number(value, a.scale)};
}

Outcome add(const Number& a, const Number& b, const Type& type) {
  if (!type.exact) return checked(as_double(a) + as_double(b));
  const auto x = at_scale(a, type.scale), y = at_scale(b, type.scale);
  int128 sum = 0;
  if (!x || !y || __builtin_add_overflow(*x, *y, &sum)) return overflow();
  return {Reason::kNone, exact_number(sum, type.scale)};
}

Outcome subtract(const Number& a, const Number& b, const Type& type) {
  if (!type.exact) return checked(as_double(a) - as_double(b));
  const auto x = at_scale(a, type.scale), y = at_scale(b, type.scale);
  int128 difference = 0;
  if (!x || !y || __builtin_sub_overflow(*x, *y, &difference)) return overflow();
  return {Reason::kNone, exact_number(difference, type.scale)};
}

Outcome multiply(const Number& a, const Number& b, const Type& type) {
  if (!type.exact) return checked(as_double(a) * as_double(b));
  int128 product = 0;
  if (__builtin_mul_overflow(a.value, b.value, &product)) return overflow();
  return convert(exact_number(product, a.scale + b.scale), type);
}

Outcome divide(const Number& a, const Number& b) {
  if (!a.exact || !b.exact) {
    const double x = as_double(a), y = as_double(b);
    if (y == 0) return {Reason::kNoDenominator, {}};
    return checked(x / y);
  }
  if (b.value == 0) return {Reason::kNoDenominator, {}};
  return checked(nearest_quotient(times_power_of_ten(a.value, b.scale), times_power_of_ten(b.value, a.scale)));
}

Outcome convert(const Number& a, const Type& type) {
  if (!type.exact) return checked(as_double(a));
  const auto value = at_scale(a, type.scale);
  if (!value) return overflow();
  return {Reason::kNone, exact_number(*value, type.scale)};
}

Outcome round_to(const Number& a, int digits) {
  if (!a.exact) return checked(round_double(a.number, digits));
  ALIDADE_CHECK(digits <= a.scale);
  return {Reason::kNone, exact_number(to_even(a.value, BigInteger::power_of_ten(a.scale - digits)), digits)};
}

int compare(const Number& a, const Number& b) {
  if (a.exact && b.exact) return compare(times_power_of_ten(a.value, b.scale), times_power_of_ten(b.value, a.scale));
  const double x = as_double(a), y = as_double(b);
  return x < y ? -1 : x > y ? 1 : 0;
}

}  // namespace alidade::reference
