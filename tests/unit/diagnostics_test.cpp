// The registry of codes, the sink's order, likely typos, and both renderings.
// rooms: alidade_diagnostics
#include <doctest/doctest.h>

#include <cctype>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "compiler/diagnostics/junit.h"
#include "compiler/diagnostics/render.h"

using namespace alidade;

TEST_CASE("every code is unique, explained and has both examples or none") {
  std::set<int> numbers;
  std::set<std::string> names;
  REQUIRE(!all_codes().empty());
  for (const CodeInfo& info : all_codes()) {
    CAPTURE(std::string(info.name));
    int number = static_cast<int>(info.code);
    CHECK(number >= 1000);
    CHECK(number <= 8999);
    CHECK(numbers.insert(number).second);
    CHECK(names.insert(info.name).second);
    std::string title = info.title;
    CHECK(!title.empty());
    CHECK(title.back() != '.');
    CHECK(!std::isupper(static_cast<unsigned char>(title.front())));
    CHECK(std::string(info.explanation).size() > 20);
    CHECK(std::string(info.wrong).empty() == std::string(info.right).empty());
    CHECK(find_code(number) == &info);
  }
  CHECK(find_code(9999) == nullptr);
}

TEST_CASE("a word close to a candidate is a likely typo") {
  const std::vector<std::string_view> words = {"metric", "stream", "segment", "purchase", "größe", "is"};
  CHECK(did_you_mean("metrc", words) == "metric");
  CHECK(did_you_mean("mertic", words) == "metric");  // two neighbours swapped
  CHECK(did_you_mean("purchsae", words) == "purchase");
  CHECK(did_you_mean("gross", words) == "");        // two changes are too many for five letters
  CHECK(did_you_mean("größte", words) == "größe");  // letters count, not bytes
  CHECK(did_you_mean("in", words) == "");           // short words are too easily close
  CHECK(did_you_mean("revenue", words) == "");
  CHECK(did_you_mean("metric", {"metric"}) == "");  // the word itself is no typo
  CHECK(did_you_mean("x", {}) == "");
}

TEST_CASE("a typo is certain where one keystroke leads to one name alone") {
  const auto certain = [](std::string_view word, const std::vector<std::string_view>& words) {
    return likely_word(word, words).certain;
  };
  CHECK(certain("purchse", {"purchase", "signup"}));
  CHECK(certain("purchase", {"purchaes", "signup"}));
  CHECK(!certain("purchse", {"purchase", "purchases"}));  // two are close
  CHECK(!certain("prchse", {"purchase"}));                // two keystrokes
  CHECK(!certain("day7", {"day8"}));                      // another number is another thing
  CHECK(!certain("paid7", {"paid"}));
  CHECK(!certain("pad", {"paid"}));  // short words are too easily close
}

TEST_CASE("a fix is shown as the line that it makes, unless the help says it") {
  SourceFile file("s.metric", "a = 1\r\nb\n");
  DiagnosticSink sink;
  Diagnostic& d = sink.report(Code::equals_sign, file, {2, 3}, "odd");
  d.fixes.push_back({{2, 3}, "==", true});
  CHECK(render_text(d) ==
        "s.metric:1:3: error[AL2030]: odd\n"
        " 1 | a = 1\n"
        "   |   ^\n"
        "   = help: write\n"
        " 1 + a == 1\n");
  d.help = "write `==`";
  CHECK(render_text(d).find(" + ") == std::string::npos);
  d.help.clear();
  d.fixes = {{{5, 7}, "\n", false}};  // the line end itself
  CHECK(render_text(d).find("= help: perhaps this is meant\n 1 + a = 1\n 2 + b\n") != std::string::npos);
}

TEST_CASE("annotations escape what would end them, and stand errors first") {
  SourceFile file("a,b:c.metric", "x\n");
  DiagnosticSink sink;
  sink.report(Code::negated_missing, file, {0, 1}, "a warning");
  sink.report(Code::equals_sign, file, {0, 1}, "100%\nof it").help = "write\r==";
  const std::string text = render_github(sink, {"/home/ann/shop", "metrics"});
  CHECK(
      text.starts_with("::error file=metrics/a%2Cb%3Ac.metric,line=1,endLine=1,col=1,endColumn=1,title=AL2030%3A a "
                       "comparison is written `==`::100%25%0Aof it%0Ahelp: write%0D==\n::warning "));
}

TEST_CASE("paths are shown from the repository's root") {
  const ReportRoot root{"/home/ann/shop", "metrics/eu"};
  CHECK(root.path("a.metric") == "metrics/eu/a.metric");
  CHECK(root.path("../a.metric") == "metrics/a.metric");
  CHECK(root.path("/home/ann/shop/b.metric") == "b.metric");
  CHECK(root.path("/home/bob/b.metric") == "/home/bob/b.metric");
  CHECK(ReportRoot{}.path("a.metric") == "a.metric");
}

TEST_CASE("JUnit's XML escapes its signs and has no characters that XML lacks") {
  TestReport report;
  report.name = "a<b>&\"'\x01\xFFä\n";
  report.file = "a.metric";
  report.failure = "found 1\ttab";
  const std::string text = render_junit({report});
  CHECK(text.find("name=\"a&#60;b&#62;&#38;&#34;&#39;\uFFFD\uFFFDä&#10;\"") != std::string::npos);
  CHECK(text.find("message=\"found 1&#9;tab\"") != std::string::npos);
}

TEST_CASE("SARIF encodes paths and keeps those outside the root whole") {
  SourceFile inside("a b/ü%.metric", "x\n"), outside("/tmp/x.metric", "y\n");
  DiagnosticSink sink;
  sink.report(Code::equals_sign, inside, {0, 1}, "one");
  sink.report(Code::equals_sign, outside, {0, 1}, "two");
  const nlohmann::json run = nlohmann::json::parse(render_sarif(sink, {"/home/ann", ""}, "1.2.3"))["runs"][0];
  const auto artifact = [&](size_t i) {
    return run["results"][i]["locations"][0]["physicalLocation"]["artifactLocation"];
  };
  CHECK(artifact(0)["uri"] == "a%20b/%C3%BC%25.metric");
  CHECK(artifact(0)["uriBaseId"] == "SRCROOT");
  CHECK(artifact(1)["uri"] == "file:///tmp/x.metric");
  CHECK(!artifact(1).contains("uriBaseId"));
  CHECK(run["originalUriBaseIds"]["SRCROOT"]["uri"] == "file:///home/ann/");
  CHECK(run["tool"]["driver"]["rules"].size() == 1);
}

TEST_CASE("the sink sorts by file, then place") {
  SourceFile a("a.metric", "one\ntwo\n"), b("b.metric", "three\n");
  DiagnosticSink sink;
  CHECK(!sink.has_errors());
  sink.report(Code::unexpected, b, {0, 1}, "third");
  sink.report(Code::unexpected, a, {4, 5}, "second");
  sink.report(Code::unexpected, a, {0, 1}, "first");
  sink.sort();
  CHECK(sink.has_errors());
  CHECK(sink.all()[0].message == "first");
  CHECK(sink.all()[1].message == "second");
  CHECK(sink.all()[2].message == "third");
}

TEST_CASE("text shows the line, a caret and labels") {
  SourceFile file("spec.metric", "stream äpp {\n\ttime ts\nmetric x = 1\n");
  DiagnosticSink sink;
  Diagnostic& d = sink.report(Code::unclosed_brace, file, {12, 13}, "this brace is never closed");
  d.labels.push_back({{23, 29}, "the next declaration starts here"});
  d.help = "close it";
  CHECK(render_text(d) ==
        "spec.metric:1:12: error[AL2003]: this brace is never closed\n"
        " 1 | stream äpp {\n"
        "   |            ^\n"
        " 3 | metric x = 1\n"
        "   | ------ the next declaration starts here\n"
        "   = help: close it\n");
  std::string coloured = render_text(d, true);
  CHECK(coloured.find("\033[") != std::string::npos);
  std::string plain;
  for (size_t i = 0; i < coloured.size(); ++i) {
    if (coloured[i] == '\033')
      i = coloured.find('m', i);
    else
      plain += coloured[i];
  }
  CHECK(plain == render_text(d));
}

TEST_CASE("a label on the same line stands under the caret, a tab is one column, a place at the end is shown") {
  SourceFile file("s.metric", "\tabc def");
  DiagnosticSink sink;
  Diagnostic& d = sink.report(Code::unexpected, file, {8, 8}, "ends");
  d.labels.push_back({{1, 4}, "here"});
  CHECK(render_text(d) ==
        "s.metric:1:9: error[AL2007]: ends\n"
        " 1 |  abc def\n"
        "   |         ^\n"
        "   |  --- here\n");
}

TEST_CASE("a very long line is cut around the mark") {
  SourceFile file("s.metric", std::string(100000, 'x') + "!" + std::string(100000, 'y'));
  DiagnosticSink sink;
  Diagnostic& d = sink.report(Code::unexpected, file, {100000, 100001}, "odd");
  std::string text = render_text(d);
  CHECK(text.size() < 1000);
  size_t line = text.find(" 1 | "), carets = text.find("   | ", line + 5);
  size_t mark = text.find('!', line), caret = text.find('^', carets);
  CHECK(mark - line - 2 == caret - carets);  // the ellipsis has three bytes and one column
}

TEST_CASE("a diagnostic without a file has no place") {
  Diagnostic d{Code::not_utf8, Severity::kWarning};
  d.message = "odd";
  CHECK(render_text(d) == "warning[AL1001]: odd\n");
}

TEST_CASE("JSON Lines carry every part") {
  SourceFile file("spec.metric", "metric x = \"ä\" = 1\n");
  DiagnosticSink sink;
  Diagnostic& d = sink.report(Code::equals_sign, file, {16, 17}, "a comparison is written `==`");
  d.fixes.push_back({{16, 17}, "==", true});
  d.labels.push_back({{0, 6}, "in this metric"});
  std::string line = render_json(d);
  CHECK(line.back() == '\n');
  CHECK(line.find('\n') == line.size() - 1);
  nlohmann::json json = nlohmann::json::parse(line);
  CHECK(json["code"] == "AL2030");
  CHECK(json["severity"] == "error");
  CHECK(json["file"] == "spec.metric");
  CHECK(json["line"] == 1);
  CHECK(json["column"] == 16);
  CHECK(json["end_column"] == 17);
  CHECK(json["begin"] == 16);
  CHECK(json["fixes"][0]["replacement"] == "==");
  CHECK(json["fixes"][0]["certain"] == true);
  CHECK(json["labels"][0]["text"] == "in this metric");
}
