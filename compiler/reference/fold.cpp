// Sums, means, bounds and percentiles. Door: fold.h.
#include "compiler/reference/fold.h"

#include <algorithm>
#include <cmath>

#include "compiler/reference/big_number.h"

namespace alidade::reference {
namespace {

/// Of numbers of one representation and scale.
bool less(const Number& a, const Number& b) { return a.exact ? a.value < b.value : a.number < b.number; }

BigInteger exact_total(const std::vector<Number>& numbers) {
  ExactSum sum;
  for (const Number& n : numbers) sum.add(n.value);
  return sum.total();
}

double float_total(const std::vector<Number>& numbers, bool plain, int64_t divisor = 1) {
  if (plain) {
    double sum = 0;
    for (const Number& n : numbers) sum += n.number;
    return sum / static_cast<double>(divisor);
  }
  FloatSum sum;
  for (const Number& n : numbers) sum.add(n.number);
  return sum.rounded(divisor);
}

Outcome fold_sum(const std::vector<Number>& numbers, const Type& type, bool plain) {
  if (!type.exact) return checked(float_total(numbers, plain));
  const auto total = exact_total(numbers).as_int128();
  if (!total) return {Reason::kOverflow, {}};
  return {Reason::kNone, exact_number(*total, numbers.empty() ? type.scale : numbers[0].scale)};
}

/// The true sum by the count, rounded once; or the plain sum by the count.
Outcome fold_mean(const std::vector<Number>& numbers, bool plain) {
  const auto count = static_cast<int64_t>(numbers.size());
  if (!numbers[0].exact) return checked(float_total(numbers, plain, count));
  const BigInteger denominator = BigInteger(count) * BigInteger::power_of_ten(numbers[0].scale);
  return checked(nearest_quotient(exact_total(numbers), denominator));
}

/// A number as a whole number of units: 10^-scale, or of a double 2^-1074.
BigInteger whole(const Number& number) {
  if (number.exact) return number.value;
  int exponent = 0;
  const double fraction = std::frexp(number.number, &exponent);
  // Below the normal doubles the fraction has fewer bits, so shifting back loses nothing.
  const int shift = exponent - 53 + 1074;
  const int kept = shift < 0 ? 53 + shift : 53;
  return BigInteger(static_cast<int64_t>(std::ldexp(fraction, kept))).shifted_left(std::max(shift, 0));
}

Outcome fold_percentile(std::vector<Number> numbers, Percentage percentage) {
  std::sort(numbers.begin(), numbers.end(), less);
  int128 d = 100;
  for (int i = 0; i < percentage.digits; ++i) d *= 10;
  const int128 position = static_cast<int128>(numbers.size() - 1) * percentage.numerator;
  const auto low = static_cast<size_t>(position / d);
  const int128 r = position % d;
  const Number& x = numbers[low];
  if (r == 0) return checked(as_double(x));
  const BigInteger between = whole(x) * BigInteger(d - r) + whole(numbers[low + 1]) * BigInteger(r);
  const BigInteger units = x.exact ? BigInteger::power_of_ten(x.scale) : BigInteger(1).shifted_left(1074);
  return checked(nearest_quotient(between, BigInteger(d) * units));
}

/// The double nearest to the root of n/d: of the doubles around a first guess, the one whose neighbours' midpoints
/// enclose it.
double nearest_root(const BigInteger& n, const BigInteger& d) {
  // Doubles from a quotient whose power of two is taken out, so that the guess is a normal one.
  const int power = (n.bit_length() - d.bit_length()) / 2 * 2;
  const BigInteger top = power < 0 ? n.shifted_left(-power) : n, bottom = power > 0 ? d.shifted_left(power) : d;
  // Whether the root is less than (-1), equal to (0) or more than (1) `half` halves of 2^-54.
  const auto against = [&](int64_t half) {
    const BigInteger square = BigInteger(half) * BigInteger(half);
    return compare(top.shifted_left(2 * 54), square * bottom);
  };
  // The quotient lies in [1/2, 4), the root in [0.7, 2): 53 bits of it, counting halves of them.
  int64_t guess = static_cast<int64_t>(std::ldexp(std::sqrt(nearest_quotient(top, bottom)), 54));
  while (against(guess) < 0) --guess;
  while (against(guess + 1) >= 0) ++guess;
  // Every bit below the guess only says whether there is more.
  const bool more = against(guess) != 0;
  return nearest_quotient(BigInteger(guess).shifted_left(1) + BigInteger(more ? 1 : 0),
                          BigInteger(1).shifted_left(55)) *
         std::ldexp(1.0, power / 2);
}

/// The sample's variance n Σx² − (Σx)² over n (n − 1), or its root, rounded once from the true one.
Outcome fold_spread(const std::vector<Number>& numbers, bool root) {
  if (numbers.size() == 1) return {Reason::kNoDenominator, {}};
  BigInteger sum, squares;
  for (const Number& number : numbers) {
    const BigInteger x = whole(number);
    sum = sum + x;
    squares = squares + x * x;
  }
  const BigInteger n = static_cast<int64_t>(numbers.size());
  const BigInteger spread = n * squares - sum * sum;
  if (spread.is_zero()) return checked(0);
  const BigInteger unit =
      numbers[0].exact ? BigInteger::power_of_ten(2 * numbers[0].scale) : BigInteger(1).shifted_left(2 * 1074);
  const BigInteger below = n * (n - BigInteger(1)) * unit;
  return checked(root ? nearest_root(spread, below) : nearest_quotient(spread, below));
}

}  // namespace

Outcome fold(Aggregate aggregate, Percentage percentage, const std::vector<Number>& numbers, const Type& type,
             bool plain) {
  if (aggregate == Aggregate::kCount) return {Reason::kNone, exact_number(static_cast<int64_t>(numbers.size()), 0)};
  if (aggregate == Aggregate::kSum) return fold_sum(numbers, type, plain);
  if (numbers.empty()) return {Reason::kNoRows, {}};
  switch (aggregate) {
    case Aggregate::kMean:
      return fold_mean(numbers, plain);
    case Aggregate::kMin:
      return {Reason::kNone, *std::min_element(numbers.begin(), numbers.end(), less)};
    case Aggregate::kMax:
      return {Reason::kNone, *std::max_element(numbers.begin(), numbers.end(), less)};
    case Aggregate::kFirst:
      return {Reason::kNone, numbers.front()};
    case Aggregate::kLast:
      return {Reason::kNone, numbers.back()};
    case Aggregate::kPercentile:
      return fold_percentile(numbers, percentage);
    case Aggregate::kVariance:
    case Aggregate::kStddev:
      return fold_spread(numbers, aggregate == Aggregate::kStddev);
    case Aggregate::kCount:
    case Aggregate::kSum:
    case Aggregate::kUnique:
      break;
  }
  ALIDADE_CHECK(aggregate != Aggregate::kUnique);
  return {};
}

}  // namespace alidade::reference
