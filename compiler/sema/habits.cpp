// Habits from elsewhere that are legal and mean something else here: percentages as whole numbers, arithmetic on ids,
// windows of a day too many. They are about what is written in the file that is checked, not about what a module or a
// definition makes of its arguments. Tested by tests/diagnostics/catalogue_*.metric.
#include <fmt/format.h>

#include <algorithm>

#include "compiler/sema/analyser.h"

namespace alidade {
namespace {

/// A plain number as it is written; nothing for anything else.
std::optional<double> written_number(const ast::Expr& expr) {
  const ast::Expr& literal = bare(expr);
  if (literal.kind != ast::ExprKind::kLiteral || literal.literal->kind != ast::LiteralKind::kNumber) return {};
  double number = 0;
  for (char digit : literal.literal->number.digits) number = number * 10 + (digit - '0');
  for (uint32_t i = 0; i < literal.literal->number.fraction; ++i) number /= 10;
  return number;
}

bool is_arithmetic(Aggregate aggregate) {
  switch (aggregate) {
    case Aggregate::kSum:
    case Aggregate::kMean:
    case Aggregate::kPercentile:
    case Aggregate::kVariance:
    case Aggregate::kStddev:
      return true;
    case Aggregate::kCount:
    case Aggregate::kUnique:
    case Aggregate::kMin:
    case Aggregate::kMax:
    case Aggregate::kFirst:
    case Aggregate::kLast:
      return false;
  }
  return false;
}

/// What a field does that is no amount; "" for any other.
std::string_view naming_role(const ModelSource& source, int field) {
  if (field == source.id) return "tells rows apart";
  if (field == source.key || std::find(source.entities.begin(), source.entities.end(), field) != source.entities.end())
    return "says who";
  return field == source.order ? "says what comes first" : "";
}

}  // namespace

/// `share(…) > 5` and `100 - share(…)`: one side is a percentage, the other a number as if it were in percent.
void Analyser::warn_fraction(const ast::Expr& at, const ast::Expr& left, const Type& a, const ast::Expr& right,
                             const Type& b) {
  const bool first = written_number(left).has_value();
  const ast::Expr& number = first ? left : right;
  const std::optional<double> amount = written_number(number);
  if (!amount || (first ? b : a).kind != ValueKind::kPercent || !own(at.span)) return;
  const bool sum = at.kind == ast::ExprKind::kAdd || at.kind == ast::ExprKind::kSubtract;
  const bool product = at.kind == ast::ExprKind::kMultiply || at.kind == ast::ExprKind::kDivide;
  if (sum || product ? *amount != 100 : *amount <= 1) return;
  const std::string written = words(number);
  error(Code::fraction_as_percent, number.span,
        fmt::format("a percentage is a fraction here, 5% is 0.05, so `{}` is not {}%", written, written),
        sum       ? "what is left of the whole is `1 - x`"
        : product ? "leave it out: `format \"0.0%\"` shows 0.05 as 5.0%"
                  : fmt::format("write `{}%`", written));
}

void Analyser::warn_growth_of_percentage(const ast::Arg& argument, const ast::Arg& ago, const Type& type) {
  if (type.kind != ValueKind::kPercent || !own(argument.span)) return;
  error(Code::growth_of_percentage, argument.span,
        fmt::format("`{}` is a percentage already: from 5% to 6% it grows by 20%", words(*argument.value)),
        fmt::format("take the difference in percentage points: `change({}, {})`", words(*argument.value),
                    this->written(ago.span)));
}

/// Of the rows of a stream or table: an id or an entity that happens to be a number is no amount.
void Analyser::warn_arithmetic_on_names(const ast::Expr& written, Aggregate aggregate, std::string_view word,
                                        RowId input) {
  const Row& row = model_.row(input);
  if (!is_arithmetic(aggregate) || row.kind != RowKind::kField || !own(written.span)) return;
  const ModelSource& source = model_.streams[static_cast<size_t>(row.stream)];
  const std::string_view role = naming_role(source, row.field);
  if (role.empty()) return;
  const std::string& field = source.fields[static_cast<size_t>(row.field)].name;
  error(Code::arithmetic_on_names, written.span,
        fmt::format("`{}` {}, so the {} of its numbers says nothing", field, role, word),
        fmt::format("count different values with `unique({0}.{1})`, or rows with `count({0})`", source.name, field));
}

void Analyser::warn_extra_day(const Period& length, Span at) {
  if (length.unit != Grain::kDay || !own(at)) return;
  for (int weeks : {1, 2, 4}) {
    if (length.count != weeks * 7 + 1) continue;
    error(Code::week_and_a_day, at,
          fmt::format("{} days are {} week{} and a day, so one weekday counts once more than the others", length.count,
                      weeks, weeks == 1 ? "" : "s"),
          fmt::format("write `{} days`: the window ends with the bucket and is no day longer than it says", weeks * 7));
  }
}

void Analyser::warn_never_null(const ast::Expr& expr) {
  if (!own(expr.span)) return;
  error(Code::never_null, expr.span,
        fmt::format("`{}` is never missing, so this is {} in every row", words(*expr.a), expr.negated),
        "leave the condition out, or declare the field with `?` if it may be missing");
}

}  // namespace alidade
