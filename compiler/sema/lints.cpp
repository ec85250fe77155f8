// What is legal, can be seen from the spec alone, and is hardly ever meant. Each lint speaks of what is written in the
// file that is checked: what a module or a definition makes of its arguments is theirs.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "compiler/sema/analyser.h"

namespace alidade {
namespace {

bool mentions(const Model& model, RowId id, bool (*wanted)(RowKind), std::set<RowId>& seen) {
  if (!id.valid() || !seen.insert(id).second) return false;
  const Row& row = model.row(id);
  return wanted(row.kind) || mentions(model, row.a, wanted, seen) || mentions(model, row.b, wanted, seen) ||
         mentions(model, row.c, wanted, seen);
}

bool mentions(const Model& model, RowId id, bool (*wanted)(RowKind)) {
  std::set<RowId> seen;
  return mentions(model, id, wanted, seen);
}

bool is_of_entity(RowKind kind) {
  return kind == RowKind::kIsFirst || kind == RowKind::kIsLast || kind == RowKind::kAttribute ||
         kind == RowKind::kMember;
}

/// Whether a word ends with another, as "active_users" does with "users".
bool names(std::string_view word, const std::string& what) {
  if (!word.ends_with(what)) return false;
  word.remove_suffix(what.size());
  return word.empty() || (word.ends_with('_') && !word.starts_with("new_") && !word.starts_with("first_"));
}

bool may_bring_names(const ast::File& file) {
  return std::any_of(file.decls.begin(), file.decls.end(), [](const ast::Decl& decl) {
    return decl.kind == ast::DeclKind::kMetric || decl.kind == ast::DeclKind::kUnit ||
           decl.kind == ast::DeclKind::kTable || decl.kind == ast::DeclKind::kCalendar ||
           decl.kind == ast::DeclKind::kImport;
  });
}

}  // namespace

bool Analyser::own(Span span) const { return module_ == 0 && !in_test_ && expansion_at(span) == nullptr; }

/// Two metrics of one value, where the second does not say that it is the first.
void Analyser::warn_same_metrics() {
  if (sink_.has_errors()) return;  // what was not understood may tell them apart
  using Meant = std::tuple<int, bool, Grain, std::vector<std::string>, int>;
  std::map<Meant, const Symbol*> known;
  module_ = 0;
  for (const Symbol& symbol : symbols_) {
    if (symbol.kind != SymbolKind::kMetric || symbol.module != 0 || symbol.state != SymbolState::kDone) continue;
    const ast::Expr& formula = *symbol.decl->metric->value;
    if (bare(formula).kind == ast::ExprKind::kName) continue;
    const ModelMetric& metric = model_.metrics[static_cast<size_t>(symbol.index)];
    const auto [at, is_new] =
        known.try_emplace({metric.value.index, metric.fixed_grain, metric.grain, metric.by, metric.top}, &symbol);
    if (is_new) continue;
    const std::string_view first = at->second->decl->name.name.text();
    Diagnostic& report = error(
        Code::same_metric, symbol.decl->name.span, fmt::format("`{}` is the same as `{}`", metric.name, first),
        fmt::format("leave one of them out, or say that it is another name: `metric {} = {}`", metric.name, first));
    report.labels.push_back({at->second->decl->name.span, "computed here already"});
    if (metric.by.empty()) report.fixes.push_back({formula.span, std::string(first), false});
  }
}

/// A module that brings nothing unless something of it is named: no metrics to report, no units, no attributes.
void Analyser::warn_unused_imports() {
  if (sink_.has_errors()) return;  // what was not understood may use it
  module_ = 0;
  for (const Symbol& symbol : symbols_) {
    if (symbol.kind != SymbolKind::kModule || symbol.module != 0 || symbol.index < 0 || symbol.used) continue;
    if (may_bring_names(file_in(symbol.index))) continue;
    error(Code::unused_import, symbol.decl->path.span,
          fmt::format("nothing here uses the module `{}`", symbol.decl->name.name.text()), "leave the import out");
  }
}

/// `added` is part of `condition`: what it asks for beside the rest.
void Analyser::warn_never(RowId condition, RowId added, const ast::Expr& at) {
  constexpr size_t kMost = 24;
  constexpr int kDeepest = 16;  // proofs go into every branch
  if (!own(at.span) || build_.depth(condition) > kDeepest) return;
  const std::vector<RowId> all = build_.conjuncts(condition), parts = build_.conjuncts(added);
  if (all.size() > kMost) return;
  for (RowId part : parts) {
    const auto other = std::find_if(all.begin(), all.end(), [&](RowId one) { return build_.excludes(part, one); });
    if (other != all.end()) {
      error(Code::never_true, at.span,
            fmt::format("no row passes this: `{}` and `{}` exclude each other", row_text(model_, *other),
                        row_text(model_, part)),
            "join them with `or`, or leave one of them out");
      return;
    }
    if (!build_.always(part)) continue;
    error(Code::always_true, at.span, fmt::format("every row passes `{}`", row_text(model_, part)),
          "leave it out, or correct its values");
    return;
  }
}

/// An operator with one and the same thing on both sides.
void Analyser::warn_same_sides(const ast::Expr& expr, std::string_view result) {
  if (!own(expr.span)) return;
  error(Code::same_sides, expr.op, fmt::format("both sides are the same, so this is {}", result),
        "name what is to be compared on one of them");
}

/// Distinct counts of one field: whoever is in both is counted twice. What an entity's table says of it, and its first
/// or last row, can keep the counts apart.
void Analyser::warn_added_distinct(const ast::Expr& expr, ValueId a, ValueId b) {
  const Value &left = model_.value(a), &right = model_.value(b);
  if (!own(expr.span)) return;
  if (left.kind == ValueKindTag::kAdd) return warn_added_distinct(expr, left.b, b);
  for (const Value* value : {&left, &right}) {
    const bool distinct = value->kind == ValueKindTag::kAggregate && value->aggregate == Aggregate::kUnique;
    if (!distinct || mentions(model_, value->condition, is_of_entity)) return;
  }
  const bool one_stream = left.stream == right.stream;
  if (left.type.unit != right.type.unit || (one_stream && left.input != right.input)) return;
  if (one_stream && left.condition == right.condition) return;
  const std::string what = model_.units.display(left.type.unit);
  error(Code::added_distinct, expr.op, fmt::format("{} that are in both counts are counted twice", what),
        one_stream ? "count them in the union of both: `unique((a or b).user)`"
                   : "say what is meant: count the rows of each, or divide one count by the other");
}

/// "users" or "active_users" for the number of a stream's rows. Of an event that may be once for each, such as
/// `count(opened)` for tickets, nothing is said.
void Analyser::warn_rows_named(const ast::Decl& decl, const ModelMetric& metric) {
  const Value& value = model_.value(metric.value);
  const bool rows = value.kind == ValueKindTag::kAggregate && value.aggregate == Aggregate::kCount;
  if (!rows || value.condition.valid() || !own(decl.metric->value->span)) return;
  const ModelSource& stream = model_.streams[static_cast<size_t>(value.stream)];
  if (stream.table >= 0) return;
  const ast::Expr& formula = bare(*decl.metric->value);
  for (int entity : stream.entities) {
    const std::string& name = stream.fields[static_cast<size_t>(entity)].name;
    if (!names(metric.name, name + "s")) continue;
    Diagnostic& report =
        error(Code::rows_as_entities, formula.span,
              fmt::format("`{}` counts rows: one {} with two of them counts twice", metric.name, name), "");
    const bool plain =
        formula.kind == ast::ExprKind::kCall && bare(*formula.args[0].value).kind == ast::ExprKind::kName;
    const std::string event = plain ? words(*formula.args[0].value) : stream.name;
    report.help = fmt::format("count {} with `unique({}.{})`", plural(name), event, name);
    if (plain) report.fixes.push_back({formula.span, fmt::format("unique({}.{})", event, name), false});
    return;
  }
}

/// Fields of a segment that may be missing: rows without them pass its negation.
void Analyser::warn_missing_outside(int node, const ast::Expr& expr) {
  const SegmentNode& segment = segments_[static_cast<size_t>(node)];
  if (!segment.condition.valid() || !own(expr.span)) return;
  std::vector<RowId> fields, asked;
  missing_fields(segment.condition, fields, asked);
  for (RowId field : fields) {
    if (std::find(asked.begin(), asked.end(), field) != asked.end()) continue;
    const std::string name = row_text(model_, field);
    error(Code::negated_missing, expr.span,
          fmt::format("`{}` may be missing, and a row without it passes this condition", name),
          fmt::format("say in the segment what is meant: `{} is null` or `{} is not null`", name, name))
        .severity = Severity::kWarning;
    return;
  }
}

}  // namespace alidade
