// The parts of a metric's type beside its value: how it adds up, whose rows it is of, its times, and why it can be
// undefined; and what follows from them.
// rooms: alidade_sema
#include "compiler/sema/meaning.h"

#include <doctest/doctest.h>

#include <memory>
#include <string>

#include "compiler/sema/analyse.h"

namespace alidade {
namespace {

constexpr const char* kSpec = R"(
stream app {
  time ts : timestamp
  entity user : text
  name : text
  plan : one_of("free", "pro")
  size : integer
  weight : number
  amount : money(USD)
}
table users key user {
  user : text
  channel : text
}
table contracts key contract {
  contract : text
  seats : integer
  valid from since to until
}
event buy = app where name == "buy"
)";

struct Analysed {
  DiagnosticSink sink;
  Syntax syntax;
  Model model;
};

std::unique_ptr<Analysed> compile(const std::string& lines) {
  auto result = std::make_unique<Analysed>();
  result->syntax = parse("test.metric", kSpec + lines, result->sink);
  result->model = analyse(result->syntax, result->sink);
  for (const Diagnostic& diagnostic : result->sink.all()) {
    const std::string message = diagnostic.message;
    if (diagnostic.severity == Severity::kError) FAIL_CHECK(message);
  }
  return result;
}

MetricMeaning meaning(const std::string& formula) {
  const auto one = compile("metric a = " + formula + "\n");
  REQUIRE(!one->model.metrics.empty());
  Meanings meanings(one->model);
  return meaning_of(meanings, one->model.metrics[0]);
}

Additivity additivity(const std::string& formula) { return meaning(formula).value.additivity; }

std::string words(const std::string& formula, const std::string& part) {
  const auto one = compile("metric a = " + formula + "\n");
  REQUIRE(!one->model.metrics.empty());
  Meanings meanings(one->model);
  for (const auto& [name, text] : meaning_words(meanings, one->model.metrics[0])) {
    if (name == part) return text;
  }
  return "no such part";
}

TEST_CASE("aggregates") {
  CHECK(additivity("count(app)") == Additivity::kAdditive);
  CHECK(additivity("sum(buy.amount)") == Additivity::kAdditive);
  CHECK(additivity("min(app.size)") == Additivity::kIdempotent);
  CHECK(additivity("unique(app.user)") == Additivity::kDistinct);
  CHECK(additivity("mean(app.size)") == Additivity::kRatio);
  CHECK(additivity("p95(app.size)") == Additivity::kHolistic);
  CHECK(additivity("stddev(app.size)") == Additivity::kHolistic);
  CHECK(additivity("last(app.size)") == Additivity::kIdempotent);
  CHECK(meaning("last(app.size)").value.balance);
  CHECK(!meaning("max(app.size)").value.balance);
}

TEST_CASE("a balance and a window add up over dimensions and not over time") {
  for (const char* formula : {"sum(last(app.size) per user)", "count(contracts)", "sum(contracts.seats)"}) {
    CAPTURE(std::string(formula));
    CHECK(additivity(formula) == Additivity::kSemiAdditive);
    CHECK(meaning(formula).value.balance);
  }
  CHECK(additivity("sum(app.size) over last 7 days") == Additivity::kSemiAdditive);
  CHECK(!meaning("sum(app.size) over last 7 days").value.balance);
  CHECK(additivity("unique(app.user) over month to date") == Additivity::kDistinct);
}

TEST_CASE("of several operands the one that adds up least decides") {
  CHECK(additivity("count(app) + count(buy)") == Additivity::kAdditive);
  CHECK(additivity("sum(app.amount) - sum(buy.amount) over last 7 days") == Additivity::kSemiAdditive);
  CHECK(additivity("2 * sum(app.size)") == Additivity::kAdditive);
  CHECK(additivity("sum(app.size) / 2") == Additivity::kAdditive);
  CHECK(additivity("2 / sum(app.size)") == Additivity::kRatio);
  CHECK(additivity("sum(app.size) / count(app)") == Additivity::kRatio);
  CHECK(additivity("sum(app.size) * sum(app.size)") == Additivity::kFormula);
  CHECK(additivity("if unique(app.user) > 5 then 1 else 0") == Additivity::kFormula);
  CHECK(additivity("round(sum(app.amount), 2)") == Additivity::kFormula);
  CHECK(additivity("count(app) > 5") == Additivity::kFormula);
}

TEST_CASE("collapses") {
  CHECK(additivity("sum(count(app) per day)") == Additivity::kAdditive);
  CHECK(additivity("sum(sum(app.amount) per user)") == Additivity::kAdditive);
  CHECK(additivity("mean(unique(app.user) per day)") == Additivity::kRatio);
  CHECK(additivity("median(sum(app.amount) per user)") == Additivity::kHolistic);
  CHECK(additivity("max(count(app) per hour)") == Additivity::kIdempotent);
  CHECK(additivity("last(unique(app.user) per day)") == Additivity::kDistinct);
  CHECK(additivity("sum(unique(app.name) per user)") == Additivity::kDistinct);
  CHECK(additivity("count(sum(app.amount) per user)") == Additivity::kDistinct);
}

TEST_CASE("reasons are those that can come") {
  CHECK(words("count(app)", "undefined") == "no_data");
  CHECK(words("sum(app.size)", "undefined") == "no_data, overflow");
  CHECK(words("max(app.size)", "undefined") == "no_data, no_rows");
  CHECK(words("p95(app.weight)", "undefined") == "no_data, no_rows, overflow");
  CHECK(words("variance(app.size)", "undefined") == "no_data, no_rows, no_denominator");
  CHECK(words("count(buy) / count(app)", "undefined") == "no_data, no_denominator, overflow");
  CHECK(words("sum(app.size) / 4", "undefined") == "no_data, overflow");
  CHECK(words("count(app) at 1 month ago", "undefined") == "no_data, no_bucket");
  CHECK(words("coalesce(max(app.size), 0)", "undefined") == "never");
  CHECK(words("coalesce(sum(app.size), 0)", "undefined") == "overflow");
  CHECK(words("coalesce(max(app.size), count(app))", "undefined") == "no_data, no_rows");
}

TEST_CASE("populations: rows, and for which entity") {
  const MetricMeaning arpu = meaning("sum(buy.amount) / unique(app.user)");
  REQUIRE(arpu.populations.size() == 2);
  CHECK(arpu.populations[0].condition.valid());
  CHECK(arpu.populations[0].entity.empty());
  CHECK(!arpu.populations[1].condition.valid());
  CHECK(arpu.populations[1].entity == "user");
  CHECK(meaning("median(sum(buy.amount) per user)").populations.at(0).entity == "user");
  CHECK(meaning("count(buy) + count(buy) at 1 day ago").populations.size() == 1);
  CHECK(words("count(buy where size > 3)", "of") == "app where name == \"buy\" and size > 3");
  CHECK(words("unique(buy.user)", "of") == "each user of app where name == \"buy\"");
}

TEST_CASE("times") {
  const MetricMeaning sticky = meaning("mean(unique(app.user) per day) / unique(app.user) over last 28 days");
  CHECK(sticky.time.finer == std::vector<Grain>{Grain::kDay});
  REQUIRE(sticky.time.windows.size() == 1);
  CHECK(sticky.time.windows[0].period == Period{28, Grain::kDay});
  CHECK(sticky.time.offsets.empty());
  CHECK(words("unique(app.user) per day", "time") == "per day, its own grain");
  CHECK(words("growth(count(app), 1 month same elapsed)", "time") ==
        "any period, as far as it has elapsed, at 1 month ago same elapsed");
  CHECK(words("count(app) over month to date", "time") == "any period, over month to date");
}

TEST_CASE("a user has one channel, so distinct users add up over channels") {
  CHECK(words("unique(app.user)", "adds up").starts_with("over user.channel alone"));
  CHECK(words("unique(app.name)", "adds up").starts_with("over nothing"));
  CHECK(additivity("sum(unique(app.user) per user.channel)") == Additivity::kDistinct);
  CHECK(words("count(app)", "adds up") == "over time and every dimension");
  CHECK(words("count(contracts)", "adds up").starts_with("over every dimension, not over time: it is what there is"));
}

TEST_CASE("parts that a formula repeats cost nothing more") {
  std::string lines = "metric m0 = sum(app.size)\n";
  for (int i = 1; i <= 60; ++i) {
    const std::string before = "m" + std::to_string(i - 1);
    lines += "metric m" + std::to_string(i) + " = " + before + " + " + before + " at 1 day ago\n";
  }
  const auto one = compile(lines);
  Meanings meanings(one->model);
  CHECK(meaning_of(meanings, one->model.metrics.back()).populations.size() == 1);
}

}  // namespace
}  // namespace alidade
