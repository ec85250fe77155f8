// Columns of a morsel as they lie in a batch, and their values laid side by side for the generated loops: those of
// chosen rows, or of all rows in another order. A column that stayed a dictionary is widened to its codes on the way.
// Pure functions. Tested in tests/unit/row_runs_test.cpp.
#pragma once

#include <cstdint>
#include <vector>

#include "runtime/abi.h"
#include "runtime/batch.h"

namespace alidade {

/// The number of a row in its morsel.
using MorselRow = uint16_t;
static_assert(AL_MORSEL_ROWS <= 1 << 16);

/// Rows of one column. Plain: `values` has `width` bytes a row. Coded: an index a row, and row i holds codes[index].
struct ColumnView {
  const uint8_t* values = nullptr;
  const uint8_t* valid = nullptr;  ///< a byte a row, null where no row misses its value
  int width = 8;
  const std::vector<uint32_t>* codes = nullptr;  ///< null: plain

  ColumnView from(int64_t row) const {
    return {values + row * width, valid == nullptr ? nullptr : valid + row, width, codes};
  }
};

/// The values of rows[0 … count-1], or of rows 0 … count-1 where `rows` is null: `out` takes 8 bytes a row at most.
void gather_values(const ColumnView& column, const MorselRow* rows, int64_t count, uint8_t* out);
void gather_valid(const ColumnView& column, const MorselRow* rows, int64_t count, uint8_t* out);
/// The value of row i at place positions[i]: the column is read from end to end.
void scatter_values(const ColumnView& column, const MorselRow* positions, int64_t count, uint8_t* out);
void scatter_valid(const ColumnView& column, const MorselRow* positions, int64_t count, uint8_t* out);

/// Room for the rearranged rows of every column of a pipeline, with the slack that generated loops may read.
class GatheredColumns {
 public:
  explicit GatheredColumns(size_t columns) : values_(columns), valid_(columns), columns_(columns) {}
  void gather(size_t column, const ColumnView& view, const MorselRow* rows, int64_t count);
  /// The rows in their new order.
  ColumnView scatter(size_t column, const ColumnView& view, const MorselRow* positions, int64_t count);
  /// Without a copy: the column itself, which can be read AL_LANES rows past its end.
  void point(size_t column, const ColumnView& view) { columns_[column] = {view.values, view.valid}; }
  const al_column* columns() const { return columns_.data(); }

 private:
  uint8_t* values(size_t column);
  uint8_t* valid(size_t column);
  std::vector<std::vector<uint64_t>> values_;
  std::vector<std::vector<uint8_t>> valid_;
  std::vector<al_column> columns_;
};

}  // namespace alidade
