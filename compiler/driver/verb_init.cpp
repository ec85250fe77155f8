// init: a new project that passes its own tests, with data to run on at once. Door: verbs.h.
#include <fmt/format.h>

#include <cstdint>
#include <cstdio>
#include <filesystem>

#include "compiler/diagnostics/diagnostic.h"
#include "compiler/driver/specs.h"
#include "compiler/driver/verbs.h"
#include "compiler/driver/write_file.h"

namespace alidade {
namespace {

namespace fs = std::filesystem;

constexpr const char* kProject =
    R"(# Where this project's data is. Paths are relative to this file; *.parquet and folders work too.
specs = ["*.metric"]

[sources.app]
path = "data/app.csv"

# Another set of data under a name: alidade run --profile live
# [profiles.live.sources.app]
# path = "/data/app/*.parquet"
)";

constexpr const char* kSpec =
    R"(## A small shop. Change the stream to the columns you have, then the metrics to what you want to know.
module shop

calendar { zone "UTC"; week starts monday }

## What visitors do, one row each.
stream app {
  time   at       : timestamp
  entity user     : text
  id     event_id : text
  name            : one_of("signup", "visit", "purchase")
  plan            : one_of("free", "pro")
  amount          : money(USD)?
}

event signup   = app where name == "signup"
event visit    = app where name == "visit"
event purchase = app where name == "purchase"

## Money taken.
metric revenue       = sum(purchase.amount)
## People who bought something.
metric buyers        = unique(purchase.user)
## People who did anything.
metric active        = unique(app.user)
metric arpu          = revenue / active
## Active people of the last seven days, seen from each bucket's end.
metric wau           = unique(app.user) over last 7 days
## What a typical buyer spends: summed per buyer first, then the middle one.
metric typical_buyer = median(sum(purchase.amount) per user)

test "a copy of an event counts once" {
  given app
    | at               | user | event_id | name     | plan | amount |
    | 2026-01-05 10:00 | ann  | e1       | purchase | free | 10     |
    | 2026-01-05 10:00 | ann  | e1       | purchase | free | 10     |
    | 2026-01-06 09:00 | bob  | e2       | purchase | pro  | 4.50   |
    | 2026-01-06 11:00 | eve  | e3       | visit    | free |        |
  expect revenue on 2026-01-05 == 10 USD
  expect revenue == 14.50 USD
  expect buyers == 2
  expect active == 3
  expect typical_buyer == 7.25 USD
}
)";

/// A small sequence that is the same everywhere (Lehmer, 48271).
class Sequence {
 public:
  /// 0 … below - 1
  uint32_t next(uint32_t below) {
    state_ = state_ * 48271 % 2147483647;
    return static_cast<uint32_t>(state_ % below);
  }

 private:
  uint64_t state_ = 7;
};

/// Eight weeks of 40 people from Monday 2026-01-05: they sign up over time, visit, and sometimes buy.
std::string sample_data() {
  constexpr int kDays = 56, kPeople = 40;
  constexpr int kMonthDays[] = {31, 28, 31};
  static constexpr const char* kPrices[] = {"4.99", "9.99", "19.00", "49.50"};
  Sequence sequence;
  std::string text = "at,user,event_id,name,plan,amount\n";
  int event = 0;
  for (int day = 0; day < kDays; ++day) {
    int month = 0, of_month = 4 + day;
    while (of_month >= kMonthDays[month]) of_month -= kMonthDays[month++];
    for (int person = 0; person < kPeople; ++person) {
      const int joined = person * person / 30;  // 0 … 50
      const bool joins = joined == day;
      const uint32_t dice = sequence.next(100), hour = 8 + sequence.next(14), price = sequence.next(4);
      if (joined > day || (!joins && dice >= 30)) continue;
      const char* name = joins ? "signup" : dice < 6 ? "purchase" : "visit";
      text += fmt::format("2026-{:02}-{:02} {:02}:{:02},person{:02},e{},{},{},{}\n", month + 1, of_month + 1, hour,
                          sequence.next(60), person, ++event, name, person % 4 == 0 ? "pro" : "free",
                          dice < 6 && !joins ? kPrices[price] : "");
    }
  }
  return text;
}

struct NewFile {
  fs::path path;
  std::string text;
};

}  // namespace

int verb_init(const InitArguments& arguments, const Terminal& terminal) {
  if (!arguments.from.empty()) return draft_project(arguments, terminal);
  const fs::path folder = arguments.folder;
  const NewFile files[] = {{folder / "alidade.toml", kProject},
                           {folder / "shop.metric", kSpec},
                           {folder / "data" / "app.csv", sample_data()}};
  std::error_code problem;
  for (const NewFile& file : files) {
    if (!fs::exists(file.path, problem)) continue;
    return report_error(
        {static_cast<int>(Code::file_in_the_way), file.path.string() + " is there already; nothing was written", {}},
        terminal);
  }
  fs::create_directories(folder / "data", problem);
  if (problem) {
    return report_error({static_cast<int>(Code::output_not_written),
                         fmt::format("cannot make the folder {}: {}", (folder / "data").string(), problem.message()),
                         {}},
                        terminal);
  }
  for (const NewFile& file : files) {
    const Status written = write_file(file.path.string(), file.text);
    if (!written) return report_error(written.error(), terminal);
  }
  const std::string enter = arguments.folder == "." ? "" : fmt::format("  cd {}\n", arguments.folder);
  std::fputs(fmt::format("made alidade.toml, shop.metric and data/app.csv in {}; next:\n{}"
                         "  alidade test\n  alidade run\n  alidade run revenue buyers arpu --per week --by plan\n",
                         arguments.folder == "." ? "this folder" : arguments.folder, enter)
                 .c_str(),
             stderr);
  return kClean;
}

}  // namespace alidade
