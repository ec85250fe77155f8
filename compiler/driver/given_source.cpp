// Given rows as Arrow C Data. Door: given_source.h.
#include "compiler/driver/given_source.h"

#include <algorithm>
#include <string>
#include <vector>

#include "runtime/column_buffers.h"

namespace alidade {
namespace {

/// Cells that are empty, or that the test leaves out, are missing.
ColumnBuffers given_column(const TestGiven& given, int field, size_t begin, size_t end) {
  const auto place = std::find(given.fields.begin(), given.fields.end(), field);
  const auto index = static_cast<size_t>(place - given.fields.begin());
  ColumnBuffers column("u");
  for (size_t row = begin; row < end; ++row) {
    const bool there = place != given.fields.end() && !given.rows[row][index].empty();
    if (there) {
      column.append_text(given.rows[row][index]);
    } else {
      column.append_null(0);
    }
  }
  return column;
}

}  // namespace

GivenSource::GivenSource(SourceSchema schema, const TestGiven* given, size_t batch_rows)
    : schema_(std::move(schema)), given_(given), batch_rows_(batch_rows) {}

Result<bool> GivenSource::next(Batch* batch) {
  const size_t row_count = given_ == nullptr ? 0 : given_->rows.size();
  if (next_row_ >= row_count) return false;
  const size_t end = batch_rows_ == 0 ? row_count : std::min(row_count, next_row_ + batch_rows_);
  std::vector<ColumnBuffers> columns;
  std::vector<NamedColumn> names;
  for (size_t field = 0; field < schema_.fields.size(); ++field) {
    columns.push_back(given_column(*given_, static_cast<int>(field), next_row_, end));
    names.push_back({schema_.fields[field].source, field});
  }
  Batch result = make_batch(std::move(columns), names);
  result.file = "given " + schema_.name;
  result.first_row = static_cast<int64_t>(next_row_) + 1;
  *batch = std::move(result);
  next_row_ = end;
  return true;
}

}  // namespace alidade
