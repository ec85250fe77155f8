// What a run of the reference says beside its values: the report of streams, partial cells, ranges, refused rows.
// Values are tested by tests/conformance. A spec's first test block holds the rows.
//
// rooms: alidade_driver
#include <doctest/doctest.h>

#include <memory>

#include "compiler/driver/given_source.h"
#include "compiler/reference/evaluate.h"
#include "compiler/syntax/parse.h"

namespace alidade {
namespace {

struct Spec {
  DiagnosticSink sink;
  Syntax syntax;
  Model model;
  explicit Spec(const std::string& text) : syntax(parse("test.metric", text, sink)), model(analyse(syntax, sink)) {
    for (const Diagnostic& diagnostic : sink.all()) FAIL_CHECK(diagnostic.message);
    REQUIRE(model.tests.size() == 1);
  }
};

struct Report {
  std::vector<std::string> metrics;
  std::optional<Grain> grain;
  std::vector<std::string> by;
};

Instant at(const char* text) { return parse_time(text)->local_micros; }  // a UTC time

Result<ResultSet> try_run(const Spec& spec, const Report& report, const RunOptions& options = {}) {
  const Model& model = spec.model;
  const Calendar calendar = Calendar::open(model.calendar).value();
  const ReportSpec wanted{.metrics = report.metrics,
                          .grain = report.grain,
                          .by = report.by,
                          .from = options.range.from,
                          .to = options.range.to};
  auto request = resolve_request(model, calendar, wanted, nullptr);
  REQUIRE(request.ok());
  std::vector<std::unique_ptr<GivenSource>> opened;
  std::vector<NamedSource> sources;
  for (const TestGiven& given : model.tests[0].given) {
    const ModelSource& source = (given.is_table ? model.tables : model.streams)[static_cast<size_t>(given.source)];
    opened.push_back(std::make_unique<GivenSource>(schema_of(model, source), &given, 2));
    sources.push_back({source.name, opened.back().get(), std::nullopt});
    if (given.has_until) sources.back().watermark = at(given.until.c_str());
  }
  return evaluate_reference(model, *request, sources, options);
}

ResultSet run(const Spec& spec, const Report& report, const RunOptions& options = {}) {
  auto result = try_run(spec, report, options);
  REQUIRE(result.ok());
  return std::move(*result);
}

/// One letter a row, in order: the value, `-` undefined; a `p` after it where partial.
std::string cells(const ResultSet& result) {
  std::string text;
  for (const ResultRow& row : result.rows) {
    if (!text.empty()) text += ' ';
    const int128* exact = std::get_if<int128>(&row.value.value);
    text += row.value.defined() && exact != nullptr ? std::to_string(static_cast<int64_t>(*exact)) : "-";
    if (row.partial) text += "p";
  }
  return text;
}

constexpr const char* kApp = R"(
stream app {
  time at : timestamp
  id event : text
  arrived seen : timestamp?
  entity user : text?
  plan : one_of("free", "pro")?
  n : integer
  late up to 1 day
}
metric events = count(app)
metric users  = unique(app.user)
metric median_each = median(sum(app.n) per user)
metric wau    = unique(app.user) over last 7 days
metric ever   = count(app) over all time
metric in_month = count(app) over month to date
metric before = count(app) at 1 day ago
metric per_hour = max(count(app) per hour)
)";

TEST_CASE("the report counts rows, copies, late rows and rows without an entity") {
  const Spec spec(std::string(kApp) + R"(
test "rows" {
  given app
    | at                   | event | seen             | user | n |
    | 2026-01-05 10:00     | a     | 2026-01-06 10:00 | ann  | 1 |
    | 2026-01-05 11:00     | b     | 2026-01-06 11:01 | bob  | 2 |
    | 2026-01-05 10:00     | a     | 2026-01-06 10:00 | ann  | 1 |
    | 2026-01-07 09:00     | c     |                  |      | 3 |
    | 2026-01-04T23:00:00Z | d     | 2026-01-10       | ann  | 4 |
  expect events == 4
  expect median_each == 3
  expect users == 2
}
)");
  const ResultSet result = run(spec, {{"events", "users", "median_each"}, {}, {}});
  REQUIRE(result.streams.size() == 1);
  const StreamReport& report = result.streams[0];
  CHECK(report.stream == "app");
  CHECK(report.rows == 5);
  CHECK(report.duplicates == 1);
  CHECK(report.late == 2);
  CHECK(report.bad.total() == 0);
  REQUIRE(report.without_entity.size() == 1);
  CHECK(report.without_entity[0] == std::pair<std::string, int64_t>("user", 1));
  CHECK(report.covered);
  CHECK(report.first == at("2026-01-04 23:00"));
  CHECK(report.last == at("2026-01-07 09:00"));
  CHECK(report.watermark == at("2026-01-06 09:00"));
  CHECK(result.engine == "reference");
  CHECK(result.zone == "UTC");
  CHECK(result.week_start == 1);
  CHECK(run(spec, {{"events"}, {}, {}}).streams[0].without_entity.empty());
}

TEST_CASE("cells past the watermark are partial, and so are windows that reach before the first row's day") {
  const Spec spec(std::string(kApp) + R"(
test "rows" {
  given app
    | at               | event | user | n |
    | 2026-01-05 10:00 | a     | ann  | 1 |
    | 2026-01-11 23:00 | b     | bob  | 2 |
    | 2026-01-14 10:00 | c     | ann  | 3 |
  expect events == 3
}
)");
  // The watermark is 2026-01-13 10:00.
  CHECK(cells(run(spec, {{"events"}, Grain::kDay, {}})) == "1 0 0 0 0 0 1 0 0p 1p");
  CHECK(cells(run(spec, {{"wau"}, Grain::kDay, {}})) == "1p 1p 1p 1p 1p 1p 2 1 1p 2p");
  CHECK(cells(run(spec, {{"ever"}, Grain::kDay, {}})) == "1 1 1 1 1 1 2 2 2p 3p");
  CHECK(cells(run(spec, {{"in_month"}, Grain::kDay, {}})) == "1p 1p 1p 1p 1p 1p 2p 2p 2p 3p");
  CHECK(cells(run(spec, {{"before"}, Grain::kDay, {}})) == "- 1 0 0 0 0 0 1 0 0p");
  CHECK(cells(run(spec, {{"per_hour"}, Grain::kDay, {}})) == "1 0 0 0 0 0 1 0 0p 1p");
  CHECK(cells(run(spec, {{"events"}, {}, {}})) == "3p");
  RunOptions complete;
  complete.complete = true;
  CHECK(cells(run(spec, {{"events"}, Grain::kDay, {}}, complete)) == "1 0 0 0 0 0 1 0 0 1");
  CHECK(cells(run(spec, {{"wau"}, Grain::kDay, {}}, complete)) == "1p 1p 1p 1p 1p 1p 2 1 1 2");
}

TEST_CASE("`until` is the watermark, and the last day of a stream of dates is complete") {
  const Spec spec(R"(
stream app { time at : timestamp }
stream spend { time day : timestamp(day); n : integer }
metric events = count(app)
metric cost   = sum(spend.n)
metric both   = count(app) + sum(spend.n)
test "rows" {
  given app until 2026-01-06
    | at               |
    | 2026-01-05 10:00 |
    | 2026-01-07 10:00 |
  given spend
    | day        | n |
    | 2026-01-05 | 1 |
    | 2026-01-07 | 2 |
  expect both == 5
}
)");
  CHECK(cells(run(spec, {{"events"}, Grain::kDay, {}})) == "1 0p 1p");
  CHECK(cells(run(spec, {{"cost"}, Grain::kDay, {}})) == "1 0 2");
  CHECK(cells(run(spec, {{"both"}, Grain::kDay, {}})) == "2 0p 3p");
}

TEST_CASE("an explicit range decides the buckets, cuts them and marks what it cuts") {
  const Spec spec(std::string(kApp) + R"(
test "rows" {
  given app
    | at               | event | user | n |
    | 2026-01-05 10:00 | a     | ann  | 1 |
    | 2026-02-05 10:00 | b     | bob  | 2 |
    | 2026-03-05 10:00 | c     | ann  | 3 |
  expect events == 3
}
)");
  RunOptions options;
  options.complete = true;
  CHECK(cells(run(spec, {{"events"}, Grain::kMonth, {}}, options)) == "1 1 1");
  options.range = {at("2026-01-06"), at("2026-04-02")};
  const ResultSet result = run(spec, {{"events"}, Grain::kMonth, {}}, options);
  CHECK(cells(result) == "0p 1 1 -p");
  CHECK(result.rows[0].bucket == Interval{at("2026-01-01"), at("2026-02-01")});
  CHECK(result.rows[3].value.reason == Reason::kNoData);
  CHECK(cells(run(spec, {{"events"}, {}, {}}, options)) == "2");
  options.range = {std::nullopt, at("2026-02-06")};
  CHECK(cells(run(spec, {{"events"}, {}, {}}, options)) == "2");
  CHECK(cells(run(spec, {{"wau"}, Grain::kMonth, {}}, options)) == "0 1p");
  options.range = {at("2026-03-01"), std::nullopt};
  CHECK(cells(run(spec, {{"events", "ever"}, Grain::kMonth, {}}, options)) == "1 3");
  options.range = {at("2027-01-01"), std::nullopt};
  CHECK(cells(run(spec, {{"events"}, Grain::kMonth, {}}, options)).empty());
}

TEST_CASE("groups are ordered by bytes, what is missing comes last") {
  const Spec spec(std::string(kApp) + R"(
test "rows" {
  given app
    | at               | event | user | plan | n |
    | 2026-01-05 10:00 | a     | bob  | pro  | 1 |
    | 2026-01-05 10:00 | b     |      |      | 2 |
    | 2026-01-05 10:00 | c     | Zoe  | free | 4 |
    | 2026-01-06 10:00 | d     | ann  | pro  | 8 |
  expect events == 4
}
)");
  const ResultSet result = run(spec, {{"events"}, Grain::kDay, {"user", "plan"}});
  REQUIRE(result.rows.size() == 8);
  const auto words = [&](size_t row) {
    std::string text;
    for (const DimensionValue& value : result.rows[row].dimensions) {
      const std::string* word = std::get_if<std::string>(&value);
      text += (word == nullptr ? "?" : *word) + " ";
    }
    return text;
  };
  CHECK(words(0) == "Zoe free ");
  CHECK(words(1) == "ann pro ");
  CHECK(words(2) == "bob pro ");
  CHECK(words(3) == "? ? ");
  CHECK(result.metrics[0].dimensions == std::vector<std::string>{"user", "plan"});
  // A distinct count has no group for rows whose key is missing.
  CHECK(cells(run(spec, {{"users"}, {}, {"plan"}})) == "1p 2p");
}

TEST_CASE("bad rows end the run, or are counted and left out") {
  const std::string rows = R"(
test "rows" {
  given app
    | at               | event | user | plan | n |
    | 2026-01-05 10:00 | a     | ann  | free | 1 |
    | 2026-01-05 11:00 | b     | ann  | free | x |
    | 2026-01-05 12:00 | a     | ann  | free | 2 |
    | 2026-01-05 13:00 | c     | ann  | none | 3 |
    | 2026-01-05 14:00 |       | ann  | free | 4 |
    | not a time       | e     | ann  | free | 5 |
    | 2026-01-05 15:00 | b     | ann  | pro  | 6 |
  expect events == 2
  expect median_each == 7
}
)";
  const Spec spec(kApp + rows);
  const auto stopped = try_run(spec, {{"median_each"}, {}, {}});
  REQUIRE_FALSE(stopped.ok());
  CHECK(stopped.error().code == 7201 + static_cast<int>(BadRow::kBadNumber));
  CHECK(stopped.error().message.find("given app") != std::string::npos);
  RunOptions skip;
  skip.skip_bad_rows = true;
  const ResultSet result = run(spec, {{"events", "median_each"}, {}, {"plan"}}, skip);
  const BadRows& bad = result.streams[0].bad;
  CHECK(bad.total() == 5);
  CHECK(bad.counts[static_cast<int>(BadRow::kBadNumber)] == 1);
  CHECK(bad.counts[static_cast<int>(BadRow::kDuplicateDiffers)] == 1);
  CHECK(bad.counts[static_cast<int>(BadRow::kNotInList)] == 1);
  CHECK(bad.counts[static_cast<int>(BadRow::kMissing)] == 1);
  CHECK(bad.counts[static_cast<int>(BadRow::kBadTime)] == 1);
  CHECK(result.streams[0].rows == 7);
  // The bad row b does not stand in the way of the good one.
  CHECK(cells(result) == "1p 1p -p -p");
}

TEST_CASE("a copy may differ in what nobody reads") {
  const Spec spec(std::string(kApp) + R"(
test "rows" {
  given app
    | at               | event | user | n |
    | 2026-01-05 10:00 | a     | ann  | 1 |
    | 2026-01-05 10:00 | a     | bob  | 1 |
  expect events == 1
}
)");
  CHECK(run(spec, {{"events"}, {}, {}}).streams[0].duplicates == 1);
  const auto stopped = try_run(spec, {{"users"}, {}, {}});
  REQUIRE_FALSE(stopped.ok());
  CHECK(stopped.error().code == 7201 + static_cast<int>(BadRow::kDuplicateDiffers));
}

TEST_CASE("a table has each key once, and a stream that is read has a source") {
  const Spec spec(R"(
stream app { time at : timestamp; entity user : text }
stream other { time at : timestamp }
table users key user { user : text; channel : text }
metric organic = count(app where user.channel == "organic")
metric others  = count(other)
test "rows" {
  given app
    | at               | user |
    | 2026-01-05 10:00 | ann  |
  given users
    | user | channel |
    | ann  | organic |
    | ann  | organic |
  expect organic == 1
}
)");
  const auto stopped = try_run(spec, {{"organic"}, {}, {}});
  REQUIRE_FALSE(stopped.ok());
  CHECK(stopped.error().code == 7201 + static_cast<int>(BadRow::kDuplicateKey));
  const auto missing = try_run(spec, {{"others"}, {}, {}});
  REQUIRE_FALSE(missing.ok());
  CHECK(missing.error().code == 7103);
}

TEST_CASE("an overflow marks the run") {
  const Spec spec(R"(
stream app { time at : timestamp; n : integer }
metric cube = sum(app.n) * sum(app.n) * sum(app.n)
test "rows" {
  given app
    | at               | n                   |
    | 2026-01-05 10:00 | 9223372036854775807 |
  expect cube is undefined overflow
}
)");
  const ResultSet result = run(spec, {{"cube"}, {}, {}});
  CHECK(result.overflowed);
  CHECK(result.rows[0].value.reason == Reason::kOverflow);
}

}  // namespace
}  // namespace alidade
