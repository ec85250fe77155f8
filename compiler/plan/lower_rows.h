// Row expressions of one stream to ops: scales made equal, conditions two-valued, text tests turned into tests of a
// class. Part of compiler/plan, for lower.cpp. Tested by tests/plan. One thread.
#pragma once

#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "compiler/plan/ops.h"
#include "compiler/sema/model.h"

namespace alidade {

/// The constants that text expressions are tested against, ascending, by the expression's id.
using TextClasses = std::map<RowId, std::vector<std::string>>;

/// Adds what `row` and its parts test to `classes`, unordered; parts that are in `seen` have been.
void collect_classes(const Model& model, RowId row, std::set<RowId>& seen, TextClasses& classes);
/// Ends collecting: ascending, each once.
void settle_classes(TextClasses& classes);

/// The rate's place among the plan's, where it is put if it has none.
int plan_rate(std::vector<Rate>& rates, const Rate& rate);

class RowLowering {
 public:
  /// Writes columns and ops of `pipeline` and what they need of `rates`, which must not move while this lives.
  RowLowering(const Model& model, const TextClasses& classes, std::vector<Rate>& rates, Pipeline& pipeline);

  /// The op of a number, bool or code. Exact values are at the scale of the row's type.
  int value(RowId row);
  /// The op of a condition: always valid; missing is false.
  int condition(RowId row);
  /// The pipeline column of a key or dimension: a field or attribute in value form.
  int column(RowId row) { return column(row, ColumnForm::kValue); }
  /// The op of a column of the stream's own fields, and of a field in value form.
  int field_op(const ColumnUse& use);
  int field_op(int field);
  OpTable& ops() { return ops_; }

 private:
  int column(RowId row, ColumnForm form);
  int add_column(ColumnUse use);
  int column_op(RowId row, ColumnForm form);
  int compute_value(const Row& row, RowId id);
  int constant(const Row& row);
  int arithmetic(const Row& row, OpKind kind);
  int divide(const Row& row);
  int choose(const Row& row);
  int extreme(const Row& row, OpKind kind);
  int round(const Row& row);
  int coalesce(const Row& row);
  int compare(const Row& row, OpKind kind);
  int is_there(RowId row);
  int constants_equal(const Row& row, OpKind kind);
  int code_test(const Row& row, RowId tested, const std::vector<RowId>& constants);
  int in(const Row& row);
  int exact_at(RowId row, int scale);
  int as_float(RowId row);

  const Model& model_;
  const TextClasses& classes_;
  std::vector<Rate>& rates_;
  Pipeline& pipeline_;
  OpTable ops_;
  std::unordered_map<int32_t, int> values_;
};

}  // namespace alidade
