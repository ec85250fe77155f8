// Units of the spec's own: `unit story_point`, `unit epic = 8 story_point`, and the fields that are measured in them.
// A unit is known by its name in every module of the spec, as a currency is.
#include <fmt/format.h>

#include "compiler/sema/analyser.h"

namespace alidade {

/// A unit without a quantity is one of its own kind; with one it is so much of another and converts to it.
bool Analyser::declare_unit(Symbol& symbol) {
  const ast::Decl& decl = *symbol.decl;
  const std::string word(decl.name.name.text());
  check_properties(decl.properties, nullptr);
  UnitWord unit{UnitWordKind::kDeclared, 1, 0, model_.units.base(word, BaseUnitKind::kDeclared)};
  if (decl.factor != nullptr) {
    std::optional<Constant> amount = constant(*decl.factor);
    if (!amount) return false;
    bool part_of_a_microsecond = amount->type.kind == ValueKind::kDuration && amount->type.scale != 0;
    if (amount->exact <= 0 || amount->exact > INT64_MAX || part_of_a_microsecond) {
      error(Code::unit_amount, decl.factor->span,
            fmt::format("`{}` cannot be {} of something", word, written(decl.factor->span)),
            "write how much of another unit it is, as in `unit epic = 8 story_point`");
      return false;
    }
    unit = {UnitWordKind::kDeclared, static_cast<int64_t>(amount->exact), amount->type.scale, amount->type.unit};
    if (amount->type.kind == ValueKind::kMoney) unit.kind = UnitWordKind::kCurrency;
    if (amount->type.kind == ValueKind::kDuration) unit.kind = UnitWordKind::kDuration;
    if (model_.units.is_counted(amount->type.unit)) unit.kind = UnitWordKind::kCounted;
    if (amount->type.unit == UnitTable::one()) unit.kind = UnitWordKind::kMultiple;
  }
  symbol.index = static_cast<int>(unit_words_.size());
  unit_words_.push_back(unit);
  return true;
}

std::optional<UnitWord> Analyser::declared_unit(std::string_view word) {
  Symbol& symbol = symbols_[static_cast<size_t>(units_.at(word))];
  return resolve(symbol) ? std::optional(unit_words_[static_cast<size_t>(symbol.index)]) : std::nullopt;
}

/// One name is one unit: in all modules, and beside what the language, the streams and their entities call so.
void Analyser::check_units() {
  for (Symbol& symbol : symbols_) {
    if (symbol.kind != SymbolKind::kUnit || !resolve(symbol)) continue;
    const std::string_view word = symbol.name.text();
    const UnitWord& unit = unit_words_[static_cast<size_t>(symbol.index)];
    const Symbol& first = symbols_[static_cast<size_t>(units_.at(word))];
    if (first.state == SymbolState::kDone && unit_words_[static_cast<size_t>(first.index)] != unit) {
      error(Code::unit_taken, symbol.decl->name.span, fmt::format("`{}` is declared as two different units", word),
            "rename one of the two")
          .labels.push_back({first.decl->name.span, "and here"});
      continue;
    }
    units_.erase(word);  // what the word means without the declaration
    std::optional<UnitWord> other = unit_word(word);
    units_.emplace(word, static_cast<int>(&first - symbols_.data()));
    if (!other || *other == unit) continue;
    error(Code::unit_taken, symbol.decl->name.span, fmt::format("`{}` is a unit without being declared", word),
          "choose another name: the currencies, entities and streams of a spec are units, and us ms s min h days weeks "
          "and K M B of the language");
  }
}

/// `integer(story_point)`, `decimal(2, story_point)`, `number(story_point)`.
bool Analyser::measure(const ast::TypeRef& type, size_t argument, ModelField& field) {
  const ast::TypeArg& written = type.args[argument];
  const std::string_view word = type.name.name.text();
  bool plain = type.args.size() == argument + 1 && written.literal == nullptr && written.per.name.empty();
  if (!plain) {
    error(Code::type_argument, written.span, fmt::format("after `{}` stands the unit that the data counts in", word),
          "write a declared unit, as in `integer(story_point)` or `decimal(2, story_point)`");
    return false;
  }
  std::optional<UnitWord> unit = unit_word(written.name);
  if (!unit) return false;
  if (unit->kind != UnitWordKind::kDeclared || unit->scale + field.type.scale > kMaxScale) {
    const char* help = unit->kind == UnitWordKind::kDuration   ? "write `duration(min)` for a time in minutes"
                       : unit->kind == UnitWordKind::kCurrency ? "write `money(USD)` for an amount of money"
                                                               : "declare it, as in `unit story_point`";
    error(Code::type_argument, written.span,
          fmt::format("`{}` is no unit that `{}` has", written.name.name.text(), word), help);
    return false;
  }
  field.type.unit = unit->unit;
  field.factor = unit->factor;
  field.factor_scale = static_cast<uint8_t>(unit->scale);
  return true;
}

/// A field whose data counts in a unit that others make up, in its type's unit.
RowId Analyser::in_type_unit(const ModelField& field, RowId id) {
  if (field.factor == 1 && field.factor_scale == 0) return id;
  Row factor;
  factor.type.kind = field.factor_scale == 0 ? ValueKind::kInteger : ValueKind::kDecimal;
  factor.type.exact = true;
  factor.type.scale = field.factor_scale;
  factor.type.bits = static_cast<uint8_t>(bits_of(field.factor));
  factor.exact = field.factor;
  RowId constant = build_.row(std::move(factor));
  const Type type = model_.row(id).type;
  if (!type.exact) constant = build_.as_float(constant);
  std::variant<Type, TypeProblem> product =
      arithmetic(ArithmeticOp::kMultiply, {type, false}, {model_.row(constant).type, true}, model_.units);
  return build_.binary(RowKind::kMultiply, std::get<Type>(product), id, constant);
}

}  // namespace alidade
