// Row expressions written once: a table over a pipeline's ops that gives the same op the same index and folds what is
// known without data. Part of compiler/plan, for lowering and passes. Tested in tests/unit/plan_test.cpp. One thread.
#pragma once

#include <map>
#include <vector>

#include "compiler/plan/plan.h"

namespace alidade {

/// A total order by content: kind and type first, then operands. Numbers compare by their bits.
struct OpLess {
  bool operator()(const Op& a, const Op& b) const;
};

class OpTable {
 public:
  /// Writes to `ops`, which outlives the table and is changed by nothing else meanwhile.
  explicit OpTable(std::vector<Op>& ops);

  const Op& at(int op) const { return ops_[static_cast<size_t>(op)]; }

  int column(int column, OpType type, bool nullable);
  int exact(int128 value);
  int number(double value);
  int truth(bool value);

  int negate(int a);
  /// kAdd, kSubtract, kMultiply; both sides exact of one scale (kMultiply: any) or both float.
  int arithmetic(OpKind kind, int a, int b);
  int scale_up(int a, int digits);
  int to_float(int a, int scale);
  int divide(int a, int b);    ///< floats
  int quotient(int a, int b);  ///< exact, of one scale
  int compare(OpKind kind, int a, int b);
  int code_in(int a, std::vector<uint32_t> codes);
  int both(int a, int b);    ///< a and b
  int either(int a, int b);  ///< a or b
  int opposite(int a);       ///< not a
  int valid(int a);
  int select(int condition, int yes, int no);
  /// kGreatest, kLeast: both sides exact of one scale or both float.
  int extreme(OpKind kind, int a, int b);
  int round_exact(int a, int digits);  ///< `digits` fewer after the point
  int round_float(int a, int digits);  ///< to `digits` after the point
  int coalesce(int a, int b);          ///< of one type
  int add(Op op);

 private:
  std::vector<Op>& ops_;
  std::map<Op, int, OpLess> index_;
};

/// The conditions that `guard` is the conjunction of, left to right; empty for -1.
std::vector<int> conjuncts(const std::vector<Op>& ops, int guard);
/// Their conjunction again, in the given order; -1 for none.
int conjunction(OpTable& table, const std::vector<int>& conditions);

/// The op and all that it is computed from, each once, in no order; empty for -1.
std::vector<int> ops_below(const std::vector<Op>& ops, int op);

/// What a column holds as an operand.
OpType op_type(FieldKind kind);
/// The kind of a column's values; kBoolean for membership.
FieldKind column_kind(const Plan& plan, const Pipeline& pipeline, const ColumnUse& column);
OpType column_type(const Plan& plan, const Pipeline& pipeline, const ColumnUse& column);
/// How many codes a column of classes or of a one_of has: 0 … count-1. 0 for other columns.
uint32_t code_count(const Plan& plan, const Pipeline& pipeline, const ColumnUse& column);
/// The field a column shows: of the stream, the attribute or the rate of a table. Not for kMember.
const FieldSchema& column_field(const Plan& plan, const Pipeline& pipeline, const ColumnUse& column);

/// Whether a kind keeps the columns of one row, and whether it chooses one by its moment.
bool keeps_row(al_accumulator_kind kind);
bool has_moment(al_accumulator_kind kind);
/// The fields that a derived pipeline needs of its source's rows, ascending by content: its own, the entities it looks
/// attributes up by, and of texts in classes the text too, so that rows that differ are told apart.
std::vector<ColumnUse> carried_columns(const Plan& plan, const Pipeline& derived);

}  // namespace alidade
