// Formulas: names of metrics, constants, arithmetic, comparisons, conditions, segments.
#include <fmt/format.h>

#include <algorithm>

#include "compiler/sema/analyser.h"

namespace alidade {
namespace {

ValueKindTag comparison_tag(ast::ExprKind kind) {
  return static_cast<ValueKindTag>(static_cast<int>(ValueKindTag::kEqual) + static_cast<int>(kind) -
                                   static_cast<int>(ast::ExprKind::kEqual));
}

bool is_float(const Type& type) { return representation(type) == Representation::kFloat; }
bool is_exact(const Type& type) { return representation(type) == Representation::kExact; }

}  // namespace

std::optional<Term> Analyser::value(const ast::Expr& expr) {
  Nesting nesting(*this, expr.span);
  if (nesting.too_deep) return std::nullopt;
  switch (expr.kind) {
    case ast::ExprKind::kLiteral: {
      std::optional<Constant> found = constant(*expr.literal);
      if (!found) return std::nullopt;
      if (found->type.kind == ValueKind::kText) {
        error(Code::text_in_formula, expr.span, "a text is no value of a metric", "compare texts inside `where`");
        return std::nullopt;
      }
      Value node;
      node.type = found->type;
      node.type.bits = 0;
      node.exact = found->exact;
      node.truth = found->truth;
      return Term{build_.value(std::move(node)), std::nullopt};
    }
    case ast::ExprKind::kName:
      return value_name(expr.name);
    case ast::ExprKind::kParen:
      return value(*expr.a);
    case ast::ExprKind::kMember:
      return value_member(expr);
    case ast::ExprKind::kCall:
      return call(expr);
    case ast::ExprKind::kSegment:
      return value_segment(expr);
    case ast::ExprKind::kOver:
      return over(expr);
    case ast::ExprKind::kAt:
      return at(expr);
    case ast::ExprKind::kPer:
      return per(expr);
    case ast::ExprKind::kNegate:
      return value_negation(expr);
    case ast::ExprKind::kMultiply:
    case ast::ExprKind::kDivide:
    case ast::ExprKind::kAdd:
    case ast::ExprKind::kSubtract:
      return value_arithmetic(expr);
    case ast::ExprKind::kEqual:
    case ast::ExprKind::kNotEqual:
    case ast::ExprKind::kLess:
    case ast::ExprKind::kLessEqual:
    case ast::ExprKind::kGreater:
    case ast::ExprKind::kGreaterEqual:
      return value_comparison(expr);
    case ast::ExprKind::kIn:
      return value_in(expr);
    case ast::ExprKind::kIsNull:
      error(Code::null_in_formula, expr.op, "a value is never null: without one it is undefined, with a reason",
            "ask about rows inside `where`, as in `count(app where url is not null)`");
      return std::nullopt;
    case ast::ExprKind::kNot:
      return value_not(expr);
    case ast::ExprKind::kAnd:
    case ast::ExprKind::kOr:
      return value_logic(expr);
    case ast::ExprKind::kWhere:
      return value_where(expr);
    case ast::ExprKind::kWith:
      later(expr.op, "`with`");
      return std::nullopt;
    case ast::ExprKind::kWithin:
      later(expr.op, "`within … after`");
      return std::nullopt;
    case ast::ExprKind::kReached:
      later(expr.op, "`reached`");
      return std::nullopt;
    case ast::ExprKind::kIf:
      return value_if(expr);
  }
  return std::nullopt;
}

std::optional<Term> Analyser::value_name(const ast::Ident& name) {
  Symbol* symbol = find(name.name);
  std::string_view word = name.name.text();
  if (symbol == nullptr) {
    unknown(Code::unknown_name, name, fmt::format("there is no metric `{}`", word), names_of({SymbolKind::kMetric}),
            "");
    return std::nullopt;
  }
  if (wrong_use(*symbol, name) || !resolve(*symbol)) return std::nullopt;
  if (symbol->kind != SymbolKind::kMetric) {
    bool rows = symbol->kind == SymbolKind::kStream || symbol->kind == SymbolKind::kEvent;
    bool table = symbol->kind == SymbolKind::kTable;
    error(Code::wrong_kind_of_name, name.span,
          fmt::format("`{}` is {}, not a value", word,
                      rows    ? "a set of rows"
                      : table ? "a table"
                              : "a segment"),
          rows ? fmt::format("say what to compute of it: `count({})`", word)
               : fmt::format("restrict a value to it: `revenue[{}]`", word))
        .labels.push_back({symbol->decl->name.span, "declared here"});
    return std::nullopt;
  }
  const ModelMetric& metric = model_.metrics[static_cast<size_t>(symbol->index)];
  Term term{metric.value, std::nullopt};
  if (metric.fixed_grain) {
    term.open = PerKey{};
    term.open->grain = metric.grain;
    term.open->name = grain_word(metric.grain);
  }
  return term;
}

std::optional<Term> Analyser::value_member(const ast::Expr& expr) {
  const ast::Expr* root = &expr;
  while (root->kind == ast::ExprKind::kMember || root->kind == ast::ExprKind::kCall ||
         root->kind == ast::ExprKind::kSegment)
    root = root->a;
  if (root->kind == ast::ExprKind::kName) {
    Symbol* symbol = find(root->name.name);
    if (symbol == nullptr) {
      unknown(Code::unknown_name, root->name, fmt::format("there is nothing named `{}`", root->name.name.text()),
              names_of({SymbolKind::kMetric, SymbolKind::kStream, SymbolKind::kEvent}), "");
      return std::nullopt;
    }
    if (wrong_use(*symbol, root->name) || !resolve(*symbol)) return std::nullopt;
    if (symbol->kind == SymbolKind::kMetric) {
      error(Code::wrong_kind_of_name, expr.name.span,
            fmt::format("a metric has no members, so `{}` means nothing", words(expr)));
      return std::nullopt;
    }
  }
  error(Code::row_in_formula, expr.span, fmt::format("`{}` has a value in every row", words(expr)),
        fmt::format("say what to compute of them: `sum({0})`, `mean({0})`, `unique({0})`", words(expr)));
  return std::nullopt;
}

std::optional<Term> Analyser::value_where(const ast::Expr& expr) {
  std::optional<Term> inner = value(*expr.a);
  if (!inner) return std::nullopt;
  error(Code::where_after_value, expr.op, "`where` filters rows, and this is a value already computed from them",
        "put the condition inside, as in `sum(purchase.amount where plan == \"pro\")`, or declare a segment: "
        "`revenue[paying]`");
  return std::nullopt;
}

std::optional<Term> Analyser::value_segment(const ast::Expr& expr) {
  std::optional<Term> term = value(*expr.a);
  std::optional<int> node = segment(*expr.b);
  if (!term || !node) return std::nullopt;
  std::map<ValueId, ValueId> done;
  std::optional<ValueId> inner = restricted(term->value, *node, expr.b->span, done);
  if (!inner) return std::nullopt;
  term->value = *inner;
  return term;
}

Operand Analyser::operand(const Term& term) const { return {model_.value(term.value).type, is_constant(term.value)}; }

/// An exact constant beside a float becomes the nearest float, once.
void Analyser::fit(Term& a, Term& b) {
  auto literal = [&](const Term& term) { return model_.value(term.value).kind == ValueKindTag::kConst; };
  const Type left = model_.value(a.value).type, right = model_.value(b.value).type;
  if (literal(a) && is_exact(left) && is_float(right)) a.value = build_.as_float(a.value);
  if (literal(b) && is_exact(right) && is_float(left)) b.value = build_.as_float(b.value);
}

/// The open `per` of a formula from those of its sides.
bool Analyser::merge_open(Term& into, const Term& a, const Term& b, const ast::Expr& at) {
  if (a.open && b.open) {
    into.open = a.open;
    if (a.open->kind == b.open->kind && a.open->name == b.open->name) {
      for (size_t s = 0; s < b.open->rows.size(); ++s) {
        if (!into.open->rows[s].valid()) into.open->rows[s] = b.open->rows[s];
      }
      return true;
    }
    error(Code::mixed_per, at.span, fmt::format("one side is per {} and the other per {}", a.open->name, b.open->name),
          "collapse one of them first, as in `mean(dau)`");
    return false;
  }
  into.open = a.open ? a.open : b.open;
  if (!into.open || into.open->kind == PerKind::kTime) return true;
  if (is_constant(a.open ? b.value : a.value)) return true;
  error(Code::open_beside_closed, at.span, fmt::format("one side is per {} and the other is not", into.open->name),
        fmt::format("put `per` around the whole formula: `({}) per {}`", "x / y", into.open->name));
  return false;
}

std::optional<Term> Analyser::value_negation(const ast::Expr& expr) {
  std::optional<Term> term = value(*expr.a);
  if (!term) return std::nullopt;
  Type type = model_.value(term->value).type;
  if (!is_numeric(type.kind)) {
    error(Code::not_a_number, expr.a->span, fmt::format("a minus sign needs a number, and this is {}", show(type)));
    return std::nullopt;
  }
  term->value = build_.unary(ValueKindTag::kNegate, type, term->value);
  return term;
}

std::optional<Term> Analyser::value_arithmetic(const ast::Expr& expr) {
  std::optional<Term> a = value(*expr.a);
  std::optional<Term> b = value(*expr.b);
  if (!a || !b) return std::nullopt;
  Operand left = operand(*a), right = operand(*b);
  fit(*a, *b);
  ArithmeticOp op = expr.kind == ast::ExprKind::kAdd        ? ArithmeticOp::kAdd
                    : expr.kind == ast::ExprKind::kSubtract ? ArithmeticOp::kSubtract
                    : expr.kind == ast::ExprKind::kMultiply ? ArithmeticOp::kMultiply
                                                            : ArithmeticOp::kDivide;
  constexpr ValueKindTag kTags[] = {ValueKindTag::kAdd, ValueKindTag::kSubtract, ValueKindTag::kMultiply,
                                    ValueKindTag::kDivide};
  std::variant<Type, TypeProblem> type = arithmetic(op, left, right, model_.units);
  if (const TypeProblem* wrong = std::get_if<TypeProblem>(&type)) {
    label_types(error(wrong->code, expr.op, wrong->message, wrong->help), *expr.a, left.type, *expr.b, right.type);
    return std::nullopt;
  }
  warn_fraction(expr, *expr.a, left.type, *expr.b, right.type);
  Term result;
  if (!merge_open(result, *a, *b, expr)) return std::nullopt;
  if (a->value == b->value && !is_constant(a->value)) {
    if (op == ArithmeticOp::kSubtract) warn_same_sides(expr, "always 0");
    if (op == ArithmeticOp::kDivide) warn_same_sides(expr, "always 1, or undefined");
  }
  if (op == ArithmeticOp::kAdd) warn_added_distinct(expr, a->value, b->value);
  Type found = std::get<Type>(type);
  found.optional = false;
  warn_two_currencies(expr, left.type, right.type, found);
  result.value = build_.binary(kTags[static_cast<size_t>(op)], found, a->value, b->value);
  return result;
}

std::optional<Term> Analyser::compare_terms(ValueKindTag kind, const ast::Expr& at, const Term& left,
                                            const ast::Expr& left_expr, const Term& right,
                                            const ast::Expr& right_expr) {
  Term a = left, b = right;
  Operand x = operand(a), y = operand(b);
  bool ordered = kind != ValueKindTag::kEqual && kind != ValueKindTag::kNotEqual;
  TypeProblem wrong = comparison(ordered, x, y, model_.units);
  if (!wrong.message.empty()) {
    label_types(error(wrong.code, at.op, wrong.message, wrong.help), left_expr, x.type, right_expr, y.type);
    return std::nullopt;
  }
  warn_fraction(at, left_expr, x.type, right_expr, y.type);
  fit(a, b);
  Term result;
  if (!merge_open(result, a, b, at)) return std::nullopt;
  if (a.value == b.value && !is_constant(a.value)) warn_same_sides(at, "always the same");
  result.value = build_.binary(kind, boolean_type(), a.value, b.value);
  return result;
}

std::optional<Term> Analyser::value_comparison(const ast::Expr& expr) {
  std::optional<Term> a = value(*expr.a);
  std::optional<Term> b = value(*expr.b);
  if (!a || !b) return std::nullopt;
  return compare_terms(comparison_tag(expr.kind), expr, *a, *expr.a, *b, *expr.b);
}

std::optional<Term> Analyser::value_in(const ast::Expr& expr) {
  std::optional<Term> a = value(*expr.a);
  std::optional<Term> result;
  bool sound = a.has_value();
  for (const ast::Expr* item : expr.items) {
    std::optional<Term> b = value(*item);
    std::optional<Term> one = a && b ? compare_terms(ValueKindTag::kEqual, expr, *a, *expr.a, *b, *item) : std::nullopt;
    sound = sound && one.has_value();
    if (!sound) continue;
    if (result) one->value = build_.binary(ValueKindTag::kOr, boolean_type(), result->value, one->value);
    result = one;
  }
  if (!sound || !result) return std::nullopt;
  if (expr.negated) result->value = build_.unary(ValueKindTag::kNot, boolean_type(), result->value);
  return result;
}

std::optional<Term> Analyser::value_not(const ast::Expr& expr) {
  std::optional<Term> term = value(*expr.a);
  if (!term) return std::nullopt;
  const Type type = model_.value(term->value).type;
  if (type.kind != ValueKind::kBoolean) {
    error(Code::not_a_condition, expr.a->span, fmt::format("`not` needs a condition, and this is {}", show(type)));
    return std::nullopt;
  }
  term->value = build_.unary(ValueKindTag::kNot, type, term->value);
  return term;
}

std::optional<Term> Analyser::value_logic(const ast::Expr& expr) {
  std::optional<Term> a = value(*expr.a);
  std::optional<Term> b = value(*expr.b);
  if (!a || !b) return std::nullopt;
  for (auto [term, side] : {std::pair(&*a, expr.a), std::pair(&*b, expr.b)}) {
    const Type type = model_.value(term->value).type;
    if (type.kind == ValueKind::kBoolean) continue;
    error(Code::not_a_condition, side->span,
          fmt::format("`{}` joins conditions, and this is {}", expr.kind == ast::ExprKind::kAnd ? "and" : "or",
                      show(type)));
    return std::nullopt;
  }
  Term result;
  if (!merge_open(result, *a, *b, expr)) return std::nullopt;
  result.value = build_.binary(expr.kind == ast::ExprKind::kAnd ? ValueKindTag::kAnd : ValueKindTag::kOr,
                               boolean_type(), a->value, b->value);
  return result;
}

std::optional<Term> Analyser::value_if(const ast::Expr& expr) {
  std::optional<Term> test = value(*expr.a);
  std::optional<Term> a = value(*expr.b);
  std::optional<Term> b = value(*expr.c);
  if (!test || !a || !b) return std::nullopt;
  if (model_.value(test->value).type.kind != ValueKind::kBoolean) {
    error(Code::not_a_condition, expr.a->span,
          fmt::format("`if` needs a condition, and this is {}", show(model_.value(test->value).type)),
          "compare it, as in `if x > 0 then … else …`");
    return std::nullopt;
  }
  Operand left = operand(*a), right = operand(*b);
  std::variant<Type, TypeProblem> type = branches(left, right, model_.units);
  if (const TypeProblem* wrong = std::get_if<TypeProblem>(&type)) {
    label_types(error(wrong->code, expr.span, wrong->message, wrong->help), *expr.b, left.type, *expr.c, right.type);
    return std::nullopt;
  }
  if (a->value == b->value && own(expr.span)) {
    error(Code::same_sides, expr.c->span, "`then` and `else` are the same, so the condition decides nothing",
          "leave the `if` out, or correct one of them");
  }
  fit(*a, *b);
  Term both, result;
  if (!merge_open(both, *a, *b, expr)) return std::nullopt;
  both.value = is_constant(a->value) ? b->value : a->value;
  if (!merge_open(result, both, *test, expr)) return std::nullopt;
  Value node;
  node.kind = ValueKindTag::kIf;
  node.type = std::get<Type>(type);
  node.a = test->value;
  node.b = a->value;
  node.c = b->value;
  result.value = build_.value(std::move(node));
  return result;
}

}  // namespace alidade
