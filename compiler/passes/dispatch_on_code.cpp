// Guards on one code column turned into a dispatch. See dispatch_on_code.h.
#include "compiler/passes/dispatch_on_code.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <tuple>

#include "compiler/plan/ops.h"

namespace alidade {
namespace {

/// A test of more codes than this stays a test: it would repeat its accumulator in as many cases.
constexpr size_t kMaxCodes = 16;
/// Splitting rows pays when at least this many accumulators gain.
constexpr size_t kMinAccumulators = 2;

/// A guard split by one column: the codes that can pass, and the tests that are left.
struct Split {
  std::vector<uint32_t> codes;
  std::vector<int> rest;
};

bool tests_column(const std::vector<Op>& ops, const Op& test, int column) {
  return test.kind == OpKind::kCodeIn && ops[static_cast<size_t>(test.a)].column == column;
}

bool is_validity_of(const std::vector<Op>& ops, const Op& test, int column) {
  if (test.kind != OpKind::kIsValid) return false;
  const Op& tested = ops[static_cast<size_t>(test.a)];
  return tested.kind == OpKind::kColumn && tested.column == column;
}

/// Nothing where the guard does not ask for a few codes of the column.
std::optional<Split> split_guard(const std::vector<Op>& ops, int guard, int column) {
  std::optional<std::vector<uint32_t>> codes;
  std::vector<uint32_t> refused;
  Split split;
  for (const int index : conjuncts(ops, guard)) {
    const Op& test = ops[static_cast<size_t>(index)];
    if (tests_column(ops, test, column)) {
      std::vector<uint32_t> both = test.codes;
      if (codes) {
        both.clear();
        std::set_intersection(codes->begin(), codes->end(), test.codes.begin(), test.codes.end(),
                              std::back_inserter(both));
      }
      codes = std::move(both);
    } else if (test.kind == OpKind::kNot && tests_column(ops, ops[static_cast<size_t>(test.a)], column)) {
      const auto& without = ops[static_cast<size_t>(test.a)].codes;
      refused.insert(refused.end(), without.begin(), without.end());
    } else if (!is_validity_of(ops, test, column)) {  // a row with a code has a value
      split.rest.push_back(index);
    }
  }
  if (!codes || codes->size() > kMaxCodes) return std::nullopt;
  for (const uint32_t code : *codes) {
    if (std::find(refused.begin(), refused.end(), code) == refused.end()) split.codes.push_back(code);
  }
  return split;
}

/// The column whose tests stand in most guards; of equals the one that tells most codes apart, then the first.
int choose_column(const Plan& plan, const Pipeline& pipeline) {
  int best = -1;
  std::pair<size_t, size_t> most;
  for (size_t i = 0; i < pipeline.columns.size(); ++i) {
    if (code_count(plan, pipeline, pipeline.columns[i]) == 0) continue;
    size_t gains = 0;
    std::set<uint32_t> told;
    for (const Accumulator& accumulator : pipeline.accumulators) {
      const auto split = split_guard(pipeline.ops, accumulator.guard, static_cast<int>(i));
      if (!split) continue;
      ++gains;
      told.insert(split->codes.begin(), split->codes.end());
    }
    if (gains < kMinAccumulators) continue;
    if (std::make_pair(gains, told.size()) <= most) continue;
    most = {gains, told.size()};
    best = static_cast<int>(i);
  }
  return best;
}

/// Codes with equal updates share a case.
void group_codes(const std::map<uint32_t, std::vector<Dispatch::Update>>& by_code, Dispatch& dispatch) {
  for (const auto& [code, updates] : by_code) {
    const auto same = std::find(dispatch.cases.begin(), dispatch.cases.end(), updates);
    if (same == dispatch.cases.end()) {
      dispatch.cases.push_back(updates);
      dispatch.case_codes.push_back({code});
    } else {
      dispatch.case_codes[static_cast<size_t>(same - dispatch.cases.begin())].push_back(code);
    }
  }
}

void dispatch_pipeline(const Plan& plan, Pipeline& pipeline) {
  Dispatch& dispatch = pipeline.dispatch;
  dispatch.column = choose_column(plan, pipeline);
  if (dispatch.column < 0) return;
  OpTable table(pipeline.ops);
  std::map<uint32_t, std::vector<Dispatch::Update>> by_code;
  for (size_t i = 0; i < pipeline.accumulators.size(); ++i) {
    const Accumulator& accumulator = pipeline.accumulators[i];
    const auto split = split_guard(pipeline.ops, accumulator.guard, dispatch.column);
    if (!split) {
      dispatch.always.push_back({static_cast<int>(i), accumulator.guard});
      continue;
    }
    const int rest = conjunction(table, split->rest);
    for (const uint32_t code : split->codes) by_code[code].push_back({static_cast<int>(i), rest});
  }
  group_codes(by_code, dispatch);
}

}  // namespace

Plan dispatch_on_code(Plan plan) {
  for (Pipeline& pipeline : plan.pipelines) dispatch_pipeline(plan, pipeline);
  return plan;
}

}  // namespace alidade
