// The executable form of a plan: what the runtime needs to run native loops and to finish cells. The data-only parts
// (columns, key spaces, formulas, outputs) are shared with compiler/plan, which adds the row expressions that codegen
// turns into the function pointers here. Door of runtime/program. Immutable once built, safe on any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "runtime/abi.h"
#include "runtime/base.h"
#include "runtime/calendar.h"
#include "runtime/result.h"
#include "runtime/schema.h"

namespace alidade {

/// What one unit of a currency is worth: a field of the row of a table of rates that has the currency as its key. Of a
/// row as of its time, of a value as of the last instant that it looks at, or of both at one moment.
struct Rate {
  int table = -1;
  int field = -1;
  std::string currency;
  bool fixed = false;
  Instant moment = 0;  ///< where fixed
  friend bool operator==(const Rate&, const Rate&) = default;
};

/// A column that a pipeline's row expressions, keys or exchange read. Attributes, membership and rates are looked up
/// before the native loop runs, so generated code sees every kind alike.
enum class ColumnKind : uint8_t { kField, kAttribute, kMember, kRate };
struct ColumnUse {
  ColumnKind kind = ColumnKind::kField;
  int field = 0;          ///< kField: of the stream. kAttribute: of the table
  int table = -1;         ///< kAttribute, kMember
  int entity_field = -1;  ///< kAttribute, kMember: the stream's field that holds the table's key
  int rate = -1;          ///< kRate: of the program's
  ColumnForm form = ColumnForm::kValue;
  std::vector<std::string> classes;  ///< form kClass
  bool nullable = false;  ///< optional field, any attribute (the row's entity may not be in the table), any rate
  friend bool operator==(const ColumnUse&, const ColumnUse&) = default;
};

/// Cells are keyed by a time bucket and dimension values. One key space serves every pipeline and metric with the same
/// grain and dimensions, so cell ids agree across streams. kWhole: one bucket for all time.
struct Dimension {
  std::string name;                   ///< "plan", "user.channel": as written
  FieldKind kind = FieldKind::kText;  ///< kText, kOneOf, kBoolean or kInteger
  std::vector<std::string> values;    ///< kOneOf
  friend bool operator==(const Dimension&, const Dimension&) = default;
};
struct KeySpace {
  Grain grain = Grain::kWhole;
  std::vector<Dimension> dimensions;
  friend bool operator==(const KeySpace&, const KeySpace&) = default;
};
struct KeySpaceUse {
  int key_space = 0;
  std::vector<int> dimension_columns;  ///< pipeline columns, one per dimension of the key space
  friend bool operator==(const KeySpaceUse&, const KeySpaceUse&) = default;
};

/// Which keys share dense codes: an entity by name, or the values of one field for `unique(x.field)`.
struct KeyDomain {
  std::string name;
  FieldKind kind = FieldKind::kText;
  friend bool operator==(const KeyDomain&, const KeyDomain&) = default;
};

// ------------------------------------------------------------------------------------------------ formulas
// A formula is evaluated in a context: a bucket (start, end, grain), the interval that aggregates look at (the bucket
// unless `over` changed it), the dimension values, and inside `per ENTITY` the entity. Nodes are in one array, children
// before parents.

enum class FormulaKind : uint8_t {
  kConst,       ///< `constant`
  kCell,        ///< finish of accumulators in cells, over the interval
  kEntityCell,  ///< the same, of this entity's entries (only below kCollapseEntity)
  kUnique,      ///< number of keys with mask bit `rows` in the interval
  kRate,        ///< the rate at its moment, or at the interval's last instant; undefined (no_rate) where there is none
  kNegate,
  kAdd,
  kSubtract,
  kMultiply,
  kDivide,
  kEqual,
  kNotEqual,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,
  kAnd,
  kOr,
  kNot,
  kIf,        ///< a: condition, b: then, c: else
  kGreatest,  ///< of a and b
  kLeast,
  kRound,              ///< a to `digits` after the point, ties to even
  kCoalesce,           ///< a, or b where a is undefined; an overflow stays one
  kRated,              ///< a, undefined (no_rate) where b, which counts what had no rate, is not 0
  kOver,               ///< a, with the interval replaced by `window` at the bucket's end
  kAt,                 ///< a, in the bucket that `offset` leads to
  kCollapseTime,       ///< aggregate of a over the buckets of `grain` in the interval
  kCollapseEntity,     ///< aggregate of a over the entities of `domain` present in the interval
  kCollapseDimension,  ///< aggregate of a over the values of one more dimension present in the interval
};

enum class Finish : uint8_t {
  kCount,
  kSum,
  kMean,
  kMin,
  kMax,
  kPercentile,
  kUnique,
  kFirst,
  kLast,
  kVariance,
  kStddev
};

/// Finishes whose value is a double whatever was folded.
constexpr bool gives_double(Finish finish) {
  return finish == Finish::kMean || finish == Finish::kPercentile || finish == Finish::kVariance ||
         finish == Finish::kStddev;
}

enum class WindowKind : uint8_t { kLast, kToDate, kAllTime };
struct Window {
  WindowKind kind = WindowKind::kLast;
  Period period;             ///< kLast
  Grain unit = Grain::kDay;  ///< kToDate
  friend bool operator==(const Window&, const Window&) = default;
};

/// An exact percentage: 95% is {95, 0}, 99.9% is {999, 1}: numerator / 10^(2 + digits).
struct Percentage {
  int64_t numerator = 0;
  int digits = 0;
  friend bool operator==(const Percentage&, const Percentage&) = default;
};

struct Formula {
  FormulaKind kind = FormulaKind::kConst;
  int a = -1, b = -1, c = -1;
  bool exact = false;  ///< of this node's value: int128 × 10^-scale, else double; bool for comparisons
  bool boolean = false;
  int scale = 0;
  CellValue constant;  ///< kConst
  int digits = 0;      ///< kRound
  // leaves
  int pipeline = -1;
  int machine = -1;      ///< kEntityCell, kUnique: index into the pipeline's machines
  int accumulator = -1;  ///< kCell: pipeline accumulator; kEntityCell: machine accumulator (values, sum, min…)
  int count = -1;        ///< kMean: the accumulator that counts the values
  /// Whether the leaf's aggregate has any row, which decides the keys of a collapse around it (a key takes part when
  /// any leaf below has a row for it, in the leaf's own interval). kUnique, kEntityCell: mask bit, always set. kCell: a
  /// count accumulator of the rows that pass the condition, set below a kCollapseDimension, else -1.
  int rows = -1;
  int key_space = -1;  ///< leaves: where the cells are
  int rate = -1;       ///< kRate: of the program's
  /// kEntityCell of first and last: how many leading dimensions belong to the chosen row. An entity has its value in
  /// the group of that row alone, so that values add up over those dimensions.
  int row_dimensions = 0;
  int leaf_scale = 0;            ///< scale of the accumulated values; what the finish gives may be a double
  Finish finish = Finish::kSum;  ///< leaves and collapses
  Percentage percentage;
  // context changes
  Window window;
  Offset offset;
  bool elapsed = false;       ///< kAt: of a bucket that is not over only the first days, as many as have passed of it
  Grain grain = Grain::kDay;  ///< kCollapseTime
  int domain = -1;            ///< kCollapseEntity
  std::vector<int> streams;   ///< streams whose coverage decides no_data (leaves: one; collapses: all inside)
};

struct Presence {
  int pipeline = 0;
  int machine = -1;  ///< -1: `index` is a count accumulator; else a mask bit of the machine
  int index = 0;
  friend bool operator==(const Presence&, const Presence&) = default;
};

struct Output {
  MetricInfo info;
  int formula = -1;
  int rank = -1;                   ///< the same formula for the whole range, where `info.top` asks who is largest
  Grain grain = Grain::kWhole;     ///< the report's, or the metric's own if fixed
  int key_space = -1;              ///< of the dimensions (any grain); -1 without dimensions
  std::vector<Presence> presence;  ///< a group is reported when any row took part anywhere; empty without dimensions
  std::vector<int> streams;
};

// ------------------------------------------------------------------------------------------------ pipelines
struct AccumulatorLayout {
  al_accumulator_kind kind = AL_COUNT;
  int key_space_use = 0;
  uint32_t offset = 0;  ///< bytes from the cell's start; AL_VALUES_*: unused
  int sink = -1;        ///< AL_VALUES_*: index into al_run::sinks
};

/// The narrow row: uint32 row, uint32 cell, uint64 mask[mask_words], then one slot per accumulator that has an input:
/// int64 pair (16 bytes, little-endian int128) for exact, double (8) for float, uint64 key (8); int64 time, int64 order
/// and a payload for first and last. Slots are in order, each aligned to 8; a slot whose mask bit is 0 is undefined.
/// Total is `row_bytes`. The payload of AL_FIRST/LAST_ROW: a bit per column, 1 where it is there, in whole uint64
/// words; then 8 bytes a column, 0 where it is missing. That of AL_FIRST/LAST_EXACT and _FLOAT: low and high.
struct MachineAccumulator {
  al_accumulator_kind kind = AL_COUNT;
  int guard_bit = 0;           ///< mask bit: the guard holds and the input is there
  uint32_t slot_offset = 0;    ///< in the narrow row; AL_COUNT: unused
  uint32_t payload_bytes = 0;  ///< first and last
  std::vector<int> columns;    ///< AL_FIRST/LAST_ROW: pipeline columns that the row carries on, of kind kField
};

/// Per key and cell: a mask of what was seen and accumulators. One kind serves distinct counts, `per ENTITY` and, with
/// time-ordered rows, later machines. Merge: disjoint partitions, or entry by entry (masks or, accumulators merge).
struct MachineProgram {
  int domain = 0;
  int key_column = 0;     ///< pipeline column; a row whose key is missing is left out and counted
  int key_space_use = 0;  ///< -1: one entry a key, in cell 0
  int mask_words = 1;
  uint32_t row_bytes = 0;
  std::vector<MachineAccumulator> accumulators;
  al_exchange exchange = nullptr;
};

/// What a pipeline reads: the stream itself, or the rows that an AL_FIRST/LAST_ROW of an earlier pipeline over the same
/// stream keeps. A machine emits at the end of its pipeline, so a derived pipeline runs after it.
struct RowSource {
  int pipeline = -1;  ///< -1: the stream
  int machine = -1;
  int accumulator = -1;
  bool derived() const { return pipeline >= 0; }
  friend auto operator<=>(const RowSource&, const RowSource&) = default;
};

struct PipelineProgram {
  int stream = 0;  ///< index into Program::streams
  RowSource source;
  std::vector<ColumnUse> columns;
  std::vector<KeySpaceUse> key_spaces;
  std::vector<uint32_t> strides;  ///< bytes of one cell, per key space use; 0 where nothing lives in cells
  std::vector<AccumulatorLayout> accumulators;
  int sink_count = 0;
  /// Rows are split by case_of_code[code of dispatch_column] (missing and out of range: no case) and each case's
  /// functions run on its rows; `always` runs on all rows. dispatch_column -1: only `always`.
  int dispatch_column = -1;
  std::vector<uint16_t> case_of_code;  ///< 0xffff: no case
  std::vector<std::vector<al_update>> cases;
  std::vector<al_update> always;
  std::vector<std::vector<int>> case_columns;  ///< that the functions of each case read, ascending
  std::vector<int> always_columns;
  std::vector<MachineProgram> machines;
};

struct Program {
  CalendarSpec calendar;
  std::vector<SourceSchema> streams;
  std::vector<SourceSchema> tables;
  std::vector<KeyDomain> domains;
  std::vector<KeySpace> key_spaces;
  std::vector<Rate> rates;
  std::vector<PipelineProgram> pipelines;  ///< at most one per stream that reads it, then derived ones
  std::vector<Formula> formulas;
  std::vector<Output> outputs;
  std::vector<Presence> unrated;  ///< counts of the rows that a result lacks for want of a rate
  uint64_t spec_hash = 0;
  std::shared_ptr<void> code;  ///< keeps the machine code alive
};

}  // namespace alidade
