// Loading a table and looking attributes up. Door: tables.h.
#include "runtime/tables.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <numeric>

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
  table.has_validity_ = schema.valid_from >= 0;
  std::vector<ColumnSpec> specs = {ColumnSpec{schema.key, ColumnForm::kValue, {}}};
  if (table.has_validity_) {
    specs.push_back({schema.valid_from, ColumnForm::kValue, {}});
    specs.push_back({schema.valid_to, ColumnForm::kValue, {}});
  }
  specs.insert(specs.end(), columns.begin(), columns.end());
  Binder binder(schema, specs, calendar, pool);
  for (ColumnSpec& column : columns) {
    table.columns_.push_back({column, {}, {}});
  }
  for (bool more = true; more;) {
    Batch batch;
    Result<bool> read = source->next(&batch);
    if (!read.ok()) return read.error();
    more = read.value();
    BadRows refused = source->take_bad_rows();
    table.rows_read_ += refused.total();
    table.bad_.append(refused);
    if (more) {
      table.rows_read_ += batch.array.length;
      Result<BoundBatch> bound = binder.bind(std::move(batch));
      if (!bound.ok()) return bound.error();
      table.take(*bound, schema, pool);
    } else {
      table.settle(schema, pool);
    }
    if (!skip_bad_rows && table.bad_.total() > 0) return bad_rows_error(table.bad_);
  }
  return table;
}

void LoadedTable::take(const BoundBatch& batch, const SourceSchema& schema, const StringPool& pool) {
  bad_.append(batch.bad);
  const size_t first = has_validity_ ? 3 : 1;
  for (int64_t row = 0; row < batch.row_count; ++row) {
    if (!take_row(batch, row, schema, pool)) continue;
    for (size_t c = 0; c < columns_.size(); ++c) {
      TableColumn& column = columns_[c];
      const al_column& from = batch.columns[c + first];
      size_t width = value_bytes(schema.fields[static_cast<size_t>(column.spec.field)].kind, column.spec.form);
      const uint8_t* value = static_cast<const uint8_t*>(from.values) + static_cast<size_t>(row) * width;
      column.values.insert(column.values.end(), value, value + width);
      column.valid.push_back(from.valid == nullptr || from.valid[row] != 0 ? 1 : 0);
    }
    ++row_count_;
  }
}

// False where the row is bad.
bool LoadedTable::take_row(const BoundBatch& batch, int64_t row, const SourceSchema& schema, const StringPool& pool) {
  const size_t known = keys_;
  Candidate candidate;
  candidate.version.row = row_count_;
  candidate.key = key_value(key_kind_, batch.columns[0], row).value;
  candidate.number = key_number(candidate.key);
  if (files_.empty() || files_.back() != batch.file) files_.push_back(batch.file);
  candidate.file = files_.size() - 1;
  candidate.file_row = batch.source_rows.empty() ? batch.first_row + row : batch.source_rows[static_cast<size_t>(row)];
  if (!has_validity_) {
    if (candidate.number == known) return true;
    bad_.add(example(BadRow::kDuplicateKey, candidate, schema, pool));
    return false;
  }
  const KeyValue from = key_value(FieldKind::kTimestamp, batch.columns[1], row);
  const KeyValue to = key_value(FieldKind::kTimestamp, batch.columns[2], row);
  Interval& valid = candidate.version.valid;
  if (!from.missing) valid.start = from.value;
  if (!to.missing) valid.end = to.value;
  if (valid.end < valid.start) bad_.add(example(BadRow::kEmptyValidity, candidate, schema, pool));
  if (valid.end > valid.start) candidates_.push_back(candidate);
  return valid.end >= valid.start;
}

BadRowExample LoadedTable::example(BadRow kind, const Candidate& row, const SourceSchema& schema,
                                   const StringPool& pool) const {
  const std::string key = key_kind_ == FieldKind::kText
                              ? std::string(pool.text(static_cast<uint32_t>(row.key)).substr(0, 60))
                              : std::to_string(row.key);
  return {kind, files_[row.file], row.file_row, schema.fields[static_cast<size_t>(schema.key)].source, key, ""};
}

// Orders the rows by key and time. Of two that are valid at the same time the one read first stands.
void LoadedTable::settle(const SourceSchema& schema, const StringPool& pool) {
  const auto by_reading = [](const Candidate& a, const Candidate& b) { return a.version.row < b.version.row; };
  std::sort(candidates_.begin(), candidates_.end(), [](const Candidate& a, const Candidate& b) {
    return std::pair(a.number, a.version.valid.start) < std::pair(b.number, b.version.valid.start);
  });
  std::vector<Candidate> refused;
  auto first = candidates_.begin();
  for (size_t number = 0; has_validity_ && number < keys_; ++number) {
    const auto last = std::find_if(first, candidates_.end(), [&](const Candidate& c) { return c.number != number; });
    starts_.push_back(static_cast<uint32_t>(versions_.size()));
    const bool overlap = std::adjacent_find(first, last, [](const Candidate& a, const Candidate& b) {
                           return a.version.valid.end > b.version.valid.start;
                         }) != last;
    if (overlap) std::sort(first, last, by_reading);
    std::map<Instant, Version> kept;
    for (; first != last; ++first) {
      const Interval valid = first->version.valid;
      const auto after = kept.lower_bound(valid.start);
      const bool meets_next = after != kept.end() && after->second.valid.start < valid.end;
      const bool meets_previous = after != kept.begin() && std::prev(after)->second.valid.end > valid.start;
      if (meets_next || meets_previous) {
        refused.push_back(*first);
      } else {
        kept.emplace_hint(after, valid.start, first->version);
      }
    }
    for (const auto& [start, version] : kept) versions_.push_back(version);
  }
  starts_.push_back(static_cast<uint32_t>(versions_.size()));
  std::sort(refused.begin(), refused.end(), by_reading);
  for (const Candidate& row : refused) bad_.add(example(BadRow::kOverlap, row, schema, pool));
  candidates_ = {};
}

size_t LoadedTable::key_number(int64_t key) {
  int32_t* place = nullptr;
  if (key_kind_ != FieldKind::kText && key_kind_ != FieldKind::kOneOf) {
    place = &by_value_[key];
  } else {
    const size_t code = static_cast<size_t>(key);
    if (code >= by_code_.size()) by_code_.resize(std::max(code + 1, 2 * by_code_.size()));
    place = &by_code_[code];
  }
  if (*place == 0) *place = static_cast<int32_t>(++keys_);
  return static_cast<size_t>(*place - 1);
}

int64_t LoadedTable::find_number(int64_t key) const {
  if (key_kind_ == FieldKind::kText || key_kind_ == FieldKind::kOneOf) {
    size_t code = static_cast<size_t>(key);
    return code < by_code_.size() ? by_code_[code] - 1 : -1;
  }
  auto found = by_value_.find(key);
  return found == by_value_.end() ? -1 : found->second - 1;
}

void LoadedTable::find(const al_column& keys, const Instant* times, int64_t count, int64_t* rows) const {
  for (int64_t i = 0; i < count; ++i) {
    const KeyValue key = key_value(key_kind_, keys, i);
    const int64_t number = key.missing ? -1 : find_number(key.value);
    rows[i] = -1;
    if (number < 0) continue;
    if (!has_validity_) {
      rows[i] = number;
      continue;
    }
    // Few versions a key: the one that begins last before the time holds, or none.
    const Version* first = versions_.data() + starts_[static_cast<size_t>(number)];
    const Version* last = versions_.data() + starts_[static_cast<size_t>(number) + 1];
    const Version* after = std::upper_bound(
        first, last, times[i], [](Instant time, const Version& version) { return time < version.valid.start; });
    if (after != first && times[i] < after[-1].valid.end) rows[i] = after[-1].row;
  }
}

std::vector<int64_t> LoadedTable::valid_at(Instant at) const {
  std::vector<int64_t> rows;
  if (!has_validity_) {
    rows.resize(static_cast<size_t>(row_count_));
    std::iota(rows.begin(), rows.end(), 0);
  }
  for (const Version& version : versions_) {
    if (version.valid.start <= at && at < version.valid.end) rows.push_back(version.row);
  }
  return rows;
}

std::optional<Instant> LoadedTable::first_valid() const {
  std::optional<Instant> first;
  if (!has_validity_ && row_count_ > 0) first = kMinInstant;
  for (const Version& version : versions_) first = std::min(first.value_or(kMaxInstant), version.valid.start);
  return first;
}

std::optional<Interval> LoadedTable::beginnings() const {
  std::optional<Interval> result;
  for (const Version& version : versions_) {
    const Instant start = version.valid.start;
    if (start == kMinInstant) continue;
    if (!result) result = Interval{start, start};
    result = Interval{std::min(result->start, start), std::max(result->end, start)};
  }
  return result;
}

std::vector<RateSeries::Span> LoadedTable::spans(int field, int64_t key) const {
  const int64_t number = find_number(key);
  if (number < 0) return {};
  const Version always{{kMinInstant, kMaxInstant}, number};
  const Version* first = has_validity_ ? versions_.data() + starts_[static_cast<size_t>(number)] : &always;
  const Version* last = has_validity_ ? versions_.data() + starts_[static_cast<size_t>(number) + 1] : first + 1;
  std::vector<RateSeries::Span> result;
  for (; first != last; ++first) {
    int64_t value = 0;
    uint8_t valid = 0;
    gather({field, ColumnForm::kValue, {}}, &first->row, 1, reinterpret_cast<uint8_t*>(&value), &valid);
    if (valid != 0) result.emplace_back(first->valid, value);
  }
  return result;
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
