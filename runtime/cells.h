// Where a cell is: time buckets become slots, dimension tuples become groups, and (slot, group) becomes a cell id. Ids
// are given out as they are met and agree across pipelines and workers of one run; they never order anything. Cells are
// given out in pages of neighbouring groups, so neither many buckets nor many groups ever move a cell. Tested in
// tests/unit/evaluator_test.cpp. Finding or making an id is safe on any thread; reading back by id is not safe while
// ids are being made.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <span>
#include <vector>

#include "runtime/calendar.h"
#include "runtime/program.h"

namespace alidade {

constexpr uint32_t kNoId = 0xffffffff;

/// A dimension's value inside a run: an integer, an index, a truth, or the code of a text in the run's pool.
struct KeyValue {
  int64_t value = 0;
  bool missing = true;
  friend bool operator==(const KeyValue&, const KeyValue&) = default;
};

/// Buckets of one grain (finer ones where the zone asks for them: Calendar::elapsed_grain), cut where the report's
/// range and its windows cut them, so that every interval a formula asks for is a whole number of slots.
class SlotTable {
 public:
  SlotTable(Grain grain, const Calendar* calendar, std::vector<Instant> cuts);

  struct Slot {
    Interval interval;
    uint32_t id = 0;
  };
  Slot at(Instant time);  ///< found or made
  Grain grain() const { return grain_; }
  size_t size() const { return intervals_.size(); }
  const Interval& interval(uint32_t slot) const { return intervals_[slot]; }

 private:
  Interval extent(Instant time) const;

  Grain grain_;
  const Calendar* calendar_;
  std::vector<Instant> cuts_;  ///< ascending
  std::mutex mutex_;
  std::map<Instant, uint32_t> by_start_;
  std::vector<Interval> intervals_;
};

/// Tuples of dimension values. Without dimensions there is the one group 0.
class GroupTable {
 public:
  explicit GroupTable(std::vector<Dimension> dimensions);

  uint32_t find_or_add(std::span<const KeyValue> values);
  uint32_t find(std::span<const KeyValue> values) const;  ///< kNoId if it was never met; not while adding
  const std::vector<Dimension>& dimensions() const { return dimensions_; }
  size_t size() const { return size_; }
  std::span<const KeyValue> values(uint32_t group) const {
    return {values_.data() + group * dimensions_.size(), dimensions_.size()};
  }

 private:
  size_t probe(std::span<const KeyValue> values) const;
  void grow();

  std::vector<Dimension> dimensions_;
  std::mutex mutex_;
  size_t size_ = 0;
  std::vector<KeyValue> values_;  ///< group after group
  std::vector<uint32_t> index_;   ///< open addressing, a power of two; kNoId: empty
};

/// Cells of one key space.
class CellMap {
 public:
  explicit CellMap(bool grouped) : shift_(grouped ? 3 : 0) {}

  int shift() const { return shift_; }  ///< a page holds 1 << shift neighbouring groups
  /// The page of a block of groups (group >> shift) in a slot, made if new. Cell = page << shift | low bits of the
  /// group.
  uint32_t page(uint32_t slot, uint32_t block);
  uint32_t cell_count() const { return pages_made_.load(std::memory_order_acquire) << shift_; }

  uint32_t find(uint32_t slot, uint32_t group) const;  ///< kNoId where no row fell
  uint32_t make(uint32_t slot, uint32_t group) { return page(slot, group >> shift_) << shift_ | low(group); }
  uint32_t slot_of(uint32_t cell) const { return places_[cell >> shift_].slot; }
  uint32_t group_of(uint32_t cell) const { return places_[cell >> shift_].block << shift_ | low(cell); }

 private:
  uint32_t low(uint32_t id) const { return id & ((uint32_t{1} << shift_) - 1); }
  struct Place {
    uint32_t slot, block;
  };
  int shift_;
  std::mutex mutex_;
  std::vector<std::vector<uint32_t>> pages_;  ///< by slot, then block
  std::vector<Place> places_;                 ///< by page
  std::atomic<uint32_t> pages_made_{0};
};

/// A key space of the program with its parts. Slots are shared by key spaces of one grain, groups by those of one list
/// of dimensions.
struct KeySpaceCells {
  SlotTable* slots = nullptr;
  GroupTable* groups = nullptr;
  CellMap* cells = nullptr;
};

/// The time, order and flags of an al_moment, or of the kept row that stands in its place.
constexpr size_t kMomentHead = offsetof(al_moment, low);
/// The earlier (or, where `last`, the later) of two al_moments with `payload` bytes after their heads, in `into`.
void keep_moment(uint8_t* into, const uint8_t* from, size_t payload, bool last);

/// Bytes of an accumulator's state in a cell, and folding one state into another of the same kind.
uint32_t accumulator_bytes(al_accumulator_kind kind);
void merge_accumulator(al_accumulator_kind kind, uint8_t* into, const uint8_t* from);

}  // namespace alidade
