// How test blocks are judged: written digits, messages of failures, what stops a test, and where engines differ.
// rooms: alidade_driver
#include <doctest/doctest.h>

#include "compiler/driver/test_runner.h"
#include "compiler/reference/evaluate.h"
#include "compiler/syntax/parse.h"

namespace alidade {
namespace {

constexpr const char* kSpec = R"(
stream app {
  time at : timestamp
  entity user : text
  amount : money(USD)?
  wait : duration(min)?
}
metric revenue = sum(app.amount)
metric arpu    = sum(app.amount) / unique(app.user)
metric waiting = mean(app.wait)
metric users   = unique(app.user)
metric ratio   = unique(app.user) / count(app where user == "nobody")
)";

struct Spec {
  DiagnosticSink sink;
  Syntax syntax;
  Model model;
  explicit Spec(const std::string& test) : syntax(parse("t.metric", kSpec + test, sink)), model(analyse(syntax, sink)) {
    for (const Diagnostic& diagnostic : sink.all()) FAIL_CHECK(diagnostic.message);
    REQUIRE(model.tests.size() == 1);
  }
  TestRun run(size_t batch_rows = 0) const {
    return run_test(model, model.tests[0], evaluate_reference, {}, batch_rows);
  }
};

/// The messages of a test that expects these lines of three rows; "" for a line that holds.
std::vector<std::string> messages(const std::string& expectations) {
  const Spec spec(R"(
test "t" {
  given app
    | at               | user | amount | wait |
    | 2026-01-05 10:00 | ann  | 5      | 10   |
    | 2026-01-05 11:00 | bob  | 4.50   | 21.5 |
    | 2026-01-06 12:00 | cec  | 0.505  |      |
)" + expectations +
                  "}\n");
  std::vector<std::string> result;
  for (size_t batch_rows : {0, 1, 2}) {
    std::vector<std::string> found;
    for (const TestOutcome& outcome : spec.run(batch_rows).outcomes) {
      CHECK(outcome.passed == outcome.message.empty());
      found.push_back(outcome.message);
    }
    CHECK((result.empty() || result == found));
    result = found;
  }
  return result;
}

TEST_CASE("an expectation is compared at its written digits") {
  for (const std::string& message : messages("expect revenue == 10.005 USD\n"
                                             "expect revenue == 10.00 USD\n"
                                             "expect revenue == 10 USD\n"
                                             "expect arpu == 3.3 USD per user\n"
                                             "expect arpu == 3.335 USD per user\n"
                                             "expect arpu < 3.336 USD per user\n"
                                             "expect arpu >= 3.335 USD per user\n"
                                             "expect waiting == 15.75 min\n"
                                             "expect waiting on 2026-01-06 is undefined\n"
                                             "expect ratio is undefined no_denominator\n"
                                             "expect users > 2\n")) {
    CHECK(message == "");
  }
}

TEST_CASE("a failure says what was found and what was expected") {
  const auto found = messages(
      "expect revenue == 11 USD\n"
      "expect users < 3\n"
      "expect users on 2026-01-05 is undefined\n"
      "expect waiting on 2026-01-06 == 15 min\n"
      "expect ratio is undefined no_data\n"
      "expect waiting == 20 min\n"
      "expect revenue == 10.0050001 USD\n"
      "expect users on 2026-02-01 == 1\n");
  REQUIRE(found.size() == 8);
  CHECK(found[0] == "found 10.00 USD, expected 11.00 USD");
  CHECK(found[1] == "found 3, expected less than 3");
  CHECK(found[2] == "found 2, expected undefined");
  CHECK(found[3] == "found undefined no_rows, expected 15 min");
  CHECK(found[4] == "found undefined no_denominator, expected undefined no_data");
  CHECK(found[5] == "found 15.75 min, expected 20 min");
  CHECK(found[6] == "found 10.005, expected 10.0050001");
  CHECK(found[7] == "found undefined no_data, expected 1");
}

TEST_CASE("rows that are no rows stop a test") {
  const Spec spec(R"(
test "t" {
  given app
    | at               | user | amount |
    | 2026-01-05 10:00 | ann  | five   |
  expect revenue == 5 USD
}
)");
  const TestRun run = spec.run();
  REQUIRE(run.outcomes.size() == 1);
  CHECK_FALSE(run.outcomes[0].passed);
  CHECK(run.outcomes[0].message.find("five") != std::string::npos);
  CHECK_FALSE(run.result.has_value());
}

TEST_CASE("engines are compared to the bit, cell by cell") {
  const Spec spec(R"(
test "t" {
  given app
    | at               | user | amount |
    | 2026-01-05 10:00 | ann  | 1      |
    | 2026-01-05 10:00 | bob  | 2      |
    | 2026-01-05 10:00 | cec  | 2      |
    | 2026-01-06 10:00 | ann  | 4      |
  expect arpu on 2026-01-05 == 1.67 USD per user
  expect users == 3
}
)");
  const TestRun reference = spec.run();
  TestRun other = spec.run();
  CHECK(differences(spec.model, reference, other).empty());
  double* number = std::get_if<double>(&other.result->rows[0].value.value);
  REQUIRE(number != nullptr);
  *number = 1.6666666666666665;
  auto found = differences(spec.model, reference, other);
  REQUIRE(found.size() == 1);
  CHECK(found[0].message ==
        "the engines differ: the reference has 1.6666666666666667, native 1.6666666666666665 on "
        "2026-01-05 for: arpu");
  TestRun loose = spec.run();
  loose.result->metrics[0].plain_sums = true;
  CHECK(differences(spec.model, loose, other).empty());
  other.result->rows[0].value = {Reason::kOverflow, false};
  CHECK(differences(spec.model, loose, other).size() == 1);
  other = spec.run();
  other.result->rows[1].partial = true;
  other.result->rows.pop_back();
  found = differences(spec.model, reference, other);
  REQUIRE(found.size() == 2);
  CHECK(found[0].message == "the engines differ: the reference has 3 cells, native 2");
  CHECK(found[1].message == "the engines differ: the reference has 4, native 4 (partial) on 2026-01-06 for: arpu");
  other = spec.run();
  other.result->streams[0].late = 1;
  found = differences(spec.model, reference, other);
  REQUIRE(found.size() == 1);
  CHECK(found[0].message.find("0 late") < found[0].message.find("1 late"));
  other = {reference.test, {}, std::nullopt, Error{7202, "out of luck", {}}};
  found = differences(spec.model, reference, other);
  REQUIRE(found.size() == 1);
  CHECK(found[0].message == "the engines differ: native stopped: out of luck");
  CHECK(differences(spec.model, other, other).empty());
  TestRun stopped = other;
  stopped.stopped = Error{8204, "tied", {}};
  found = differences(spec.model, other, stopped);
  REQUIRE(found.size() == 1);
  CHECK(found[0].message == "the engines differ: the reference stopped: out of luck, native: tied");
}

}  // namespace
}  // namespace alidade
