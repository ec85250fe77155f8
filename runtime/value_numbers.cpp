// Values to dense numbers: through a table where values are codes, else hashed. Door: value_numbers.h.
#include "runtime/value_numbers.h"

#include <algorithm>
#include <bit>

namespace alidade {
namespace {

constexpr size_t kDirectValues = size_t{1} << 24;

}  // namespace

KeyValue key_value(FieldKind kind, const al_column& column, int64_t row) {
  if (column.valid != nullptr && column.valid[row] == 0) return {};
  switch (kind) {
    case FieldKind::kText:
    case FieldKind::kOneOf:
      return {static_cast<const uint32_t*>(column.values)[row], false};
    case FieldKind::kBoolean:
      return {static_cast<const uint8_t*>(column.values)[row], false};
    case FieldKind::kInteger:
    case FieldKind::kDecimal:
    case FieldKind::kDuration:
    case FieldKind::kTimestamp:
      return {static_cast<const int64_t*>(column.values)[row], false};
    case FieldKind::kNumber:
      return {std::bit_cast<int64_t>(static_cast<const double*>(column.values)[row] + 0.0), false};
  }
  return {};
}

uint32_t ValueNumbers::of_code(size_t code) {
  return code < direct_.size() && direct_[code] != 0 ? direct_[code] : learn(code);
}

uint32_t ValueNumbers::learn(size_t code) {
  if (code >= kDirectValues) {
    auto [place, added] = hashed_.try_emplace(static_cast<int64_t>(code), made_);
    made_ += added;
    return place->second;
  }
  if (code >= direct_.size()) direct_.resize(std::max(code + 1, 2 * direct_.size()));
  return direct_[code] = made_++;
}

void ValueNumbers::number(const al_column& column, int64_t count, uint32_t* out) {
  auto direct = [&](const auto* codes) {
    const uint8_t* valid = column.valid;
    const uint32_t* known = direct_.data();
    size_t known_count = direct_.size();
    for (int64_t i = 0; i < count; ++i) {
      const size_t code = codes[i];
      if (valid != nullptr && valid[i] == 0) {
        out[i] = 0;
      } else if (code < known_count && known[code] != 0) [[likely]] {
        out[i] = known[code];
      } else {
        out[i] = learn(code);
        known = direct_.data();
        known_count = direct_.size();
      }
    }
  };
  if (kind_ == FieldKind::kText || kind_ == FieldKind::kOneOf) {
    direct(static_cast<const uint32_t*>(column.values));
  } else if (kind_ == FieldKind::kBoolean) {
    direct(static_cast<const uint8_t*>(column.values));
  } else {
    for (int64_t i = 0; i < count; ++i) {
      KeyValue value = key_value(kind_, column, i);
      if (value.missing) {
        out[i] = 0;
        continue;
      }
      auto [place, added] = hashed_.try_emplace(value.value, made_);
      made_ += added;
      out[i] = place->second;
    }
  }
}

}  // namespace alidade
