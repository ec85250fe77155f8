// Expansion: a declaration's formulas with uses of defs replaced by their bodies, parameters by what they were given,
// and `module.name` by the name. It comes before the rules, which know nothing of all that. Names keep who they belong
// to, so a body means what it meant where it was written. An expanded body has spans of its own: see Expansion.
#include <fmt/format.h>

#include <algorithm>

#include "compiler/sema/analyser.h"

namespace alidade {
namespace {

constexpr int kMaxExpandedNodes = 200'000;  ///< of one declaration, shared parts counted each time

Span shifted(Span span, uint32_t shift) { return {span.begin + shift, span.end + shift}; }

bool takes_names(const ast::Param& param) {
  if (param.type == nullptr) return false;
  std::string_view kind = param.type->name.name.text();
  return kind == "entity" || kind == "field";
}

/// user.channel as the names it is made of; empty for anything else.
std::vector<ast::Ident> names_in(const ast::Expr& expr) {
  const ast::Expr& inner = bare(expr);
  if (inner.kind == ast::ExprKind::kName) return {inner.name};
  if (inner.kind != ast::ExprKind::kMember) return {};
  std::vector<ast::Ident> names = names_in(*inner.a);
  if (!names.empty()) names.push_back(inner.name);
  return names;
}

}  // namespace

const Expansion* Analyser::expansion_at(Span span) const {
  auto next = std::upper_bound(expansions_.begin(), expansions_.end(), span.begin,
                               [](uint32_t at, const Expansion& one) { return at < one.begin; });
  return next == expansions_.begin() ? nullptr : &*(next - 1);
}

/// How far the spans of a def's body are moved for this use of it.
std::optional<uint32_t> Analyser::open_expansion(const ast::Decl& def, Span use) {
  const uint32_t length = def.span.end - def.span.begin + 1;
  if (next_expansion_ > UINT32_MAX - length) return std::nullopt;
  expansions_.push_back({next_expansion_, def.span, use, def.name.name.text()});
  next_expansion_ += length;
  return expansions_.back().begin - def.span.begin;
}

const Binding* Analyser::bound(const ast::Ident& name, const ExpandScope& scope) const {
  auto in = [&](const std::vector<Binding>& bindings) -> const Binding* {
    auto at = std::find_if(bindings.begin(), bindings.end(),
                           [&](const Binding& one) { return one.param->name.name == name.name; });
    return at == bindings.end() ? nullptr : &*at;
  };
  const Binding* own = scope.bindings == nullptr ? nullptr : in(*scope.bindings);
  return own != nullptr ? own : in(modules_[static_cast<size_t>(scope.module)].bindings);
}

const ast::Decl* Analyser::expanded(const ast::Decl& decl) {
  if (!expands_) return &decl;
  expanded_nodes_ = expand_depth_ = deepest_ = 0;
  const ExpandScope scope{module_, nullptr, 0};
  ast::Decl copy = decl;
  if (decl.value != nullptr) copy.value = expand(*decl.value, scope);
  if (decl.value != nullptr && copy.value == nullptr) return nullptr;
  if (decl.metric != nullptr) {
    ast::MetricDecl metric = *decl.metric;
    metric.value = expand(*metric.value, scope);
    if (metric.value == nullptr) return nullptr;
    if (metric.by != nullptr) {
      ast::Breakdown by = *metric.by;
      std::vector<ast::Path> paths;
      for (const ast::Path& path : by.dimensions) paths.push_back(expand_path(path, scope));
      by.dimensions = arena_.copy(paths);
      metric.by = arena_.make(by);
    }
    std::vector<ast::StatedPer> per;
    for (ast::StatedPer word : metric.per) {
      word.name = expand_path({{&word.name, 1}, word.name.span}, scope).parts.back();
      per.push_back(word);
    }
    metric.per = arena_.copy(per);
    copy.metric = arena_.make(metric);
  }
  return expand_items(copy, scope) ? arena_.make(copy) : nullptr;
}

/// The formulas of a test.
bool Analyser::expand_items(ast::Decl& decl, const ExpandScope& scope) {
  std::vector<ast::TestItem> items;
  bool sound = true;
  for (ast::TestItem item : decl.test) {
    for (const ast::Expr** expr : {&item.value, &item.expected}) {
      if (*expr == nullptr) continue;
      *expr = expand(**expr, scope);
      sound = sound && *expr != nullptr;
    }
    std::vector<const ast::Expr*> values;
    for (const ast::Expr* value : item.values) {
      values.push_back(expand(*value, scope));
      sound = sound && values.back() != nullptr;
    }
    item.values = arena_.copy(values);
    items.push_back(item);
  }
  decl.test = arena_.copy(items);
  return sound;
}

const ast::Expr* Analyser::expand(const ast::Expr& expr, const ExpandScope& scope) {
  if (++expanded_nodes_ > kMaxExpandedNodes || ++expand_depth_ > kMaxDepth) {
    return too_large(shifted(expr.span, scope.shift));
  }
  deepest_ = std::max(deepest_, expand_depth_);
  const ast::Expr* result = nullptr;
  bool sound = true;
  if (expr.kind == ast::ExprKind::kName) {
    result = expand_name(expr, scope);
  } else if (expr.kind == ast::ExprKind::kMember) {
    result = expand_member(expr, scope);
  } else {
    Symbol* callee = expr.kind == ast::ExprKind::kCall ? through_modules(*expr.a, scope, &sound) : nullptr;
    if (callee != nullptr && callee->kind == SymbolKind::kDef) {
      result = expand_call(expr, *callee, scope);
    } else if (callee != nullptr && expr.a->kind == ast::ExprKind::kMember) {
      error(Code::wrong_kind_of_name, shifted(expr.a->span, scope.shift),
            fmt::format("`{}` is no function", written(expr.a->span)), "use it without parentheses");
    } else if (sound) {
      result = expand_parts(expr, scope);
    }
  }
  --expand_depth_;
  return result;
}

const ast::Expr* Analyser::too_large(Span use) {
  error(Code::expansion_too_large, use, "with the definitions it uses put in, this formula grows beyond every measure",
        "let its parts be metrics: those are computed once");
  return nullptr;
}

const ast::Expr* Analyser::expand_name(const ast::Expr& expr, const ExpandScope& scope) {
  if (const Binding* binding = bound(expr.name, scope)) {
    expanded_nodes_ += binding->nodes;
    deepest_ = std::max(deepest_, expand_depth_ + binding->depth);
    if (expanded_nodes_ <= kMaxExpandedNodes && deepest_ <= kMaxDepth) return binding->value;
    return too_large(shifted(expr.span, scope.shift));
  }
  return expand_parts(expr, scope);
}

Symbol* Analyser::through_modules(const ast::Expr& expr, const ExpandScope& scope, bool* sound) {
  if (expr.kind == ast::ExprKind::kName) {
    return bound(expr.name, scope) == nullptr ? find(name_in(scope.module, expr.name)) : nullptr;
  }
  if (expr.kind != ast::ExprKind::kMember) return nullptr;
  Symbol* module = through_modules(*expr.a, scope, sound);
  if (module == nullptr || module->kind != SymbolKind::kModule) return nullptr;
  ast::Ident name = expr.name;
  name.span = shifted(name.span, scope.shift);
  Symbol* found = member(*module, name);
  *sound = found != nullptr;
  return found;
}

/// `revenue.arpu` of a module, or a field: `purchase.amount`, which a parameter may name.
const ast::Expr* Analyser::expand_member(const ast::Expr& expr, const ExpandScope& scope) {
  bool sound = true;
  if (Symbol* symbol = through_modules(expr, scope, &sound)) {
    ast::Expr name;
    name.kind = ast::ExprKind::kName;
    name.span = shifted(expr.span, scope.shift);
    name.name = {symbol->name, name.span};
    return arena_.make(name);
  }
  if (!sound) return nullptr;
  const ast::Expr* copy = expand_parts(expr, scope);
  const Binding* binding = copy == nullptr ? nullptr : bound(expr.name, scope);
  if (binding == nullptr || !takes_names(*binding->param)) return copy;
  const ast::Expr* field = copy->a;
  for (const ast::Ident& name : names_in(*binding->value)) {
    ast::Expr of = *copy;
    of.a = field;
    of.name = name;
    field = arena_.make(of);
  }
  return field;
}

const ast::Expr* Analyser::expand_call(const ast::Expr& expr, Symbol& def, const ExpandScope& scope) {
  if (!resolve(def) || modules_[static_cast<size_t>(def.module)].open) return nullptr;
  std::vector<Binding> bindings;
  const Span use = shifted(expr.span, scope.shift);
  ExpandScope inside{def.module, &bindings, 0};
  if (!match_arguments(*def.decl, inside, expr.args, scope, use, bindings)) return nullptr;
  std::optional<uint32_t> shift = open_expansion(*def.decl, use);
  if (!shift) return too_large(use);
  inside.shift = *shift;
  ast::Expr whole;
  whole.kind = ast::ExprKind::kParen;
  whole.span = whole.op = use;
  whole.a = expand(*def.decl->value, inside);
  return whole.a == nullptr ? nullptr : arena_.make(whole);
}

/// A path whose only word may be a parameter: `per who`, `by who`.
ast::Path Analyser::expand_path(const ast::Path& path, const ExpandScope& scope) {
  const Binding* binding = path.parts.size() == 1 ? bound(path.parts.front(), scope) : nullptr;
  std::vector<ast::Ident> names;
  if (binding != nullptr) names = names_in(*binding->value);
  if (names.empty()) {
    names.assign(path.parts.begin(), path.parts.end());
    for (ast::Ident& name : names) name.span = shifted(name.span, scope.shift);
  }
  return {arena_.copy(names), shifted(path.span, scope.shift)};
}

const ast::Literal* Analyser::expand_literal(const ast::Literal* literal, const ExpandScope& scope) {
  if (literal == nullptr) return nullptr;
  ast::Literal copy = *literal;
  for (Span* span : {&copy.span, &copy.unit.span, &copy.multiple.span, &copy.per_unit.span}) {
    *span = shifted(*span, scope.shift);
  }
  return arena_.make(copy);
}

const ast::Window* Analyser::expand_window(const ast::Window& window, const ExpandScope& scope) {
  ast::Window copy = window;
  copy.span = shifted(window.span, scope.shift);
  copy.parameter.span = shifted(window.parameter.span, scope.shift);
  copy.length = expand_literal(window.length, scope);
  copy.unit = expand_path(window.unit, scope);
  const Binding* binding = window.parameter.name.empty() ? nullptr : bound(window.parameter, scope);
  if (binding != nullptr) {
    const ast::Expr& length = bare(*binding->value);
    if (length.kind != ast::ExprKind::kLiteral) {
      error(Code::argument_kind, copy.span, fmt::format("`{}` is a window's length here", window.parameter.name.text()),
            "give it a length, as in `7 days`")
          .labels.push_back({binding->value->span, "this is given"});
      return nullptr;
    }
    copy.length = length.literal;
    copy.parameter = {};
  }
  return arena_.make(copy);
}

bool Analyser::expand_arguments(ast::Expr& copy, const ExpandScope& scope) {
  std::vector<ast::Arg> args;
  for (ast::Arg argument : copy.args) {
    argument.span = shifted(argument.span, scope.shift);
    for (const ast::Expr** value : {&argument.value, &argument.other}) {
      if (*value == nullptr) continue;
      *value = expand(**value, scope);
      if (*value == nullptr) return false;
    }
    args.push_back(argument);
  }
  copy.args = arena_.copy(args);
  std::vector<const ast::Expr*> items;
  for (const ast::Expr* item : copy.items) {
    items.push_back(expand(*item, scope));
    if (items.back() == nullptr) return false;
  }
  copy.items = arena_.copy(items);
  return true;
}

const ast::Expr* Analyser::expand_parts(const ast::Expr& expr, const ExpandScope& scope) {
  ast::Expr copy = expr;
  copy.span = shifted(expr.span, scope.shift);
  copy.op = shifted(expr.op, scope.shift);
  copy.name.span = shifted(expr.name.span, scope.shift);
  if (expr.kind == ast::ExprKind::kName) copy.name.name = name_in(scope.module, expr.name);
  bool built_in = expr.kind == ast::ExprKind::kCall && expr.a->kind == ast::ExprKind::kName;
  for (const ast::Expr** child : {&copy.a, &copy.b, &copy.c}) {
    if (*child == nullptr) continue;
    *child = built_in && child == &copy.a ? expand_parts(**child, scope) : expand(**child, scope);
    if (*child == nullptr) return nullptr;
  }
  if (!expand_arguments(copy, scope)) return nullptr;
  copy.literal = expand_literal(copy.literal, scope);
  if (copy.window != nullptr) {
    copy.window = expand_window(*copy.window, scope);
    if (copy.window == nullptr) return nullptr;
  }
  if (copy.offset != nullptr) {
    ast::Offset offset = *copy.offset;
    offset.distance = expand_literal(offset.distance, scope);
    offset.same = expand_path(offset.same, scope);
    offset.last = expand_path(offset.last, scope);
    offset.span = shifted(offset.span, scope.shift);
    copy.offset = arena_.make(offset);
  }
  if (copy.grain != nullptr) {
    ast::Grain grain = *copy.grain;
    grain.path = expand_path(grain.path, scope);
    grain.span = shifted(grain.span, scope.shift);
    copy.grain = arena_.make(grain);
  }
  return arena_.make(copy);
}

}  // namespace alidade
