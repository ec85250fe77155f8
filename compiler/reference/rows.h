// The rows of a run as plain values, and what the outputs read of them. Part of compiler/reference.
// Loading is load.h, expressions over rows are row_evaluator.h. Immutable once loaded.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "compiler/sema/analyse.h"
#include "runtime/result.h"

namespace alidade::reference {

/// A field of a row or the value of a row expression; monostate is missing. Exact numbers are int128 at their type's
/// scale (timestamps and durations in microseconds); text, uuid and one_of are text.
using RowValue = std::variant<std::monostate, bool, int128, double, std::string>;
inline bool is_missing(const RowValue& value) { return std::holds_alternative<std::monostate>(value); }

struct TypedRow {
  Instant time = 0;              ///< streams
  std::vector<RowValue> fields;  ///< by field of the model; unread ones stay missing
};

struct StreamRows {
  std::vector<TypedRow> rows;        ///< good, each id once, by time
  std::optional<Instant> watermark;  ///< none: everything is complete
  StreamReport report;               ///< its `first` and `last` hold while `covered`
  /// Of a table's rows, which are here once for every instant at which they are looked at: the first and the last
  /// instant at which one begins to be valid. Their report covers from the first validity on, for ever.
  std::optional<Interval> beginnings;
  bool covers(Interval interval) const {
    return report.covered && interval.start <= report.last && interval.end > report.first;
  }
};

/// A table's row while it is valid: [from, to), all time without validity.
struct TableRow {
  Interval valid{kMinInstant, kMaxInstant};
  TypedRow row;
};
using TableRows = std::map<RowValue, std::vector<TableRow>>;  ///< by key; no two of a key are valid at one instant

/// By index of the model; what no output reads stays empty.
struct Data {
  std::vector<StreamRows> streams;
  std::vector<TableRows> tables;
  std::vector<StreamReport> bad_tables;       ///< with bad rows, that is: what is said of them
  std::map<RowId, std::vector<bool>> chosen;  ///< kIsFirst and kIsLast: by row of their stream; see first_rows.h
  std::vector<bool> repeats;  ///< by RowId: so large, with its parts written out, that expressions surely share them
};

/// The rate at its moment, or else at this one; missing where there is none.
RowValue rate_at(const Data& data, const Rate& rate, Instant at);

/// Fields by stream and table that a request's rows mention, and the streams and tables that it opens.
struct Reads {
  std::vector<std::set<int>> stream_fields, table_fields;
  std::set<int> streams, tables;
};
Reads find_reads(const Model& model, const Request& request);

/// Calls visit(id, value) once for `id` and each value below it, however many formulas share it.
template <typename Visit>
void visit_values(const Model& model, ValueId id, const Visit& visit) {
  std::set<ValueId> seen;
  std::vector<ValueId> open = {id};
  while (!open.empty()) {
    const ValueId next = open.back();
    open.pop_back();
    if (!next.valid() || !seen.insert(next).second) continue;
    const Value& value = model.value(next);
    visit(next, value);
    open.insert(open.end(), {value.a, value.b, value.c});
  }
}

}  // namespace alidade::reference
