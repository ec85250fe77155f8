// What a plan costs, from the plan alone: bytes read and operations per row, bytes of state per cell and entry. Sizes
// are those of runtime/abi.h. See lower.h.
#include <fmt/format.h>

#include <set>

#include "compiler/plan/lower.h"
#include "compiler/plan/ops.h"
#include "compiler/plan/words.h"

namespace alidade {
namespace {

size_t column_bytes(const Plan& plan, const Pipeline& pipeline, const ColumnUse& column) {
  size_t bytes = 0;
  switch (column_type(plan, pipeline, column)) {
    case OpType::kExact:
    case OpType::kFloat:
      bytes = 8;
      break;
    case OpType::kCode:
      bytes = 4;
      break;
    case OpType::kBool:
      bytes = 1;
      break;
  }
  return bytes + (column.nullable ? 1 : 0);
}

size_t state_bytes(al_accumulator_kind kind) {
  switch (kind) {
    case AL_COUNT:
      return sizeof(int64_t);
    case AL_SUM_EXACT:
    case AL_MIN_EXACT:
    case AL_MAX_EXACT:
      return sizeof(al_exact);
    case AL_SUM_FLOAT:
      return sizeof(al_float_sum);
    case AL_SUM_PLAIN:
      return sizeof(double);
    case AL_MIN_FLOAT:
    case AL_MAX_FLOAT:
      return sizeof(al_float_bound);
    case AL_MOMENTS_EXACT:
    case AL_MOMENTS_FLOAT:
      return sizeof(al_moments);
    case AL_VALUES_EXACT:
    case AL_VALUES_FLOAT:
    case AL_VALUES_KEY:
      return 0;
    case AL_FIRST_EXACT:
    case AL_LAST_EXACT:
    case AL_FIRST_FLOAT:
    case AL_LAST_FLOAT:
      return sizeof(al_moment);
    case AL_FIRST_ROW:
    case AL_LAST_ROW:
      return offsetof(al_moment, low);  // and its columns, see carried_bytes
  }
  return 0;
}

/// What a kept row carries on.
size_t carried_bytes(const Machine::Fold& fold) {
  return (fold.carried.size() + (fold.carried.size() + 63) / 64) * sizeof(uint64_t);
}

/// Bytes that every folded row adds for good.
size_t kept_bytes(al_accumulator_kind kind) {
  if (kind == AL_VALUES_EXACT) return sizeof(int128);
  return kind == AL_VALUES_FLOAT || kind == AL_VALUES_KEY ? sizeof(uint64_t) : 0;
}

/// Counts the ops that a list of updates computes, each once; reading a column or a constant is not one.
class OperationCount {
 public:
  explicit OperationCount(const Pipeline& pipeline) : pipeline_(pipeline) {}

  void add(int op) {
    if (op < 0 || !seen_.insert(op).second) return;
    const Op& node = pipeline_.ops[static_cast<size_t>(op)];
    if (node.kind != OpKind::kColumn && node.kind != OpKind::kConst) ++count_;
    add(node.a);
    add(node.b);
    add(node.c);
  }
  void add(const std::vector<Dispatch::Update>& updates) {
    for (const Dispatch::Update& update : updates) {
      const Accumulator& accumulator = pipeline_.accumulators[static_cast<size_t>(update.accumulator)];
      for (const int op : {update.guard, accumulator.input, accumulator.moment.time, accumulator.moment.order}) add(op);
    }
  }
  void add(const Machine& machine) {
    for (const int bit : machine.bits) add(bit);
    for (const Machine::Fold& fold : machine.folds) {
      for (const int op : {fold.input, fold.moment.time, fold.moment.order}) add(op);
    }
  }
  size_t count() const { return count_; }

 private:
  const Pipeline& pipeline_;
  std::set<int> seen_;
  size_t count_ = 0;
};

std::vector<Dispatch::Update> updates_of_every_row(const Pipeline& pipeline) {
  if (pipeline.dispatch.column >= 0) return pipeline.dispatch.always;
  std::vector<Dispatch::Update> updates;
  for (size_t i = 0; i < pipeline.accumulators.size(); ++i) {
    updates.push_back({static_cast<int>(i), pipeline.accumulators[i].guard});
  }
  return updates;
}

std::string code_list(const Plan& plan, const Pipeline& pipeline, const std::vector<uint32_t>& codes) {
  const ColumnUse& column = pipeline.columns[static_cast<size_t>(pipeline.dispatch.column)];
  const auto& names = column.form == ColumnForm::kClass ? column.classes : column_field(plan, pipeline, column).values;
  std::string text;
  for (const uint32_t code : codes) {
    text += (text.empty() ? "" : ", ") + (code < names.size() ? quoted(names[code]) : std::string("other"));
  }
  return text;
}

void row_costs(const Plan& plan, const Pipeline& pipeline, std::string& text) {
  size_t bytes = 0;
  for (const ColumnUse& column : pipeline.columns) bytes += column_bytes(plan, pipeline, column);
  const SourceSchema& stream = plan.streams[static_cast<size_t>(pipeline.stream)];
  const std::string source =
      pipeline.source.derived() ? fmt::format(" from pipeline {}", pipeline.source.pipeline) : "";
  text +=
      fmt::format("pipeline {}{}: reads {} columns, {} bytes a row{}\n", stream.name, source, pipeline.columns.size(),
                  bytes, stream.table < 0 ? "" : ", once for every instant at which it is valid and asked for");
  const auto always = updates_of_every_row(pipeline);
  OperationCount every_row(pipeline);
  every_row.add(always);
  text += fmt::format("  every row: {} operations, {} updates\n", every_row.count(), always.size());
  for (size_t i = 0; i < pipeline.dispatch.cases.size(); ++i) {
    OperationCount in_case(pipeline);
    in_case.add(pipeline.dispatch.cases[i]);
    text += fmt::format("  case {}: {} operations, {} updates\n",
                        code_list(plan, pipeline, pipeline.dispatch.case_codes[i]), in_case.count(),
                        pipeline.dispatch.cases[i].size());
  }
}

void cell_costs(const Plan& plan, const Pipeline& pipeline, std::string& text) {
  for (size_t use = 0; use < pipeline.key_spaces.size(); ++use) {
    size_t state = 0;
    size_t kept = 0;
    size_t count = 0;
    for (const Accumulator& accumulator : pipeline.accumulators) {
      if (accumulator.key_space_use != static_cast<int>(use)) continue;
      state += state_bytes(accumulator.kind);
      kept += kept_bytes(accumulator.kind);
      ++count;
    }
    if (count == 0) continue;
    const KeySpace& space = plan.key_spaces[static_cast<size_t>(pipeline.key_spaces[use].key_space)];
    std::string keys = word_of(space.grain);
    for (const Dimension& dimension : space.dimensions) keys += ", " + dimension.name;
    text += fmt::format("  cell of ({}): {} accumulators, {} bytes{}\n", keys, count, state,
                        kept == 0 ? "" : fmt::format(", and at most {} bytes a row kept", kept));
  }
}

void machine_costs(const Plan& plan, const Pipeline& pipeline, std::string& text) {
  for (const Machine& machine : pipeline.machines) {
    std::set<std::pair<int, int>> bits;  // the plan's, and one for each bit whose folded input may be missing
    size_t state = 0;
    size_t kept = 0;
    for (size_t i = 0; i < machine.bits.size(); ++i) bits.emplace(static_cast<int>(i), -1);
    for (const Machine::Fold& fold : machine.folds) {
      if (fold.input >= 0 && pipeline.ops[static_cast<size_t>(fold.input)].nullable) bits.emplace(fold.bit, fold.input);
      state += state_bytes(fold.kind) + carried_bytes(fold);
      kept += kept_bytes(fold.kind);
    }
    OperationCount operations(pipeline);
    operations.add(machine);
    const size_t mask = (bits.size() + 63) / 64 * sizeof(uint64_t);
    text += fmt::format("  entry of {}: {} bits, {} values, {} bytes{}; {} operations a row\n",
                        plan.domains[static_cast<size_t>(machine.domain)].name, bits.size(), machine.folds.size(),
                        mask + state, kept == 0 ? "" : fmt::format(", and at most {} bytes a row kept", kept),
                        operations.count());
  }
}

}  // namespace

std::string plan_costs(const Plan& plan) {
  std::string text;
  for (const Pipeline& pipeline : plan.pipelines) {
    row_costs(plan, pipeline, text);
    cell_costs(plan, pipeline, text);
    machine_costs(plan, pipeline, text);
  }
  return text + fmt::format("{} formulas for {} outputs\n", plan.formulas.size(), plan.outputs.size());
}

}  // namespace alidade
