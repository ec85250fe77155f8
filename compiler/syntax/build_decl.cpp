// Declarations from the parse tree. Door: build_tree.h.
#include "compiler/syntax/build_tree.h"
#include "compiler/syntax/literals.h"

namespace alidade {
namespace {

using ast::DeclKind;
using P = antlr::AlidadeParser;

}  // namespace

ast::Decl DeclBuilder::build(P::DeclContext* ctx) {
  decl_ = ast::Decl{};
  decl_.span = span(ctx);
  decl_.keyword = span_of(ctx->start);
  decl_.doc = doc(ctx);
  ctx->accept(this);
  return decl_;
}

/// One thing said twice is an error; the first stands.
bool DeclBuilder::stated_twice(bool before, std::string_view what, Span place) {
  if (before) report(Code::stated_twice, place, std::string(what) + " is stated twice here");
  return before;
}

void DeclBuilder::set_title(const antlr4::Token* token) {
  decl_.title = text(token);
  decl_.title_span = span_of(token);
}

void DeclBuilder::set_reference(P::RefContext* ctx) {
  decl_.value = reference(ctx);
  std::vector<ast::Ident> parts = {ident(ctx->name())};
  for (P::SuffixContext* suffix : ctx->suffix()) {
    auto* member = dynamic_cast<P::MemberSuffixContext*>(suffix);
    if (member == nullptr) break;
    parts.push_back(ident(member->word()));
  }
  decl_.path = {arena_.copy(parts), join(parts.front().span, parts.back().span)};
}

// ------------------------------------------------------------------------------------------------ properties
Slice<ast::Property> DeclBuilder::properties(P::PropsContext* ctx) {
  std::vector<ast::Property> list;
  if (ctx != nullptr) {
    for (P::PropertyContext* item : ctx->property()) add_property(item, &list);
  }
  return arena_.copy(list);
}

void DeclBuilder::add_property(P::PropertyContext* ctx, std::vector<ast::Property>* list) {
  ast::Property made = property(ctx);
  bool before = false;
  for (const ast::Property& other : *list) before = before || other.word.name == made.word.name;
  if (!stated_twice(before, "`" + std::string(made.word.name.text()) + "`", made.word.span)) list->push_back(made);
}

ast::Property DeclBuilder::property(P::PropertyContext* ctx) {
  std::vector<ast::PropertyValue> values;
  for (P::PropertyValueContext* value : ctx->propertyValue()) values.push_back(property_value(value));
  return {ident(ctx->propertyWord()), arena_.copy(values), span(ctx)};
}

ast::PropertyValue DeclBuilder::property_value(P::PropertyValueContext* ctx) {
  ast::PropertyValue out;
  out.span = span(ctx);
  if (auto* quoted = dynamic_cast<P::TextValueContext*>(ctx)) {
    out.literal = token_literal(quoted->STRING());
  } else if (auto* number = dynamic_cast<P::AmountValueContext*>(ctx)) {
    out.literal = amount(number->amount());
  } else if (auto* date = dynamic_cast<P::DateValueContext*>(ctx)) {
    out.literal = token_literal(date->DATE());
  } else if (auto* word = dynamic_cast<P::WordValueContext*>(ctx)) {
    out.word = ident(word->name(0));
    out.per = ident_or_none(word->name(1));
  } else if (auto* call = dynamic_cast<P::CallValueContext*>(ctx)) {
    out.word = ident(call->name(0));
    out.call = ident(call->name(1));
  }
  return out;
}

Slice<ast::Param> DeclBuilder::params(P::ParamsContext* ctx) {
  std::vector<ast::Param> list;
  if (ctx == nullptr) return {};
  for (P::ParamContext* param : ctx->param()) {
    ast::Param out;
    out.name = ident(param->name());
    if (param->type() != nullptr) out.type = arena_.make(type(param->type()));
    if (param->expr() != nullptr) out.fallback = expr(param->expr());
    out.span = span(param);
    list.push_back(out);
  }
  return arena_.copy(list);
}

// ----------------------------------------------------------------------------------- modules, time, data, sets
antlrcpp::Any DeclBuilder::visitModuleDecl(P::ModuleDeclContext* ctx) {
  decl_.kind = DeclKind::kModule;
  decl_.path = path(ctx->path());
  decl_.name = decl_.path.parts.back();
  decl_.params = params(ctx->params());
  decl_.properties = properties(ctx->props());
  return {};
}

antlrcpp::Any DeclBuilder::visitImportDecl(P::ImportDeclContext* ctx) {
  decl_.kind = DeclKind::kImport;
  decl_.path = path(ctx->path());
  decl_.args = arguments(ctx);
  decl_.alias = ident_or_none(ctx->name());
  decl_.name = decl_.alias.name.empty() ? decl_.path.parts.back() : decl_.alias;
  return {};
}

antlrcpp::Any DeclBuilder::visitCalendarDecl(P::CalendarDeclContext* ctx) {
  decl_.kind = DeclKind::kCalendar;
  ast::CalendarDecl out;
  for (P::CalendarItemContext* item : ctx->calendarItem()) {
    if (auto* zone = dynamic_cast<P::ZoneItemContext*>(item)) {
      if (!stated_twice(out.zone != nullptr, "the zone", span(item))) out.zone = token_literal(zone->STRING());
    } else if (auto* week = dynamic_cast<P::WeekItemContext*>(item)) {
      bool before = !out.week_start.name.empty();
      if (!stated_twice(before, "the week's start", span(item))) out.week_start = ident(week->name());
    } else if (auto* year = dynamic_cast<P::YearItemContext*>(item)) {
      bool before = !out.year_start.name.empty();
      if (!stated_twice(before, "the year's start", span(item))) out.year_start = ident(year->name());
    }
  }
  decl_.calendar = arena_.make(out);
  return {};
}

ast::Field DeclBuilder::field(P::FieldContext* ctx) {
  ast::Field out;
  if (ctx->role() != nullptr) {
    switch (ctx->role()->start->getType()) {
      case P::TIME:
        out.role = ast::FieldRole::kTime;
        break;
      case P::ENTITY:
        out.role = ast::FieldRole::kEntity;
        break;
      case P::ID:
        out.role = ast::FieldRole::kId;
        break;
      case P::ARRIVED:
        out.role = ast::FieldRole::kArrived;
        break;
      case P::EVENT:
        out.role = ast::FieldRole::kEvent;
        break;
      default:
        out.role = ast::FieldRole::kOrder;
        break;
    }
  }
  out.name = ident(ctx->name());
  out.type = type(ctx->type());
  if (ctx->STRING() != nullptr) {
    out.has_source = true;
    out.source = text(ctx->STRING()->getSymbol());
    out.source_span = span_of(ctx->STRING()->getSymbol());
  }
  out.properties = properties(ctx->props());
  out.doc = doc(ctx);
  out.span = span(ctx);
  return out;
}

antlrcpp::Any DeclBuilder::visitStreamDecl(P::StreamDeclContext* ctx) {
  decl_.kind = DeclKind::kStream;
  decl_.name = ident(ctx->name());
  ast::StreamDecl out;
  std::vector<ast::Field> fields;
  std::vector<ast::Property> list;
  for (P::StreamItemContext* item : ctx->streamItem()) {
    if (auto* column = dynamic_cast<P::StreamFieldContext*>(item)) {
      fields.push_back(field(column->field()));
    } else if (auto* late = dynamic_cast<P::StreamLatenessContext*>(item)) {
      if (!stated_twice(out.late != nullptr, "`late up to`", span(item))) out.late = quantity(late->quantity());
    } else if (auto* stated = dynamic_cast<P::StreamPropertyContext*>(item)) {
      add_property(stated->property(), &list);
    }
  }
  out.fields = arena_.copy(fields);
  decl_.stream = arena_.make(out);
  decl_.properties = arena_.copy(list);
  return {};
}

antlrcpp::Any DeclBuilder::visitTableDecl(P::TableDeclContext* ctx) {
  decl_.kind = DeclKind::kTable;
  std::vector<P::NameContext*> words = ctx->name();
  decl_.name = ident(words.front());
  ast::TableDecl out;
  std::vector<ast::Ident> keys;
  for (size_t i = 1; i < words.size(); ++i) keys.push_back(ident(words[i]));
  out.keys = arena_.copy(keys);
  std::vector<ast::Field> fields;
  std::vector<ast::Property> list;
  for (P::TableItemContext* item : ctx->tableItem()) {
    if (auto* column = dynamic_cast<P::TableFieldContext*>(item)) {
      fields.push_back(field(column->field()));
    } else if (auto* valid = dynamic_cast<P::TableValidityContext*>(item)) {
      if (stated_twice(!out.valid_from.name.empty(), "`valid from`", span(item))) continue;
      out.valid_from = ident(valid->name(0));
      out.valid_to = ident(valid->name(1));
      out.valid_span = span(item);
    } else if (auto* stated = dynamic_cast<P::TablePropertyContext*>(item)) {
      add_property(stated->property(), &list);
    }
  }
  out.fields = arena_.copy(fields);
  decl_.table = arena_.make(out);
  decl_.properties = arena_.copy(list);
  return {};
}

antlrcpp::Any DeclBuilder::visitEventDecl(P::EventDeclContext* ctx) {
  decl_.kind = DeclKind::kEvent;
  decl_.name = ident(ctx->name());
  decl_.value = expr(ctx->expr());
  decl_.properties = properties(ctx->props());
  return {};
}

antlrcpp::Any DeclBuilder::visitSegmentDecl(P::SegmentDeclContext* ctx) {
  decl_.kind = DeclKind::kSegment;
  decl_.name = ident(ctx->name());
  decl_.value = expr(ctx->expr());
  decl_.properties = properties(ctx->props());
  return {};
}

antlrcpp::Any DeclBuilder::visitMetricDecl(P::MetricDeclContext* ctx) {
  decl_.kind = DeclKind::kMetric;
  decl_.name = ident(ctx->name());
  ast::MetricDecl out;
  if (P::StatedTypeContext* stated = ctx->statedType()) {
    out.type = arena_.make(type(stated->type()));
    std::vector<ast::StatedPer> per;
    for (P::StatedPerContext* key : stated->statedPer()) per.push_back({key->FISCAL() != nullptr, ident(key->name())});
    out.per = arena_.copy(per);
  }
  out.value = expr(ctx->expr());
  out.by = breakdown(ctx->breakdown());
  decl_.metric = arena_.make(out);
  decl_.properties = properties(ctx->props());
  return {};
}

antlrcpp::Any DeclBuilder::visitDefDecl(P::DefDeclContext* ctx) {
  decl_.kind = DeclKind::kDef;
  decl_.name = ident(ctx->name());
  decl_.params = params(ctx->params());
  decl_.value = expr(ctx->expr());
  decl_.properties = properties(ctx->props());
  return {};
}

antlrcpp::Any DeclBuilder::visitUnitDecl(P::UnitDeclContext* ctx) {
  decl_.kind = DeclKind::kUnit;
  decl_.name = ident(ctx->name());
  if (ctx->quantity() != nullptr) decl_.factor = quantity(ctx->quantity());
  decl_.properties = properties(ctx->props());
  return {};
}

// -------------------------------------------------------------------------------------------------- sequences
antlrcpp::Any DeclBuilder::visitSessionDecl(P::SessionDeclContext* ctx) {
  decl_.kind = DeclKind::kSession;
  decl_.name = ident(ctx->name(0));
  decl_.value = expr(ctx->expr());
  ast::SessionDecl out;
  out.by = ident(ctx->name(1));
  for (P::SessionClauseContext* clause : ctx->sessionClause()) {
    if (auto* gap = dynamic_cast<P::GapClauseContext*>(clause)) {
      if (!stated_twice(out.gap != nullptr, "the gap", span(clause))) out.gap = quantity(gap->quantity());
    } else if (auto* length = dynamic_cast<P::LengthClauseContext*>(clause)) {
      bool before = out.max_length != nullptr;
      if (!stated_twice(before, "the length", span(clause))) out.max_length = quantity(length->quantity());
    } else if (auto* breaks = dynamic_cast<P::BreakClauseContext*>(clause)) {
      if (stated_twice(!out.break_on.empty(), "`break on`", span(clause))) continue;
      std::vector<ast::Path> paths;
      for (P::PathContext* on : breaks->path()) paths.push_back(path(on));
      out.break_on = arena_.copy(paths);
    }
  }
  std::vector<ast::SessionField> fields;
  std::vector<ast::Property> list;
  for (P::SessionItemContext* item : ctx->sessionItem()) {
    if (auto* column = dynamic_cast<P::SessionFieldContext*>(item)) {
      ast::SessionField made{ident(column->name()), expr(column->expr()), properties(column->props())};
      made.doc = doc(item);
      made.span = span(item);
      fields.push_back(made);
    } else if (auto* stated = dynamic_cast<P::SessionPropertyContext*>(item)) {
      add_property(stated->property(), &list);
    }
  }
  out.fields = arena_.copy(fields);
  decl_.session = arena_.make(out);
  decl_.properties = arena_.copy(list);
  return {};
}

antlrcpp::Any DeclBuilder::visitFunnelDecl(P::FunnelDeclContext* ctx) {
  decl_.kind = DeclKind::kFunnel;
  decl_.name = ident(ctx->name(0));
  ast::FunnelDecl out;
  out.by = ident(ctx->name(1));
  out.within = quantity(ctx->quantity());
  if (P::CountingContext* counting = ctx->counting()) {
    out.counting.kind = counting->ENTITIES() != nullptr   ? ast::CountingKind::kEntities
                        : counting->ATTEMPTS() != nullptr ? ast::CountingKind::kAttempts
                                                          : ast::CountingKind::kPer;
    out.counting.per = ident_or_none(counting->name());
    out.counting.including_pending = counting->PENDING() != nullptr;
  }
  std::vector<ast::FunnelItem> items;
  std::vector<ast::Property> list;
  for (P::FunnelItemContext* item : ctx->funnelItem()) {
    auto* stated = dynamic_cast<P::FunnelPropertyContext*>(item);
    if (stated != nullptr) {
      add_property(stated->property(), &list);
    } else {
      items.push_back(funnel_item(item));
    }
  }
  out.items = arena_.copy(items);
  decl_.funnel = arena_.make(out);
  decl_.properties = arena_.copy(list);
  return {};
}

ast::FunnelItem DeclBuilder::funnel_item(P::FunnelItemContext* ctx) {
  ast::FunnelItem out;
  out.doc = doc(ctx);
  out.span = span(ctx);
  if (auto* step = dynamic_cast<P::StepItemContext*>(ctx)) {
    out.optional = step->OPTIONAL() != nullptr;
    out.name = ident(step->name());
    out.event = expr(step->expr());
  } else if (auto* without = dynamic_cast<P::WithoutItemContext*>(ctx)) {
    out.kind = ast::FunnelItemKind::kWithout;
    out.event = event_term(without->eventTerm());
    out.from = ident(without->name(0));
    out.to = ident(without->name(1));
  } else if (auto* strict = dynamic_cast<P::StrictItemContext*>(ctx)) {
    out.kind = ast::FunnelItemKind::kStrict;
    if (strict->expr() != nullptr) out.event = expr(strict->expr());
  } else if (auto* hold = dynamic_cast<P::HoldItemContext*>(ctx)) {
    out.kind = ast::FunnelItemKind::kHold;
    std::vector<ast::Path> fields;
    for (P::PathContext* field : hold->path()) fields.push_back(path(field));
    out.fields = arena_.copy(fields);
  } else if (auto* grace = dynamic_cast<P::GraceItemContext*>(ctx)) {
    out.kind = ast::FunnelItemKind::kGrace;
    out.duration = quantity(grace->quantity());
  }
  return out;
}

antlrcpp::Any DeclBuilder::visitRetentionDecl(P::RetentionDeclContext* ctx) {
  decl_.kind = DeclKind::kRetention;
  decl_.name = ident(ctx->name(0));
  ast::RetentionDecl out;
  out.by = ident(ctx->name(1));
  set_origin(ctx->origin(), &out);
  out.per = grain(ctx->grain());
  out.returning = expr(ctx->expr());
  if (ctx->criterion() != nullptr) set_criterion(ctx->criterion(), &out);
  decl_.retention = arena_.make(out);
  decl_.properties = properties(ctx->props());
  return {};
}

void DeclBuilder::set_origin(P::OriginContext* ctx, ast::RetentionDecl* out) {
  if (auto* first = dynamic_cast<P::FirstOriginContext*>(ctx)) {
    out->origin_kind = ast::OriginKind::kFirst;
    out->origin = expr(first->expr());
  } else if (auto* every = dynamic_cast<P::EveryOriginContext*>(ctx)) {
    out->origin_kind = ast::OriginKind::kEvery;
    out->origin = event_term(every->eventTerm());
  } else {
    out->origin = event_term(static_cast<P::PlainOriginContext*>(ctx)->eventTerm());
  }
}

void DeclBuilder::set_criterion(P::CriterionContext* ctx, ast::RetentionDecl* out) {
  std::vector<antlr4::tree::TerminalNode*> numbers;
  P::GrainContext* unit = nullptr;
  if (auto* on = dynamic_cast<P::OnCriterionContext*>(ctx)) {
    out->criterion = ast::CriterionKind::kOn;
    unit = on->grain();
    numbers = on->NUMBER();
  } else if (auto* after = dynamic_cast<P::AfterCriterionContext*>(ctx)) {
    out->criterion = ast::CriterionKind::kOnOrAfter;
    unit = after->grain();
    numbers = after->NUMBER();
  } else if (auto* range = dynamic_cast<P::RangeCriterionContext*>(ctx)) {
    out->criterion = ast::CriterionKind::kRange;
    unit = range->grain();
    numbers = range->NUMBER();
  } else if (auto* streak = dynamic_cast<P::StreakCriterionContext*>(ctx)) {
    out->criterion = ast::CriterionKind::kStreak;
    numbers = {streak->NUMBER()};
  }
  std::vector<const ast::Literal*> literals;
  for (antlr4::tree::TerminalNode* number : numbers) literals.push_back(token_literal(number));
  out->numbers = arena_.copy(literals);
  if (unit != nullptr) out->criterion_unit = grain(unit);
}

antlrcpp::Any DeclBuilder::visitLifecycleDecl(P::LifecycleDeclContext* ctx) {
  decl_.kind = DeclKind::kLifecycle;
  decl_.name = ident(ctx->name(0));
  decl_.value = event_term(ctx->eventTerm());
  ast::LifecycleDecl out;
  out.by = ident(ctx->name(1));
  out.per = grain(ctx->grain());
  if (ctx->quantity() != nullptr) out.lookback = quantity(ctx->quantity());
  decl_.lifecycle = arena_.make(out);
  decl_.properties = properties(ctx->props());
  return {};
}

// ------------------------------------------------------------------------------------------ what is aimed for
antlrcpp::Any DeclBuilder::visitTreeDecl(P::TreeDeclContext* ctx) {
  decl_.kind = DeclKind::kTree;
  decl_.name = ident(ctx->name());
  if (ctx->STRING() != nullptr) set_title(ctx->STRING()->getSymbol());
  decl_.tree = tree_items(ctx->treeBody());
  return {};
}

Slice<ast::TreeItem> DeclBuilder::tree_items(P::TreeBodyContext* ctx) {
  std::vector<ast::TreeItem> items;
  if (ctx == nullptr) return {};
  for (P::TreeItemContext* item : ctx->treeItem()) items.push_back(tree_item(item));
  return arena_.copy(items);
}

ast::TreeItem DeclBuilder::tree_item(P::TreeItemContext* ctx) {
  ast::TreeItem out;
  out.doc = doc(ctx);
  out.span = span(ctx);
  if (auto* group = dynamic_cast<P::GroupItemContext*>(ctx)) {
    out.kind = ast::TreeItemKind::kGroup;
    out.title = token_literal(group->STRING());
    out.children = tree_items(group->treeBody());
    return out;
  }
  if (auto* levels = dynamic_cast<P::LevelsItemContext*>(ctx)) {
    out.kind = ast::TreeItemKind::kLevels;
    std::vector<const ast::Literal*> titles;
    for (antlr4::tree::TerminalNode* title : levels->STRING()) titles.push_back(token_literal(title));
    out.levels = arena_.copy(titles);
    return out;
  }
  auto* node = static_cast<P::NodeItemContext*>(ctx);
  if (node->nodeRole() != nullptr) {
    switch (node->nodeRole()->start->getType()) {
      case P::NORTH_STAR:
        out.role = ast::NodeRole::kNorthStar;
        break;
      case P::INPUT:
        out.role = ast::NodeRole::kInput;
        break;
      case P::OUTCOME:
        out.role = ast::NodeRole::kOutcome;
        break;
      case P::GUARDRAIL:
        out.role = ast::NodeRole::kGuardrail;
        break;
      default:
        out.role = ast::NodeRole::kLagging;
        break;
    }
  }
  out.metric = node_reference(node->nodeRef());
  if (node->STRING() != nullptr) out.title = token_literal(node->STRING());
  if (node->ref() != nullptr) out.leading_of = reference(node->ref());
  if (node->quantity() != nullptr) out.lag = quantity(node->quantity());
  out.children = tree_items(node->treeBody());
  return out;
}

antlrcpp::Any DeclBuilder::visitThresholdDecl(P::ThresholdDeclContext* ctx) {
  decl_.kind = DeclKind::kThreshold;
  set_reference(ctx->ref());
  std::vector<ast::ThresholdItem> items;
  for (P::ThresholdItemContext* item : ctx->thresholdItem()) {
    ast::ThresholdItem out{ident(item->name()), item->ABOVE() != nullptr, amount(item->amount())};
    if (item->quantity() != nullptr) out.lasting = quantity(item->quantity());
    out.span = span(item);
    items.push_back(out);
  }
  decl_.threshold = arena_.copy(items);
  return {};
}

antlrcpp::Any DeclBuilder::visitTargetDecl(P::TargetDeclContext* ctx) {
  decl_.kind = DeclKind::kTarget;
  set_reference(ctx->ref());
  std::vector<ast::TargetItem> items;
  for (P::TargetItemContext* item : ctx->targetItem()) {
    ast::TargetItem out;
    out.span = span(item);
    if (auto* baseline = dynamic_cast<P::BaselineItemContext*>(item)) {
      out.amount = amount(baseline->amount());
      out.date = token_literal(baseline->DATE());
    } else if (auto* reach = dynamic_cast<P::ReachItemContext*>(item)) {
      out.reach = true;
      out.amount = amount(reach->amount());
      out.date = token_literal(reach->DATE());
    }
    items.push_back(out);
  }
  decl_.target = arena_.copy(items);
  return {};
}

antlrcpp::Any DeclBuilder::visitObjectiveDecl(P::ObjectiveDeclContext* ctx) {
  decl_.kind = DeclKind::kObjective;
  set_title(ctx->STRING()->getSymbol());
  ast::ObjectiveDecl out;
  std::vector<antlr4::tree::TerminalNode*> dates = ctx->DATE();
  if (dates.size() > 1) out.from = token_literal(dates.front());
  out.by = token_literal(dates.back());
  std::vector<ast::ObjectiveItem> items;
  for (P::ObjectiveItemContext* item : ctx->objectiveItem()) {
    items.push_back({reference(item->ref()), amount(item->amount(0)), amount(item->amount(1)), span(item)});
  }
  out.items = arena_.copy(items);
  decl_.objective = arena_.make(out);
  return {};
}

antlrcpp::Any DeclBuilder::visitBenchmarkDecl(P::BenchmarkDeclContext* ctx) {
  decl_.kind = DeclKind::kBenchmark;
  set_reference(ctx->ref());
  ast::BenchmarkDecl out;
  std::vector<ast::BenchmarkFor> conditions;
  if (P::BenchmarkForContext* stated = ctx->benchmarkFor()) {
    std::vector<P::NameContext*> words = stated->name();
    for (size_t i = 0; i + 1 < words.size(); i += 2) conditions.push_back({ident(words[i]), ident(words[i + 1])});
  }
  out.conditions = arena_.copy(conditions);
  std::vector<ast::BenchmarkItem> items;
  for (P::BenchmarkItemContext* item : ctx->benchmarkItem()) {
    items.push_back({ident(item->name()), item->BELOW() != nullptr, amount(item->amount()), span(item)});
  }
  out.items = arena_.copy(items);
  decl_.benchmark = arena_.make(out);
  return {};
}

// ------------------------------------------------------------------------------------------------------ tests
antlrcpp::Any DeclBuilder::visitTestDecl(P::TestDeclContext* ctx) {
  decl_.kind = DeclKind::kTest;
  set_title(ctx->STRING()->getSymbol());
  std::vector<ast::TestItem> items;
  for (P::TestItemContext* item : ctx->testItem()) items.push_back(test_item(item));
  decl_.test = arena_.copy(items);
  return {};
}

ast::Moment DeclBuilder::moment(const antlr4::Token* token) {
  ast::Moment out;
  switch (token->getType()) {
    case P::DATE:
      out.kind = ast::MomentKind::kDate;
      break;
    case P::TIMESTAMP:
      out.kind = ast::MomentKind::kTimestamp;
      break;
    default:
      out.kind = ast::MomentKind::kMonth;
      break;
  }
  out.span = span_of(token);
  out.text = source_.text(out.span);
  check_date(token);
  return out;
}

ast::TestItem DeclBuilder::test_item(P::TestItemContext* ctx) {
  ast::TestItem out;
  out.span = span(ctx);
  if (auto* given = dynamic_cast<P::GivenItemContext*>(ctx)) {
    out.source = path(given->path());
    if (given->DATE() != nullptr) out.moment = moment(given->DATE()->getSymbol());
    if (given->TIMESTAMP() != nullptr) out.moment = moment(given->TIMESTAMP()->getSymbol());
    out.rows = rows(given->ROW());
  } else if (auto* table = dynamic_cast<P::ExpectTableItemContext*>(ctx)) {
    out.kind = ast::TestItemKind::kExpectTable;
    out.grain = grain(table->grain());
    out.by = breakdown(table->breakdown());
    std::vector<const ast::Expr*> values;
    for (P::ExprContext* value : table->expr()) values.push_back(expr(value));
    out.values = arena_.copy(values);
    out.rows = rows(table->ROW());
  } else if (auto* expected = dynamic_cast<P::ExpectItemContext*>(ctx)) {
    set_expectation(expected, &out);
  }
  return out;
}

/// `expect x == 5` and `expect x on 2026-01 == 5` have one shape: value, comparison, expected.
void DeclBuilder::set_expectation(P::ExpectItemContext* ctx, ast::TestItem* out) {
  out->kind = ast::TestItemKind::kExpect;
  out->value = expr(ctx->expr());
  P::UndefinedContext* undefined = nullptr;
  P::ComparisonContext* comparison = nullptr;
  const bool compares = out->value->kind >= ast::ExprKind::kEqual && out->value->kind <= ast::ExprKind::kGreaterEqual;
  if (auto* on = dynamic_cast<P::MomentExpectationContext*>(ctx->expectation())) {
    out->moment = moment(on->moment()->start);
    comparison = on->comparison();
    undefined = on->undefined();
  } else if (auto* whole = dynamic_cast<P::WholeExpectationContext*>(ctx->expectation())) {
    undefined = whole->undefined();
  } else if (compares) {
    out->compare = out->value->kind;
    out->expected = out->value->b;
    out->value = out->value->a;
  }
  if (undefined != nullptr) {
    out->kind = ast::TestItemKind::kExpectUndefined;
    out->name = ident_or_none(undefined->name());
  }
  if (comparison != nullptr) {
    out->compare = comparison_kind(comparison->start->getType());
    out->expected = expr(comparison->expr());
  }
  if (out->expected != nullptr) out->amount = plain_amount(out->expected);
}

/// The amount that an expression spells (`-15 min per user`, `5 USD / user`); null if it is more than one.
const ast::Literal* DeclBuilder::plain_amount(const ast::Expr* value) {
  bool negative = value->kind == ast::ExprKind::kNegate;
  const ast::Expr* whole = negative ? value->a : value;
  const ast::Expr* base = whole;
  ast::Ident per;
  if (whole->kind == ast::ExprKind::kPer && whole->grain->path.parts.size() == 1 && !whole->grain->fiscal) {
    base = whole->a;
    per = whole->grain->path.parts[0];
  } else if (whole->kind == ast::ExprKind::kDivide && whole->b->kind == ast::ExprKind::kName) {
    base = whole->a;
    per = whole->b->name;
  }
  if (base->kind == ast::ExprKind::kNegate && !negative) {
    negative = true;
    base = base->a;
  }
  if (base->kind != ast::ExprKind::kLiteral) return nullptr;
  ast::Literal out = *base->literal;
  bool numeric = out.kind == ast::LiteralKind::kNumber || out.kind == ast::LiteralKind::kQuantity ||
                 out.kind == ast::LiteralKind::kPercent;
  if (!numeric && (negative || !per.name.empty())) return nullptr;
  out.negative = negative;
  out.per_unit = per;
  out.span = value->span;
  return arena_.make(out);
}

Slice<ast::RowLine> DeclBuilder::rows(const std::vector<antlr4::tree::TerminalNode*>& nodes) {
  std::vector<ast::RowLine> lines;
  for (antlr4::tree::TerminalNode* node : nodes) {
    Span place = span_of(node->getSymbol());
    std::string_view written = source_.text(place);
    std::vector<ast::RowCell> cells;
    for (Span cell : split_row(written)) {
      std::string_view raw = written.substr(cell.begin, cell.end - cell.begin);
      bool plain = raw.find('\\') == std::string_view::npos;
      cells.push_back(
          {plain ? raw : arena_.copy_text(unescape_cell(raw)), {place.begin + cell.begin, place.begin + cell.end}});
    }
    if (!lines.empty() && cells.size() != lines.front().cells.size()) {
      Diagnostic& d = report(Code::ragged_table_row, place,
                             "this row has " + std::to_string(cells.size()) + " cells, its header has " +
                                 std::to_string(lines.front().cells.size()));
      d.labels.push_back({lines.front().span, "the header"});
      continue;
    }
    lines.push_back({arena_.copy(cells), place});
  }
  return arena_.copy(lines);
}

}  // namespace alidade
