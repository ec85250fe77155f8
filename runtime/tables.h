// Tables in memory: attributes by key, gathered for the rows of a morsel through the row's entity. Immutable once
// loaded, safe on any thread. Tested in tests/unit/evaluator_test.cpp.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "runtime/batch.h"
#include "runtime/program.h"

namespace alidade {

/// One attribute in one form, value after value, in table row order.
struct TableColumn {
  ColumnSpec spec;
  std::vector<uint8_t> values;
  std::vector<uint8_t> valid;  ///< empty: always there
};

class LoadedTable {
 public:
  /// Reads all of `source`. `columns` are the attributes asked for. Rows whose key was met before are bad rows.
  static Result<LoadedTable> load(const SourceSchema& schema, std::vector<ColumnSpec> columns, const Calendar& calendar,
                                  StringPool& pool, BatchSource* source, bool skip_bad_rows);

  int64_t rows_read() const { return rows_read_; }
  const BadRows& bad() const { return bad_; }
  /// The table row of each key, -1 where there is none.
  void find(const al_column& keys, int64_t count, int64_t* rows) const;
  /// Copies the attribute of `rows` to `values` and 1 or 0 to `valid`.
  void gather(const ColumnSpec& column, const int64_t* rows, int64_t count, uint8_t* values, uint8_t* valid) const;

 private:
  explicit LoadedTable(FieldKind key_kind) : key_kind_(key_kind) {}
  Status take(BoundBatch batch, const SourceSchema& schema, const StringPool& pool);
  int64_t find(int64_t key) const;
  bool add(int64_t key, int64_t row);

  FieldKind key_kind_;
  int64_t row_count_ = 0, rows_read_ = 0;
  std::vector<int32_t> by_code_;  ///< text and one_of keys: row + 1
  std::unordered_map<int64_t, int32_t> by_value_;
  std::vector<TableColumn> columns_;
  BadRows bad_;
};

/// Bytes of one value of a bound column.
size_t value_bytes(FieldKind kind, ColumnForm form);
}  // namespace alidade
