// Tables in memory: attributes by key, gathered for the rows of a morsel through the row's entity, as of the row's time
// where the table's rows are valid from one time to another. Immutable once loaded, safe on any thread. Tested in
// tests/unit/evaluator_test.cpp and tests/conformance/semi_additive/validity.metric.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "runtime/batch.h"
#include "runtime/program.h"
#include "runtime/rates.h"

namespace alidade {

/// One attribute in one form, value after value, in table row order.
struct TableColumn {
  ColumnSpec spec;
  std::vector<uint8_t> values;
  std::vector<uint8_t> valid;  ///< empty: always there
};

class LoadedTable {
 public:
  /// Reads all of `source`. `columns` are the attributes asked for. Rows whose key was met before are bad rows; of a
  /// table with validity those that are valid at the same time as an earlier one, or over before they begin.
  static Result<LoadedTable> load(const SourceSchema& schema, std::vector<ColumnSpec> columns, const Calendar& calendar,
                                  StringPool& pool, BatchSource* source, bool skip_bad_rows);

  int64_t rows_read() const { return rows_read_; }
  const BadRows& bad() const { return bad_; }
  /// The table row of each key at the time beside it, -1 where there is none.
  void find(const al_column& keys, const Instant* times, int64_t count, int64_t* rows) const;
  /// The rows that are valid at an instant, in the order of keys.
  std::vector<int64_t> valid_at(Instant at) const;
  /// Where validity begins: kMinInstant where a row's is open. Nothing of a table without rows.
  std::optional<Instant> first_valid() const;
  /// The first and the last instant at which a row begins to be valid; nothing where none does.
  std::optional<Interval> beginnings() const;
  /// What an exact attribute, one of the columns asked for, says of one key over time.
  std::vector<RateSeries::Span> spans(int field, int64_t key) const;
  /// Copies the attribute of `rows` to `values` and 1 or 0 to `valid`.
  void gather(const ColumnSpec& column, const int64_t* rows, int64_t count, uint8_t* values, uint8_t* valid) const;

 private:
  /// A row of a key while it is valid: [from, to).
  struct Version {
    Interval valid{kMinInstant, kMaxInstant};
    int64_t row = 0;
  };
  /// A row with validity as it was read, until every row is there.
  struct Candidate {
    Version version;
    size_t number = 0;  ///< of its key
    int64_t key = 0;
    size_t file = 0;  ///< into files_
    int64_t file_row = 0;
  };

  explicit LoadedTable(FieldKind key_kind) : key_kind_(key_kind) {}
  void take(const BoundBatch& batch, const SourceSchema& schema, const StringPool& pool);
  bool take_row(const BoundBatch& batch, int64_t row, const SourceSchema& schema, const StringPool& pool);
  BadRowExample example(BadRow kind, const Candidate& row, const SourceSchema& schema, const StringPool& pool) const;
  void settle(const SourceSchema& schema, const StringPool& pool);
  size_t key_number(int64_t key);          ///< found or made, in the order of rows
  int64_t find_number(int64_t key) const;  ///< -1 where the table has no such key

  FieldKind key_kind_;
  int64_t row_count_ = 0, rows_read_ = 0;
  bool has_validity_ = false;
  std::vector<int32_t> by_code_;  ///< text and one_of keys: number + 1
  std::unordered_map<int64_t, int32_t> by_value_;
  size_t keys_ = 0;
  std::vector<Candidate> candidates_;
  std::vector<std::string> files_;
  std::vector<Version> versions_;  ///< of rows with validity, by key, then time
  std::vector<uint32_t> starts_;   ///< of a key's versions; one more than there are keys
  std::vector<TableColumn> columns_;
  BadRows bad_;
};

/// Bytes of one value of a bound column.
size_t value_bytes(FieldKind kind, ColumnForm form);
}  // namespace alidade
