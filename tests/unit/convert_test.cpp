// Rows whose amount has no rate are counted once for a stream, however many metrics lack them, and the same in both
// engines, however the rows are cut into batches.
// rooms: alidade_driver
#include <doctest/doctest.h>

#include "compiler/driver/engines.h"
#include "compiler/driver/test_runner.h"
#include "compiler/reference/evaluate.h"
#include "compiler/syntax/parse.h"

namespace alidade {
namespace {

constexpr const char* kSpec = R"(
stream app {
  time at : timestamp
  entity user : text
  plan : text
  price : money(USD)?
  fee : money(GBP)?
}
table ecb key currency {
  currency : text
  rate : money(EUR)
  valid from since to until
}
table contracts key contract { contract : text; fee : money(GBP) }
event customer = first(app) per user
metric price = sum(convert(app.price, to = EUR, using = ecb))
test "t" {
  given app
    | at               | user | plan | price | fee |
    | 2026-01-05 10:00 | ann  | free | 1     | 1   |
    | 2026-01-05 11:00 | bob  | pro  | 2     |     |
    | 2026-01-06 10:00 | ann  | pro  | 3     |     |
    | 2026-01-07 10:00 | bob  | free |       | 4   |
    | 2026-01-07 11:00 | ann  | free |       |     |
  given ecb
    | currency | rate | since      | until      |
    | USD      | 0.5  | 2026-01-06 | 2026-01-07 |
  given contracts
    | contract | fee |
    | a        | 1   |
)";

Engine native_engine() {
  return [](const Model& model, const Request& request, const std::vector<NamedSource>& sources,
            const RunOptions& options) { return evaluate_native(plan_of(model, request), sources, options, {}); };
}

/// Rows of `app` without a rate, for what is asked.
int64_t counted(const std::string& expectations) {
  DiagnosticSink sink;
  const Syntax syntax = parse("t.metric", kSpec + expectations + "\n}\n", sink);
  const Model model = analyse(syntax, sink);
  for (const Diagnostic& diagnostic : sink.all()) FAIL_CHECK(diagnostic.message);
  REQUIRE(model.tests.size() == 1);
  std::optional<int64_t> result;
  for (const Engine& engine : {Engine(evaluate_reference), native_engine()}) {
    for (const size_t batch_rows : {0, 1, 2}) {
      const TestRun run = run_test(model, model.tests[0], engine, {}, batch_rows);
      for (const TestOutcome& outcome : run.outcomes) CHECK(outcome.message == "");
      REQUIRE(run.result.has_value());
      const int64_t rows = run.result->streams.at(0).without_rate;
      CHECK(result.value_or(rows) == rows);
      result = rows;
    }
  }
  return *result;
}

TEST_CASE("rows without a rate") {
  CHECK(counted("expect sum(app.price) == 6 USD") == 0);
  CHECK(counted("expect sum(convert(app.price, to = EUR, using = ecb) where plan == \"none\") == 0 EUR") == 0);
  // the two dollars of the 5th
  CHECK(counted("expect price is undefined no_rate") == 2);
  CHECK(counted("expect price on 2026-01-06 == 1.5 EUR") == 2);
  CHECK(counted("expect price is undefined no_rate\n expect price / count(app) is undefined no_rate\n"
                "expect mean(convert(app.price, to = EUR, using = ecb) where plan == \"pro\") is undefined no_rate") ==
        2);
  CHECK(counted("expect max(sum(convert(app.price, to = EUR, using = ecb)) per user) is undefined no_rate") == 2);
  CHECK(counted("expect last(convert(app.price, to = EUR, using = ecb)) == 1.5 EUR") == 2);
  // and two rows with pounds, one of them with dollars too
  CHECK(counted("expect price is undefined no_rate\n"
                "expect sum(convert(app.fee, to = EUR, using = ecb)) is undefined no_rate") == 3);
  // what is replaced is not missed
  CHECK(counted("expect sum(coalesce(convert(app.price, to = EUR, using = ecb), 0 EUR)) == 1.5 EUR") == 0);
}

TEST_CASE("rows without a rate among an event's and a table's") {
  // ann's and bob's first rows, which the stream itself has counted too
  CHECK(counted("expect sum(convert(customer.price, to = EUR, using = ecb)) is undefined no_rate") == 2);
  CHECK(counted("expect price is undefined no_rate\n"
                "expect sum(convert(customer.price, to = EUR, using = ecb)) is undefined no_rate") == 4);
  // a table's rows are there at every instant that is asked for: the values alone say what they lack
  CHECK(counted("expect sum(convert(contracts.fee, to = EUR, using = ecb)) / count(app) is undefined no_rate") == 0);
}

}  // namespace
}  // namespace alidade
