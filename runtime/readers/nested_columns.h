// Fields inside nested Arrow columns, laid flat: members of structs, keys of key-value lists. Internal to the readers'
// room: included by its .cpp files only, since it shows Arrow. Tested through readers.h in
// tests/unit/readers_test.cpp.
#pragma once

#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/readers/data_file.h"
#include "runtime/readers/key_values.h"

namespace alidade {

/// Where one field's values come from.
struct NestedColumn {
  std::vector<std::string> names;  ///< from the top-level column down
  std::string key;
  std::optional<KeyValueLayout> layout;  ///< of a key-value list
};

class NestedColumns {
 public:
  /// Errors: AL7104 (no such column), AL7105 (a struct, a list, or a key-value list that does not fit the field).
  static Result<NestedColumns> resolve(const std::string& file, const arrow::Schema& schema,
                                       const FileRequest& request);
  const std::vector<NestedColumn>& columns() const { return columns_; }
  /// The fields' columns out of what was read, as a batch.
  arrow::Status flatten(const arrow::RecordBatch& read, Batch* batch) const;

 private:
  std::vector<NestedColumn> columns_;
  std::vector<std::string> names_;  // of the batch's columns
};

/// Paths of everything that a field can name, and their types.
std::vector<FileColumn> column_paths(const arrow::Schema& schema);

}  // namespace alidade
