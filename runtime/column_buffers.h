// Columns made here, as a batch that owns them: text of readers and tests, values of results. Door of
// runtime/column_buffers; tested through the readers' and the output's tests.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/batch.h"

namespace alidade {

/// A column's name in the batch; several names may share one column.
struct NamedColumn {
  std::string name;
  size_t column = 0;
};

/// One column as the Arrow C Data Interface lays it out. Appending keeps the buffers in step; a column has cells of one
/// kind only.
class ColumnBuffers {
 public:
  /// `format` is Arrow's: "u" and "z" for text and bytes, "b" for bool, others for values of a fixed width.
  explicit ColumnBuffers(std::string format) : format_(std::move(format)) {}

  void append_text(std::string_view text) {
    bytes_.insert(bytes_.end(), text.begin(), text.end());
    ends_.push_back(static_cast<int32_t>(bytes_.size()));
    ++length_;
  }
  template <typename T>
  void append(T value) {
    const auto* from = reinterpret_cast<const char*>(&value);
    bytes_.insert(bytes_.end(), from, from + sizeof value);
    ++length_;
  }
  void append_bool(bool value);
  void append_null(size_t width);  ///< of a value in bytes; 0 for text and bool

  int64_t length() const { return length_; }
  size_t byte_count() const { return bytes_.size(); }
  void reserve(size_t cells, size_t bytes) {
    ends_.reserve(cells + 1);
    bytes_.reserve(bytes);
  }

 private:
  friend Batch make_batch(std::vector<ColumnBuffers> columns, const std::vector<NamedColumn>& names);
  bool is_text() const { return format_ == "u" || format_ == "z"; }
  void set_validity();

  std::string format_;
  int64_t length_ = 0;
  std::vector<int64_t> missing_;   // rows
  std::vector<uint8_t> validity_;  // bits of all rows, made of `missing_` at the end
  std::vector<int32_t> ends_{0};
  std::vector<char> bytes_;
};

/// All columns have the same length.
Batch make_batch(std::vector<ColumnBuffers> columns, const std::vector<NamedColumn>& names);

}  // namespace alidade
