// Operators on types and units. Door: rules.h.
#include "compiler/types/rules.h"

#include <fmt/format.h>

#include <algorithm>

namespace alidade {
namespace {

bool plain(const Type& type) { return is_numeric(type.kind) && type.unit == UnitTable::one(); }
bool share_like(ValueKind kind) { return kind == ValueKind::kRatio || kind == ValueKind::kPercent; }
bool text_like(ValueKind kind) { return kind == ValueKind::kText || kind == ValueKind::kUuid; }

/// A plain number stands for a count: `count(x) + 1`, `count(x) - sum(x.bots)`. Not a ratio: `count(x) > 5%` means
/// nothing.
bool stands_for_count(const Operand& number, const Operand& count, const UnitTable& units) {
  return plain(number.type) && !share_like(number.type.kind) && units.is_counted(count.type.unit);
}

bool same_unit(const Operand& a, const Operand& b, const UnitTable& units) {
  return a.type.unit == b.type.unit || stands_for_count(a, b, units) || stands_for_count(b, a, units);
}

UnitId unit_of_both(const Operand& a, const Operand& b, const UnitTable& units) {
  return stands_for_count(a, b, units) ? b.type.unit : a.type.unit;
}

/// log10 digits as bits: 10^digits < 2^ceil(3.33 digits).
int scale_bits(int digits) { return (digits * 10 + 2) / 3; }

TypeProblem ok() { return {Code{}, "", ""}; }

std::string named(const Type& type, const UnitTable& units) { return display(type, units); }

TypeProblem not_a_number(const Type& type, const char* what, const UnitTable& units) {
  return {Code::not_a_number, fmt::format("{} needs numbers, and this is {}", what, named(type, units)),
          type.kind == ValueKind::kBoolean ? "`if … then 1 else 0` makes a number of a condition" : ""};
}

constexpr const char* kConvertHelp =
    "bring both into one currency with a table of rates, as in `convert(purchase.amount, to = EUR, using = ecb)`";

bool in_two_currencies(const Operand& a, const Operand& b, const UnitTable& units) {
  const UnitTable::Shape x = units.shape(a.type.unit), y = units.shape(b.type.unit);
  return x.currencies == 1 && y.currencies == 1 && x.currency == y.currency;
}

TypeProblem different_units(const char* verb, const Operand& a, const Operand& b, const UnitTable& units) {
  std::string left = named(a.type, units), right = named(b.type, units);
  std::string help;
  const Operand& number = a.constant ? a : b;
  const Operand& other = a.constant ? b : a;
  if (in_two_currencies(a, b, units)) {
    help = number.constant ? fmt::format("write an amount of {}, or {}", units.display(other.type.unit), kConvertHelp)
                           : kConvertHelp;
  } else if (number.constant && share_like(number.type.kind)) {
    help = "a percentage is a part of something, as in `x * 5%`, and compares with a ratio, as in `x / y > 5%`";
  } else if (number.constant && plain(number.type) && other.type.kind == ValueKind::kMoney) {
    help = "write the currency with the number, as in `5 USD`";
  } else if (number.constant && plain(number.type) && other.type.kind == ValueKind::kDuration) {
    help = "write the unit with the number, as in `15 min`";
  } else if (number.constant && plain(number.type) && units.has_declared(other.type.unit)) {
    help = fmt::format("write the unit with the number, as in `5 {}`", units.display(other.type.unit));
  } else if (units.is_counted(a.type.unit) || units.is_counted(b.type.unit)) {
    help = "only counts of the same thing add up and compare; divide one by the other for a ratio";
  } else if (share_like(a.type.kind) || share_like(b.type.kind)) {
    help =
        "`*` and `/` come before `+` and `-`: set parentheses where the ratio is of a difference, as in `(x - y) / y`";
  } else if (a.type.kind == b.type.kind && (left + right).find(" per ") != std::string::npos) {
    help = "both sides are per the same thing, or neither is";
  } else if (plain(a.type) || plain(b.type)) {
    help = "a plain number has no unit: declare its field with one, as in `money(USD)` or `duration(min)`";
  } else if (a.type.kind != b.type.kind) {
    help = "these are different kinds of amounts: report them side by side, or divide one by the other for a rate";
  }
  return {Code::different_units, fmt::format("{} and {} cannot be {}", left, right, verb), help};
}

const char* verb(ArithmeticOp op) {
  switch (op) {
    case ArithmeticOp::kAdd:
      return "added";
    case ArithmeticOp::kSubtract:
      return "subtracted";
    case ArithmeticOp::kMultiply:
      return "multiplied";
    case ArithmeticOp::kDivide:
      return "divided";
  }
  return "";
}

const char* noun(ArithmeticOp op) {
  switch (op) {
    case ArithmeticOp::kAdd:
      return "addition";
    case ArithmeticOp::kSubtract:
      return "subtraction";
    case ArithmeticOp::kMultiply:
      return "multiplication";
    case ArithmeticOp::kDivide:
      return "division";
  }
  return "";
}

/// The kind of a sum, a difference or of both branches of an `if`; the units are equal.
ValueKind kind_of_both(const Operand& a, const Operand& b) {
  ValueKind x = a.type.kind, y = b.type.kind;
  if (x == y) return x;
  if (share_like(x) && (share_like(y) || b.constant)) return ValueKind::kRatio;
  if (share_like(y) && a.constant) return ValueKind::kRatio;
  if (x == ValueKind::kDuration || x == ValueKind::kMoney) return x;
  if (y == ValueKind::kDuration || y == ValueKind::kMoney) return y;
  if (a.type.exact && b.type.exact) return ValueKind::kDecimal;
  return ValueKind::kNumber;
}

ValueKind kind_of_unit(const Operand& a, const Operand& b, UnitId unit, const Type& shape, ArithmeticOp op,
                       const UnitTable& units) {
  UnitTable::Shape powers = units.shape(unit);
  if (powers.money()) return ValueKind::kMoney;
  if (powers.duration()) return ValueKind::kDuration;
  bool divides = op == ArithmeticOp::kDivide;
  if (shape.exact) return shape.scale == 0 ? ValueKind::kInteger : ValueKind::kDecimal;
  if (unit != UnitTable::one()) return ValueKind::kNumber;
  if (a.constant != b.constant) {
    ValueKind kept = a.constant ? b.type.kind : a.type.kind;
    return share_like(kept) && !(divides && a.constant) ? kept : ValueKind::kNumber;
  }
  if (share_like(a.type.kind) && share_like(b.type.kind)) return ValueKind::kRatio;
  bool times = a.type.kind == ValueKind::kDuration || b.type.kind == ValueKind::kDuration;
  return divides && !times ? ValueKind::kRatio : ValueKind::kNumber;
}

std::variant<Type, TypeProblem> checked(Type type) {
  if (type.exact && type.scale > kMaxScale) {
    return TypeProblem{
        Code::too_many_digits,
        fmt::format("this has {} digits after the point, and {} is the most", type.scale, kMaxScale),
        "round a factor first, as in `round(x, 2)`, or declare it with fewer digits: `money(USD, 2)`, `decimal(2)`"};
  }
  if (type.exact && type.bits > kMaxBits) {
    return TypeProblem{Code::too_wide,
                       fmt::format("this exact value could need {} bits, and {} is the most", type.bits, kMaxBits),
                       "shorten it: multiply at most two fields, and add up separate aggregates, as in "
                       "`sum(x.a * x.b) + sum(x.c * x.d)`"};
  }
  return type;
}

std::variant<Type, TypeProblem> times_in_arithmetic(ArithmeticOp op, const Operand& a, const Operand& b,
                                                    UnitTable& units) {
  Type result;
  result.exact = true;
  result.bits = a.type.bits != 0 && b.type.bits != 0 ? 65 : 0;
  result.optional = a.type.optional || b.type.optional;
  bool both = a.type.kind == ValueKind::kTimestamp && b.type.kind == ValueKind::kTimestamp;
  if (both && op == ArithmeticOp::kSubtract) {
    result.kind = ValueKind::kDuration;
    result.unit = units.time();
    return result;
  }
  bool duration = a.type.kind == ValueKind::kTimestamp
                      ? b.type.kind == ValueKind::kDuration
                      : a.type.kind == ValueKind::kDuration && op == ArithmeticOp::kAdd;
  bool shift = op == ArithmeticOp::kAdd || op == ArithmeticOp::kSubtract;
  if (!both && duration && shift && a.type.exact && b.type.exact && a.type.scale + b.type.scale == 0) {
    result.kind = ValueKind::kTimestamp;
    return result;
  }
  return TypeProblem{Code::time_arithmetic,
                     fmt::format("{} and {} cannot be {}", named(a.type, units), named(b.type, units), verb(op)),
                     "two times can be subtracted, which gives a duration; a duration can be added to a time"};
}

std::variant<Type, TypeProblem> sum_or_difference(ArithmeticOp op, const Operand& a, const Operand& b,
                                                  UnitTable& units) {
  if (!same_unit(a, b, units)) return different_units(verb(op), a, b, units);
  Type type;
  type.kind = kind_of_both(a, b);
  type.unit = unit_of_both(a, b, units);
  type.optional = a.type.optional || b.type.optional;
  type.exact = a.type.exact && b.type.exact;
  if (type.exact) {
    type.scale = std::max(a.type.scale, b.type.scale);
    if (a.type.bits != 0 && b.type.bits != 0) {
      int left = a.type.bits + scale_bits(type.scale - a.type.scale);
      int right = b.type.bits + scale_bits(type.scale - b.type.scale);
      type.bits = static_cast<uint8_t>(std::min(255, std::max(left, right) + 1));
    }
  }
  return checked(type);
}

std::variant<Type, TypeProblem> product_or_quotient(ArithmeticOp op, const Operand& a, const Operand& b,
                                                    UnitTable& units) {
  bool divides = op == ArithmeticOp::kDivide;
  Type type;
  type.unit = divides ? units.divide(a.type.unit, b.type.unit) : units.multiply(a.type.unit, b.type.unit);
  UnitTable::Shape powers = units.shape(type.unit);
  if (powers.time < 0 || powers.time > 1 || (powers.time == 1 && powers.currencies > 0)) {
    return TypeProblem{
        Code::rate_per_time,
        fmt::format("{} {} by {} has no unit a value can have", named(a.type, units), verb(op), named(b.type, units)),
        "make the duration a plain number first: `(x / 1 hour)` is a number of hours"};
  }
  type.optional = a.type.optional || b.type.optional || divides;
  type.exact = !divides && a.type.exact && b.type.exact;
  if (type.exact) {
    type.scale = static_cast<uint8_t>(a.type.scale + b.type.scale);
    if (a.type.bits != 0 && b.type.bits != 0)
      type.bits = static_cast<uint8_t>(std::min(255, a.type.bits + b.type.bits - 1));
  }
  type.kind = kind_of_unit(a, b, type.unit, type, op, units);
  return checked(type);
}

/// The type of whichever of two numbers of one unit is taken.
std::variant<Type, TypeProblem> one_of_both(const Operand& a, const Operand& b, const UnitTable& units) {
  Type type;
  type.kind = kind_of_both(a, b);
  type.unit = unit_of_both(a, b, units);
  type.optional = a.type.optional || b.type.optional;
  type.exact = a.type.exact && b.type.exact;
  if (type.exact) {
    type.scale = std::max(a.type.scale, b.type.scale);
    if (a.type.bits != 0 && b.type.bits != 0) {
      type.bits = static_cast<uint8_t>(std::min(255, std::max(a.type.bits + scale_bits(type.scale - a.type.scale),
                                                              b.type.bits + scale_bits(type.scale - b.type.scale))));
    }
  }
  return checked(type);
}

/// What is meant by a comparison of two types that have none.
std::string help_of_comparison(const Operand& a, const Operand& b) {
  const Operand& written = b.constant ? b : a;
  const ValueKind kind = written.type.kind, other = (b.constant ? a : b).type.kind;
  if (other == ValueKind::kBoolean) return "a bool is a condition by itself: write `x`, `not x` or `x == true`";
  if (other == ValueKind::kTimestamp && text_like(kind)) return "write the time without quotation marks: `2026-01-05`";
  if (other == ValueKind::kTimestamp || kind == ValueKind::kTimestamp) {
    return "a time compares with a time, and what lies between two with a duration, as in `x - y > 7 days`";
  }
  if (text_like(kind) && is_numeric(other)) return "a number stands without quotation marks";
  if (is_numeric(kind) && (text_like(other) || other == ValueKind::kOneOf)) return "a text stands in double quotes";
  return "";
}

}  // namespace

std::variant<Type, TypeProblem> arithmetic(ArithmeticOp op, const Operand& a, const Operand& b, UnitTable& units) {
  if (a.type.kind == ValueKind::kTimestamp || b.type.kind == ValueKind::kTimestamp) {
    return times_in_arithmetic(op, a, b, units);
  }
  if (!is_numeric(a.type.kind)) return not_a_number(a.type, noun(op), units);
  if (!is_numeric(b.type.kind)) return not_a_number(b.type, noun(op), units);
  switch (op) {
    case ArithmeticOp::kAdd:
    case ArithmeticOp::kSubtract:
      return sum_or_difference(op, a, b, units);
    case ArithmeticOp::kMultiply:
    case ArithmeticOp::kDivide:
      return product_or_quotient(op, a, b, units);
  }
  return a.type;
}

TypeProblem comparison(bool ordered, const Operand& a, const Operand& b, const UnitTable& units) {
  ValueKind x = a.type.kind, y = b.type.kind;
  bool both_numbers = is_numeric(x) && is_numeric(y);
  bool both_times = x == ValueKind::kTimestamp && y == ValueKind::kTimestamp;
  bool same_words = x == y || (text_like(x) && text_like(y) && (a.constant || b.constant));
  const bool one_time = x == ValueKind::kTimestamp || y == ValueKind::kTimestamp;
  if (!both_numbers && !both_times && !same_words && (one_time || !ordered)) {
    return {Code::different_types,
            fmt::format("{} cannot be compared with {}", named(a.type, units), named(b.type, units)),
            help_of_comparison(a, b)};
  }
  if (ordered && !both_numbers && !both_times) {
    const Type& wrong = is_numeric(x) || x == ValueKind::kTimestamp ? b.type : a.type;
    return {Code::not_ordered,
            fmt::format("{} has no order, so it cannot be more or less than something", named(wrong, units)),
            text_like(wrong.kind) || wrong.kind == ValueKind::kOneOf ? "compare it with ==, != or in" : ""};
  }
  if (!both_numbers) {
    if (x != ValueKind::kOneOf || a.type.one_of == b.type.one_of) return ok();
    return {Code::different_types, "two lists of different values cannot be compared",
            "compare each with its own values"};
  }
  if (!same_unit(a, b, units)) return different_units("compared", a, b, units);
  bool count_with_share = (share_like(x) && y == ValueKind::kInteger && !b.constant) ||
                          (share_like(y) && x == ValueKind::kInteger && !a.constant);
  if (count_with_share) return different_units("compared", a, b, units);
  if (a.type.exact && b.type.exact && a.type.bits != 0 && b.type.bits != 0) {
    int scale = std::max(a.type.scale, b.type.scale);
    int bits = std::max(a.type.bits + scale_bits(scale - a.type.scale), b.type.bits + scale_bits(scale - b.type.scale));
    if (bits > kMaxBits) {
      return {Code::too_wide,
              fmt::format("comparing these exactly could need {} bits, and {} is the most", bits, kMaxBits),
              "compare values with fewer digits after the point"};
    }
  }
  return ok();
}

std::variant<Type, TypeProblem> branches(const Operand& a, const Operand& b, const UnitTable& units) {
  ValueKind x = a.type.kind, y = b.type.kind;
  if (!is_numeric(x) || !is_numeric(y)) {
    bool fits = x == y && (x == ValueKind::kBoolean || x == ValueKind::kTimestamp);
    if (!fits) {
      return TypeProblem{
          Code::different_branches,
          fmt::format("`then` gives {} and `else` gives {}", named(a.type, units), named(b.type, units)),
          x == y ? "an `if` can choose between numbers, times or conditions" : "both must give the same type"};
    }
    Type type = a.type;
    type.optional = a.type.optional || b.type.optional;
    return type;
  }
  if (!same_unit(a, b, units)) {
    return TypeProblem{Code::different_branches,
                       fmt::format("`then` gives {} and `else` gives {}", named(a.type, units), named(b.type, units)),
                       in_two_currencies(a, b, units)
                           ? kConvertHelp
                           : "both must have the same unit: write `0 USD` beside an amount of USD"};
  }
  return one_of_both(a, b, units);
}

std::variant<Type, TypeProblem> arguments_together(std::string_view function, bool ordered, const Operand& a,
                                                   const Operand& b, const UnitTable& units) {
  ValueKind x = a.type.kind, y = b.type.kind;
  auto fits = [&](ValueKind kind) {
    return is_numeric(kind) || kind == ValueKind::kTimestamp || (!ordered && kind == ValueKind::kBoolean);
  };
  if (!fits(x) || !fits(y)) {
    return TypeProblem{Code::function_operand,
                       fmt::format("`{}` cannot be computed of {}", function, named(fits(x) ? b.type : a.type, units)),
                       ordered ? "it is of numbers or of times"
                               : "it is of numbers, times or conditions; ask about a text with `is null`"};
  }
  if (!is_numeric(x) || !is_numeric(y)) {
    if (x == y) return a.type;
    return TypeProblem{
        Code::different_types,
        fmt::format("{} and {} cannot stand in one `{}`", named(a.type, units), named(b.type, units), function),
        "all arguments have one type"};
  }
  if (!same_unit(a, b, units)) return different_units(fmt::format("put into one `{}`", function).c_str(), a, b, units);
  return one_of_both(a, b, units);
}

Type rounded(Type type, int digits) {
  if (!type.exact) return type;
  // 10 > 2^3, so three bits go with every digit; one is left for rounding up.
  if (type.bits != 0) type.bits = static_cast<uint8_t>(std::max(2, type.bits - (type.scale - digits) * 3 + 1));
  type.scale = static_cast<uint8_t>(digits);
  if (type.kind == ValueKind::kDecimal && digits == 0) type.kind = ValueKind::kInteger;
  return type;
}

std::variant<Type, TypeProblem> variance_of(const Type& type, UnitTable& units) {
  Type result;
  result.unit = units.multiply(type.unit, type.unit);
  if (units.shape(result.unit).time > 1) {
    return TypeProblem{Code::rate_per_time,
                       fmt::format("the variance of {} has no unit a value can have", named(type, units)),
                       "take `stddev`, or make the duration a plain number first: `variance(x / 1 min)`"};
  }
  result.kind = share_like(type.kind) ? ValueKind::kRatio : ValueKind::kNumber;
  return result;
}

int bits_of(__int128 value) {
  unsigned __int128 magnitude =
      value < 0 ? -static_cast<unsigned __int128>(value) : static_cast<unsigned __int128>(value);
  int bits = 1;
  while (magnitude != 0) {
    ++bits;
    magnitude >>= 1;
  }
  return bits;
}

}  // namespace alidade
