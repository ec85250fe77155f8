// Rows of one instant that differ where the first or last of them is asked for: both engines stop with the same words,
// whatever the order of rows and the batches; and only where it matters.
// rooms: alidade_driver
#include <doctest/doctest.h>

#include <algorithm>

#include "compiler/driver/engines.h"
#include "compiler/driver/test_runner.h"
#include "compiler/reference/evaluate.h"
#include "compiler/syntax/parse.h"

namespace alidade {
namespace {

constexpr const char* kSpec = R"(
stream app {
  time at : timestamp
  entity user : text?
  entity account : integer
  id row : integer
  name : text
  plan : one_of("free", "pro")
  country : text?
  amount : money(USD)?
}
stream ordered {
  time at : timestamp
  entity user : text
  order seq : integer
  amount : money(USD)
}
event purchase = app where name == "purchase"
event customer = first(purchase) per user
event latest   = last(customer where country != "AT") per account
)";

Engine native_engine() {
  return [](const Model& model, const Request& request, const std::vector<NamedSource>& sources,
            const RunOptions& options) { return evaluate_native(plan_of(model, request), sources, options, {}); };
}

/// What both engines say of a test with these rows; "" where they compute it.
std::string said(const std::string& stream, std::vector<std::string> rows, const std::string& expectation) {
  std::optional<std::string> result;
  for (int turn = 0; turn < 2; ++turn) {
    std::string text = kSpec + ("test \"t\" {\n  given " + stream + "\n");
    for (const std::string& row : rows) text += "    | " + row + " |\n";
    text += "  expect " + expectation + "\n}\n";
    DiagnosticSink sink;
    const Syntax syntax = parse("t.metric", text, sink);
    const Model model = analyse(syntax, sink);
    for (const Diagnostic& diagnostic : sink.all()) {
      if (diagnostic.severity == Severity::kError) FAIL_CHECK(diagnostic.message);
    }
    for (const Engine& engine : {Engine(evaluate_reference), native_engine()}) {
      for (const size_t batch_rows : {0, 1, 2}) {
        const TestRun run = run_test(model, model.tests.at(0), engine, {}, batch_rows);
        REQUIRE(run.outcomes.size() == 1);
        CHECK(run.result.has_value() == run.outcomes[0].passed);
        const std::string& whole = run.outcomes[0].message;
        const std::string message = whole.substr(0, whole.find('\n'));
        CHECK(result.value_or(message) == message);
        result = message;
      }
    }
    std::reverse(rows.begin() + 1, rows.end());
  }
  return *result;
}

constexpr const char* kHead = "at | user | account | row | name | plan | country | amount";

TEST_CASE("values of one instant") {  // AL8204
  const std::vector<std::string> rows = {kHead, "2026-01-05 10:00 | ann | 1 | 1 | purchase | free | DE | 5",
                                         "2026-01-05 10:00 | ann | 1 | 2 | purchase | pro | DE | 6",
                                         "2026-01-05 10:00 | bob | 2 | 3 | visit | pro | FR | 6",
                                         "2026-01-05 09:00 | cec | 2 | 4 | visit | pro | FR | 1"};
  const std::string of_all =
      "rows of the stream `app` at 2026-01-05T10:00:00Z differ, and nothing says which of them comes first";
  const std::string of_ann =
      "rows of the stream `app` of user `ann` at 2026-01-05T10:00:00Z differ, and nothing says which of them comes "
      "first";
  const std::string of_account =
      "rows of the stream `app` of account `1` at 2026-01-05T10:00:00Z differ, and nothing says which of them comes "
      "first";
  CHECK(said("app", rows, "last(app.amount) == 6 USD") == of_all);
  CHECK(said("app", rows, "sum(last(app.amount) per user) == 6 USD") == of_ann);
  CHECK(said("app", rows, "sum(first(app.amount) per account) == 6 USD") == of_account);
  // what does not ask for one of the two is computed
  CHECK(said("app", rows, "first(app.amount) == 1 USD") == "");
  CHECK(said("app", rows, "last(app.amount where plan == \"pro\") == 6 USD") == "");
  CHECK(said("app", rows, "sum(last(app.amount where name == \"visit\") per user) == 7 USD") == "");
}

TEST_CASE("an entity's first row") {
  const std::vector<std::string> rows = {kHead,
                                         "2026-01-05 10:00 | ann | 1 | 1 | purchase | free | DE | 5",
                                         "2026-01-05 10:00 | ann | 1 | 2 | purchase | pro | DE | 5",
                                         "2026-01-05 10:00 | bob | 1 | 3 | purchase | pro | FR | 6",
                                         "2026-01-05 11:00 | bob | 1 | 4 | purchase | pro | FR | 6",
                                         "2026-01-05 09:00 | | 1 | 5 | purchase | pro | FR | 6",
                                         "2026-01-05 09:00 | | 1 | 6 | purchase | free | FR | 7"};
  const std::string of_ann =
      "rows of the stream `app` of user `ann` at 2026-01-05T10:00:00Z differ, and nothing says which of them comes "
      "first";
  CHECK(said("app", rows, "count(customer where plan == \"pro\") == 1") == of_ann);
  CHECK(said("app", rows, "max(count(customer) per plan) == 1") == of_ann);
  // only what is read of the rows can differ
  CHECK(said("app", rows, "count(customer) == 2") == "");
  CHECK(said("app", rows, "sum(customer.amount) == 11 USD") == "");
  CHECK(said("app", rows, "count(customer where country == \"FR\") == 1") == "");
  // a text outside the tested ones is another text
  const std::vector<std::string> countries = {kHead, "2026-01-05 10:00 | ann | 1 | 1 | purchase | free | DE | 5",
                                              "2026-01-05 10:00 | ann | 1 | 2 | purchase | free | CH | 5"};
  CHECK(said("app", countries, "count(customer where country == \"FR\") == 0") == of_ann);
  // of account 1 the last of ann's and bob's firsts: what tells them apart is read of theirs
  const std::string of_account =
      "rows of the stream `app` of account `1` at 2026-01-05T10:00:00Z differ, and nothing says which of them comes "
      "first";
  CHECK(said("app", rows, "sum(latest.amount) == 6 USD") == of_account);
  CHECK(said("app", rows, "count(latest) == 1") == "");
  CHECK(said("app", rows, "count(latest where plan == \"pro\") == 1") == of_ann);
}

TEST_CASE("rows without the entity are left out and counted") {
  DiagnosticSink sink;
  const Syntax syntax = parse("t.metric", std::string(kSpec) + R"(
event german = first(customer where country == "DE") per account
test "t" {
  given app
    | at               | user | account | row | name     | plan | country | amount |
    | 2026-01-05 10:00 | ann  | 1       | 1   | purchase | free | DE      | 5      |
    | 2026-01-05 11:00 |      | 1       | 2   | purchase | free | DE      | 5      |
    | 2026-01-05 12:00 |      | 1       | 3   | visit    | free | DE      | 5      |
  expect count(german) == 1
  expect unique(app.user) + unique(customer.user) == 2
})",
                              sink);
  const Model model = analyse(syntax, sink);
  REQUIRE(model.tests.size() == 1);
  for (const Engine& engine : {Engine(evaluate_reference), native_engine()}) {
    const TestRun run = run_test(model, model.tests[0], engine);
    for (const TestOutcome& outcome : run.outcomes) CHECK(outcome.message == "");
    REQUIRE(run.result.has_value());
    const auto& left_out = run.result->streams.at(0).without_entity;
    CHECK(left_out == std::vector<std::pair<std::string, int64_t>>{{"user", 2}});
  }
}

TEST_CASE("an order field decides until it ties too") {
  std::vector<std::string> rows = {"at | user | seq | amount", "2026-01-05 10:00 | ann | 1 | 5",
                                   "2026-01-05 10:00 | ann | 2 | 6"};
  CHECK(said("ordered", rows, "last(ordered.amount) == 6 USD") == "");
  rows.push_back("2026-01-05 10:00 | ann | 2 | 7");
  CHECK(said("ordered", rows, "first(ordered.amount) == 5 USD") == "");
  CHECK(said("ordered", rows, "last(ordered.amount) == 7 USD") ==
        "rows of the stream `ordered` at 2026-01-05T10:00:00Z differ, and nothing says which of them comes first");
}

}  // namespace
}  // namespace alidade
