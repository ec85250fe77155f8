// Arguments of definitions and modules: what a parameter may say it takes, and which argument of a use it gets.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "compiler/sema/analyser.h"

namespace alidade {
namespace {

constexpr std::string_view kKinds[] = {"event",   "segment", "metric",   "entity", "field", "number",   "integer",
                                       "percent", "money",   "duration", "text",   "bool",  "timestamp"};

std::string_view kind_of(const ast::Param& param) {
  return param.type == nullptr ? std::string_view() : param.type->name.name.text();
}

/// "a metric", "an amount of money"; "an argument" without a kind.
std::string wanted(const ast::Param& param) {
  std::string_view kind = kind_of(param);
  if (kind.empty()) return "an argument";
  if (kind == "money") return "an amount of money";
  if (kind == "percent") return "a percentage";
  bool vowel = kind == "event" || kind == "entity" || kind == "integer";
  return fmt::format("{} {}", vowel ? "an" : "a", kind);
}

std::string_view example(std::string_view kind) {
  if (kind == "number") return "`0.5`";
  if (kind == "integer") return "`3`";
  if (kind == "percent") return "`5%`";
  if (kind == "money") return "`10 USD`";
  if (kind == "duration") return "`7 days`";
  if (kind == "text") return "`\"pro\"`";
  if (kind == "bool") return "`true`";
  return "`2026-01-31`";
}

/// Whether what is declared, or an expression by its form alone, can be an event, a segment or a metric.
bool is_kind(SymbolKind kind, std::string_view wanted) {
  if (wanted == "metric") return kind == SymbolKind::kMetric;
  if (kind == SymbolKind::kEvent || kind == SymbolKind::kTable) return true;
  return kind == (wanted == "event" ? SymbolKind::kStream : SymbolKind::kSegment);
}
bool is_form(ast::ExprKind kind, std::string_view wanted) {
  if (kind == ast::ExprKind::kLiteral) return false;
  bool arithmetic = kind >= ast::ExprKind::kNegate && kind <= ast::ExprKind::kSubtract;
  bool condition = kind >= ast::ExprKind::kEqual && kind <= ast::ExprKind::kIsNull;
  return wanted == "metric" || (!arithmetic && !condition);
}
bool is_path(const ast::Expr& expr) {
  return expr.kind == ast::ExprKind::kName || (expr.kind == ast::ExprKind::kMember && is_path(bare(*expr.a)));
}

}  // namespace

const char* kind_words(SymbolKind kind) {
  switch (kind) {
    case SymbolKind::kStream:
      return "a stream";
    case SymbolKind::kTable:
      return "a table";
    case SymbolKind::kEvent:
      return "an event";
    case SymbolKind::kSegment:
      return "a segment";
    case SymbolKind::kMetric:
      return "a metric";
    case SymbolKind::kDef:
      return "a definition with parameters";
    case SymbolKind::kUnit:
      return "a unit";
    case SymbolKind::kModule:
      return "a module";
    case SymbolKind::kLater:
      return "of another kind";
  }
  return "";
}

bool Analyser::check_parameters(const Slice<ast::Param>& params) {
  bool sound = true;
  for (size_t i = 0; i < params.size(); ++i) {
    const ast::Param& param = params[i];
    for (size_t k = 0; k < i; ++k) {
      if (params[k].name.name != param.name.name) continue;
      error(Code::duplicate_name, param.name.span, fmt::format("two parameters are named `{}`", param.name.name.text()),
            "rename one of the two")
          .labels.push_back({params[k].name.span, "the first"});
      sound = false;
    }
    std::string_view kind = kind_of(param);
    bool known = kind.empty() || std::find(std::begin(kKinds), std::end(kKinds), kind) != std::end(kKinds);
    if (!known) {
      unknown(Code::unknown_type, param.type->name, fmt::format("`{}` is nothing a parameter can be", kind),
              {std::begin(kKinds), std::end(kKinds)},
              fmt::format("a parameter is an {}; or leave its kind out", fmt::join(kKinds, ", ")));
      sound = false;
    } else if (!kind.empty() && (param.type->optional || (!param.type->args.empty() && !type_of(*param.type)))) {
      if (param.type->optional) {
        error(Code::type_argument, param.type->span, "an argument is never missing",
              "remove the `?`, or give the parameter a default: `(limit : number = 5)`");
      }
      sound = false;
    }
  }
  return sound;
}

/// Which argument each parameter gets; null where the default is to be taken.
bool Analyser::assign_arguments(const ast::Decl& callee, const Slice<ast::Arg>& args, uint32_t shift,
                                std::vector<const ast::Arg*>& given) {
  const Slice<ast::Param>& params = callee.params;
  bool named = false;
  auto wrong = [&](const ast::Arg& argument, std::string message, const char* help) -> Diagnostic& {
    const Span span{argument.span.begin + shift, argument.span.end + shift};
    return error(Code::wrong_arguments, span, std::move(message), help);
  };
  for (size_t i = 0; i < args.size(); ++i) {
    const ast::Arg& argument = args[i];
    size_t at = i;
    if (argument.kind == ast::ArgKind::kNamed) {
      named = true;
      for (at = 0; at < params.size() && params[at].name.name.text() != argument.name.name.text();) ++at;
      if (at == params.size()) return unknown_parameter(callee, argument.name, shift), false;
    } else if (argument.kind != ast::ArgKind::kPlain) {
      return wrong(argument, "`of` and `->` stand in the language's own functions only", ""), false;
    } else if (named) {
      return wrong(argument, "an argument without a name stands before those with one", "write its name: `name = …`"),
             false;
    } else if (at >= params.size()) {
      wrong(argument,
            fmt::format("`{}` takes {} argument{}", callee.name.name.text(), params.size(),
                        params.size() == 1 ? "" : "s"),
            "")
          .labels.push_back({callee.name.span, "declared here"});
      return false;
    }
    if (given[at] != nullptr) {
      return wrong(argument, fmt::format("`{}` is given twice", params[at].name.name.text()),
                   "leave one of the two out"),
             false;
    }
    given[at] = &argument;
  }
  return true;
}

void Analyser::unknown_parameter(const ast::Decl& callee, ast::Ident name, uint32_t shift) {
  std::vector<std::string_view> candidates;
  for (const ast::Param& param : callee.params) candidates.push_back(param.name.name.text());
  name.span = {name.span.begin + shift, name.span.end + shift};
  unknown(Code::unknown_argument, name,
          fmt::format("`{}` has no parameter `{}`", callee.name.name.text(), name.name.text()), candidates,
          candidates.empty() ? "" : fmt::format("its parameters are {}", fmt::join(candidates, ", ")));
}

bool Analyser::match_arguments(const ast::Decl& callee, const ExpandScope& inside, const Slice<ast::Arg>& args,
                               const ExpandScope& outside, Span place, std::vector<Binding>& bindings) {
  std::vector<const ast::Arg*> given(callee.params.size(), nullptr);
  if (!assign_arguments(callee, args, outside.shift, given)) return false;
  for (size_t i = 0; i < given.size(); ++i) {
    const ast::Param& param = callee.params[i];
    if (given[i] == nullptr && param.fallback == nullptr) {
      error(Code::wrong_arguments, place,
            fmt::format("`{}` needs its `{}`, {}", callee.name.name.text(), param.name.name.text(), wanted(param)))
          .labels.push_back({param.span, "declared here"});
      return false;
    }
    bool sound = given[i] != nullptr ? bind(callee, param, *given[i]->value, outside, bindings)
                                     : bind(callee, param, *param.fallback, inside, bindings);
    if (!sound) return false;
  }
  return true;
}

bool Analyser::bind(const ast::Decl& callee, const ast::Param& param, const ast::Expr& written,
                    const ExpandScope& scope, std::vector<Binding>& bindings) {
  Binding binding{&param};
  const int nodes = expanded_nodes_, deepest = std::exchange(deepest_, expand_depth_);
  binding.value = expand(written, scope);
  if (binding.value == nullptr) return false;
  binding.nodes = expanded_nodes_ - nodes;
  binding.depth = deepest_ - expand_depth_;
  deepest_ = deepest;
  if (!fits_parameter(callee, param, *binding.value)) return false;
  bindings.push_back(binding);
  return true;
}

bool Analyser::fits_parameter(const ast::Decl& callee, const ast::Param& param, const ast::Expr& value) {
  const std::string_view kind = kind_of(param);
  if (kind.empty()) return true;
  const ast::Expr& inner = bare(value);
  Symbol* symbol = inner.kind == ast::ExprKind::kName ? find(inner.name.name) : nullptr;
  if (symbol != nullptr && symbol->kind == SymbolKind::kLater) return resolve(*symbol);
  if (kind == "entity" && inner.kind == ast::ExprKind::kName) return is_entity(inner.name);
  const bool names = kind == "entity" || kind == "field";
  bool fits = false;
  std::string help;
  if (names) {
    fits = kind == "field" && is_path(inner);
  } else if (kind == "event" || kind == "segment" || kind == "metric") {
    fits = symbol != nullptr ? is_kind(symbol->kind, kind) : is_form(inner.kind, kind);
    if (kind == "metric") help = "compute something, as in `count(purchase)`";
  } else {
    fits = is_amount(param, value);
    help = fmt::format("write it out, as in {}", example(kind));
  }
  if (fits) return true;
  bool constant = inner.kind == ast::ExprKind::kLiteral;
  const char* found = symbol != nullptr && !names ? kind_words(symbol->kind) : constant ? "an amount" : "a formula";
  error(Code::argument_kind, value.span,
        fmt::format("`{}` of `{}` is {}, and this is {}", param.name.name.text(), callee.name.name.text(),
                    wanted(param), found),
        help)
      .labels.push_back({param.span, "declared here"});
  return false;
}

bool Analyser::is_entity(const ast::Ident& name) {
  std::vector<std::string_view> entities;
  for (const ModelSource& stream : model_.streams) {
    for (int field : stream.entities) entities.push_back(stream.fields[static_cast<size_t>(field)].name);
  }
  if (std::find(entities.begin(), entities.end(), name.name.text()) != entities.end()) return true;
  if (sources_broken_) return false;
  unknown(Code::no_such_entity, name, fmt::format("no stream has an entity `{}`", name.name.text()), entities, "");
  return false;
}

/// Whether what is given is written out and of the kind that is wanted.
bool Analyser::is_amount(const ast::Param& param, const ast::Expr& value) {
  const ast::Expr* inner = &bare(value);
  while (inner->kind == ast::ExprKind::kNegate) inner = &bare(*inner->a);
  if (inner->kind != ast::ExprKind::kLiteral) return false;
  const std::string_view kind = kind_of(param);
  const ast::Literal& literal = *inner->literal;
  switch (literal.kind) {
    case ast::LiteralKind::kPercent:
      return kind == "percent";
    case ast::LiteralKind::kText:
      return kind == "text";
    case ast::LiteralKind::kBool:
      return kind == "bool";
    case ast::LiteralKind::kDate:
    case ast::LiteralKind::kTimestamp:
      return kind == "timestamp";
    case ast::LiteralKind::kMonth:
      return false;
    case ast::LiteralKind::kNumber:
    case ast::LiteralKind::kQuantity:
      break;
  }
  if (kind == "duration" && is_calendar_word(literal.unit.name.text())) return true;
  std::optional<Constant> amount = constant(literal);
  if (!amount) return false;
  const Type& type = amount->type;
  if (kind == "duration" || kind == "money") {
    if (type.kind != (kind == "money" ? ValueKind::kMoney : ValueKind::kDuration)) return false;
    std::optional<ModelField> stated = param.type->args.empty() ? std::nullopt : type_of(*param.type);
    return !stated || stated->type.unit == type.unit;
  }
  bool plain = type.kind == ValueKind::kInteger || type.kind == ValueKind::kDecimal;
  return plain && (kind == "number" || (kind == "integer" && type.scale == 0));
}

}  // namespace alidade
