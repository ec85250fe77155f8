// Checked exact arithmetic and the roundings of output cells. Door: arithmetic.h.
#include "runtime/arithmetic.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "runtime/moments.h"

namespace alidade {
namespace {

constexpr int kPowers = 39;  // 10^38 is the largest power of ten in an int128
constexpr int kLargestDivisorScale = 55;

int128 power_of_ten(int exponent) {
  int128 power = 1;
  for (int i = 0; i < exponent; ++i) power *= 10;
  return power;
}

bool scaled_up(int128 value, int digits, int128* out) {
  if (value == 0 || digits == 0) {
    *out = value;
    return true;
  }
  return digits < kPowers && !__builtin_mul_overflow(value, power_of_ten(digits), out);
}

uint64_t low_word(int128 value) { return static_cast<uint64_t>(value); }
int64_t high_word(int128 value) { return static_cast<int64_t>(value >> 64); }

double to_double(int128 value, int scale) { return al_exact_to_double(low_word(value), high_word(value), scale); }

double quotient(int128 n, int128 d, int scale) {
  return scale == 0 ? al_quotient(low_word(n), high_word(n), low_word(d), high_word(d))
                    : al_scaled_quotient(low_word(n), high_word(n), low_word(d), high_word(d), scale);
}

// a / 10^sa over b / 10^sb, rounded once.
NodeValue divide_exact(int128 a, int scale_a, int128 b, int scale_b) {
  if (b == 0) return NodeValue::undefined(Reason::kNoDenominator);
  int scale = scale_a - scale_b;
  if (scale < 0) {
    if (!scaled_up(a, -scale, &a)) return NodeValue::undefined(Reason::kOverflow);
    scale = 0;
  }
  if (scale > kLargestDivisorScale) return NodeValue::undefined(Reason::kOverflow);
  return NodeValue::of_number(quotient(a, b, scale));
}

NodeValue calculate_exact(FormulaKind kind, int128 a, int scale_a, int128 b, int scale_b, int scale) {
  int128 out = 0;
  bool fits;
  if (kind == FormulaKind::kMultiply) {
    fits = !__builtin_mul_overflow(a, b, &out) && scaled_up(out, scale - scale_a - scale_b, &out);
  } else {
    fits = scaled_up(a, scale - scale_a, &a) && scaled_up(b, scale - scale_b, &b) &&
           !(kind == FormulaKind::kAdd ? __builtin_add_overflow(a, b, &out) : __builtin_sub_overflow(a, b, &out));
  }
  return fits ? NodeValue::of_exact(out) : NodeValue::undefined(Reason::kOverflow);
}

NodeValue calculate_float(FormulaKind kind, double a, double b) {
  if (kind == FormulaKind::kAdd) return NodeValue::of_number(a + b);
  if (kind == FormulaKind::kSubtract) return NodeValue::of_number(a - b);
  if (kind == FormulaKind::kMultiply) return NodeValue::of_number(a * b);
  ALIDADE_CHECK(kind == FormulaKind::kDivide);
  if (b == 0) return NodeValue::undefined(Reason::kNoDenominator);
  return NodeValue::of_number(a / b);
}

template <typename T>
bool holds(FormulaKind kind, const T& a, const T& b) {
  if (kind == FormulaKind::kEqual) return a == b;
  if (kind == FormulaKind::kNotEqual) return a != b;
  if (kind == FormulaKind::kLess) return a < b;
  if (kind == FormulaKind::kLessEqual) return a <= b;
  if (kind == FormulaKind::kGreater) return a > b;
  ALIDADE_CHECK(kind == FormulaKind::kGreaterEqual);
  return a >= b;
}

// Order statistics lo and lo + 1 (where the position is between two), and the fraction between them.
struct Position {
  size_t low = 0;
  int64_t rest = 0, divisor = 1;
};

Position position_of(size_t count, Percentage percentage) {
  Position position;
  position.divisor = static_cast<int64_t>(power_of_ten(2 + percentage.digits));
  int128 exact = static_cast<int128>(count - 1) * percentage.numerator;
  position.low = static_cast<size_t>(exact / position.divisor);
  position.rest = static_cast<int64_t>(exact % position.divisor);
  return position;
}

template <typename T>
std::pair<T, T> neighbours(std::vector<T>* values, const Position& position) {
  auto low = values->begin() + static_cast<std::ptrdiff_t>(position.low);
  std::nth_element(values->begin(), low, values->end());
  T first = *low;
  return {first, position.rest == 0 ? first : *std::min_element(low + 1, values->end())};
}

NodeValue interpolate_exact(int128 low, int128 high, const Position& at, int scale) {
  if (at.rest == 0) return NodeValue::of_number(to_double(low, scale));
  int128 left, right, sum;
  if (!__builtin_mul_overflow(low, int128{at.divisor - at.rest}, &left) &&
      !__builtin_mul_overflow(high, int128{at.rest}, &right) && !__builtin_add_overflow(left, right, &sum)) {
    return NodeValue::of_number(quotient(sum, at.divisor, scale));
  }
  return NodeValue::of_number(nearest_between_exact(low, high, at.rest, at.divisor, scale));
}

}  // namespace

NodeValue NodeValue::of_number(double value) {
  if (!std::isfinite(value)) return undefined(Reason::kOverflow);
  return {.number = value + 0.0};
}

NodeValue convert(const NodeValue& value, const Form& from, const Form& to) {
  if (!value.defined() || from.boolean || !from.exact) return value;
  if (!to.exact) return NodeValue::of_number(to_double(value.exact, from.scale));
  int128 out;
  if (!scaled_up(value.exact, to.scale - from.scale, &out)) return NodeValue::undefined(Reason::kOverflow);
  return NodeValue::of_exact(out);
}

NodeValue negate(const NodeValue& value, const Form& form) {
  if (!value.defined()) return value;
  if (!form.exact) return NodeValue::of_number(-value.number);
  int128 out;
  if (__builtin_sub_overflow(int128{0}, value.exact, &out)) return NodeValue::undefined(Reason::kOverflow);
  return NodeValue::of_exact(out);
}

NodeValue calculate(FormulaKind kind, const NodeValue& a, const Form& left, const NodeValue& b, const Form& right,
                    const Form& result) {
  Reason reason = worst(a.reason, b.reason);
  if (reason != Reason::kNone) return NodeValue::undefined(reason);
  if (left.exact && right.exact) {
    if (kind == FormulaKind::kDivide) return divide_exact(a.exact, left.scale, b.exact, right.scale);
    if (result.exact) return calculate_exact(kind, a.exact, left.scale, b.exact, right.scale, result.scale);
  }
  NodeValue x = convert(a, left, Form{}), y = convert(b, right, Form{});
  reason = worst(x.reason, y.reason);
  return reason == Reason::kNone ? calculate_float(kind, x.number, y.number) : NodeValue::undefined(reason);
}

NodeValue compare(FormulaKind kind, const NodeValue& a, const Form& left, const NodeValue& b, const Form& right) {
  Reason reason = worst(a.reason, b.reason);
  if (reason != Reason::kNone) return NodeValue::undefined(reason);
  if (left.boolean) return NodeValue::of_truth(holds(kind, a.truth, b.truth));
  if (!left.exact || !right.exact) {
    return NodeValue::of_truth(holds(kind, convert(a, left, Form{}).number, convert(b, right, Form{}).number));
  }
  // A side that does not fit the common scale is beyond any value of the other side: its sign decides.
  int scale = std::max(left.scale, right.scale);
  int128 x, y;
  if (!scaled_up(a.exact, scale - left.scale, &x)) return NodeValue::of_truth(holds(kind, a.exact < 0 ? -1 : 1, 0));
  if (!scaled_up(b.exact, scale - right.scale, &y)) return NodeValue::of_truth(holds(kind, 0, b.exact < 0 ? -1 : 1));
  return NodeValue::of_truth(holds(kind, x, y));
}

NodeValue extreme(FormulaKind kind, const NodeValue& a, const Form& left, const NodeValue& b, const Form& right,
                  const Form& result) {
  const bool greatest = kind == FormulaKind::kGreatest;
  const NodeValue first = compare(greatest ? FormulaKind::kGreater : FormulaKind::kLess, a, left, b, right);
  if (!first.defined()) return first;
  return first.truth ? convert(a, left, result) : convert(b, right, result);
}

NodeValue round_to_digits(const NodeValue& value, const Form& form, int digits) {
  if (!value.defined()) return value;
  if (!form.exact) return NodeValue::of_number(al_round_float(value.number, digits));
  const al_wide rounded = al_round_exact(low_word(value.exact), high_word(value.exact), form.scale - digits);
  return NodeValue::of_exact(join_exact(rounded.low, rounded.high));
}

NodeValue mean_of_exact(int128 sum, int64_t count, int scale) {
  return NodeValue::of_number(quotient(sum, count, scale));
}

NodeValue percentile_of_exact(ValueList* list, Percentage percentage, int scale) {
  Position at = position_of(list->size(), percentage);
  if (list->wide.empty()) {
    auto [low, high] = neighbours(&list->words, at);
    return interpolate_exact(low, high, at, scale);
  }
  list->wide.insert(list->wide.end(), list->words.begin(), list->words.end());
  list->words.clear();
  auto [low, high] = neighbours(&list->wide, at);
  return interpolate_exact(low, high, at, scale);
}

NodeValue percentile_of_floats(ValueList* list, Percentage percentage) {
  Position at = position_of(list->size(), percentage);
  // Doubles order like their bits once those of negative ones are turned over.
  for (int64_t& word : list->words) word ^= (word >> 63) & INT64_MAX;
  auto [low_word, high_word] = neighbours(&list->words, at);
  for (int64_t& word : list->words) word ^= (word >> 63) & INT64_MAX;
  auto number = [](int64_t word) { return std::bit_cast<double>(word ^ ((word >> 63) & INT64_MAX)); };
  double low = number(low_word), high = number(high_word);
  if (at.rest == 0) return NodeValue::of_number(low);
  return NodeValue::of_number(nearest_between_floats(low, high, at.rest, at.divisor));
}

int128 join_exact(uint64_t low, int64_t high) {
  return static_cast<int128>(static_cast<uint128>(static_cast<uint64_t>(high)) << 64 | low);
}

}  // namespace alidade
