// Calls: which built-in function, its arguments, and those that are rewritten into other values.
#include <fmt/format.h>

#include <algorithm>

#include "compiler/sema/analyser.h"

namespace alidade {
namespace {

enum class Function : uint8_t { kShare, kChange, kGrowth };
enum class BuiltinKind : uint8_t { kAggregate, kFunction, kOperation };
struct Builtin {
  std::string_view word;
  BuiltinKind kind;
  Aggregate aggregate = Aggregate::kCount;
  Function function = Function::kShare;
  Operation operation = Operation::kGreatest;
  std::string_view signature;
};

constexpr Builtin kBuiltins[] = {
#define AL_AGGREGATE(name, folded, argument, written, doc) \
  {.word = #name, .kind = BuiltinKind::kAggregate, .aggregate = Aggregate::folded, .signature = written},
#define AL_FUNCTION(name, called, written, doc) \
  {.word = #name, .kind = BuiltinKind::kFunction, .function = Function::called, .signature = written},
#define AL_OPERATION(name, operated, written, doc) \
  {.word = #name, .kind = BuiltinKind::kOperation, .operation = Operation::operated, .signature = written},
#include "compiler/types/builtins.def"
#undef AL_AGGREGATE
#undef AL_FUNCTION
#undef AL_OPERATION
};

/// p95: "95"; p999: "999", which is 99.9%. Empty for any other word.
std::string_view percentile_digits(std::string_view word) {
  bool form = word.size() >= 2 && word.size() <= 6 && word[0] == 'p' && word[1] != '0' &&
              std::all_of(word.begin() + 1, word.end(), [](char c) { return c >= '0' && c <= '9'; });
  return form ? word.substr(1) : std::string_view();
}

const Builtin* find_builtin(std::string_view word) {
  if (!percentile_digits(word).empty()) word = "percentile";
  auto at =
      std::find_if(std::begin(kBuiltins), std::end(kBuiltins), [&](const Builtin& one) { return one.word == word; });
  return at == std::end(kBuiltins) ? nullptr : at;
}

/// What SQL and spreadsheets call otherwise, or write in capitals; "" for a word that they do not have either.
std::string name_here(std::string_view written) {
  std::string word(written);
  for (char& c : word) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  if (word != written && find_builtin(word) != nullptr) return word;
  constexpr std::pair<std::string_view, std::string_view> kNames[] = {
      {"avg", "mean"},
      {"average", "mean"},
      {"distinct", "unique"},
      {"count_distinct", "unique"},
      {"quantile", "percentile"},
      {"total", "sum"},
      {"var", "variance"},
      {"var_samp", "variance"},
      {"std", "stddev"},
      {"stddev_samp", "stddev"},
      {"ifnull", "coalesce"},
      {"nvl", "coalesce"},
  };
  for (const auto& [elsewhere, here] : kNames) {
    if (word == elsewhere) return std::string(here);
  }
  return "";
}

/// 95 and 0.95, as elsewhere, are 95%; "" for what may mean something else.
std::string percentage_meant(const ast::Expr& argument) {
  if (argument.kind != ast::ExprKind::kLiteral || argument.literal->kind != ast::LiteralKind::kNumber) return "";
  const ast::Number& number = argument.literal->number;
  std::string digits(number.digits);
  digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size()));
  if (number.fraction == 0) return digits == "1" || digits.empty() || digits.size() > 2 ? "" : digits + "%";
  if (digits.empty() || digits.size() > number.fraction || number.fraction > 6) return "";
  std::string percent(number.digits.substr(number.digits.size() - number.fraction));
  if (percent.size() == 1) percent += '0';
  if (percent.size() > 2) percent.insert(2, ".");
  percent.erase(0, percent[0] == '0' ? 1 : 0);
  return percent + "%";
}

}  // namespace

bool folds_rows(std::string_view word) {
  const Builtin* builtin = find_builtin(word);
  return builtin != nullptr && (builtin->kind == BuiltinKind::kAggregate || builtin->kind == BuiltinKind::kFunction);
}

std::optional<Operation> operation_of(std::string_view word) {
  const Builtin* builtin = find_builtin(word);
  if (builtin == nullptr || builtin->kind != BuiltinKind::kOperation) return std::nullopt;
  return builtin->operation;
}

std::string_view signature_of(std::string_view word) {
  const Builtin* builtin = find_builtin(word);
  return builtin == nullptr ? std::string_view() : builtin->signature;
}

bool is_function(std::string_view word) { return find_builtin(word) != nullptr; }

std::optional<Term> Analyser::call(const ast::Expr& expr) {
  if (expr.a->kind != ast::ExprKind::kName) return value_member(expr);
  return function_call(expr, expr.a->name.name.text());
}

std::optional<Term> Analyser::function_call(const ast::Expr& expr, std::string_view word) {
  const Builtin* builtin = find_builtin(word);
  if (builtin == nullptr) {
    Symbol* symbol = find(expr.a->name.name);
    if (symbol != nullptr && (symbol->kind == SymbolKind::kDef || !resolve(*symbol))) return std::nullopt;
    if (symbol != nullptr) {
      error(Code::wrong_kind_of_name, expr.a->span, fmt::format("`{}` is no function", word),
            "use it without parentheses");
      return std::nullopt;
    }
    if (const std::string here = name_here(word); !here.empty()) {
      Diagnostic& report =
          error(Code::function_elsewhere, expr.a->span, fmt::format("`{}` is called `{}` here", word, here));
      report.fixes.push_back({expr.a->span, here, true});
      return std::nullopt;
    }
    std::vector<std::string_view> candidates = names_of({SymbolKind::kDef});
    for (const Builtin& one : kBuiltins) candidates.push_back(one.word);
    unknown(Code::unknown_function, expr.a->name, fmt::format("there is no function `{}`", word), candidates, "");
    return std::nullopt;
  }
  switch (builtin->kind) {
    case BuiltinKind::kAggregate:
      return aggregate_call(expr, builtin->aggregate, word);
    case BuiltinKind::kOperation:
      return value_operation(expr, builtin->operation);
    case BuiltinKind::kFunction:
      break;
  }
  switch (builtin->function) {
    case Function::kShare:
      return share(expr);
    case Function::kChange:
      return change(expr, false);
    case Function::kGrowth:
      return change(expr, true);
  }
  return std::nullopt;
}

/// Named arguments that the language has and this version does not; any other name is unknown. True: go on.
bool Analyser::named_arguments_are_later(const ast::Expr& call, std::initializer_list<std::string_view> known) {
  constexpr std::string_view kLater[] = {"method", "within", "touch"};
  for (const ast::Arg& argument : call.args) {
    if (argument.kind == ast::ArgKind::kSpan) {
      later(argument.span, "`a -> b` as an argument");
      return false;
    }
    if (argument.kind != ast::ArgKind::kNamed) continue;
    std::string_view word = argument.name.name.text();
    if (std::find(known.begin(), known.end(), word) != known.end()) continue;
    if (std::find(std::begin(kLater), std::end(kLater), word) != std::end(kLater)) {
      later(argument.span, fmt::format("`{} = …`", word));
    } else {
      unknown(Code::unknown_argument, argument.name, fmt::format("there is no argument `{}`", word),
              {std::begin(kLater), std::end(kLater)}, "");
    }
    return false;
  }
  return true;
}

bool Analyser::plain_arguments(const ast::Expr& call, size_t count, std::string_view signature,
                               std::initializer_list<std::string_view> known) {
  if (!named_arguments_are_later(call, known)) return false;
  const auto is_named = [](const ast::Arg& argument) { return argument.kind == ast::ArgKind::kNamed; };
  const auto first_named = std::find_if(call.args.begin(), call.args.end(), is_named);
  const auto unnamed = static_cast<size_t>(first_named - call.args.begin());
  for (const ast::Arg& argument : call.args) {
    if (argument.kind == ast::ArgKind::kOffset) {
      error(Code::wrong_arguments, argument.span, "what to compare with stands in `change` and `growth` only",
            fmt::format("write it like `{}`", signature));
      return false;
    }
    if (argument.kind != ast::ArgKind::kShare) continue;
    error(Code::wrong_arguments, argument.span, "`of` stands in a share only", "write `share(a of b)`");
    return false;
  }
  if (unnamed == count && std::all_of(first_named, call.args.end(), is_named)) return true;
  const bool too_many = unnamed >= count;
  const auto extra = std::find_if_not(call.args.begin() + (too_many ? count : 0), call.args.end(), is_named);
  error(Code::wrong_arguments, too_many ? extra->span : call.span,
        too_many ? "this is one argument too many" : "an argument is missing",
        fmt::format("write it like `{}`", signature));
  return false;
}

/// The latest value that is at most so old: the last one of a window that ends with the bucket.
std::optional<Term> Analyser::carried(const Term& last, const ast::Arg& argument) {
  const ast::Expr& written = *argument.value;
  if (written.kind == ast::ExprKind::kName && written.name.name.text() == "none") return last;
  if (written.kind != ast::ExprKind::kLiteral) {
    error(Code::not_a_period, written.span, "how long a value is carried on must be written out",
          "write `carry = 30 days`, or `carry = none`");
    return std::nullopt;
  }
  std::optional<Period> age = period(*written.literal);
  if (!age) return std::nullopt;
  Value node;
  node.kind = ValueKindTag::kOver;
  node.type = model_.value(last.value).type;
  node.a = last.value;
  node.window.period = *age;
  return Term{build_.value(std::move(node)), std::nullopt};
}

/// A sum or mean with `exact = …`: where that is false, doubles are added as they come.
std::optional<Term> Analyser::summed(const ast::Expr& call, const Term& sum, const ast::Arg& exact) {
  const ast::Expr& written = *exact.value;
  if (written.kind != ast::ExprKind::kLiteral || written.literal->kind != ast::LiteralKind::kBool) {
    error(Code::inexact_sum, written.span, "whether a sum is exact is true or false", "write `exact = false`");
    return std::nullopt;
  }
  Value node = model_.value(sum.value);
  const bool sums = node.aggregate == Aggregate::kSum || node.aggregate == Aggregate::kMean;
  if (node.kind != ValueKindTag::kAggregate || !sums) {
    error(Code::inexact_sum, exact.span, "only a `sum` or `mean` over rows can be inexact", "leave out `exact`");
    return std::nullopt;
  }
  if (written.literal->truth) return sum;
  const Type& input = model_.row(node.input).type;
  if (representation(input) == Representation::kExact) {
    const std::string_view word = call.a->name.name.text();
    Diagnostic& report =
        error(Code::inexact_sum, exact.span, fmt::format("`{}` of {} is exact anyway", word, show(input)),
              "leave out `exact`: only a `number` is rounded");
    report.fixes.push_back({{call.args.front().span.end, exact.span.end}, "", true});
    return std::nullopt;
  }
  node.plain_sums = true;
  return Term{build_.value(std::move(node)), sum.open};
}

std::optional<Percentage> Analyser::percentage(const ast::Expr& call, std::string_view word) {
  std::string_view digits = percentile_digits(word);
  if (!digits.empty()) {
    int64_t value = 0;
    for (char c : digits) value = value * 10 + (c - '0');
    return Percentage{value, std::max(0, static_cast<int>(digits.size()) - 2)};
  }
  if (word == "median") return Percentage{50, 0};
  const ast::Expr& argument = *call.args[1].value;
  if (argument.kind != ast::ExprKind::kLiteral || argument.literal->kind != ast::LiteralKind::kPercent) {
    Diagnostic& report = error(Code::not_a_percentage, argument.span, "a percentile needs a percentage",
                               "write `percentile(x, 95%)` or `p95(x)`");
    if (const std::string meant = percentage_meant(argument); !meant.empty()) {
      report.help = fmt::format("write `{}`", meant);
      report.fixes.push_back({argument.span, meant, true});
    }
    return std::nullopt;
  }
  const ast::Number& number = argument.literal->number;
  int64_t value = 0, whole = 100;
  for (char c : number.digits) value = value < 100'000'000'000 ? value * 10 + (c - '0') : value;
  for (uint32_t i = 0; i < number.fraction && i < 9; ++i) whole *= 10;
  if (number.fraction > 6 || value > whole) {
    error(Code::not_a_percentage, argument.span,
          "a percentile lies between 0% and 100%, with at most 6 digits after the point");
    return std::nullopt;
  }
  return Percentage{value, static_cast<int>(number.fraction)};
}

std::optional<Term> Analyser::share(const ast::Expr& expr) {
  if (!named_arguments_are_later(expr)) return std::nullopt;
  if (expr.args.size() != 1 || expr.args[0].kind != ast::ArgKind::kShare) {
    error(Code::wrong_arguments, expr.span, "a share is of a part and the whole it belongs to",
          "write `share(purchase of app)`");
    return std::nullopt;
  }
  const ast::Arg& argument = expr.args[0];
  std::optional<RowSet> part = event(*argument.value);
  std::optional<RowSet> whole = event(*argument.other);
  if (!part || !whole) return std::nullopt;
  if (!sound_firsts(part->condition, argument.value->span) || !sound_firsts(whole->condition, argument.other->span)) {
    return std::nullopt;
  }
  bool proven = part->stream == whole->stream && build_.implies(part->condition, whole->condition);
  if (!proven && !argument.assuming) {
    Diagnostic& report = error(
        Code::share_not_part, argument.value->span,
        fmt::format("it is not certain that `{}` is a part of `{}`", words(*argument.value), words(*argument.other)),
        "build the part from the whole, as in `share(app where name == \"error\" of app)`, state why it "
        "is one with `assuming \"…\"`, or divide the counts: a ratio");
    report.labels.push_back({argument.other->span, part->stream == whole->stream
                                                       ? "some of the part's rows may not be in here"
                                                       : "rows of another stream"});
    return std::nullopt;
  }
  if (part->stream == whole->stream && part->condition == whole->condition && own(expr.span)) {
    error(Code::same_sides, argument.value->span, "the part is the whole, so this is always 100%",
          "say which rows are the part: `share(purchase where plan == \"pro\" of purchase)`");
  }
  auto counted = [&](const RowSet& rows) {
    Value node;
    node.kind = ValueKindTag::kAggregate;
    node.type.kind = ValueKind::kInteger;
    node.type.exact = true;
    node.type.unit =
        model_.units.base(model_.streams[static_cast<size_t>(rows.stream)].name + " row", BaseUnitKind::kCounted);
    node.stream = rows.stream;
    if (!build_.is_truth(rows.condition, true)) node.condition = rows.condition;
    return build_.value(std::move(node));
  };
  Type type;
  type.kind = ValueKind::kPercent;
  return Term{build_.binary(ValueKindTag::kDivide, type, counted(*part), counted(*whole)), std::nullopt};
}

/// What `change` and `growth` compare with: their second argument.
std::optional<Offset> Analyser::compared(const ast::Arg& argument) {
  if (argument.kind == ast::ArgKind::kOffset) return offset(*argument.offset);
  if (argument.value->kind != ast::ExprKind::kLiteral) {
    error(Code::not_a_period, argument.span, "how long ago must be written out",
          "write `1 month`, `7 days` or `same week last year`");
    return std::nullopt;
  }
  std::optional<Period> ago = period(*argument.value->literal);
  return ago ? std::optional(Offset{OffsetKind::kAgo, *ago}) : std::nullopt;
}

/// change(x, p) is x − x at p ago; growth(x, p) is x / (x at p ago) − 1. `same elapsed` cuts both sides.
std::optional<Term> Analyser::change(const ast::Expr& expr, bool relative) {
  ast::Expr plain = expr;  // the second argument may be of its own kind
  if (expr.args.size() == 2 && expr.args[1].kind == ast::ArgKind::kOffset) plain.args = {expr.args.begin(), 1};
  const char* signature = relative ? "growth(revenue, 1 month)" : "change(revenue, 1 month)";
  if (!plain_arguments(plain, expr.args.size() == plain.args.size() ? 2 : 1, signature)) return std::nullopt;
  std::optional<Term> term = value(*expr.args[0].value);
  std::optional<Offset> to = compared(expr.args[1]);
  if (!term || !to) return std::nullopt;
  const Type type = model_.value(term->value).type;
  if (!is_numeric(type.kind) || is_constant(term->value)) {
    error(Code::not_a_number, expr.args[0].span,
          fmt::format("only a number that is computed can change, and this is {}",
                      is_constant(term->value) ? "constant" : show(type)));
    return std::nullopt;
  }
  if (relative) warn_growth_of_percentage(expr.args[0], expr.args[1], type);
  const ast::Offset* written = expr.args[1].offset;
  const bool elapsed = written != nullptr && written->mode == ast::OffsetMode::kSameElapsed;
  std::optional<Term> before = moved(*term, *to, elapsed, expr.args[1].span);
  if (!before) return std::nullopt;
  if (elapsed) term = moved(*term, {OffsetKind::kHere, {}}, true, expr.args[1].span);
  Term result;
  result.open = term->open;
  if (!relative) {
    result.value = build_.binary(ValueKindTag::kSubtract, type, term->value, before->value);
    return result;
  }
  Type percent;
  percent.kind = ValueKind::kPercent;
  Value one;
  one.type.kind = ValueKind::kNumber;
  one.number = 1;
  ValueId quotient = build_.binary(ValueKindTag::kDivide, percent, term->value, before->value);
  result.value = build_.binary(ValueKindTag::kSubtract, percent, quotient, build_.value(std::move(one)));
  return result;
}

}  // namespace alidade
