// Expressions, types and literals from the parse tree. Door: build_tree.h.
#include <utf8proc.h>

#include <cstdlib>

#include "compiler/syntax/build_tree.h"
#include "compiler/syntax/literals.h"

namespace alidade {
namespace {

using ast::ExprKind;
using P = antlr::AlidadeParser;

const antlr4::Token* token_of(antlr4::tree::ParseTree* node) {
  return static_cast<antlr4::tree::TerminalNode*>(node)->getSymbol();
}

/// The composed form of a word, so that two ways to write one letter are one name.
std::string composed(std::string_view word) {
  const auto* bytes = reinterpret_cast<const utf8proc_uint8_t*>(word.data());
  utf8proc_uint8_t* out = nullptr;
  const auto options = static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE);
  utf8proc_ssize_t length = utf8proc_map(bytes, static_cast<utf8proc_ssize_t>(word.size()), &out, options);
  if (length < 0) return std::string(word);
  std::string text(reinterpret_cast<const char*>(out), static_cast<size_t>(length));
  std::free(out);
  return text;
}

}  // namespace

ExprKind comparison_kind(size_t type) {
  switch (type) {
    case P::EQ:
      return ExprKind::kEqual;
    case P::NE:
      return ExprKind::kNotEqual;
    case P::LT:
      return ExprKind::kLess;
    case P::LE:
      return ExprKind::kLessEqual;
    case P::GT:
      return ExprKind::kGreater;
    default:
      return ExprKind::kGreaterEqual;
  }
}

// ------------------------------------------------------------------------------------------------------- nodes
ast::Expr* ExprBuilder::make(ExprKind kind, antlr4::ParserRuleContext* ctx) {
  ast::Expr node;
  node.kind = kind;
  node.span = span(ctx);
  node.op = node.span;
  ast::Expr* made = arena_.make(node);
  made_ = made;
  return made;
}

const ast::Expr* ExprBuilder::expr(P::ExprContext* ctx) {
  ctx->accept(this);
  return made_;
}

const ast::Expr* ExprBuilder::term(P::TermContext* ctx) {
  ctx->accept(this);
  return made_;
}

/// `a operator b`: the operator is the second child, the operands the first and the last.
ast::Expr* ExprBuilder::binary(ExprKind kind, antlr4::ParserRuleContext* ctx) {
  const ast::Expr* a = expr(static_cast<P::ExprContext*>(ctx->children.front()));
  const ast::Expr* b = expr(static_cast<P::ExprContext*>(ctx->children.back()));
  ast::Expr* node = make(kind, ctx);
  node->a = a;
  node->b = b;
  node->op = span_of(token_of(ctx->children[1]));
  return node;
}

antlrcpp::Any ExprBuilder::visitLiteralTerm(P::LiteralTermContext* ctx) {
  ast::Expr* node = make(ExprKind::kLiteral, ctx);
  node->literal = literal(ctx->literal());
  return {};
}

antlrcpp::Any ExprBuilder::visitNameTerm(P::NameTermContext* ctx) {
  made_ = name_expr(ident(ctx->name()));
  return {};
}

antlrcpp::Any ExprBuilder::visitParenTerm(P::ParenTermContext* ctx) {
  const ast::Expr* a = expr(ctx->expr());
  make(ExprKind::kParen, ctx)->a = a;
  return {};
}

antlrcpp::Any ExprBuilder::visitMemberTerm(P::MemberTermContext* ctx) {
  const ast::Expr* a = term(ctx->term());
  ast::Expr* node = make(ExprKind::kMember, ctx);
  node->a = a;
  node->name = ident(ctx->word());
  node->op = node->name.span;
  return {};
}

antlrcpp::Any ExprBuilder::visitCallTerm(P::CallTermContext* ctx) {
  const ast::Expr* a = term(ctx->term());
  Slice<ast::Arg> args = arguments(ctx);
  ast::Expr* node = make(ExprKind::kCall, ctx);
  node->a = a;
  node->args = args;
  return {};
}

antlrcpp::Any ExprBuilder::visitSegmentTerm(P::SegmentTermContext* ctx) {
  const ast::Expr* a = term(ctx->term());
  const ast::Expr* b = expr(ctx->expr());
  ast::Expr* node = make(ExprKind::kSegment, ctx);
  node->a = a;
  node->b = b;
  return {};
}

antlrcpp::Any ExprBuilder::visitOverExpr(P::OverExprContext* ctx) {
  const ast::Expr* a = expr(ctx->expr());
  ast::Expr* node = make(ExprKind::kOver, ctx);
  node->a = a;
  node->op = span_of(ctx->OVER()->getSymbol());
  node->window = window(ctx->window());
  return {};
}

antlrcpp::Any ExprBuilder::visitAtExpr(P::AtExprContext* ctx) {
  const ast::Expr* a = expr(ctx->expr());
  ast::Expr* node = make(ExprKind::kAt, ctx);
  node->a = a;
  node->op = span_of(ctx->AT()->getSymbol());
  node->offset = offset(ctx->offset());
  return {};
}

antlrcpp::Any ExprBuilder::visitPerExpr(P::PerExprContext* ctx) {
  const ast::Expr* a = expr(ctx->expr());
  ast::Expr* node = make(ExprKind::kPer, ctx);
  node->a = a;
  node->op = span_of(ctx->PER()->getSymbol());
  node->grain = grain(ctx->grain());
  return {};
}

antlrcpp::Any ExprBuilder::visitNegateExpr(P::NegateExprContext* ctx) {
  const ast::Expr* a = expr(ctx->expr());
  ast::Expr* node = make(ExprKind::kNegate, ctx);
  node->a = a;
  node->op = span_of(ctx->start);
  return {};
}

antlrcpp::Any ExprBuilder::visitMultiplyExpr(P::MultiplyExprContext* ctx) {
  binary(ctx->STAR() != nullptr ? ExprKind::kMultiply : ExprKind::kDivide, ctx);
  return {};
}

antlrcpp::Any ExprBuilder::visitAddExpr(P::AddExprContext* ctx) {
  binary(ctx->PLUS() != nullptr ? ExprKind::kAdd : ExprKind::kSubtract, ctx);
  return {};
}

antlrcpp::Any ExprBuilder::visitCompareExpr(P::CompareExprContext* ctx) {
  binary(comparison_kind(token_of(ctx->children[1])->getType()), ctx);
  return {};
}

antlrcpp::Any ExprBuilder::visitInExpr(P::InExprContext* ctx) {
  const ast::Expr* a = nullptr;
  std::vector<const ast::Expr*> items;
  for (antlr4::tree::ParseTree* child : ctx->children) {
    auto* item = dynamic_cast<P::ExprContext*>(child);
    if (item == nullptr) continue;
    if (a == nullptr) {
      a = expr(item);
    } else {
      items.push_back(expr(item));
    }
  }
  ast::Expr* node = make(ExprKind::kIn, ctx);
  node->a = a;
  node->items = arena_.copy(items);
  node->negated = ctx->NOT() != nullptr;
  node->op = span_of(ctx->IN()->getSymbol());
  if (node->negated) node->op = join(span_of(ctx->NOT()->getSymbol()), node->op);
  return {};
}

antlrcpp::Any ExprBuilder::visitNullExpr(P::NullExprContext* ctx) {
  const ast::Expr* a = expr(ctx->expr());
  ast::Expr* node = make(ExprKind::kIsNull, ctx);
  node->a = a;
  node->negated = ctx->NOT() != nullptr;
  node->op = join(span_of(ctx->IS()->getSymbol()), span_of(ctx->NULL_()->getSymbol()));
  return {};
}

antlrcpp::Any ExprBuilder::visitWithinExpr(P::WithinExprContext* ctx) {
  ast::Expr* node = binary(ExprKind::kWithin, ctx);
  node->literal = quantity(ctx->quantity());
  return {};
}

antlrcpp::Any ExprBuilder::visitReachedExpr(P::ReachedExprContext* ctx) {
  const ast::Expr* a = expr(ctx->expr());
  ast::Expr* node = make(ExprKind::kReached, ctx);
  node->a = a;
  node->op = span_of(ctx->REACHED()->getSymbol());
  node->path = path(ctx->path());
  return {};
}

antlrcpp::Any ExprBuilder::visitNotExpr(P::NotExprContext* ctx) {
  const ast::Expr* a = expr(ctx->expr());
  ast::Expr* node = make(ExprKind::kNot, ctx);
  node->a = a;
  node->op = span_of(ctx->start);
  return {};
}

antlrcpp::Any ExprBuilder::visitAndExpr(P::AndExprContext* ctx) {
  binary(ExprKind::kAnd, ctx);
  return {};
}

antlrcpp::Any ExprBuilder::visitOrExpr(P::OrExprContext* ctx) {
  binary(ExprKind::kOr, ctx);
  return {};
}

antlrcpp::Any ExprBuilder::visitWhereExpr(P::WhereExprContext* ctx) {
  const ast::Expr* node = binary(ctx->WHERE() != nullptr ? ExprKind::kWhere : ExprKind::kWith, ctx);
  const bool chained = node->a->kind == ExprKind::kWhere || node->a->kind == ExprKind::kWith;
  const ast::Expr* mixed = chained ? node->a->b : node->a;
  if (mixed->kind == ExprKind::kOr) {
    std::string word(source_.text(node->op));
    Diagnostic& d = report(Code::mixed_or_where, node->op, "this `" + word + "` has an `or` before it");
    d.labels.push_back({mixed->op, "does it reach over this?"});
    d.help = "say it with parentheses: `(a or b) " + word + " c` or `a or (b " + word + " c)`";
  }
  return {};
}

antlrcpp::Any ExprBuilder::visitIfExpr(P::IfExprContext* ctx) {
  const ast::Expr* a = expr(ctx->expr(0));
  const ast::Expr* b = expr(ctx->expr(1));
  const ast::Expr* c = expr(ctx->expr(2));
  ast::Expr* node = make(ExprKind::kIf, ctx);
  node->a = a;
  node->b = b;
  node->c = c;
  node->op = span_of(ctx->start);
  return {};
}

// --------------------------------------------------------------------------------------- references and arguments
const ast::Expr* ExprBuilder::name_expr(ast::Ident name) {
  ast::Expr node;
  node.kind = ExprKind::kName;
  node.name = name;
  node.span = node.op = name.span;
  return arena_.make(node);
}

const ast::Expr* ExprBuilder::with_suffixes(const ast::Expr* base, const std::vector<P::SuffixContext*>& suffixes) {
  for (P::SuffixContext* suffix : suffixes) {
    ast::Expr node;
    node.a = base;
    node.span = join(base->span, span(suffix));
    node.op = span(suffix);
    if (auto* member = dynamic_cast<P::MemberSuffixContext*>(suffix)) {
      node.kind = ExprKind::kMember;
      node.name = ident(member->word());
      node.op = node.name.span;
    } else if (auto* segment = dynamic_cast<P::SegmentSuffixContext*>(suffix)) {
      node.kind = ExprKind::kSegment;
      node.b = expr(segment->expr());
    } else {
      node.kind = ExprKind::kCall;
      node.args = arguments(suffix);
    }
    base = arena_.make(node);
  }
  return base;
}

const ast::Expr* ExprBuilder::reference(P::RefContext* ctx) {
  return with_suffixes(name_expr(ident(ctx->name())), ctx->suffix());
}

const ast::Expr* ExprBuilder::node_reference(P::NodeRefContext* ctx) {
  return with_suffixes(name_expr(ident(ctx->unit())), ctx->suffix());
}

const ast::Expr* ExprBuilder::path_expr(P::PathContext* ctx) {
  ast::Path parts = path(ctx);
  const ast::Expr* base = name_expr(parts.parts[0]);
  for (size_t i = 1; i < parts.parts.size(); ++i) {
    ast::Expr node;
    node.kind = ExprKind::kMember;
    node.a = base;
    node.name = parts.parts[i];
    node.span = join(base->span, node.name.span);
    node.op = node.name.span;
    base = arena_.make(node);
  }
  return base;
}

const ast::Expr* ExprBuilder::event_term(P::EventTermContext* ctx) {
  if (ctx->path() != nullptr) return path_expr(ctx->path());
  const ast::Expr* a = expr(ctx->expr());
  make(ExprKind::kParen, ctx)->a = a;
  return made_;
}

Slice<ast::Arg> ExprBuilder::arguments(antlr4::ParserRuleContext* ctx) {
  std::vector<ast::Arg> args;
  for (antlr4::tree::ParseTree* child : ctx->children) {
    if (auto* arg = dynamic_cast<P::ArgContext*>(child)) args.push_back(argument(arg));
  }
  return arena_.copy(args);
}

ast::Arg ExprBuilder::argument(P::ArgContext* ctx) {
  ast::Arg arg;
  arg.span = span(ctx);
  if (auto* named = dynamic_cast<P::NamedArgContext*>(ctx)) {
    arg.kind = ast::ArgKind::kNamed;
    arg.name = ident(named->name());
    arg.value = expr(named->expr());
    return arg;
  }
  if (auto* compared = dynamic_cast<P::OffsetArgContext*>(ctx)) {
    arg.kind = ast::ArgKind::kOffset;
    ast::Offset offset;
    offset.span = arg.span;
    if (compared->quantity() != nullptr) {
      offset.distance = quantity(compared->quantity());
    } else {
      offset.kind = ast::OffsetKind::kSame;
      offset.same = path(compared->path(0));
      offset.last = path(compared->path(1));
    }
    offset.mode = offset_mode(compared->offsetMode());
    arg.offset = arena_.make(offset);
    return arg;
  }
  auto* plain = static_cast<P::ValueArgContext*>(ctx);
  arg.value = expr(plain->expr(0));
  if (plain->OF() != nullptr) arg.kind = ast::ArgKind::kShare;
  if (plain->ARROW() != nullptr) arg.kind = ast::ArgKind::kSpan;
  if (arg.kind != ast::ArgKind::kPlain) arg.other = expr(plain->expr(1));
  arg.assuming = plain->ASSUMING() != nullptr;
  if (arg.assuming) arg.reason = text(plain->STRING()->getSymbol());
  return arg;
}

// --------------------------------------------------------------------------------------------- names and clauses
ast::Ident ExprBuilder::ident_of(const antlr4::Token* token) {
  std::string_view word = source_.text(span_of(token));
  bool ascii = true;
  for (char c : word) ascii = ascii && static_cast<unsigned char>(c) < 0x80;
  return {ascii ? names_.intern(word) : names_.intern(composed(word)), span_of(token)};
}

ast::Ident ExprBuilder::ident(antlr4::ParserRuleContext* name) { return ident_of(name->start); }

ast::Path ExprBuilder::path(P::PathContext* ctx) {
  std::vector<ast::Ident> parts;
  for (antlr4::tree::ParseTree* child : ctx->children) {
    if (auto* part = dynamic_cast<antlr4::ParserRuleContext*>(child)) parts.push_back(ident(part));
  }
  return {arena_.copy(parts), span(ctx)};
}

const ast::Grain* ExprBuilder::grain(P::GrainContext* ctx) {
  return arena_.make(ast::Grain{ctx->FISCAL() != nullptr, path(ctx->path()), span(ctx)});
}

const ast::Window* ExprBuilder::window(P::WindowContext* ctx) {
  ast::Window out;
  out.span = span(ctx);
  if (auto* last = dynamic_cast<P::LastWindowContext*>(ctx)) {
    out.kind = ast::WindowKind::kLast;
    if (last->quantity() != nullptr) out.length = quantity(last->quantity());
    if (last->name() != nullptr) out.parameter = ident(last->name());
  } else if (auto* to_date = dynamic_cast<P::ToDateWindowContext*>(ctx)) {
    out.kind = ast::WindowKind::kToDate;
    out.fiscal = to_date->grain()->FISCAL() != nullptr;
    out.unit = path(to_date->grain()->path());
  } else {
    out.kind = ast::WindowKind::kAllTime;
  }
  return arena_.make(out);
}

ast::OffsetMode ExprBuilder::offset_mode(P::OffsetModeContext* ctx) {
  if (ctx == nullptr) return ast::OffsetMode::kUnstated;
  return ctx->FULL() != nullptr ? ast::OffsetMode::kFull : ast::OffsetMode::kSameElapsed;
}

const ast::Offset* ExprBuilder::offset(P::OffsetContext* ctx) {
  ast::Offset out;
  out.span = span(ctx);
  if (auto* ago = dynamic_cast<P::AgoOffsetContext*>(ctx)) {
    out.kind = ast::OffsetKind::kAgo;
    out.distance = quantity(ago->quantity());
    out.mode = offset_mode(ago->offsetMode());
  } else {
    auto* same = static_cast<P::SameOffsetContext*>(ctx);
    out.kind = ast::OffsetKind::kSame;
    out.same = path(same->path(0));
    out.last = path(same->path(1));
    out.mode = offset_mode(same->offsetMode());
  }
  return arena_.make(out);
}

const ast::Breakdown* ExprBuilder::breakdown(P::BreakdownContext* ctx) {
  if (ctx == nullptr) return nullptr;
  ast::Breakdown out;
  std::vector<ast::Path> dimensions;
  for (P::PathContext* dimension : ctx->path()) dimensions.push_back(path(dimension));
  out.dimensions = arena_.copy(dimensions);
  if (ctx->NUMBER() != nullptr) out.top = token_literal(ctx->NUMBER());
  out.span = span(ctx);
  return arena_.make(out);
}

ast::TypeRef ExprBuilder::type(P::TypeContext* ctx) {
  ast::TypeRef out;
  out.name = ident(ctx->name());
  std::vector<ast::TypeArg> args;
  for (P::TypeArgContext* arg : ctx->typeArg()) {
    ast::TypeArg made;
    made.span = span(arg);
    if (arg->STRING() != nullptr) made.literal = token_literal(arg->STRING());
    if (arg->NUMBER() != nullptr) made.literal = token_literal(arg->NUMBER());
    made.name = ident_or_none(arg->name(0));
    made.per = ident_or_none(arg->name(1));
    args.push_back(made);
  }
  out.args = arena_.copy(args);
  out.optional = ctx->QUESTION() != nullptr;
  out.span = span(ctx);
  return out;
}

// ------------------------------------------------------------------------------------------------------ literals
const ast::Literal* ExprBuilder::literal(P::LiteralContext* ctx) {
  if (ctx->quantity() != nullptr) return quantity(ctx->quantity());
  return token_literal(static_cast<antlr4::tree::TerminalNode*>(ctx->children.front()));
}

const ast::Literal* ExprBuilder::quantity(P::QuantityContext* ctx) {
  ast::Literal out;
  out.number = number(ctx->NUMBER()->getSymbol());
  out.span = span(ctx);
  set_units(ctx->unit(), &out);
  return arena_.make(out);
}

void ExprBuilder::set_units(const std::vector<P::UnitContext*>& units, ast::Literal* out) {
  if (units.empty()) return;
  out->kind = ast::LiteralKind::kQuantity;
  out->unit = ident(units.back());
  if (units.size() > 1) out->multiple = ident(units.front());
}

const ast::Literal* ExprBuilder::amount(P::AmountContext* ctx) {
  ast::Literal out;
  out.negative = ctx->MINUS() != nullptr;
  out.span = span(ctx);
  if (ctx->PERCENT() != nullptr) {
    out.kind = ast::LiteralKind::kPercent;
    out.number = number(ctx->PERCENT()->getSymbol());
    return arena_.make(out);
  }
  out.number = number(ctx->NUMBER()->getSymbol());
  std::vector<P::UnitContext*> units = ctx->unit();
  if (ctx->SLASH() != nullptr || ctx->PER() != nullptr) {
    out.per_unit = ident(units.back());
    units.pop_back();
  }
  set_units(units, &out);
  return arena_.make(out);
}

const ast::Literal* ExprBuilder::token_literal(antlr4::tree::TerminalNode* node) {
  const antlr4::Token* token = node->getSymbol();
  ast::Literal out;
  out.span = span_of(token);
  switch (token->getType()) {
    case P::NUMBER:
      out.number = number(token);
      break;
    case P::PERCENT:
      out.kind = ast::LiteralKind::kPercent;
      out.number = number(token);
      break;
    case P::STRING:
      out.kind = ast::LiteralKind::kText;
      out.text = text(token);
      break;
    case P::DATE:
    case P::TIMESTAMP:
      out.kind = token->getType() == P::DATE ? ast::LiteralKind::kDate : ast::LiteralKind::kTimestamp;
      out.text = source_.text(out.span);
      check_date(token);
      break;
    default:
      out.kind = ast::LiteralKind::kBool;
      out.truth = token->getType() == P::TRUE;
      break;
  }
  return arena_.make(out);
}

void ExprBuilder::check_date(const antlr4::Token* token) {
  std::string_view written = source_.text(span_of(token));
  if (is_real_date(written)) return;
  report(Code::no_such_date, span_of(token), std::string(written) + " does not exist in the calendar");
}

ast::Number ExprBuilder::number(const antlr4::Token* token) {
  std::string_view written = source_.text(span_of(token));
  std::string digits;
  ast::Number out;
  bool fraction = false;
  for (char c : written) {
    if (c == '.') fraction = true;
    if (c < '0' || c > '9') continue;
    digits += c;
    if (fraction) ++out.fraction;
  }
  if (digits.size() > kMaxNumberDigits) {
    report(Code::number_too_long, span_of(token), "this number has more than 38 digits");
    return {"0", 0};
  }
  bool as_written = digits.size() == written.size();
  out.digits = as_written ? written : arena_.copy_text(digits);
  return out;
}

std::string_view ExprBuilder::text(const antlr4::Token* token) {
  Span place = span_of(token);
  std::string_view written = source_.text(place);
  bool closed = written.size() > 1 && written.back() == written.front();
  std::string_view inside = written.substr(1, written.size() - (closed ? 2 : 1));
  bool plain = inside.find('\\') == std::string_view::npos || written.front() == '\'' || !closed;
  if (plain) return inside;
  Unescaped out = unescape(inside);
  if (!out.good) {
    Span wrong{place.begin + 1 + out.wrong.begin, place.begin + 1 + out.wrong.end};
    report(Code::unknown_escape, wrong, "`" + std::string(source_.text(wrong)) + "` is no escape").help =
        "a text knows `\\\"`, `\\\\`, `\\n`, `\\r`, `\\t` and `\\u{1F600}`; a backslash itself is `\\\\`";
  }
  return arena_.copy_text(out.text);
}

std::string_view ExprBuilder::doc(antlr4::ParserRuleContext* ctx) {
  int32_t index = static_cast<const SpecToken*>(ctx->start)->laid().doc;
  if (index < 0) return {};
  std::string joined;
  for (Span line : layout_.docs[static_cast<size_t>(index)]) {
    std::string_view words = source_.text(line).substr(2);
    if (words.starts_with(' ')) words.remove_prefix(1);
    while (!words.empty() && (words.back() == ' ' || words.back() == '\t')) words.remove_suffix(1);
    if (!joined.empty()) joined += '\n';
    joined += words;
  }
  return arena_.copy_text(joined);
}

}  // namespace alidade
