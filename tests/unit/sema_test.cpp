// The analysis: every tests/diagnostics/*.metric provokes what its comments say and nothing else; what the core
// compiles to; requests. A comment `# ^^^ AL4003 words` under a line expects that code on the line above, starting at
// the first caret's column, with the words in its message; without carets anywhere on the line.
// rooms: alidade_sema
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "compiler/sema/analyse.h"

namespace alidade {
namespace {

struct Expected {
  uint32_t line = 0;
  uint32_t column = 0;  ///< 0: any
  int code = 0;
  std::string words;
  bool met = false;
};

std::string read(const std::filesystem::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// "# ^^^ AL4003 words" → what it expects; code 0 for any other line.
Expected expectation_in(const std::string& line) {
  Expected result;
  size_t start = line.find_first_not_of(' ');
  size_t code = line.find("AL");
  if (start == std::string::npos || line[start] != '#' || code == std::string::npos) return result;
  size_t caret = line.find('^');
  if (line.find_first_not_of(" #^") != code) return result;
  result.code = std::atoi(line.c_str() + code + 2);
  if (caret != std::string::npos && caret < code) result.column = static_cast<uint32_t>(caret) + 1;
  size_t words = line.find_first_not_of(' ', code + 6);
  if (words != std::string::npos) result.words = line.substr(words);
  return result;
}

std::vector<Expected> expectations_in(const std::string& text) {
  std::vector<Expected> all;
  uint32_t number = 0, last_code_line = 0;
  size_t start = 0;
  while (start < text.size()) {
    size_t end = std::min(text.find('\n', start), text.size());
    std::string line = text.substr(start, end - start);
    start = end + 1;
    ++number;
    Expected expected = expectation_in(line);
    if (expected.code == 0) {
      if (line.find_first_not_of(' ') != std::string::npos) last_code_line = number;
      continue;
    }
    expected.line = last_code_line;
    all.push_back(expected);
  }
  return all;
}

std::string described(const Diagnostic& diagnostic) {
  LineColumn place = diagnostic.file->position(diagnostic.span.begin);
  return std::to_string(place.line) + ":" + std::to_string(place.column) + " AL" +
         std::to_string(static_cast<int>(diagnostic.code)) + " " + diagnostic.message;
}

constexpr const char* kApp = R"(
stream app {
  time ts : timestamp
  entity user : text
  name : text
  plan : one_of("free", "pro")
  country : text?
  amount : money(USD)?
  minutes : duration(min)
  seats : integer
}
stream spend {
  time day : timestamp(day)
  plan : one_of("free", "pro")
  cost : money(USD)
}
table users key user {
  user : text
  channel : text
}
)";

struct Analysed {
  DiagnosticSink sink;
  Syntax syntax;
  Model model;
};

/// `lines` after the two streams and the table above; fails the test with every message but that two metrics are one.
std::unique_ptr<Analysed> compile(const std::string& lines) {
  auto result = std::make_unique<Analysed>();
  result->syntax = parse("test.metric", kApp + lines, result->sink);
  result->model = analyse(result->syntax, result->sink);
  for (const Diagnostic& diagnostic : result->sink.all()) {
    std::string message = described(diagnostic);
    if (diagnostic.code != Code::same_metric) FAIL_CHECK(message);
  }
  return result;
}

/// Types and formulas; the other parts of a metric's type are in meaning_test.cpp.
std::string dumped(const std::string& lines) {
  std::string text = dump_model(compile(lines)->model);
  for (size_t part = text.find("  adds up "); part != std::string::npos; part = text.find("  adds up ", part)) {
    const size_t next = text.find("\nmetric ", part);
    text.erase(part, next == std::string::npos ? next : next + 1 - part);
  }
  return text;
}

Calendar utc() { return Calendar::open({}).value(); }

TEST_CASE("parts that a formula repeats stand once in its text") {
  std::string lines = "metric m0 = count(app)\n";
  for (int i = 1; i <= 60; ++i) lines += fmt::format("metric m{0} = m{1} + m{1}\n", i, i - 1);
  const std::string text = dumped(lines);
  CHECK(text.size() < 200'000);
  CHECK(text.find("\n  ((count(app) + count(app)) + (count(app) + count(app)))\nmetric m3") != std::string::npos);
  CHECK(text.find("\n  x1 = (count(app) + count(app))\n  x2 = (x1 + x1)\n") != std::string::npos);
}

TEST_CASE("diagnostics") {
  for (const auto& entry : std::filesystem::directory_iterator(ALIDADE_SOURCE_DIR "/tests/diagnostics")) {
    if (entry.path().extension() != ".metric") continue;
    const std::string name = entry.path().filename().string();
    if (name.starts_with("syntax_")) continue;
    CAPTURE(name);
    std::string text = read(entry.path());
    std::vector<Expected> expected = expectations_in(text);
    DiagnosticSink sink;
    Syntax syntax = parse(name, text, sink);
    analyse(syntax, sink);
    for (const Diagnostic& diagnostic : sink.all()) {
      LineColumn place = diagnostic.file->position(diagnostic.span.begin);
      auto match = std::find_if(expected.begin(), expected.end(), [&](const Expected& one) {
        return !one.met && one.line == place.line && one.code == static_cast<int>(diagnostic.code) &&
               (one.column == 0 || one.column == place.column) &&
               diagnostic.message.find(one.words) != std::string::npos;
      });
      if (match != expected.end()) {
        match->met = true;
      } else {
        std::string message = "not expected: " + described(diagnostic);
        FAIL_CHECK(message);
      }
    }
    for (const Expected& one : expected) {
      std::string message =
          std::to_string(one.line) + ":" + std::to_string(one.column) + " AL" + std::to_string(one.code);
      CHECK_MESSAGE(one.met, "expected and did not come: " << message << " " << one.words);
    }
  }
}

TEST_CASE("events and segments fold into the conditions of aggregates") {
  CHECK(dumped("event buy = app where name == \"buy\"\n"
               "segment pro = app where plan == \"pro\"\n"
               "metric revenue = sum(buy.amount)[pro]\n") ==
        "metric revenue : money(USD)\n"
        "  sum(app: amount where ((name == \"buy\") and (plan == \"pro\")))\n");
  CHECK(dumped("segment organic = users where channel == \"organic\"\n"
               "metric a = count(app)[organic]\n"
               "metric b = count(app)[not organic]\n"
               "metric c = count(app)[users]\n") ==
        "metric a : number of app rows\n  count(app where (user.channel == \"organic\"))\n"
        "metric b : number of app rows\n  count(app where not (user.channel == \"organic\"))\n"
        "metric c : number of app rows\n  count(app where user in users)\n");
}

TEST_CASE("a segment of rows is resolved in each stream of a formula") {
  CHECK(dumped("segment pro = app where plan == \"pro\"\nmetric a = (sum(app.amount) - sum(spend.cost))[pro]\n") ==
        "metric a : money(USD)\n"
        "  (sum(app: amount where (plan == \"pro\")) - sum(spend: cost where (plan == \"pro\")))\n");
}

TEST_CASE("equal expressions are one") {
  auto one = compile(
      "event buy = app where name == \"buy\" and plan == \"pro\"\n"
      "metric a = sum(buy.amount) / unique(buy.user)\n"
      "metric b = sum(app.amount where name == \"buy\" and plan == \"pro\") / unique(buy.user)\n");
  CHECK(one->model.metrics[0].value == one->model.metrics[1].value);
}

TEST_CASE("types and units are inferred") {
  CHECK(dumped("metric arpu : money(USD) per user = sum(app.amount) / unique(app.user)\n") ==
        "metric arpu : money(USD) per user\n  (sum(app: amount) / unique(app: user))\n");
  CHECK(dumped("metric each = sum(app.minutes) / sum(app.minutes where plan == \"pro\")\n")
            .starts_with("metric each : number\n"));
  CHECK(dumped("metric part = share(app where plan == \"pro\" of app)\n").starts_with("metric part : percent\n"));
  CHECK(dumped("metric dau = unique(app.user) per day\nmetric sticky = mean(dau) / unique(app.user)\n") ==
        "metric dau : number of users, per day\n  unique(app: user)\n"
        "metric sticky : ratio\n  (mean(unique(app: user) per day) / unique(app: user))\n");
  CHECK(dumped("metric total = sum(app.seats * app.amount)\n").starts_with("metric total : money(USD)\n"));
  CHECK(dumped("metric up = growth(count(app), 1 month)\n") ==
        "metric up : percent\n  ((count(app) / (count(app) at 1 month ago)) - 1)\n");
  CHECK(dumped("metric big = count(app) > 0.9 M\n") == "metric big : bool\n  (count(app) > 900000)\n");
}

TEST_CASE("not in leaves out what is missing, as != does") {
  CHECK(dumped("metric a = count(app where country not in (\"DE\") and country is not null)\n") ==
        "metric a : number of app rows\n"
        "  count(app where (not (country in (\"DE\")) and (country is not null)))\n");
}

TEST_CASE("expected amounts are kept as written, in the value's own unit") {
  auto one = compile(
      "metric each = mean(app.minutes)\nmetric part = share(app where plan == \"pro\" of app)\n"
      "metric revenue = sum(app.amount)\nmetric arpu = revenue / unique(app.user)\n"
      "test \"t\" {\n"
      "  given app\n    | ts | user | plan | amount | minutes |\n    | 2026-01-05 | ann | pro | 3.5 | 2 |\n"
      "  expect each on 2026-01 == 1.5 min\n"
      "  expect part on 2026-01-05 >= 33.3%\n"
      "  expect arpu == -3.50 USD per user\n"
      "  expect revenue on 2026-01-05 10:00 is undefined no_data\n"
      "  expect revenue == revenue * 1\n"
      "  expect revenue == 1.2 M USD\n"
      "}\n");
  const ModelTest& test = one->model.tests.at(0);
  const std::vector<TestExpectation>& all = test.expectations;
  REQUIRE(all.size() == 6);
  CHECK(all[0].expected == 90'000'000);
  CHECK(all[0].expected_scale == 0);
  CHECK(all[0].grain == Grain::kMonth);
  CHECK(all[0].bucket == "2026-01");
  CHECK(all[1].expected == 333);
  CHECK(all[1].expected_scale == 3);
  CHECK(all[1].compare == RowKind::kGreaterEqual);
  CHECK(all[2].expected == -350);
  CHECK(all[2].expected_scale == 2);
  CHECK(all[2].grain == Grain::kWhole);
  CHECK(all[3].undefined);
  CHECK(all[3].reason == "no_data");
  CHECK(all[3].grain == Grain::kHour);
  CHECK(all[4].boolean);
  CHECK(all[5].expected == 1'200'000);
  CHECK(all[5].expected_scale == 0);
  CHECK(test.given[0].fields == std::vector<int>{0, 1, 3, 5, 6});
  CHECK(request_of_test(one->model, test).outputs.size() == 6);
}

TEST_CASE("a table of expected values is one expectation for each cell") {
  auto one = compile(
      "metric dau = unique(app.user) per day\nmetric revenue = sum(app.amount)\n"
      "test \"t\" {\n  given app\n    | ts | user | plan | amount |\n    | 2026-01-05 | ann | pro | 3.5 |\n"
      "  expect per day by plan: dau, revenue\n"
      "    | day        | plan | dau | revenue |\n"
      "    | 2026-01-05 | pro  | 1   |         |\n"
      "    | 2026-01-06 |      | 0   | -2.5 USD |\n"
      "}\n");
  const std::vector<TestExpectation>& cells = one->model.tests.at(0).expectations;
  REQUIRE(cells.size() == 4);
  CHECK(cells[0].dimensions == std::vector<DimensionValue>{std::string("pro")});
  CHECK(cells[0].by == std::vector<std::string>{"plan"});
  CHECK(cells[1].undefined);
  CHECK(cells[2].dimensions == std::vector<DimensionValue>{std::monostate{}});
  CHECK(cells[3].expected == -25);
  CHECK(cells[3].bucket == "2026-01-06");
  Request request = request_of_test(one->model, one->model.tests[0]);
  REQUIRE(request.outputs.size() == 4);
  CHECK(request.outputs[3].dimensions.at(0).shown.values == std::vector<std::string>{"free", "pro"});
}

TEST_CASE("requests") {  // AL8101, AL8102, AL8103, AL8104, AL8105, AL8106
  auto one = compile(
      "metric dau = unique(app.user) per day\nmetric revenue = sum(app.amount)\n"
      "metric margin = revenue - sum(spend.cost)\n");
  const Model& model = one->model;
  auto ask = [&](ReportSpec spec, std::vector<std::string>* notes = nullptr) {
    return resolve_request(model, utc(), spec, notes);
  };
  std::vector<std::string> notes;

  Result<Request> all = ask({}, &notes);
  REQUIRE(all.ok());
  CHECK(all->outputs.size() == 3);
  CHECK(all->outputs[0].grain == Grain::kDay);
  CHECK(all->outputs[1].grain == Grain::kWhole);
  CHECK(notes.empty());

  all = ask({.grain = Grain::kWeek}, &notes);
  REQUIRE(all.ok());
  CHECK(all->outputs.size() == 2);
  REQUIRE(notes.size() == 1);
  CHECK(notes[0].find("mean(dau)") != std::string::npos);

  CHECK(ask({.metrics = {"dau"}, .grain = Grain::kWeek}).error().code == 8102);
  CHECK(ask({.metrics = {"revenu"}}).error().message == "there is no metric `revenu`; did you mean `revenue`?");
  CHECK(ask({.metrics = {"revenu"}}).error().code == 8101);
  CHECK(ask({.metrics = {"margin"}, .by = {"country"}}).error().code == 8103);
  CHECK(ask({.metrics = {"revenue"}, .by = {"minutes"}}).error().code == 8104);
  CHECK(ask({.from = 5, .to = 5}).error().code == 8105);
  CHECK(ask({.metrics = {"revenue"}, .top = 2}).error().code == 8110);
  CHECK(ask({.metrics = {"revenue"}, .by = {"plan"}, .top = 2})->outputs[0].top == 2);
  CHECK(ask({.by = {"nothing"}}).error().code == 8106);
  CHECK(ask({.metrics = {"revenue"}, .grain = Grain::kFiscalYear})->outputs[0].grain == Grain::kFiscalYear);

  Result<Request> split =
      ask({.metrics = {"margin"}, .grain = Grain::kDay, .by = {"plan"}, .from = 0, .to = 86'400'000'000});
  REQUIRE(split.ok());
  CHECK(!split->cut_by_day);
  const ResolvedDimension& plan = split->outputs[0].dimensions.at(0);
  CHECK(plan.shown.kind == FieldKind::kOneOf);
  REQUIRE(plan.rows.size() == model.streams.size());
  CHECK(model.row(plan.rows[0]).field == 3);
  CHECK(model.row(plan.rows[1]).stream == 1);
  CHECK(ask({.metrics = {"margin"}, .grain = Grain::kMonth, .to = 86'400'000'000})->cut_by_day);

  for (const char* path : {"user.channel", "channel"}) {
    Result<Request> attribute = ask({.metrics = {"revenue"}, .by = {path}});
    REQUIRE(attribute.ok());
    CHECK(model.row(attribute->outputs[0].dimensions.at(0).rows[0]).kind == RowKind::kAttribute);
  }
}

TEST_CASE("comments and layout leave the hash of a spec as it is") {
  auto hash = [](const std::string& text) {
    DiagnosticSink sink;
    return analyse(parse("x.metric", text, sink), sink).spec_hash;
  };
  std::string plain = "stream app {\n  time ts : timestamp\n}\nmetric a = count(app where 1 == 1)\n";
  CHECK(hash(plain) ==
        hash("# what\nstream app {   # it is\n\n    time   ts : timestamp\n}\n\nmetric a = count(app where 1 == 1)\n"));
  CHECK(hash(plain) != hash("stream app {\n  time ts : timestamp\n}\nmetric a = count(app where 1 == 2)\n"));
}

TEST_CASE("definitions that share parts cost no more than their text, and endless chains end with a message") {
  std::string doubling = std::string(kApp) + "metric m0 = count(app)\nsegment s0 = app where seats > 1\n";
  for (int i = 1; i <= 60; ++i) {
    std::string n = std::to_string(i), before = std::to_string(i - 1);
    doubling += "metric m" + n + " = m" + before + " + m" + before + "\n";
    doubling += "segment s" + n + " = app where (s" + before + ") == (s" + before + ")\n";
    doubling += "segment n" + n + " = not n" + before + " and n" + before + "\n";
  }
  doubling += "segment n0 = s0\nmetric all = m60[s60 or n60] + mean(m60 per day)\ntest \"t\" { expect all == 5 }\n";
  DiagnosticSink sink;
  Model model = analyse(parse("x.metric", doubling, sink), sink);
  CHECK(!sink.has_errors());
  CHECK(model.metrics.size() == 62);
  for (bool forward : {true, false}) {
    std::string chain = kApp;
    for (int i = 0; i < 5000; ++i) {
      int own = forward ? i : 5000 - i;
      chain += "metric m" + std::to_string(own) + " = " + (own == 0 ? "count(app)" : "m" + std::to_string(own - 1)) +
               " + 1\n";
    }
    DiagnosticSink deep;
    analyse(parse("x.metric", chain, deep), deep);
    REQUIRE(deep.has_errors());
    CHECK(static_cast<int>(deep.all()[0].code) == 6102);  // AL6102
  }
  std::string growing = std::string(kApp) + "metric m0 = count(app)\n";
  for (int i = 1; i <= 60; ++i) {
    const std::string n = std::to_string(i), before = "m" + std::to_string(i - 1);
    growing += "metric m" + n + " = " + before + "[app where seats > " + n + "] + " + before + "\n";
  }
  DiagnosticSink large;
  analyse(parse("x.metric", growing, large), large);
  REQUIRE(large.has_errors());
  CHECK(large.all()[0].code == Code::expansion_too_large);  // AL6201
}

TEST_CASE("what the runtime needs of fields and values") {
  auto one = compile("metric arpu = sum(app.amount) / unique(app.user)\nmetric a = count(app)\n");
  SourceSchema schema = schema_of(one->model, one->model.streams[0]);
  CHECK(schema.fields[3].values == std::vector<std::string>{"free", "pro"});
  CHECK(schema.fields[5].scale == 6);
  CHECK(schema.fields[5].optional);
  CHECK(schema.fields[6].unit_micros == 60'000'000);
  MetricInfo info = info_of(one->model, one->model.metrics[0].type);
  CHECK(info.kind == ShownKind::kMoney);
  CHECK(info.unit == "USD per user");
  CHECK(info.shown_digits == 2);
  CHECK(!info.exact);
  CHECK(info_of(one->model, one->model.metrics[1].type).unit.empty());
}

}  // namespace
}  // namespace alidade
