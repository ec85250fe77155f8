// Functions of a few arguments that mean the same of one row and of values: greatest, least, round, coalesce. The one
// of other currencies is in conversions.cpp.
#include <fmt/format.h>

#include <algorithm>

#include "compiler/sema/analyser.h"

namespace alidade {
namespace {

template <typename Kind>
Kind kind_of(Operation operation) {
  switch (operation) {
    case Operation::kGreatest:
      return Kind::kGreatest;
    case Operation::kLeast:
      return Kind::kLeast;
    case Operation::kRound:
      return Kind::kRound;
    case Operation::kCoalesce:
      return Kind::kCoalesce;
    case Operation::kConvert:
      return Kind::kMultiply;
  }
  return Kind::kCoalesce;
}

}  // namespace

bool Analyser::operation_arguments(const ast::Expr& call, Operation operation) {
  size_t count = operation == Operation::kRound ? 2 : std::max<size_t>(2, call.args.size());
  return plain_arguments(call, count, signature_of(call.a->name.name.text()));
}

/// The digits after the point that `round` keeps.
std::optional<int> Analyser::written_digits(const ast::Expr& call) {
  const ast::Expr& argument = bare(*call.args[1].value);
  bool number = argument.kind == ast::ExprKind::kLiteral && argument.literal->kind == ast::LiteralKind::kNumber;
  if (number && argument.literal->number.fraction == 0 && argument.literal->number.digits.size() <= 2) {
    int digits = 0;
    for (char c : argument.literal->number.digits) digits = digits * 10 + (c - '0');
    if (digits <= kMaxScale) return digits;
  }
  error(Code::not_digits, call.args[1].span,
        fmt::format("`{}` is no number of digits after the point", words(*call.args[1].value)),
        fmt::format("write out a whole number from 0 to {}: `round(x, 2)`", kMaxScale));
  return std::nullopt;
}

bool Analyser::can_round(const ast::Expr& argument, const Type& type) {
  if (is_numeric(type.kind) && type.kind != ValueKind::kDuration) return true;
  error(Code::function_operand, argument.span, fmt::format("{} is not rounded to digits", show(type)),
        type.kind == ValueKind::kDuration ? "say digits of what by dividing first: `round(x / 1 min, 1)`" : "");
  return false;
}

/// The type of two arguments together, or nothing where they do not go together, which is reported.
std::optional<Type> Analyser::operation_type(const ast::Expr& call, Operation operation, const Operand& a,
                                             const Operand& b, const ast::Expr& right) {
  std::variant<Type, TypeProblem> type =
      arguments_together(call.a->name.name.text(), operation != Operation::kCoalesce, a, b, model_.units);
  if (const TypeProblem* wrong = std::get_if<TypeProblem>(&type)) {
    label_types(error(wrong->code, call.span, wrong->message, wrong->help), *call.args[0].value, a.type, right, b.type);
    return std::nullopt;
  }
  return std::get<Type>(type);
}

// ------------------------------------------------------------------------------------------------ of rows
std::optional<RowId> Analyser::row_operation(const ast::Expr& call, Operation operation, const RowScope& scope) {
  if (operation == Operation::kConvert) return row_convert(call, scope);
  if (!operation_arguments(call, operation)) return std::nullopt;
  if (operation == Operation::kRound) return row_round(call, scope);
  auto constant = [&](RowId id) { return model_.row(id).kind == RowKind::kConst; };
  std::optional<RowId> result = row(*call.args[0].value, scope);
  bool sound = result.has_value();
  for (size_t i = 1; i < call.args.size(); ++i) {
    const ast::Expr& argument = *call.args[i].value;
    std::optional<RowId> next = row(argument, scope);
    sound = sound && next;
    if (!sound) continue;
    Type left = model_.row(*result).type, right = model_.row(*next).type;
    std::optional<Type> type =
        operation_type(call, operation, {left, constant(*result)}, {right, constant(*next)}, argument);
    if (!type) return std::nullopt;
    bool is_coalesce = operation == Operation::kCoalesce;
    type->optional = is_coalesce ? left.optional && right.optional : left.optional || right.optional;
    if (is_coalesce && !left.optional) {
      error(
          Code::never_missing, argument.span,
          fmt::format("what stands before this in `coalesce` is never missing, so `{}` is never used", words(argument)),
          "leave it out, or declare the field with `?` if it may be missing")
          .severity = Severity::kWarning;
    }
    auto widened = [&](RowId id) {
      bool exact = constant(id) && model_.row(id).type.exact;
      return exact && representation(*type) == Representation::kFloat ? build_.as_float(id) : id;
    };
    result = build_.binary(kind_of<RowKind>(operation), *type, widened(*result), widened(*next));
  }
  return sound ? result : std::nullopt;
}

std::optional<RowId> Analyser::row_round(const ast::Expr& call, const RowScope& scope) {
  std::optional<RowId> inner = row(*call.args[0].value, scope);
  std::optional<int> digits = written_digits(call);
  if (!inner || !digits || !can_round(*call.args[0].value, model_.row(*inner).type)) return std::nullopt;
  const Type type = model_.row(*inner).type;
  if (type.exact && type.scale <= *digits) return inner;
  Row node;
  node.kind = RowKind::kRound;
  node.type = rounded(type, *digits);
  node.stream = model_.row(*inner).stream;
  node.a = *inner;
  node.digits = *digits;
  return build_.row(std::move(node));
}

// ------------------------------------------------------------------------------------------------ of values
std::optional<Term> Analyser::value_operation(const ast::Expr& call, Operation operation) {
  if (operation == Operation::kConvert) return value_convert(call);
  if (!operation_arguments(call, operation)) return std::nullopt;
  if (operation == Operation::kRound) return value_round(call);
  std::optional<Term> result = value(*call.args[0].value);
  bool sound = result.has_value();
  for (size_t i = 1; i < call.args.size(); ++i) {
    const ast::Expr& argument = *call.args[i].value;
    std::optional<Term> next = value(argument);
    sound = sound && next;
    if (!sound) continue;
    std::optional<Type> type = operation_type(call, operation, operand(*result), operand(*next), argument);
    Term both;
    if (!type || !merge_open(both, *result, *next, call)) return std::nullopt;
    fit(*result, *next);
    both.value = build_.binary(kind_of<ValueKindTag>(operation), *type, result->value, next->value);
    result = both;
  }
  return sound ? result : std::nullopt;
}

std::optional<Term> Analyser::value_round(const ast::Expr& call) {
  std::optional<Term> term = value(*call.args[0].value);
  std::optional<int> digits = written_digits(call);
  if (!term || !digits || !can_round(*call.args[0].value, model_.value(term->value).type)) return std::nullopt;
  const Type type = model_.value(term->value).type;
  if (type.exact && type.scale <= *digits) return term;
  Value node;
  node.kind = ValueKindTag::kRound;
  node.type = rounded(type, *digits);
  node.a = term->value;
  node.digits = *digits;
  term->value = build_.value(std::move(node));
  return term;
}

}  // namespace alidade
