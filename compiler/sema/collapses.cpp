// Collapses: folding the values of an open `per` again, and which of them mean nothing. What adds up is decided in
// meaning.cpp.
#include <fmt/format.h>

#include "compiler/sema/analyser.h"

namespace alidade {
namespace {

bool can_fold(Aggregate aggregate, ValueKind kind) {
  if (aggregate == Aggregate::kUnique) return false;
  if (aggregate == Aggregate::kCount) return kind != ValueKind::kBoolean;
  const bool ordered = aggregate == Aggregate::kMin || aggregate == Aggregate::kMax || aggregate == Aggregate::kFirst ||
                       aggregate == Aggregate::kLast;
  return is_numeric(kind) || (ordered && kind == ValueKind::kTimestamp);
}

bool is_average(Additivity additivity) {
  return additivity == Additivity::kRatio || additivity == Additivity::kHolistic;
}

/// What is folded there, whatever its window or offset.
const Value& bare(const Model& model, ValueId id) {
  const Value& value = model.value(id);
  const bool moved = value.kind == ValueKindTag::kOver || value.kind == ValueKindTag::kAt;
  return moved ? bare(model, value.a) : value;
}

bool folds(const Value& value, Aggregate aggregate) {
  const bool fold = value.kind == ValueKindTag::kAggregate || value.kind == ValueKindTag::kCollapse;
  return fold && value.aggregate == aggregate;
}

/// x / (x at another time) - 1
bool is_growth(const Model& model, const Value& value) {
  if (value.kind != ValueKindTag::kSubtract) return false;
  const Value& quotient = model.value(value.a);
  return quotient.kind == ValueKindTag::kDivide && model.value(quotient.b).kind == ValueKindTag::kAt;
}

}  // namespace

std::optional<Term> Analyser::collapse(const ast::Expr& expr, Aggregate aggregate, std::string_view word,
                                       const Percentage& percentage) {
  std::optional<Term> inner = value(*expr.args[0].value);
  if (!inner || !collapse_allowed(expr, aggregate, word, *inner)) return std::nullopt;
  if (inner->open->kind == PerKind::kEntity && build_.facts(inner->value).per_entity) {
    later(expr.span, "a value per entity inside another one");
    return std::nullopt;
  }
  warn_averages(expr, aggregate, *inner);
  Type input = model_.value(inner->value).type;
  Value node;
  node.kind = ValueKindTag::kCollapse;
  node.aggregate = aggregate;
  node.percentage = percentage;
  node.a = inner->value;
  node.key = *inner->open;
  std::optional<Type> type = folded_type(aggregate, input, expr.args[0].span);
  if (!type) return std::nullopt;
  node.type = *type;
  if (aggregate == Aggregate::kCount) node.type.unit = model_.units.base(node.key.name, BaseUnitKind::kCounted);
  return Term{build_.value(std::move(node)), std::nullopt};
}

bool Analyser::collapse_allowed(const ast::Expr& expr, Aggregate aggregate, std::string_view word, const Term& inner) {
  const ast::Expr& written = *expr.args[0].value;
  if (!inner.open) {
    const std::string formula = words(written);
    Diagnostic& report =
        refused(Code::aggregate_of_value, expr, inner,
                fmt::format("`{}` is one value already, so there is nothing to compute `{}` of", formula, word),
                fmt::format("say the finer grain with `per`: `{}({} per day)` or `per user`", word, formula));
    if (aggregate == Aggregate::kMean && is_average(meanings_.of(inner.value).additivity)) {
      report.help = fmt::format("it is that of the whole period as it stands: leave `mean` out; or {}", report.help);
      report.fixes.push_back({expr.span, formula, false});
    }
    report.span = written.span;
    return false;
  }
  if (!folds_values(written, aggregate, word, inner)) return false;
  const bool one_of_many = aggregate == Aggregate::kFirst || aggregate == Aggregate::kLast;
  if (one_of_many && inner.open->kind != PerKind::kTime) {
    error(Code::no_order, expr.span,
          fmt::format("there is no {} of all {}: they have no order", word, plural(inner.open->name)),
          fmt::format("write `{}` of a field in it, as in `mean({}(purchase.amount) per {})`, or take `max`", word,
                      word, inner.open->name));
    return false;
  }
  if (aggregate == Aggregate::kSum) return sum_allowed(expr, inner);
  return aggregate != Aggregate::kMean || mean_allowed(expr, inner);
}

bool Analyser::folds_values(const ast::Expr& written, Aggregate aggregate, std::string_view word, const Term& inner) {
  const Type type = model_.value(inner.value).type;
  if (can_fold(aggregate, type.kind)) return true;
  Diagnostic& report =
      error(Code::aggregate_input, written.span,
            aggregate == Aggregate::kUnique ? fmt::format("`{}` is of a field, and this is a value", word)
                                            : fmt::format("`{}` cannot be computed of {}", word, show(type)));
  if (type.kind == ValueKind::kBoolean)
    report.help = fmt::format("add up ones: `sum((if … then 1 else 0) per {})`", inner.open->name);
  return false;
}

Diagnostic& Analyser::refused(Code code, const ast::Expr& expr, const Term& inner, std::string message,
                              std::string help) {
  Diagnostic& report = error(code, expr.span, std::move(message), std::move(help));
  report.labels.push_back({expr.args[0].value->span, show(model_.value(inner.value).type)});
  return report;
}

/// The formula without the `per` that makes its values, as written here or in the metric that it names; "" where that
/// is not to be seen.
std::string Analyser::without_per(const ast::Expr& expr) {
  const ast::Expr& formula = bare(expr);
  if (expansion_at(formula.span) != nullptr) return "";
  if (formula.kind == ast::ExprKind::kPer) return words(*formula.a);
  Symbol* symbol = formula.kind == ast::ExprKind::kName ? find(formula.name.name) : nullptr;
  const bool own = symbol != nullptr && symbol->kind == SymbolKind::kMetric && symbol->module == module_;
  return own ? without_per(*symbol->decl->metric->value) : "";
}

bool Analyser::sum_allowed(const ast::Expr& expr, const Term& inner) {
  const PerKey& key = *inner.open;
  if (key.kind == PerKind::kEntity) return true;
  const ValueMeaning meaning = meanings_.of(inner.value);
  if (key.kind == PerKind::kTime && meaning.balance) return sum_over_time_allowed(expr, inner, meaning);
  const std::string formula = words(*expr.args[0].value), whole = without_per(*expr.args[0].value);
  if (meaning.additivity == Additivity::kDistinct && !keeps_apart(model_, key, meaning.distinct)) {
    Diagnostic& report = refused(
        Code::sum_of_distinct, expr, inner,
        fmt::format("distinct counts do not add up over {}: what is in two of them would count twice",
                    plural(key.name)),
        fmt::format("leave `per` out for the distinct count of the whole period, write a window (`over last 28 days`), "
                    "or take `mean({})`",
                    formula));
    if (!whole.empty()) report.fixes.push_back({expr.span, whole, false});
    if (!whole.empty() && key.kind == PerKind::kTime && !build_.facts(inner.value).window) {
      report.fixes.push_back({expr.span, whole + " over last 28 days", false});
    }
    report.fixes.push_back({expr.a->span, "mean", false});
    return false;
  }
  if (is_average(meaning.additivity)) {
    Diagnostic& report =
        refused(Code::sum_of_ratios, expr, inner,
                fmt::format("a mean, a ratio or a percentile does not add up over {}", plural(key.name)),
                "add up the parts and divide last: the formula without `per` does that");
    if (!whole.empty()) report.fixes.push_back({expr.span, whole, false});
    return false;
  }
  return key.kind != PerKind::kTime || sum_over_time_allowed(expr, inner, meaning);
}

/// Balances, windows and extremes: what takes the place of the sum is one word.
bool Analyser::sum_over_time_allowed(const ast::Expr& expr, const Term& inner, const ValueMeaning& meaning) {
  const std::string formula = words(*expr.args[0].value), &grain = inner.open->name;
  auto refuse = [&](Code code, std::string message, std::string help, std::initializer_list<const char*> instead) {
    Diagnostic& report = refused(code, expr, inner, std::move(message), std::move(help));
    for (const char* word : instead) report.fixes.push_back({expr.a->span, word, false});
    return false;
  };
  if (meaning.balance) {
    const std::string what = build_.facts(inner.value).state ? fmt::format("what there is at a {}'s end", grain)
                                                             : fmt::format("a {}'s first or last value", grain);
    return refuse(Code::sum_of_balances,
                  fmt::format("{} does not add up over {}s: what is still there would count again", what, grain),
                  fmt::format("take `last({0})` or `mean({0})`", formula), {"last", "mean"});
  }
  if (meaning.additivity == Additivity::kSemiAdditive) {
    return refuse(Code::sum_of_windows,
                  fmt::format("the windows of two {}s overlap, so adding them up counts rows twice", grain),
                  fmt::format("leave the window out, or take `mean({})`", formula), {"mean"});
  }
  if (meaning.additivity == Additivity::kIdempotent) {
    return refuse(Code::sum_of_extremes,
                  fmt::format("the smallest or largest of each {} does not add up to anything that happened", grain),
                  fmt::format("take `max({0})`, `min({0})` or `mean({0})`", formula), {"max", "min", "mean"});
  }
  return true;
}

/// A mean of ratios gives every period one weight, however many rows it has; that is to be seen where it is written.
bool Analyser::mean_allowed(const ast::Expr& expr, const Term& inner) {
  const ast::Expr& written = *expr.args[0].value;
  const bool hidden = inner.open->kind == PerKind::kTime && bare(written).kind != ast::ExprKind::kPer;
  if (!hidden || !is_average(meanings_.of(inner.value).additivity)) return true;
  const std::string formula = words(written), whole = without_per(written), &grain = inner.open->name;
  const bool one_word = bare(written).kind == ast::ExprKind::kName;
  const std::string stated =
      fmt::format("mean({} per {})", one_word ? words(bare(written)) : fmt::format("({})", formula), grain);
  Diagnostic& report =
      refused(Code::mean_of_ratios, expr, inner,
              fmt::format("`{}` is a mean, a ratio or a percentile of each {}, and a mean of those gives a {} with one "
                          "row the weight of one with a thousand",
                          formula, grain, grain),
              fmt::format("take it over the whole period{}, or say that every {} weighs the same: `{}`",
                          whole.empty() ? "" : fmt::format(": `{}`", whole), grain, stated));
  if (!whole.empty()) report.fixes.push_back({expr.span, whole, false});
  report.fixes.push_back({expr.span, stated, false});
  return false;
}

/// Legal where `per` says so, and seldom what is meant.
void Analyser::warn_averages(const ast::Expr& expr, Aggregate aggregate, const Term& inner) {
  const bool percentile = aggregate == Aggregate::kPercentile, mean = aggregate == Aggregate::kMean;
  if (inner.open->kind == PerKind::kEntity || (!percentile && !mean)) return;
  const Value& value = bare(model_, inner.value);
  const bool of_percentile = folds(value, Aggregate::kPercentile), of_mean = folds(value, Aggregate::kMean);
  const bool of_growth = is_growth(model_, value);
  if (!is_average(meanings_.of(inner.value).additivity) || !own(expr.span)) return;
  const std::string whole = without_per(*expr.args[0].value), &key = inner.open->name;
  std::string message = fmt::format("every {} weighs the same here, however many rows it has", key);
  std::string help = whole.empty() ? "" : fmt::format("over all rows it is `{}`", whole);
  if (of_growth) {
    message = fmt::format("growth rates do not average: two {}s of +100% and -50% end where they began", key);
    help = "compare the ends: `growth(x, 1 month)` is that of the whole period";
  } else if (of_percentile) {
    message = fmt::format("a {} of the {}' percentiles is no percentile of the rows", mean ? "mean" : "percentile",
                          plural(key));
  } else if (percentile && of_mean) {
    message = fmt::format("this is a percentile of the {}' means, in which single rows are averaged away", plural(key));
    help = "compute the percentile of the rows themselves, without `per`";
  }
  error(Code::averaged_averages, expr.span, std::move(message), std::move(help));
}

}  // namespace alidade
