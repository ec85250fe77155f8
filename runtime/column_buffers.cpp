// Ownership as the C Data Interface asks: the batch's two structures share what they point into. Door:
// column_buffers.h.
#include "runtime/column_buffers.h"

#include <array>
#include <memory>
#include <utility>

namespace alidade {
namespace {

// What an exported batch owns: the columns, and the structures that describe them.
struct Exported {
  std::vector<ColumnBuffers> columns;
  std::vector<NamedColumn> names;
  std::vector<ArrowSchema> schemas;
  std::vector<ArrowArray> arrays;
  std::vector<ArrowSchema*> schema_pointers;
  std::vector<ArrowArray*> array_pointers;
  std::vector<std::array<const void*, 3>> buffers;
  const void* no_validity[1] = {nullptr};
};

// A consumer may move a child out and release it alone.
void release_child_schema(ArrowSchema* schema) {
  delete static_cast<std::shared_ptr<Exported>*>(schema->private_data);
  schema->release = nullptr;
}
void release_child_array(ArrowArray* array) {
  delete static_cast<std::shared_ptr<Exported>*>(array->private_data);
  array->release = nullptr;
}
void release_schema(ArrowSchema* schema) {
  for (int64_t i = 0; i < schema->n_children; ++i) {
    if (schema->children[i]->release != nullptr) schema->children[i]->release(schema->children[i]);
  }
  release_child_schema(schema);
}
void release_array(ArrowArray* array) {
  for (int64_t i = 0; i < array->n_children; ++i) {
    if (array->children[i]->release != nullptr) array->children[i]->release(array->children[i]);
  }
  release_child_array(array);
}

}  // namespace

void ColumnBuffers::append_bool(bool value) {
  if (length_ % 8 == 0) bytes_.push_back(0);
  if (value) bytes_.back() = static_cast<char>(static_cast<uint8_t>(bytes_.back()) | 1u << length_ % 8);
  ++length_;
}

void ColumnBuffers::append_null(size_t width) {
  missing_.push_back(length_);
  if (is_text()) return append_text({});
  if (format_ == "b") return append_bool(false);
  bytes_.resize(bytes_.size() + width);
  ++length_;
}

void ColumnBuffers::set_validity() {
  if (missing_.empty()) return;
  validity_.assign(static_cast<size_t>(length_) / 8 + 1, 0xFF);
  for (const int64_t row : missing_) {
    uint8_t& byte = validity_[static_cast<size_t>(row) / 8];
    byte = static_cast<uint8_t>(byte & ~(1u << row % 8));
  }
}

Batch make_batch(std::vector<ColumnBuffers> columns, const std::vector<NamedColumn>& names) {
  auto owner = std::make_shared<Exported>();
  const size_t count = names.size();
  const int64_t rows = columns.empty() ? 0 : columns[0].length_;
  owner->columns = std::move(columns);
  owner->names = names;
  owner->schemas.resize(count);
  owner->arrays.resize(count);
  owner->buffers.resize(count);
  const auto share = [&] { return new std::shared_ptr<Exported>(owner); };
  for (ColumnBuffers& column : owner->columns) column.set_validity();
  for (size_t i = 0; i < count; ++i) {
    const ColumnBuffers& column = owner->columns[names[i].column];
    const void* validity = column.validity_.empty() ? nullptr : column.validity_.data();
    const auto missing = static_cast<int64_t>(column.missing_.size());
    const bool text = column.is_text();
    if (text)
      owner->buffers[i] = {validity, column.ends_.data(), column.bytes_.data()};
    else
      owner->buffers[i] = {validity, column.bytes_.data(), nullptr};
    owner->schemas[i] = {column.format_.c_str(),
                         owner->names[i].name.c_str(),
                         nullptr,
                         ARROW_FLAG_NULLABLE,
                         0,
                         nullptr,
                         nullptr,
                         release_child_schema,
                         share()};
    owner->arrays[i] = {
        rows, missing, 0, text ? 3 : 2, 0, owner->buffers[i].data(), nullptr, nullptr, release_child_array, share()};
    owner->schema_pointers.push_back(&owner->schemas[i]);
    owner->array_pointers.push_back(&owner->arrays[i]);
  }
  Batch batch;
  const auto children = static_cast<int64_t>(count);
  batch.schema = {"+s", "", nullptr, 0, children, owner->schema_pointers.data(), nullptr, release_schema, share()};
  batch.array = {rows,          0,      0, 1, children, owner->no_validity, owner->array_pointers.data(), nullptr,
                 release_array, share()};
  return batch;
}

}  // namespace alidade
