// Door: gather.h.
#include "runtime/gather.h"

#include <cstring>

namespace alidade {
namespace {

template <typename T>
void pick(const uint8_t* values, const uint32_t* rows, int64_t count, uint8_t* out) {
  const T* from = reinterpret_cast<const T*>(values);
  T* to = reinterpret_cast<T*>(out);
  if (rows == nullptr) {
    std::memcpy(to, from, static_cast<size_t>(count) * sizeof(T));
    return;
  }
  for (int64_t i = 0; i < count; ++i) to[i] = from[rows[i]];
}

template <typename Index>
void decode(const uint8_t* values, const uint32_t* codes, const uint32_t* rows, int64_t count, uint8_t* out) {
  const Index* from = reinterpret_cast<const Index*>(values);
  uint32_t* to = reinterpret_cast<uint32_t*>(out);
  if (rows == nullptr) {
    for (int64_t i = 0; i < count; ++i) to[i] = codes[from[i]];
  } else {
    for (int64_t i = 0; i < count; ++i) to[i] = codes[from[rows[i]]];
  }
}

}  // namespace

void gather_values(const ColumnView& column, const uint32_t* rows, int64_t count, uint8_t* out) {
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

void gather_valid(const ColumnView& column, const uint32_t* rows, int64_t count, uint8_t* out) {
  pick<uint8_t>(column.valid, rows, count, out);
}

void GatheredColumns::gather(size_t column, const ColumnView& view, const uint32_t* rows, int64_t count) {
  std::vector<uint64_t>& values = values_[column];
  if (values.empty()) values.resize(AL_MORSEL_ROWS + AL_LANES);
  uint8_t* out = reinterpret_cast<uint8_t*>(values.data());
  gather_values(view, rows, count, out);
  columns_[column] = {out, nullptr};
  if (view.valid == nullptr) return;
  if (valid_[column].empty()) valid_[column].resize(AL_MORSEL_ROWS + AL_LANES);
  gather_valid(view, rows, count, valid_[column].data());
  columns_[column].valid = valid_[column].data();
}

}  // namespace alidade
