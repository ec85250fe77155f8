// Conditions and the rows that they are about. See split_condition.h.
#include "compiler/plan/split_condition.h"

#include <algorithm>

namespace alidade {
namespace {

void add_tests(const Model& model, RowId id, std::vector<RowId>& tests) {
  if (!id.valid()) return;
  const Row& row = model.row(id);
  if (row.kind == RowKind::kAnd) {
    add_tests(model, row.a, tests);
    add_tests(model, row.b, tests);
  } else if (row.kind != RowKind::kConst || !row.truth) {
    tests.push_back(id);
  }
}

}  // namespace

SplitCondition split_condition(const Model& model, RowId condition) {
  SplitCondition split;
  add_tests(model, condition, split.tests);
  for (const RowId test : split.tests) {
    const RowKind kind = model.row(test).kind;
    if (kind == RowKind::kIsFirst || kind == RowKind::kIsLast) split.event = test;
  }
  if (!split.event.valid()) return split;
  std::vector<RowId> holds = {split.event};
  add_tests(model, model.row(split.event).a, holds);
  std::erase_if(split.tests, [&](RowId test) { return std::find(holds.begin(), holds.end(), test) != holds.end(); });
  return split;
}

}  // namespace alidade
