// Loading a table and looking attributes up. Door: tables.h.
#include "runtime/tables.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "runtime/indexer.h"

namespace alidade {
size_t value_bytes(FieldKind kind, ColumnForm form) {
  if (form == ColumnForm::kClass) return sizeof(uint32_t);
  switch (kind) {
    case FieldKind::kInteger:
    case FieldKind::kDecimal:
    case FieldKind::kNumber:
    case FieldKind::kDuration:
    case FieldKind::kTimestamp:
      return 8;
    case FieldKind::kText:
    case FieldKind::kOneOf:
      return sizeof(uint32_t);
    case FieldKind::kBoolean:
      return 1;
  }
  return 8;
}

Result<LoadedTable> LoadedTable::load(const SourceSchema& schema, std::vector<ColumnSpec> columns,
                                      const Calendar& calendar, StringPool& pool, BatchSource* source,
                                      bool skip_bad_rows) {
  LoadedTable table(schema.fields[static_cast<size_t>(schema.key)].kind);
  std::vector<ColumnSpec> specs = {ColumnSpec{schema.key, ColumnForm::kValue, {}}};
  specs.insert(specs.end(), columns.begin(), columns.end());
  Binder binder(schema, specs, calendar, pool);
  for (ColumnSpec& column : columns) {
    table.columns_.push_back({column, {}, {}});
  }
  while (true) {
    Batch batch;
    Result<bool> more = source->next(&batch);
    if (!more.ok()) return more.error();
    BadRows refused = source->take_bad_rows();
    table.rows_read_ += refused.total();
    table.bad_.append(refused);
    if (more.value()) {
      int64_t rows = batch.array.length;
      Result<BoundBatch> bound = binder.bind(std::move(batch));
      if (!bound.ok()) return bound.error();
      table.rows_read_ += rows;
      Status taken = table.take(std::move(*bound), schema, pool);
      if (!taken.ok()) return taken.error();
    }
    if (!skip_bad_rows && table.bad_.total() > 0) return bad_rows_error(table.bad_);
    if (!more.value()) return table;
  }
}

Status LoadedTable::take(BoundBatch batch, const SourceSchema& schema, const StringPool& pool) {
  bad_.append(batch.bad);
  for (int64_t row = 0; row < batch.row_count; ++row) {
    KeyValue key = key_value(key_kind_, batch.columns[0], row);
    if (!add(key.value, row_count_)) {
      BadRowExample example{BadRow::kDuplicateKey, batch.file, batch.first_row + row,
                            schema.fields[static_cast<size_t>(schema.key)].source, ""};
      if (!batch.source_rows.empty()) example.row = batch.source_rows[static_cast<size_t>(row)];
      example.text = key_kind_ == FieldKind::kText
                         ? std::string(pool.text(static_cast<uint32_t>(key.value)).substr(0, 60))
                         : std::to_string(key.value);
      bad_.add(std::move(example));
      continue;
    }
    for (size_t c = 0; c < columns_.size(); ++c) {
      TableColumn& column = columns_[c];
      const al_column& from = batch.columns[c + 1];
      size_t width = value_bytes(schema.fields[static_cast<size_t>(column.spec.field)].kind, column.spec.form);
      const uint8_t* value = static_cast<const uint8_t*>(from.values) + static_cast<size_t>(row) * width;
      column.values.insert(column.values.end(), value, value + width);
      column.valid.push_back(from.valid == nullptr || from.valid[row] != 0 ? 1 : 0);
    }
    ++row_count_;
  }
  return Done{};
}

bool LoadedTable::add(int64_t key, int64_t row) {
  int32_t place = static_cast<int32_t>(row + 1);
  if (key_kind_ != FieldKind::kText && key_kind_ != FieldKind::kOneOf) return by_value_.try_emplace(key, place).second;
  size_t code = static_cast<size_t>(key);
  if (code >= by_code_.size()) by_code_.resize(std::max(code + 1, 2 * by_code_.size()));
  if (by_code_[code] != 0) return false;
  by_code_[code] = place;
  return true;
}

int64_t LoadedTable::find(int64_t key) const {
  if (key_kind_ == FieldKind::kText || key_kind_ == FieldKind::kOneOf) {
    size_t code = static_cast<size_t>(key);
    return code < by_code_.size() ? by_code_[code] - 1 : -1;
  }
  auto found = by_value_.find(key);
  return found == by_value_.end() ? -1 : found->second - 1;
}

void LoadedTable::find(const al_column& keys, int64_t count, int64_t* rows) const {
  for (int64_t i = 0; i < count; ++i) {
    KeyValue key = key_value(key_kind_, keys, i);
    rows[i] = key.missing ? -1 : find(key.value);
  }
}

void LoadedTable::gather(const ColumnSpec& column, const int64_t* rows, int64_t count, uint8_t* values,
                         uint8_t* valid) const {
  auto wanted = [&](const TableColumn& c) {
    return c.spec.field == column.field && c.spec.form == column.form && c.spec.classes == column.classes;
  };
  auto found = std::find_if(columns_.begin(), columns_.end(), wanted);
  ALIDADE_CHECK(found != columns_.end());
  auto copy = [&](auto* out) {
    const auto* from = reinterpret_cast<decltype(out)>(const_cast<uint8_t*>(found->values.data()));
    for (int64_t i = 0; i < count; ++i) {
      bool there = rows[i] >= 0 && found->valid[static_cast<size_t>(rows[i])] != 0;
      valid[i] = there ? 1 : 0;
      out[i] = there ? from[rows[i]] : 0;
    }
  };
  size_t width = row_count_ == 0 ? 8 : found->values.size() / static_cast<size_t>(row_count_);
  if (width == 8) copy(reinterpret_cast<int64_t*>(values));
  if (width == 4) copy(reinterpret_cast<uint32_t*>(values));
  if (width == 1) copy(values);
}

}  // namespace alidade
