// Columns of a morsel as they lie in a batch, and the values of chosen rows laid side by side for the generated loops.
// A column that stayed a dictionary is widened to its codes on the way. Pure functions. Tested in
// tests/unit/row_runs_test.cpp.
#pragma once

#include <cstdint>
#include <vector>

#include "runtime/abi.h"
#include "runtime/batch.h"

namespace alidade {

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
void gather_values(const ColumnView& column, const uint32_t* rows, int64_t count, uint8_t* out);
void gather_valid(const ColumnView& column, const uint32_t* rows, int64_t count, uint8_t* out);

/// Room for the gathered rows of every column of a pipeline, with the slack that generated loops may read.
class GatheredColumns {
 public:
  explicit GatheredColumns(size_t columns) : values_(columns), valid_(columns), columns_(columns) {}
  void gather(size_t column, const ColumnView& view, const uint32_t* rows, int64_t count);
  /// Without a copy: the column itself, which can be read AL_LANES rows past its end.
  void point(size_t column, const ColumnView& view) { columns_[column] = {view.values, view.valid}; }
  const al_column* columns() const { return columns_.data(); }

 private:
  std::vector<std::vector<uint64_t>> values_;
  std::vector<std::vector<uint8_t>> valid_;
  std::vector<al_column> columns_;
};

}  // namespace alidade
