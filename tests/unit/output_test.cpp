// The table, CSV, JSON, Markdown and typed rows of a result: compiler/driver/output.
// rooms: alidade_driver
#include "compiler/driver/output.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

namespace alidade {
namespace {

constexpr Instant kDay = 86400LL * 1000000;
constexpr Instant kMonday = 20458 * kDay;  // 2026-01-05 00:00 UTC

CellValue exact(int64_t value) { return {Reason::kNone, static_cast<int128>(value)}; }
CellValue number(double value) { return {Reason::kNone, value}; }
CellValue none(Reason reason) { return {reason, false}; }

MetricInfo info(const char* name, ShownKind kind, bool is_exact, int scale, const char* unit, Grain grain,
                std::vector<std::string> dimensions) {
  MetricInfo result;
  result.name = name;
  result.kind = kind;
  result.exact = is_exact;
  result.scale = scale;
  result.unit = unit;
  result.grain = grain;
  result.dimensions = std::move(dimensions);
  return result;
}

ModuleResult two_days() {
  ResultSet result;
  result.metrics = {info("revenue", ShownKind::kMoney, true, 6, "USD", Grain::kDay, {"plan"}),
                    info("arpu", ShownKind::kMoney, false, 0, "USD per user", Grain::kDay, {"plan"}),
                    info("rate", ShownKind::kPercent, false, 0, "", Grain::kDay, {"plan"})};
  const Interval one{kMonday, kMonday + kDay}, two{kMonday + kDay, kMonday + 2 * kDay};
  const DimensionValue pro = std::string("pro"), missing = std::monostate();
  result.rows = {{0, one, {pro}, false, exact(1234567500000), false},
                 {0, one, {missing}, false, exact(0), false},
                 {0, two, {pro}, false, exact(12500000), true},
                 {1, one, {pro}, false, number(12.3456), false},
                 {1, one, {missing}, false, none(Reason::kNoDenominator), false},
                 {1, two, {pro}, false, number(2.5), true},
                 {2, one, {pro}, false, number(0.375), false},
                 {2, one, {missing}, false, none(Reason::kNoData), false},
                 {2, two, {pro}, false, number(0.05), false}};
  StreamReport app;
  app.stream = "app";
  app.rows = 1200;
  app.duplicates = 1;
  app.covered = true;
  app.first = kMonday;
  app.last = kMonday + kDay;
  result.streams = {app};
  result.zone = "UTC";
  result.tz_version = "2025b";
  result.engine = "native";
  return {"shop", result, *Calendar::open({})};
}

TEST_CASE("a table aligns numbers, marks partial values and explains what is undefined") {
  CHECK(table_text({two_days()}, {}) ==
        "day         plan        revenue          arpu   rate\n"
        "                            USD  USD per user\n"
        "2026-01-05  pro   1,234,567.50         12.35   37.5%\n"
        "2026-01-05  –             0.00            –²      –¹\n"
        "2026-01-06  pro          12.50~         2.50~   5.0%\n"
        "\n"
        "~ partial: not finished yet, cut by the range, or reaching before the data\n"
        "–¹ no_data: outside the time that the data covers\n"
        "–² no_denominator: a division by zero\n"
        "app: 1,200 rows, 2026-01-05 to 2026-01-06; 1 duplicate left out\n"
        "times in UTC (tz 2025b), weeks start on Monday; native engine\n");
}

TEST_CASE("a narrow terminal gets several tables, each with its keys") {
  Terminal narrow;
  narrow.columns = 32;
  const std::string text = table_text({two_days()}, narrow);
  CHECK(text.find("day         plan        revenue\n") != std::string::npos);
  CHECK(text.find("day         plan          arpu\n") != std::string::npos);
}

TEST_CASE("metrics over the whole range are a list") {
  ResultSet result;
  result.metrics = {info("buyers", ShownKind::kInteger, true, 0, "users", Grain::kWhole, {}),
                    info("time", ShownKind::kDuration, true, 0, "time per user", Grain::kWhole, {})};
  const Interval range{kMonday, kMonday + 7 * kDay};
  result.rows = {{0, range, {}, false, exact(12345), false}, {1, range, {}, false, exact(900000000), false}};
  result.zone = "UTC";
  CHECK(table_text({{"shop", result, *Calendar::open({})}}, {})
            .find("2026-01-05 to 2026-01-12, the end left out\n"
                  "metric  value\n"
                  "buyers  12,345 users\n"
                  "time    15 min per user\n") == 0);
}

TEST_CASE("CSV has long rows with every digit") {
  const std::string text = csv_text({two_days()});
  CHECK(text.find("metric,grain,bucket,plan,value,unit,reason,partial\n"
                  "revenue,day,2026-01-05,pro,1234567.5,USD,,false\n"
                  "revenue,day,2026-01-05,,0,USD,,false\n"
                  "revenue,day,2026-01-06,pro,12.5,USD,,true\n"
                  "arpu,day,2026-01-05,pro,12.3456,USD per user,,false\n"
                  "arpu,day,2026-01-05,,,USD per user,no_denominator,false\n") == 0);
  CHECK(csv_text({two_days(), two_days()}).find("shop.revenue,day") != std::string::npos);
}

TEST_CASE("CSV quotes what needs it") {
  ModuleResult module = two_days();
  module.result.rows.resize(1);
  module.result.rows[0].dimensions[0] = std::string("a \"b\", c");
  CHECK(csv_text({module}).find(",\"a \"\"b\"\", c\",") != std::string::npos);
}

TEST_CASE("JSON has the rows and what the run rests on, and survives broken UTF-8") {
  ModuleResult module = two_days();
  module.result.rows[0].dimensions[0] = std::string("\xff!");
  const nlohmann::json json = nlohmann::json::parse(json_text({module}), nullptr, false);
  REQUIRE(!json.is_discarded());
  CHECK(json["modules"][0]["zone"] == "UTC");
  CHECK(json["modules"][0]["streams"][0]["duplicates"] == 1);
  CHECK(json["metrics"][1]["unit"] == "USD per user");
  CHECK(json["rows"].size() == 9);
  CHECK(json["rows"][0]["value"] == 1234567.5);
  CHECK(json["rows"][1]["dimensions"]["plan"].is_null());
  CHECK(json["rows"][4]["value"].is_null());
  CHECK(json["rows"][4]["reason"] == "no_denominator");
  CHECK(json["rows"][2]["partial"] == true);
  CHECK(json["rows"][2]["start"] == "2026-01-06T00:00:00Z");
}

TEST_CASE("what was summed inexactly is named") {
  ModuleResult module = two_days();
  CHECK(inexact_note(module.result).empty());
  CHECK_FALSE(nlohmann::json::parse(about_text({module}))[0].contains("inexact"));
  module.result.metrics[1].plain_sums = true;
  CHECK(table_text({module}, {}).find("\nsummed inexactly (`exact = false`): arpu\n") != std::string::npos);
  CHECK(nlohmann::json::parse(about_text({module}))[0]["inexact"] == nlohmann::json({"arpu"}));
}

TEST_CASE("the other groups of a top are told from a value that is called so") {
  ModuleResult module = two_days();
  module.result.metrics = {module.result.metrics[0]};
  module.result.metrics[0].top = 1;
  module.result.rows.resize(2);
  module.result.rows[0].dimensions[0] = std::string("other");
  module.result.rows[1].other = true;
  CHECK(csv_text({module}).find("revenue,day,2026-01-05,other,1234567.5,USD,,false\n"
                                "revenue,day,2026-01-05,(other),0,USD,,false\n") != std::string::npos);
  const nlohmann::json json = nlohmann::json::parse(json_text({module}), nullptr, false);
  REQUIRE(!json.is_discarded());
  CHECK(json["metrics"][0]["top"] == 1);
  CHECK(json["rows"][0]["other"] == false);
  CHECK(json["rows"][0]["dimensions"]["plan"] == "other");
  CHECK(json["rows"][1]["other"] == true);
  CHECK(json["rows"][1]["dimensions"]["plan"].is_null());
  CHECK(table_text({module}, {}).find("2026-01-05  (other)") != std::string::npos);
}

TEST_CASE("text takes the columns that a terminal gives it") {
  CHECK(text_columns("–¹") == 2);
  CHECK(text_columns("日本") == 4);
  CHECK(text_columns("e\u0301") == 1);
  CHECK(pad_left("é", 3) == "  é");
  CHECK(pad_right("é", 3) == "é  ");
}

TEST_CASE("Markdown: a table, its cells without markup") {
  ModuleResult module = two_days();
  module.result.rows[0].dimensions = {std::string("a|b*c")};
  const std::string text = markdown_text({module});
  CHECK(text.substr(0, text.find('\n', text.find("a\\|"))) ==
        "| day | plan | revenue (USD) | arpu (USD per user) | rate |\n|---|---|---:|---:|---:|\n"
        "| 2026-01-05 | a\\|b\\*c | 1,234,567.50 |  |  |");
  CHECK(text.find("\n- app: 1,200 rows") != std::string::npos);
}

TEST_CASE("typed rows: exact values have one scale, in as many digits as they need") {
  ModuleResult module = two_days();
  const auto column = [](const Batch& batch, const char* name) {
    for (int64_t i = 0; i < batch.schema.n_children; ++i) {
      if (std::string(batch.schema.children[i]->name) == name) return i;
    }
    return int64_t{-1};
  };
  const Batch narrow = result_rows({module});
  std::string names;
  for (int64_t i = 0; i < narrow.schema.n_children; ++i) names += std::string(narrow.schema.children[i]->name) + " ";
  CHECK(names == "metric grain bucket start end plan value exact unit reason partial ");
  const int64_t exact_column = column(narrow, "exact");
  CHECK(std::string(narrow.schema.children[exact_column]->format) == "d:38,6");
  CHECK(narrow.array.children[exact_column]->null_count == 6);
  CHECK(static_cast<const int128*>(narrow.array.children[exact_column]->buffers[1])[0] == int128{1234567500000});
  CHECK(narrow.array.children[column(narrow, "value")]->null_count == 2);
  CHECK(static_cast<const double*>(narrow.array.children[column(narrow, "value")]->buffers[1])[0] == 1234567.5);
  CHECK(narrow.array.children[column(narrow, "plan")]->null_count == 3);
  CHECK(narrow.array.children[column(narrow, "reason")]->null_count == 7);

  module.result.metrics[0].scale = 6;
  module.result.metrics[1].exact = true;
  module.result.metrics[1].scale = 10;
  module.result.rows[0].value = {Reason::kNone, int128{1} << 126};
  module.result.rows[1].value = {Reason::kNone, -(int128{1} << 126)};
  const Batch wide = result_rows({module});
  CHECK(std::string(wide.schema.children[exact_column]->format) == "d:76,10,256");
  const auto* limbs = static_cast<const uint64_t*>(wide.array.children[exact_column]->buffers[1]);
  CHECK(std::vector<uint64_t>(limbs, limbs + 8) ==
        std::vector<uint64_t>{0, 0, 2500, 0, 0, 0, static_cast<uint64_t>(-2500), ~uint64_t{0}});
}

}  // namespace
}  // namespace alidade
