// Aggregates over the rows of an event. Those over the values of a `per` are in collapses.cpp.
#include <fmt/format.h>

#include <algorithm>

#include "compiler/sema/analyser.h"

namespace alidade {
namespace {

/// `word = …` of a call, or nullptr.
const ast::Arg* named_argument(const ast::Expr& call, std::string_view word) {
  for (const ast::Arg& argument : call.args) {
    if (argument.kind == ast::ArgKind::kNamed && argument.name.name.text() == word) return &argument;
  }
  return nullptr;
}

/// What an aggregate can fold.
enum class InputRule : uint8_t { kEvent, kAmount, kOrdered, kKey };

InputRule rule_of(Aggregate aggregate) {
  switch (aggregate) {
    case Aggregate::kCount:
      return InputRule::kEvent;
    case Aggregate::kUnique:
      return InputRule::kKey;
    case Aggregate::kMin:
    case Aggregate::kMax:
    case Aggregate::kFirst:
    case Aggregate::kLast:
      return InputRule::kOrdered;
    case Aggregate::kSum:
    case Aggregate::kMean:
    case Aggregate::kPercentile:
    case Aggregate::kVariance:
    case Aggregate::kStddev:
      return InputRule::kAmount;
  }
  return InputRule::kAmount;
}

bool fits(InputRule rule, ValueKind kind) {
  switch (rule) {
    case InputRule::kEvent:
      return false;
    case InputRule::kAmount:
      return is_numeric(kind);
    case InputRule::kOrdered:
      return is_numeric(kind) || kind == ValueKind::kTimestamp;
    case InputRule::kKey:
      return can_be_dimension(kind) || kind == ValueKind::kTimestamp;
  }
  return false;
}

/// What a node is computed from; not the name of the function that it calls, nor how it is to do so.
std::vector<const ast::Expr*> operands_of(const ast::Expr& expr) {
  std::vector<const ast::Expr*> operands;
  for (const ast::Expr* child : {expr.a, expr.b, expr.c}) {
    if (child != nullptr && expr.kind != ast::ExprKind::kCall) operands.push_back(child);
  }
  for (const ast::Arg& argument : expr.args) {
    if (argument.kind != ast::ArgKind::kNamed) operands.push_back(argument.value);
  }
  return operands;
}

bool has_words(const ast::Expr& expr) {
  if (expr.kind == ast::ExprKind::kName || expr.kind == ast::ExprKind::kMember) return true;
  std::vector<const ast::Expr*> operands = operands_of(expr);
  return std::any_of(operands.begin(), operands.end(), [](const ast::Expr* one) { return has_words(*one); });
}

const ast::Expr* first_name(const ast::Expr& expr) {
  if (expr.kind == ast::ExprKind::kName) return &expr;
  for (const ast::Expr* operand : operands_of(expr)) {
    if (const ast::Expr* found = first_name(*operand)) return found;
  }
  return nullptr;
}

}  // namespace

/// Whether an argument is a formula of values (to be collapsed) rather than of rows.
bool Analyser::is_value_argument(const ast::Expr& expr) {
  switch (expr.kind) {
    case ast::ExprKind::kPer:
    case ast::ExprKind::kOver:
    case ast::ExprKind::kAt:
      return true;
    case ast::ExprKind::kCall:
      if (expr.a->kind != ast::ExprKind::kName || !operation_of(expr.a->name.name.text())) return true;
      break;
    case ast::ExprKind::kName: {
      Symbol* symbol = find(expr.name.name);
      return symbol != nullptr && symbol->kind == SymbolKind::kMetric;
    }
    case ast::ExprKind::kWhere:
    case ast::ExprKind::kSegment:
    case ast::ExprKind::kMember:
      return is_value_argument(*expr.a);
    case ast::ExprKind::kLiteral:
    case ast::ExprKind::kParen:
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
    case ast::ExprKind::kWithin:
    case ast::ExprKind::kReached:
    case ast::ExprKind::kNot:
    case ast::ExprKind::kAnd:
    case ast::ExprKind::kOr:
    case ast::ExprKind::kWith:
    case ast::ExprKind::kIf:
      break;
  }
  std::vector<const ast::Expr*> operands = operands_of(expr);
  return std::any_of(operands.begin(), operands.end(), [&](const ast::Expr* one) { return is_value_argument(*one); });
}

std::optional<Term> Analyser::aggregate_call(const ast::Expr& expr, Aggregate aggregate, std::string_view word) {
  bool explicit_percentage = word == "percentile";
  std::string signature = explicit_percentage              ? "percentile(purchase.amount, 95%)"
                          : aggregate == Aggregate::kCount ? "count(purchase)"
                                                           : fmt::format("{}(purchase.amount)", word);
  if (!plain_arguments(expr, explicit_percentage ? 2 : 1, signature, {"carry", "exact"})) return std::nullopt;
  const ast::Arg *carry = named_argument(expr, "carry"), *exact = named_argument(expr, "exact");
  std::optional<Percentage> percent = Percentage{};
  if (aggregate == Aggregate::kPercentile) percent = percentage(expr, word);
  bool values = is_value_argument(*expr.args[0].value);
  std::optional<Term> term = values ? collapse(expr, aggregate, word, percent.value_or(Percentage{}))
                                    : row_aggregate(expr, aggregate, word, percent.value_or(Percentage{}));
  if (!percent || !term) return std::nullopt;
  if (exact != nullptr) term = summed(expr, *term, *exact);
  if (!term || carry == nullptr) return term;
  if (aggregate != Aggregate::kLast || values) {
    error(Code::nothing_to_carry, carry->span, "only the last value of a field is carried on",
          "write `last(app.seats, carry = 30 days)`");
    return std::nullopt;
  }
  return carried(*term, *carry);
}

std::optional<Type> Analyser::folded_type(Aggregate aggregate, const Type& input, Span at) {
  Type type = input;
  type.optional = false;
  type.bits = 0;
  switch (aggregate) {
    case Aggregate::kCount:
    case Aggregate::kUnique:
      type = {};
      type.kind = ValueKind::kInteger;
      type.exact = true;
      return type;
    case Aggregate::kSum:
    case Aggregate::kMin:
    case Aggregate::kMax:
    case Aggregate::kFirst:
    case Aggregate::kLast:
      return type;
    case Aggregate::kVariance: {
      std::variant<Type, TypeProblem> squared = variance_of(input, model_.units);
      if (const TypeProblem* wrong = std::get_if<TypeProblem>(&squared)) {
        problem(*wrong, at);
        return std::nullopt;
      }
      return std::get<Type>(squared);
    }
    case Aggregate::kMean:
    case Aggregate::kPercentile:
    case Aggregate::kStddev:
      type.exact = false;
      type.scale = 0;
      if (type.kind == ValueKind::kInteger || type.kind == ValueKind::kDecimal) type.kind = ValueKind::kNumber;
      return type;
  }
  return type;
}

// ------------------------------------------------------------------------------------------------ of rows
std::optional<RowArgument> Analyser::row_argument(const ast::Expr& expr) {
  if (expr.kind == ast::ExprKind::kParen) return row_argument(*expr.a);
  if (expr.kind == ast::ExprKind::kWhere || expr.kind == ast::ExprKind::kSegment) {
    std::optional<RowArgument> inner = row_argument(*expr.a);
    if (!inner) return std::nullopt;
    std::optional<RowId> test;
    if (expr.kind == ast::ExprKind::kWhere) {
      test = checked_condition(*expr.b, {.stream = inner->rows.stream, .table = -1, .base = inner->rows.condition});
    } else if (std::optional<int> node = segment(*expr.b)) {
      test = segment_rows(*node, inner->rows.stream, expr.b->span);
    }
    if (!test) return std::nullopt;
    warn_never(build_.both(inner->rows.condition, *test), *test, *expr.b);
    inner->rows.condition = build_.both(inner->rows.condition, *test);
    return inner;
  }
  bool event_name = expr.kind == ast::ExprKind::kName && (find(expr.name.name) != nullptr);
  if (event_name || (expr.kind != ast::ExprKind::kName && is_event(expr))) {
    std::optional<RowSet> rows = event(expr);
    if (!rows) return std::nullopt;
    return RowArgument{*rows, std::nullopt, words(expr)};
  }
  std::vector<RowSet> bases;
  std::vector<const ast::Expr*> places;
  if (!collect_bases(expr, bases, places)) return std::nullopt;
  if (bases.empty()) {
    no_base(expr);
    return std::nullopt;
  }
  for (size_t i = 1; i < bases.size(); ++i) {
    if (bases[i].stream == bases[0].stream && bases[i].condition == bases[0].condition) continue;
    Diagnostic& report = error(Code::several_events, places[i]->span, "an aggregate is over the rows of one event",
                               "compute one aggregate of each event and combine those");
    report.labels.push_back({places[0]->span, "this is another event's"});
    return std::nullopt;
  }
  std::optional<RowId> input =
      row(expr, {.stream = bases[0].stream, .table = -1, .base = bases[0].condition, .bare = false});
  if (!input) return std::nullopt;
  return RowArgument{bases[0], input, words(expr)};
}

/// The events that the paths of a row formula start with. False where one is broken.
bool Analyser::collect_bases(const ast::Expr& expr, std::vector<RowSet>& bases, std::vector<const ast::Expr*>& places) {
  if (expr.kind == ast::ExprKind::kMember) {
    const ast::Expr* root = &expr;
    while (root->kind == ast::ExprKind::kMember) root = root->a;
    const ast::Expr& inner = bare(*root);
    if (inner.kind == ast::ExprKind::kName) {
      Symbol* symbol = find(inner.name.name);
      if (symbol == nullptr) return true;  // reported when nothing else is a base, or by row()
    }
    std::optional<RowSet> rows = event(*root);
    if (!rows) return false;
    bases.push_back(*rows);
    places.push_back(&expr);
    return true;
  }
  for (const ast::Expr* operand : operands_of(expr)) {
    if (!collect_bases(*operand, bases, places)) return false;
  }
  return true;
}

void Analyser::no_base(const ast::Expr& expr) {
  const ast::Expr* name = first_name(expr);
  if (name == nullptr || !has_words(expr)) {
    error(Code::aggregate_of_constant, expr.span, "there is no field in here, so nothing to compute from rows",
          "name a field of an event, as in `sum(purchase.amount)`; `count(purchase)` counts rows");
    return;
  }
  std::string_view word = name->name.name.text();
  for (const ModelSource& stream : model_.streams) {
    if (field_index(stream, word) < 0) continue;
    error(Code::field_without_event, name->span, fmt::format("`{}` needs to say whose it is", word),
          fmt::format("write `{}.{}`, or an event instead of `{}`", stream.name, word, stream.name));
    return;
  }
  const std::string declare = event_to_declare(word);
  if (sources_broken_ && declare.empty()) return;
  unknown(Code::unknown_name, name->name, fmt::format("there is no stream, event or metric `{}`", word),
          names_of({SymbolKind::kStream, SymbolKind::kEvent, SymbolKind::kMetric}), declare);
}

std::optional<Term> Analyser::row_aggregate(const ast::Expr& expr, Aggregate aggregate, std::string_view word,
                                            const Percentage& percentage) {
  const ast::Expr& written = *expr.args[0].value;
  std::optional<RowArgument> argument = row_argument(written);
  if (!argument || !sound_firsts(argument->rows.condition, written.span)) return std::nullopt;
  InputRule rule = rule_of(aggregate);
  const std::string& stream_name = model_.streams[static_cast<size_t>(argument->rows.stream)].name;
  if (rule == InputRule::kEvent && argument->input) {
    error(Code::count_of_field, written.span, "`count` counts rows, and this is a field",
          fmt::format("write `count({})`, `count({} where {} is not null)`, or `unique({})`", stream_name, stream_name,
                      "…", argument->words));
    return std::nullopt;
  }
  if (rule != InputRule::kEvent && !argument->input) {
    Diagnostic& report = error(Code::aggregate_needs_field, written.span,
                               fmt::format("`{}` needs a field of `{}`", word, argument->words),
                               fmt::format("write `{}({}.…)`", word, argument->words));
    if (aggregate == Aggregate::kFirst || aggregate == Aggregate::kLast) {
      report.help +=
          fmt::format("; the rows themselves are an event: `event newest = {}({}) per user`", word, argument->words);
    }
    return std::nullopt;
  }
  Value node;
  node.kind = ValueKindTag::kAggregate;
  node.aggregate = aggregate;
  node.percentage = percentage;
  node.stream = argument->rows.stream;
  if (!build_.is_truth(argument->rows.condition, true)) node.condition = argument->rows.condition;
  const bool ordered = aggregate == Aggregate::kFirst || aggregate == Aggregate::kLast;
  if (ordered && !has_order(node.stream, written.span)) return std::nullopt;
  Type input;
  if (argument->input) {
    node.input = *argument->input;
    const Row& row = model_.row(*argument->input);
    input = row.type;
    bool column = row.kind == RowKind::kField || row.kind == RowKind::kAttribute;
    if (!fits(rule, input.kind) || (rule == InputRule::kKey && !column)) {
      Diagnostic& report =
          error(Code::aggregate_input, written.span, fmt::format("`{}` cannot be computed of {}", word, show(input)));
      if (rule == InputRule::kKey)
        report.help = "`unique` counts the values of one field: text, an integer, a time, a list or a bool";
      if (input.kind == ValueKind::kBoolean)
        report.help = fmt::format("count the rows: `count({} where …)`, or `share(… of {})`", stream_name, stream_name);
      if (input.kind == ValueKind::kText) report.help = "count its values with `unique`";
      if (input.kind == ValueKind::kOneOf)
        report.help =
            fmt::format("a list is no scale: take `share({0} where … == … of {0})`, or `unique`", stream_name);
      if (input.kind == ValueKind::kTimestamp)
        report.help = "a time has a smallest and a largest, `min` and `max`; what lies between two is an amount";
      if (ordered && !is_numeric(input.kind)) {
        report.help = fmt::format(
            "a metric is a number or a time; count the rows that have a value: `count({} where … == …)`", stream_name);
      }
      return std::nullopt;
    }
  }
  std::optional<Type> type = folded_type(aggregate, input, written.span);
  if (!type) return std::nullopt;
  if (argument->input) warn_arithmetic_on_names(written, aggregate, word, *argument->input);
  node.type = *type;
  if (aggregate == Aggregate::kCount) node.type.unit = model_.units.base(stream_name + " row", BaseUnitKind::kCounted);
  if (aggregate == Aggregate::kUnique) {
    const Row& row = model_.row(node.input);
    const std::vector<ModelField>& fields = row.kind == RowKind::kField
                                                ? model_.streams[static_cast<size_t>(row.stream)].fields
                                                : model_.tables[static_cast<size_t>(row.table)].fields;
    const std::string& name = fields[static_cast<size_t>(row.kind == RowKind::kField ? row.field : row.attribute)].name;
    node.type.unit = model_.units.base(name, BaseUnitKind::kCounted);
  }
  if (node.input.valid()) {
    const RowId lacking = unrated(node.input);
    if (!build_.is_truth(lacking, false)) node.a = unrated_rows(node, lacking);
  }
  return Term{build_.value(std::move(node)), std::nullopt};
}

}  // namespace alidade
