// The syntax tree as indented text, one node a line, without places: two sources that mean the same dump the same.
// Door: parse.h (dump_ast).
#include <string>

#include "compiler/syntax/parse.h"

namespace alidade {
namespace {

using namespace ast;

const char* decl_word(DeclKind kind) {
  switch (kind) {
    case DeclKind::kModule:
      return "module";
    case DeclKind::kImport:
      return "import";
    case DeclKind::kCalendar:
      return "calendar";
    case DeclKind::kStream:
      return "stream";
    case DeclKind::kTable:
      return "table";
    case DeclKind::kEvent:
      return "event";
    case DeclKind::kSegment:
      return "segment";
    case DeclKind::kSession:
      return "session";
    case DeclKind::kMetric:
      return "metric";
    case DeclKind::kFunnel:
      return "funnel";
    case DeclKind::kRetention:
      return "retention";
    case DeclKind::kLifecycle:
      return "lifecycle";
    case DeclKind::kTree:
      return "tree";
    case DeclKind::kThreshold:
      return "threshold";
    case DeclKind::kTarget:
      return "target";
    case DeclKind::kObjective:
      return "objective";
    case DeclKind::kBenchmark:
      return "benchmark";
    case DeclKind::kDef:
      return "def";
    case DeclKind::kUnit:
      return "unit";
    case DeclKind::kTest:
      return "test";
  }
  return "";
}

const char* role_word(FieldRole role) {
  switch (role) {
    case FieldRole::kNone:
      return "";
    case FieldRole::kTime:
      return "time ";
    case FieldRole::kEntity:
      return "entity ";
    case FieldRole::kId:
      return "id ";
    case FieldRole::kArrived:
      return "arrived ";
    case FieldRole::kOrder:
      return "order ";
    case FieldRole::kEvent:
      return "event ";
  }
  return "";
}

const char* node_role_word(NodeRole role) {
  switch (role) {
    case NodeRole::kNone:
      return "";
    case NodeRole::kNorthStar:
      return "north_star ";
    case NodeRole::kInput:
      return "input ";
    case NodeRole::kOutcome:
      return "outcome ";
    case NodeRole::kGuardrail:
      return "guardrail ";
    case NodeRole::kLagging:
      return "lagging ";
  }
  return "";
}

const char* expr_word(ExprKind kind) {
  switch (kind) {
    case ExprKind::kLiteral:
      return "literal";
    case ExprKind::kName:
      return "name";
    case ExprKind::kParen:
      return "paren";
    case ExprKind::kMember:
      return "member";
    case ExprKind::kCall:
      return "call";
    case ExprKind::kSegment:
      return "segment";
    case ExprKind::kOver:
      return "over";
    case ExprKind::kAt:
      return "at";
    case ExprKind::kPer:
      return "per";
    case ExprKind::kNegate:
      return "negate";
    case ExprKind::kMultiply:
      return "*";
    case ExprKind::kDivide:
      return "/";
    case ExprKind::kAdd:
      return "+";
    case ExprKind::kSubtract:
      return "-";
    case ExprKind::kEqual:
      return "==";
    case ExprKind::kNotEqual:
      return "!=";
    case ExprKind::kLess:
      return "<";
    case ExprKind::kLessEqual:
      return "<=";
    case ExprKind::kGreater:
      return ">";
    case ExprKind::kGreaterEqual:
      return ">=";
    case ExprKind::kIn:
      return "in";
    case ExprKind::kIsNull:
      return "is null";
    case ExprKind::kWithin:
      return "within";
    case ExprKind::kReached:
      return "reached";
    case ExprKind::kNot:
      return "not";
    case ExprKind::kAnd:
      return "and";
    case ExprKind::kOr:
      return "or";
    case ExprKind::kWhere:
      return "where";
    case ExprKind::kWith:
      return "with";
    case ExprKind::kIf:
      return "if";
  }
  return "";
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        out += c;
        break;
    }
  }
  return out + "\"";
}

std::string word(const Ident& ident) { return std::string(ident.name.text()); }

std::string words(const Path& path) {
  std::string out;
  for (const Ident& part : path.parts) out += (out.empty() ? "" : ".") + word(part);
  return out;
}

std::string digits(const Number& number) {
  std::string out(number.digits);
  if (number.fraction > 0) out.insert(out.size() - number.fraction, ".");
  return out;
}

std::string literal_text(const Literal& literal) {
  switch (literal.kind) {
    case LiteralKind::kText:
      return quoted(literal.text);
    case LiteralKind::kDate:
    case LiteralKind::kTimestamp:
    case LiteralKind::kMonth:
      return std::string(literal.text);
    case LiteralKind::kBool:
      return literal.truth ? "true" : "false";
    case LiteralKind::kNumber:
    case LiteralKind::kQuantity:
    case LiteralKind::kPercent:
      break;
  }
  std::string out = (literal.negative ? "-" : "") + digits(literal.number);
  if (literal.kind == LiteralKind::kPercent) out += "%";
  if (!literal.multiple.name.empty()) out += " " + word(literal.multiple);
  if (!literal.unit.name.empty()) out += " " + word(literal.unit);
  if (!literal.per_unit.name.empty()) out += " per " + word(literal.per_unit);
  return out;
}

std::string grain_text(const Grain& grain) { return (grain.fiscal ? "fiscal " : "") + words(grain.path); }

std::string window_text(const Window& window) {
  switch (window.kind) {
    case WindowKind::kLast:
      return "last " + (window.length != nullptr ? literal_text(*window.length) : word(window.parameter));
    case WindowKind::kToDate:
      return (window.fiscal ? "fiscal " : "") + words(window.unit) + " to date";
    case WindowKind::kAllTime:
      return "all time";
  }
  return "";
}

std::string offset_text(const Offset& offset) {
  std::string out = offset.kind == OffsetKind::kAgo ? literal_text(*offset.distance) + " ago"
                                                    : "same " + words(offset.same) + " last " + words(offset.last);
  if (offset.mode == OffsetMode::kSameElapsed) out += " same elapsed";
  if (offset.mode == OffsetMode::kFull) out += " full";
  return out;
}

std::string type_text(const TypeRef& type) {
  std::string out = word(type.name);
  for (size_t i = 0; i < type.args.size(); ++i) {
    const TypeArg& arg = type.args[i];
    out += i == 0 ? "(" : ", ";
    out += arg.literal != nullptr ? literal_text(*arg.literal) : word(arg.name);
    if (!arg.per.name.empty()) out += " per " + word(arg.per);
  }
  if (!type.args.empty()) out += ")";
  return out + (type.optional ? "?" : "");
}

class Dumper {
 public:
  std::string out;

  void decl(const Decl& decl) {
    std::string head = decl_word(decl.kind);
    if (!decl.path.parts.empty()) {
      head += " " + words(decl.path);
    } else if (!decl.name.name.empty()) {
      head += " " + word(decl.name);
    }
    if (decl.title_span.end > decl.title_span.begin) head += " " + quoted(decl.title);
    line(head + (decl.broken ? " broken" : ""));
    In in(*this);
    if (!decl.doc.empty()) line("doc " + quoted(decl.doc));
    body(decl);
    for (const Property& property : decl.properties) properties(property);
  }

 private:
  /// One level deeper while it lives.
  struct In {
    explicit In(Dumper& dumper) : dumper_(dumper) { ++dumper_.depth_; }
    ~In() { --dumper_.depth_; }
    Dumper& dumper_;
  };

  void line(const std::string& text) { out += std::string(static_cast<size_t>(depth_) * 2, ' ') + text + "\n"; }

  void body(const Decl& decl) {
    switch (decl.kind) {
      case DeclKind::kModule:
      case DeclKind::kDef:
        return definition(decl);
      case DeclKind::kImport:
        return import(decl);
      case DeclKind::kCalendar:
        return calendar(*decl.calendar);
      case DeclKind::kStream:
        return stream(*decl.stream);
      case DeclKind::kTable:
        return table(*decl.table);
      case DeclKind::kEvent:
      case DeclKind::kSegment:
        return expr(*decl.value);
      case DeclKind::kSession:
        return session(decl);
      case DeclKind::kMetric:
        return metric(*decl.metric);
      case DeclKind::kFunnel:
        return funnel(*decl.funnel);
      case DeclKind::kRetention:
        return retention(*decl.retention);
      case DeclKind::kLifecycle:
        return lifecycle(decl);
      case DeclKind::kTree:
        for (const TreeItem& item : decl.tree) tree_item(item);
        return;
      case DeclKind::kThreshold:
        return threshold(decl);
      case DeclKind::kTarget:
        return target(decl);
      case DeclKind::kObjective:
        return objective(*decl.objective);
      case DeclKind::kBenchmark:
        return benchmark(decl);
      case DeclKind::kUnit:
        if (decl.factor != nullptr) line("factor " + literal_text(*decl.factor));
        return;
      case DeclKind::kTest:
        for (const TestItem& item : decl.test) test_item(item);
        return;
    }
  }

  void under(const std::string& label, const Expr* value) {
    if (value == nullptr) return;
    line(label);
    In in(*this);
    expr(*value);
  }

  void properties(const Property& property) {
    std::string text = "property " + word(property.word);
    for (size_t i = 0; i < property.values.size(); ++i) {
      const PropertyValue& value = property.values[i];
      text += i == 0 ? " " : ", ";
      if (value.literal != nullptr) text += literal_text(*value.literal);
      text += word(value.word);
      if (!value.per.name.empty()) text += " per " + word(value.per);
      if (!value.call.name.empty()) text += "(" + word(value.call) + ")";
    }
    line(text);
  }

  void definition(const Decl& decl) {
    for (const Param& param : decl.params) {
      line("param " + word(param.name) + (param.type != nullptr ? " : " + type_text(*param.type) : ""));
      In in(*this);
      if (param.fallback != nullptr) expr(*param.fallback);
    }
    if (decl.value != nullptr) expr(*decl.value);
  }

  void import(const Decl& decl) {
    for (const Arg& arg : decl.args) argument(arg);
    if (!decl.alias.name.empty()) line("as " + word(decl.alias));
  }

  void calendar(const CalendarDecl& calendar) {
    if (calendar.zone != nullptr) line("zone " + literal_text(*calendar.zone));
    if (!calendar.week_start.name.empty()) line("week starts " + word(calendar.week_start));
    if (!calendar.year_start.name.empty()) line("year starts " + word(calendar.year_start));
  }

  void field(const Field& field) {
    std::string text = "field " + std::string(role_word(field.role)) + word(field.name) + " : " + type_text(field.type);
    if (field.has_source) text += " from " + quoted(field.source);
    line(text);
    In in(*this);
    if (!field.doc.empty()) line("doc " + quoted(field.doc));
    for (const Property& property : field.properties) properties(property);
  }

  void stream(const StreamDecl& stream) {
    for (const Field& column : stream.fields) field(column);
    if (stream.late != nullptr) line("late up to " + literal_text(*stream.late));
  }

  void table(const TableDecl& table) {
    for (const Ident& key : table.keys) line("key " + word(key));
    for (const Field& column : table.fields) field(column);
    if (!table.valid_from.name.empty()) line("valid from " + word(table.valid_from) + " to " + word(table.valid_to));
  }

  void metric(const MetricDecl& metric) {
    if (metric.type != nullptr) {
      std::string text = "type " + type_text(*metric.type);
      for (const StatedPer& key : metric.per) text += (key.fiscal ? " per fiscal " : " per ") + word(key.name);
      line(text);
    }
    expr(*metric.value);
    breakdown(metric.by);
  }

  void breakdown(const Breakdown* by) {
    if (by == nullptr) return;
    std::string text = "by";
    for (size_t i = 0; i < by->dimensions.size(); ++i) text += (i == 0 ? " " : ", ") + words(by->dimensions[i]);
    if (by->top != nullptr) text += " top " + literal_text(*by->top);
    line(text);
  }

  void session(const Decl& decl) {
    const SessionDecl& session = *decl.session;
    expr(*decl.value);
    line("by " + word(session.by));
    if (session.gap != nullptr) line("gap " + literal_text(*session.gap));
    if (session.max_length != nullptr) line("max length " + literal_text(*session.max_length));
    for (const Path& path : session.break_on) line("break on " + words(path));
    for (const SessionField& field : session.fields) {
      line("field " + word(field.name));
      In in(*this);
      if (!field.doc.empty()) line("doc " + quoted(field.doc));
      expr(*field.value);
      for (const Property& property : field.properties) properties(property);
    }
  }

  void funnel(const FunnelDecl& funnel) {
    line("by " + word(funnel.by) + " within " + literal_text(*funnel.within));
    std::string pending = funnel.counting.including_pending ? " including pending" : "";
    switch (funnel.counting.kind) {
      case CountingKind::kUnstated:
        break;
      case CountingKind::kEntities:
        line("counting entities" + pending);
        break;
      case CountingKind::kAttempts:
        line("counting attempts" + pending);
        break;
      case CountingKind::kPer:
        line("counting per " + word(funnel.counting.per) + pending);
        break;
    }
    for (const FunnelItem& item : funnel.items) funnel_item(item);
  }

  void funnel_item(const FunnelItem& item) {
    switch (item.kind) {
      case FunnelItemKind::kStep:
        under(std::string(item.optional ? "optional " : "") + "step " + word(item.name), item.event);
        break;
      case FunnelItemKind::kWithout:
        under("without in " + word(item.from) + " -> " + word(item.to), item.event);
        break;
      case FunnelItemKind::kStrict:
        if (item.event == nullptr) line("strict");
        under("strict among", item.event);
        break;
      case FunnelItemKind::kHold:
        for (const Path& path : item.fields) line("hold " + words(path));
        break;
      case FunnelItemKind::kGrace:
        line("grace " + literal_text(*item.duration));
        break;
    }
    if (!item.doc.empty()) line("doc " + quoted(item.doc));
  }

  void retention(const RetentionDecl& retention) {
    const char* origin = retention.origin_kind == OriginKind::kFirst   ? "from first"
                         : retention.origin_kind == OriginKind::kEvery ? "from every"
                                                                       : "from";
    line("by " + word(retention.by) + " per " + grain_text(*retention.per));
    under(origin, retention.origin);
    under("returning", retention.returning);
    std::string text;
    switch (retention.criterion) {
      case CriterionKind::kUnstated:
        return;
      case CriterionKind::kOn:
        text = "on";
        break;
      case CriterionKind::kOnOrAfter:
        text = "on or after";
        break;
      case CriterionKind::kRange:
        text = "within";
        break;
      case CriterionKind::kStreak:
        text = "streak";
        break;
    }
    if (retention.criterion_unit != nullptr) text += " " + grain_text(*retention.criterion_unit);
    for (const Literal* number : retention.numbers) text += " " + literal_text(*number);
    line(text);
  }

  void lifecycle(const Decl& decl) {
    line("by " + word(decl.lifecycle->by) + " per " + grain_text(*decl.lifecycle->per));
    under("of", decl.value);
    if (decl.lifecycle->lookback != nullptr) line("lookback " + literal_text(*decl.lifecycle->lookback));
  }

  void tree_item(const TreeItem& item) {
    switch (item.kind) {
      case TreeItemKind::kLevels:
        for (const Literal* level : item.levels) line("level " + literal_text(*level));
        return;
      case TreeItemKind::kGroup:
        line("group " + literal_text(*item.title));
        break;
      case TreeItemKind::kNode:
        line(std::string(node_role_word(item.role)) + "node");
        break;
    }
    In in(*this);
    if (!item.doc.empty()) line("doc " + quoted(item.doc));
    if (item.metric != nullptr) expr(*item.metric);
    if (item.kind == TreeItemKind::kNode && item.title != nullptr) line("title " + literal_text(*item.title));
    under("leading of", item.leading_of);
    if (item.lag != nullptr) line("lag " + literal_text(*item.lag));
    for (const TreeItem& child : item.children) tree_item(child);
  }

  void threshold(const Decl& decl) {
    expr(*decl.value);
    for (const ThresholdItem& item : decl.threshold) {
      std::string text = word(item.level) + (item.above ? " above " : " below ") + literal_text(*item.bound);
      if (item.lasting != nullptr) text += " for " + literal_text(*item.lasting);
      line(text);
    }
  }

  void target(const Decl& decl) {
    expr(*decl.value);
    for (const TargetItem& item : decl.target) {
      line((item.reach ? "reach " : "from ") + literal_text(*item.amount) + (item.reach ? " by " : " on ") +
           literal_text(*item.date));
    }
  }

  void objective(const ObjectiveDecl& objective) {
    line((objective.from != nullptr ? "from " + literal_text(*objective.from) + " " : "") + "by " +
         literal_text(*objective.by));
    for (const ObjectiveItem& item : objective.items) {
      under("from " + literal_text(*item.from) + " to " + literal_text(*item.to), item.metric);
    }
  }

  void benchmark(const Decl& decl) {
    expr(*decl.value);
    for (const BenchmarkFor& condition : decl.benchmark->conditions) {
      line("for " + word(condition.kind) + " " + word(condition.value));
    }
    for (const BenchmarkItem& item : decl.benchmark->items) {
      line(word(item.level) + (item.below ? " below " : " from ") + literal_text(*item.bound));
    }
  }

  void rows(const Slice<RowLine>& rows) {
    for (const RowLine& row : rows) {
      std::string text = "row";
      for (const RowCell& cell : row.cells) text += " " + quoted(cell.text);
      line(text);
    }
  }

  void test_item(const TestItem& item) {
    std::string on = item.moment.kind == MomentKind::kNone ? "" : std::string(item.moment.text);
    switch (item.kind) {
      case TestItemKind::kGiven: {
        line("given " + words(item.source) + (on.empty() ? "" : " until " + on));
        In in(*this);
        return rows(item.rows);
      }
      case TestItemKind::kExpect: {
        line(std::string("expect ") + (item.expected != nullptr ? expr_word(item.compare) : "true") +
             (on.empty() ? "" : " on " + on));
        In in(*this);
        expr(*item.value);
        if (item.expected != nullptr) expr(*item.expected);
        if (item.amount != nullptr) line("amount " + literal_text(*item.amount));
        return;
      }
      case TestItemKind::kExpectTable: {
        line("expect per " + grain_text(*item.grain));
        In in(*this);
        breakdown(item.by);
        for (const Expr* value : item.values) expr(*value);
        return rows(item.rows);
      }
      case TestItemKind::kExpectUndefined: {
        line("expect undefined" + (item.name.name.empty() ? "" : " " + word(item.name)) +
             (on.empty() ? "" : " on " + on));
        In in(*this);
        return expr(*item.value);
      }
    }
  }

  void argument(const Arg& arg) {
    switch (arg.kind) {
      case ArgKind::kPlain:
        expr(*arg.value);
        break;
      case ArgKind::kOffset:
        line("compared " + offset_text(*arg.offset));
        break;
      case ArgKind::kNamed:
        under("named " + word(arg.name), arg.value);
        break;
      case ArgKind::kShare:
      case ArgKind::kSpan: {
        line(arg.kind == ArgKind::kSpan ? "span" : arg.assuming ? "share assuming " + quoted(arg.reason) : "share");
        In in(*this);
        expr(*arg.value);
        expr(*arg.other);
        break;
      }
    }
  }

  void expr(const Expr& node) {
    std::string text = node.negated ? std::string("not ") + expr_word(node.kind) : expr_word(node.kind);
    if (node.literal != nullptr) text += " " + literal_text(*node.literal);
    if (!node.name.name.empty()) text += " " + word(node.name);
    if (node.window != nullptr) text += " " + window_text(*node.window);
    if (node.offset != nullptr) text += " " + offset_text(*node.offset);
    if (node.grain != nullptr) text += " " + grain_text(*node.grain);
    if (!node.path.parts.empty()) text += " " + words(node.path);
    line(text);
    In in(*this);
    for (const Expr* part : {node.a, node.b, node.c}) {
      if (part != nullptr) expr(*part);
    }
    for (const Arg& arg : node.args) argument(arg);
    for (const Expr* item : node.items) expr(*item);
  }

  int depth_ = 0;
};

}  // namespace

std::string dump_ast(const Syntax& syntax) {
  Dumper dumper;
  for (const Decl& decl : syntax.file.decls) dumper.decl(decl);
  return dumper.out;
}

}  // namespace alidade
