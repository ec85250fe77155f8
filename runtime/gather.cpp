// Door: gather.h.
#include "runtime/gather.h"

#include <cstring>

namespace alidade {
namespace {

template <typename T>
void pick(const uint8_t* values, const MorselRow* rows, int64_t count, uint8_t* out) {
  const T* from = reinterpret_cast<const T*>(values);
  T* to = reinterpret_cast<T*>(out);
  if (rows == nullptr) {
    std::memcpy(to, from, static_cast<size_t>(count) * sizeof(T));
    return;
  }
  for (int64_t i = 0; i < count; ++i) to[i] = from[rows[i]];
}

template <typename Index>
void decode(const uint8_t* values, const uint32_t* codes, const MorselRow* rows, int64_t count, uint8_t* out) {
  const Index* from = reinterpret_cast<const Index*>(values);
  uint32_t* to = reinterpret_cast<uint32_t*>(out);
  if (rows == nullptr) {
    for (int64_t i = 0; i < count; ++i) to[i] = codes[from[i]];
  } else {
    for (int64_t i = 0; i < count; ++i) to[i] = codes[from[rows[i]]];
  }
}

template <typename T>
void put(const uint8_t* values, const MorselRow* positions, int64_t count, uint8_t* out) {
  const T* from = reinterpret_cast<const T*>(values);
  T* to = reinterpret_cast<T*>(out);
  for (int64_t i = 0; i < count; ++i) to[positions[i]] = from[i];
}

template <typename Index>
void put_decoded(const uint8_t* values, const uint32_t* codes, const MorselRow* positions, int64_t count,
                 uint8_t* out) {
  const Index* from = reinterpret_cast<const Index*>(values);
  uint32_t* to = reinterpret_cast<uint32_t*>(out);
  for (int64_t i = 0; i < count; ++i) to[positions[i]] = codes[from[i]];
}

}  // namespace

void gather_values(const ColumnView& column, const MorselRow* rows, int64_t count, uint8_t* out) {
  if (column.codes != nullptr) {
    const uint32_t* codes = column.codes->data();
    if (column.width == 1) return decode<uint8_t>(column.values, codes, rows, count, out);
    if (column.width == 2) return decode<uint16_t>(column.values, codes, rows, count, out);
    return decode<uint32_t>(column.values, codes, rows, count, out);
  }
  if (column.width == 8) return pick<uint64_t>(column.values, rows, count, out);
  if (column.width == 4) return pick<uint32_t>(column.values, rows, count, out);
  pick<uint8_t>(column.values, rows, count, out);
}

void gather_valid(const ColumnView& column, const MorselRow* rows, int64_t count, uint8_t* out) {
  pick<uint8_t>(column.valid, rows, count, out);
}

void scatter_values(const ColumnView& column, const MorselRow* positions, int64_t count, uint8_t* out) {
  if (column.codes != nullptr) {
    const uint32_t* codes = column.codes->data();
    if (column.width == 1) return put_decoded<uint8_t>(column.values, codes, positions, count, out);
    if (column.width == 2) return put_decoded<uint16_t>(column.values, codes, positions, count, out);
    return put_decoded<uint32_t>(column.values, codes, positions, count, out);
  }
  if (column.width == 8) return put<uint64_t>(column.values, positions, count, out);
  if (column.width == 4) return put<uint32_t>(column.values, positions, count, out);
  put<uint8_t>(column.values, positions, count, out);
}

void scatter_valid(const ColumnView& column, const MorselRow* positions, int64_t count, uint8_t* out) {
  put<uint8_t>(column.valid, positions, count, out);
}

uint8_t* GatheredColumns::values(size_t column) {
  if (values_[column].empty()) values_[column].resize(AL_MORSEL_ROWS + AL_LANES);
  return reinterpret_cast<uint8_t*>(values_[column].data());
}

uint8_t* GatheredColumns::valid(size_t column) {
  if (valid_[column].empty()) valid_[column].resize(AL_MORSEL_ROWS + AL_LANES);
  return valid_[column].data();
}

void GatheredColumns::gather(size_t column, const ColumnView& view, const MorselRow* rows, int64_t count) {
  uint8_t* out = values(column);
  gather_values(view, rows, count, out);
  columns_[column] = {out, nullptr};
  if (view.valid == nullptr) return;
  gather_valid(view, rows, count, valid(column));
  columns_[column].valid = valid(column);
}

ColumnView GatheredColumns::scatter(size_t column, const ColumnView& view, const MorselRow* positions, int64_t count) {
  ColumnView sorted{values(column), nullptr, view.codes == nullptr ? view.width : int{sizeof(uint32_t)}, nullptr};
  scatter_values(view, positions, count, values(column));
  if (view.valid == nullptr) return sorted;
  scatter_valid(view, positions, count, valid(column));
  sorted.valid = valid(column);
  return sorted;
}

}  // namespace alidade
