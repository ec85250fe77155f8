// The rows that a machine keeps, an entity's first or last each, as bound batches for the pipeline that is derived from
// them. Tested in tests/unit/evaluator_test.cpp. Immutable; partitions may be read on any thread.
#pragma once

#include <vector>

#include "runtime/state.h"
#include "runtime/ties.h"

namespace alidade {

class KeptRows {
 public:
  /// `specs` are what the derived pipeline binds: the time, and fields that the source carries.
  KeptRows(const State* state, const RowSource& source, const std::vector<ColumnSpec>& specs);

  size_t most_rows(size_t partition) const { return of_partition(partition).size(); }
  /// At most AL_MORSEL_ROWS rows a batch, in no order. Entities whose rows tie go to `ties` as well.
  std::vector<BoundBatch> rows(size_t partition, TieLog* ties) const;

 private:
  static constexpr size_t kTime = SIZE_MAX;  ///< a column's place: that of the row itself
  struct Column {
    size_t place = kTime;  ///< in the payload's columns
    size_t width = 8;
    bool optional = false;
  };
  const MachinePartition& of_partition(size_t partition) const;
  void add_column(BoundBatch* batch, const Column& column, const uint8_t* const* kept, size_t count) const;
  void note_tie(size_t partition, const uint8_t* entry, TieLog* ties) const;

  const State* state_;
  RowSource source_;
  const PipelineProgram& pipeline_;
  const MachineAccumulator& accumulator_;
  std::vector<Column> columns_;
};

}  // namespace alidade
