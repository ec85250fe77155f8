// What a stream's or table's fields are, as readers and binding need it: no units, no meaning.
// Door of runtime/schema; filled by compiler/plan (native) and compiler/reference from the typed model.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace alidade {

enum class FieldKind : uint8_t {
  kInteger,    ///< int64
  kDecimal,    ///< int64, value × 10^scale (money too, scale 6 unless declared)
  kNumber,     ///< binary64; NaN and infinities are bad values
  kDuration,   ///< int64 microseconds; the source counts `unit_micros`
  kTimestamp,  ///< int64 microseconds UTC; `unit_micros` > 0: an epoch count in that unit
  kText,       ///< code in the run's StringPool; uuid too
  kBoolean,    ///< one byte
  kOneOf,      ///< uint32 index into `values`
};

struct FieldSchema {
  std::string name;    ///< as the spec writes it
  std::string source;  ///< path in the data (`from "…"`), the name where none was written
  FieldKind kind = FieldKind::kInteger;
  uint8_t scale = 0;        ///< kDecimal: digits after the point
  int64_t unit_micros = 0;  ///< kDuration: microseconds of one source unit. kTimestamp: 0 text or typed; else epoch
                            ///< unit (kEpochNanos: nanoseconds, floored to microseconds)
  bool date_only = false;   ///< kTimestamp: `timestamp(day)`; a time of day in the data is a bad row
  bool optional = false;    ///< declared with `?`; a missing value of any other field is a bad row
  std::vector<std::string> values;  ///< kOneOf, in declared order
};

constexpr int64_t kEpochNanos = -1000;

/// A stream (time >= 0), a table (key >= 0), or a table's rows as a stream has them: each is there at every instant at
/// which it is valid (table >= 0). Indices point into `fields`; -1 means none.
struct SourceSchema {
  std::string name;
  std::vector<FieldSchema> fields;
  int time = -1;
  int id = -1;
  int order = -1;
  int arrived = -1;
  int key = -1;         ///< tables: the key's field
  int valid_from = -1;  ///< tables: valid from <= t < to; a missing end is open
  int valid_to = -1;
  int table = -1;           ///< whose rows these are; the fields are that table's
  int64_t late_micros = 0;  ///< `late up to`
};

/// Field `field` of the rows of a table as that table's own, by name: each schema may have lost what it does not read.
inline int field_of_table(const std::vector<SourceSchema>& tables, const SourceSchema& rows, int field) {
  const std::vector<FieldSchema>& fields = tables[static_cast<size_t>(rows.table)].fields;
  size_t found = 0;
  while (found < fields.size() && fields[found].name != rows.fields[static_cast<size_t>(field)].name) ++found;
  return found < fields.size() ? static_cast<int>(found) : -1;
}

}  // namespace alidade
