// Definitions and modules with parameters: what can be said of them where they are written. Their bodies are typed at
// each use, see expand.cpp; what a use gives them is checked in arguments.cpp.
#include <fmt/format.h>

#include <algorithm>

#include "compiler/sema/analyser.h"

namespace alidade {
namespace {

/// Which of the names in a body are known without an argument, and which parameters it uses.
class NamesUsed {
 public:
  NamesUsed(const Slice<ast::Param>& params) : params_(params), used_(params.size(), false) {}
  bool is_parameter(const ast::Ident& name) {
    for (size_t i = 0; i < params_.size(); ++i) {
      if (params_[i].name.name != name.name) continue;
      used_[i] = true;
      return true;
    }
    return false;
  }
  bool used(size_t parameter) const { return used_[parameter]; }

 private:
  const Slice<ast::Param>& params_;
  std::vector<bool> used_;
};

using Unknown = std::vector<const ast::Expr*>;

void collect_names(const ast::Expr& expr, bool in_row, NamesUsed& used, const auto& known, Unknown& unknown);

/// `in_row`: after `where`, where a name may be a field of whatever stream an argument brings.
void collect_names(const ast::Expr& expr, bool in_row, NamesUsed& used, const auto& known, Unknown& unknown) {
  auto visit = [&](const ast::Expr* child, bool row) {
    if (child != nullptr) collect_names(*child, row, used, known, unknown);
  };
  if (expr.kind == ast::ExprKind::kName) {
    if (!used.is_parameter(expr.name) && !in_row && !known(expr.name.name)) unknown.push_back(&expr);
    return;
  }
  if (expr.kind == ast::ExprKind::kMember) used.is_parameter(expr.name);
  if (expr.window != nullptr && !expr.window->parameter.name.empty()) used.is_parameter(expr.window->parameter);
  if (expr.grain != nullptr && expr.grain->path.parts.size() == 1) used.is_parameter(expr.grain->path.parts.front());
  bool filters = expr.kind == ast::ExprKind::kWhere || expr.kind == ast::ExprKind::kWith;
  bool call = expr.kind == ast::ExprKind::kCall && expr.a->kind == ast::ExprKind::kName;
  if (!call) visit(expr.a, in_row);
  if (call && !is_function(expr.a->name.name.text()) && !known(expr.a->name.name)) unknown.push_back(expr.a);
  visit(expr.b, in_row || filters);
  visit(expr.c, in_row);
  for (const ast::Arg& argument : expr.args) {
    // An argument of a def may be the name of a field or an entity.
    bool function = call && is_function(expr.a->name.name.text());
    // One with a name, of a function, says how and not of what: a currency, a word.
    visit(argument.value, in_row || !function || argument.kind == ast::ArgKind::kNamed);
    visit(argument.other, in_row);
  }
  for (const ast::Expr* item : expr.items) visit(item, in_row);
}

/// Parameters that the default of another uses.
void collect_defaults(const Slice<ast::Param>& params, NamesUsed& used) {
  Unknown ignored;
  for (const ast::Param& param : params) {
    if (param.fallback != nullptr) collect_names(*param.fallback, true, used, [](Name) { return true; }, ignored);
  }
}

}  // namespace

/// Names that nothing declares, parameters that nothing uses, and defs that lead back to this one.
bool Analyser::check_definition(const Symbol& symbol) {
  const ast::Decl& decl = *symbol.decl;
  check_properties(decl.properties, nullptr);
  if (!check_parameters(decl.params)) return false;
  bool sound = true;
  if (is_function(decl.name.name.text())) {
    error(Code::duplicate_name, decl.name.span,
          fmt::format("`{}` is a function of the language", decl.name.name.text()), "choose another name");
    return false;
  }
  NamesUsed used(decl.params);
  Unknown names;
  const ModuleUse& module = modules_[static_cast<size_t>(symbol.module)];
  auto known = [&](Name name) {
    Symbol* found = find(name_in(symbol.module, {name, {}}));
    if (found != nullptr && found->kind == SymbolKind::kDef && !resolve(*found)) sound = false;
    bool given =
        module.header != nullptr && std::any_of(module.header->params.begin(), module.header->params.end(),
                                                [&](const ast::Param& param) { return param.name.name == name; });
    return found != nullptr || given;
  };
  collect_names(*decl.value, false, used, known, names);
  collect_defaults(decl.params, used);
  const std::string here = fmt::format("`{}`", decl.name.name.text());
  report_names(names, decl.params, here);
  for (size_t i = 0; i < decl.params.size(); ++i) {
    const ast::Ident& name = decl.params[i].name;
    if (!used.used(i)) {
      error(Code::unused_parameter, name.span,
            fmt::format("{} does not use its parameter `{}`", here, name.name.text()), "leave it out");
    } else if (const Symbol* same = find(name_in(symbol.module, name))) {
      error(
          Code::hidden_name, name.span,
          fmt::format("inside this definition `{}` is the parameter, not {}", name.name.text(), kind_words(same->kind)),
          "rename the parameter")
          .labels.push_back({same->decl->name.span, "hidden"});
    }
  }
  return sound && names.empty();
}

void Analyser::report_names(const std::vector<const ast::Expr*>& names, const Slice<ast::Param>& params,
                            const std::string& where) {
  std::vector<std::string_view> candidates = names_of({SymbolKind::kStream, SymbolKind::kTable, SymbolKind::kEvent,
                                                       SymbolKind::kSegment, SymbolKind::kMetric, SymbolKind::kDef});
  for (const ast::Param& param : params) candidates.push_back(param.name.name.text());
  for (const ast::Expr* name : names) {
    unknown(Code::unknown_name, name->name,
            fmt::format("`{}` is neither declared nor a parameter of {}", name->name.name.text(), where), candidates,
            "");
  }
}

/// A module whose parameters nothing gives: names and parameters only; its metrics are typed where it is imported.
void Analyser::check_open_module(int module) {
  module_ = module;
  const Slice<ast::Param>& params = modules_[static_cast<size_t>(module)].header->params;
  check_parameters(params);
  NamesUsed used(params);
  Unknown names;
  auto known = [&](Name name) { return find(name) != nullptr; };
  for (const ast::Decl& decl : file_in(module).decls) {
    if (decl.kind == ast::DeclKind::kTest) {
      error(Code::not_in_open_module, decl.keyword, "a module with parameters has no tests of its own",
            "test it where it is imported with streams that a test can give rows for");
    }
    // What a def names is checked with the def, and an argument may be the name of a field or an entity.
    const bool def = decl.kind == ast::DeclKind::kDef;
    Unknown elsewhere;
    if (decl.value != nullptr) collect_names(*decl.value, def, used, known, def ? elsewhere : names);
    for (const ast::Arg& argument : decl.args) collect_names(*argument.value, true, used, known, names);
    if (decl.metric == nullptr) continue;
    collect_names(*decl.metric->value, false, used, known, names);
    for (const ast::StatedPer& word : decl.metric->per) used.is_parameter(word.name);
    if (decl.metric->by == nullptr) continue;
    for (const ast::Path& path : decl.metric->by->dimensions) used.is_parameter(path.parts.front());
  }
  collect_defaults(params, used);
  report_names(names, params, "this module");
  for (size_t i = 0; i < params.size(); ++i) {
    const ast::Ident& name = params[i].name;
    if (!used.used(i)) {
      error(Code::unused_parameter, name.span, fmt::format("nothing uses the parameter `{}`", name.name.text()),
            "leave it out");
    }
    if (const Symbol* same = find(name.name)) {
      error(Code::duplicate_name, same->decl->name.span,
            fmt::format("`{}` is declared, and a parameter of the module", name.name.text()), "rename one of the two")
          .labels.push_back({name.span, "the parameter"});
    }
  }
}

}  // namespace alidade
