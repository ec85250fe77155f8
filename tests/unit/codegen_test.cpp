// Native code against a row-at-a-time evaluation of the same plan: every operation, accumulator, guard and machine, on
// random plans over columns with and without missing values; and the promises of the layouts.
// rooms: alidade_native
#include <doctest/doctest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <vector>

#include "compiler/layout/cell_layout.h"
#include "compiler/native/compile.h"
#include "compiler/plan/ops.h"
#include "runtime/exact_sum.h"
#include "runtime/values.h"

namespace alidade {
namespace {

constexpr int kRows = 300;
constexpr uint32_t kCells = 5;

// ------------------------------------------------------------------------------------------------ data

/// A morsel with one column of every type, with and without missing values. Missing slots hold rubbish.
struct Data {
  std::vector<ColumnUse> uses;
  std::vector<OpType> types;
  std::vector<std::vector<uint64_t>> values;  ///< bytes of the column, 8 a row at most
  std::vector<std::vector<uint8_t>> valid;
  std::vector<al_column> columns;
  std::vector<std::vector<uint32_t>> cells;

  explicit Data(std::mt19937_64& random) {
    for (const OpType type : {OpType::kExact, OpType::kExact, OpType::kFloat, OpType::kBool, OpType::kCode}) {
      add(random, type, false);
      add(random, type, true);
    }
    columns.resize(types.size());
    for (size_t i = 0; i < types.size(); ++i)
      columns[i] = {values[i].data(), uses[i].nullable ? valid[i].data() : nullptr};
    cells.assign(2, std::vector<uint32_t>(kRows));
    for (auto& ids : cells) {
      for (uint32_t& id : ids) id = static_cast<uint32_t>(random() % kCells);
    }
  }

  void add(std::mt19937_64& random, OpType type, bool nullable) {
    ColumnUse use;
    use.nullable = nullable;
    uses.push_back(use);
    types.push_back(type);
    values.emplace_back(kRows);
    valid.emplace_back(kRows, 1);
    auto* bytes = reinterpret_cast<uint8_t*>(values.back().data());
    for (int row = 0; row < kRows; ++row) {
      const bool there = !nullable || random() % 3 != 0;
      valid.back()[row] = there;
      const int64_t whole = static_cast<int64_t>(random()) >> random() % 64;
      double number = static_cast<double>(whole % 1000) / 8;
      if (random() % 16 == 0) number = std::ldexp(number, 1000);
      if (!there) number = std::numeric_limits<double>::quiet_NaN();
      const auto code = static_cast<uint32_t>(there ? random() % 100 : random());
      const auto truth = static_cast<uint8_t>(there ? random() % 2 : random());
      switch (type) {
        case OpType::kExact:
          std::memcpy(bytes + 8 * row, &whole, 8);
          break;
        case OpType::kFloat:
          std::memcpy(bytes + 8 * row, &number, 8);
          break;
        case OpType::kBool:
          bytes[row] = truth;
          break;
        case OpType::kCode:
          std::memcpy(bytes + 4 * row, &code, 4);
          break;
      }
    }
  }
};

// ------------------------------------------------------------------------------------------------ one row at a time

struct Scalar {
  bool valid = true;
  int128 exact = 0;
  double number = 0;
  bool truth = false;
  uint32_t code = 0;
};

uint64_t low(int128 value) { return static_cast<uint64_t>(value); }
int64_t high(int128 value) { return static_cast<int64_t>(value >> 64); }

Scalar read_column(const Data& data, int column, int row) {
  const auto* bytes = static_cast<const uint8_t*>(data.columns[column].values);
  Scalar value;
  value.valid = data.valid[column][row] != 0;
  int64_t whole = 0;
  switch (data.types[column]) {
    case OpType::kExact:
      std::memcpy(&whole, bytes + 8 * row, 8);
      value.exact = whole;
      break;
    case OpType::kFloat:
      std::memcpy(&value.number, bytes + 8 * row, 8);
      break;
    case OpType::kBool:
      value.truth = bytes[row] != 0;
      break;
    case OpType::kCode:
      std::memcpy(&value.code, bytes + 4 * row, 4);
      break;
  }
  return value;
}

template <typename T>
bool compare(OpKind kind, T a, T b) {
  if (kind == OpKind::kEqual) return a == b;
  if (kind == OpKind::kNotEqual) return a != b;
  if (kind == OpKind::kLess) return a < b;
  if (kind == OpKind::kLessEqual) return a <= b;
  if (kind == OpKind::kGreater) return a > b;
  return a >= b;
}

template <typename T>
T calculate(OpKind kind, T a, T b) {
  if (kind == OpKind::kNegate) return -a;
  if (kind == OpKind::kAdd) return a + b;
  if (kind == OpKind::kSubtract) return a - b;
  return a * b;
}

/// All ops of one row.
std::vector<Scalar> evaluate(const Pipeline& pipeline, const Data& data, int row) {
  std::vector<Scalar> all;
  const auto holds = [&](int op) { return all[op].valid && all[op].truth; };
  for (const Op& op : pipeline.ops) {
    const Scalar a = op.a >= 0 ? all[op.a] : Scalar{}, b = op.b >= 0 ? all[op.b] : Scalar{};
    Scalar r;
    r.valid = a.valid && b.valid;
    switch (op.kind) {
      case OpKind::kColumn:
        r = read_column(data, op.column, row);
        break;
      case OpKind::kConst:
        r = {true, op.exact, op.number, op.truth, static_cast<uint32_t>(op.exact)};
        break;
      case OpKind::kNegate:
      case OpKind::kAdd:
      case OpKind::kSubtract:
      case OpKind::kMultiply:
        if (op.type == OpType::kFloat) r.number = calculate(op.kind, a.number, b.number);
        if (op.type == OpType::kExact && r.valid) r.exact = calculate(op.kind, a.exact, b.exact);
        r.valid = r.valid && std::isfinite(r.number);
        break;
      case OpKind::kScaleUp:
        r.exact = a.exact;
        for (int i = 0; i < op.amount && r.valid; ++i) r.exact *= 10;
        break;
      case OpKind::kToFloat:
        r.number = al_exact_to_double(low(a.exact), high(a.exact), op.amount);
        break;
      case OpKind::kDivide:
        r.number = a.number / b.number;
        r.valid = r.valid && std::isfinite(r.number);
        break;
      case OpKind::kQuotient:
        r.valid = r.valid && b.exact != 0;
        if (r.valid) r.number = al_quotient(low(a.exact), high(a.exact), low(b.exact), high(b.exact));
        break;
      case OpKind::kEqual:
      case OpKind::kNotEqual:
      case OpKind::kLess:
      case OpKind::kLessEqual:
      case OpKind::kGreater:
      case OpKind::kGreaterEqual:
        switch (pipeline.ops[op.a].type) {
          case OpType::kExact:
            r.truth = compare(op.kind, a.exact, b.exact);
            break;
          case OpType::kFloat:
            r.truth = compare(op.kind, a.number, b.number);
            break;
          case OpType::kBool:
            r.truth = compare(op.kind, a.truth, b.truth);
            break;
          case OpType::kCode:
            r.truth = compare(op.kind, a.code, b.code);
            break;
        }
        r = {true, 0, 0, r.truth && r.valid, 0};
        break;
      case OpKind::kCodeIn:
        r.truth = a.valid && std::find(op.codes.begin(), op.codes.end(), a.code) != op.codes.end();
        r.valid = true;
        break;
      case OpKind::kAnd:
        r = {true, 0, 0, holds(op.a) && holds(op.b), 0};
        break;
      case OpKind::kOr:
        r = {true, 0, 0, holds(op.a) || holds(op.b), 0};
        break;
      case OpKind::kNot:
        r = {true, 0, 0, !holds(op.a), 0};
        break;
      case OpKind::kIsValid:
        r = {true, 0, 0, a.valid, 0};
        break;
      case OpKind::kSelect:
        r = holds(op.a) ? b : all[op.c];
        break;
      case OpKind::kGreatest:
        if (op.type == OpType::kExact) r.exact = std::max(a.exact, b.exact);
        if (op.type == OpType::kFloat) r.number = std::max(a.number, b.number);
        break;
      case OpKind::kLeast:
        if (op.type == OpType::kExact) r.exact = std::min(a.exact, b.exact);
        if (op.type == OpType::kFloat) r.number = std::min(a.number, b.number);
        break;
      case OpKind::kRoundExact: {
        const al_wide rounded = al_round_exact(low(a.exact), high(a.exact), op.amount);
        r.exact = static_cast<int128>(static_cast<uint128>(static_cast<uint64_t>(rounded.high)) << 64 | rounded.low);
        break;
      }
      case OpKind::kRoundFloat:
        r.number = al_round_float(a.number, op.amount);
        break;
      case OpKind::kCoalesce:
        r = a.valid ? a : b;
        break;
    }
    all.push_back(r);
  }
  return all;
}

/// A value with its moment, as first and last take it.
struct KeptValue {
  int64_t time, order = 0;
  uint64_t low;
  int64_t high = 0;
  KeptValue(const Pipeline& pipeline, const Moment& moment, al_accumulator_kind kind, const Scalar& input,
            const std::vector<Scalar>& ops)
      : time(static_cast<int64_t>(ops[moment.time].exact)) {
    const bool exact = kind == AL_FIRST_EXACT || kind == AL_LAST_EXACT;
    low = exact ? static_cast<uint64_t>(input.exact) : std::bit_cast<uint64_t>(input.number + 0.0);
    if (exact) high = static_cast<int64_t>(input.exact >> 64);
    if (moment.order < 0) return;
    const Scalar& by = ops[moment.order];
    order = static_cast<int64_t>(by.exact);
    if (pipeline.ops[moment.order].type == OpType::kFloat) {
      const int64_t bits = std::bit_cast<int64_t>(by.number + 0.0);
      order = bits < 0 ? bits ^ std::numeric_limits<int64_t>::max() : bits;
    }
    if (!by.valid) order = std::numeric_limits<int64_t>::min();
  }
};

/// Cells as the plan means them.
struct Expected {
  struct Cell {
    int64_t count = 0;
    al_exact exact{};
    Superaccumulator sum;
    double size = 0;  ///< sum of magnitudes
    al_float_bound bound{};
    std::multiset<int128> values;
    al_moment moment{};
    Moments moments;
  };
  std::vector<std::vector<Cell>> cells;  ///< per accumulator, per cell

  explicit Expected(const Pipeline& pipeline) : cells(pipeline.accumulators.size(), std::vector<Cell>(kCells)) {}

  void fold(const Pipeline& pipeline, const Data& data, int row, const Dispatch::Update& update,
            const std::vector<Scalar>& ops) {
    const Accumulator& accumulator = pipeline.accumulators[update.accumulator];
    if (update.guard >= 0 && !(ops[update.guard].valid && ops[update.guard].truth)) return;
    const Scalar input = accumulator.input >= 0 ? ops[accumulator.input] : Scalar{};
    if (!input.valid) return;
    Cell& cell = cells[update.accumulator][data.cells[accumulator.key_space_use][row]];
    switch (accumulator.kind) {
      case AL_COUNT:
        ++cell.count;
        break;
      case AL_SUM_EXACT:
        al_add_exact(&cell.exact, low(input.exact), high(input.exact));
        break;
      case AL_MIN_EXACT:
        al_min_exact(&cell.exact, low(input.exact), high(input.exact));
        break;
      case AL_MAX_EXACT:
        al_max_exact(&cell.exact, low(input.exact), high(input.exact));
        break;
      case AL_SUM_FLOAT:
      case AL_SUM_PLAIN:
        cell.sum.add(input.number);
        cell.size += std::abs(input.number);
        break;
      case AL_MIN_FLOAT:
        al_min_float(&cell.bound, input.number);
        break;
      case AL_MAX_FLOAT:
        al_max_float(&cell.bound, input.number);
        break;
      case AL_VALUES_EXACT:
        cell.values.insert(input.exact);
        break;
      case AL_VALUES_FLOAT:
        cell.values.insert(std::bit_cast<int64_t>(input.number));
        break;
      case AL_FIRST_EXACT:
      case AL_LAST_EXACT:
      case AL_FIRST_FLOAT:
      case AL_LAST_FLOAT: {
        const KeptValue kept(pipeline, accumulator.moment, accumulator.kind, input, ops);
        const bool first = accumulator.kind == AL_FIRST_EXACT || accumulator.kind == AL_FIRST_FLOAT;
        (first ? al_keep_first : al_keep_last)(&cell.moment, kept.time, kept.order, kept.low, kept.high);
        break;
      }
      case AL_MOMENTS_EXACT:
        cell.moments.add_exact(input.exact);
        break;
      case AL_MOMENTS_FLOAT:
        cell.moments.add_float(input.number);
        break;
      case AL_VALUES_KEY:
      case AL_FIRST_ROW:
      case AL_LAST_ROW:
        break;
    }
  }
};

// ------------------------------------------------------------------------------------------------ running native code

struct Native {
  const PipelineProgram& program;
  std::vector<std::unique_ptr<uint8_t[]>> owned;
  std::vector<uint8_t*> bases;
  std::vector<const uint32_t*> cells;
  std::vector<al_sink> sinks;
  std::vector<al_sink*> sink_pointers;
  al_morsel morsel{};

  Native(const PipelineProgram& pipeline, const Data& data) : program(pipeline), sinks(pipeline.sink_count) {
    for (const uint32_t stride : program.strides) {
      owned.push_back(std::make_unique<uint8_t[]>(stride * kCells + 16));
      bases.push_back(owned.back().get() + (16 - reinterpret_cast<uintptr_t>(owned.back().get()) % 16) % 16);
    }
    for (const auto& ids : data.cells) cells.push_back(ids.data());
    for (al_sink& sink : sinks) {
      sink.reserve(kCells);
      sink_pointers.push_back(&sink);
    }
    morsel = {data.columns.data(), kRows, cells.data()};
  }

  /// As the engine does: runs of rows that share a case and their cells, `always` on all.
  void run(const Data& data) {
    std::map<std::vector<uint32_t>, std::vector<uint32_t>> always;
    std::map<std::pair<uint16_t, std::vector<uint32_t>>, std::vector<uint32_t>> cases;
    for (uint32_t row = 0; row < kRows; ++row) {
      const std::vector<uint32_t> of_row = {cells[0][row], cells[1][row]};
      always[of_row].push_back(row);
      if (program.dispatch_column < 0) continue;
      const Scalar code = read_column(data, program.dispatch_column, static_cast<int>(row));
      if (!code.valid || code.code >= program.case_of_code.size()) continue;
      const uint16_t of_code = program.case_of_code[code.code];
      if (of_code != 0xffff) cases[{of_code, of_row}].push_back(row);
    }
    for (const auto& [of_rows, rows] : always) fold(data, program.always, program.always_columns, of_rows, rows);
    for (const auto& [key, rows] : cases) {
      fold(data, program.cases[key.first], program.case_columns[key.first], key.second, rows);
    }
  }

  void fold(const Data& data, const std::vector<al_update>& functions, const std::vector<int>& read,
            const std::vector<uint32_t>& of_rows, const std::vector<uint32_t>& rows) {
    std::vector<al_column> columns(data.columns.size());
    std::vector<std::vector<uint64_t>> values(columns.size());
    std::vector<std::vector<uint8_t>> valid(columns.size());
    for (const int c : read) {
      const size_t width = data.types[c] == OpType::kBool ? 1 : data.types[c] == OpType::kCode ? 4 : 8;
      values[c].assign(rows.size() + AL_LANES, ~uint64_t{0});  // rubbish past the end
      valid[c].assign(rows.size() + AL_LANES, 1);
      auto* out = reinterpret_cast<uint8_t*>(values[c].data());
      for (size_t i = 0; i < rows.size(); ++i) {
        std::memcpy(out + i * width, static_cast<const uint8_t*>(data.columns[c].values) + rows[i] * width, width);
        valid[c][i] = data.valid[c][rows[i]];
      }
      columns[c] = {out, valid[c].data()};
    }
    std::vector<uint8_t*> states;
    for (size_t k = 0; k < bases.size(); ++k) states.push_back(bases[k] + of_rows[k] * program.strides[k]);
    const al_run run{columns.data(), static_cast<int64_t>(rows.size()), of_rows.data(), states.data(),
                     sink_pointers.data()};
    for (const al_update function : functions) function(&run);
  }

  void check(const Pipeline& pipeline, Expected& expected) {
    for (size_t i = 0; i < pipeline.accumulators.size(); ++i) {
      for (uint32_t c = 0; c < kCells; ++c) {
        CAPTURE(i);
        CAPTURE(c);
        check_cell(program.accumulators[i], c, expected.cells[i][c]);
      }
    }
  }

  void check_cell(const AccumulatorLayout& layout, uint32_t c, Expected::Cell& expected) {
    const uint32_t stride = program.strides[layout.key_space_use];
    const uint8_t* state = bases[layout.key_space_use] + stride * c + layout.offset;
    const auto* exact = reinterpret_cast<const al_exact*>(state);
    const auto* bound = reinterpret_cast<const al_float_bound*>(state);
    ValueList list;
    switch (layout.kind) {
      case AL_COUNT:
        REQUIRE(*reinterpret_cast<const int64_t*>(state) == expected.count);
        break;
      case AL_SUM_EXACT:
      case AL_MIN_EXACT:
      case AL_MAX_EXACT:
        REQUIRE(std::memcmp(exact, &expected.exact, sizeof *exact) == 0);
        break;
      case AL_SUM_FLOAT:
        REQUIRE(rounded_float_sum(*reinterpret_cast<const al_float_sum*>(state)) == expected.sum.rounded());
        break;
      case AL_SUM_PLAIN: {  // each of its additions is off by half a unit in the last place
        const double error = *reinterpret_cast<const double*>(state) - expected.sum.rounded();
        if (std::isfinite(expected.size)) REQUIRE(std::abs(error) <= kRows * 0x1p-52 * expected.size);
        break;
      }
      case AL_MIN_FLOAT:
      case AL_MAX_FLOAT:
        REQUIRE(std::memcmp(bound, &expected.bound, sizeof *bound) == 0);
        break;
      case AL_VALUES_EXACT:
      case AL_VALUES_FLOAT: {
        sinks[layout.sink].collect(c, &list);
        std::multiset<int128> values(list.words.begin(), list.words.end());
        values.insert(list.wide.begin(), list.wide.end());
        REQUIRE(values == expected.values);
        break;
      }
      case AL_FIRST_EXACT:
      case AL_LAST_EXACT:
      case AL_FIRST_FLOAT:
      case AL_LAST_FLOAT:
        REQUIRE(std::memcmp(state, &expected.moment, sizeof expected.moment) == 0);
        break;
      case AL_MOMENTS_EXACT:
      case AL_MOMENTS_FLOAT: {
        al_moments held = *reinterpret_cast<const al_moments*>(state);
        const Moments moments = held.state == 0 ? Moments() : moments_of(&held);
        REQUIRE(moments.count() == expected.moments.count());
        if (moments.count() >= 2) REQUIRE(moments.variance_of_floats() == expected.moments.variance_of_floats());
        break;
      }
      case AL_VALUES_KEY:
      case AL_FIRST_ROW:
      case AL_LAST_ROW:
        break;
    }
  }
};

void check_kept_row(const Pipeline& pipeline, const Machine::Fold& fold, const std::vector<Scalar>& ops,
                    const uint8_t* slot) {
  std::vector<uint64_t> words(3 + fold.carried.size());
  std::memcpy(words.data(), slot, 8 * (2 + (fold.carried.empty() ? 0 : 1) + fold.carried.size()));
  REQUIRE(static_cast<int64_t>(words[0]) == static_cast<int64_t>(ops[fold.moment.time].exact));
  for (size_t i = 0; i < fold.carried.size(); ++i) {
    const Scalar& column = ops[fold.carried[i]];
    REQUIRE((words[2] >> i & 1) == (column.valid ? 1 : 0));
    uint64_t value = 0;
    switch (pipeline.ops[fold.carried[i]].type) {
      case OpType::kExact:
        value = static_cast<uint64_t>(column.exact);
        break;
      case OpType::kFloat:
        value = std::bit_cast<uint64_t>(column.number + 0.0);
        break;
      case OpType::kBool:
        value = column.truth ? 1 : 0;
        break;
      case OpType::kCode:
        value = column.code;
        break;
    }
    REQUIRE(words[3 + i] == (column.valid ? value : 0));
  }
}

void check_machine(const Pipeline& pipeline, const Data& data, const Machine& machine, const MachineProgram& program,
                   const al_morsel& morsel) {
  std::vector<uint64_t> buffer(program.row_bytes / 8 * kRows);
  auto* out = reinterpret_cast<uint8_t*>(buffer.data());
  const int64_t written = program.exchange(&morsel, out);
  const auto word = [&](size_t offset) {
    uint64_t value;
    std::memcpy(&value, out + offset, 8);
    return value;
  };
  const auto bit = [&](int index) { return (word(8 + 8 * (index / 64)) >> index % 64 & 1) != 0; };
  int64_t kept = 0;
  for (int row = 0; row < kRows; ++row) {
    const std::vector<Scalar> ops = evaluate(pipeline, data, row);
    std::vector<bool> holds;
    for (const int guard : machine.bits) holds.push_back(guard < 0 || (ops[guard].valid && ops[guard].truth));
    if (std::find(holds.begin(), holds.end(), true) == holds.end()) continue;
    REQUIRE(kept < written);
    REQUIRE(word(0) ==
            (static_cast<uint64_t>(data.cells[machine.key_space_use][row]) << 32 | static_cast<uint32_t>(row)));
    for (size_t i = 0; i < holds.size(); ++i) REQUIRE(bit(static_cast<int>(i)) == holds[i]);
    for (size_t i = 0; i < machine.folds.size(); ++i) {
      const Machine::Fold& fold = machine.folds[i];
      const MachineAccumulator& layout = program.accumulators[i];
      const bool folds = holds[fold.bit] && (fold.input < 0 || ops[fold.input].valid);
      REQUIRE(bit(layout.guard_bit) == folds);
      if (!folds) continue;
      if (keeps_row(fold.kind)) check_kept_row(pipeline, fold, ops, out + layout.slot_offset);
      if (fold.input < 0) continue;
      const Scalar& input = ops[fold.input];
      if (has_moment(fold.kind)) {
        const KeptValue kept(pipeline, fold.moment, fold.kind, input, ops);
        REQUIRE(static_cast<int64_t>(word(layout.slot_offset)) == kept.time);
        REQUIRE(static_cast<int64_t>(word(layout.slot_offset + 8)) == kept.order);
        REQUIRE(word(layout.slot_offset + 16) == kept.low);
        REQUIRE(static_cast<int64_t>(word(layout.slot_offset + 24)) == kept.high);
        continue;
      }
      if (fold.kind == AL_VALUES_KEY) {
        REQUIRE(word(layout.slot_offset) == input.code);
      } else if (pipeline.ops[fold.input].type == OpType::kFloat) {
        REQUIRE(word(layout.slot_offset) == std::bit_cast<uint64_t>(input.number));
      } else {
        REQUIRE(word(layout.slot_offset) == low(input.exact));
        REQUIRE(word(layout.slot_offset + 8) == static_cast<uint64_t>(high(input.exact)));
      }
    }
    out += program.row_bytes;
    ++kept;
  }
  REQUIRE(kept == written);
}

void check_plan(const Plan& plan, const Data& data, TierChoice tier) {
  Result<Program> program = compile(plan, {tier, "", {}});
  REQUIRE(program.ok());
  const Pipeline& pipeline = plan.pipelines[0];
  const PipelineProgram& compiled = program->pipelines[0];
  Expected expected(pipeline);
  const Dispatch& dispatch = pipeline.dispatch;
  for (int row = 0; row < kRows; ++row) {
    const std::vector<Scalar> ops = evaluate(pipeline, data, row);
    const auto fold = [&](const Dispatch::Update& update) { expected.fold(pipeline, data, row, update, ops); };
    if (dispatch.column < 0 && dispatch.always.empty()) {
      for (size_t i = 0; i < pipeline.accumulators.size(); ++i)
        fold({static_cast<int>(i), pipeline.accumulators[i].guard});
      continue;
    }
    for (const Dispatch::Update& update : dispatch.always) fold(update);
    const Scalar code = read_column(data, dispatch.column, row);
    for (size_t i = 0; i < dispatch.cases.size() && code.valid; ++i) {
      if (!std::count(dispatch.case_codes[i].begin(), dispatch.case_codes[i].end(), code.code)) continue;
      for (const Dispatch::Update& update : dispatch.cases[i]) fold(update);
    }
  }
  SpillArena arena;
  const SpillScope scope(&arena);
  Native native(compiled, data);
  native.run(data);
  native.check(pipeline, expected);
  for (size_t i = 0; i < pipeline.machines.size(); ++i) {
    check_machine(pipeline, data, pipeline.machines[i], compiled.machines[i], native.morsel);
  }
}

// ------------------------------------------------------------------------------------------------ random plans

class RandomPipeline {
 public:
  RandomPipeline(std::mt19937_64& random, const Data& data) : random_(random) {
    pipeline_.columns = data.uses;
    pipeline_.key_spaces.resize(2);
    for (size_t i = 0; i < data.types.size(); ++i) {
      Op op = make(OpKind::kColumn, data.types[i]);
      op.column = static_cast<int>(i);
      add(op);
    }
    for (int i = 0; i < 5; ++i) add_constants();
    for (int i = 0; i < 120; ++i) add_op();
  }

  Pipeline undispatched() {
    for (int i = 0; i < 40; ++i) add_accumulator();
    for (int i = 0; i < 2; ++i) add_machine(1 + any(90));
    return pipeline_;
  }

  /// Cases over a code column; guards and accumulators as they come.
  Pipeline dispatched() {
    pipeline_ = undispatched();
    Dispatch& dispatch = pipeline_.dispatch;
    dispatch.column = 8 + any(2);
    dispatch.case_codes = {{3}, {10, 11, 12, 80}, {50}};
    dispatch.cases.resize(3);
    for (int i = 0; i < 40; ++i) {
      const Dispatch::Update update{i, any(4) == 0 ? -1 : guard()};
      if (i % 4 == 3) dispatch.always.push_back(update);
      if (i % 4 != 3) dispatch.cases[i % 4].push_back(update);
    }
    dispatch.cases[1].push_back(dispatch.cases[0][0]);  // one accumulator in two cases
    return pipeline_;
  }

 private:
  int any(int count) { return static_cast<int>(random_() % static_cast<uint64_t>(count)); }

  static Op make(OpKind kind, OpType type, int a = -1, int b = -1, int c = -1) {
    Op op;
    op.kind = kind;
    op.type = type;
    op.a = a;
    op.b = b;
    op.c = c;
    return op;
  }

  /// Whether a row may lack the op's value.
  bool nullable(const Op& op) const {
    const auto any_of = [&](std::initializer_list<int> operands) {
      return std::any_of(operands.begin(), operands.end(), [&](int a) { return a >= 0 && pipeline_.ops[a].nullable; });
    };
    switch (op.kind) {
      case OpKind::kColumn:
        return pipeline_.columns[op.column].nullable;
      case OpKind::kDivide:
      case OpKind::kQuotient:
        return true;
      case OpKind::kCoalesce:
        return any_of({op.b});
      case OpKind::kSelect:
        return any_of({op.b, op.c});
      case OpKind::kAdd:
      case OpKind::kSubtract:
      case OpKind::kMultiply:
        return op.type == OpType::kFloat || any_of({op.a, op.b});
      case OpKind::kNegate:
      case OpKind::kScaleUp:
      case OpKind::kToFloat:
      case OpKind::kGreatest:
      case OpKind::kLeast:
      case OpKind::kRoundExact:
      case OpKind::kRoundFloat:
        return any_of({op.a, op.b});
      case OpKind::kConst:
      case OpKind::kEqual:
      case OpKind::kNotEqual:
      case OpKind::kLess:
      case OpKind::kLessEqual:
      case OpKind::kGreater:
      case OpKind::kGreaterEqual:
      case OpKind::kCodeIn:
      case OpKind::kAnd:
      case OpKind::kOr:
      case OpKind::kNot:
      case OpKind::kIsValid:
        return false;
    }
    ALIDADE_CHECK(false);
  }

  void add(Op op) {
    op.nullable = nullable(op);
    by_type_[static_cast<int>(op.type)].push_back(static_cast<int>(pipeline_.ops.size()));
    pipeline_.ops.push_back(std::move(op));
  }

  int pick(OpType type) {
    const std::vector<int>& ops = by_type_[static_cast<int>(type)];
    return ops[any(static_cast<int>(ops.size()))];
  }
  int bits(int op) const { return pipeline_.ops[op].bits; }

  int guard() { return pick(OpType::kBool); }

  void add_constants() {
    Op exact = make(OpKind::kConst, OpType::kExact);
    exact.exact = static_cast<int64_t>(random_()) >> any(64);
    exact.bits = any(2) == 0 ? 64 : 100;
    add(exact);
    Op number = make(OpKind::kConst, OpType::kFloat);
    number.number = any(3) - 1.0;
    add(number);
    Op truth = make(OpKind::kConst, OpType::kBool);
    truth.truth = any(2) == 0;
    add(truth);
  }

  void add_exact(OpKind kind, int width, int a, int b = -1, int amount = 0) {
    if (width > 128) return;
    Op op = make(kind, OpType::kExact, a, b);
    op.bits = static_cast<uint8_t>(width);
    op.amount = amount;
    add(op);
  }

  void add_op() {
    const OpType any_type = static_cast<OpType>(any(4));
    const int e = pick(OpType::kExact), f = pick(OpType::kExact), x = pick(OpType::kFloat), y = pick(OpType::kFloat);
    const int c = pick(OpType::kCode);
    const auto comparison = static_cast<OpKind>(static_cast<int>(OpKind::kEqual) + any(6));
    const OpKind equality = any(2) == 0 ? OpKind::kEqual : OpKind::kNotEqual;
    Op op;
    switch (any(25)) {
      case 0:
        return add_exact(OpKind::kNegate, bits(e) + 1, e);
      case 1:
        return add_exact(OpKind::kAdd, std::max(bits(e), bits(f)) + 1, e, f);
      case 2:
        return add_exact(OpKind::kSubtract, std::max(bits(e), bits(f)) + 1, e, f);
      case 3:
        return add_exact(OpKind::kMultiply, bits(e) + bits(f), e, f);
      case 4:
        return add_exact(OpKind::kScaleUp, bits(e) + 20, e, -1, 6);
      case 5:
        op = make(OpKind::kToFloat, OpType::kFloat, e);
        op.amount = any(7);
        return add(op);
      case 6:
        return add(make(OpKind::kAdd, OpType::kFloat, x, y));
      case 7:
        return add(make(OpKind::kMultiply, OpType::kFloat, x, y));
      case 8:
        return add(make(OpKind::kSubtract, OpType::kFloat, x, y));
      case 9:
        return add(make(OpKind::kNegate, OpType::kFloat, x));
      case 10:
        return add(make(OpKind::kDivide, OpType::kFloat, x, y));
      case 11:
        return add(make(OpKind::kQuotient, OpType::kFloat, e, f));
      case 12:
        return add(make(comparison, OpType::kBool, e, f));
      case 13:
        return add(make(comparison, OpType::kBool, x, y));
      case 14:
        return add(make(equality, OpType::kBool, guard(), guard()));
      case 15:
        return add(make(equality, OpType::kBool, c, pick(OpType::kCode)));
      case 16:
        op = make(OpKind::kCodeIn, OpType::kBool, c);
        for (uint32_t code = 0; code < 200; code += 1 + static_cast<uint32_t>(any(40))) op.codes.push_back(code);
        return add(op);
      case 17:
        return add(make(any(2) == 0 ? OpKind::kAnd : OpKind::kOr, OpType::kBool, guard(), guard()));
      case 18:
        if (any(2) == 0) return add(make(OpKind::kNot, OpType::kBool, guard()));
        return add(make(OpKind::kIsValid, OpType::kBool, pick(any_type)));
      case 19:
        return add_exact(any(2) == 0 ? OpKind::kGreatest : OpKind::kLeast, std::max(bits(e), bits(f)), e, f);
      case 20:
        return add(make(any(2) == 0 ? OpKind::kGreatest : OpKind::kLeast, OpType::kFloat, x, y));
      case 21: {
        const int digits = 1 + any(9);
        return add_exact(OpKind::kRoundExact, std::max(2, bits(e) - 3 * digits + 1), e, -1, digits);
      }
      case 22:
        op = make(OpKind::kRoundFloat, OpType::kFloat, x);
        op.amount = any(19);
        return add(op);
      case 23: {
        const int b = pick(any_type), other = pick(any_type);
        op = make(OpKind::kCoalesce, any_type, b, other);
        if (any_type == OpType::kExact) op.bits = std::max(pipeline_.ops[b].bits, pipeline_.ops[other].bits);
        return add(op);
      }
      default: {
        const int b = pick(any_type), other = pick(any_type);
        op = make(OpKind::kSelect, any_type, guard(), b, other);
        if (any_type == OpType::kExact) op.bits = std::max(pipeline_.ops[b].bits, pipeline_.ops[other].bits);
        return add(op);
      }
    }
  }

  static bool takes_exact(al_accumulator_kind kind) {
    return kind == AL_SUM_EXACT || kind == AL_MIN_EXACT || kind == AL_MAX_EXACT || kind == AL_VALUES_EXACT ||
           kind == AL_FIRST_EXACT || kind == AL_LAST_EXACT || kind == AL_MOMENTS_EXACT;
  }
  int input_of(al_accumulator_kind kind) {
    if (kind == AL_COUNT || keeps_row(kind)) return -1;
    if (kind == AL_VALUES_KEY) return pick(OpType::kCode);
    return pick(takes_exact(kind) ? OpType::kExact : OpType::kFloat);
  }

  /// A column: the first ops are the columns.
  int column(bool (*fits)(const Op&)) {
    for (int op = any(1 + static_cast<int>(pipeline_.columns.size()));; ++op) {
      const int place = op % static_cast<int>(pipeline_.columns.size());
      if (fits(pipeline_.ops[place])) return place;
    }
  }
  Moment moment_of(al_accumulator_kind kind) {
    if (!has_moment(kind)) return {};
    const auto is_time = [](const Op& op) { return op.type == OpType::kExact && !op.nullable; };
    const auto is_order = [](const Op& op) { return op.type == OpType::kExact || op.type == OpType::kFloat; };
    return {column(is_time), any(3) == 0 ? -1 : column(is_order)};
  }

  void add_accumulator() {
    Accumulator accumulator;
    do {
      accumulator.kind = static_cast<al_accumulator_kind>(any(AL_MOMENTS_FLOAT + 1));
    } while (accumulator.kind == AL_VALUES_KEY || keeps_row(accumulator.kind));
    accumulator.moment = moment_of(accumulator.kind);
    accumulator.key_space_use = any(2);
    accumulator.input = input_of(accumulator.kind);
    accumulator.guard = any(4) == 0 ? -1 : guard();
    pipeline_.accumulators.push_back(accumulator);
  }

  void add_machine(int bit_count) {
    Machine machine;
    machine.key_space_use = any(2);
    for (int i = 0; i < bit_count; ++i) machine.bits.push_back(any(50) == 0 ? -1 : guard());
    for (int i = 0; i < 6; ++i) {
      const auto kind = static_cast<al_accumulator_kind>(any(AL_MOMENTS_FLOAT + 1));
      machine.folds.push_back({kind, input_of(kind), any(bit_count), moment_of(kind), {}});
      for (int op = any(3); keeps_row(kind) && op < static_cast<int>(pipeline_.columns.size()); op += 1 + any(3)) {
        machine.folds.back().carried.push_back(op);
      }
    }
    pipeline_.machines.push_back(machine);
  }

  std::mt19937_64& random_;
  Pipeline pipeline_;
  std::vector<int> by_type_[4];
};

Plan plan_of(Pipeline pipeline) {
  Plan plan;
  plan.pipelines.push_back(std::move(pipeline));
  return plan;
}

TEST_CASE("native code agrees with one row at a time") {
  for (uint64_t seed = 0; seed < 24; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    const Data data(random);
    RandomPipeline pipeline(random, data);
    const Plan plan = plan_of(seed % 2 == 0 ? pipeline.undispatched() : pipeline.dispatched());
    for (const TierChoice tier : {TierChoice::kO1, TierChoice::kO0, TierChoice::kAlternating}) {
      check_plan(plan, data, tier);
    }
  }
}

TEST_CASE("sums of halves and of pairs are exact at the ends of their ranges") {
  Pipeline pipeline;
  pipeline.columns.resize(2);
  pipeline.key_spaces.resize(1);
  pipeline.ops.resize(2);
  pipeline.ops[1].type = OpType::kFloat;
  for (int i = 0; i < 2; ++i) {
    pipeline.ops[i].kind = OpKind::kColumn;
    pipeline.ops[i].column = i;
  }
  pipeline.accumulators = {{AL_SUM_EXACT, 0, 0, -1}, {AL_SUM_FLOAT, 0, 1, -1}};
  Result<Program> program = compile(plan_of(pipeline));
  REQUIRE(program.ok());
  const PipelineProgram& compiled = program->pipelines[0];
  const size_t count = AL_MORSEL_ROWS - 3;
  std::vector<int64_t> whole(count + AL_LANES);
  std::vector<double> numbers(count + AL_LANES);
  int128 sum = 0;
  Superaccumulator exact;
  for (size_t i = 0; i < whole.size(); ++i) {
    whole[i] = i % 4 == 3 ? -static_cast<int64_t>(i) : i % 4 == 2 ? INT64_MIN + static_cast<int64_t>(i) : INT64_MAX;
    numbers[i] = std::ldexp(i % 3 == 0 ? -1.0 : 1.0, static_cast<int>(i * 37 % 500)) + static_cast<double>(i);
    if (i >= count) continue;
    sum += whole[i];
    exact.add(numbers[i]);
  }
  SpillArena arena;
  const SpillScope scope(&arena);
  const al_column columns[] = {{whole.data(), nullptr}, {numbers.data(), nullptr}};
  alignas(16) uint8_t cell[128] = {};
  REQUIRE(compiled.strides[0] <= sizeof cell);
  uint8_t* state = cell;
  const uint32_t id = 0;
  const al_run run{columns, static_cast<int64_t>(count), &id, &state, nullptr};
  for (int round = 0; round < 2; ++round) {
    for (const al_update function : compiled.always) function(&run);
  }
  const auto* total = reinterpret_cast<const al_exact*>(cell + compiled.accumulators[0].offset);
  CHECK(total->low == low(2 * sum));
  CHECK(total->high == high(2 * sum));
  const auto* float_total = reinterpret_cast<const al_float_sum*>(cell + compiled.accumulators[1].offset);
  CHECK(rounded_float_sum(*float_total) == 2 * exact.rounded());
}

TEST_CASE("cells are laid out case by case, aligned and without overlap") {
  Pipeline pipeline;
  pipeline.key_spaces.resize(2);
  Op column;
  column.kind = OpKind::kColumn;
  column.column = 0;
  pipeline.ops.push_back(column);
  pipeline.columns.resize(2);
  const al_accumulator_kind kinds[] = {AL_COUNT,     AL_SUM_EXACT,    AL_SUM_FLOAT,
                                       AL_MIN_FLOAT, AL_VALUES_EXACT, AL_MAX_EXACT};
  for (int i = 0; i < 180; ++i) {
    const al_accumulator_kind kind = kinds[i % 6];
    pipeline.accumulators.push_back({kind, i % 5 == 0 ? 1 : 0, kind == AL_COUNT ? -1 : 0, -1});
  }
  Dispatch& dispatch = pipeline.dispatch;
  dispatch.column = 1;
  dispatch.case_codes = {{2}, {0, 5}};
  dispatch.cases.resize(2);
  for (int i = 0; i < 150; ++i) dispatch.cases[i % 2].push_back({i, -1});
  const PipelineLayout layout = lay_out(pipeline, 3);
  CHECK(layout.program.case_of_code == std::vector<uint16_t>{1, 0xffff, 0, 0xffff, 0xffff, 1});
  CHECK(layout.program.sink_count == 30);
  CHECK(layout.program.accumulators[4].sink == 0);
  CHECK(layout.program.accumulators[10].sink == 1);
  CHECK(layout.loops.size() == 10);  // of 75 updates a case, 62 or 63 are wide
  CHECK(layout.loops[1].name == "p3_case0_1");
  CHECK(layout.loops[0].wide);
  CHECK_FALSE(layout.loops[4].wide);
  for (int use = 0; use < 2; ++use) {
    CHECK(layout.program.strides[use] % 16 == 0);
    std::vector<bool> taken(layout.program.strides[use]);
    uint32_t end_of_case = 0, start_of_next = ~0u;
    for (size_t i = 0; i < pipeline.accumulators.size(); ++i) {
      const AccumulatorLayout& place = layout.program.accumulators[i];
      const uint32_t bytes = place.kind == AL_COUNT          ? 8
                             : place.kind == AL_SUM_FLOAT    ? 24
                             : place.kind == AL_MIN_FLOAT    ? 16
                             : place.kind == AL_VALUES_EXACT ? 0
                                                             : 32;
      if (place.key_space_use != use || bytes == 0) continue;
      CHECK(place.offset % (bytes == 32 ? 16 : 8) == 0);
      for (uint32_t b = 0; b < bytes; ++b) {
        REQUIRE_FALSE(taken[place.offset + b]);
        taken[place.offset + b] = true;
      }
      if (i < 150 && i % 2 == 0) end_of_case = std::max(end_of_case, place.offset + bytes);
      if (i < 150 && i % 2 == 1) start_of_next = std::min(start_of_next, place.offset);
    }
    CHECK(end_of_case <= start_of_next);
  }
}

TEST_CASE("the dump is stable and names every loop") {
  std::mt19937_64 random(7);
  const Data data(random);
  const Plan plan = plan_of(RandomPipeline(random, data).dispatched());
  const Result<std::string> first = dump_llvm(plan), second = dump_llvm(plan);
  REQUIRE(first.ok());
  CHECK(first.value() == second.value());
  for (const char* name : {"@p0_case0_0(", "@p0_case2_0(", "@p0_always_0(", "@p0_exchange1("}) {
    CHECK(first.value().find(name) != std::string::npos);
  }
  CHECK(first.value().find("call void @al_add_exact(") == std::string::npos);  // inlined
  CHECK(first.value().find("<8 x i64>") != std::string::npos);                 // wide
}

TEST_CASE("a plan without loops compiles to a program without code") {
  Plan plan = plan_of({});
  Result<Program> program = compile(plan);
  REQUIRE(program.ok());
  CHECK(program->pipelines.size() == 1);
  CHECK(program->pipelines[0].always.empty());
}

}  // namespace
}  // namespace alidade
