// Values of one key in a key-value list column, one a row. Internal to the readers' room: included by its .cpp files
// only, since it shows Arrow. Tested through readers.h in tests/unit/readers_test.cpp.
#pragma once

#include <arrow/array.h>
#include <arrow/result.h>
#include <arrow/type.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/schema.h"

namespace alidade {

/// How the values of a key-value list are read for one field. The list's elements are structs {key, value}; where value
/// is a struct itself, `members` are those of it whose types fit the field's kind, the best first: of each row the
/// first that is there is taken, because a writer puts 15 into an integer member and 15.09 into a float one.
struct KeyValueLayout {
  enum class Form : uint8_t { kText, kInteger, kFloat, kBool };
  Form form = Form::kText;
  bool nested = false;
  std::vector<std::string> members;  ///< empty where value is no struct
};

/// nullopt where the type is no key-value list.
std::optional<KeyValueLayout> key_value_layout(const arrow::DataType& list, const FieldSchema& field);
bool is_key_value_list(const arrow::DataType& type);

/// The value of `key` in every row, null where the row has no such key: a utf8, int64, double or bool array.
arrow::Result<std::shared_ptr<arrow::Array>> values_of_key(const arrow::Array& list, const std::string& key,
                                                           const KeyValueLayout& layout);

}  // namespace alidade
