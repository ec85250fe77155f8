// Hash-consing of rows and values: the same expression is the same id. Simplifies what is trivial (and with true, not
// of not, a sign before a constant). Part of compiler/sema, inside the room only. One thread.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "compiler/sema/model.h"

namespace alidade {

/// What is known of a value from its parts, kept when it is made: formulas share parts, so a walk could be exponential.
struct ValueFacts {
  bool constant = true;     ///< computed from no rows
  bool window = false;      ///< a window below, not counting what a collapse over time evaluates in its own buckets
  bool offset = false;      ///< the same of `at`
  bool per_entity = false;  ///< a collapse over entities at or below
  bool state = false;       ///< the same of an aggregate over a table's rows
  int depth = 1;
};

class Builder {
 public:
  explicit Builder(Model& model) : model_(model) {}

  RowId row(Row row);
  ValueId value(Value value);

  const ValueFacts& facts(ValueId id) const { return facts_[static_cast<size_t>(id.index)]; }
  int depth(RowId id) const { return row_depths_[static_cast<size_t>(id.index)]; }

  RowId truth(bool truth);
  bool is_truth(RowId id, bool truth) const;
  /// Conditions. `both` appends the conjuncts of b to those of a, each once, so conditions with a common start share
  /// it.
  RowId both(RowId a, RowId b);
  RowId either(RowId a, RowId b);
  RowId negation(RowId a);
  /// The parts of an and; none for true.
  std::vector<RowId> conjuncts(RowId id) const;
  /// The cases of an or.
  std::vector<RowId> disjuncts(RowId id) const;
  /// Whether every row that passes `a` passes `b`, as far as that can be shown (implication.cpp).
  bool implies(RowId a, RowId b) const;
  /// Whether no row that passes `a` passes `b`, likewise.
  bool excludes(RowId a, RowId b) const;
  /// Whether every row passes, likewise.
  bool always(RowId a) const;

  RowId unary(RowKind kind, Type type, RowId a);
  RowId binary(RowKind kind, Type type, RowId a, RowId b);
  ValueId unary(ValueKindTag kind, Type type, ValueId a);
  ValueId binary(ValueKindTag kind, Type type, ValueId a, ValueId b);

  /// A constant as the other side of an operator needs it: to a float beside a float.
  RowId as_float(RowId constant);
  ValueId as_float(ValueId constant);

 private:
  bool part_implies(RowId a, RowId b) const;
  ValueFacts facts_of(const Value& value) const;
  Model& model_;
  std::unordered_map<std::string, int> rows_;
  std::unordered_map<std::string, int> values_;
  std::vector<int> row_depths_;
  std::vector<ValueFacts> facts_;
};

Type boolean_type();
/// The nearest binary64 to value × 10^-scale.
double nearest_double(int128 value, int scale);
std::string decimal_text(int128 value, int scale);

}  // namespace alidade
