// The state of machines: per key and cell a mask of what was seen and accumulators. Rows are scattered to 64 partitions
// by their key; a partition has one owner at a time, takes rows in input order, and is disjoint from the others, so
// distinct counts of partitions add up. Tested in tests/unit/evaluator_test.cpp.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "runtime/exact_sum.h"
#include "runtime/program.h"
#include "runtime/values.h"
#include "runtime/zeroed_array.h"

namespace alidade {

constexpr int kPartitions = 64;

/// Keys of one partition of a domain and their dense codes. Text and lists need none: their code is code << 6 |
/// partition.
class KeyTable {
 public:
  uint32_t code(int64_t key);  ///< found or made
  int64_t key(uint32_t code) const { return keys_[code]; }
  void prefetch(int64_t key) const;

 private:
  struct Place {
    int64_t key = 0;
    uint32_t code = 0;  ///< + 1; 0: empty
  };
  void grow();
  std::vector<int64_t> keys_;
  std::vector<Place> index_;  ///< open addressing, a power of two
};

struct DomainKeys {
  FieldKind kind = FieldKind::kText;
  std::array<KeyTable, kPartitions> partitions;
  bool coded() const { return kind == FieldKind::kText || kind == FieldKind::kOneOf; }
};

/// Where things are in an entry: uint32 code + 1 (0: no entry), uint32 cell, uint64 mask[words], then per accumulator
///   AL_COUNT int64 · AL_SUM_EXACT int64, what does not fit in `wraps` of the partition · AL_MIN/MAX_EXACT int128 ·
///   AL_SUM_FLOAT al_float_sum · AL_SUM_PLAIN double · AL_MOMENTS_* al_moments · AL_MIN/MAX_FLOAT double · AL_VALUES_*
///   uint32 number of its list (0: none), unused · AL_FIRST/LAST_* al_moment, of a row with the columns in place of the
///   value.
/// A minimum or maximum is there when the accumulator's mask bit is.
struct EntryLayout {
  explicit EntryLayout(const MachineProgram& machine);
  const MachineProgram* machine;
  std::vector<uint32_t> state_offsets;
  uint32_t bytes = 0;
};

/// Rows of one morsel for one machine, partition after partition: uint64 key, then the narrow row.
struct ScatteredRows {
  std::vector<uint8_t> bytes;
  std::array<uint32_t, kPartitions + 1> starts{};  ///< in rows
  std::vector<uint32_t> rows_without_key;          ///< of the morsel
};
/// `rows` narrow rows at `narrow`; the key of morsel row r is in `keys`.
void scatter(const MachineProgram& machine, FieldKind kind, const al_column& keys, const uint8_t* narrow, int64_t rows,
             ScatteredRows* out);

/// What several entries, or several cells, hold of one accumulator together.
struct Fold {
  int64_t count = 0;
  al_exact exact{};
  al_float_sum float_sum{};
  double plain_sum = 0;
  al_float_bound bound{};
  al_moment moment{};
  Moments moments;
  ValueList values;               ///< kept values; for AL_VALUES_KEY keys, perhaps several times
  Reason failed = Reason::kNone;  ///< why a value among them could not be computed
};

/// One partition of one machine.
class MachinePartition {
 public:
  explicit MachinePartition(const EntryLayout* layout) : layout_(layout), lists_(layout->state_offsets.size()) {}

  /// Takes `count` rows of a ScatteredRows. `keys` is null for codes. Needs a SpillScope of arena().
  void take(const uint8_t* rows, size_t count, KeyTable* keys);
  /// Takes the entries of `other`, a partition of the same machine with the same number: key and cell ids renamed.
  void merge(const MachinePartition& other, const std::vector<uint32_t>& codes, const std::vector<uint32_t>& cells);

  size_t size() const { return size_; }
  const EntryLayout& layout() const { return *layout_; }
  SpillArena* arena() { return &arena_; }
  size_t memory() const { return entries_.size(); }

  template <typename Visit>
  void for_each(Visit visit) const {  ///< visit(const uint8_t* entry), valid until the next change
    for (size_t i = 0; i < capacity_; ++i) {
      const uint8_t* entry = entries_.data() + i * layout_->bytes;
      if (*reinterpret_cast<const uint32_t*>(entry) != 0) visit(entry);
    }
  }
  static uint32_t code(const uint8_t* entry) { return *reinterpret_cast<const uint32_t*>(entry) - 1; }
  static uint32_t cell(const uint8_t* entry) { return *reinterpret_cast<const uint32_t*>(entry + 4); }
  static const uint64_t* mask(const uint8_t* entry) { return reinterpret_cast<const uint64_t*>(entry + 8); }
  static bool has(const uint8_t* entry, int bit) { return (mask(entry)[bit / 64] >> (bit % 64) & 1) != 0; }
  /// Replaces the values of a column of kept rows, where they are there.
  void change_kept(size_t accumulator, size_t column, const std::function<uint64_t(uint64_t)>& change);
  /// Adds what an entry holds of an accumulator. Needs a SpillScope for float sums.
  void fold(const uint8_t* entry, size_t accumulator, Fold* into) const;

 private:
  struct Lists {  ///< of one AL_VALUES_* accumulator: linked words; exact values are two words, low then high
    std::vector<uint32_t> heads;  ///< by list number - 1
    std::vector<uint64_t> words;
    std::vector<uint32_t> next;
    std::unordered_map<uint32_t, std::unordered_set<uint64_t>> keys;  ///< AL_VALUES_KEY: what a list has
  };
  static uint64_t hash(uint32_t code, uint32_t cell);
  size_t place(uint64_t hash) const { return static_cast<size_t>(static_cast<uint128>(hash) * capacity_ >> 64); }
  uint8_t* find_or_add(uint32_t code, uint32_t cell, uint64_t hash);
  void grow(size_t entries);
  void take_row(const uint8_t* narrow, uint8_t* entry);
  void add_exact(uint8_t* entry, size_t accumulator, int128 value);
  void bound_exact(uint8_t* entry, size_t accumulator, int128 value, bool seen);
  void bound_float(uint8_t* entry, size_t accumulator, double value, bool seen);
  void keep(const MachineAccumulator& accumulator, const uint8_t* slot, uint8_t* state);
  void push(uint8_t* entry, size_t accumulator, uint64_t word, uint64_t high);
  void merge_state(const MachinePartition& other, const uint8_t* from, uint8_t* into, size_t accumulator);

  const EntryLayout* layout_;
  ZeroedArray entries_;
  size_t capacity_ = 0, size_ = 0;
  std::vector<Lists> lists_;  ///< by accumulator
  /// AL_SUM_EXACT: how often the 64-bit sum of (code, cell) wrapped, by accumulator.
  std::unordered_map<uint64_t, std::unordered_map<size_t, int128>> wraps_;
  SpillArena arena_;
};

struct MachineState {
  explicit MachineState(const MachineProgram& program);
  EntryLayout layout;
  std::vector<MachinePartition> partitions;
  MachineState(MachineState&&) = delete;  ///< partitions point at the layout
};

}  // namespace alidade
