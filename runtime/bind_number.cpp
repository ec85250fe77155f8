// Exact decimal and binary conversions. Door: bind_number.h.
#include "runtime/bind_number.h"

#include <array>
#include <cmath>

#include "runtime/abi.h"

namespace alidade {
namespace {

constexpr int kLargestPower = 38;

constexpr std::array<int128, kLargestPower + 1> make_powers() {
  std::array<int128, kLargestPower + 1> powers{};
  powers[0] = 1;
  for (int i = 1; i <= kLargestPower; ++i) powers[i] = powers[i - 1] * 10;
  return powers;
}
constexpr std::array<int128, kLargestPower + 1> kPowers = make_powers();

NumberVerdict narrow(int128 wide, int64_t* value) {
  if (wide < INT64_MIN || wide > INT64_MAX) return NumberVerdict::kTooLarge;
  *value = static_cast<int64_t>(wide);
  return NumberVerdict::kGood;
}

// Digits gathered into a mantissa; zeros wait until a further digit needs them, so that "1.000…" keeps fitting.
struct Digits {
  int128 mantissa = 0;
  int waiting_zeros = 0;
  int fraction = 0;  // digits after the point that the mantissa holds
  bool any = false, overflow = false;

  void add(int digit, bool after_point) {
    any = true;
    if (digit == 0 && after_point) {
      ++waiting_zeros;
      return;
    }
    for (; waiting_zeros > 0 && !overflow; --waiting_zeros) push(0, true);
    push(digit, after_point);
  }
  void push(int digit, bool after_point) {
    overflow = overflow || __builtin_mul_overflow(mantissa, int128{10}, &mantissa) ||
               __builtin_add_overflow(mantissa, int128{digit}, &mantissa);
    if (after_point) ++fraction;
  }
};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

int128 power_of_ten(int exponent) { return kPowers[exponent]; }

NumberVerdict parse_exact(std::string_view text, ExactNumber* number) {
  const char* at = text.data();
  const char* end = at + text.size();
  const bool negative = at != end && *at == '-';
  if (negative) ++at;
  Digits digits;
  for (; at != end && is_digit(*at); ++at) digits.add(*at - '0', false);
  if (at != end && *at == '.') {
    for (++at; at != end && is_digit(*at); ++at) digits.add(*at - '0', true);
  }
  if (!digits.any) return NumberVerdict::kNotANumber;
  int exponent = 0;
  if (at != end && (*at == 'e' || *at == 'E')) {
    ++at;
    const bool down = at != end && *at == '-';
    if (at != end && (*at == '-' || *at == '+')) ++at;
    if (at == end) return NumberVerdict::kNotANumber;
    for (; at != end && is_digit(*at); ++at) exponent = exponent > 9999 ? exponent : exponent * 10 + (*at - '0');
    if (down) exponent = -exponent;
  }
  if (at != end) return NumberVerdict::kNotANumber;
  *number = {negative ? -digits.mantissa : digits.mantissa, digits.fraction - exponent};
  if (digits.overflow) return NumberVerdict::kTooLarge;
  if (number->mantissa == 0) number->scale = 0;
  if (number->scale >= 0) return NumberVerdict::kGood;
  if (-number->scale > kLargestPower ||
      __builtin_mul_overflow(number->mantissa, kPowers[-number->scale], &number->mantissa)) {
    return NumberVerdict::kTooLarge;
  }
  number->scale = 0;
  return NumberVerdict::kGood;
}

NumberVerdict rescale(ExactNumber number, int scale, int64_t* value) {
  int128 wide = number.mantissa;
  if (number.scale <= scale) {
    const int up = scale - number.scale;
    if (up > kLargestPower || __builtin_mul_overflow(wide, kPowers[up], &wide)) {
      return wide == 0 ? narrow(0, value) : NumberVerdict::kTooLarge;
    }
    return narrow(wide, value);
  }
  const int down = number.scale - scale;
  if (wide != 0 && (down > kLargestPower || wide % kPowers[down] != 0)) return NumberVerdict::kTooManyDigits;
  return narrow(wide == 0 ? 0 : wide / kPowers[down], value);
}

NumberVerdict multiply_rounded(ExactNumber number, int64_t factor, int64_t* value) {
  // Digits past what the powers reach only matter at an exact half.
  bool cut = false;
  for (; number.scale > kLargestPower && number.mantissa != 0; --number.scale) {
    cut = cut || number.mantissa % 10 != 0;
    number.mantissa /= 10;
  }
  if (number.mantissa == 0) return narrow(0, value);
  const int128 unit = kPowers[number.scale];
  int128 whole = number.mantissa / unit, rest = number.mantissa % unit;
  if (__builtin_mul_overflow(whole, int128{factor}, &whole)) return NumberVerdict::kTooLarge;
  // The fraction is cut to 24 digits so that its product fits.
  int digits = number.scale;
  constexpr int kFits = 24;
  if (digits > kFits) {
    cut = cut || rest % kPowers[digits - kFits] != 0;
    rest /= kPowers[digits - kFits];
    digits = kFits;
  }
  const bool negative = number.mantissa < 0;
  const int128 product = (negative ? -rest : rest) * factor;
  int128 quotient = product / kPowers[digits];
  const int128 twice = 2 * (product % kPowers[digits]);
  const bool odd = ((quotient + whole) & 1) != 0;
  if (twice > kPowers[digits] || (twice == kPowers[digits] && (cut || odd))) ++quotient;
  return narrow(whole + (negative ? -quotient : quotient), value);
}

NumberVerdict multiply_rounded(double number, int64_t factor, int64_t* value) {
  if (!std::isfinite(number)) return NumberVerdict::kNotFinite;
  int exponent = 0;
  const double fraction = std::frexp(std::fabs(number), &exponent);
  int128 product = int128{static_cast<int64_t>(std::ldexp(fraction, 53))} * factor;  // below 2^117
  exponent -= 53;
  if (product == 0) return narrow(0, value);
  if (exponent > 10) return NumberVerdict::kTooLarge;
  if (exponent >= 0) {
    product <<= exponent;
  } else if (-exponent > 120) {
    product = 0;
  } else {
    const int128 unit = int128{1} << -exponent, rest = product & (unit - 1), half = unit >> 1;
    product >>= -exponent;
    if (rest > half || (rest == half && (product & 1) != 0)) ++product;
  }
  return narrow(number < 0 ? -product : product, value);
}

double to_double(ExactNumber number) {
  return al_exact_to_double(static_cast<uint64_t>(number.mantissa), static_cast<int64_t>(number.mantissa >> 64),
                            number.scale);
}

}  // namespace alidade
