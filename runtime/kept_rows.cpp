// Kept rows to columns. Door: kept_rows.h.
#include "runtime/kept_rows.h"

#include <algorithm>
#include <cstring>

#include "runtime/tables.h"

namespace alidade {
namespace {

uint64_t word(const uint8_t* at, size_t index) {
  uint64_t value;
  std::memcpy(&value, at + 8 * index, sizeof value);
  return value;
}

}  // namespace

KeptRows::KeptRows(const State* state, const RowSource& source, const std::vector<ColumnSpec>& specs)
    : state_(state),
      source_(source),
      pipeline_(state->program().pipelines[static_cast<size_t>(source.pipeline)]),
      accumulator_(pipeline_.machines[static_cast<size_t>(source.machine)]
                       .accumulators[static_cast<size_t>(source.accumulator)]) {
  const SourceSchema& schema = state->program().streams[static_cast<size_t>(pipeline_.stream)];
  for (const ColumnSpec& spec : specs) {
    const FieldSchema& field = schema.fields[static_cast<size_t>(spec.field)];
    Column column{kTime, value_bytes(field.kind, spec.form), field.optional};
    for (size_t i = 0; i < accumulator_.columns.size(); ++i) {
      const ColumnUse& use = pipeline_.columns[static_cast<size_t>(accumulator_.columns[i])];
      if (use.field == spec.field && use.form == spec.form && use.classes == spec.classes) column.place = i;
    }
    ALIDADE_CHECK(column.place != kTime || spec.field == schema.time);
    columns_.push_back(column);
  }
}

const MachinePartition& KeptRows::of_partition(size_t partition) const {
  return state_->machines[static_cast<size_t>(source_.pipeline)][static_cast<size_t>(source_.machine)]
      .partitions[partition];
}

std::vector<BoundBatch> KeptRows::rows(size_t partition, TieLog* ties) const {
  const MachinePartition& entries = of_partition(partition);
  const uint32_t offset = entries.layout().state_offsets[static_cast<size_t>(source_.accumulator)];
  std::vector<const uint8_t*> kept;
  entries.for_each([&](const uint8_t* entry) {
    if (!MachinePartition::has(entry, accumulator_.guard_bit)) return;
    kept.push_back(entry + offset);
    if ((word(entry + offset, 2) & AL_FLAG_TIE) != 0) note_tie(partition, entry, ties);
  });
  std::vector<BoundBatch> batches;
  for (size_t begin = 0; begin < kept.size(); begin += AL_MORSEL_ROWS) {
    const size_t count = std::min<size_t>(AL_MORSEL_ROWS, kept.size() - begin);
    BoundBatch& batch = batches.emplace_back();
    batch.row_count = static_cast<int64_t>(count);
    for (const Column& column : columns_) add_column(&batch, column, kept.data() + begin, count);
  }
  return batches;
}

void KeptRows::add_column(BoundBatch* batch, const Column& column, const uint8_t* const* kept, size_t count) const {
  const size_t words = (accumulator_.columns.size() + 63) / 64;
  uint8_t* values = batch->owned.emplace_back(new uint8_t[count * column.width]).get();
  for (size_t i = 0; i < count; ++i) {
    const uint64_t value = column.place == kTime ? word(kept[i], 0) : word(kept[i] + kMomentHead, words + column.place);
    std::memcpy(values + i * column.width, &value, column.width);
  }
  uint8_t* valid = nullptr;
  if (column.optional && column.place != kTime) {
    valid = batch->owned.emplace_back(new uint8_t[count]).get();
    for (size_t i = 0; i < count; ++i) {
      valid[i] = static_cast<uint8_t>(word(kept[i] + kMomentHead, column.place / 64) >> (column.place % 64) & 1);
    }
  }
  batch->columns.push_back({values, valid});
}

void KeptRows::note_tie(size_t partition, const uint8_t* entry, TieLog* ties) const {
  const int domain = pipeline_.machines[static_cast<size_t>(source_.machine)].domain;
  const uint8_t* kept =
      entry + of_partition(partition).layout().state_offsets[static_cast<size_t>(source_.accumulator)];
  ties->add({state_->program().streams[static_cast<size_t>(pipeline_.stream)].name, static_cast<Instant>(word(kept, 0)),
             state_->program().domains[static_cast<size_t>(domain)].name,
             state_->key_text(domain, partition, MachinePartition::code(entry))});
}

}  // namespace alidade
