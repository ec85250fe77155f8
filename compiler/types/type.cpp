// Words and groups of types. Door: type.h.
#include "compiler/types/type.h"

#include <algorithm>

namespace alidade {

Representation representation(const Type& type) {
  switch (type.kind) {
    case ValueKind::kInteger:
    case ValueKind::kDecimal:
    case ValueKind::kNumber:
    case ValueKind::kRatio:
    case ValueKind::kPercent:
    case ValueKind::kMoney:
    case ValueKind::kDuration:
    case ValueKind::kTimestamp:
      return type.exact ? Representation::kExact : Representation::kFloat;
    case ValueKind::kText:
    case ValueKind::kUuid:
      return Representation::kText;
    case ValueKind::kBoolean:
      return Representation::kBoolean;
    case ValueKind::kOneOf:
      return Representation::kOneOf;
  }
  return Representation::kFloat;
}

bool is_numeric(ValueKind kind) {
  switch (kind) {
    case ValueKind::kInteger:
    case ValueKind::kDecimal:
    case ValueKind::kNumber:
    case ValueKind::kRatio:
    case ValueKind::kPercent:
    case ValueKind::kMoney:
    case ValueKind::kDuration:
      return true;
    case ValueKind::kTimestamp:
    case ValueKind::kText:
    case ValueKind::kUuid:
    case ValueKind::kBoolean:
    case ValueKind::kOneOf:
      return false;
  }
  return false;
}

FieldKind field_kind(ValueKind kind) {
  switch (kind) {
    case ValueKind::kInteger:
      return FieldKind::kInteger;
    case ValueKind::kDecimal:
    case ValueKind::kMoney:
      return FieldKind::kDecimal;
    case ValueKind::kNumber:
    case ValueKind::kRatio:
    case ValueKind::kPercent:
      return FieldKind::kNumber;
    case ValueKind::kDuration:
      return FieldKind::kDuration;
    case ValueKind::kTimestamp:
      return FieldKind::kTimestamp;
    case ValueKind::kText:
    case ValueKind::kUuid:
      return FieldKind::kText;
    case ValueKind::kBoolean:
      return FieldKind::kBoolean;
    case ValueKind::kOneOf:
      return FieldKind::kOneOf;
  }
  return FieldKind::kText;
}

const char* kind_word(ValueKind kind) {
  switch (kind) {
    case ValueKind::kInteger:
      return "integer";
    case ValueKind::kDecimal:
      return "decimal";
    case ValueKind::kNumber:
      return "number";
    case ValueKind::kRatio:
      return "ratio";
    case ValueKind::kPercent:
      return "percent";
    case ValueKind::kMoney:
      return "money";
    case ValueKind::kDuration:
      return "duration";
    case ValueKind::kTimestamp:
      return "timestamp";
    case ValueKind::kText:
      return "text";
    case ValueKind::kUuid:
      return "uuid";
    case ValueKind::kBoolean:
      return "bool";
    case ValueKind::kOneOf:
      return "one_of";
  }
  return "";
}

namespace {

/// "money(" and "USD per user" → "money(USD) per user": the part before " per " goes into the parentheses.
std::string with_unit(const std::string& opened, const std::string& unit) {
  size_t per = unit.find(" per ");
  return per == std::string::npos ? opened + unit + ")" : opened + unit.substr(0, per) + ")" + unit.substr(per);
}

/// "integer", "decimal(2" and "number" with the unit as a stated type writes it.
std::string declared_words(const Type& type, const std::string& unit) {
  std::string word = kind_word(type.kind);
  bool decimal = type.kind == ValueKind::kDecimal;
  if (decimal) word += "(" + std::to_string(type.scale);
  if (unit.starts_with("per ")) return word + (decimal ? ") " : " ") + unit;
  return with_unit(word + (decimal ? ", " : "("), unit);
}

std::string duration_words(const std::string& unit) {
  size_t per = unit.find(" per ");
  return per == std::string::npos ? "duration" : "duration" + unit.substr(per);
}

}  // namespace

std::string display(const Type& type, const UnitTable& units) {
  std::string unit = units.display(type.unit);
  bool measured =
      type.kind == ValueKind::kInteger || type.kind == ValueKind::kDecimal || type.kind == ValueKind::kNumber;
  if (measured && units.has_declared(type.unit)) return declared_words(type, unit);
  switch (type.kind) {
    case ValueKind::kMoney:
      return with_unit("money(", unit);
    case ValueKind::kDuration:
      return duration_words(unit);
    case ValueKind::kInteger:
      if (unit.empty()) return "integer";
      return unit.starts_with("per ") ? "integer " + unit : "number of " + unit;
    case ValueKind::kDecimal: {
      std::string word = "decimal(" + std::to_string(type.scale) + ")";
      return unit.empty() ? word : word + " " + unit;
    }
    case ValueKind::kNumber:
    case ValueKind::kRatio:
    case ValueKind::kPercent: {
      std::string word = kind_word(type.kind);
      if (unit.empty()) return word;
      if (unit.starts_with("per ") || !units.is_counted(type.unit)) return word + " " + unit;
      const size_t above = std::min(unit.find(" per "), unit.size());
      return word + " of " + plural(unit.substr(0, above)) + unit.substr(above);
    }
    case ValueKind::kTimestamp:
    case ValueKind::kText:
    case ValueKind::kUuid:
    case ValueKind::kBoolean:
    case ValueKind::kOneOf:
      return kind_word(type.kind);
  }
  return "";
}

}  // namespace alidade
