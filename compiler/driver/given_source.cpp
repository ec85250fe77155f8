// Given rows as Arrow C Data. Door: given_source.h.
#include "compiler/driver/given_source.h"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

namespace alidade {
namespace {

/// Each exported structure owns what its private_data points at, as the C Data Interface asks.
struct TextColumn {
  std::vector<uint8_t> valid;
  std::vector<int32_t> ends = {0};
  std::string text;
  const void* buffers[3] = {};
};
void release_column(ArrowArray* array) {
  delete static_cast<TextColumn*>(array->private_data);
  array->release = nullptr;
}

struct Rows {
  std::vector<ArrowArray> columns;
  std::vector<ArrowArray*> pointers;
  const void* buffers[1] = {nullptr};
};
void release_rows(ArrowArray* array) {
  auto* rows = static_cast<Rows*>(array->private_data);
  for (ArrowArray& column : rows->columns) {
    if (column.release != nullptr) column.release(&column);
  }
  delete rows;
  array->release = nullptr;
}

struct ColumnName {
  std::string name;
};
void release_name(ArrowSchema* schema) {
  delete static_cast<ColumnName*>(schema->private_data);
  schema->release = nullptr;
}

struct RowType {
  std::vector<ArrowSchema> columns;
  std::vector<ArrowSchema*> pointers;
};
void release_type(ArrowSchema* schema) {
  auto* type = static_cast<RowType*>(schema->private_data);
  for (ArrowSchema& column : type->columns) {
    if (column.release != nullptr) column.release(&column);
  }
  delete type;
  schema->release = nullptr;
}

/// Cells that are empty, or that the test leaves out, are missing.
ArrowArray text_column(const std::vector<const std::string*>& cells) {
  auto* column = new TextColumn;
  column->valid.assign((cells.size() + 7) / 8 + 1, 0);
  ArrowArray array{};
  for (size_t i = 0; i < cells.size(); ++i) {
    if (cells[i] == nullptr || cells[i]->empty()) {
      ++array.null_count;
    } else {
      column->text += *cells[i];
      column->valid[i / 8] = static_cast<uint8_t>(column->valid[i / 8] | 1u << i % 8);
    }
    column->ends.push_back(static_cast<int32_t>(column->text.size()));
  }
  column->buffers[0] = column->valid.data();
  column->buffers[1] = column->ends.data();
  column->buffers[2] = column->text.data();
  array.length = static_cast<int64_t>(cells.size());
  array.n_buffers = 3;
  array.buffers = column->buffers;
  array.release = release_column;
  array.private_data = column;
  return array;
}

ArrowSchema text_type(const std::string& name) {
  auto* owned = new ColumnName{name};
  ArrowSchema schema{};
  schema.format = "u";
  schema.name = owned->name.c_str();
  schema.flags = ARROW_FLAG_NULLABLE;
  schema.release = release_name;
  schema.private_data = owned;
  return schema;
}

ArrowSchema row_type(const SourceSchema& source) {
  auto* type = new RowType;
  for (const FieldSchema& field : source.fields) type->columns.push_back(text_type(field.source));
  for (ArrowSchema& column : type->columns) type->pointers.push_back(&column);
  ArrowSchema schema{};
  schema.format = "+s";
  schema.name = "";
  schema.n_children = static_cast<int64_t>(type->columns.size());
  schema.children = type->pointers.data();
  schema.release = release_type;
  schema.private_data = type;
  return schema;
}

ArrowArray rows_array(const SourceSchema& source, const TestGiven& given, size_t begin, size_t end) {
  auto* rows = new Rows;
  for (size_t field = 0; field < source.fields.size(); ++field) {
    const auto place = std::find(given.fields.begin(), given.fields.end(), static_cast<int>(field));
    const auto column = static_cast<size_t>(place - given.fields.begin());
    std::vector<const std::string*> cells;
    for (size_t i = begin; i < end; ++i) {
      cells.push_back(place == given.fields.end() ? nullptr : &given.rows[i][column]);
    }
    rows->columns.push_back(text_column(cells));
  }
  for (ArrowArray& column : rows->columns) rows->pointers.push_back(&column);
  ArrowArray array{};
  array.length = static_cast<int64_t>(end - begin);
  array.n_buffers = 1;
  array.buffers = rows->buffers;
  array.n_children = static_cast<int64_t>(rows->columns.size());
  array.children = rows->pointers.data();
  array.release = release_rows;
  array.private_data = rows;
  return array;
}

}  // namespace

GivenSource::GivenSource(SourceSchema schema, const TestGiven* given, size_t batch_rows)
    : schema_(std::move(schema)), given_(given), batch_rows_(batch_rows) {}

Result<bool> GivenSource::next(Batch* batch) {
  const size_t row_count = given_ == nullptr ? 0 : given_->rows.size();
  if (next_row_ >= row_count) return false;
  const size_t end = batch_rows_ == 0 ? row_count : std::min(row_count, next_row_ + batch_rows_);
  Batch result;
  result.schema = row_type(schema_);
  result.array = rows_array(schema_, *given_, next_row_, end);
  result.file = "given " + schema_.name;
  result.first_row = static_cast<int64_t>(next_row_) + 1;
  *batch = std::move(result);
  next_row_ = end;
  return true;
}

}  // namespace alidade
