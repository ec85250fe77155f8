// Chunked logs of values and the two functions generated code pushes through. Door: values.h.
#include "runtime/values.h"

#include <algorithm>

namespace alidade {

void ValueList::append(const ValueList& other) {
  words.insert(words.end(), other.words.begin(), other.words.end());
  wide.insert(wide.end(), other.wide.begin(), other.wide.end());
}

}  // namespace alidade

void al_sink::extend(Chain& chain) {
  constexpr uint32_t kSmallest = 8, kLargest = 8192;
  uint32_t capacity = std::clamp(chain.capacity * 2, kSmallest, kLargest);
  chain.chunks.emplace_back(new int64_t[capacity], capacity);
  chain.words = chain.chunks.back().first.get();
  chain.capacity = capacity;
  chain.used = 0;
}

void al_sink::collect(uint32_t cell, alidade::ValueList* out) const {
  if (cell >= chains_.size()) return;
  const Chain& chain = chains_[cell];
  for (const auto& [words, capacity] : chain.chunks) {
    uint32_t count = words.get() == chain.words ? chain.used : capacity;
    out->words.insert(out->words.end(), words.get(), words.get() + count);
  }
  for (const Wide& value : wide_) {
    if (value.cell == cell) out->wide.push_back(value.value);
  }
}

void al_sink::take(al_sink&& other, const std::vector<uint32_t>* renamed) {
  auto name = [&](uint32_t cell) { return renamed == nullptr ? cell : (*renamed)[cell]; };
  for (uint32_t cell = 0; cell < other.chains_.size(); ++cell) {
    Chain& from = other.chains_[cell];
    if (from.chunks.empty()) continue;
    reserve(name(cell) + 1);
    Chain& into = chains_[name(cell)];
    if (into.chunks.empty()) {
      into = std::move(from);
      continue;
    }
    // Whole chunks go in front of the chain's last; the part-filled one is copied.
    for (auto& [words, capacity] : from.chunks) {
      if (words.get() == from.words && from.used < capacity) {
        for (uint32_t i = 0; i < from.used; ++i) push(name(cell), words[i]);
      } else {
        into.chunks.insert(into.chunks.end() - 1, {std::move(words), capacity});
      }
    }
  }
  for (Wide& value : other.wide_) wide_.push_back({name(value.cell), value.value});
  other = al_sink();
}

extern "C" void al_push_exact(al_sink* sink, uint32_t cell, uint64_t low, int64_t high) {
  if (static_cast<int64_t>(low) >> 63 == high) {
    sink->push(cell, static_cast<int64_t>(low));
  } else {
    sink->push_wide(
        cell, static_cast<alidade::int128>(static_cast<alidade::uint128>(static_cast<uint64_t>(high)) << 64 | low));
  }
}

extern "C" void al_push_float(al_sink* sink, uint32_t cell, double value) {
  sink->push(cell, __builtin_bit_cast(int64_t, value));
}
