// Parquet files as batches, one row group after another. Door: data_file.h. Only the leaf columns that a field needs
// are read, and of the row groups those that the run's filter does not leave out by their statistics; nested columns
// are laid flat.
#include <arrow/array/builder_base.h>
#include <arrow/c/bridge.h>
#include <arrow/record_batch.h>
#include <arrow/scalar.h>
#include <arrow/type.h>
#include <fmt/format.h>
#include <parquet/arrow/reader.h>
#include <parquet/arrow/schema.h>
#include <parquet/file_reader.h>
#include <parquet/metadata.h>
#include <parquet/statistics.h>

#include <algorithm>
#include <utility>

#include "runtime/part_filter.h"
#include "runtime/readers/data_file.h"
#include "runtime/readers/input.h"
#include "runtime/readers/nested_columns.h"

namespace alidade {
namespace {

using parquet::arrow::SchemaField;

constexpr int64_t kBatchRows = int64_t{1} << 17;
constexpr int64_t kLargestDictionary = int64_t{1} << 18;

const SchemaField& named(const std::vector<SchemaField>& fields, const std::string& name) {
  return *std::find_if(fields.begin(), fields.end(),
                       [&](const SchemaField& field) { return field.field->name() == name; });
}

// The Parquet columns of one field, which the file is known to have.
void add_leaves(const std::vector<SchemaField>& top, const NestedColumn& column, std::vector<int>* leaves) {
  const SchemaField* found = &named(top, column.names[0]);
  for (size_t i = 1; i < column.names.size(); ++i) found = &named(found->children, column.names[i]);
  if (!column.layout) return leaves->push_back(found->column_index);
  const SchemaField& element = found->children[0];
  leaves->push_back(element.children[0].column_index);
  const SchemaField& value = element.children[1];
  if (!column.layout->nested) leaves->push_back(value.column_index);
  for (const std::string& member : column.layout->members)
    leaves->push_back(named(value.children, member).column_index);
}

// A short column of text that its writer kept in a dictionary stays in it: each entry is bound once then.
void keep_small_dictionaries(const parquet::FileMetaData& metadata, parquet::ArrowReaderProperties* properties) {
  if (metadata.num_row_groups() == 0) return;
  const auto group = metadata.RowGroup(0);
  for (int i = 0; i < metadata.num_columns(); ++i) {
    const auto chunk = group->ColumnChunk(i);
    const bool text = metadata.schema()->Column(i)->physical_type() == parquet::Type::BYTE_ARRAY;
    if (!text || !chunk->has_dictionary_page()) continue;
    const int64_t bytes = chunk->data_page_offset() - chunk->dictionary_page_offset();
    properties->set_read_dictionary(i, bytes > 0 && bytes <= kLargestDictionary);
  }
}

// Whether no row of a row group misses a value of a Parquet column.
bool has_all(const parquet::RowGroupMetaData& group, int leaf) {
  const parquet::ColumnDescriptor& column = *group.schema()->Column(leaf);
  if (column.max_repetition_level() > 0) return false;
  if (column.max_definition_level() == 0) return true;
  const auto statistics = group.ColumnChunk(leaf)->statistics();
  return statistics != nullptr && statistics->HasNullCount() && statistics->null_count() == 0;
}

// The smallest and the largest value of a column chunk, as a batch of two rows; false where they are not known.
bool ends_of(const parquet::ColumnChunkMetaData& chunk, Batch* ends) {
  const auto statistics = chunk.statistics();
  if (statistics == nullptr || !statistics->HasMinMax()) return false;
  std::shared_ptr<arrow::Scalar> smallest, largest;
  if (!parquet::arrow::StatisticsAsScalars(*statistics, &smallest, &largest).ok()) return false;
  auto builder = arrow::MakeBuilder(smallest->type);
  if (!builder.ok()) return false;
  if (!(*builder)->AppendScalar(*smallest).ok() || !(*builder)->AppendScalar(*largest).ok()) return false;
  const auto values = (*builder)->Finish();
  if (!values.ok()) return false;
  const auto rows = arrow::RecordBatch::Make(arrow::schema({arrow::field("", smallest->type)}), 2, {*values});
  return arrow::ExportRecordBatch(*rows, &ends->array, &ends->schema).ok();
}

class ParquetFile : public DataFile {
 public:
  static Result<std::unique_ptr<ParquetFile>> open(const FoundFile& file);
  /// `request` outlives the file.
  Status find_columns(const FileRequest& request);
  std::vector<FileColumn> paths() const { return column_paths(schema()); }

  Result<bool> next(Batch* batch) override;
  int64_t bytes_done() const override {
    return rows_all_ == 0 ? 0 : static_cast<int64_t>(bytes_ * (static_cast<double>(row_) / rows_all_));
  }

 private:
  arrow::Schema schema() const;
  bool leaves_out(const parquet::RowGroupMetaData& group) const;

  std::string shown_;
  int64_t bytes_ = 0, rows_all_ = 0;
  std::unique_ptr<parquet::arrow::FileReader> reader_;
  NestedColumns columns_;
  const FileRequest* request_ = nullptr;
  std::vector<std::vector<int>> leaves_of_fields_;
  std::vector<int> leaves_;
  std::unique_ptr<arrow::RecordBatchReader> group_reader_;
  int group_ = 0;
  int64_t row_ = 0;
};

Result<std::unique_ptr<ParquetFile>> ParquetFile::open(const FoundFile& file) {
  auto input = open_random_access(file);
  if (!input.ok()) return input.error();
  auto opened = std::make_unique<ParquetFile>();
  parquet::arrow::FileReaderBuilder builder;
  if (const auto status = builder.Open(*input); !status.ok()) return damaged_file(file.shown, status);
  parquet::ArrowReaderProperties properties;
  properties.set_batch_size(kBatchRows);
  properties.set_pre_buffer(false);  // it would keep every row group's bytes until the file is closed
  properties.set_use_threads(builder.raw_reader()->metadata()->num_rows() > kBatchRows);
  keep_small_dictionaries(*builder.raw_reader()->metadata(), &properties);
  auto reader = builder.properties(properties)->Build();
  if (!reader.ok()) return damaged_file(file.shown, reader.status());
  opened->shown_ = file.shown;
  opened->bytes_ = file.bytes;
  opened->reader_ = std::move(*reader);
  opened->rows_all_ = opened->reader_->parquet_reader()->metadata()->num_rows();
  return opened;
}

arrow::Schema ParquetFile::schema() const {
  arrow::FieldVector fields;
  for (const SchemaField& field : reader_->manifest().schema_fields) fields.push_back(field.field);
  return arrow::Schema(fields);
}

Status ParquetFile::find_columns(const FileRequest& request) {
  auto columns = NestedColumns::resolve(shown_, schema(), request);
  if (!columns.ok()) return columns.error();
  columns_ = std::move(*columns);
  request_ = &request;
  for (const NestedColumn& column : columns_.columns()) {
    std::vector<int>& leaves = leaves_of_fields_.emplace_back();
    add_leaves(reader_->manifest().schema_fields, column, &leaves);
    leaves_.insert(leaves_.end(), leaves.begin(), leaves.end());
  }
  std::sort(leaves_.begin(), leaves_.end());
  leaves_.erase(std::unique(leaves_.begin(), leaves_.end()), leaves_.end());
  return Done{};
}

bool ParquetFile::leaves_out(const parquet::RowGroupMetaData& group) const {
  if (request_->filter == nullptr) return false;
  Batch ends;
  for (size_t i = 0; i < request_->fields.size(); ++i) {
    const FieldSchema& field = *request_->fields[i];
    const std::vector<int>& leaves = leaves_of_fields_[i];
    const bool in_list = leaves.size() > 1;  // of keys and values, whose missing values are not the rows'
    const bool is_time = request_->filter->is_time(field);
    if (is_time && (in_list || !ends_of(*group.ColumnChunk(leaves[0]), &ends))) return false;
    if ((is_time || request_->filter->counts_missing(field)) && (in_list || !has_all(group, leaves[0]))) return false;
  }
  ends.form = std::make_shared<const DataForm>(request_->options.form);
  return request_->filter->leaves_out(ends, group.num_rows());
}

Result<bool> ParquetFile::next(Batch* batch) {
  for (;;) {
    if (group_reader_ == nullptr) {
      if (group_ == reader_->num_row_groups()) return false;
      const auto group = reader_->parquet_reader()->metadata()->RowGroup(group_);
      if (group->num_rows() > 0 && leaves_out(*group)) {
        row_ += group->num_rows();
        ++group_;
        continue;
      }
      auto opened = reader_->GetRecordBatchReader({group_++}, leaves_);
      if (!opened.ok()) return damaged_file(shown_, opened.status());
      group_reader_ = std::move(*opened);
    }
    std::shared_ptr<arrow::RecordBatch> read;
    if (const auto status = group_reader_->ReadNext(&read); !status.ok()) return damaged_file(shown_, status);
    if (read == nullptr) {
      group_reader_.reset();
      continue;
    }
    *batch = Batch();
    if (const auto status = columns_.flatten(*read, batch); !status.ok()) return damaged_file(shown_, status);
    batch->file = shown_;
    batch->first_row = row_ + 1;
    row_ += read->num_rows();
    return true;
  }
}

}  // namespace

Result<std::unique_ptr<DataFile>> open_parquet(const FoundFile& file, const FileRequest& request) {
  auto opened = ParquetFile::open(file);
  if (!opened.ok()) return opened.error();
  if (auto done = (*opened)->find_columns(request); !done.ok()) return done.error();
  return std::unique_ptr<DataFile>(std::move(*opened));
}

Result<std::vector<FileColumn>> describe_parquet(const FoundFile& file) {
  auto opened = ParquetFile::open(file);
  if (!opened.ok()) return opened.error();
  return (*opened)->paths();
}

}  // namespace alidade
