// One Arrow column of a batch, decoded from the C Data Interface for reading cell by cell. Internal to the binder
// (door: batch.h, Binder); tested in tests/unit/bind_test.cpp. Borrows the batch's buffers.
#pragma once

#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "runtime/arrow_c_abi.h"
#include "runtime/base.h"

namespace alidade {

/// What the cells of a column are, however they are stored.
enum class Shape : uint8_t {
  kNull,  ///< every cell is missing
  kBool,
  kInteger,    ///< 1, 2, 4 or 8 bytes, signed or not
  kFloat,      ///< float or double
  kDecimal,    ///< 4, 8 or 16 bytes at `scale`
  kText,       ///< small or large offsets, or views
  kUuid,       ///< 16 bytes each
  kDate,       ///< days (4 bytes) or milliseconds (8 bytes)
  kTimestamp,  ///< int64 counts of `per_second`
  kDuration,
};

struct SourceColumn {
  enum class TextLayout : uint8_t { kSmall, kLarge, kView };

  Shape shape = Shape::kNull;
  int width = 0;  ///< bytes of one value: integers, floats, decimals, dates
  bool is_signed = true;
  int scale = 0;           ///< decimals
  int64_t per_second = 0;  ///< timestamps, durations
  bool has_zone = false;   ///< timestamps: the value is an instant
  TextLayout layout = TextLayout::kSmall;

  int64_t length = 0;
  int64_t offset = 0;  ///< added to a row before any buffer is read
  bool may_be_null = false;
  const uint8_t* validity = nullptr;
  const uint8_t* values = nullptr;
  const char* text = nullptr;
  const void* const* view_buffers = nullptr;
  std::unique_ptr<SourceColumn> dictionary;  ///< then this column holds indices into it, of shape kInteger

  bool is_null(int64_t row) const {
    if (shape == Shape::kNull) return true;
    if (!may_be_null) return false;
    const int64_t bit = row + offset;
    return (validity[bit >> 3] >> (bit & 7) & 1) == 0;
  }
  template <typename T>
  T value(int64_t row) const {
    T result;
    std::memcpy(&result, values + (row + offset) * static_cast<int64_t>(sizeof(T)), sizeof(T));
    return result;
  }
  bool bool_at(int64_t row) const {
    const int64_t bit = row + offset;
    return (values[bit >> 3] >> (bit & 7) & 1) != 0;
  }
  double float_at(int64_t row) const { return width == 4 ? value<float>(row) : value<double>(row); }
  int128 integer_at(int64_t row) const;  ///< kInteger and kDecimal (unscaled)
  int64_t index_at(int64_t row) const;   ///< kInteger of a dictionary
  std::string_view text_at(int64_t row) const;
};

/// Decodes child `child` of a record batch; nullopt where the type is none that a field can be read from.
std::optional<SourceColumn> decode_column(const ArrowSchema& schema, const ArrowArray& array, int64_t child);

/// "text", "timestamp[ms, UTC]", "decimal(10, 2)": a column's type for a message.
std::string arrow_type_words(const ArrowSchema& schema);

/// A cell as a message shows it, shortened to 60 bytes at a character's start.
std::string cell_text(const SourceColumn& column, int64_t row);

}  // namespace alidade
