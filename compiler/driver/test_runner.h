// Runs a model's test blocks on one engine and compares what two engines made of them. Door of
// compiler/driver/test_runner; tested in tests/unit/test_runner_test.cpp and by tests/conformance.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "compiler/sema/analyse.h"
#include "runtime/evaluator.h"

namespace alidade {

/// Evaluates a request: the reference, or the way through plan and native code.
using Engine =
    std::function<Result<ResultSet>(const Model&, const Request&, const std::vector<NamedSource>&, const RunOptions&)>;

struct TestOutcome {
  const ModelTest* test = nullptr;
  std::string expectation;  ///< as written; "" where the test as a whole could not run
  Span span;
  bool passed = false;
  std::string message;   ///< of a failure: "found 3 users, expected 2 users"
  bool partial = false;  ///< how the cell is marked
};

/// One test on one engine. An error of the run (bad rows, say) is one failed outcome.
struct TestRun {
  const ModelTest* test = nullptr;
  std::vector<TestOutcome> outcomes;
  std::optional<ResultSet> result;
  std::optional<Error> stopped;  ///< instead of a result
};

/// `batch_rows`: as for GivenSource; options give the threads only. The model outlives the result.
TestRun run_test(const Model& model, const ModelTest& test, const Engine& engine, const RunOptions& options = {},
                 size_t batch_rows = 0);

/// Cells and reports of streams in which two runs of one test differ by a bit, one failed outcome each; none when the
/// engines agree. The test is the reference's.
std::vector<TestOutcome> differences(const Model& model, const TestRun& reference, const TestRun& native);

}  // namespace alidade
