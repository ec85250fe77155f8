// Arithmetic of output cells: a value or a reason, exact integers × 10^-scale or doubles, each operation checked and
// rounded at most once. Door of the finish's numbers; tested in tests/unit/evaluator_test.cpp. Pure functions.
#pragma once

#include "runtime/abi.h"
#include "runtime/base.h"
#include "runtime/program.h"
#include "runtime/values.h"

namespace alidade {

/// What a formula node gives. Which member counts is the node's to say (Formula::exact, boolean).
struct NodeValue {
  Reason reason = Reason::kNone;
  bool truth = false;
  double number = 0;
  int128 exact = 0;
  bool defined() const { return reason == Reason::kNone; }
  static NodeValue undefined(Reason reason) { return {.reason = reason}; }
  static NodeValue of_exact(int128 value) { return {.exact = value}; }
  static NodeValue of_number(double value);  ///< infinity is overflow, -0.0 is 0.0
  static NodeValue of_truth(bool value) { return {.truth = value}; }
};

/// How a node's value is held.
struct Form {
  bool exact = false;
  bool boolean = false;
  int scale = 0;
};

/// The same number in another form: a larger scale, or a double.
NodeValue convert(const NodeValue& value, const Form& from, const Form& to);
NodeValue negate(const NodeValue& value, const Form& form);
/// kAdd … kDivide. `result` is the node's form; operands are as `left` and `right` say.
NodeValue calculate(FormulaKind kind, const NodeValue& a, const Form& left, const NodeValue& b, const Form& right,
                    const Form& result);
/// kEqual … kGreaterEqual.
NodeValue compare(FormulaKind kind, const NodeValue& a, const Form& left, const NodeValue& b, const Form& right);

/// kGreatest, kLeast: `result` is the node's form.
NodeValue extreme(FormulaKind kind, const NodeValue& a, const Form& left, const NodeValue& b, const Form& right,
                  const Form& result);
/// To `digits` after the point, ties to even; an exact value has more.
NodeValue round_to_digits(const NodeValue& value, const Form& form, int digits);

/// sum / (count × 10^scale) to the nearest double; count > 0.
NodeValue mean_of_exact(int128 sum, int64_t count, int scale);
/// The percentile of a non-empty list by linear interpolation between order statistics; reorders the list.
NodeValue percentile_of_exact(ValueList* list, Percentage percentage, int scale);
NodeValue percentile_of_floats(ValueList* list, Percentage percentage);

int128 join_exact(uint64_t low, int64_t high);

}  // namespace alidade
