// convert(amount, to = EUR, using = ecb, on = event | period_end | DATE): an amount times a rate, of one row or of a
// value; and which rows of an aggregate lack a rate. Tested in tests/conformance/money/convert*.metric.
#include <fmt/format.h>

#include <algorithm>

#include "compiler/sema/analyser.h"

namespace alidade {
namespace {

bool is_plain_number(const Type& type) {
  const bool number =
      type.kind == ValueKind::kInteger || type.kind == ValueKind::kDecimal || type.kind == ValueKind::kNumber;
  return number && type.unit == UnitTable::one();
}

/// "`rate : money(EUR)`, `mid : money(USD)`"
std::string money_fields(const ModelSource& table, const UnitTable& units) {
  std::string text;
  for (const ModelField& field : table.fields) {
    if (field.type.kind != ValueKind::kMoney) continue;
    text += fmt::format("{}`{} : money({})`", text.empty() ? "" : ", ", field.name, units.display(field.type.unit));
  }
  return text;
}

}  // namespace

// ------------------------------------------------------------------------------------------------ arguments
std::optional<Conversion> Analyser::conversion(const ast::Expr& call) {
  constexpr std::string_view kNames[] = {"to", "using", "on"};
  const std::string help = fmt::format("write it like `{}`", signature_of("convert"));
  const ast::Expr* given[std::size(kNames)] = {};
  for (size_t i = 0; i < call.args.size(); ++i) {
    const ast::Arg& argument = call.args[i];
    if ((i == 0) != (argument.kind == ast::ArgKind::kPlain) || (i > 0 && argument.kind != ast::ArgKind::kNamed)) {
      error(Code::wrong_arguments, argument.span,
            i == 0 ? "the amount to convert comes first" : "only the amount stands without a name", help);
      return std::nullopt;
    }
    if (i == 0) continue;
    const auto name = std::find(std::begin(kNames), std::end(kNames), argument.name.name.text());
    if (name == std::end(kNames)) {
      unknown(Code::unknown_argument, argument.name,
              fmt::format("`convert` has no argument `{}`", argument.name.name.text()),
              {std::begin(kNames), std::end(kNames)}, help);
      return std::nullopt;
    }
    const ast::Expr*& place = given[name - std::begin(kNames)];
    if (place != nullptr) {
      error(Code::wrong_arguments, argument.span, fmt::format("`{}` is given twice", *name), "keep one of the two");
      return std::nullopt;
    }
    place = argument.value;
  }
  if (call.args.empty() || given[0] == nullptr || given[1] == nullptr) {
    error(Code::wrong_arguments, call.span,
          call.args.empty()     ? "there is no amount to convert"
          : given[0] == nullptr ? "into which currency is missing: `to = EUR`"
                                : "a table of rates is missing: `using = ecb`",
          help);
    return std::nullopt;
  }
  Conversion result;
  result.to_span = given[0]->span;
  result.table_span = given[1]->span;
  if (!conversion_to(bare(*given[0]), result) || !conversion_table(bare(*given[1]), result)) return std::nullopt;
  if (given[2] != nullptr && !conversion_time(bare(*given[2]), result)) return std::nullopt;
  return result;
}

bool Analyser::conversion_to(const ast::Expr& to, Conversion& conversion) {
  std::optional<UnitWord> unit = to.kind == ast::ExprKind::kName ? unit_word(to.name.name.text()) : std::nullopt;
  if (unit && unit->kind == UnitWordKind::kCurrency && unit->factor == 1 && unit->scale == 0) {
    conversion.to = unit->unit;
    return true;
  }
  if (sources_broken_) return false;
  std::vector<std::string> known;
  for (const std::vector<ModelSource>* sources : {&model_.streams, &model_.tables}) {
    for (const ModelSource& source : *sources) {
      for (const ModelField& field : source.fields) {
        if (field.type.kind == ValueKind::kMoney) known.push_back(model_.units.display(field.type.unit));
      }
    }
  }
  const std::string message = fmt::format("`{}` is no currency that anything here is in", words(to));
  const std::string help =
      "for a currency that no stream and no table has yet, the table of rates needs a field: `rate : money(EUR)`";
  if (to.kind != ast::ExprKind::kName) return error(Code::convert_target, to.span, message, help), false;
  unknown(Code::convert_target, to.name, message, {known.begin(), known.end()}, help);
  return false;
}

/// `ecb`, or one of its fields: `ecb.mid`.
bool Analyser::conversion_table(const ast::Expr& rates, Conversion& conversion) {
  const bool chooses = rates.kind == ast::ExprKind::kMember && bare(*rates.a).kind == ast::ExprKind::kName;
  const ast::Expr& named = chooses ? bare(*rates.a) : rates;
  Symbol* symbol = named.kind == ast::ExprKind::kName ? find(named.name.name) : nullptr;
  if (symbol == nullptr && named.kind == ast::ExprKind::kName) {
    unknown(Code::unknown_name, named.name, fmt::format("there is no table `{}`", named.name.name.text()),
            names_of({SymbolKind::kTable}), "");
    return false;
  }
  if (symbol != nullptr && symbol->kind == SymbolKind::kLater) return false;  // could not be read
  if (symbol == nullptr || symbol->kind != SymbolKind::kTable) {
    error(
        Code::rates_table, named.span,
        fmt::format("rates are in a table, and this is {}", symbol == nullptr ? "a formula" : kind_words(symbol->kind)),
        "declare one: `table ecb key currency { currency : text; rate : money(EUR); valid from since to until }`");
    return false;
  }
  if (!resolve(*symbol)) return false;
  conversion.table = symbol->index;
  const ModelSource& table = model_.tables[static_cast<size_t>(symbol->index)];
  const ModelField& key = table.fields[static_cast<size_t>(table.key)];
  if (key.type.kind != ValueKind::kText) {
    error(Code::rates_table, named.span,
          fmt::format("the key of `{}` is {}, and that of a table of rates is the currency, a text", table.name,
                      show(key.type)),
          "")
        .labels.push_back({key.span, show(key.type)});
    return false;
  }
  if (!chooses) return true;
  conversion.field = field_index(table, rates.name.name.text());
  if (conversion.field >= 0) return true;
  std::vector<std::string_view> fields;
  for (const ModelField& field : table.fields) fields.push_back(field.name);
  unknown(Code::unknown_field, rates.name,
          fmt::format("the table `{}` has no field `{}`", table.name, rates.name.name.text()), fields, "");
  return false;
}

bool Analyser::conversion_time(const ast::Expr& on, Conversion& conversion) {
  conversion.on_span = on.span;
  const std::string_view word = on.kind == ast::ExprKind::kName ? on.name.name.text() : std::string_view();
  if (word == "event") return true;
  if (word == "period_end") {
    conversion.on = RateTime::kPeriodEnd;
    return true;
  }
  const bool moment = on.kind == ast::ExprKind::kLiteral &&
                      (on.literal->kind == ast::LiteralKind::kDate || on.literal->kind == ast::LiteralKind::kTimestamp);
  if (!moment) {
    error(Code::rate_time, on.span, fmt::format("`{}` says no time to take a rate at", words(on)),
          "write `on = event`, which need not be said, `on = period_end` or a date, `on = 2026-01-31`");
    return false;
  }
  std::optional<Instant> at = instant(*on.literal);
  if (!at) return false;
  conversion.on = RateTime::kMoment;
  conversion.moment = *at;
  return true;
}

// ------------------------------------------------------------------------------------------------ amounts and rates
/// The currency of an amount, alone or per something else.
std::optional<UnitId> Analyser::currency_of(const ast::Expr& amount, const Type& type) {
  const UnitTable::Shape shape = model_.units.shape(type.unit);
  if (is_numeric(type.kind) && shape.currencies == 1 && shape.currency == 1) {
    for (const auto& [base, power] : std::vector(model_.units.powers(type.unit))) {
      const UnitTable::Base one = model_.units.base_of(base);
      if (one.kind == BaseUnitKind::kCurrency) return model_.units.base(one.symbol, one.kind);
    }
  }
  error(Code::not_convertible, amount.span,
        fmt::format("only an amount of one currency can be converted, and this is {}", show(type)),
        shape.currencies > 1 ? "convert each amount before they meet"
        : is_plain_number(type)
            ? "declare its currency, as in `money(USD)`; one that stands in a column of its own is an "
              "entity with the name of the table's key: `entity currency : text`"
            : "");
  return std::nullopt;
}

/// What one unit of a currency is worth, "" for that of each row: into Model::rates.
std::optional<int> Analyser::rate_of(const Conversion& conversion, const std::string& currency) {
  const ModelSource& table = model_.tables[static_cast<size_t>(conversion.table)];
  const std::string to = model_.units.display(conversion.to);
  const auto is_rate = [&](const ModelField& field) {
    return field.type.kind == ValueKind::kMoney && field.type.unit == conversion.to;
  };
  int field = conversion.field;
  if (field < 0) {
    const auto found = std::find_if(table.fields.begin(), table.fields.end(), is_rate);
    const auto second = found == table.fields.end() ? found : std::find_if(found + 1, table.fields.end(), is_rate);
    if (second != table.fields.end()) {
      Diagnostic& report =
          error(Code::rates_table, conversion.table_span, fmt::format("`{}` has several fields in {}", table.name, to),
                fmt::format("say which: `using = {}.{}`", table.name, found->name));
      report.labels = {{found->span, "one"}, {second->span, "another"}};
      return std::nullopt;
    }
    field = found == table.fields.end() ? -1 : static_cast<int>(found - table.fields.begin());
  }
  if (field >= 0 && !is_rate(table.fields[static_cast<size_t>(field)])) {
    const ModelField& chosen = table.fields[static_cast<size_t>(field)];
    error(Code::rates_table, conversion.table_span,
          fmt::format("a rate into {} is an amount of {}, and `{}.{}` is {}", to, to, table.name, chosen.name,
                      show(chosen.type)))
        .labels.push_back({chosen.span, show(chosen.type)});
    return std::nullopt;
  }
  if (field < 0) {
    const std::string has = money_fields(table, model_.units);
    error(Code::rates_table, conversion.table_span,
          fmt::format("`{}` says nothing in {}: it has {}", table.name, to, has.empty() ? "no amount of money" : has),
          fmt::format(
              "a rate is what one unit of the currency in the table's key is worth in {0}: the table needs a field "
              "such as `rate : money({0})`; the rate of the other direction is not turned round, as 1 / rate is "
              "not exact",
              to));
    return std::nullopt;
  }
  const Rate rate{conversion.table, field, currency, conversion.on == RateTime::kMoment, conversion.moment};
  const auto known = std::find(model_.rates.begin(), model_.rates.end(), rate);
  const int index = static_cast<int>(known - model_.rates.begin());
  if (known == model_.rates.end()) model_.rates.push_back(rate);
  return index;
}

Type Analyser::rate_type(int rate, UnitId from) {
  const Rate& taken = model_.rates[static_cast<size_t>(rate)];
  Type type = model_.tables[static_cast<size_t>(taken.table)].fields[static_cast<size_t>(taken.field)].type;
  if (from != UnitTable::one()) type.kind = ValueKind::kDecimal;
  type.unit = model_.units.divide(type.unit, from);
  return type;
}

/// Nothing to convert: the amount itself. Not remarked on in a def, which may be for several currencies.
void Analyser::warn_same_currency(const ast::Expr& call, const Conversion& conversion) {
  if (expansion_at(call.span) != nullptr) return;
  error(Code::same_currency, conversion.to_span,
        fmt::format("`{}` is in {} already", words(*call.args[0].value), model_.units.display(conversion.to)),
        "leave `convert` out")
      .severity = Severity::kWarning;
}

/// A product or quotient of two currencies moves with the rate between them.
void Analyser::warn_two_currencies(const ast::Expr& expr, const Type& left, const Type& right, const Type& type) {
  const auto currencies = [&](const Type& of) { return model_.units.shape(of.unit).currencies; };
  if (currencies(left) != 1 || currencies(right) != 1 || currencies(type) < 2) return;
  Diagnostic& report = error(Code::two_currencies, expr.op,
                             fmt::format("this is {}, so it moves with the rate between the two", show(type)),
                             "bring both into one currency, as in `convert(purchase.amount, to = EUR, using = ecb)`");
  report.severity = Severity::kWarning;
  label_types(report, *expr.a, left, *expr.b, right);
}

// ------------------------------------------------------------------------------------------------ of rows
std::optional<RowId> Analyser::row_convert(const ast::Expr& call, const RowScope& scope) {
  std::optional<Conversion> conversion = this->conversion(call);
  std::optional<RowId> amount = conversion ? row(*call.args[0].value, scope) : std::nullopt;
  if (!amount) return std::nullopt;
  if (conversion->on == RateTime::kPeriodEnd) {
    error(Code::rate_time, *conversion->on_span, "a row has a time of its own, and `period_end` is of a whole period",
          fmt::format("leave `on` out, or convert what is made of all rows: `convert(sum({}), …, on = period_end)`",
                      words(*call.args[0].value)));
    return std::nullopt;
  }
  const int entity = scope.stream < 0 ? -1 : entity_for_table(model_, scope.stream, conversion->table);
  if (entity >= 0 && is_plain_number(model_.row(*amount).type))
    return converted_by_entity(call, scope, *conversion, *amount, entity);
  std::optional<UnitId> from = currency_of(*call.args[0].value, model_.row(*amount).type);
  if (!from) return std::nullopt;
  if (*from == conversion->to) return warn_same_currency(call, *conversion), amount;
  std::optional<int> rate = rate_of(*conversion, model_.units.display(*from));
  return rate ? times_rate(call, *amount, scope, *rate, *from, -1) : std::nullopt;
}

/// A number whose currency the row says, in the entity that is the table's key. One in the currency asked for needs no
/// rate.
std::optional<RowId> Analyser::converted_by_entity(const ast::Expr& call, const RowScope& scope,
                                                   const Conversion& conversion, RowId amount, int entity) {
  if (conversion.on == RateTime::kMoment) {
    error(Code::rate_time, *conversion.on_span,
          "the rate of one moment is that of one currency, and here each row has its own",
          "leave `on` out: each amount at the rate of its own time");
    return std::nullopt;
  }
  std::optional<int> rate = rate_of(conversion, "");
  std::optional<RowId> converted =
      rate ? times_rate(call, amount, scope, *rate, UnitTable::one(), entity) : std::nullopt;
  if (!converted) return std::nullopt;
  Row word;
  word.type.kind = ValueKind::kText;
  word.text = model_.units.display(conversion.to);
  Row one;
  one.type = model_.row(*converted).type;
  one.type.exact = true;
  one.type.scale = 0;
  one.type.bits = 2;
  one.type.optional = false;
  one.exact = 1;
  const RowId unit = build_.row(std::move(one));
  const Operand left{model_.row(amount).type, false}, right{model_.row(unit).type, true};
  const Type same = std::get<Type>(arithmetic(ArithmeticOp::kMultiply, left, right, model_.units));
  Row node;
  node.kind = RowKind::kIf;
  node.stream = scope.stream;
  node.a = build_.binary(RowKind::kEqual, boolean_type(), field_row(scope, entity), build_.row(std::move(word)));
  node.b = build_.binary(RowKind::kMultiply, same, amount, unit);
  node.c = *converted;
  node.type = std::get<Type>(branches({same, false}, {model_.row(*converted).type, false}, model_.units));
  return build_.row(std::move(node));
}

/// An amount times its rate, that of `from` or else of the currency that each row's `entity` names.
std::optional<RowId> Analyser::times_rate(const ast::Expr& call, RowId amount, const RowScope& scope, int rate,
                                          UnitId from, int entity) {
  Row node;
  node.kind = RowKind::kRate;
  node.type = rate_type(rate, from);
  node.type.optional = true;
  node.stream = scope.stream;
  node.rate = rate;
  node.field = entity;
  const Operand left{model_.row(amount).type, model_.row(amount).kind == RowKind::kConst};
  std::variant<Type, TypeProblem> product = arithmetic(ArithmeticOp::kMultiply, left, {node.type, false}, model_.units);
  if (const TypeProblem* wrong = std::get_if<TypeProblem>(&product)) {
    TypeProblem reported = *wrong;
    if (wrong->code == Code::too_wide)
      reported.help =
          "a factor stands outside, as in `sum(convert(x.price, …)) * 1.19`; what is multiplied by a field is "
          "converted as "
          "a sum: `convert(sum(x.price * x.count), …, on = period_end)`";
    return problem(reported, call.span), std::nullopt;
  }
  return build_.binary(RowKind::kMultiply, std::get<Type>(product), amount, build_.row(std::move(node)));
}

/// The condition of rows that would have `input` if a rate were there: everything else that it needs is.
RowId Analyser::unrated(RowId input) {
  const Row row = model_.row(input);  // a copy: what is built below moves rows
  const auto missing = [&](RowId id) {
    return model_.row(id).type.optional ? build_.unary(RowKind::kIsNull, boolean_type(), id) : build_.truth(false);
  };
  const auto there = [&](RowId id) { return build_.negation(missing(id)); };
  switch (row.kind) {
    case RowKind::kRate:
      return missing(input);
    case RowKind::kNegate:
    case RowKind::kRound:
      return unrated(row.a);
    case RowKind::kAdd:
    case RowKind::kSubtract:
    case RowKind::kMultiply:
    case RowKind::kDivide:
    case RowKind::kGreatest:
    case RowKind::kLeast: {
      const RowId a = unrated(row.a), b = unrated(row.b);
      return build_.either(build_.both(a, build_.either(there(row.b), b)), build_.both(there(row.a), b));
    }
    case RowKind::kIf:
      return build_.either(build_.both(row.a, unrated(row.b)), build_.both(build_.negation(row.a), unrated(row.c)));
    case RowKind::kCoalesce:
      return build_.both(build_.both(missing(row.a), missing(row.b)), build_.either(unrated(row.a), unrated(row.b)));
    case RowKind::kConst:
    case RowKind::kField:
    case RowKind::kAttribute:
    case RowKind::kMember:
    case RowKind::kEqual:
    case RowKind::kNotEqual:
    case RowKind::kLess:
    case RowKind::kLessEqual:
    case RowKind::kGreater:
    case RowKind::kGreaterEqual:
    case RowKind::kAnd:
    case RowKind::kOr:
    case RowKind::kNot:
    case RowKind::kIn:
    case RowKind::kIsNull:
    case RowKind::kIsFirst:
    case RowKind::kIsLast:
      break;
  }
  return build_.truth(false);
}

/// How many of an aggregate's rows lack a rate; of first and last whether the row does that they would take.
ValueId Analyser::unrated_rows(const Value& aggregate, RowId unrated) {
  Value rows;
  rows.kind = ValueKindTag::kAggregate;
  rows.type.kind = ValueKind::kInteger;
  rows.type.exact = true;
  rows.stream = aggregate.stream;
  rows.condition = aggregate.condition.valid() ? aggregate.condition : build_.truth(true);
  if (aggregate.aggregate != Aggregate::kFirst && aggregate.aggregate != Aggregate::kLast) {
    rows.condition = build_.both(rows.condition, unrated);
    return build_.value(std::move(rows));
  }
  rows.aggregate = aggregate.aggregate;
  const RowId missing = build_.unary(RowKind::kIsNull, boolean_type(), aggregate.input);
  rows.condition = build_.both(rows.condition, build_.either(build_.negation(missing), unrated));
  Row one;
  one.type = rows.type;
  one.type.bits = 2;
  Row flag = one;
  flag.kind = RowKind::kIf;
  flag.stream = aggregate.stream;
  flag.a = unrated;
  flag.c = build_.row(one);
  one.exact = 1;
  flag.b = build_.row(std::move(one));
  rows.input = build_.row(std::move(flag));
  return build_.value(std::move(rows));
}

// ------------------------------------------------------------------------------------------------ of values
std::optional<Term> Analyser::value_convert(const ast::Expr& call) {
  std::optional<Conversion> conversion = this->conversion(call);
  std::optional<Term> amount = conversion ? value(*call.args[0].value) : std::nullopt;
  if (!amount) return std::nullopt;
  const Type type = model_.value(amount->value).type;
  std::optional<UnitId> from = currency_of(*call.args[0].value, type);
  if (!from) return std::nullopt;
  if (conversion->on == RateTime::kEvent) {
    error(Code::rate_time, conversion->on_span.value_or(call.a->span),
          fmt::format("`{}` is one value of a whole period, so there is no event to take a rate at",
                      words(*call.args[0].value)),
          "convert each amount inside the aggregate, as in `sum(convert(purchase.amount, to = EUR, using = ecb))`, or "
          "take the rate at the period's end: `on = period_end`");
    return std::nullopt;
  }
  if (*from == conversion->to) return warn_same_currency(call, *conversion), amount;
  std::optional<int> rate = rate_of(*conversion, model_.units.display(*from));
  if (!rate) return std::nullopt;
  Value node;
  node.kind = ValueKindTag::kRate;
  node.type = rate_type(*rate, *from);
  node.type.bits = 0;
  node.type.optional = false;
  node.rate = *rate;
  std::variant<Type, TypeProblem> product =
      arithmetic(ArithmeticOp::kMultiply, operand(*amount), {node.type, false}, model_.units);
  if (const TypeProblem* wrong = std::get_if<TypeProblem>(&product)) return problem(*wrong, call.span), std::nullopt;
  amount->value =
      build_.binary(ValueKindTag::kMultiply, std::get<Type>(product), amount->value, build_.value(std::move(node)));
  return amount;
}

}  // namespace alidade
