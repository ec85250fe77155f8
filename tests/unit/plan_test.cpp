// The plan's text and back, its verifier, lowering and every pass: plans beside their specs in tests/plan, and the
// properties that declarations in another order, and unused ones, change nothing.
// rooms: alidade_passes
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <random>
#include <sstream>

#include "compiler/passes/pass_list.h"
#include "compiler/plan/lower.h"
#include "compiler/plan/ops.h"

namespace alidade {
namespace {

namespace fs = std::filesystem;

std::string read_text(const fs::path& path) {
  std::ifstream in(path);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

/// "a b per week by plan cut".
struct Ask {
  ReportSpec report;
  bool cut = false;
};

Ask ask_from(const std::string& text) {
  Ask ask;
  std::istringstream words(text);
  std::string word;
  bool by = false;
  while (words >> word) {
    if (word == "per") {
      words >> word;
      ask.report.grain = grain_from_word(word);
    } else if (word == "cut") {
      ask.cut = true;
    } else if (word == "by") {
      by = true;
    } else {
      (by ? ask.report.by : ask.report.metrics).push_back(word);
    }
  }
  return ask;
}

Plan lowered(const std::string& spec, const Ask& ask) {
  DiagnosticSink sink;
  const Syntax syntax = parse("test.metric", spec, sink);
  const Model model = analyse(syntax, sink);
  for (const Diagnostic& diagnostic : sink.all()) {
    INFO(diagnostic.message, " at byte ", diagnostic.span.begin, ": ", spec.substr(diagnostic.span.begin, 40));
    REQUIRE(diagnostic.severity != Severity::kError);
  }
  auto calendar = Calendar::open(model.calendar);
  REQUIRE(calendar.ok());
  std::vector<std::string> notes;
  auto request = resolve_request(model, *calendar, ask.report, &notes);
  if (!request.ok()) INFO(request.error().message);
  REQUIRE(request.ok());
  request->cut_by_day = ask.cut;
  return lower(model, *request);
}

/// Verified, and the same after being read back.
std::string checked_text(const Plan& plan) {
  CHECK(joined(verify_plan(plan)) == "");
  const std::string text = print_plan(plan);
  auto back = parse_plan(text);
  if (!back.ok()) FAIL(back.error().message, "\n", text);
  CHECK(print_plan(*back) == text);
  CHECK(joined(verify_plan(*back)) == "");
  CHECK(!plan_costs(plan).empty());
  return text;
}

std::string optimised_text(const std::string& spec, const std::string& ask) {
  return checked_text(optimise(lowered(spec, ask_from(ask)), true));
}

/// The text after "# word: " in a spec; "" where there is none.
std::string instruction(const std::string& spec, const std::string& word) {
  const std::string mark = "# " + word + ": ";
  const size_t at = spec.find(mark);
  if (at == std::string::npos) return "";
  const size_t start = at + mark.size();
  return spec.substr(start, spec.find('\n', start) - start);
}

std::string plan_beside(const std::string& spec) {
  Plan plan = lowered(spec, ask_from(instruction(spec, "request")));
  const std::string wanted = instruction(spec, "pass");
  if (wanted.empty()) return checked_text(plan);
  for (const Pass& pass : pass_list()) {
    const std::string before = checked_text(plan);
    plan = pass.run(std::move(plan));
    const std::string after = checked_text(plan);
    if (pass.name == wanted) return "# before " + wanted + "\n" + before + "# after " + wanted + "\n" + after;
  }
  FAIL("no pass ", wanted);
  return "";
}

// ------------------------------------------------------------------------------------------------ plans beside specs
TEST_CASE("plans beside their specs") {
  int found = 0;
  for (const auto& entry : fs::directory_iterator(fs::path(ALIDADE_SOURCE_DIR) / "tests/plan")) {
    if (entry.path().extension() != ".metric") continue;
    ++found;
    const std::string path = entry.path().filename().string();
    CAPTURE(path);
    fs::path beside = entry.path();
    beside.replace_extension(".plan");
    const std::string spec = read_text(entry.path());
    const std::string text = plan_beside(spec);
    if (std::getenv("ALIDADE_UPDATE") != nullptr) std::ofstream(beside) << text;
    CHECK(text == read_text(beside));
    const Plan plan = optimise(lowered(spec, ask_from(instruction(spec, "request"))), true);
    checked_text(plan);
  }
  CHECK(found > 8);
}

// ------------------------------------------------------------------------------------------------ properties
/// The part of the streaming sample that the core understands.
constexpr const char* kStreaming = R"(module streaming

calendar { zone "Europe/Berlin"; week starts monday; year starts february }

stream app {
  time   ts        : timestamp       from "occurred_at"
  entity user      : text
  id     event_id  : uuid
  name             : text
  plan             : one_of("free", "basic", "pro")
  country          : text?
  url              : text?
  minutes          : duration(min)?
  load_time        : duration(ms)?
  amount           : money(USD)?     from "amount_usd"
  late up to 2 days
}

table users key user {
  user    : text
  channel : text
}

stream spend {
  time day : timestamp(day)
  channel  : text
  amount   : money(USD)
}

event page_view    = app where name == "page_view"
event product_view = page_view where url is not null
event purchase     = app where name == "purchase"
event watched      = app where name == "video_watched" and minutes >= 1 min
event saved        = app where name in ("download", "list", "share")
event success      = watched or saved

segment paying     = app where plan != "free"
segment organic    = users where channel == "organic"

metric revenue       = sum(purchase.amount)
metric buyers        = unique(purchase.user)
metric dau           = unique(app.user) per day
metric wau           = unique(app.user) over last 7 days
metric mau           = unique(app.user) over last 28 days
metric arpu          = revenue / unique(app.user)
metric stickiness    = mean(dau) / mau
metric p95_load      = p95(page_view.load_time)
metric typical_buyer = median(sum(purchase.amount) per user)
metric growth_rate   = growth(revenue, 1 month)
metric error_rate    = share(app where name == "error" of app)
metric minutes_each  = sum(watched.minutes) / unique(watched.user)
metric depth         = count(watched)[paying] / unique(watched.user)[paying]
metric from_search   = count(success)[organic]
metric per_visit     = sum(spend.amount) / count(page_view)
)";
constexpr const char* kStreamingMetrics =
    "revenue buyers wau mau arpu stickiness p95_load typical_buyer growth_rate error_rate minutes_each depth "
    "from_search";

/// Every declaration with its lines; one begins at a word in column 0.
std::vector<std::string> declarations(const std::string& spec) {
  std::vector<std::string> found;
  std::istringstream lines(spec);
  std::string line;
  while (std::getline(lines, line)) {
    const bool begins = !line.empty() && line.front() >= 'a' && line.front() <= 'z';
    if (begins || found.empty()) found.emplace_back();
    found.back() += line + "\n";
  }
  return found;
}

/// The module's name stays first.
std::string shuffled(const std::string& spec, std::mt19937_64& random) {
  std::vector<std::string> parts = declarations(spec);
  const bool named = parts.front().starts_with("module");
  std::shuffle(parts.begin() + (named ? 1 : 0), parts.end(), random);
  std::string text;
  for (const std::string& part : parts) text += part;
  return text;
}

constexpr const char* kUnused = R"(
stream aside {
  time at      : timestamp
  entity user  : text
  size         : decimal(3)
}
table aaa key user {
  user  : text
  owner : text
}
event unread      = app where name == "never"
segment unasked   = app where country == "DE" and user.owner == "x"
metric aa_unasked = sum(aside.size) / unique(aside.user)
metric bb_unasked = count(unread)[unasked]
metric zz_unasked = mean(app.minutes) over last 90 days
)";

void check_properties(const std::string& spec, const std::string& ask, std::mt19937_64& random) {
  CAPTURE(spec);
  CAPTURE(ask);
  const std::string expected = optimised_text(spec, ask);
  CHECK(optimised_text(shuffled(spec, random), ask) == expected);
  CHECK(optimised_text(spec + kUnused, ask) == expected);
  CHECK(optimised_text(shuffled(spec + kUnused, random), ask) == expected);
}

TEST_CASE("the order of declarations and unused ones do not show in the plan") {
  std::mt19937_64 random(7);
  const std::string metrics = kStreamingMetrics;
  for (const char* report :
       {" per week by plan", " per month", " per week cut", "", " per day by country user.channel"}) {
    for (int round = 0; round < 3; ++round) check_properties(kStreaming, metrics + report, random);
  }
  check_properties(kStreaming, "dau per day by plan", random);
  check_properties(kStreaming, "per_visit revenue per month", random);
}

/// Metrics of all forms put together at random; every one means something over the streaming spec.
class SpecGenerator {
 public:
  explicit SpecGenerator(uint64_t seed) : random_(seed) {}

  std::string spec() {
    std::string text = kStreaming;
    text +=
        "event customer = first(purchase) per user\n"
        "event newest = last(app where plan == \"pro\") per user\n"
        "event returned = last(customer where country == \"DE\") per user\n";
    for (int i = 0; i < 12; ++i) text += "metric g" + std::to_string(i) + " = " + value(2) + "\n";
    return text;
  }

 private:
  std::string pick(std::initializer_list<const char*> choices) {
    return *(choices.begin() + static_cast<std::ptrdiff_t>(random_() % choices.size()));
  }
  std::string rows() {
    const std::string base =
        pick({"app", "purchase", "watched", "saved", "success", "page_view", "customer", "newest", "returned"});
    if (random_() % 3 != 0) return base;
    return base + " where " +
           pick({"plan == \"pro\"", "country == \"DE\"", "country is null", "amount > 5 USD",
                 "not (plan in (\"free\", \"pro\")) and minutes < 90 min", "user.channel != \"organic\"",
                 "amount / 2 < 10.5 USD or url is not null"});
  }
  std::string field(const char* name) {
    return pick({"app.", "purchase.", "watched.", "success.", "customer.", "returned."}) + name;
  }
  std::string counted() { return "count(" + rows() + ")"; }
  std::string leaf() {
    switch (random_() % 8) {
      case 0:
        return "unique(" + field("user") + ")";
      case 1:
        return counted() + "[paying]";
      case 2:
        return "unique(" + field("country") + ")";
      case 3:
        return "sum(" + field("amount") + ") / sum(" + field("amount") + ")";
      case 4:
        return pick({"first(", "last("}) + field("amount") + ") / sum(" + field("amount") + ")";
      default:
        return counted();
    }
  }
  std::string folded(const std::string& inner) {
    return pick({"mean", "max", "min", "median", "p90"}) + "((" + inner + ") per " + pick({"user", "day", "country"}) +
           ")";
  }
  std::string value(int depth) {
    if (depth == 0) return leaf();
    switch (random_() % 8) {
      case 0:
        return folded(leaf());
      case 1:
        return "(" + leaf() + ") over " + pick({"last 7 days", "last 3 months", "month to date", "all time"});
      case 2:
        return "(" + leaf() + ") at " + pick({"1 month ago", "1 year ago", "7 days ago"});
      case 3:
        return "(" + leaf() + ") / (" + leaf() + ")";
      case 4:
        return "if " + counted() + " > 10 then 1.5 * (" + value(depth - 1) + ") else 0";
      case 5:
        return folded("(" + leaf() + ") over last 7 days");
      default:
        return leaf();
    }
  }

  std::mt19937_64 random_;
};

TEST_CASE("generated specs lower, optimise, print and read back") {
  for (uint64_t seed = 0; seed < 30; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    const std::string ask = "g0 g1 g2 g3 g4 g5 g6 g7 g8 g9 g10 g11";
    check_properties(SpecGenerator(seed).spec(), ask + (seed % 2 == 0 ? " per week by plan" : " per month"), random);
  }
}

// ------------------------------------------------------------------------------------------------ text and verifier
/// One of everything the verifier looks at.
constexpr const char* kSound = R"(calendar "Europe/Berlin" 1 2
stream app late 60
  field ts timestamp time
  field id text id
  field user text
  field name text
  field plan one_of "free" "pro"
  field amount decimal scale 6 optional from "amount_usd"
  field score number optional
  field big bool
stream spend
  field day timestamp date time
  field cost decimal scale 2
table users
  field user text key
  field channel text
domain d0 app.name text
domain d1 user text
cells k0 day by plan one_of "free" "pro"
cells k1 day by plan one_of "free" "pro" by user.channel text
cells k2 week
pipeline p0 app
  column c0 field name class "buy" "see \"it\""
  column c1 field name
  column c2 field plan
  column c3 field amount optional
  column c4 field score optional
  column c5 field user
  column c6 attribute user users channel optional
  column c7 member user users
  column c8 field big
  let v0 = column c0 : code
  let v1 = column c2 : code
  let v2 = column c3 : exact64?
  let v3 = column c4 : float?
  let v4 = column c7 : bool
  let v5 = const 5 : exact4
  let v6 = const 0.5 : float
  let v7 = in v0 "buy" other : bool
  let v8 = not v7 : bool
  let v9 = v7 and v4 : bool
  let v10 = scale_up v5 6 : exact24
  let v11 = v2 + v10 : exact65?
  let v12 = to_float v11 6 : float?
  let v13 = v12 * v3 : float?
  let v14 = v13 / v6 : float?
  let v15 = v11 quotient v2 : float?
  let v16 = v2 >= v10 : bool
  let v17 = valid v2 : bool
  let v18 = if v16 v2 v10 : exact64?
  let v19 = negate v18 : exact65?
  let v20 = v9 and v16 : bool
  let v21 = column c8 : bool
  let v22 = v4 and v16 : bool
  let v23 = v14 < v15 : bool
  let v24 = v21 == v4 : bool
  let v25 = column c1 : code
  let v26 = v2 greatest v10 : exact64?
  let v27 = v26 least v10 : exact64?
  let v28 = round_exact v27 4 : exact53?
  let v29 = round_float v3 2 : float?
  let v30 = v28 coalesce v5 : exact53
  keys u0 k0 c2
  keys u1 k1 c2 c6
  keys u2 k2
  fold a0 u0 count if v20
  fold a1 u0 sum_exact v19 if v20
  fold a2 u1 count if v23
  fold a3 u1 max_float v14 if v23
  fold a4 u0 count if v7
  fold a5 u2 values_exact v11
  fold a6 u2 moments_exact v30
  fold a7 u2 moments_float v29
  machine m0 d1 key c5 u0
    bit b0
    bit b1 if v16
    entry f0 b1 sum_exact v2
    entry f1 b1 count
    entry f2 b0 values_key v25
  dispatch c0
    case "buy" other : a0 if v22 a1 if v22 a4
    always : a2 if v23 a3 if v23 a5 a6 a7
pipeline p1 spend
  column c0 field cost
  let v0 = column c0 : exact64
  keys u0 k2
  fold a0 u0 sum_exact v0
formula x0 = const 3 : exact0
formula x1 = cell sum k0 p0 a1 scale 6 : exact6 streams app
formula x2 = cell max k1 p0 a3 rows a2 : float streams app
formula x3 = unique_keys unique k0 p0 m0 rows b0 : exact0 streams app
formula x4 = entity_cell mean k0 p0 m0 f0 count f1 rows b1 scale 6 : float streams app
formula x5 = cell percentile 95 0 k2 p0 a5 scale 6 : float streams app
formula x6 = cell sum k2 p1 a0 scale 2 : exact2 streams spend
formula x7 = x1 + x0 : exact6
formula x8 = x7 / x3 : float
formula x9 = over x8 last 7 day : float
formula x10 = at x9 1 week : float
formula x11 = per_time day mean x8 : float streams app
formula x12 = per_entity d1 max x4 : float streams app
formula x13 = per_dimension percentile 999 1 x2 : float streams app
formula x14 = x10 > x11 : bool
formula x15 = if x14 x12 x13 : float
formula x16 = not x14 : bool
formula x17 = x16 or x14 : bool
formula x18 = if x17 x15 x0 : float
formula x19 = x5 / x6 : float
formula x20 = per_entity d1 sum x12 : float streams app
formula x21 = cell variance k2 p0 a6 scale 2 : float streams app
formula x22 = cell stddev k2 p0 a7 : float streams app
formula x23 = x21 greatest x22 : float
formula x24 = x6 least x0 : exact2
formula x25 = round x24 1 : exact1
formula x26 = x25 coalesce x0 : exact1
formula x27 = x23 / x26 : float
output all = x18 per week streams app
  shown money unit "USD" digits 2 format "0.0" title "All \\ of it"
  groups k0 p0 a4 p0 m0 b0 by plan
output "both streams" = x19 per week streams app spend
  shown ratio
output spread = x27 per week streams app spend
  shown number
output flag = x16 per week streams app
  shown bool
  groups k0 p0 a4 top 3 x16 by plan
)";

Plan sound_plan() {
  auto plan = parse_plan(kSound);
  if (!plan.ok()) FAIL(plan.error().message);
  return std::move(*plan);
}

TEST_CASE("the plan's text is read back as it was") {
  const Plan plan = sound_plan();
  CHECK(print_plan(plan) == kSound);
  CHECK(joined(verify_plan(plan)) == "");
}

TEST_CASE("text that is no plan is refused by line") {
  const std::string text = kSound;
  const auto replaced = [&](const std::string& from, const std::string& to) {
    std::string changed = text;
    const size_t at = changed.find(from);
    REQUIRE(at != std::string::npos);
    return changed.replace(at, from.size(), to);
  };
  for (const std::string& broken :
       {std::string("nonsense\n"), replaced("let v3", "let v4"), replaced("\"buy\" other", "\"sell\""),
        replaced("exact64?", "exact640?"), replaced("fold a0 u0 count", "fold a0 u0 tally"),
        replaced("\"Europe/Berlin\" 1", "\"Europe/Berlin 1"), replaced("pipeline p0 app", "pipeline p0 apps"),
        replaced("member user users", "member user nobody"), replaced("last 7 day", "next 7 day"),
        replaced("const 3 : exact0", "const three : exact0"),
        replaced("per week streams app", "per week streams web")}) {
    const auto plan = parse_plan(broken);
    REQUIRE(!plan.ok());
    CHECK(plan.error().message.find(" of the plan cannot be read") != std::string::npos);
  }
}

TEST_CASE("the verifier names every broken promise") {
  struct Break {
    std::function<void(Plan&)> change;
    const char* message;
  };
  const auto op = [](Plan& plan, int index) -> Op& { return plan.pipelines[0].ops[static_cast<size_t>(index)]; };
  const auto leaf = [](Plan& plan, int index) -> Formula& { return plan.formulas[static_cast<size_t>(index)]; };
  const std::vector<Break> breaks = {
      {[](Plan& p) { p.streams[0].time = 99; }, "stream app has no such field"},
      {[](Plan& p) { p.tables[0].key = -1; }, "table users has no such field"},
      {[](Plan& p) { p.key_spaces[1] = p.key_spaces[0]; }, "key space k1 is there twice"},
      {[](Plan& p) { p.key_spaces[0].dimensions[0].kind = FieldKind::kNumber; },
       "key space k0 has a dimension of no group"},
      {[](Plan& p) { p.pipelines[1].stream = 0; }, "two pipelines read one stream"},
      {[](Plan& p) { p.pipelines[0].stream = 7; }, "pipeline p0: its stream does not exist"},
      {[](Plan& p) { p.pipelines[0].columns[1].field = 99; }, "column c1 names no field"},
      {[](Plan& p) { p.pipelines[0].columns[7].table = 3; }, "column c7 names no field"},
      {[](Plan& p) { p.pipelines[0].columns[5] = p.pipelines[0].columns[1]; }, "column c5 is there twice"},
      {[](Plan& p) { p.pipelines[0].columns[3].nullable = false; },
       "column c3 disagrees with its field on being optional"},
      {[](Plan& p) { p.pipelines[0].columns[1].classes = {"x"}; }, "column c1 has classes in value form"},
      {[](Plan& p) { p.pipelines[0].columns[4].form = ColumnForm::kClass; }, "column c4 has classes of no text"},
      {[](Plan& p) { p.pipelines[0].columns[0].classes = {"b", "a"}; }, "classes of column c0 are not ascending"},
      {[&](Plan& p) { op(p, 7).a = 9; }, "v7 has operands that do not stand before it"},
      {[&](Plan& p) { op(p, 7).b = 0; }, "v7 has operands that do not stand before it"},
      {[&](Plan& p) { op(p, 7).a = 2; }, "v7 tests codes of no code column"},
      {[&](Plan& p) { op(p, 7).codes = {2, 0}; }, "v7 has codes that are not ascending"},
      {[&](Plan& p) { op(p, 7).codes = {3}; }, "v7 has a code that its column lacks"},
      {[&](Plan& p) { op(p, 4).column = 77; }, "v4 names no column"},
      {[&](Plan& p) { op(p, 5).type = OpType::kCode; }, "v5 is a constant code"},
      {[&](Plan& p) { op(p, 19).a = 4; }, "v19 negates no number"},
      {[&](Plan& p) { op(p, 11).b = 6; }, "v11 has operands that are not numbers of one kind"},
      {[&](Plan& p) { op(p, 10).amount = 0; }, "v10 scales no exact value"},
      {[&](Plan& p) { op(p, 12).a = 6; }, "v12 turns no exact value"},
      {[&](Plan& p) { op(p, 14).b = 5; }, "v14 divides what is not float"},
      {[&](Plan& p) { op(p, 15).b = 6; }, "v15 divides what is not exact"},
      {[&](Plan& p) { op(p, 24).b = 5; }, "v24 compares different kinds"},
      {[&](Plan& p) { op(p, 9).b = 2; }, "v9 has an operand that is no condition"},
      {[&](Plan& p) { op(p, 8).a = 2; }, "v8 has an operand that is no condition"},
      {[&](Plan& p) { op(p, 18).a = 2; }, "v18 has an operand that is no condition"},
      {[&](Plan& p) { op(p, 18).c = 6; }, "v18 chooses between different kinds"},
      {[&](Plan& p) { op(p, 26).b = 3; }, "v26 has operands that are not numbers of one kind"},
      {[&](Plan& p) { op(p, 28).amount = 0; }, "v28 rounds no exact value"},
      {[&](Plan& p) { op(p, 29).amount = 19; }, "v29 rounds no float"},
      {[&](Plan& p) { op(p, 30).a = 5; }, "v30 replaces what is always there"},
      {[&](Plan& p) { op(p, 30).b = 6; }, "v30 chooses between different kinds"},
      {[&](Plan& p) { leaf(p, 25).digits = 3; }, "formula x25 rounds to other digits than it has"},
      {[&](Plan& p) { leaf(p, 21).finish = Finish::kSum; }, "formula x21 finishes another accumulation"},
      {[&](Plan& p) { op(p, 16).type = OpType::kExact; }, "v16 has another type than its operands give"},
      {[&](Plan& p) { op(p, 11).nullable = false; }, "v11 has another validity than its operands give"},
      {[&](Plan& p) { op(p, 11).bits = 0; }, "v11 has no width"},
      {[&](Plan& p) { op(p, 21) = op(p, 4); }, "v21 is written twice"},
      {[](Plan& p) { p.pipelines[0].key_spaces[0].key_space = 9; }, "u0 names no key space"},
      {[](Plan& p) { p.pipelines[0].key_spaces[1].dimension_columns.pop_back(); },
       "u1 has not one column per dimension"},
      {[](Plan& p) { p.pipelines[0].key_spaces[0].dimension_columns[0] = 44; }, "u0 names no column"},
      {[](Plan& p) { p.pipelines[0].key_spaces[0].dimension_columns[0] = 3; },
       "u0 has a column of another kind than its dimension"},
      {[](Plan& p) { p.pipelines[0].accumulators[0].input = 2; }, "a0 counts but has an input"},
      {[](Plan& p) { p.pipelines[0].accumulators[1].input = -1; }, "a1 has no input"},
      {[](Plan& p) { p.pipelines[0].accumulators[1].input = 3; }, "a1 folds values of another kind"},
      {[](Plan& p) { p.pipelines[0].accumulators[1].key_space_use = 9; }, "a1 names no cells"},
      {[](Plan& p) { p.pipelines[0].accumulators[1].kind = AL_VALUES_KEY; }, "a1 keeps keys outside a machine"},
      {[](Plan& p) { p.pipelines[0].accumulators[1].guard = 2; }, "a1 has a guard that is no condition"},
      {[](Plan& p) { p.pipelines[0].machines[0].key_space_use = 9; }, "m0 names no cells"},
      {[](Plan& p) { p.pipelines[0].machines[0].domain = 9; }, "m0 names no domain"},
      {[](Plan& p) { p.pipelines[0].machines[0].key_column = 99; }, "m0 names no key column"},
      {[](Plan& p) { p.pipelines[0].machines[0].key_column = 3; }, "m0 has a key of another kind than its domain"},
      {[](Plan& p) { p.pipelines[0].machines[0].bits.clear(); }, "m0 has no bits"},
      {[](Plan& p) { p.pipelines[0].machines[0].bits[0] = 2; }, "m0 has a bit that is no condition"},
      {[](Plan& p) { p.pipelines[0].machines[0].folds[0].bit = 5; }, "m0 f0 names no bit"},
      {[](Plan& p) { p.pipelines[0].dispatch.column = -1; }, "updates are listed without a dispatch"},
      {[](Plan& p) { p.pipelines[0].dispatch.column = 99; }, "the dispatch names no column"},
      {[](Plan& p) { p.pipelines[0].dispatch.column = 3; }, "the dispatch is on a column without known codes"},
      {[](Plan& p) { p.pipelines[0].dispatch.case_codes.clear(); }, "the dispatch has cases without codes"},
      {[](Plan& p) { p.pipelines[0].dispatch.case_codes[0] = {2, 0}; }, "codes of a case are not ascending"},
      {[](Plan& p) { p.pipelines[0].dispatch.case_codes[0] = {0, 9}; }, "a case has a code that its column lacks"},
      {[](Plan& p) {
         p.pipelines[0].dispatch.case_codes.push_back({0});
         p.pipelines[0].dispatch.cases.emplace_back();
       },
       "two cases have the same code"},
      {[](Plan& p) { p.pipelines[0].dispatch.always[0].accumulator = 99; },
       "an update names no accumulator or no condition"},
      {[](Plan& p) { p.pipelines[0].dispatch.always[0].guard = 7; }, "a2 is always updated under another guard"},
      {[](Plan& p) { p.pipelines[0].dispatch.always.push_back(p.pipelines[0].dispatch.always[0]); },
       "a2 is updated twice"},
      {[](Plan& p) { p.pipelines[0].dispatch.always.clear(); },
       "a2 is dispatched though its guard does not ask for a code"},
      {[](Plan& p) { p.pipelines[0].dispatch.cases[0][2].guard = 16; }, "a4 is updated in a case under another guard"},
      {[](Plan& p) { p.pipelines[0].dispatch.cases[0].pop_back(); }, "a4 is not updated for exactly its codes"},
      {[](Plan& p) { p.pipelines[0].dispatch.case_codes[0] = {0}; }, "a4 is not updated for exactly its codes"},
      {[&](Plan& p) { leaf(p, 7).a = 8; }, "formula x7 has parts that do not stand before it"},
      {[&](Plan& p) { leaf(p, 0).constant.reason = Reason::kNoRows; }, "formula x0 is an undefined constant"},
      {[&](Plan& p) { leaf(p, 0).constant.value = 1.0; }, "formula x0 is a constant of another type"},
      {[&](Plan& p) { leaf(p, 0).boolean = true; }, "formula x0 is both exact and a condition"},
      {[&](Plan& p) { leaf(p, 7).exact = false; }, "formula x7 has the wrong type"},
      {[&](Plan& p) { leaf(p, 8).exact = true; }, "formula x8 has the wrong type"},
      {[&](Plan& p) { leaf(p, 14).boolean = false; }, "formula x14 has the wrong type"},
      {[&](Plan& p) { leaf(p, 17).a = 8; }, "formula x17 has the wrong type"},
      {[&](Plan& p) { leaf(p, 9).window.period.count = 0; }, "formula x9 has an empty window"},
      {[&](Plan& p) { leaf(p, 12).domain = 9; }, "formula x12 names no domain"},
      {[&](Plan& p) { leaf(p, 11).grain = Grain::kWhole; }, "formula x11 collapses the whole range"},
      {[&](Plan& p) { leaf(p, 4).count = -1; }, "formula x4 counts its values though it is no mean, or does not"},
      {[&](Plan& p) { leaf(p, 4).count = 0; }, "formula x4 counts its values with no count"},
      {[&](Plan& p) { leaf(p, 1).finish = Finish::kMin; }, "formula x1 finishes another accumulation"},
      {[&](Plan& p) { leaf(p, 3).accumulator = 0; }, "formula x3 finishes another accumulation"},
      {[&](Plan& p) { leaf(p, 1).exact = false; }, "formula x1 has the wrong type"},
      {[&](Plan& p) { leaf(p, 1).accumulator = 77; }, "formula x1 names no accumulator"},
      {[&](Plan& p) { leaf(p, 1).key_space = 2; }, "formula x1 reads cells of another key space"},
      {[&](Plan& p) { leaf(p, 2).rows = 3; }, "formula x2 counts its rows with no count"},
      {[&](Plan& p) { leaf(p, 3).machine = 4; }, "formula x3 names no machine"},
      {[&](Plan& p) { leaf(p, 3).rows = 4; }, "formula x3 names no bit"},
      {[&](Plan& p) { leaf(p, 4).accumulator = 9; }, "formula x4 names no entry"},
      {[&](Plan& p) { leaf(p, 1).pipeline = 5; }, "formula x1 names no pipeline"},
      {[&](Plan& p) { leaf(p, 1).key_space = 9; }, "formula x1 names no key space"},
      {[&](Plan& p) { leaf(p, 13).streams = {}; }, "formula x13 lists other streams than it reads"},
      {[](Plan& p) { p.outputs[0].key_space = 9; }, "output all names no key space"},
      {[](Plan& p) { p.outputs[0].key_space = 1; }, "output all has the dimensions of other cells"},
      {[](Plan& p) { p.outputs[0].presence[0].pipeline = 9; }, "presence of output all names no count and no bit"},
      {[](Plan& p) { p.outputs[0].presence[0].index = 1; }, "presence of output all names no count and no bit"},
      {[](Plan& p) { p.outputs[0].presence[0].index = 2; }, "presence of output all is in cells of other dimensions"},
      {[](Plan& p) { p.outputs[0].formula = 99; }, "output all names no formula"},
      {[](Plan& p) { p.outputs[0].rank = 0; }, "output all ranks nothing, or what is not shown"},
      {[](Plan& p) { p.outputs.back().rank = 99; }, "output flag names no formula"},
      {[](Plan& p) { p.outputs[0].info.exact = true; }, "output all is shown as another type than its formula gives"},
      {[](Plan& p) { p.outputs[0].streams = {0, 1}; }, "output all lists other streams than it reads"},
      {[](Plan& p) { p.outputs[1].key_space = 0; }, "output both streams has groups without dimensions"},
      {[](Plan& p) { p.outputs[0].formula = 20; }, "formula x12 collapses an entity inside another"},
      {[](Plan& p) { p.key_spaces[0].grain = Grain::kMonth; }, "reads cells too coarse for output all"},
      {[](Plan& p) {
         p.outputs[1].formula = 3;
         p.outputs[1].streams = {0};
         p.outputs[1].info.exact = true;
       },
       "formula x3 reads cells of other dimensions than output both streams"},
      {[&](Plan& p) { leaf(p, 8).b = 4; }, "formula x4 is per entity where nothing collapses it, or is not"},
      {[&](Plan& p) { leaf(p, 12).domain = 0; }, "formula x4 is per another entity than what collapses it"},
      {[&](Plan& p) { leaf(p, 2).rows = -1; }, "formula x2 does not count its rows below a dimension"},
  };
  for (const Break& broken : breaks) {
    Plan plan = sound_plan();
    broken.change(plan);
    const std::string messages = joined(verify_plan(plan));
    INFO("wanted: ", broken.message, "\nfound:\n", messages);
    CHECK(messages.find(broken.message) != std::string::npos);
  }
}

TEST_CASE("the verifier names broken promises of rates") {
  const std::string spec = read_text(fs::path(ALIDADE_SOURCE_DIR) / "tests/plan/convert.metric");
  const auto of_kind = [](Plan& plan, FormulaKind kind) -> Formula& {
    return *std::find_if(plan.formulas.begin(), plan.formulas.end(), [&](const Formula& f) { return f.kind == kind; });
  };
  const auto rate_column = [](Plan& plan) -> ColumnUse& {
    auto& columns = plan.pipelines[0].columns;
    return *std::find_if(columns.begin(), columns.end(),
                         [](const ColumnUse& column) { return column.kind == ColumnKind::kRate; });
  };
  struct Break {
    std::function<void(Plan&)> change;
    const char* message;
  };
  const std::vector<Break> breaks = {
      {[](Plan& p) { p.rates[0].table = 9; }, "rate r0 is no exact field of a table"},
      {[](Plan& p) { p.rates[0].field = 0; }, "rate r0 is no exact field of a table"},
      {[](Plan& p) { p.rates[1] = p.rates[0]; }, "rate r1 is there twice"},
      {[&](Plan& p) { rate_column(p).rate = 9; }, "names no field"},
      {[&](Plan& p) { rate_column(p).nullable = false; }, "disagrees with its field on being optional"},
      {[&](Plan& p) { of_kind(p, FormulaKind::kRate).rate = 9; }, "names no rate"},
      {[&](Plan& p) { of_kind(p, FormulaKind::kRate).scale = 2; }, "has the wrong type"},
      {[&](Plan& p) { of_kind(p, FormulaKind::kRated).scale = 2; }, "has the wrong type"},
      {[](Plan& p) { p.unrated[0].index = 99; }, "rows without a rate are counted by no count"},
  };
  for (const Break& broken : breaks) {
    Plan plan = lowered(spec, ask_from(instruction(spec, "request")));
    broken.change(plan);
    const std::string messages = joined(verify_plan(plan));
    INFO("wanted: ", broken.message, "\nfound:\n", messages);
    CHECK(messages.find(broken.message) != std::string::npos);
  }
}

TEST_CASE("the verifier names broken promises of kept rows and their pipelines") {
  struct Break {
    std::function<void(Plan&)> change;
    const char* message;
  };
  const auto kept = [](Plan& p) -> Machine::Fold& { return p.pipelines[0].machines[0].folds[0]; };
  const std::vector<Break> breaks = {
      {[](Plan& p) { p.pipelines[1].source.pipeline = 1; }, "pipeline p1 stands before the one that it reads"},
      {[](Plan& p) { p.pipelines[1].source.machine = 7; }, "pipeline p1: its source is no machine"},
      {[](Plan& p) { p.pipelines[1].source.machine = 1; }, "pipeline p1: its source keeps no rows"},
      {[&](Plan& p) { kept(p).carried.pop_back(); }, "pipeline p1: its source lacks the field page"},
      {[&](Plan& p) { kept(p).carried[0] = 8; }, "m0 f0 carries what is no field"},
      {[&](Plan& p) { std::swap(kept(p).carried[0], kept(p).carried[1]); },
       "m0 f0 carries columns that are not ascending"},
      {[](Plan& p) { p.pipelines[0].machines[1].folds[0].carried = {0}; }, "m1 f0 carries columns of no row"},
      {[&](Plan& p) { kept(p).moment.time = 3; }, "m0 f0 has no time"},
      {[&](Plan& p) { kept(p).moment.order = 3; }, "m0 f0 has an order that is no number"},
      {[](Plan& p) { p.pipelines[0].accumulators[0].moment = {0, -1}; }, "a0 has a moment that it does not ask for"},
      {[](Plan& p) { p.pipelines[0].accumulators[1].kind = AL_LAST_ROW; }, "a1 keeps rows outside a machine"},
      {[&](Plan& p) { kept(p).input = 0; }, "m0 f0 keeps rows but has an input"},
      {[](Plan& p) { p.pipelines[0].machines[0].key_space_use = 0; }, "m0 f0 keeps rows in cells, or cells without"},
      {[](Plan& p) { p.formulas[5].machine = 0; }, "formula x5 reads a machine without cells"},
      {[](Plan& p) { p.formulas[4].row_dimensions = 2; },
       "formula x4 leaves dimensions to a row that it does not choose"},
  };
  const std::string spec = read_text(fs::path(ALIDADE_SOURCE_DIR) / "tests/plan/first_events.metric");
  for (const Break& broken : breaks) {
    Plan plan = lowered(spec, ask_from(instruction(spec, "request")));
    broken.change(plan);
    const std::string messages = joined(verify_plan(plan));
    INFO("wanted: ", broken.message, "\nfound:\n", messages);
    CHECK(messages.find(broken.message) != std::string::npos);
  }
}

TEST_CASE("costs follow from the plan") {
  CHECK(plan_costs(sound_plan()) ==
        "pipeline app: reads 9 columns, 41 bytes a row\n"
        "  every row: 12 operations, 5 updates\n"
        "  case \"buy\", other: 5 operations, 3 updates\n"
        "  cell of (day, plan): 3 accumulators, 48 bytes\n"
        "  cell of (day, plan, user.channel): 2 accumulators, 24 bytes\n"
        "  cell of (week): 3 accumulators, 16 bytes, and at most 16 bytes a row kept\n"
        "  entry of user: 3 bits, 3 values, 48 bytes, and at most 8 bytes a row kept; 2 operations a row\n"
        "pipeline spend: reads 1 columns, 8 bytes a row\n"
        "  every row: 0 operations, 1 updates\n"
        "  cell of (week): 1 accumulators, 32 bytes\n"
        "28 formulas for 4 outputs\n");
}

}  // namespace
}  // namespace alidade
