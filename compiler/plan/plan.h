// The plan: data-free, typed, printable. Per stream one pipeline of row expressions, cells and machines; per output a
// formula over cells. Key spaces, formulas and outputs are the runtime's own structs (runtime/program.h); the plan adds
// the row expressions that codegen compiles. Door of compiler/plan (lower.h, print.h, verify.h). Immutable between
// passes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "runtime/program.h"

namespace alidade {

/// Typed SSA over columns of one row. An op has a value and, apart from it, validity: it is valid when its operands are
/// (and a column's row is there, a divisor is not 0, and a float result is finite: float arithmetic is always
/// nullable). Conditions are always valid: a comparison or kCodeIn with an invalid operand is false. Guards, the
/// operands of kAnd, kOr, kNot and `a` of kSelect are conditions: a nullable bool column stands there as `column ==
/// true`. Ops are in one array per pipeline, operands before users, each written once.
enum class OpKind : uint8_t {
  kColumn,  ///< pipeline column `column`
  kConst,
  kNegate,
  kAdd,
  kSubtract,
  kMultiply,  ///< exact: int128, width proven by types; float: binary64. Same type both sides
  kScaleUp,   ///< exact × 10^amount
  kToFloat,   ///< exact with scale `amount` to the nearest double
  kDivide,    ///< float / float; invalid where b is 0
  kQuotient,  ///< exact / exact (scales made equal before) to the nearest double; invalid where b is 0
  kEqual,
  kNotEqual,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,  ///< both sides exact, float, bool (==, !=) or code
  kCodeIn,        ///< a (class, one_of or text-code column) is one of `codes`
  kAnd,
  kOr,
  kNot,
  kIsValid,   ///< a is there
  kSelect,    ///< if a then b else c
  kGreatest,  ///< both sides exact of one scale, or float
  kLeast,
  kRoundExact,  ///< exact, `amount` digits fewer, ties to even
  kRoundFloat,  ///< float to `amount` digits after the point, ties to even: the double nearest to that
  kCoalesce,    ///< a, or b where a is not valid; one type both sides
};
enum class OpType : uint8_t { kExact, kFloat, kBool, kCode };

struct Op {
  OpKind kind = OpKind::kConst;
  OpType type = OpType::kExact;
  uint8_t bits = 64;      ///< kExact: at most 64: held in int64, else int128
  bool nullable = false;  ///< validity must be tracked
  int a = -1, b = -1, c = -1;
  int column = -1;
  int amount = 0;
  std::vector<uint32_t> codes;  ///< kCodeIn, ascending
  int128 exact = 0;             ///< kConst
  double number = 0;
  bool truth = false;
  friend bool operator==(const Op&, const Op&) = default;
};

/// When a row happened, for first and last: ops of its time and of its `order` field (-1: none).
struct Moment {
  int time = -1;
  int order = -1;
  friend auto operator<=>(const Moment&, const Moment&) = default;
};

/// Folds `input` into the cells of a key space for rows that pass `guard` and whose input is valid.
struct Accumulator {
  al_accumulator_kind kind = AL_COUNT;
  int key_space_use = 0;
  int input = -1;  ///< op; -1 for AL_COUNT
  int guard = -1;  ///< op of type kBool; -1: every row
  Moment moment;   ///< AL_FIRST_*, AL_LAST_*
  friend bool operator==(const Accumulator&, const Accumulator&) = default;
};

/// Per key and cell: mask bits and accumulators (runtime/program.h, MachineProgram). bits[i] is the op that sets bit i
/// (-1: every row); an accumulator folds when its bit is set and its input valid. Without a key space a key has one
/// entry: such a machine keeps first and last rows, and each of its folds is the source of a derived pipeline.
struct Machine {
  int domain = 0;
  int key_column = 0;
  int key_space_use = 0;  ///< -1: none
  std::vector<int> bits;
  struct Fold {
    al_accumulator_kind kind = AL_COUNT;
    int input = -1;
    int bit = 0;
    Moment moment;             ///< AL_FIRST_*, AL_LAST_*
    std::vector<int> carried;  ///< AL_FIRST/LAST_ROW: column ops that a derived pipeline reads of the row
    friend bool operator==(const Fold&, const Fold&) = default;
  };
  std::vector<Fold> folds;
  friend bool operator==(const Machine&, const Machine&) = default;
};

/// Which accumulators a row of each dispatch case updates, with what is left of their guards. Made by the pass
/// dispatch_on_code; empty before.
struct Dispatch {
  struct Update {
    int accumulator = 0;
    int guard = -1;
    friend bool operator==(const Update&, const Update&) = default;
  };
  int column = -1;  ///< pipeline column of form kClass or a one_of; -1: none
  std::vector<std::vector<uint32_t>> case_codes;
  std::vector<std::vector<Update>> cases;  ///< per case
  std::vector<Update> always;
  friend bool operator==(const Dispatch&, const Dispatch&) = default;
};

struct Pipeline {
  int stream = 0;
  RowSource source;
  std::vector<ColumnUse> columns;
  std::vector<Op> ops;
  std::vector<KeySpaceUse> key_spaces;
  std::vector<Accumulator> accumulators;
  std::vector<Machine> machines;
  Dispatch dispatch;
};

struct Plan {
  CalendarSpec calendar;
  std::vector<SourceSchema> streams, tables;  ///< all of the model's; only those a pipeline reads are opened
  std::vector<KeyDomain> domains;
  std::vector<KeySpace> key_spaces;
  std::vector<Rate> rates;
  std::vector<Pipeline> pipelines;
  std::vector<Formula> formulas;
  std::vector<Output> outputs;
  std::vector<Presence> unrated;  ///< runtime/program.h
  uint64_t spec_hash = 0;
};

/// Visits every count and bit that is read beside formulas.
template <typename AnyPlan, typename Visit>
void each_presence(AnyPlan& plan, const Visit& visit) {
  for (auto& output : plan.outputs) {
    for (auto& presence : output.presence) visit(presence);
  }
  for (auto& presence : plan.unrated) visit(presence);
}

}  // namespace alidade
