// Values that are kept until a percentile is read: per cell, in chunks that grow and never move. al_sink is the
// worker's log of one accumulator. Owned by one worker; not thread-safe. Tested in tests/unit/evaluator_test.cpp.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "runtime/abi.h"
#include "runtime/base.h"

namespace alidade {

/// A multiset of exact values or doubles (as bits). Exact values mostly fit 64 bits; the others are kept apart.
struct ValueList {
  std::vector<int64_t> words;
  std::vector<int128> wide;
  size_t size() const { return words.size() + wide.size(); }
  void add_exact(int128 value) {
    int64_t word = static_cast<int64_t>(value);
    word == value ? words.push_back(word) : wide.push_back(value);
  }
  void add_float(double value) { words.push_back(__builtin_bit_cast(int64_t, value)); }
  void append(const ValueList& other);
};

}  // namespace alidade

struct al_sink {
 public:
  /// Makes room for cells below `cell_count`; to be called before rows of new cells are pushed.
  void reserve(uint32_t cell_count) {
    if (chains_.size() < cell_count) chains_.resize(cell_count);
  }
  void push(uint32_t cell, int64_t word) {
    Chain& chain = chains_[cell];
    if (chain.used == chain.capacity) extend(chain);
    chain.words[chain.used++] = word;
  }
  void push_wide(uint32_t cell, alidade::int128 value) { wide_.push_back({cell, value}); }

  uint32_t cell_count() const { return static_cast<uint32_t>(chains_.size()); }
  void collect(uint32_t cell, alidade::ValueList* out) const;
  /// Moves the values of `other` here, cell c of it to renamed[c] (or c without `renamed`).
  void take(al_sink&& other, const std::vector<uint32_t>* renamed);

 private:
  struct Chain {
    int64_t* words = nullptr;  ///< of the last chunk
    uint32_t used = 0, capacity = 0;
    std::vector<std::pair<std::unique_ptr<int64_t[]>, uint32_t>>
        chunks;  ///< with their capacities; all but the last full
  };
  struct Wide {
    uint32_t cell;
    alidade::int128 value;
  };
  static void extend(Chain& chain);

  std::vector<Chain> chains_;
  std::vector<Wide> wide_;
};
