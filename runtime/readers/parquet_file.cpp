// Parquet files as batches, one row group after another. Door: data_file.h. Only the leaf columns that a field needs
// are read; nested ones are laid flat.
#include <arrow/array.h>
#include <arrow/c/bridge.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <fmt/format.h>
#include <parquet/arrow/reader.h>
#include <parquet/arrow/schema.h>
#include <parquet/file_reader.h>
#include <parquet/metadata.h>

#include <algorithm>
#include <utility>

#include "runtime/readers/data_file.h"
#include "runtime/readers/field_path.h"
#include "runtime/readers/input.h"
#include "runtime/readers/key_values.h"

namespace alidade {
namespace {

using parquet::arrow::SchemaField;

constexpr int64_t kBatchRows = int64_t{1} << 17;
constexpr int64_t kLargestDictionary = int64_t{1} << 18;

// Where one field's values come from.
struct Resolved {
  std::vector<std::string> names;  // from the top-level column down
  std::vector<int> leaves;         // Parquet columns
  std::string key;
  std::optional<KeyValueLayout> layout;  // of a key-value list
};

const SchemaField* named(const std::vector<SchemaField>& fields, const std::string& name) {
  for (const SchemaField& field : fields) {
    if (field.field->name() == name) return &field;
  }
  return nullptr;
}

// Paths of everything that can be named, for messages and descriptions.
void collect_paths(const SchemaField& field, const std::string& prefix, std::vector<FileColumn>* paths) {
  const std::string path = prefix + field.field->name();
  const arrow::DataType& type = *field.field->type();
  if (type.id() == arrow::Type::STRUCT) {
    for (const SchemaField& child : field.children) collect_paths(child, path + ".", paths);
    return;
  }
  const bool dictionary = type.id() == arrow::Type::DICTIONARY;
  const std::string words =
      dictionary ? static_cast<const arrow::DictionaryType&>(type).value_type()->ToString() : type.ToString();
  paths->push_back({is_key_value_list(type) ? path + "['key']" : path, words});
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

class ParquetFile : public DataFile {
 public:
  static Result<std::unique_ptr<ParquetFile>> open(const FoundFile& file);
  Status resolve(const WantedFields& fields);
  std::vector<FileColumn> paths() const;

  Result<bool> next(Batch* batch) override;
  int64_t bytes_done() const override {
    return rows_all_ == 0 ? 0 : static_cast<int64_t>(bytes_ * (static_cast<double>(row_) / rows_all_));
  }

 private:
  Status resolve(const FieldSchema& field, Resolved* resolved) const;
  Status resolve_leaf(const FieldSchema& field, const SchemaField& found, const FieldPath& path,
                      Resolved* resolved) const;
  Error missing(const FieldSchema& field) const;
  arrow::Result<std::shared_ptr<arrow::Array>> values(const arrow::RecordBatch& batch, const Resolved& resolved) const;
  arrow::Status flatten(const arrow::RecordBatch& read, Batch* batch) const;

  std::string path_;
  int64_t bytes_ = 0, rows_all_ = 0;
  std::unique_ptr<parquet::arrow::FileReader> reader_;
  std::vector<Resolved> resolved_;
  std::vector<int> leaves_;
  std::vector<std::string> names_;
  std::unique_ptr<arrow::RecordBatchReader> group_reader_;
  int group_ = 0;
  int64_t row_ = 0;
};

Result<std::unique_ptr<ParquetFile>> ParquetFile::open(const FoundFile& file) {
  auto input = open_random_access(file);
  if (!input.ok()) return input.error();
  auto opened = std::make_unique<ParquetFile>();
  parquet::arrow::FileReaderBuilder builder;
  if (const auto status = builder.Open(*input); !status.ok()) return damaged_file(file.path, status);
  parquet::ArrowReaderProperties properties;
  properties.set_batch_size(kBatchRows);
  properties.set_pre_buffer(false);  // it would keep every row group's bytes until the file is closed
  properties.set_use_threads(true);
  keep_small_dictionaries(*builder.raw_reader()->metadata(), &properties);
  auto reader = builder.properties(properties)->Build();
  if (!reader.ok()) return damaged_file(file.path, reader.status());
  opened->path_ = file.path;
  opened->bytes_ = file.bytes;
  opened->reader_ = std::move(*reader);
  opened->rows_all_ = opened->reader_->parquet_reader()->metadata()->num_rows();
  return opened;
}

std::vector<FileColumn> ParquetFile::paths() const {
  std::vector<FileColumn> paths;
  for (const SchemaField& field : reader_->manifest().schema_fields) collect_paths(field, "", &paths);
  return paths;
}

Error ParquetFile::missing(const FieldSchema& field) const {
  std::vector<std::string> there;
  for (const FileColumn& column : paths()) there.push_back(column.name);
  return missing_column_error(path_, field, there);
}

Status ParquetFile::resolve(const WantedFields& fields) {
  for (const FieldSchema* field : fields) {
    Resolved resolved;
    if (auto done = resolve(*field, &resolved); !done.ok()) return done.error();
    leaves_.insert(leaves_.end(), resolved.leaves.begin(), resolved.leaves.end());
    resolved_.push_back(std::move(resolved));
    names_.push_back(field->source);
  }
  std::sort(leaves_.begin(), leaves_.end());
  leaves_.erase(std::unique(leaves_.begin(), leaves_.end()), leaves_.end());
  return Done{};
}

Status ParquetFile::resolve(const FieldSchema& field, Resolved* resolved) const {
  const std::vector<SchemaField>& top = reader_->manifest().schema_fields;
  FieldPath path = parse_field_path(field.source);
  const SchemaField* found = named(top, field.source);  // a name may have dots and brackets in it
  if (found != nullptr) {
    path = {{field.source}, std::nullopt};
  } else {
    const std::vector<SchemaField>* level = &top;
    for (const std::string& name : path.names) {
      found = named(*level, name);
      if (found == nullptr) return missing(field);
      const bool row = found->field->type()->id() == arrow::Type::STRUCT;
      static const std::vector<SchemaField> kNone;
      level = row ? &found->children : &kNone;
    }
  }
  resolved->names = path.names;
  return resolve_leaf(field, *found, path, resolved);
}

Status ParquetFile::resolve_leaf(const FieldSchema& field, const SchemaField& found, const FieldPath& path,
                                 Resolved* resolved) const {
  const arrow::DataType& type = *found.field->type();
  const auto wrong = [&](const std::string& what, const std::string& note) {
    return Error{7105, fmt::format("column \"{}\" of {} is {}", field.source, path_, what), {note}};
  };
  if (path.key) {
    resolved->key = *path.key;
    resolved->layout = key_value_layout(type, field);
    if (!is_key_value_list(type))
      return wrong("no key-value list", "a key in brackets names a value in a list of {key, value}");
    if (!resolved->layout)
      return wrong("a key-value list without a member that the field can be read from", type.ToString());
    const SchemaField& element = found.children[0];
    resolved->leaves.push_back(element.children[0].column_index);
    const SchemaField& value = element.children[1];
    if (!resolved->layout->nested) resolved->leaves.push_back(value.column_index);
    for (const std::string& member : resolved->layout->members)
      resolved->leaves.push_back(named(value.children, member)->column_index);
    return Done{};
  }
  if (found.is_leaf() && !arrow::is_nested(type.id())) {
    resolved->leaves.push_back(found.column_index);
    return Done{};
  }
  std::vector<FileColumn> below;
  collect_paths(found, "", &below);
  const std::string prefix = field.source.substr(0, field.source.size() - found.field->name().size());
  if (is_key_value_list(type))
    return wrong("a key-value list", fmt::format("name a key of it: {}{}", prefix, below[0].name));
  if (type.id() == arrow::Type::STRUCT)
    return wrong("a struct", fmt::format("name a member of it, such as {}{}", prefix, below[0].name));
  return wrong("a list", "a field has one value in a row");
}

arrow::Result<std::shared_ptr<arrow::Array>> ParquetFile::values(const arrow::RecordBatch& batch,
                                                                 const Resolved& resolved) const {
  std::shared_ptr<arrow::Array> array = batch.GetColumnByName(resolved.names[0]);
  for (size_t i = 1; i < resolved.names.size(); ++i) {
    const auto& row = static_cast<const arrow::StructArray&>(*array);
    ARROW_ASSIGN_OR_RAISE(array, row.GetFlattenedField(row.struct_type()->GetFieldIndex(resolved.names[i])));
  }
  if (!resolved.layout) return array;
  return values_of_key(*array, resolved.key, *resolved.layout);
}

arrow::Status ParquetFile::flatten(const arrow::RecordBatch& read, Batch* batch) const {
  arrow::ArrayVector columns;
  arrow::FieldVector fields;
  for (size_t i = 0; i < resolved_.size(); ++i) {
    ARROW_ASSIGN_OR_RAISE(auto column, values(read, resolved_[i]));
    fields.push_back(arrow::field(names_[i], column->type()));
    columns.push_back(std::move(column));
  }
  const auto flat = arrow::RecordBatch::Make(arrow::schema(fields), read.num_rows(), columns);
  return arrow::ExportRecordBatch(*flat, &batch->array, &batch->schema);
}

Result<bool> ParquetFile::next(Batch* batch) {
  for (;;) {
    if (group_reader_ == nullptr) {
      if (group_ == reader_->num_row_groups()) return false;
      auto opened = reader_->GetRecordBatchReader({group_++}, leaves_);
      if (!opened.ok()) return damaged_file(path_, opened.status());
      group_reader_ = std::move(*opened);
    }
    std::shared_ptr<arrow::RecordBatch> read;
    if (const auto status = group_reader_->ReadNext(&read); !status.ok()) return damaged_file(path_, status);
    if (read == nullptr) {
      group_reader_.reset();
      continue;
    }
    *batch = Batch();
    if (const auto status = flatten(*read, batch); !status.ok()) return damaged_file(path_, status);
    batch->file = path_;
    batch->first_row = row_ + 1;
    row_ += read->num_rows();
    return true;
  }
}

}  // namespace

Result<std::unique_ptr<DataFile>> open_parquet(const FoundFile& file, const WantedFields& fields) {
  auto opened = ParquetFile::open(file);
  if (!opened.ok()) return opened.error();
  if (auto done = (*opened)->resolve(fields); !done.ok()) return done.error();
  return std::unique_ptr<DataFile>(std::move(*opened));
}

Result<std::vector<FileColumn>> describe_parquet(const FoundFile& file) {
  auto opened = ParquetFile::open(file);
  if (!opened.ok()) return opened.error();
  return (*opened)->paths();
}

}  // namespace alidade
