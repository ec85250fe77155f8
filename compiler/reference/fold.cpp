// Sums, means, bounds and percentiles. Door: fold.h.
#include "compiler/reference/fold.h"

#include <algorithm>
#include <optional>

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

double float_total(const std::vector<Number>& numbers) {
  FloatSum sum;
  for (const Number& n : numbers) sum.add(n.number);
  return sum.rounded();
}

Outcome fold_sum(const std::vector<Number>& numbers, const Type& type) {
  if (!type.exact) return checked(float_total(numbers));
  const auto total = exact_total(numbers).as_int128();
  if (!total) return {Reason::kOverflow, {}};
  return {Reason::kNone, exact_number(*total, numbers.empty() ? type.scale : numbers[0].scale)};
}

/// Exact: the true quotient rounded once. Floats: the rounded true sum by the count.
Outcome fold_mean(const std::vector<Number>& numbers) {
  const auto count = static_cast<int64_t>(numbers.size());
  if (!numbers[0].exact) return checked(float_total(numbers) / static_cast<double>(count));
  const BigInteger denominator = BigInteger(count) * BigInteger::power_of_ten(numbers[0].scale);
  return checked(nearest_quotient(exact_total(numbers), denominator));
}

/// (low * (d - r) + high * r) / (d * 10^scale), one rounding, as long as it stays within 128 bits.
std::optional<double> exact_between(const Number& low, const Number& high, int128 r, int128 d) {
  int128 a = 0, b = 0, numerator = 0, denominator = d;
  if (__builtin_mul_overflow(low.value, d - r, &a) || __builtin_mul_overflow(high.value, r, &b)) return std::nullopt;
  if (__builtin_add_overflow(a, b, &numerator)) return std::nullopt;
  for (int i = 0; i < low.scale; ++i) {
    if (__builtin_mul_overflow(denominator, int128{10}, &denominator)) return std::nullopt;
  }
  return nearest_quotient(numerator, denominator);
}

Outcome fold_percentile(std::vector<Number> numbers, Percentage percentage) {
  std::sort(numbers.begin(), numbers.end(), less);
  int128 d = 100;
  for (int i = 0; i < percentage.digits; ++i) d *= 10;
  const int128 position = static_cast<int128>(numbers.size() - 1) * percentage.numerator;
  const auto low = static_cast<size_t>(position / d);
  const int128 r = position % d;
  if (r == 0) return checked(as_double(numbers[low]));
  if (numbers[low].exact) {
    if (const auto between = exact_between(numbers[low], numbers[low + 1], r, d)) return checked(*between);
  }
  const double x = as_double(numbers[low]), y = as_double(numbers[low + 1]);
  return checked(x + (y - x) * (static_cast<double>(r) / static_cast<double>(d)));
}

}  // namespace

Outcome fold(Aggregate aggregate, Percentage percentage, const std::vector<Number>& numbers, const Type& type) {
  if (aggregate == Aggregate::kCount) return {Reason::kNone, exact_number(static_cast<int64_t>(numbers.size()), 0)};
  if (aggregate == Aggregate::kSum) return fold_sum(numbers, type);
  if (numbers.empty()) return {Reason::kNoRows, {}};
  switch (aggregate) {
    case Aggregate::kMean:
      return fold_mean(numbers);
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
    case Aggregate::kCount:
    case Aggregate::kSum:
    case Aggregate::kUnique:
      break;
  }
  ALIDADE_CHECK(aggregate != Aggregate::kUnique);
  return {};
}

}  // namespace alidade::reference
