// Row expressions: names, literals and arithmetic over one row of a stream or table.
#include <fmt/format.h>

#include "compiler/sema/analyser.h"

namespace alidade {

const ModelSource& Analyser::source_of(const RowScope& scope) const {
  return scope.table >= 0 ? model_.tables[static_cast<size_t>(scope.table)]
                          : model_.streams[static_cast<size_t>(scope.stream)];
}

RowId Analyser::field_row(const RowScope& scope, int field) {
  Row row;
  row.kind = RowKind::kField;
  row.type = source_of(scope).fields[static_cast<size_t>(field)].type;
  row.stream = scope.table >= 0 ? -1 : scope.stream;
  row.table = scope.table;
  row.field = field;
  return in_type_unit(source_of(scope).fields[static_cast<size_t>(field)], build_.row(std::move(row)));
}

std::optional<RowId> Analyser::row(const ast::Expr& expr, const RowScope& scope) {
  Nesting nesting(*this, expr.span);
  if (nesting.too_deep) return std::nullopt;
  std::optional<RowId> made = row_of_kind(expr, scope);
  if (made) rows_of_[&expr] = *made;
  return made;
}

std::optional<RowId> Analyser::row_of_kind(const ast::Expr& expr, const RowScope& scope) {
  switch (expr.kind) {
    case ast::ExprKind::kLiteral:
      return row_literal(*expr.literal);
    case ast::ExprKind::kName:
      return row_name(expr.name, scope);
    case ast::ExprKind::kParen:
      return row(*expr.a, scope);
    case ast::ExprKind::kMember:
      return row_member(expr, scope);
    case ast::ExprKind::kNegate:
    case ast::ExprKind::kMultiply:
    case ast::ExprKind::kDivide:
    case ast::ExprKind::kAdd:
    case ast::ExprKind::kSubtract:
      return row_arithmetic(expr, scope);
    case ast::ExprKind::kEqual:
    case ast::ExprKind::kNotEqual:
    case ast::ExprKind::kLess:
    case ast::ExprKind::kLessEqual:
    case ast::ExprKind::kGreater:
    case ast::ExprKind::kGreaterEqual:
      return row_comparison(expr, scope);
    case ast::ExprKind::kIn:
      return row_in(expr, scope);
    case ast::ExprKind::kIsNull:
      return row_null(expr, scope);
    case ast::ExprKind::kNot:
    case ast::ExprKind::kAnd:
    case ast::ExprKind::kOr:
      return row_logic(expr, scope);
    case ast::ExprKind::kIf:
      return row_if(expr, scope);
    case ast::ExprKind::kCall:
      if (expr.a->kind == ast::ExprKind::kName) {
        if (std::optional<Operation> operation = operation_of(expr.a->name.name.text()))
          return row_operation(expr, *operation, scope);
      }
      if (expr.a->kind == ast::ExprKind::kName && folds_rows(expr.a->name.name.text())) {
        error(Code::value_in_row, expr.span,
              fmt::format("`{}` folds many rows, and this is about one row", words(expr)),
              "compare the rows' own fields here; compare values in a metric");
        return std::nullopt;
      }
      call(expr);  // later and unknown functions
      return std::nullopt;
    case ast::ExprKind::kReached:
      later(expr.op, "`reached`");
      return std::nullopt;
    case ast::ExprKind::kWith:
      later(expr.op, "`with`");
      return std::nullopt;
    case ast::ExprKind::kWithin:
      later(expr.op, "`within … after`");
      return std::nullopt;
    case ast::ExprKind::kSegment:
    case ast::ExprKind::kOver:
    case ast::ExprKind::kAt:
    case ast::ExprKind::kPer:
    case ast::ExprKind::kWhere:
      error(Code::value_in_row, expr.op, fmt::format("`{}` is about many rows, and this is about one row", words(expr)),
            "a window, `per`, `at` and `where` stand outside of what is computed for each row");
      return std::nullopt;
  }
  return std::nullopt;
}

std::optional<RowId> Analyser::row_literal(const ast::Literal& literal) {
  std::optional<Constant> value = constant(literal);
  if (!value) return std::nullopt;
  Row row;
  row.type = value->type;
  row.exact = value->exact;
  row.truth = value->truth;
  row.text = value->text;
  return build_.row(std::move(row));
}

std::optional<RowId> Analyser::row_name(const ast::Ident& name, const RowScope& scope) {
  int field = field_index(source_of(scope), name.name.text());
  if (field >= 0 && scope.bare) return field_row(scope, field);
  Symbol* symbol = find(name.name);
  if (symbol != nullptr && symbol->kind == SymbolKind::kSegment && scope.stream >= 0) {
    if (!resolve(*symbol)) return std::nullopt;
    return segment_rows(symbol->index, scope.stream, name.span);
  }
  if (symbol != nullptr && (wrong_use(*symbol, name) || !resolve(*symbol))) return std::nullopt;
  if (field >= 0) {
    error(Code::field_without_event, name.span, fmt::format("`{}` needs to say whose it is", name.name.text()),
          "write the event before it, as in `purchase.amount`");
    return std::nullopt;
  }
  if (symbol != nullptr) {
    error(Code::wrong_kind_of_name, name.span, fmt::format("`{}` is no field of a row", name.name.text()),
          "a condition is about fields and segments");
    return std::nullopt;
  }
  unknown_field(name, scope);
  return std::nullopt;
}

void Analyser::unknown_field(const ast::Ident& name, const RowScope& scope) {
  const ModelSource& source = source_of(scope);
  std::vector<std::string_view> candidates;
  for (const ModelField& field : source.fields) candidates.push_back(field.name);
  std::string help;
  if (scope.stream >= 0) {
    StreamDimension attribute = dimension_in(model_, scope.stream, std::string(name.name.text()));
    if (attribute.found && attribute.row.kind == RowKind::kAttribute) {
      help =
          fmt::format("write `{}.{}`", source.fields[static_cast<size_t>(attribute.row.field)].name, name.name.text());
    }
  }
  unknown(Code::unknown_field, name, fmt::format("{} has no field `{}`", source_words(source), name.name.text()),
          candidates, help);
}

std::optional<RowId> Analyser::attribute_row(int stream, int entity, const ast::Ident& name) {
  const ModelSource& source = model_.streams[static_cast<size_t>(stream)];
  const std::string& key = source.fields[static_cast<size_t>(entity)].name;
  StreamDimension found = dimension_in(model_, stream, key + "." + std::string(name.name.text()));
  if (found.ambiguous) {
    error(Code::ambiguous_attribute, name.span,
          fmt::format("several tables of `{}` have a field `{}`", key, name.name.text()), "rename one of them");
    return std::nullopt;
  }
  if (found.found) {
    const ModelField& field =
        model_.tables[static_cast<size_t>(found.row.table)].fields[static_cast<size_t>(found.row.attribute)];
    return in_type_unit(field, build_.row(found.row));
  }
  if (attributes_broken(key)) return std::nullopt;
  std::vector<std::string_view> candidates;
  bool any_table = false;
  for (size_t t = 0; t < model_.tables.size(); ++t) {
    if (entity_for_table(model_, stream, static_cast<int>(t)) != entity) continue;
    any_table = true;
    for (const ModelField& field : model_.tables[t].fields) candidates.push_back(field.name);
  }
  if (!any_table && !broken_tables_.empty()) return std::nullopt;  // where the key is wrong, any may have been meant
  unknown(Code::unknown_attribute, name,
          any_table ? fmt::format("no table of `{}` has a field `{}`", key, name.name.text())
                    : fmt::format("`{}` has no attributes: there is no table with the key `{}`", key, key),
          candidates, any_table ? "" : fmt::format("declare one: `table {} key {} {{ … }}`", plural(key), key));
  return std::nullopt;
}

/// user.channel, purchase.amount, purchase.user.channel, (app where …).amount.
std::optional<RowId> Analyser::row_member(const ast::Expr& expr, const RowScope& scope) {
  std::vector<const ast::Ident*> members;
  const ast::Expr* root = &expr;
  while (root->kind == ast::ExprKind::kMember) {
    members.insert(members.begin(), &root->name);
    root = root->a;
  }
  int entity = -1;
  size_t next = 0;
  bool local =
      root->kind == ast::ExprKind::kName && scope.bare && field_index(source_of(scope), root->name.name.text()) >= 0;
  if (local) {
    entity = field_index(source_of(scope), root->name.name.text());
  } else {
    if (root->kind == ast::ExprKind::kName && find(root->name.name) == nullptr) {
      unknown_field(root->name, scope);
      return std::nullopt;
    }
    bool own_table = scope.table >= 0 && root->kind == ast::ExprKind::kName &&
                     find(root->name.name)->kind == SymbolKind::kTable && find(root->name.name)->index == scope.table;
    if (!own_table) {
      std::optional<RowSet> rows = event(*root);
      if (!rows) return std::nullopt;
      bool own =
          rows->stream == scope.stream && (build_.is_truth(rows->condition, true) || rows->condition == scope.base);
      if (!own) {
        error(Code::several_events, root->span,
              fmt::format("`{}` is not the rows that this condition is about", words(*root)),
              "write the field alone: it is that of the row in question");
        return std::nullopt;
      }
    }
    entity = field_index(source_of(scope), members[0]->name.text());
    if (entity < 0) {
      unknown_field(*members[0], scope);
      return std::nullopt;
    }
    next = 1;
  }
  if (next == members.size()) return field_row(scope, entity);
  const ModelSource& source = source_of(scope);
  bool is_entity =
      scope.stream >= 0 && std::find(source.entities.begin(), source.entities.end(), entity) != source.entities.end();
  if (!is_entity || members.size() > next + 1) {
    error(Code::unknown_attribute, members[is_entity ? next + 1 : next]->span,
          fmt::format("`{}` is no entity, so it has no attributes",
                      is_entity ? members[next]->name.text() : source.fields[static_cast<size_t>(entity)].name));
    return std::nullopt;
  }
  return attribute_row(scope.stream, entity, *members[next]);
}

std::optional<RowId> Analyser::row_arithmetic(const ast::Expr& expr, const RowScope& scope) {
  std::optional<RowId> a = row(*expr.a, scope);
  if (expr.kind == ast::ExprKind::kNegate) {
    if (!a) return std::nullopt;
    Type type = model_.row(*a).type;
    if (!is_numeric(type.kind)) {
      error(Code::not_a_number, expr.a->span, fmt::format("a minus sign needs a number, and this is {}", show(type)));
      return std::nullopt;
    }
    if (type.exact && type.bits < 128) ++type.bits;
    return build_.unary(RowKind::kNegate, type, *a);
  }
  std::optional<RowId> b = row(*expr.b, scope);
  if (!a || !b) return std::nullopt;
  auto constant = [&](RowId id) { return model_.row(id).kind == RowKind::kConst; };
  auto is_float = [&](RowId id) { return representation(model_.row(id).type) == Representation::kFloat; };
  auto is_exact = [&](RowId id) { return representation(model_.row(id).type) == Representation::kExact; };
  if (constant(*a) && is_exact(*a) && is_float(*b)) a = build_.as_float(*a);
  if (constant(*b) && is_exact(*b) && is_float(*a)) b = build_.as_float(*b);
  ArithmeticOp op = expr.kind == ast::ExprKind::kAdd        ? ArithmeticOp::kAdd
                    : expr.kind == ast::ExprKind::kSubtract ? ArithmeticOp::kSubtract
                    : expr.kind == ast::ExprKind::kMultiply ? ArithmeticOp::kMultiply
                                                            : ArithmeticOp::kDivide;
  constexpr RowKind kKinds[] = {RowKind::kAdd, RowKind::kSubtract, RowKind::kMultiply, RowKind::kDivide};
  Type left = model_.row(*a).type, right = model_.row(*b).type;
  std::variant<Type, TypeProblem> type = arithmetic(op, {left, constant(*a)}, {right, constant(*b)}, model_.units);
  if (const TypeProblem* wrong = std::get_if<TypeProblem>(&type)) {
    label_types(error(wrong->code, expr.op, wrong->message, wrong->help), *expr.a, left, *expr.b, right);
    return std::nullopt;
  }
  warn_two_currencies(expr, left, right, std::get<Type>(type));
  return build_.binary(kKinds[static_cast<size_t>(op)], std::get<Type>(type), *a, *b);
}

std::optional<RowId> Analyser::row_if(const ast::Expr& expr, const RowScope& scope) {
  std::optional<RowId> test = condition(*expr.a, scope);
  std::optional<RowId> a = row(*expr.b, scope);
  std::optional<RowId> b = row(*expr.c, scope);
  if (!test || !a || !b) return std::nullopt;
  Type left = model_.row(*a).type, right = model_.row(*b).type;
  std::variant<Type, TypeProblem> type = branches({left, model_.row(*a).kind == RowKind::kConst},
                                                  {right, model_.row(*b).kind == RowKind::kConst}, model_.units);
  if (const TypeProblem* wrong = std::get_if<TypeProblem>(&type)) {
    label_types(error(wrong->code, expr.span, wrong->message, wrong->help), *expr.b, left, *expr.c, right);
    return std::nullopt;
  }
  Type result = std::get<Type>(type);
  auto widened = [&](RowId id) {
    bool constant_side = model_.row(id).kind == RowKind::kConst && model_.row(id).type.exact;
    return constant_side && representation(result) == Representation::kFloat ? build_.as_float(id) : id;
  };
  Row node;
  node.kind = RowKind::kIf;
  node.type = result;
  node.a = *test;
  node.b = widened(*a);
  node.c = widened(*b);
  node.stream = std::max({model_.row(node.a).stream, model_.row(node.b).stream, model_.row(node.c).stream});
  return build_.row(std::move(node));
}

}  // namespace alidade
