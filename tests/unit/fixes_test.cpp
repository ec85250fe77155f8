// Certain fixes: put into a wrong example they take its error away, they leave right ones alone, and what SQL users
// write becomes what they meant.
// rooms: alidade_sema
#include "compiler/diagnostics/fixes.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>
#include <string>

#include "compiler/sema/analyse.h"

namespace alidade {
namespace {

struct Checked {
  DiagnosticSink sink;
  Syntax syntax;
  explicit Checked(const std::string& text) : syntax(parse("example.metric", text, sink)) {
    analyse(syntax, sink);
    sink.sort();
  }
  bool has(Code code) const {
    return std::any_of(sink.all().begin(), sink.all().end(), [&](const Diagnostic& d) { return d.code == code; });
  }
};

/// Mended until nothing certain is left; `steps` counts the fixes.
std::string mended(std::string text, size_t* steps) {
  for (int round = 0; round < 20; ++round) {
    const Checked checked(text);
    FixedText fixed = apply_fixes(*checked.syntax.source, checked.sink);
    *steps += fixed.applied.size();
    if (fixed.applied.empty()) break;
    text = std::move(fixed.text);
  }
  return text;
}

// Those whose example has nothing but the one mistake, which can be meant in one way only.
const std::set<Code> kMendsItself = {Code::declaration_in_line, Code::upper_case_word,  Code::equals_sign,
                                     Code::sql_not_equal,       Code::single_quotes,    Code::sql_comment,
                                     Code::symbol_word,         Code::sql_between,      Code::case_when,
                                     Code::count_distinct,      Code::number_form,      Code::null_comparison,
                                     Code::query_word,          Code::not_a_percentage, Code::function_elsewhere};

TEST_CASE("a certain fix takes its error away, and a right example has none") {
  for (const CodeInfo& info : all_codes()) {
    CAPTURE(std::string(info.name));
    size_t steps = 0;
    const std::string result = mended(info.wrong, &steps);
    if (steps > 0) CHECK(!Checked(result).has(info.code));
    if (kMendsItself.contains(info.code)) CHECK(steps > 0);
    steps = 0;
    CHECK(mended(info.right, &steps) == info.right);
    CHECK(steps == 0);
  }
}

/// The formula of a metric, mended.
std::string metric(const std::string& formula) {
  const std::string spec =
      "stream app {\n  time ts : timestamp\n  entity user : text\n  plan : text\n  url : text?\n  age : integer\n"
      "  amount : money(USD)\n}\n"
      "metric m = ";
  size_t steps = 0;
  const std::string result = mended(spec + formula + "\n", &steps);
  CHECK(steps > 0);
  CHECK_MESSAGE(!Checked(result).sink.has_errors(), result);
  return result.substr(spec.size(), result.size() - spec.size() - 1);
}

TEST_CASE("what SQL users write becomes what they meant") {
  CHECK(metric("count(app where url = null)") == "count(app where url is null)");
  CHECK(metric("count(app where url <> NULL)") == "count(app where url is not null)");
  CHECK(metric("count(app where url isnull)") == "count(app where url is null)");
  CHECK(metric("count(app where plan = 'a' AND url IS NOT NULL)") ==
        "count(app where plan == \"a\" and url is not null)");
  CHECK(metric("count(app where plan <> 'it\"s')") == "count(app where plan != \"it\\\"s\")");
  CHECK(metric("count(app where plan is 'a')") == "count(app where plan == \"a\")");
  CHECK(metric("count(app where plan is not 'a')") == "count(app where plan != \"a\")");
  CHECK(metric("count(app where plan === \"a\")") == "count(app where plan == \"a\")");
  CHECK(metric("count(app where plan like 'a')") == "count(app where plan == \"a\")");
  CHECK(metric("count(app where plan == “a”)") == "count(app where plan == \"a\")");
  CHECK(metric("count(app where !(plan == \"a\") || age > 3)") == "count(app where not (plan == \"a\") or age > 3)");
  CHECK(metric("count(app where age between 3 and 5)") == "count(app where age >= 3 and age <= 5)");
  CHECK(metric("count(app where age not between 3 and 5)") == "count(app where not (age >= 3 and age <= 5))");
  CHECK(metric("count(app where not age between 3 and 5)") == "count(app where not (age >= 3 and age <= 5))");
  CHECK(metric("count(app where amount BETWEEN 3 USD AND 5 USD or age > 1)") ==
        "count(app where amount >= 3 USD and amount <= 5 USD or age > 1)");
  CHECK(metric("count(distinct app.user)") == "unique(app.user)");
  CHECK(metric("COUNT(DISTINCT app.user)") == "unique(app.user)");
  CHECK(metric("AVG(app.amount)") == "mean(app.amount)");
  CHECK(metric("ifnull(avg(app.age), 0)") == "coalesce(mean(app.age), 0)");
  CHECK(metric("percentile(app.age, 95)") == "percentile(app.age, 95%)");
  CHECK(metric("percentile(app.age, 0.5)") == "percentile(app.age, 50%)");
  CHECK(metric("percentile(app.age, 0.999)") == "percentile(app.age, 99.9%)");
  CHECK(metric("count(app) group by plan") == "count(app) by plan");
  CHECK(metric("case when count(app) > 5 then 2 when count(app) > 3 then 1 else 0 end") ==
        "if count(app) > 5 then 2 else if count(app) > 3 then 1 else 0");
  CHECK(metric("sum(CASE WHEN app.plan = 'a' THEN app.amount ELSE app.amount * 2 END)") ==
        "sum(if app.plan == \"a\" then app.amount else app.amount * 2)");
  CHECK(metric("sum(app.amuont)") == "sum(app.amount)");
  CHECK(metric("count(app)  // what the team's dashboard shows") == "count(app)  # what the team's dashboard shows");
}

TEST_CASE("what could mean something else is left to its author") {
  for (const char* formula :
       {"count(*)", "count(app where plan like 'a%')", "count(app) having 5", "percentile(app.age, 1)",
        "case when count(app) > 5 then 1 end", "sum(app.ages)", "count(app where plan not like \"a\")",
        "count(app) over (partition by plan)", "count(1,000)"}) {
    CAPTURE(std::string(formula));
    const Checked checked(
        "stream app {\n  time ts : timestamp\n  entity user : text\n  plan : text\n  age : integer\n"
        "  aged : integer\n}\nmetric m = " +
        std::string(formula) + "\n");
    CHECK(checked.sink.has_errors());
    for (const Diagnostic* d : apply_fixes(*checked.syntax.source, checked.sink).applied) {
      CHECK(d->code == Code::single_quotes);  // beside the mistake
    }
  }
}

TEST_CASE("of fixes that overlap the first is applied") {
  const SourceFile file("s.metric", "abcdef", 100);
  DiagnosticSink sink;
  const auto add = [&](uint32_t begin, uint32_t end, const char* text, bool certain) {
    sink.report(Code::unexpected, file, {begin, end}, "odd").fixes.push_back({{begin, end}, text, certain});
  };
  add(101, 104, "X", true);
  add(103, 105, "Y", true);
  add(105, 105, "Z", true);
  add(105, 105, "W", true);
  add(100, 101, "Q", false);
  const FixedText fixed = apply_fixes(file, sink);
  CHECK(fixed.text == "aXeZf");
  CHECK(fixed.applied.size() == 2);
}

}  // namespace
}  // namespace alidade
