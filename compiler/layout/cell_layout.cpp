// Cells, narrow rows and loops of a pipeline; see cell_layout.h.
#include "compiler/layout/cell_layout.h"

#include <algorithm>
#include <utility>

#include "compiler/plan/ops.h"

namespace alidade {
namespace {

struct Extent {
  uint32_t bytes = 0;
  uint32_t alignment = 8;
};

Extent extent_of(al_accumulator_kind kind) {
  switch (kind) {
    case AL_COUNT:
      return {sizeof(int64_t), 8};
    case AL_SUM_FLOAT:
      return {sizeof(al_float_sum), 8};
    case AL_SUM_PLAIN:
      return {sizeof(double), 8};
    case AL_SUM_EXACT:
    case AL_MIN_EXACT:
    case AL_MAX_EXACT:
      return {sizeof(al_exact), 16};
    case AL_MIN_FLOAT:
    case AL_MAX_FLOAT:
      return {sizeof(al_float_bound), 8};
    case AL_FIRST_EXACT:
    case AL_LAST_EXACT:
    case AL_FIRST_FLOAT:
    case AL_LAST_FLOAT:
      return {sizeof(al_moment), 8};
    case AL_MOMENTS_EXACT:
    case AL_MOMENTS_FLOAT:
      return {sizeof(al_moments), 8};
    case AL_VALUES_EXACT:
    case AL_VALUES_FLOAT:
    case AL_VALUES_KEY:
    case AL_FIRST_ROW:
    case AL_LAST_ROW:
      return {0, 8};
  }
  ALIDADE_CHECK(false);
}

bool is_sink(al_accumulator_kind kind) { return kind == AL_VALUES_EXACT || kind == AL_VALUES_FLOAT; }

uint32_t round_up(uint32_t bytes, uint32_t alignment) { return (bytes + alignment - 1) / alignment * alignment; }

// Bytes of what a first or last keeps: a value, or the columns of a row with a bit each.
uint32_t payload_bytes(const Machine::Fold& fold) {
  if (!has_moment(fold.kind)) return 0;
  if (!keeps_row(fold.kind)) return 16;
  const size_t columns = fold.carried.size();
  return static_cast<uint32_t>(8 * ((columns + 63) / 64 + columns));
}

// Bytes of a machine accumulator's slot in the narrow row.
uint32_t slot_bytes(const Machine::Fold& fold) {
  switch (fold.kind) {
    case AL_COUNT:
      return 0;
    case AL_SUM_EXACT:
    case AL_MIN_EXACT:
    case AL_MAX_EXACT:
    case AL_VALUES_EXACT:
    case AL_MOMENTS_EXACT:
      return 16;
    case AL_SUM_FLOAT:
    case AL_SUM_PLAIN:
    case AL_MIN_FLOAT:
    case AL_MAX_FLOAT:
    case AL_VALUES_FLOAT:
    case AL_VALUES_KEY:
    case AL_MOMENTS_FLOAT:
      return 8;
    case AL_FIRST_EXACT:
    case AL_LAST_EXACT:
    case AL_FIRST_FLOAT:
    case AL_LAST_FLOAT:
    case AL_FIRST_ROW:
    case AL_LAST_ROW:
      return 16 + payload_bytes(fold);
  }
  ALIDADE_CHECK(false);
}

// Whether an op can be evaluated for several rows at once: nothing in it is wider than 64 bits or calls the runtime.
bool can_widen(const Pipeline& pipeline, int index) {
  const std::vector<int> parts = ops_below(pipeline.ops, index);
  return std::all_of(parts.begin(), parts.end(), [&](int part) {
    const Op& op = pipeline.ops[part];
    const bool calls = op.kind == OpKind::kQuotient || op.kind == OpKind::kRoundExact ||
                       op.kind == OpKind::kRoundFloat || (op.kind == OpKind::kToFloat && op.amount > 0);
    return !calls && (op.type != OpType::kExact || op.bits <= 64);
  });
}

// Whether a wide loop can do this update: its ops can, and folding takes no call per row.
bool can_fold_wide(const Pipeline& pipeline, const Dispatch::Update& update) {
  const Accumulator& accumulator = pipeline.accumulators[update.accumulator];
  switch (accumulator.kind) {
    case AL_COUNT:
    case AL_SUM_EXACT:
    case AL_SUM_FLOAT:
    case AL_SUM_PLAIN:
    case AL_MIN_EXACT:
    case AL_MAX_EXACT:
    case AL_MIN_FLOAT:
    case AL_MAX_FLOAT:
      return can_widen(pipeline, update.guard) && can_widen(pipeline, accumulator.input);
    case AL_VALUES_EXACT:
    case AL_VALUES_FLOAT:
    case AL_VALUES_KEY:
    case AL_FIRST_EXACT:
    case AL_LAST_EXACT:
    case AL_FIRST_FLOAT:
    case AL_LAST_FLOAT:
    case AL_FIRST_ROW:
    case AL_LAST_ROW:
    case AL_MOMENTS_EXACT:
    case AL_MOMENTS_FLOAT:
      return false;
  }
  ALIDADE_CHECK(false);
}

/// Updates of one loop.
struct LoopPart {
  bool wide = false;
  std::vector<Dispatch::Update> updates;
};

// Cuts the updates of one case into loops. Updates under one guard stay together, so that each loop tests it once.
std::vector<LoopPart> cut(const Pipeline& pipeline, const std::vector<Dispatch::Update>& updates) {
  std::vector<std::pair<int, LoopPart>> by_guard;
  for (const Dispatch::Update& update : updates) {
    const bool wide = can_fold_wide(pipeline, update);
    auto group = std::find_if(by_guard.begin(), by_guard.end(),
                              [&](const auto& g) { return g.first == update.guard && g.second.wide == wide; });
    if (group == by_guard.end()) group = by_guard.insert(group, {update.guard, {wide, {}}});
    group->second.updates.push_back(update);
  }
  std::vector<LoopPart> loops;
  for (const bool wide : {true, false}) {
    const size_t most = wide ? kAccumulatorsPerWideLoop : kAccumulatorsPerLoop;
    bool first = true;
    for (const auto& [guard, group] : by_guard) {
      if (group.wide != wide) continue;
      if (first || loops.back().updates.size() + group.updates.size() > most) loops.push_back({wide, {}});
      first = false;
      for (const Dispatch::Update& update : group.updates) {
        if (loops.back().updates.size() == most) loops.push_back({wide, {}});
        loops.back().updates.push_back(update);
      }
    }
  }
  return loops;
}

void add_columns(const Pipeline& pipeline, int index, std::vector<bool>& read) {
  for (const int part : ops_below(pipeline.ops, index)) {
    const Op& op = pipeline.ops[part];
    if (op.kind == OpKind::kColumn) read[op.column] = true;
  }
}

std::vector<int> columns_of(const Pipeline& pipeline, const std::vector<Dispatch::Update>& updates) {
  std::vector<bool> read(pipeline.columns.size());
  for (const Dispatch::Update& update : updates) {
    const Accumulator& accumulator = pipeline.accumulators[update.accumulator];
    for (const int op : {update.guard, accumulator.input, accumulator.moment.time, accumulator.moment.order}) {
      add_columns(pipeline, op, read);
    }
  }
  std::vector<int> columns;
  for (size_t i = 0; i < read.size(); ++i) {
    if (read[i]) columns.push_back(static_cast<int>(i));
  }
  return columns;
}

// A plan that no pass has dispatched yet: every accumulator, under its own guard, on every row.
Dispatch dispatch_of(const Pipeline& pipeline) {
  Dispatch dispatch = pipeline.dispatch;
  if (dispatch.column >= 0 || !dispatch.always.empty()) return dispatch;
  for (size_t i = 0; i < pipeline.accumulators.size(); ++i) {
    dispatch.always.push_back({static_cast<int>(i), pipeline.accumulators[i].guard});
  }
  return dispatch;
}

std::vector<uint16_t> case_table(const std::vector<std::vector<uint32_t>>& case_codes) {
  std::vector<uint16_t> table;
  for (size_t index = 0; index < case_codes.size(); ++index) {
    for (const uint32_t code : case_codes[index]) {
      if (code >= table.size()) table.resize(code + 1, 0xffff);
      table[code] = static_cast<uint16_t>(index);
    }
  }
  return table;
}

// Gives accumulators their places, loop by loop, so that what one row updates lies close together.
class CellPlacer {
 public:
  CellPlacer(const Pipeline& pipeline, PipelineProgram& program) : pipeline_(pipeline), program_(program) {
    placed_.assign(pipeline.accumulators.size(), false);
    alignments_.assign(pipeline.key_spaces.size(), 8);
    program.strides.assign(pipeline.key_spaces.size(), 0);
    for (const Accumulator& accumulator : pipeline.accumulators) {
      AccumulatorLayout layout{accumulator.kind, accumulator.key_space_use, 0, -1};
      if (is_sink(accumulator.kind)) layout.sink = program.sink_count++;
      program.accumulators.push_back(layout);
    }
  }

  void place(std::vector<int> accumulators) {
    std::stable_sort(accumulators.begin(), accumulators.end(),
                     [&](int a, int b) { return extent(a).alignment > extent(b).alignment; });
    for (const int index : accumulators) place_one(index);
  }

  void finish() {
    for (size_t i = 0; i < placed_.size(); ++i) place_one(static_cast<int>(i));
    for (size_t use = 0; use < alignments_.size(); ++use) {
      program_.strides[use] = round_up(program_.strides[use], alignments_[use]);
    }
  }

 private:
  Extent extent(int accumulator) const { return extent_of(pipeline_.accumulators[accumulator].kind); }

  void place_one(int index) {
    if (placed_[index]) return;
    placed_[index] = true;
    const auto [bytes, alignment] = extent(index);
    AccumulatorLayout& layout = program_.accumulators[index];
    uint32_t& end = program_.strides[layout.key_space_use];
    if (bytes == 0) return;
    layout.offset = round_up(end, alignment);
    end = layout.offset + bytes;
    alignments_[layout.key_space_use] = std::max(alignments_[layout.key_space_use], alignment);
  }

  const Pipeline& pipeline_;
  PipelineProgram& program_;
  std::vector<bool> placed_;
  std::vector<uint32_t> alignments_;
};

MachineProgram lay_out_machine(const Pipeline& pipeline, const Machine& machine) {
  const std::vector<MaskBit> bits = mask_bits(pipeline, machine);
  MachineProgram program;
  program.domain = machine.domain;
  program.key_column = machine.key_column;
  program.key_space_use = machine.key_space_use;
  program.mask_words = std::max(1, static_cast<int>((bits.size() + 63) / 64));
  program.row_bytes = 8 + 8 * static_cast<uint32_t>(program.mask_words);
  for (const Machine::Fold& fold : machine.folds) {
    MaskBit bit{machine.bits[fold.bit], -1};
    int guard_bit = fold.bit;
    if (fold.input >= 0 && pipeline.ops[fold.input].nullable) {
      bit.input = fold.input;
      guard_bit = static_cast<int>(std::find(bits.begin(), bits.end(), bit) - bits.begin());
    }
    MachineAccumulator accumulator{fold.kind, guard_bit, program.row_bytes, payload_bytes(fold), {}};
    for (const int op : fold.carried) accumulator.columns.push_back(pipeline.ops[op].column);
    program.accumulators.push_back(std::move(accumulator));
    program.row_bytes += slot_bytes(fold);
  }
  return program;
}

}  // namespace

std::vector<MaskBit> mask_bits(const Pipeline& pipeline, const Machine& machine) {
  std::vector<MaskBit> bits;
  for (const int guard : machine.bits) bits.push_back({guard, -1});
  for (const Machine::Fold& fold : machine.folds) {
    if (fold.input < 0 || !pipeline.ops[fold.input].nullable) continue;
    const MaskBit bit{machine.bits[fold.bit], fold.input};
    if (std::find(bits.begin(), bits.end(), bit) == bits.end()) bits.push_back(bit);
  }
  return bits;
}

PipelineLayout lay_out(const Pipeline& pipeline, int index) {
  PipelineLayout layout;
  PipelineProgram& program = layout.program;
  program.stream = pipeline.stream;
  program.source = pipeline.source;
  program.columns = pipeline.columns;
  program.key_spaces = pipeline.key_spaces;
  const std::string prefix = "p" + std::to_string(index) + "_";
  const Dispatch dispatch = dispatch_of(pipeline);
  CellPlacer placer(pipeline, program);
  const auto add_loops = [&](const std::vector<Dispatch::Update>& updates, int dispatch_case, const std::string& name) {
    int number = 0;
    for (const LoopPart& part : cut(pipeline, updates)) {
      std::vector<int> accumulators;
      for (const Dispatch::Update& update : part.updates) accumulators.push_back(update.accumulator);
      placer.place(std::move(accumulators));
      layout.loops.push_back(
          {prefix + name + "_" + std::to_string(number++), index, dispatch_case, -1, part.wide, part.updates});
    }
  };
  for (size_t i = 0; i < dispatch.cases.size(); ++i) {
    add_loops(dispatch.cases[i], static_cast<int>(i), "case" + std::to_string(i));
    program.case_columns.push_back(columns_of(pipeline, dispatch.cases[i]));
  }
  add_loops(dispatch.always, -1, "always");
  program.always_columns = columns_of(pipeline, dispatch.always);
  placer.finish();
  program.dispatch_column = dispatch.column;
  program.case_of_code = case_table(dispatch.case_codes);
  program.cases.resize(dispatch.cases.size());
  for (size_t i = 0; i < pipeline.machines.size(); ++i) {
    program.machines.push_back(lay_out_machine(pipeline, pipeline.machines[i]));
    layout.loops.push_back({prefix + "exchange" + std::to_string(i), index, -1, static_cast<int>(i), false, {}});
  }
  return layout;
}

}  // namespace alidade
