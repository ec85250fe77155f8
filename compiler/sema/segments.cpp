// Segments: conditions that are resolved in each stream they are used in, and a value restricted to a segment.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "compiler/sema/analyser.h"

namespace alidade {
namespace {

/// Whether a condition over a table can only hold for a key that is in it.
bool needs_member(const Model& model, RowId id) {
  const Row& row = model.row(id);
  switch (row.kind) {
    case RowKind::kEqual:
    case RowKind::kNotEqual:
    case RowKind::kLess:
    case RowKind::kLessEqual:
    case RowKind::kGreater:
    case RowKind::kGreaterEqual:
    case RowKind::kIn:
      return true;
    case RowKind::kAnd:
      return needs_member(model, row.a) || needs_member(model, row.b);
    case RowKind::kOr:
      return needs_member(model, row.a) && needs_member(model, row.b);
    case RowKind::kConst:
    case RowKind::kField:
    case RowKind::kAttribute:
    case RowKind::kMember:
    case RowKind::kRate:
    case RowKind::kNegate:
    case RowKind::kAdd:
    case RowKind::kSubtract:
    case RowKind::kMultiply:
    case RowKind::kDivide:
    case RowKind::kNot:
    case RowKind::kIsNull:
    case RowKind::kIf:
    case RowKind::kIsFirst:
    case RowKind::kIsLast:
    case RowKind::kGreatest:
    case RowKind::kLeast:
    case RowKind::kRound:
    case RowKind::kCoalesce:
      return false;
  }
  return false;
}

constexpr size_t kMaxRestrictedParts = 10'000;  ///< of one formula that `[…]` restricts

bool same_meaning(const Type& a, const Type& b) {
  return a.kind == b.kind && a.scale == b.scale && a.unit == b.unit && a.one_of == b.one_of;
}

}  // namespace

int Analyser::segment_node(SegmentNode node) {
  for (int part : {node.a, node.b}) {
    if (part >= 0) node.depth = std::max(node.depth, segment_depth(part) + 1);
  }
  segments_.push_back(node);
  return static_cast<int>(segments_.size()) - 1;
}

int Analyser::segment_depth(int index) const {
  const SegmentNode& node = segments_[static_cast<size_t>(index)];
  return node.depth + (node.condition.valid() ? build_.depth(node.condition) : 0);
}

std::optional<int> Analyser::segment(const ast::Expr& expr) {
  Nesting nesting(*this, expr.span);
  if (nesting.too_deep) return std::nullopt;
  switch (expr.kind) {
    case ast::ExprKind::kParen:
      return segment(*expr.a);
    case ast::ExprKind::kName:
      return segment_name(expr.name);
    case ast::ExprKind::kWhere:
      return segment_where(expr);
    case ast::ExprKind::kAnd:
    case ast::ExprKind::kOr: {
      std::optional<int> a = segment(*expr.a);
      std::optional<int> b = segment(*expr.b);
      if (!a || !b) return std::nullopt;
      return segment_node({expr.kind == ast::ExprKind::kAnd ? SegmentKind::kAnd : SegmentKind::kOr, -1, {}, *a, *b});
    }
    case ast::ExprKind::kNot: {
      std::optional<int> a = segment(*expr.a);
      if (!a) return std::nullopt;
      warn_missing_outside(*a, expr);
      return segment_node({SegmentKind::kNot, -1, {}, *a, -1});
    }
    case ast::ExprKind::kWith:
      later(expr.op, "a segment of what an entity did (`with`)");
      return std::nullopt;
    case ast::ExprKind::kReached:
      later(expr.op, "`reached`");
      return std::nullopt;
    case ast::ExprKind::kWithin:
      later(expr.op, "`within … after`");
      return std::nullopt;
    case ast::ExprKind::kLiteral:
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
    case ast::ExprKind::kEqual:
    case ast::ExprKind::kNotEqual:
    case ast::ExprKind::kLess:
    case ast::ExprKind::kLessEqual:
    case ast::ExprKind::kGreater:
    case ast::ExprKind::kGreaterEqual:
    case ast::ExprKind::kIn:
    case ast::ExprKind::kIsNull:
    case ast::ExprKind::kIf:
      break;
  }
  error(Code::not_a_segment, expr.span, fmt::format("`{}` is no segment", words(expr)),
        "a segment is `app where …`, `users where …`, or segments joined by and, or, not");
  return std::nullopt;
}

std::optional<int> Analyser::segment_name(const ast::Ident& name) {
  Symbol* symbol = find(name.name);
  if (symbol == nullptr) {
    unknown(Code::unknown_name, name, fmt::format("there is no segment `{}`", name.name.text()),
            names_of({SymbolKind::kSegment, SymbolKind::kTable}), "");
    return std::nullopt;
  }
  if (wrong_use(*symbol, name)) return std::nullopt;
  if (symbol->kind == SymbolKind::kMetric || symbol->kind == SymbolKind::kStream) {
    error(Code::wrong_kind_of_name, name.span,
          fmt::format("`{}` is a {}, not a segment", name.name.text(),
                      symbol->kind == SymbolKind::kMetric ? "metric" : "stream"),
          "declare one: `segment paying = app where plan != \"free\"`")
        .labels.push_back({symbol->decl->name.span, "declared here"});
    return std::nullopt;
  }
  if (!resolve(*symbol)) return std::nullopt;
  switch (symbol->kind) {
    case SymbolKind::kSegment:
      return symbol->index;
    case SymbolKind::kEvent:
      return segment_node({SegmentKind::kRows, symbol->rows.stream, symbol->rows.condition, -1, -1});
    case SymbolKind::kTable:
      return segment_node({SegmentKind::kTable, symbol->index, build_.truth(true), -1, -1});
    case SymbolKind::kStream:
    case SymbolKind::kMetric:
    case SymbolKind::kDef:
    case SymbolKind::kUnit:
    case SymbolKind::kModule:
    case SymbolKind::kLater:
      break;
  }
  return std::nullopt;
}

std::optional<int> Analyser::segment_where(const ast::Expr& expr) {
  const ast::Expr* source = expr.a;
  while (source->kind == ast::ExprKind::kParen) source = source->a;
  Symbol* symbol = source->kind == ast::ExprKind::kName ? find(source->name.name) : nullptr;
  if (symbol != nullptr && symbol->kind == SymbolKind::kTable) {
    if (!resolve(*symbol)) return std::nullopt;
    std::optional<RowId> test = checked_condition(*expr.b, {.stream = -1, .table = symbol->index, .base = {}});
    if (!test) return std::nullopt;
    return segment_node({SegmentKind::kTable, symbol->index, *test, -1, -1});
  }
  if (symbol == nullptr && source->kind == ast::ExprKind::kName) {
    unknown(Code::unknown_name, source->name,
            fmt::format("there is no stream, event or table `{}`", source->name.name.text()),
            names_of({SymbolKind::kStream, SymbolKind::kEvent, SymbolKind::kTable}), "");
    return std::nullopt;
  }
  std::optional<RowSet> rows = event(expr);
  if (!rows) return std::nullopt;
  return segment_node({SegmentKind::kRows, rows->stream, rows->condition, -1, -1});
}

std::optional<RowId> Analyser::segment_rows(int index, int stream, Span use) {
  if (auto known = rows_of_segments_.find({index, stream}); known != rows_of_segments_.end()) return known->second;
  std::optional<RowId> rows = resolve_segment(SegmentNode(segments_[static_cast<size_t>(index)]), stream, use);
  if (rows) rows_of_segments_.emplace(std::pair(index, stream), *rows);
  return rows;
}

std::optional<RowId> Analyser::resolve_segment(const SegmentNode& node, int stream, Span use) {
  switch (node.kind) {
    case SegmentKind::kNot: {
      std::optional<RowId> a = segment_rows(node.a, stream, use);
      return a ? std::optional<RowId>(build_.negation(*a)) : std::nullopt;
    }
    case SegmentKind::kAnd:
    case SegmentKind::kOr: {
      std::optional<RowId> a = segment_rows(node.a, stream, use);
      std::optional<RowId> b = a ? segment_rows(node.b, stream, use) : std::nullopt;
      if (!a || !b) return std::nullopt;
      return node.kind == SegmentKind::kAnd ? build_.both(*a, *b) : build_.either(*a, *b);
    }
    case SegmentKind::kRows:
    case SegmentKind::kTable:
      break;
  }
  bool table = node.kind == SegmentKind::kTable;
  if (!table && node.source == stream) return node.condition;
  std::string missing;
  Translation translation{table ? -1 : node.source, table ? node.source : -1, stream, &missing, {}};
  std::optional<RowId> test = translate(node.condition, translation);
  int entity = table ? entity_for_table(model_, stream, node.source) : -1;
  if (table && entity < 0) {
    const ModelSource& source = model_.tables[static_cast<size_t>(node.source)];
    missing = fmt::format("no entity `{}`", source.fields[static_cast<size_t>(source.key)].name);
  }
  if (!test || !missing.empty()) {
    error(Code::segment_not_in_stream, use,
          fmt::format("{} has {}, and this segment asks about it",
                      source_words(model_.streams[static_cast<size_t>(stream)]), missing),
          "restrict only what is computed from streams that have it");
    return std::nullopt;
  }
  const bool own_rows = table && model_.streams[static_cast<size_t>(stream)].table == node.source;
  if (!table || own_rows || needs_member(model_, node.condition)) return test;
  Row member;
  member.kind = RowKind::kMember;
  member.type = boolean_type();
  member.stream = stream;
  member.field = entity;
  member.table = node.source;
  return build_.both(build_.row(std::move(member)), *test);
}

/// The same expression over rows of stream `to`: fields by name, a table's fields as attributes.
std::optional<RowId> Analyser::translate(RowId id, Translation& translation) {
  if (auto known = translation.done.find(id); known != translation.done.end()) return known->second;
  std::optional<RowId> result = translate_parts(id, translation);
  translation.done.emplace(id, result);
  return result;
}

std::optional<RowId> Analyser::translate_leaf(Row row, const Translation& translation) {
  const ModelSource& target = model_.streams[static_cast<size_t>(translation.to)];
  row.stream = translation.to;
  if (translation.from_table >= 0 && target.table == translation.from_table) {
    row.table = -1;
    return build_.row(std::move(row));
  }
  if (translation.from_table >= 0) {
    int entity = entity_for_table(model_, translation.to, translation.from_table);
    if (entity < 0) return std::nullopt;
    row.kind = RowKind::kAttribute;
    row.attribute = row.field;
    row.field = entity;
    row.type.optional = true;
    return build_.row(std::move(row));
  }
  const ModelSource& source = model_.streams[static_cast<size_t>(translation.from_stream)];
  const ModelField& field = source.fields[static_cast<size_t>(row.field)];
  int found = field_index(target, field.name);
  bool same_unit = found >= 0 && target.fields[static_cast<size_t>(found)].factor == field.factor &&
                   target.fields[static_cast<size_t>(found)].factor_scale == field.factor_scale;
  bool entity = row.kind == RowKind::kField ||
                std::find(target.entities.begin(), target.entities.end(), found) != target.entities.end();
  if (!same_unit || !entity || !same_meaning(target.fields[static_cast<size_t>(found)].type, field.type)) {
    *translation.missing = fmt::format("no {} `{}` of type {}", row.kind == RowKind::kField ? "field" : "entity",
                                       field.name, show(field.type));
    return std::nullopt;
  }
  row.field = found;
  if (row.kind == RowKind::kField) row.type = target.fields[static_cast<size_t>(found)].type;
  return build_.row(std::move(row));
}

std::optional<RowId> Analyser::translate_parts(RowId id, Translation& translation) {
  Row row = model_.row(id);
  if (row.kind == RowKind::kConst) return id;
  bool leaf = row.kind == RowKind::kField || row.kind == RowKind::kAttribute || row.kind == RowKind::kMember ||
              (row.kind == RowKind::kRate && row.field >= 0);
  if (leaf) return translate_leaf(std::move(row), translation);
  if (row.kind == RowKind::kIsFirst || row.kind == RowKind::kIsLast) {
    *translation.missing =
        fmt::format("no rows of the stream `{}`", model_.streams[static_cast<size_t>(translation.from_stream)].name);
    return std::nullopt;
  }
  row.stream = translation.to;
  if (row.kind == RowKind::kRate) return build_.row(std::move(row));
  for (RowId* child : {&row.a, &row.b, &row.c}) {
    if (!child->valid()) continue;
    std::optional<RowId> moved = translate(*child, translation);
    if (!moved) return std::nullopt;
    *child = *moved;
  }
  if (is_numeric(row.type.kind) || row.type.kind == ValueKind::kTimestamp) {
    bool optional = row.kind == RowKind::kDivide;
    for (RowId child : {row.kind == RowKind::kIf ? RowId() : row.a, row.b, row.c}) {
      optional = optional || (child.valid() && model_.row(child).type.optional);
    }
    if (row.kind == RowKind::kCoalesce) optional = optional && model_.row(row.b).type.optional;
    row.type.optional = optional;
  }
  if (row.kind == RowKind::kAnd) return build_.both(row.a, row.b);
  if (row.kind == RowKind::kOr) return build_.either(row.a, row.b);
  return build_.row(std::move(row));
}

/// Every aggregate below, with the segment's condition in its own stream. `done` holds what formulas share.
std::optional<ValueId> Analyser::restricted(ValueId id, int segment, Span use, std::map<ValueId, ValueId>& done) {
  if (auto known = done.find(id); known != done.end()) return known->second;
  if (done.size() >= kMaxRestrictedParts) {
    error(Code::expansion_too_large, use,
          "with the segments it is restricted to, this formula grows beyond every measure",
          "each `[…]` makes every part of the formula a new one: restrict smaller parts");
    return std::nullopt;
  }
  Value value = model_.value(id);
  if (value.kind == ValueKindTag::kAggregate) {
    std::optional<RowId> test = segment_rows(segment, value.stream, use);
    if (!test) return std::nullopt;
    RowId condition = build_.both(value.condition.valid() ? value.condition : build_.truth(true), *test);
    if (!sound_firsts(condition, use)) return std::nullopt;
    value.condition = build_.is_truth(condition, true) ? RowId() : condition;
    if (value.a.valid()) {
      std::optional<ValueId> unrated = restricted(value.a, segment, use, done);
      if (!unrated) return std::nullopt;
      value.a = *unrated;
    }
    return done[id] = build_.value(std::move(value));
  }
  for (ValueId* child : {&value.a, &value.b, &value.c}) {
    if (!child->valid()) continue;
    std::optional<ValueId> inner = restricted(*child, segment, use, done);
    if (!inner) return std::nullopt;
    *child = *inner;
  }
  return done[id] = build_.value(std::move(value));
}

}  // namespace alidade
