// Nested columns. Door: nested_columns.h.
#include "runtime/readers/nested_columns.h"

#include <arrow/array.h>
#include <arrow/c/bridge.h>
#include <fmt/format.h>

#include "runtime/readers/field_path.h"

namespace alidade {
namespace {

void collect_paths(const arrow::Field& field, const std::string& prefix, std::vector<FileColumn>* paths) {
  const std::string path = prefix + field.name();
  const arrow::DataType& type = *field.type();
  if (type.id() == arrow::Type::STRUCT) {
    for (const auto& child : type.fields()) collect_paths(*child, path + ".", paths);
    return;
  }
  const bool dictionary = type.id() == arrow::Type::DICTIONARY;
  const std::string words =
      dictionary ? static_cast<const arrow::DictionaryType&>(type).value_type()->ToString() : type.ToString();
  paths->push_back({is_key_value_list(type) ? path + "['key']" : path, words});
}

const arrow::Field* named(const arrow::FieldVector& fields, const std::string& name) {
  for (const auto& field : fields) {
    if (field->name() == name) return field.get();
  }
  return nullptr;
}

Status check_leaf(const std::string& file, const FieldSchema& field, const arrow::Field& found, bool has_key,
                  NestedColumn* column) {
  const arrow::DataType& type = *found.type();
  const auto wrong = [&](const std::string& what, const std::string& note) {
    return Error{7105, fmt::format("column \"{}\" of {} is {}", field.source, file, what), {note}};
  };
  if (has_key) {
    column->layout = key_value_layout(type, field);
    if (!is_key_value_list(type))
      return wrong("no key-value list", "a key in brackets names a value in a list of {key, value}");
    if (!column->layout)
      return wrong("a key-value list without a member that the field can be read from", type.ToString());
    return Done{};
  }
  if (!arrow::is_nested(type.id())) return Done{};
  std::vector<FileColumn> below;
  collect_paths(found, "", &below);
  const std::string prefix = field.source.substr(0, field.source.size() - found.name().size());
  if (is_key_value_list(type))
    return wrong("a key-value list", fmt::format("name a key of it: {}{}", prefix, below[0].name));
  if (type.id() == arrow::Type::STRUCT)
    return wrong("a struct", fmt::format("name a member of it, such as {}{}", prefix, below[0].name));
  return wrong("a list", "a field has one value in a row");
}

arrow::Result<std::shared_ptr<arrow::Array>> values(const arrow::RecordBatch& batch, const NestedColumn& column) {
  std::shared_ptr<arrow::Array> array = batch.GetColumnByName(column.names[0]);
  for (size_t i = 1; i < column.names.size(); ++i) {
    const auto& row = static_cast<const arrow::StructArray&>(*array);
    ARROW_ASSIGN_OR_RAISE(array, row.GetFlattenedField(row.struct_type()->GetFieldIndex(column.names[i])));
  }
  if (!column.layout) return array;
  return values_of_key(*array, column.key, *column.layout);
}

}  // namespace

std::vector<FileColumn> column_paths(const arrow::Schema& schema) {
  std::vector<FileColumn> paths;
  for (const auto& field : schema.fields()) collect_paths(*field, "", &paths);
  return paths;
}

Result<NestedColumns> NestedColumns::resolve(const std::string& file, const arrow::Schema& schema,
                                             const FileRequest& request) {
  NestedColumns nested;
  for (const FieldSchema* field : request.fields) {
    FieldPath path = parse_field_path(field->source);
    const arrow::Field* found = named(schema.fields(), field->source);  // a name may have dots and brackets in it
    if (found != nullptr) {
      path = {{field->source}, std::nullopt};
    } else {
      arrow::FieldVector level = schema.fields();
      for (const std::string& name : path.names) {
        found = named(level, name);
        if (found == nullptr) break;
        level = found->type()->id() == arrow::Type::STRUCT ? found->type()->fields() : arrow::FieldVector();
      }
    }
    if (found == nullptr) {
      std::vector<std::string> there;
      for (const FileColumn& column : column_paths(schema)) there.push_back(column.name);
      return missing_column_error(file, *field, there);
    }
    if (schema.GetAllFieldIndices(path.names[0]).size() > 1) {
      return Error{7104, fmt::format("{} has two columns \"{}\"", file, path.names[0]), {"rename one of them"}};
    }
    NestedColumn column{path.names, path.key.value_or(""), std::nullopt};
    if (auto fine = check_leaf(file, *field, *found, path.key.has_value(), &column); !fine.ok()) return fine.error();
    nested.columns_.push_back(std::move(column));
    nested.names_.push_back(field->source);
  }
  return nested;
}

arrow::Status NestedColumns::flatten(const arrow::RecordBatch& read, Batch* batch) const {
  arrow::ArrayVector columns;
  arrow::FieldVector fields;
  for (size_t i = 0; i < columns_.size(); ++i) {
    ARROW_ASSIGN_OR_RAISE(auto column, values(read, columns_[i]));
    fields.push_back(arrow::field(names_[i], column->type()));
    columns.push_back(std::move(column));
  }
  const auto flat = arrow::RecordBatch::Make(arrow::schema(fields), read.num_rows(), columns);
  return arrow::ExportRecordBatch(*flat, &batch->array, &batch->schema);
}

}  // namespace alidade
