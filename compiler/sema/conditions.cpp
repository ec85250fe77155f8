// Row conditions: comparisons, in, is null, and or not, and the lint about values that may be missing.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "compiler/sema/analyser.h"

namespace alidade {
namespace {

RowKind comparison_kind(ast::ExprKind kind) {
  return static_cast<RowKind>(static_cast<int>(RowKind::kEqual) + static_cast<int>(kind) -
                              static_cast<int>(ast::ExprKind::kEqual));
}

}  // namespace

std::optional<RowId> Analyser::condition(const ast::Expr& expr, const RowScope& scope) {
  std::optional<RowId> id = row(expr, scope);
  if (!id) return std::nullopt;
  const Type& type = model_.row(*id).type;
  if (type.kind == ValueKind::kBoolean) return id;
  Diagnostic& report =
      error(Code::not_a_condition, expr.span, fmt::format("a condition is needed here, and this is {}", show(type)));
  if (type.kind == ValueKind::kText || type.kind == ValueKind::kOneOf) report.help = "compare it: `== \"…\"`";
  if (is_numeric(type.kind)) report.help = "compare it: `> …`";
  return std::nullopt;
}

std::optional<RowId> Analyser::checked_condition(const ast::Expr& expr, const RowScope& scope) {
  std::optional<RowId> id = condition(expr, scope);
  if (id) warn_missing(expr);
  return id;
}

std::optional<RowId> Analyser::row_logic(const ast::Expr& expr, const RowScope& scope) {
  std::optional<RowId> a = condition(*expr.a, scope);
  if (expr.kind == ast::ExprKind::kNot) return a ? std::optional<RowId>(build_.negation(*a)) : std::nullopt;
  std::optional<RowId> b = condition(*expr.b, scope);
  if (!a || !b) return std::nullopt;
  return expr.kind == ast::ExprKind::kAnd ? build_.both(*a, *b) : build_.either(*a, *b);
}

/// A text constant beside a one_of: its place in the list.
std::optional<RowId> Analyser::list_value(const Row& text, const Type& list, const ast::Expr& at) {
  const std::vector<std::string>& values = model_.lists[static_cast<size_t>(list.one_of)];
  auto found = std::find(values.begin(), values.end(), text.text);
  if (found == values.end()) {
    std::vector<std::string_view> candidates(values.begin(), values.end());
    std::string near = did_you_mean(text.text, candidates);
    std::string all;
    for (const std::string& value : values) all += (all.empty() ? "" : ", ") + fmt::format("\"{}\"", value);
    Diagnostic& report =
        error(Code::value_not_in_list, at.span, fmt::format("\"{}\" is not one of {}", text.text, all));
    if (!near.empty()) {
      report.help = fmt::format("did you mean \"{}\"?", near);
      report.fixes.push_back({at.span, fmt::format("\"{}\"", near), false});
    }
    return std::nullopt;
  }
  Row constant;
  constant.type = list;
  constant.type.optional = false;
  constant.one_of = static_cast<uint32_t>(found - values.begin());
  return build_.row(std::move(constant));
}

/// A constant as the other side of a comparison needs it.
std::optional<RowId> Analyser::fitted(RowId id, const Type& other, const ast::Expr& at) {
  Row constant = model_.row(id);
  if (constant.kind != RowKind::kConst) return id;
  if (constant.type.kind == ValueKind::kText && other.kind == ValueKind::kOneOf) return list_value(constant, other, at);
  if (constant.type.kind == ValueKind::kText && other.kind == ValueKind::kUuid) {
    constant.type.kind = ValueKind::kUuid;
    return build_.row(std::move(constant));
  }
  bool to_float =
      representation(constant.type) == Representation::kExact && representation(other) == Representation::kFloat;
  return to_float ? build_.as_float(id) : id;
}

/// `ts == 2026-01-05` asks for one instant of the day, which is hardly meant.
bool Analyser::whole_day_equality(const ast::Expr& expr, RowId a) {
  bool equality = expr.kind == ast::ExprKind::kEqual || expr.kind == ast::ExprKind::kNotEqual;
  if (!equality || bare(*expr.b).kind != ast::ExprKind::kLiteral) return false;
  if (bare(*expr.b).literal->kind != ast::LiteralKind::kDate || model_.row(a).type.kind != ValueKind::kTimestamp)
    return false;
  const Row& field = model_.row(a);
  if (field.kind == RowKind::kField) {
    const ModelSource& source = field.table >= 0 ? model_.tables[static_cast<size_t>(field.table)]
                                                 : model_.streams[static_cast<size_t>(field.stream)];
    if (source.fields[static_cast<size_t>(field.field)].date_only) return false;
  }
  std::string name = words(*expr.a);
  std::string_view day = bare(*expr.b).literal->text;
  error(Code::day_equality, expr.span, fmt::format("`{}` is a moment, and {} is a whole day", name, day),
        fmt::format("write the day's two ends: `{} >= {}` and `{} < ` the day after", name, day, name));
  return true;
}

std::optional<RowId> Analyser::row_comparison(const ast::Expr& expr, const RowScope& scope) {
  std::optional<RowId> a = row(*expr.a, scope);
  std::optional<RowId> b = row(*expr.b, scope);
  if (!a || !b) return std::nullopt;
  Type left = model_.row(*a).type, right = model_.row(*b).type;
  a = fitted(*a, right, *expr.a);
  b = fitted(*b, left, *expr.b);
  if (!a || !b) return std::nullopt;
  bool ordered = expr.kind != ast::ExprKind::kEqual && expr.kind != ast::ExprKind::kNotEqual;
  Operand x{model_.row(*a).type, model_.row(*a).kind == RowKind::kConst};
  Operand y{model_.row(*b).type, model_.row(*b).kind == RowKind::kConst};
  TypeProblem wrong = comparison(ordered, x, y, model_.units);
  if (!wrong.message.empty()) {
    label_types(error(wrong.code, expr.op, wrong.message, wrong.help), *expr.a, left, *expr.b, right);
    return std::nullopt;
  }
  if (whole_day_equality(expr, *a)) return std::nullopt;
  if (*a == *b && !x.constant) warn_same_sides(expr, "the same for every row that has a value");
  return build_.binary(comparison_kind(expr.kind), boolean_type(), *a, *b);
}

std::optional<RowId> Analyser::row_in(const ast::Expr& expr, const RowScope& scope) {
  std::optional<RowId> a = row(*expr.a, scope);
  bool sound = a.has_value();
  Row node;
  node.kind = RowKind::kIn;
  node.type = boolean_type();
  for (const ast::Expr* item : expr.items) {
    std::optional<RowId> value = row(*item, scope);
    if (!value || !a) {
      sound = false;
      continue;
    }
    if (model_.row(*value).kind != RowKind::kConst) {
      error(Code::not_a_constant, item->span, "the values after `in` are written out",
            "compare fields with == and `or`");
      sound = false;
      continue;
    }
    Type subject = model_.row(*a).type, type = model_.row(*value).type;
    value = fitted(*value, subject, *item);
    if (!value) {
      sound = false;
      continue;
    }
    TypeProblem wrong = comparison(false, {subject, false}, {model_.row(*value).type, true}, model_.units);
    if (!wrong.message.empty()) {
      label_types(error(wrong.code, item->span, wrong.message, wrong.help), *expr.a, subject, *item, type);
      sound = false;
      continue;
    }
    if (std::find(node.items.begin(), node.items.end(), *value) == node.items.end()) node.items.push_back(*value);
  }
  if (!sound) return std::nullopt;
  node.a = *a;
  node.stream = model_.row(*a).stream;
  bool optional = model_.row(*a).type.optional;
  RowId in = build_.row(std::move(node));
  if (!expr.negated) return in;
  // Like !=, `not in` is false where the value is missing.
  RowId outside = build_.negation(in);
  return optional ? build_.both(outside, build_.negation(build_.unary(RowKind::kIsNull, boolean_type(), *a))) : outside;
}

std::optional<RowId> Analyser::row_null(const ast::Expr& expr, const RowScope& scope) {
  std::optional<RowId> a = row(*expr.a, scope);
  if (!a) return std::nullopt;
  // What is never missing is decided here: `is null` is false of it.
  if (!model_.row(*a).type.optional) warn_never_null(expr);
  RowId null = model_.row(*a).type.optional ? build_.unary(RowKind::kIsNull, boolean_type(), *a) : build_.truth(false);
  return expr.negated ? build_.negation(null) : null;
}

namespace {

void optional_fields(const Model& model, RowId id, std::set<RowId>& seen, std::vector<RowId>& into) {
  if (!id.valid() || !seen.insert(id).second) return;
  const Row& row = model.row(id);
  if (row.kind == RowKind::kCoalesce && !row.type.optional) return;
  if (row.kind == RowKind::kField && row.type.optional) into.push_back(id);
  if (row.kind == RowKind::kAttribute) {
    const ModelField& field = model.tables[static_cast<size_t>(row.table)].fields[static_cast<size_t>(row.attribute)];
    if (field.type.optional) into.push_back(id);
  }
  for (RowId child : {row.a, row.b, row.c}) optional_fields(model, child, seen, into);
}

void optional_fields(const Model& model, RowId id, std::vector<RowId>& into) {
  std::set<RowId> seen;
  optional_fields(model, id, seen, into);
}

}  // namespace

/// Fields below a condition that may be missing, and those that it asks about.
void Analyser::missing_fields(RowId condition, std::vector<RowId>& fields, std::vector<RowId>& asked) const {
  for (RowId part : build_.conjuncts(condition)) {
    for (RowId one : build_.disjuncts(part)) {
      const Row& row = model_.row(one);
      const Row& inner = row.kind == RowKind::kNot ? model_.row(row.a) : row;
      optional_fields(model_, one, inner.kind == RowKind::kIsNull ? asked : fields);
    }
  }
}

/// Below a condition: where a field that may be missing is compared so that a row without it is easily overlooked, and
/// the fields that the condition asks about with `is null`. `outer` is the `not` around it, if any.
void Analyser::collect_missing(const ast::Expr& expr, const ast::Expr* outer, MissingFields& found) const {
  auto fields_of = [&](const ast::Expr& part, std::vector<RowId>& into) {
    if (auto row = rows_of_.find(&part); row != rows_of_.end()) optional_fields(model_, row->second, into);
  };
  bool negated = outer != nullptr;
  switch (expr.kind) {
    case ast::ExprKind::kParen:
      return collect_missing(*expr.a, outer, found);
    case ast::ExprKind::kNot:
      return collect_missing(*expr.a, negated ? nullptr : &expr, found);
    case ast::ExprKind::kAnd:
    case ast::ExprKind::kOr:
      collect_missing(*expr.a, outer, found);
      return collect_missing(*expr.b, outer, found);
    case ast::ExprKind::kIsNull:
      return fields_of(*expr.a, found.asked);
    case ast::ExprKind::kNotEqual:
    case ast::ExprKind::kEqual:
    case ast::ExprKind::kLess:
    case ast::ExprKind::kLessEqual:
    case ast::ExprKind::kGreater:
    case ast::ExprKind::kGreaterEqual:
    case ast::ExprKind::kIn: {
      bool unequal = expr.kind == ast::ExprKind::kNotEqual || (expr.kind == ast::ExprKind::kIn && expr.negated);
      if (!negated && !unequal) return;
      std::vector<RowId> fields;
      for (const ast::Expr* side : {expr.a, expr.b}) {
        if (side != nullptr) fields_of(*side, fields);
      }
      for (RowId field : fields) found.negated.push_back({field, negated ? outer->span : expr.span, negated});
      return;
    }
    case ast::ExprKind::kLiteral:
    case ast::ExprKind::kName:
    case ast::ExprKind::kMember:
    case ast::ExprKind::kCall:
    case ast::ExprKind::kSegment:
    case ast::ExprKind::kOver:
    case ast::ExprKind::kAt:
    case ast::ExprKind::kPer:
    case ast::ExprKind::kNegate:
    case ast::ExprKind::kMultiply:
    case ast::ExprKind::kDivide:
    case ast::ExprKind::kAdd:
    case ast::ExprKind::kSubtract:
    case ast::ExprKind::kWithin:
    case ast::ExprKind::kReached:
    case ast::ExprKind::kWhere:
    case ast::ExprKind::kWith:
    case ast::ExprKind::kIf:
      return;
  }
}

/// Each field once, where it first stands.
void Analyser::warn_missing(const ast::Expr& expr) {
  MissingFields found;
  collect_missing(expr, nullptr, found);
  for (const MissingFields::Negated& one : found.negated) {
    if (std::find(found.asked.begin(), found.asked.end(), one.field) != found.asked.end()) continue;
    found.asked.push_back(one.field);
    std::string name = row_text(model_, one.field);
    Diagnostic& report = error(Code::negated_missing, one.span,
                               fmt::format("`{}` may be missing, and a row without it {} this condition", name,
                                           one.passes ? "passes" : "does not pass"),
                               fmt::format("say what is meant: `{} is null` or `{} is not null`", name, name));
    report.severity = Severity::kWarning;
  }
}

}  // namespace alidade
