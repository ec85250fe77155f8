// The cell of every row of a morsel, for each key space a pipeline uses. One indexer per worker and pipeline: it caches
// what it has learnt from the shared slot, group and cell tables, so that rows rarely need a lock. Not thread-safe.
// Tested in tests/unit/evaluator_test.cpp; measured in tests/bench/engine_bench.cpp.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "runtime/cells.h"
#include "runtime/value_numbers.h"

namespace alidade {

/// Slots of rows by time: constant for a morsel inside one bucket, else by a direct-mapped cache of short spans of
/// time, each of which holds at most one boundary.
class SlotIndex {
 public:
  SlotIndex(SlotTable* table, bool at_ends);

  SlotTable* table() const { return table_; }
  /// If all of the rows lie in one slot returns it, else kNoId after filling `slots`.
  uint32_t index(const Instant* times, int64_t count, Instant first, Instant last);
  const uint32_t* slots() const { return slots_.data(); }

 private:
  struct Span {
    int64_t number = INT64_MIN;
    Instant boundary = 0;  ///< rows before it are in `before`, others in `after`
    uint32_t before = 0, after = 0;
  };
  static constexpr size_t kSpans = 4096;
  uint32_t slow(Instant time);
  bool learn(int64_t number, Span* span);

  SlotTable* table_;
  bool at_ends_;
  int shift_;
  SlotTable::Slot latest_;
  std::vector<Span> spans_;
  std::vector<uint32_t> slots_;
};

/// Groups of rows by dimension values: each value gets a local number, numbers are paired up from left to right, and
/// the last pair leads to the group. Tables are direct while small, hashed beyond.
class GroupIndex {
 public:
  GroupIndex(GroupTable* table, std::vector<int> columns);

  const GroupTable* table() const { return table_; }
  const std::vector<int>& columns() const { return columns_; }
  void index(const al_column* columns, int64_t count);
  const uint32_t* groups() const { return groups_.data(); }

 private:
  /// From (left number, right number) to the next number or the group.
  struct Pairs {
    int right_bits = 0;  ///< direct: left << right_bits | right
    std::vector<uint32_t> direct;
    std::unordered_map<uint64_t, uint32_t> hashed;
    uint32_t made = 0;
  };
  void pair(size_t position, const al_column* columns, int64_t count, const uint32_t* right);
  uint32_t pair_slow(size_t position, const al_column* columns, int64_t row, uint32_t left, uint32_t right);
  uint32_t group_of_row(const al_column* columns, int64_t row);

  GroupTable* table_;
  std::vector<int> columns_;
  std::vector<ValueNumbers> values_;
  std::vector<Pairs> pairs_;
  std::vector<uint32_t> groups_, right_;
};

class Indexer {
 public:
  /// uses[k] belongs to pipeline.key_spaces[k]. With `at_ends` (a table's rows, all of a batch at one instant) rows go
  /// to the slot that ends right after them; where none does, to one that no formula reads.
  Indexer(const PipelineProgram& pipeline, const std::vector<KeySpaceCells>& uses, bool at_ends);

  /// At most AL_MORSEL_ROWS rows. Afterwards cells()[k][row] is below the cell_count() of use k.
  void index(const Instant* times, const al_column* columns, int64_t count);
  const uint32_t* const* cells() const { return cell_pointers_.data(); }

 private:
  struct Use {
    CellMap* map = nullptr;
    size_t slots = 0, groups = 0;
    std::vector<std::vector<uint32_t>> pages;  ///< by slot, then block: what the map has said
    std::vector<uint32_t> cells;
  };
  void place(Use* use, uint32_t constant_slot, int64_t count);
  uint32_t page(Use* use, uint32_t slot, uint32_t block);

  std::vector<SlotIndex> slots_;
  std::vector<GroupIndex> groups_;
  std::vector<Use> uses_;
  std::vector<const uint32_t*> cell_pointers_;
};

}  // namespace alidade
