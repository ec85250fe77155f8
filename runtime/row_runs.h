// The rows of a morsel sorted into runs: rows of one dispatch case that share a cell in every key space. What tells
// rows apart (case, time slots, dimension values) becomes digits of one small key; rows are counted and sorted by it,
// and cells are looked up once for all rows that differ in nothing but their case. One object per worker and pipeline.
// Not thread-safe. Tested in tests/unit/row_runs_test.cpp and evaluator_test.cpp.
#pragma once

#include <cstdint>
#include <vector>

#include "runtime/gather.h"
#include "runtime/indexer.h"

namespace alidade {

class RowRuns {
 public:
  /// uses[k] belongs to pipeline.key_spaces[k]; `at_ends` as for the Indexer.
  RowRuns(const PipelineProgram& pipeline, const std::vector<KeySpaceCells>& uses, bool at_ends);

  /// Rows that share their cells: from `begin` to `end` in rows(), ordered by case.
  struct Place {
    uint32_t begin = 0, end = 0;
    uint32_t first_run = 0, end_run = 0;  ///< the place's runs
  };
  struct Run {
    uint32_t begin = 0, end = 0;
    uint32_t dispatch_case = 0;  ///< the number of cases: none
  };

  /// To be called when the columns of another batch follow.
  void start_batch(const std::vector<ColumnView>& columns);
  /// At most AL_MORSEL_ROWS rows, whose times lie from `first` to `last`. `columns` by pipeline column.
  void find(const Instant* times, Instant first, Instant last, const std::vector<ColumnView>& columns, int64_t count);

  const std::vector<Place>& places() const { return places_; }
  const std::vector<Run>& runs() const { return runs_; }
  /// The rows in the order of places and runs, and at which place of it each row is; null where that is their own
  /// order.
  const MorselRow* rows() const { return sorted_ ? rows_.data() : nullptr; }
  const MorselRow* positions() const { return sorted_ ? positions_.data() : nullptr; }
  /// The cell of place p in key space use k.
  uint32_t cell(size_t use, size_t place) const { return indexer_.cells()[use][place]; }
  /// Writes the cell of every row in key space use k.
  void cells_of_rows(size_t use, uint32_t* out) const;

 private:
  /// A column that tells rows apart, and the numbers of its values.
  struct Dimension {
    int column = 0;
    ValueNumbers numbers;
    std::vector<uint32_t> of_index;  ///< of a coded column's batch
    std::vector<uint32_t> of_row;    ///< of another's morsel
  };
  /// A part of the key: the number of each row, or of the index in its row, from `least` on.
  struct Digit {
    const uint8_t* indices = nullptr;
    int width = 0;  ///< bytes of an index; 0: a number a row
    const uint32_t* numbers = nullptr;
    size_t size = 0;  ///< how many numbers
    uint64_t radix = 1;
    uint32_t least = 0;
  };

  uint32_t case_of(uint32_t code) const;
  void add_case_digit(const ColumnView& column, int64_t count);
  void add_dimension_digit(Dimension* dimension, const ColumnView& column, int64_t count);
  void add_plain_digit(const uint32_t* numbers, int64_t count);
  template <typename Key, typename Use>
  void with_parts(const Digit* digit, uint64_t stride, const Use& use) const;
  void make_few_keys(size_t key_count, int64_t count);
  void sort_few(size_t key_count, int64_t count);
  void sort_many(int64_t count);
  uint64_t compress_keys();
  void add_run(uint64_t key, uint32_t begin, uint32_t end);
  void index_places(const Instant* times, const std::vector<ColumnView>& columns);

  const PipelineProgram& pipeline_;
  uint64_t cases_;  ///< with the one of rows that no case takes
  std::vector<SlotIndex> slots_;
  std::vector<Dimension> dimensions_;
  Indexer indexer_;
  GatheredColumns representatives_;
  std::vector<Instant> times_;

  std::vector<uint32_t> case_of_index_, case_of_row_;
  std::vector<Digit> digits_;
  std::vector<uint16_t> few_keys_;
  std::vector<uint64_t> many_keys_;
  std::vector<uint32_t> counts_;
  std::vector<MorselRow> rows_, spare_rows_, positions_;
  bool sorted_ = false;
  std::vector<Place> places_;
  std::vector<Run> runs_;
  uint64_t latest_place_ = 0;
  std::vector<MorselRow> place_rows_;
};

}  // namespace alidade
