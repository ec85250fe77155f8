// Events: sets of rows of one stream, as a condition.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "compiler/sema/analyser.h"

namespace alidade {

namespace {

bool is_first_or_last(const ast::Expr& expr) {
  if (expr.kind == ast::ExprKind::kParen) return is_first_or_last(*expr.a);
  if (expr.kind != ast::ExprKind::kCall || expr.a->kind != ast::ExprKind::kName) return false;
  const std::string_view word = expr.a->name.name.text();
  return word == "first" || word == "last";
}

bool mentions_first(const Model& model, RowId id, std::set<RowId>& seen) {
  if (!id.valid() || !seen.insert(id).second) return false;
  const Row& row = model.row(id);
  if (row.kind == RowKind::kIsFirst || row.kind == RowKind::kIsLast) return true;
  return mentions_first(model, row.a, seen) || mentions_first(model, row.b, seen) || mentions_first(model, row.c, seen);
}

bool mentions_first(const Model& model, RowId id) {
  std::set<RowId> seen;
  return mentions_first(model, id, seen);
}

}  // namespace

/// A table's rows are there all at once.
bool Analyser::has_order(int stream, Span use) {
  const ModelSource& source = model_.streams[static_cast<size_t>(stream)];
  if (source.table < 0) return true;
  error(Code::no_order, use,
        fmt::format("the rows of {} have no first and no last: they hold at once", source_words(source)),
        "take the smallest or the largest of a field with `min` or `max`");
  return false;
}

/// `first(event) per entity`: the rows of the event, and of them each entity's first.
std::optional<RowSet> Analyser::first_event(const ast::Expr& expr) {
  const ast::Expr* call = expr.a;
  while (call->kind == ast::ExprKind::kParen) call = call->a;
  const std::string_view word = call->a->name.name.text();
  if (!plain_arguments(*call, 1, fmt::format("{}(purchase) per user", word))) return std::nullopt;
  std::optional<RowSet> rows = event(*call->args[0].value);
  if (!rows || !has_order(rows->stream, call->args[0].span)) return std::nullopt;
  if (!sound_firsts(rows->condition, call->args[0].span)) return std::nullopt;
  std::optional<PerKey> key = entity_key(*expr.grain, {rows->stream});
  if (!key) return std::nullopt;
  Row chosen;
  chosen.kind = word == "first" ? RowKind::kIsFirst : RowKind::kIsLast;
  chosen.type = boolean_type();
  chosen.stream = rows->stream;
  chosen.a = rows->condition;
  chosen.b = key->rows[static_cast<size_t>(rows->stream)];
  return RowSet{rows->stream, build_.both(rows->condition, build_.row(std::move(chosen)))};
}

/// Whether a condition asks for an entity's first or last row in one place at most, and not below `or` or `not`. Of
/// several, each is chosen among the one before.
bool Analyser::sound_firsts(RowId condition, Span use) {
  if (!condition.valid()) return true;
  std::vector<RowId> before;
  for (const RowId test : build_.conjuncts(condition)) {
    const Row& row = model_.row(test);
    if (row.kind == RowKind::kIsFirst || row.kind == RowKind::kIsLast) {
      const std::vector<RowId> chosen_by = build_.conjuncts(row.a);
      for (const RowId other : before) {
        if (std::find(chosen_by.begin(), chosen_by.end(), other) != chosen_by.end()) continue;
        later(use, "both of two events of each entity's first or last");
        return false;
      }
      before.push_back(test);
    } else if (mentions_first(model_, test)) {
      later(use, "each entity's first or last event below `or` or `not`");
      return false;
    }
  }
  return true;
}

/// Whether an expression names rows rather than something computed from them.
bool Analyser::is_event(const ast::Expr& expr) {
  switch (expr.kind) {
    case ast::ExprKind::kParen:
      return is_event(*expr.a);
    case ast::ExprKind::kName:
      return true;
    case ast::ExprKind::kOr:
    case ast::ExprKind::kWhere:
      return is_event(*expr.a);
    case ast::ExprKind::kSegment:
      return is_event(*expr.a);
    case ast::ExprKind::kWithin:
    case ast::ExprKind::kWith:
      return true;
    case ast::ExprKind::kLiteral:
    case ast::ExprKind::kMember:
    case ast::ExprKind::kCall:
    case ast::ExprKind::kOver:
    case ast::ExprKind::kAt:
    case ast::ExprKind::kPer:
    case ast::ExprKind::kNegate:
    case ast::ExprKind::kMultiply:
    case ast::ExprKind::kDivide:
    case ast::ExprKind::kAdd:
    case ast::ExprKind::kSubtract:
    case ast::ExprKind::kEqual:
    case ast::ExprKind::kNotEqual:
    case ast::ExprKind::kLess:
    case ast::ExprKind::kLessEqual:
    case ast::ExprKind::kGreater:
    case ast::ExprKind::kGreaterEqual:
    case ast::ExprKind::kIn:
    case ast::ExprKind::kIsNull:
    case ast::ExprKind::kReached:
    case ast::ExprKind::kNot:
    case ast::ExprKind::kAnd:
    case ast::ExprKind::kIf:
      return false;
  }
  return false;
}

std::optional<RowSet> Analyser::event(const ast::Expr& expr) {
  Nesting nesting(*this, expr.span);
  if (nesting.too_deep) return std::nullopt;
  switch (expr.kind) {
    case ast::ExprKind::kName:
      return event_name(expr.name);
    case ast::ExprKind::kParen:
      return event(*expr.a);
    case ast::ExprKind::kOr:
      return event_union(expr);
    case ast::ExprKind::kWhere: {
      std::optional<RowSet> rows = event(*expr.a);
      if (!rows) return std::nullopt;
      std::optional<RowId> test =
          checked_condition(*expr.b, {.stream = rows->stream, .table = -1, .base = rows->condition});
      if (!test) return std::nullopt;
      warn_never(build_.both(rows->condition, *test), *test, *expr.b);
      return RowSet{rows->stream, build_.both(rows->condition, *test)};
    }
    case ast::ExprKind::kSegment: {
      std::optional<RowSet> rows = event(*expr.a);
      std::optional<int> node = segment(*expr.b);
      if (!rows || !node) return std::nullopt;
      std::optional<RowId> test = segment_rows(*node, rows->stream, expr.b->span);
      if (!test) return std::nullopt;
      warn_never(build_.both(rows->condition, *test), *test, *expr.b);
      return RowSet{rows->stream, build_.both(rows->condition, *test)};
    }
    case ast::ExprKind::kPer:
      if (!is_first_or_last(*expr.a)) break;
      return first_event(expr);
    case ast::ExprKind::kCall:
      if (!is_first_or_last(expr)) break;
      error(Code::first_of_whom, expr.span, fmt::format("`{}` does not say whose", words(expr)),
            fmt::format("write `{} per user`: each user's own", words(expr)));
      return std::nullopt;
    case ast::ExprKind::kWithin:
      later(expr.op, "`within … after`");
      return std::nullopt;
    case ast::ExprKind::kWith:
      later(expr.op, "`with`");
      return std::nullopt;
    case ast::ExprKind::kReached:
      later(expr.op, "`reached`");
      return std::nullopt;
    case ast::ExprKind::kLiteral:
    case ast::ExprKind::kMember:
    case ast::ExprKind::kOver:
    case ast::ExprKind::kAt:
    case ast::ExprKind::kNegate:
    case ast::ExprKind::kMultiply:
    case ast::ExprKind::kDivide:
    case ast::ExprKind::kAdd:
    case ast::ExprKind::kSubtract:
    case ast::ExprKind::kEqual:
    case ast::ExprKind::kNotEqual:
    case ast::ExprKind::kLess:
    case ast::ExprKind::kLessEqual:
    case ast::ExprKind::kGreater:
    case ast::ExprKind::kGreaterEqual:
    case ast::ExprKind::kIn:
    case ast::ExprKind::kIsNull:
    case ast::ExprKind::kNot:
    case ast::ExprKind::kAnd:
    case ast::ExprKind::kIf:
      break;
  }
  error(Code::not_an_event, expr.span, fmt::format("`{}` is no set of rows", words(expr)),
        "an event is a stream, `app where …`, or several events joined by `or`");
  return std::nullopt;
}

std::optional<RowSet> Analyser::event_name(const ast::Ident& name) {
  Symbol* symbol = find(name.name);
  if (symbol == nullptr) {
    unknown(Code::unknown_name, name, fmt::format("there is no stream or event `{}`", name.name.text()),
            names_of({SymbolKind::kStream, SymbolKind::kEvent}), event_to_declare(name.name.text()));
    return std::nullopt;
  }
  if (wrong_use(*symbol, name)) return std::nullopt;
  if (symbol->kind == SymbolKind::kSegment || symbol->kind == SymbolKind::kMetric) {
    bool segment = symbol->kind == SymbolKind::kSegment;
    error(Code::wrong_kind_of_name, name.span,
          fmt::format("`{}` is a {}, and rows are needed here", name.name.text(), segment ? "segment" : "metric"),
          segment ? fmt::format("write a stream or an event in it: `app[{}]`", name.name.text()) : "")
        .labels.push_back({symbol->decl->name.span, "declared here"});
    return std::nullopt;
  }
  if (!resolve(*symbol)) return std::nullopt;
  return symbol->rows;
}

std::optional<RowSet> Analyser::event_union(const ast::Expr& expr) {
  std::optional<RowSet> a = event(*expr.a);
  std::optional<RowSet> b = event(*expr.b);
  if (!a || !b) return std::nullopt;
  if (a->stream != b->stream) {
    Diagnostic& report = error(Code::union_of_streams, expr.op, "a union joins events of one stream",
                               "count each stream's events by themselves and add the numbers");
    report.labels.push_back(
        {expr.a->span, fmt::format("of `{}`", model_.streams[static_cast<size_t>(a->stream)].name)});
    report.labels.push_back(
        {expr.b->span, fmt::format("of `{}`", model_.streams[static_cast<size_t>(b->stream)].name)});
    return std::nullopt;
  }
  if (a->condition == b->condition) warn_same_sides(expr, "one of them");
  return RowSet{a->stream, build_.either(a->condition, b->condition)};
}

}  // namespace alidade
