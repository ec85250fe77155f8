// ANTLR's parse tree to the syntax tree in the arena. Internal to compiler/syntax: included by build_*.cpp and
// parse.cpp. Tested through tests/unit/syntax_test.cpp.
#pragma once

#include <string_view>
#include <vector>

#include "compiler/syntax/parse.h"
#include "compiler/syntax/parse_tree.h"

namespace alidade {

ast::ExprKind comparison_kind(size_t token_type);

/// Builds expressions, types and literals; the visitor's methods for the alternatives of `expr` leave their node in
/// `made_`. Reports what the grammar cannot see: escapes, dates that do not exist, numbers past the limit.
class ExprBuilder : public antlr::AlidadeBaseVisitor {
 public:
  using P = antlr::AlidadeParser;

  ExprBuilder(const Syntax& syntax, const Layout& layout, DiagnosticSink& sink)
      : source_(*syntax.source), names_(*syntax.names), arena_(*syntax.arena), layout_(layout), sink_(sink) {}

  antlrcpp::Any visitLiteralTerm(P::LiteralTermContext* ctx) override;
  antlrcpp::Any visitNameTerm(P::NameTermContext* ctx) override;
  antlrcpp::Any visitParenTerm(P::ParenTermContext* ctx) override;
  antlrcpp::Any visitMemberTerm(P::MemberTermContext* ctx) override;
  antlrcpp::Any visitCallTerm(P::CallTermContext* ctx) override;
  antlrcpp::Any visitSegmentTerm(P::SegmentTermContext* ctx) override;
  antlrcpp::Any visitOverExpr(P::OverExprContext* ctx) override;
  antlrcpp::Any visitAtExpr(P::AtExprContext* ctx) override;
  antlrcpp::Any visitPerExpr(P::PerExprContext* ctx) override;
  antlrcpp::Any visitNegateExpr(P::NegateExprContext* ctx) override;
  antlrcpp::Any visitMultiplyExpr(P::MultiplyExprContext* ctx) override;
  antlrcpp::Any visitAddExpr(P::AddExprContext* ctx) override;
  antlrcpp::Any visitCompareExpr(P::CompareExprContext* ctx) override;
  antlrcpp::Any visitInExpr(P::InExprContext* ctx) override;
  antlrcpp::Any visitNullExpr(P::NullExprContext* ctx) override;
  antlrcpp::Any visitWithinExpr(P::WithinExprContext* ctx) override;
  antlrcpp::Any visitReachedExpr(P::ReachedExprContext* ctx) override;
  antlrcpp::Any visitNotExpr(P::NotExprContext* ctx) override;
  antlrcpp::Any visitAndExpr(P::AndExprContext* ctx) override;
  antlrcpp::Any visitOrExpr(P::OrExprContext* ctx) override;
  antlrcpp::Any visitWhereExpr(P::WhereExprContext* ctx) override;
  antlrcpp::Any visitIfExpr(P::IfExprContext* ctx) override;

 protected:
  const ast::Expr* expr(P::ExprContext* ctx);
  const ast::Expr* term(P::TermContext* ctx);
  const ast::Expr* reference(P::RefContext* ctx);
  const ast::Expr* node_reference(P::NodeRefContext* ctx);
  const ast::Expr* event_term(P::EventTermContext* ctx);
  const ast::Expr* path_expr(P::PathContext* ctx);
  Slice<ast::Arg> arguments(antlr4::ParserRuleContext* ctx);
  ast::Arg argument(P::ArgContext* ctx);

  ast::Ident ident(antlr4::ParserRuleContext* name);
  ast::Ident ident_of(const antlr4::Token* token);
  ast::Ident ident_or_none(antlr4::ParserRuleContext* name) { return name == nullptr ? ast::Ident{} : ident(name); }
  ast::Path path(P::PathContext* ctx);
  const ast::Grain* grain(P::GrainContext* ctx);
  const ast::Window* window(P::WindowContext* ctx);
  static ast::OffsetMode offset_mode(P::OffsetModeContext* ctx);
  const ast::Offset* offset(P::OffsetContext* ctx);
  const ast::Breakdown* breakdown(P::BreakdownContext* ctx);

  const ast::Literal* literal(P::LiteralContext* ctx);
  const ast::Literal* quantity(P::QuantityContext* ctx);
  const ast::Literal* amount(P::AmountContext* ctx);
  const ast::Literal* token_literal(antlr4::tree::TerminalNode* node);
  std::string_view text(const antlr4::Token* token);
  void check_date(const antlr4::Token* token);
  ast::TypeRef type(P::TypeContext* ctx);

  Span span(antlr4::ParserRuleContext* ctx) const { return join(span_of(ctx->start), span_of(ctx->stop)); }
  std::string_view doc(antlr4::ParserRuleContext* ctx);
  Diagnostic& report(Code code, Span span, std::string message) {
    return sink_.report(code, source_, span, std::move(message));
  }

  const SourceFile& source_;
  NameTable& names_;
  Arena& arena_;
  const Layout& layout_;
  DiagnosticSink& sink_;

 private:
  ast::Expr* make(ast::ExprKind kind, antlr4::ParserRuleContext* ctx);
  ast::Expr* binary(ast::ExprKind kind, antlr4::ParserRuleContext* ctx);
  const ast::Expr* with_suffixes(const ast::Expr* base, const std::vector<P::SuffixContext*>& suffixes);
  const ast::Expr* name_expr(ast::Ident name);
  ast::Number number(const antlr4::Token* token);
  void set_units(const std::vector<P::UnitContext*>& units, ast::Literal* out);
  const ast::Expr* made_ = nullptr;
};

/// Builds declarations.
class DeclBuilder final : public ExprBuilder {
 public:
  using ExprBuilder::ExprBuilder;
  ast::Decl build(P::DeclContext* ctx);

  antlrcpp::Any visitModuleDecl(P::ModuleDeclContext* ctx) override;
  antlrcpp::Any visitImportDecl(P::ImportDeclContext* ctx) override;
  antlrcpp::Any visitCalendarDecl(P::CalendarDeclContext* ctx) override;
  antlrcpp::Any visitStreamDecl(P::StreamDeclContext* ctx) override;
  antlrcpp::Any visitTableDecl(P::TableDeclContext* ctx) override;
  antlrcpp::Any visitEventDecl(P::EventDeclContext* ctx) override;
  antlrcpp::Any visitSegmentDecl(P::SegmentDeclContext* ctx) override;
  antlrcpp::Any visitSessionDecl(P::SessionDeclContext* ctx) override;
  antlrcpp::Any visitMetricDecl(P::MetricDeclContext* ctx) override;
  antlrcpp::Any visitFunnelDecl(P::FunnelDeclContext* ctx) override;
  antlrcpp::Any visitRetentionDecl(P::RetentionDeclContext* ctx) override;
  antlrcpp::Any visitLifecycleDecl(P::LifecycleDeclContext* ctx) override;
  antlrcpp::Any visitTreeDecl(P::TreeDeclContext* ctx) override;
  antlrcpp::Any visitThresholdDecl(P::ThresholdDeclContext* ctx) override;
  antlrcpp::Any visitTargetDecl(P::TargetDeclContext* ctx) override;
  antlrcpp::Any visitObjectiveDecl(P::ObjectiveDeclContext* ctx) override;
  antlrcpp::Any visitBenchmarkDecl(P::BenchmarkDeclContext* ctx) override;
  antlrcpp::Any visitDefDecl(P::DefDeclContext* ctx) override;
  antlrcpp::Any visitUnitDecl(P::UnitDeclContext* ctx) override;
  antlrcpp::Any visitTestDecl(P::TestDeclContext* ctx) override;

 private:
  void set_title(const antlr4::Token* token);
  void set_reference(P::RefContext* ctx);
  Slice<ast::Property> properties(P::PropsContext* ctx);
  ast::Property property(P::PropertyContext* ctx);
  ast::PropertyValue property_value(P::PropertyValueContext* ctx);
  void add_property(P::PropertyContext* ctx, std::vector<ast::Property>* list);
  Slice<ast::Param> params(P::ParamsContext* ctx);
  ast::Field field(P::FieldContext* ctx);
  ast::FunnelItem funnel_item(P::FunnelItemContext* ctx);
  void set_origin(P::OriginContext* ctx, ast::RetentionDecl* out);
  void set_criterion(P::CriterionContext* ctx, ast::RetentionDecl* out);
  Slice<ast::TreeItem> tree_items(P::TreeBodyContext* ctx);
  ast::TreeItem tree_item(P::TreeItemContext* ctx);
  ast::TestItem test_item(P::TestItemContext* ctx);
  void set_expectation(P::ExpectItemContext* ctx, ast::TestItem* out);
  const ast::Literal* plain_amount(const ast::Expr* value);
  ast::Moment moment(const antlr4::Token* token);
  Slice<ast::RowLine> rows(const std::vector<antlr4::tree::TerminalNode*>& nodes);
  bool stated_twice(bool before, std::string_view what, Span place);

  ast::Decl decl_;
};

}  // namespace alidade
