// One order of tests for every guard. See order_guards.h.
#include "compiler/passes/order_guards.h"

#include <algorithm>

#include "compiler/plan/canonical_order.h"
#include "compiler/plan/ops.h"

namespace alidade {
namespace {

/// Lower is tested earlier.
int cost(const Op& condition) {
  switch (condition.kind) {
    case OpKind::kCodeIn:
      return 0;
    case OpKind::kColumn:
    case OpKind::kIsValid:
      return 1;
    case OpKind::kEqual:
      return 2;
    case OpKind::kLess:
    case OpKind::kLessEqual:
    case OpKind::kGreater:
    case OpKind::kGreaterEqual:
      return 3;
    case OpKind::kNotEqual:
    case OpKind::kNot:
      return 4;
    case OpKind::kConst:
    case OpKind::kNegate:
    case OpKind::kAdd:
    case OpKind::kSubtract:
    case OpKind::kMultiply:
    case OpKind::kScaleUp:
    case OpKind::kToFloat:
    case OpKind::kDivide:
    case OpKind::kQuotient:
    case OpKind::kAnd:
    case OpKind::kOr:
    case OpKind::kSelect:
    case OpKind::kGreatest:
    case OpKind::kLeast:
    case OpKind::kRoundExact:
    case OpKind::kRoundFloat:
    case OpKind::kCoalesce:
      return 5;
  }
  return 5;
}

int ordered(OpTable& table, const std::vector<Op>& ops, int guard) {
  std::vector<int> tests = conjuncts(ops, guard);
  std::sort(tests.begin(), tests.end(),
            [&](int a, int b) { return std::make_pair(cost(table.at(a)), a) < std::make_pair(cost(table.at(b)), b); });
  tests.erase(std::unique(tests.begin(), tests.end()), tests.end());
  return conjunction(table, tests);
}

}  // namespace

Plan order_guards(Plan plan) {
  for (Pipeline& pipeline : plan.pipelines) {
    order_row_expressions(pipeline);  // so that ties between tests do not depend on who was lowered first
    OpTable table(pipeline.ops);
    for (Accumulator& accumulator : pipeline.accumulators) {
      accumulator.guard = ordered(table, pipeline.ops, accumulator.guard);
    }
    for (Machine& machine : pipeline.machines) {
      for (int& bit : machine.bits) bit = ordered(table, pipeline.ops, bit);
    }
  }
  return plan;
}

}  // namespace alidade
