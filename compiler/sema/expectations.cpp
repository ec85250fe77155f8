// Expectations of tests: the value, the bucket it is read at, and the amount as its value holds it.
#include <fmt/format.h>

#include <algorithm>

#include "compiler/sema/analyser.h"

namespace alidade {
namespace {

constexpr std::string_view kReasons[] = {"no_data", "no_rows", "no_denominator", "no_rate", "overflow", "no_bucket"};

RowKind comparison_kind(ast::ExprKind kind) {
  return static_cast<RowKind>(static_cast<int>(RowKind::kEqual) + static_cast<int>(kind) -
                              static_cast<int>(ast::ExprKind::kEqual));
}

bool is_comparison(ast::ExprKind kind) { return kind >= ast::ExprKind::kEqual && kind <= ast::ExprKind::kGreaterEqual; }

/// A literal, perhaps behind a minus sign.
struct Amount {
  const ast::Literal* literal = nullptr;
  bool negative = false;
};
Amount amount_of(const ast::Expr& expr) {
  const ast::Expr& inner = bare(expr);
  if (inner.kind == ast::ExprKind::kLiteral) return {inner.literal, inner.literal->negative};
  if (inner.kind != ast::ExprKind::kNegate) return {};
  Amount amount = amount_of(*inner.a);
  amount.negative = !amount.negative;
  return amount;
}

}  // namespace

bool is_moment(std::string_view text) {
  std::string month = text.size() == 7 ? std::string(text) + "-01" : std::string(text);
  return parse_time(month).has_value();
}

std::optional<TestExpectation> Analyser::expected_term(const ast::TestItem& item, const ast::Expr& expr) {
  std::optional<Term> term = value(expr);
  if (!term) return std::nullopt;
  if (is_constant(term->value)) {
    error(Code::constant_metric, expr.span, "this is computed from no rows", "expect something of a metric");
    return std::nullopt;
  }
  if (term->open && term->open->kind != PerKind::kTime) {
    error(Code::open_result, expr.span,
          fmt::format("this has a value for every {}, and one value is expected", term->open->name),
          fmt::format("collapse it, as in `mean({})`", words(expr)));
    return std::nullopt;
  }
  TestExpectation result;
  result.value = term->value;
  result.type = model_.value(term->value).type;
  result.fixed_grain = term->open.has_value();
  if (term->open) result.grain = term->open->grain;
  result.streams = streams_of(model_, term->value);
  result.text = words(expr);
  result.span = item.span;
  return result;
}

/// The bucket an expectation is read at: that of the moment's own grain, or the one of a fixed grain that holds it.
bool Analyser::place_expectation(const ast::TestItem& item, TestExpectation& expectation) {
  Grain fixed = expectation.grain;
  if (item.moment.kind == ast::MomentKind::kNone) {
    if (!expectation.fixed_grain) {
      expectation.grain = Grain::kWhole;
      return true;
    }
    error(
        Code::expectation_grain, item.value->span,
        fmt::format("`{}` has a value per {}, so which one is meant must be said", expectation.text, grain_word(fixed)),
        fmt::format("write `expect {} on 2026-01-05 …`, or expect `mean({})`", expectation.text, expectation.text));
    return false;
  }
  Grain written = item.moment.kind == ast::MomentKind::kMonth  ? Grain::kMonth
                  : item.moment.kind == ast::MomentKind::kDate ? Grain::kDay
                                                               : Grain::kHour;
  expectation.has_bucket = true;
  expectation.bucket = item.moment.text;
  bool instant = item.moment.kind == ast::MomentKind::kTimestamp;
  if (!is_moment(item.moment.text)) {
    error(Code::not_a_date, item.moment.span, fmt::format("{} is no date of the calendar", item.moment.text));
    return false;
  }
  if (!expectation.fixed_grain) {
    expectation.grain = written;
    return true;
  }
  if (!instant && fixed < written) {
    error(Code::expectation_grain, item.moment.span,
          fmt::format("`{}` has a value per {}, and {} is a whole {}", expectation.text, grain_word(fixed),
                      item.moment.text, grain_word(written)),
          fmt::format("name one {}, or expect `mean({})`", grain_word(fixed), expectation.text));
    return false;
  }
  return true;
}

/// `expect revenue == arpu * 5`: a formula on the right, so that the comparison itself is what is expected.
bool Analyser::expected_formula(const ast::TestItem& item, const ast::Expr& left, ast::ExprKind compare,
                                const ast::Expr& right, ModelTest& test) {
  std::optional<TestExpectation> result = expected_term(item, left);
  std::optional<Term> other = value(right);
  if (!result || !other) return false;
  Term own{result->value, std::nullopt};
  if (result->fixed_grain) {
    own.open = PerKey{};
    own.open->grain = result->grain;
    own.open->name = grain_word(result->grain);
  }
  ast::Expr at = left;
  at.span = join(left.span, right.span);
  at.op = at.span;
  int distance = static_cast<int>(compare) - static_cast<int>(ast::ExprKind::kEqual);
  ValueKindTag kind = static_cast<ValueKindTag>(static_cast<int>(ValueKindTag::kEqual) + distance);
  std::optional<Term> both = compare_terms(kind, at, own, left, *other, right);
  if (!both) return false;
  result->value = both->value;
  result->type = boolean_type();
  result->streams = streams_of(model_, both->value);
  result->fixed_grain = both->open.has_value();
  if (both->open) result->grain = both->open->grain;
  result->boolean = result->truth = true;
  if (!place_expectation(item, *result)) return false;
  test.expectations.push_back(std::move(*result));
  return true;
}

bool Analyser::expectation(const ast::TestItem& item, ModelTest& test) {
  const ast::Expr* left = item.value;
  const ast::Expr* right = item.expected;
  ast::ExprKind compare = item.compare;
  bool split = right == nullptr && item.amount == nullptr && item.kind == ast::TestItemKind::kExpect &&
               is_comparison(bare(*left).kind);
  if (split) {
    const ast::Expr& comparison = bare(*left);
    left = comparison.a;
    right = comparison.b;
    compare = comparison.kind;
  }
  Amount amount{item.amount, item.amount != nullptr && item.amount->negative};
  if (amount.literal == nullptr && right != nullptr) amount = amount_of(*right);
  if (right != nullptr && amount.literal == nullptr) return expected_formula(item, *left, compare, *right, test);
  std::optional<TestExpectation> result = expected_term(item, *left);
  if (!result || !place_expectation(item, *result)) return false;
  if (item.kind == ast::TestItemKind::kExpectUndefined) {
    result->undefined = true;
    result->reason = item.name.name.text();
    bool known = result->reason.empty() ||
                 std::find(std::begin(kReasons), std::end(kReasons), result->reason) != std::end(kReasons);
    if (!known) {
      unknown(Code::unknown_reason, item.name,
              fmt::format("`{}` is no reason for a value to be undefined", result->reason),
              {std::begin(kReasons), std::end(kReasons)},
              "the reasons are no_data, no_rows, no_denominator, no_rate, overflow and no_bucket");
      return false;
    }
    test.expectations.push_back(std::move(*result));
    return true;
  }
  if (amount.literal == nullptr) {  // a condition by itself
    if (result->type.kind != ValueKind::kBoolean) {
      error(Code::expectation_type, item.value->span,
            fmt::format("`{}` is {}, so what it should be is missing", result->text, show(result->type)),
            "write `== 5` after it");
      return false;
    }
    result->boolean = result->truth = true;
    test.expectations.push_back(std::move(*result));
    return true;
  }
  result->compare = comparison_kind(compare);
  if (!expected_literal(*amount.literal, amount.negative, *result)) return false;
  test.expectations.push_back(std::move(*result));
  return true;
}

bool Analyser::expected_literal(const ast::Literal& literal, bool negative, TestExpectation& expectation) {
  auto mismatch = [&](const char* help) {
    error(Code::expectation_type, literal.span,
          fmt::format("`{}` is {}, which is not compared with {}", expectation.text, show(expectation.type),
                      written(literal.span)),
          help);
    return false;
  };
  switch (literal.kind) {
    case ast::LiteralKind::kBool:
      if (expectation.type.kind != ValueKind::kBoolean) return mismatch("");
      expectation.boolean = true;
      expectation.truth = literal.truth;
      return true;
    case ast::LiteralKind::kDate:
    case ast::LiteralKind::kTimestamp: {
      if (expectation.type.kind != ValueKind::kTimestamp) return mismatch("");
      std::optional<Instant> at = instant(literal);
      if (at) expectation.expected = *at;
      return at.has_value();
    }
    case ast::LiteralKind::kText:
    case ast::LiteralKind::kMonth:
      return mismatch("");
    case ast::LiteralKind::kNumber:
    case ast::LiteralKind::kQuantity:
    case ast::LiteralKind::kPercent:
      break;
  }
  if (!is_numeric(expectation.type.kind)) return mismatch("");
  return expected_number(literal, negative, expectation);
}

bool Analyser::expected_unit(const ast::Literal& literal, const UnitWord* word, const Type& type) {
  std::optional<UnitId> below = literal.per_unit.name.empty() ? UnitTable::one() : counted_unit(literal.per_unit);
  if (!below) return false;
  UnitId above = word == nullptr ? UnitTable::one() : word->unit;
  bool plain_count = word == nullptr && literal.per_unit.name.empty() &&
                     (type.unit == UnitTable::one() || model_.units.is_counted(type.unit));
  if (plain_count || unit_agrees(model_.units.divide(above, *below), type.unit)) return true;
  const bool other_currency = word != nullptr && word->kind == UnitWordKind::kCurrency &&
                              model_.units.shape(model_.units.divide(type.unit, word->unit)).currencies > 0;
  std::string help =
      other_currency ? fmt::format("write an amount of {}", model_.units.display(type.unit))
      : word == nullptr && model_.units.has_declared(type.unit)
          ? "write the unit with the number, as in `5 story_point`"
      : word == nullptr && type.kind == ValueKind::kMoney    ? "write the currency with the number, as in `5 USD`"
      : word == nullptr && type.kind == ValueKind::kDuration ? "write the unit with the number, as in `15 min`"
      : literal.per_unit.name.empty()                        ? "write what it is per, as in `15 min per user`"
                                                             : "";
  error(Code::expectation_type, literal.span,
        fmt::format("the expected value is {}, not {}", show(type), written(literal.span)), help);
  return false;
}

/// The written digits, in the unit that the value is held in: 5% is 0.05 with two digits, 1.5 min is 90,000,000 µs.
bool Analyser::expected_number(const ast::Literal& literal, bool negative, TestExpectation& expectation) {
  std::optional<UnitWord> unit;
  int64_t factor = 1;
  int unit_scale = 0;
  for (const ast::Ident* word : {&literal.multiple, &literal.unit}) {
    if (word->name.empty()) continue;
    std::optional<UnitWord> found = unit_word(*word);
    if (!found) return false;
    factor *= found->factor;
    unit_scale += found->scale;
    if (found->kind != UnitWordKind::kMultiple) unit = found;
  }
  bool percent = literal.kind == ast::LiteralKind::kPercent;
  ValueKind kind = expectation.type.kind;
  bool may_be_percent = kind == ValueKind::kRatio || kind == ValueKind::kPercent || kind == ValueKind::kNumber;
  if (percent && (!may_be_percent || expectation.type.unit != UnitTable::one())) {
    error(Code::expectation_type, literal.span,
          fmt::format("`{}` is {}, which is not compared with a percentage", expectation.text, show(expectation.type)));
    return false;
  }
  if (!expected_unit(literal, unit ? &*unit : nullptr, expectation.type)) return false;
  std::optional<int128> digits = integer_of(literal.number.digits);
  int128 value = digits.value_or(0);
  int scale = static_cast<int>(literal.number.fraction) + (percent ? 2 : 0) + unit_scale;
  for (; factor > 1 && factor % 10 == 0 && scale > 0; factor /= 10) --scale;
  bool fits = digits && !__builtin_mul_overflow(value, static_cast<int128>(factor), &value);
  if (!fits) {
    error(Code::literal_too_precise, literal.span, "this number has more digits than can be computed with exactly");
    return false;
  }
  expectation.expected = negative ? -value : value;
  expectation.expected_scale = scale;
  return true;
}

}  // namespace alidade
