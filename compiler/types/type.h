// The type of a value: kind, representation, unit. Door of compiler/types; built-in functions in builtins.def.
// The other parts of a metric's type (additivity, population, time, nullability) have their place in sema/model.h.
#pragma once

#include <cstdint>
#include <string>

#include "compiler/types/unit.h"
#include "runtime/schema.h"

namespace alidade {

enum class ValueKind : uint8_t {
  kInteger,
  kDecimal,
  kNumber,
  kRatio,
  kPercent,
  kMoney,
  kDuration,
  kTimestamp,
  kText,
  kUuid,
  kBoolean,
  kOneOf,
};

/// How a value is held and computed with. Exact: an integer × 10^-scale.
enum class Representation : uint8_t { kExact, kFloat, kText, kOneOf, kBoolean };

struct Type {
  ValueKind kind = ValueKind::kNumber;
  bool exact = false;  ///< integer, decimal, money, duration, timestamp before any division
  uint8_t scale = 0;   ///< digits after the point of an exact value
  uint8_t bits = 0;    ///< exact rows: |value| < 2^(bits-1); 64 for a field, a product adds widths less 1; at most 128
  bool optional = false;  ///< may be missing (rows)
  UnitId unit;            ///< money: its currency; duration: time; a count: what was counted
  int one_of = -1;        ///< index into Model::lists
  friend bool operator==(const Type&, const Type&) = default;
};

Representation representation(const Type& type);
bool is_numeric(ValueKind kind);        ///< can be added and multiplied; not timestamp, text, bool
FieldKind field_kind(ValueKind kind);   ///< how the runtime holds it
const char* kind_word(ValueKind kind);  ///< as the language writes it: "integer", "money"

/// "money(USD)", "duration", "number of users", "text": for messages and `explain`.
std::string display(const Type& type, const UnitTable& units);

}  // namespace alidade
