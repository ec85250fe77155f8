// The state of a run, and its merge with another: ids of the other state are renamed to ours, then values commute and
// partitions merge entry by entry. Door: state.h.
#include "runtime/state.h"

#include <algorithm>
#include <cstring>

namespace alidade {
namespace {

bool is_empty(const uint8_t* cell, size_t stride) {
  return cell[0] == 0 && std::memcmp(cell, cell + 1, stride - 1) == 0;
}

}  // namespace

PipelineCells::PipelineCells(const PipelineProgram& pipeline) : sinks(static_cast<size_t>(pipeline.sink_count)) {
  for (uint32_t stride : pipeline.strides) arrays.push_back({{}, stride});
}

void PipelineCells::take(PipelineCells&& other, const PipelineProgram& pipeline,
                         const std::vector<const std::vector<uint32_t>*>& renamed) {
  SpillScope scope(&arena);
  for (size_t k = 0; k < arrays.size(); ++k) {
    if (arrays[k].stride == 0) continue;
    const size_t stride = arrays[k].stride;
    size_t count = other.arrays[k].bytes.size() / stride;
    if (!renamed.empty()) count = std::min(count, renamed[k]->size());
    if (renamed.empty() && arrays[k].bytes.size() == 0) {
      arrays[k] = std::move(other.arrays[k]);
      continue;
    }
    if (renamed.empty()) arrays[k].bytes.grow(count * stride);
    for (size_t cell = 0; cell < count; ++cell) {
      size_t target = renamed.empty() ? cell : (*renamed[k])[cell];
      const uint8_t* from = other.arrays[k].bytes.data() + cell * stride;
      // A place in a page that no group has taken, or a cell that no row fell into.
      if (target == kNoId || is_empty(from, stride)) continue;
      arrays[k].bytes.grow((target + 1) * stride);
      for (const AccumulatorLayout& accumulator : pipeline.accumulators) {
        if (static_cast<size_t>(accumulator.key_space_use) != k || accumulator.sink >= 0) continue;
        merge_accumulator(accumulator.kind, arrays[k].bytes.data() + target * stride + accumulator.offset,
                          from + accumulator.offset);
      }
    }
  }
  for (const AccumulatorLayout& accumulator : pipeline.accumulators) {
    if (accumulator.sink < 0) continue;
    size_t sink = static_cast<size_t>(accumulator.sink);
    sinks[sink].take(std::move(other.sinks[sink]),
                     renamed.empty() ? nullptr : renamed[static_cast<size_t>(accumulator.key_space_use)]);
  }
  arena.take(std::move(other.arena));
}

void StreamState::merge(const StreamState& later) {
  rows += later.rows;
  parts_left_out += later.parts_left_out;
  duplicates += later.duplicates;
  late += later.late;
  ambiguous_times += later.ambiguous_times;
  bad.append(later.bad);
  for (const auto& [entity, count] : later.without_entity) without_entity[entity] += count;
  if (!later.covered) return;
  first = covered ? std::min(first, later.first) : later.first;
  last = covered ? std::max(last, later.last) : later.last;
  covered = true;
}

State::State(const Program& program, const Calendar& calendar, std::vector<Instant> cuts)
    : program_(&program), calendar_(&calendar), cuts_(std::move(cuts)) {
  for (const KeySpace& key_space : program.key_spaces) {
    std::unique_ptr<SlotTable>& slots = slots_[key_space.grain];
    if (slots == nullptr) slots = std::make_unique<SlotTable>(key_space.grain, calendar_, cuts_);
    CellMap& cells = cell_maps_.emplace_back(!key_space.dimensions.empty());
    key_spaces_.push_back({slots.get(), groups_of(key_space.dimensions), &cells});
  }
  for (const KeyDomain& domain : program.domains) domains.emplace_back().kind = domain.kind;
  for (const PipelineProgram& pipeline : program.pipelines) {
    streams.emplace_back();
    cells.emplace_back(pipeline);
    std::deque<MachineState>& of_pipeline = machines.emplace_back();
    for (const MachineProgram& machine : pipeline.machines) of_pipeline.emplace_back(machine);
  }
}

GroupTable* State::groups_of(const std::vector<Dimension>& dimensions) {
  for (GroupTable& table : groups_) {
    if (table.dimensions() == dimensions) return &table;
  }
  return &groups_.emplace_back(dimensions);
}

std::string State::key_text(int domain, size_t partition, uint32_t code) const {
  const DomainKeys& keys = domains[static_cast<size_t>(domain)];
  if (keys.kind == FieldKind::kText) {
    return std::string(pool.text(code * uint32_t{kPartitions} + static_cast<uint32_t>(partition)));
  }
  return keys.kind == FieldKind::kInteger ? std::to_string(keys.partitions[partition].key(code)) : "";
}

uint32_t State::rename_text(const State& later, int64_t code) {
  return pool.add(later.pool.text(static_cast<uint32_t>(code)));
}

State::Renamed State::rename_cells(const State& later, size_t key_space) {
  const KeySpaceCells& theirs = later.key_spaces_[key_space];
  const KeySpaceCells& ours = key_spaces_[key_space];
  const std::vector<Dimension>& dimensions = theirs.groups->dimensions();
  Renamed groups(theirs.groups->size());
  for (uint32_t group = 0; group < groups.size(); ++group) {
    std::vector<KeyValue> tuple(theirs.groups->values(group).begin(), theirs.groups->values(group).end());
    for (size_t d = 0; d < tuple.size(); ++d) {
      if (dimensions[d].kind == FieldKind::kText && !tuple[d].missing)
        tuple[d].value = rename_text(later, tuple[d].value);
    }
    groups[group] = ours.groups->find_or_add(tuple);
  }
  Renamed cells(theirs.cells->cell_count(), kNoId);
  for (uint32_t cell = 0; cell < cells.size(); ++cell) {
    uint32_t group = theirs.cells->group_of(cell);
    if (group >= groups.size()) continue;  // a place in a page that no group has taken
    Instant start = theirs.slots->interval(theirs.cells->slot_of(cell)).start;
    cells[cell] = ours.cells->make(ours.slots->at(start).id, groups[group]);
  }
  return cells;
}

State::Renamed State::rename_keys(const State& later, size_t domain, size_t partition, const MachinePartition& rows) {
  Renamed codes;
  rows.for_each([&](const uint8_t* entry) {
    uint32_t code = MachinePartition::code(entry);
    if (code >= codes.size()) codes.resize(code + size_t{1}, kNoId);
    if (codes[code] != kNoId) return;
    switch (domains[domain].kind) {
      case FieldKind::kText:
        codes[code] = rename_text(later, int64_t{code} * kPartitions + static_cast<int64_t>(partition)) / kPartitions;
        break;
      case FieldKind::kOneOf:
        codes[code] = code;
        break;
      case FieldKind::kInteger:
      case FieldKind::kDecimal:
      case FieldKind::kNumber:
      case FieldKind::kDuration:
      case FieldKind::kTimestamp:
      case FieldKind::kBoolean:
        codes[code] = domains[domain].partitions[partition].code(later.domains[domain].partitions[partition].key(code));
        break;
    }
  });
  return codes;
}

/// Texts in kept rows, in their own codes.
void State::rename_kept_texts(const State& later, const PipelineProgram& pipeline, size_t machine,
                              MachinePartition* rows) {
  const SourceSchema& schema = program_->streams[static_cast<size_t>(pipeline.stream)];
  const std::vector<MachineAccumulator>& accumulators = pipeline.machines[machine].accumulators;
  for (size_t a = 0; a < accumulators.size(); ++a) {
    const std::vector<int>& columns = accumulators[a].columns;
    for (size_t c = 0; c < columns.size(); ++c) {
      const ColumnUse& use = pipeline.columns[static_cast<size_t>(columns[c])];
      const FieldKind kind = schema.fields[static_cast<size_t>(use.field)].kind;
      if (kind != FieldKind::kText || use.form != ColumnForm::kValue) continue;
      rows->change_kept(a, c, [&](uint64_t code) { return rename_text(later, static_cast<int64_t>(code)); });
    }
  }
}

void State::merge(State&& later) {
  const Renamed kOneCell = {0};
  ALIDADE_CHECK(later.program_ == program_ && later.cuts_ == cuts_);
  std::vector<Renamed> renamed;
  for (size_t k = 0; k < key_spaces_.size(); ++k) renamed.push_back(rename_cells(later, k));
  for (size_t p = 0; p < program_->pipelines.size(); ++p) {
    const PipelineProgram& pipeline = program_->pipelines[p];
    streams[p].merge(later.streams[p]);
    std::vector<const Renamed*> of_uses;
    for (const KeySpaceUse& use : pipeline.key_spaces) of_uses.push_back(&renamed[static_cast<size_t>(use.key_space)]);
    cells[p].take(std::move(later.cells[p]), pipeline, of_uses);
    for (size_t m = 0; m < pipeline.machines.size(); ++m) {
      const MachineProgram& machine = pipeline.machines[m];
      for (size_t partition = 0; partition < kPartitions; ++partition) {
        MachinePartition& ours = machines[p][m].partitions[partition];
        MachinePartition& theirs = later.machines[p][m].partitions[partition];
        SpillScope scope(ours.arena());
        Renamed codes = rename_keys(later, static_cast<size_t>(machine.domain), partition, theirs);
        rename_kept_texts(later, pipeline, m, &theirs);
        const int use = machine.key_space_use;
        ours.merge(theirs, codes, use < 0 ? kOneCell : *of_uses[static_cast<size_t>(use)]);
        ours.arena()->take(std::move(*theirs.arena()));
      }
    }
  }
}

}  // namespace alidade
