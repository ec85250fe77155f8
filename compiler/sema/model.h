// The typed model: every name resolved, every type known, events and segments folded into conditions. What the
// reference evaluates and the plan is lowered from. Door of compiler/sema (with analyse.h). Immutable after analyse(),
// safe on any thread. Rows and values are hash-consed: the same expression is the same id, whoever wrote it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "compiler/support/source.h"
#include "compiler/types/type.h"
#include "runtime/program.h"

namespace alidade {

template <typename Tag>
struct Id {
  int32_t index = -1;
  bool valid() const { return index >= 0; }
  friend bool operator==(Id, Id) = default;
  friend auto operator<=>(Id, Id) = default;
};
using RowId = Id<struct RowTag>;
using ValueId = Id<struct ValueTag>;
using MetricId = Id<struct MetricTag>;

// ------------------------------------------------------------------------------------------------ rows
/// An expression over one row of one stream (or table, for table-only conditions).
enum class RowKind : uint8_t {
  kConst,      ///< constant
  kField,      ///< field of the stream
  kAttribute,  ///< field `attribute` of table `table`, through the stream's entity field `field`
  kMember,     ///< the row's entity is in `table`
  kRate,       ///< `rate`, as of the row's time; with `field` of the currency that this entity of the row names
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
  kIn,       ///< a in constants (items)
  kIsNull,   ///< a is null (never itself missing)
  kIf,       ///< if a then b else c
  kIsFirst,  ///< of all rows that pass `a` and have the entity `b`, this is that entity's first by (time, order)
  kIsLast,
  kGreatest,
  kLeast,
  kRound,     ///< a, to `digits` after the point, ties to even
  kCoalesce,  ///< a, or b where a is missing
};

/// Missing operands: arithmetic is missing, comparisons and `in` are false, `not` is two-valued, x/0 is missing, `if`
/// takes else on a false condition; `greatest` and `least` are arithmetic.
struct Row {
  RowKind kind = RowKind::kConst;
  Type type;
  int stream = -1;  ///< which stream's rows; -1 for constants
  RowId a, b, c;
  std::vector<RowId> items;  ///< kIn: constants of a's type
  int field = -1, table = -1, attribute = -1;
  int rate = -1;   ///< kRate: into Model::rates
  int digits = 0;  ///< kRound
  // kConst, by representation(type)
  int128 exact = 0;
  double number = 0;
  bool truth = false;
  std::string text;
  uint32_t one_of = 0;
  friend bool operator==(const Row&, const Row&) = default;
};

// ------------------------------------------------------------------------------------------------ values
/// What an aggregate or a collapse does.
enum class Aggregate : uint8_t {
  kCount,
  kSum,
  kMean,
  kMin,
  kMax,
  kUnique,
  kPercentile,
  kFirst,
  kLast,
  kVariance,
  kStddev
};

enum class ValueKindTag : uint8_t {
  kConst,
  /// Over rows of `stream` that pass `condition`. With `a`, undefined (no_rate) where that is not 0: the number of rows
  /// whose input lacks a rate and nothing else, of first and last 1 where the chosen row's does.
  kAggregate,
  kRate,  ///< `rate`, as of the last instant that is looked at; undefined (no_rate) where there is none
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
  kIf,
  kGreatest,
  kLeast,
  kRound,     ///< a, to `digits` after the point, ties to even
  kCoalesce,  ///< a, or b where a is undefined for another reason than overflow
  kOver,      ///< a over window
  kAt,        ///< a in another bucket
  kCollapse,  ///< aggregate of (a per key)
};

/// What `per` was given. For entities and dimensions, rows[s] is the key of stream s's rows (invalid where the inner
/// expression does not read stream s).
enum class PerKind : uint8_t { kTime, kEntity, kDimension };
struct PerKey {
  PerKind kind = PerKind::kTime;
  Grain grain = Grain::kDay;
  std::string name;
  Type type;
  std::vector<RowId> rows;
  friend bool operator==(const PerKey&, const PerKey&) = default;
};

/// Evaluated in a context: a bucket, the interval aggregates look at, dimension values, bound `per` keys.
struct Value {
  ValueKindTag kind = ValueKindTag::kConst;
  Type type;  ///< exact arithmetic stays exact; `/`, mean, percentile, variance and stddev are double
  ValueId a, b, c;
  // kConst
  int128 exact = 0;
  double number = 0;
  bool truth = false;
  int digits = 0;  ///< kRound
  int rate = -1;   ///< kRate: into Model::rates
  // kAggregate, kCollapse
  Aggregate aggregate = Aggregate::kCount;
  Percentage percentage;
  int stream = -1;          ///< kAggregate
  RowId condition;          ///< kAggregate; invalid: every row
  RowId input;              ///< kAggregate: what is folded; kUnique: the key; invalid for kCount
  PerKey key;               ///< kCollapse
  Window window;            ///< kOver
  Offset offset;            ///< kAt
  bool elapsed = false;     ///< kAt: of a bucket that is not over only its first days, as many as have passed of it
  bool plain_sums = false;  ///< kAggregate: sum or mean with `exact = false`; others: a part is
  friend bool operator==(const Value&, const Value&) = default;
};

// ------------------------------------------------------------------------------------------------ declarations
struct ModelField {
  std::string name;
  std::string source;
  Type type;
  bool date_only = false;  ///< timestamp(day)
  /// A declared unit that others make up: what one of the data is, times 10^-factor_scale, in the type's unit.
  int64_t factor = 1;
  uint8_t factor_scale = 0;
  int64_t unit_micros = 0;  ///< duration: of one source unit; timestamp: of one epoch count, 0 if not epoch
  std::string doc;
  Span span;
};

struct ModelSource {  ///< a stream or a table
  std::string name;
  std::vector<ModelField> fields;
  int time = -1, id = -1, order = -1, arrived = -1;
  int event = -1;                      ///< streams: the one_of field that declares an event per value
  std::vector<int> entities;           ///< fields
  int key = -1;                        ///< tables
  int valid_from = -1, valid_to = -1;  ///< tables: fields
  int table = -1;  ///< streams: the table whose rows these are, with its fields; no time of their own
  int64_t late_micros = 0;
  std::string doc;
  Span span;
};

struct ModelMetric {
  std::string name;
  ValueId value;
  Type type;
  /// Open `per` a time grain: a fixed-grain metric (`dau`), reported at that grain only.
  bool fixed_grain = false;
  Grain grain = Grain::kDay;
  std::vector<std::string> by;  ///< dimensions of its own breakdown, as paths "user.channel"
  int top = 0;                  ///< groups shown of that breakdown; 0: all
  std::string title, owner, unit_text, format, better, doc;
  std::vector<int> streams;  ///< that its aggregates read, ascending
  bool imported = false;     ///< of another module: `name` is qualified, and a report has it only where it is named
  Span span;
};

/// Rows or expectations of a test, resolved and typed; cells stay text as a CSV field would be ("" is missing).
struct TestGiven {
  bool is_table = false;
  int source = 0;  ///< stream or table
  std::vector<int> fields;
  std::vector<std::vector<std::string>> rows;
  bool has_until = false;
  std::string until;  ///< date or timestamp as written
  Span span;
};
struct TestExpectation {
  ValueId value;
  Type type;
  bool fixed_grain = false;     ///< of the value
  Grain grain = Grain::kWhole;  ///< of the bucket it is read at
  bool has_bucket = false;
  std::string bucket;                      ///< date, month or timestamp as written: any instant of the bucket
  std::vector<std::string> by;             ///< expect tables: dimension paths
  int top = 0;                             ///< and their `top`, 0 without
  std::vector<DimensionValue> dimensions;  ///< and this cell's values,
  bool other = false;                      ///< or the group of all that are not among the top
  RowKind compare = RowKind::kEqual;       ///< kEqual … kGreaterEqual
  bool undefined = false;                  ///< expects no value,
  std::string reason;                      ///< for this reason ("" any)
  // the expected value, written digits kept: 3.33 is {333, 2}. Booleans use truth.
  bool boolean = false, truth = false;
  int128 expected = 0;
  int expected_scale = 0;
  std::vector<int> streams;
  std::string text;  ///< as written, for the report of a failure
  Span span;
};
struct ModelTest {
  std::string name;
  std::vector<TestGiven> given;
  std::vector<TestExpectation> expectations;
  Span span;
};

struct Model {
  std::string name;  ///< of the module
  CalendarSpec calendar;
  bool calendar_declared = false;
  std::vector<ModelSource> streams, tables;
  std::vector<std::vector<std::string>> lists;  ///< values of one_of types
  std::vector<Rate> rates;                      ///< by index of tables and their fields
  std::vector<Row> rows;
  std::vector<Value> values;
  std::vector<ModelMetric> metrics;
  std::vector<ModelTest> tests;
  UnitTable units;
  uint64_t spec_hash = 0;  ///< of the file's meaning-bearing text

  const Row& row(RowId id) const { return rows[static_cast<size_t>(id.index)]; }
  const Value& value(ValueId id) const { return values[static_cast<size_t>(id.index)]; }
};

/// The schema that readers and binding need of a stream or table.
SourceSchema schema_of(const Model& model, const ModelSource& source);
/// How a value of this type is shown (name, grain and dimensions are the caller's).
MetricInfo info_of(const Model& model, const Type& type);

}  // namespace alidade
