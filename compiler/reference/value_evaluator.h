// Formulas in a context, by recursion. Part of compiler/reference; tested through tests/conformance and
// tests/unit/reference_test.cpp. One thread.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "compiler/reference/local_calendar.h"
#include "compiler/reference/row_evaluator.h"
#include "compiler/reference/scalar.h"
#include "runtime/ties.h"

namespace alidade::reference {

/// Rows count only where their key is this value: a dimension of the report, or a key that a collapse has bound.
struct Bound {
  const std::vector<RowId>* key_by_stream;  ///< borrowed from the request or the model
  RowValue value;
  const std::string* entity = nullptr;  ///< its name, where a collapse over entities bound it
  friend bool operator==(const Bound&, const Bound&) = default;
};

/// Rows count only where their keys together are one of these: the groups that a `top` does not show.
struct BoundSet {
  const std::vector<ResolvedDimension>* dimensions = nullptr;
  const std::set<std::vector<RowValue>>* groups = nullptr;
  friend bool operator==(const BoundSet&, const BoundSet&) = default;
};

struct Context {
  Grain grain = Grain::kWhole;
  Interval bucket;  ///< whole, but for what `at` moves it counts as given
  Interval look;    ///< what aggregates look at; its start may be kMinInstant
  std::vector<Bound> bounds;
  BoundSet among;  ///< empty: any row
  friend bool operator==(const Context&, const Context&) = default;
};

/// When the rows of tables are looked at, by the stream that stands for them.
using Instants = std::map<int, std::set<Instant>>;

/// Where `at` leads: to a context, or nowhere for a reason.
struct Elsewhere {
  Reason reason = Reason::kNone;
  Context context;
  bool exists() const { return reason == Reason::kNone; }
};

class ValueEvaluator {
 public:
  /// `ties` gets what first and last cannot decide.
  ValueEvaluator(const Model& model, const Data& data, const LocalCalendar& calendar, TieLog* ties)
      : model_(model), data_(data), calendar_(calendar), ties_(ties), columns_(model, data) {}

  CellValue evaluate(ValueId id, const Context& context);
  /// Whether anything `id` reads is unfinished: past a watermark, or a window that starts before the first row.
  bool is_partial(ValueId id, const Context& context, Grain output_grain);
  /// From the first to the last instant that evaluating `id` in these contexts looks at rows of streams.
  Interval looked_at(ValueId id, const std::vector<Context>& contexts);
  /// The dimension values of rows that take part in any aggregate of `id`: a stream's at the times, a table's at the
  /// instants given.
  std::set<std::vector<RowValue>> groups(ValueId id, const std::vector<ResolvedDimension>& dimensions, Interval times,
                                         const Instants& instants);
  /// Adds the instants at which evaluating `id` looks at tables' rows.
  void collect_instants(ValueId id, const Context& context, Instants* instants);
  /// Rows that an aggregate or a collapse by an entity left out because that entity is missing, by (stream, field).
  std::map<std::pair<int, int>, int64_t> rows_without_entity(const std::vector<ValueId>& values);
  /// Rows by stream that what `values` aggregate lacks for want of a rate.
  std::map<int, int64_t> rows_without_rate(const std::vector<ValueId>& values);

 private:
  /// Whether a value is so large, with its parts written out, that formulas surely share them. What is found out about
  /// such a one is remembered while the outermost question is answered.
  bool repeats(ValueId id);
  /// Whether this was asked before; remembers it. False for values that do not repeat.
  bool asked_before(ValueId id, const Context& context, const std::vector<const PerKey*>& entities = {});
  CellValue compute(ValueId id, const Context& context);
  bool is_unfinished(ValueId id, const Context& context, Grain output_grain);
  /// Calls visit(aggregate, context) for every aggregate that evaluating `id` looks at.
  using VisitAggregate = std::function<void(const Value&, const Context&)>;
  void visit_aggregates(ValueId id, const Context& context, const VisitAggregate& visit);
  CellValue evaluate_aggregate(const Value& value, const Context& context);
  CellValue evaluate_unary(const Value& value, const Context& context);
  CellValue evaluate_binary(const Value& value, const Context& context);
  CellValue evaluate_if(const Value& value, const Context& context);
  CellValue evaluate_coalesce(const Value& value, const Context& context);
  CellValue as_type(const CellValue& cell, ValueId id, const Type& type) const;
  CellValue evaluate_collapse(const Value& value, const Context& context);
  RowNumbers accepted_rows(const Value& aggregate, const Context& context, size_t first_bound = 0,
                           bool any_group = false);
  CellValue first_or_last(const Value& value, const Context& context);
  void note_tie(int stream, uint32_t row, const Context& context);
  std::vector<RowValue> group_of(const BoundSet& among, int stream, uint32_t row);
  bool is_among(const BoundSet& among, int stream, uint32_t row);
  CellValue unique(const Value& value, const RowNumbers& rows);
  Context over(const Window& window, const Context& context) const;
  Elsewhere at(const Value& value, const Context& context);
  std::vector<Context> time_contexts(const Value& collapse, const Context& context);
  std::vector<Context> key_contexts(const Value& collapse, const Context& context);
  void collect_keys(ValueId id, const Context& context, const PerKey& key, std::vector<const PerKey*> entities,
                    std::set<RowValue>* keys);
  std::vector<const std::vector<RowValue>*> needed_keys(const Value& aggregate,
                                                        const std::vector<const PerKey*>& entities);
  void collect_groups(ValueId id, const std::vector<ResolvedDimension>& dimensions, Interval times,
                      const Instants& instants, std::vector<const PerKey*> entities,
                      std::set<std::vector<RowValue>>* groups);
  bool is_table(int stream) const { return model_.streams[static_cast<size_t>(stream)].table >= 0; }
  Interval looked_at(int stream, const Context& context) const;
  std::optional<Instant> watermark_of(ValueId id);  ///< the earliest of its streams
  bool ends_past_watermark(ValueId id, const Context& context);
  bool starts_too_early(const Context& windowed, ValueId id, Grain output_grain);
  const std::set<int>& streams_of(ValueId id);
  bool covered_by_any(ValueId id, Interval interval);
  const StreamRows& stream(int index) const { return data_.streams[static_cast<size_t>(index)]; }

  const Model& model_;
  const Data& data_;
  const LocalCalendar& calendar_;
  TieLog* ties_;
  RowColumns columns_;
  std::map<ValueId, std::set<int>> streams_of_;
  std::vector<bool> repeats_;  ///< by value; made when first asked
  int depth_ = 0;              ///< of evaluate
  std::map<ValueId, std::vector<std::pair<Context, CellValue>>> known_;
  std::map<ValueId, std::vector<Context>> asked_;
  Context shown_;  ///< of the cell that is_partial asks about
};

}  // namespace alidade::reference
