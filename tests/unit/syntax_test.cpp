// Parsing: the tree of every form, each message, limits, and that no text whatever brings the parser down.
// rooms: alidade_syntax
#include <doctest/doctest.h>

#include <fstream>
#include <random>
#include <sstream>
#include <string>

#include "compiler/diagnostics/render.h"
#include "compiler/syntax/layout.h"
#include "compiler/syntax/literals.h"
#include "compiler/syntax/parse.h"

using namespace alidade;

namespace {

std::string read(const std::string& path) {
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}
std::string sample() { return read(std::string(ALIDADE_SOURCE_DIR) + "/tests/unit/forms.metric"); }

struct Parsed {
  DiagnosticSink sink;
  Syntax syntax;
  explicit Parsed(std::string text) { syntax = parse("spec.metric", std::move(text), sink); }
  std::string dump() const { return dump_ast(syntax); }
  size_t errors() const { return sink.all().size(); }
  std::string messages() const { return render_text(sink); }
};

/// What the one diagnostic of a text is; "" if there is none, all of them if there are several.
std::string only_message(const std::string& text) {
  Parsed parsed(text);
  if (parsed.errors() != 1) return parsed.messages();
  const Diagnostic& d = parsed.sink.all()[0];
  LineColumn at = d.file->position(d.span.begin);
  return code_text(d.code) + " " + std::to_string(at.line) + ":" + std::to_string(at.column) + " " + d.message;
}
std::string metric(const std::string& formula) { return "metric x = " + formula + "\n"; }
/// The dump of a formula, on one line.
std::string tree(const std::string& formula) {
  Parsed parsed(metric(formula));
  if (parsed.errors() > 0) return parsed.messages();
  std::string dump = parsed.dump();
  std::string line, out;
  std::istringstream lines(dump);
  std::vector<size_t> depths;
  std::getline(lines, line);
  while (std::getline(lines, line)) {
    size_t depth = line.find_first_not_of(' ');
    while (!depths.empty() && depths.back() >= depth) {
      out += ")";
      depths.pop_back();
    }
    if (!out.empty() && out.back() != '(') out += " ";
    out += "(" + line.substr(depth);
    depths.push_back(depth);
  }
  return out + std::string(depths.size(), ')');
}

}  // namespace

TEST_CASE("the sample of all forms parses without a message and leaves nothing out") {
  Parsed parsed(sample());
  CHECK(parsed.messages() == "");
  CHECK(parsed.syntax.file.unread.empty());
  CHECK(parsed.syntax.file.decls.size() == 86);
}

TEST_CASE("the sample has one reading") {
  DiagnosticSink sink;
  CHECK(find_ambiguities(sample()) == std::vector<std::string>{});
}

TEST_CASE("operators bind as the reference says") {
  CHECK(tree("a + b * c") == "(+ (name a) (* (name b) (name c)))");
  CHECK(tree("a - b - c") == "(- (- (name a) (name b)) (name c))");
  CHECK(tree("a / b per user") == "(/ (name a) (per user (name b)))");
  CHECK(tree("-a over last 7 days") == "(negate (over last 7 days (name a)))");
  CHECK(tree("a at 1 month ago + b") == "(+ (at 1 month ago (name a)) (name b))");
  CHECK(tree("not a == b and c") == "(and (not (== (name a) (name b))) (name c))");
  CHECK(tree("app where a or b") == "(where (name app) (or (name a) (name b)))");
  CHECK(tree("if a then b else c + d") == "(if (name a) (name b) (+ (name c) (name d)))");
  CHECK(tree("x.sum(a = 1).y[z]") ==
        "(segment (member y (call (member sum (name x)) (named a (literal 1)))) (name z))");
  CHECK(tree("w within 7 days after first(s) or v") ==
        "(or (within 7 days (name w) (call (name first) (name s))) (name v))");
  CHECK(tree("share(a of b assuming \"same\")") == "(call (name share) (share assuming \"same\" (name a) (name b)))");
  CHECK(tree("f(a -> b, within = 7 days)") ==
        "(call (name f) (span (name a) (name b)) (named within (literal 7 days)))");
  CHECK(tree("x not in (1, 2.50, 3%)") == "(not in (name x) (literal 1) (literal 2.50) (literal 3%))");
  CHECK(tree("x is not null") == "(not is null (name x))");
  CHECK(tree("x over fiscal quarter to date") == "(over fiscal quarter to date (name x))");
  CHECK(tree("x at same week last year same elapsed") == "(at same week last year same elapsed (name x))");
  CHECK(tree("user reached checkout.cart") == "(reached checkout.cart (name user))");
  CHECK(tree("1_250_000.50 + 1.2 M USD") == "(+ (literal 1250000.50) (literal 1.2 M USD))");
}

TEST_CASE("soft words are names") {
  CHECK(tree("count.day + first.share + at.by + last") ==
        "(+ (+ (+ (member day (name count)) (member share (name first))) (member by (name at))) (name last))");
  Parsed parsed(
      "stream app {\n  time at : timestamp\n  time : text\n  event : text\n  count : integer\n  late : text\n"
      "  unit : text\n  owner : text\n  from : text from \"from\"\n}\n");
  CHECK(parsed.messages() == "");
  CHECK(parsed.syntax.file.decls[0].stream->fields.size() == 8);
}

TEST_CASE("texts know their escapes, names their letters") {
  Parsed parsed(
      "metric größe = f(\"a\\\"b\\\\c\\n\\u{e4}\")\nmetric gro\xCC\x88\xC3\x9F"
      "e = 1\n");
  REQUIRE(parsed.messages() == "");
  const ast::Decl& first = parsed.syntax.file.decls[0];
  CHECK(first.metric->value->args[0].value->literal->text == "a\"b\\c\nä");
  CHECK(first.name.name == parsed.syntax.file.decls[1].name.name);  // composed and decomposed are one name
}

TEST_CASE("names are letters, marks and digits of any script, and nothing else") {
  for (const char* name : {"métrique", "me\u0301trique", "売上", "की", "выручка٣", "_ª", "Ǆ"}) {
    CAPTURE(std::string(name));
    CHECK(Parsed("metric " + std::string(name) + " = count(app)\n").errors() == 0);
  }
  for (const char* name : {"a–b", "x€", "\u0301x", "٣x", "x😀", "a\u00A0b", "“a”", "x²", "ⅷ"}) {
    CAPTURE(std::string(name));
    CHECK(Parsed("metric " + std::string(name) + " = count(app)\n").errors() == 1);
  }
  // Spans stay bytes of the text, whatever the lexer is shown.
  CHECK(only_message("metric m = \"–é\" + 売上 )\n").find(" 1:22 ") != std::string::npos);
}

TEST_CASE("rows are split, trimmed and unescaped") {
  Parsed parsed("test \"t\" {\n  given app\n    | a | b |\n    |  x y |  p\\|q |   # a comment\n    ||\\\\|\n}\n");
  REQUIRE(parsed.messages() == "");
  const auto& rows = parsed.syntax.file.decls[0].test[0].rows;
  REQUIRE(rows.size() == 3);
  CHECK(rows[1].cells[0].text == "x y");
  CHECK(rows[1].cells[1].text == "p|q");
  CHECK(rows[2].cells[0].text == "");
  CHECK(rows[2].cells[1].text == "\\");
  CHECK(parsed.syntax.source->text(rows[1].cells[0].span) == "x y");
}

TEST_CASE("an expectation has one shape, with or without a moment") {
  Parsed parsed(
      "test \"t\" {\n  expect x == 15 min per user\n  expect x on 2026-01 == -5 USD / user\n  expect x > 1 + 2\n"
      "  expect a and b\n  expect c on 2026-01-05 10:00\n  expect x is undefined\n}\n");
  REQUIRE(parsed.messages() == "");
  const auto& items = parsed.syntax.file.decls[0].test;
  CHECK(items[0].compare == ast::ExprKind::kEqual);
  CHECK(items[0].value->name.name.text() == "x");
  REQUIRE(items[0].amount != nullptr);
  CHECK(items[0].amount->per_unit.name.text() == "user");
  REQUIRE(items[1].amount != nullptr);
  CHECK(items[1].amount->negative);
  CHECK(items[1].amount->unit.name.text() == "USD");
  CHECK(items[1].moment.kind == ast::MomentKind::kMonth);
  CHECK(items[2].compare == ast::ExprKind::kGreater);
  CHECK(items[2].amount == nullptr);
  CHECK(items[3].expected == nullptr);
  CHECK(items[4].moment.kind == ast::MomentKind::kTimestamp);
  CHECK(items[5].kind == ast::TestItemKind::kExpectUndefined);
}

TEST_CASE("doc comments belong to what stands below them") {
  Parsed parsed(
      "## Two\n## lines.\nmetric a = 1 ## not one\n## apart\n\nmetric b = 2\nstream s {\n  ## A field.\n  f : "
      "text\n}\n");
  REQUIRE(parsed.messages() == "");
  CHECK(parsed.syntax.file.decls[0].doc == "Two\nlines.");
  CHECK(parsed.syntax.file.decls[1].doc == "");
  CHECK(parsed.syntax.file.decls[2].stream->fields[0].doc == "A field.");
}

TEST_CASE("layout: where lines go on and where they end") {
  CHECK(Parsed("metric a =\n  b\n  + c\n\n  per day\nmetric d = e; metric f = g\n  metric h = i\n")
            .syntax.file.decls.size() == 4);
  Parsed parsed(
      "stream s {\n  a : text; b :\n    money(\n      USD\n    )?\n  c : text from \"x\" {\n title \"C\"\n }\n}\n");
  CHECK(parsed.messages() == "");
  CHECK(parsed.syntax.file.decls[0].stream->fields.size() == 3);
  CHECK(Parsed("metric a = 1\r\nmetric b = 2\r\n").syntax.file.decls.size() == 2);
  CHECK(Parsed("\xEF\xBB\xBFmetric a = 1").dump() == Parsed("metric a = 1\n").dump());
  CHECK(Parsed("").errors() == 0);
  CHECK(Parsed("\n# only a comment\n").errors() == 0);
}

TEST_CASE("each code's wrong example provokes it once, and its right one is clean") {
  for (const CodeInfo& info : all_codes()) {
    int number = static_cast<int>(info.code);
    bool ours = (number >= 2000 && number < 3000) || info.code == Code::number_too_long;
    if (!ours) continue;
    CAPTURE(number);
    Parsed wrong(info.wrong);
    CHECK_MESSAGE(wrong.errors() == 1, wrong.messages());
    if (wrong.errors() == 1) CHECK_MESSAGE(wrong.sink.all()[0].code == info.code, wrong.messages());
    CHECK(Parsed(info.right).messages() == "");
  }
}

TEST_CASE("messages are in the analyst's words") {
  CHECK(only_message("metric = 1\n") == "AL2002 1:8 a metric needs a name here");
  CHECK(only_message("event\n") == "AL2002 1:6 an event needs a name here");
  CHECK(only_message("test {\n}\n") == "AL2002 1:6 a test needs a title in double quotes here");
  CHECK(only_message("metric in = 1\n") == "AL2012 1:8 `in` is a word of the language and cannot be a name");
  CHECK(only_message("metrc x = 1\n") == "AL2001 1:1 `metrc` starts no declaration");
  CHECK(only_message("metric x\n") == "AL2008 1:9 a metric needs `=` and what it is here");
  CHECK(only_message("metric x =\n") == "AL2006 1:11 a value is missing here");
  CHECK(only_message("metric x = 1 +\nmetric y = 2\n") == "AL2006 1:15 a value is missing here");
  CHECK(only_message("metric x = f(a,\n)\n") == "AL2006 1:16 a value is missing here");
  CHECK(only_message("metric x = f(a\nmetric y = 2\n") == "AL2004 1:13 this parenthesis is never closed");
  CHECK(only_message("metric x = a]\n") == "AL2005 1:13 this bracket closes nothing");
  CHECK(only_message("metric x = a b\n") == "AL2007 1:14 `b` does not fit here");
  CHECK(only_message("metric x = 2024-10\n") == "AL2017 1:12 `2024-10` reads as a month");
  CHECK(only_message("stream s {\n  a : text\n  b text\n  c : text\n}\n") ==
        "AL2010 3:5 a field needs `:` before its type");
  CHECK(only_message("stream s {\n  a :\n  c : text\n}\n") == "AL2011 2:5 a field needs a type after its `:`");
  CHECK(only_message("metric a = 1 metric b = 2\n") == "AL2026 1:14 a declaration starts on a line of its own");
  CHECK(only_message("event e = app WHERE a == 1\n") ==
        "AL2027 1:15 the words of the language are written in lower case");
  CHECK(only_message("metric x = if a then b\n") == "AL2025 1:12 this `if` has no `else`");
  CHECK(only_message("metric x = 1,000\n") == "AL2017 1:12 thousands are not parted by a comma");
  CHECK(only_message("event my-event = app\n") == "AL2024 1:7 a name has no `-` in it");
  CHECK(only_message("metric x = a over 7 days\n") == "AL2007 1:19 `7` does not fit here");
  CHECK(only_message("metric x = revenue by\n") == "AL2007 1:22 this metric ends too early");
  CHECK(only_message("METRIC x = 1\n") == "AL2001 1:1 `METRIC` starts no declaration");
  CHECK(only_message("event e = a or b where c\n") == "AL2028 1:18 this `where` has an `or` before it");
  CHECK(only_message("stream s {\n  in : text\n}\n") ==
        "AL2012 2:3 `in` is a word of the language and cannot be a name");
  CHECK(only_message("given app\n") == "AL2001 1:1 `given` starts no declaration");
  CHECK(only_message("metric x = case when a then 1 end\n") ==
        "AL2037 1:12 `case when` is written `if … then … else` here");
  CHECK(only_message("metric x = a where b = 1 and c = 2\n").find("AL2030") != std::string::npos);
  CHECK(only_message("event x = app where plan matches \"a\"\n") == "AL2007 1:26 `matches` does not fit here");
}

TEST_CASE("a lost brace or a broken item costs one error, and the rest is read") {
  Parsed parsed(
      "stream s {\n  a : text\n\nmetric m = 1\nstream t {\n  b text\n  c : text\n  d : : text\n  e : text\n}\n"
      "metric = 3\nmetric n = 2\n");
  CHECK(parsed.errors() == 4);
  const auto& decls = parsed.syntax.file.decls;
  REQUIRE(decls.size() == 4);
  CHECK(decls[0].broken);
  CHECK(decls[0].stream->fields.size() == 1);
  CHECK(!decls[1].broken);
  CHECK(decls[2].broken);
  CHECK(decls[2].stream->fields.size() == 2);
  CHECK(decls[3].name.name.text() == "n");
  Parsed head("metric m ratio = 1\n");
  REQUIRE(head.syntax.file.unread.size() == 2);  // either word may be the name
  CHECK(head.syntax.file.unread[0].name.name.text() == "m");
  CHECK(head.syntax.file.unread[1].name.name.text() == "ratio");
}

TEST_CASE("habits of SQL are mended where that is certain, and the tree goes on") {
  Parsed parsed("event e = app where a = 'x' and b <> 2 && c = 3 -- all\nevent f = e\n");
  CHECK(parsed.errors() == 6);
  CHECK(parsed.syntax.file.decls.size() == 2);
  std::string text(parsed.syntax.source->text());
  std::vector<Fix> fixes;
  for (const Diagnostic& d : parsed.sink.all()) fixes.insert(fixes.end(), d.fixes.begin(), d.fixes.end());
  std::sort(fixes.begin(), fixes.end(), [](const Fix& a, const Fix& b) { return a.span.begin > b.span.begin; });
  for (const Fix& fix : fixes) text.replace(fix.span.begin, fix.span.end - fix.span.begin, fix.replacement);
  CHECK(text == "event e = app where a == \"x\" and b != 2 and c == 3 # all\nevent f = e\n");
  CHECK(Parsed(text).dump() == parsed.dump());
}

TEST_CASE("limits are diagnostics") {
  CHECK(only_message(metric(std::string(100000, '(') + "1" + std::string(100000, ')'))).substr(0, 6) == "AL6002");
  CHECK(only_message(metric(std::string(100000, '['))).substr(0, 6) == "AL6002");
  std::string sum = "a";
  for (int i = 0; i < 50000; ++i) sum += " + 1";
  CHECK(only_message(metric(sum)).substr(0, 6) == "AL6003");
  std::string nots, minus, ifs, dots = "a", calls = "f";
  for (int i = 0; i < 50000; ++i) {
    nots += "not ";
    minus += "- ";
    ifs += "if a then b else ";
    dots += ".a";
    calls += "()";
  }
  CHECK(only_message(metric(nots + "a")).substr(0, 6) == "AL6003");
  CHECK(only_message(metric(minus + "a")).substr(0, 6) == "AL6003");
  CHECK(only_message(metric(ifs + "a")).substr(0, 6) == "AL6003");
  CHECK(only_message(metric(dots)).substr(0, 6) == "AL6003");
  CHECK(only_message(metric(calls)).substr(0, 6) == "AL6003");
  CHECK(only_message(metric(std::string(100000, '9'))).substr(0, 6) == "AL6004");
  CHECK(only_message(std::string(kMaxFileBytes + 1, ' ')).substr(0, 6) == "AL6001");
  CHECK(only_message(std::string("metric x = 1\0", 13)).substr(0, 6) == "AL1002");
  CHECK(only_message("metric x = \"\xFF\"\n").substr(0, 6) == "AL1001");
  CHECK(only_message("metric x = \"\xED\xA0\x80\"\n").substr(0, 6) == "AL1001");
  std::string wrong;
  for (int i = 0; i < 1000; ++i) wrong += "metric\n";
  CHECK(Parsed(wrong).errors() == kMaxErrors + 1);
  CHECK(Parsed(std::string(200000, '\'')).errors() <= kMaxErrors + 1);
}

TEST_CASE("what is within the limits is read whole") {
  std::string sum = "a", list = "a in (1", deep;
  for (int i = 0; i < 900; ++i) sum += " + 1";
  for (int i = 0; i < 20000; ++i) list += ", " + std::to_string(i);
  deep = std::string(190, '(') + "1" + std::string(190, ')');
  CHECK(Parsed(metric(sum)).messages() == "");
  CHECK(Parsed(metric(list + ")")).messages() == "");
  CHECK(Parsed(metric(deep)).messages() == "");
  CHECK(Parsed(metric("f(" + sum + ", " + sum + ")")).messages().substr(0, 1) == "");
}

TEST_CASE("literals") {
  CHECK(is_real_date("2024-02-29"));
  CHECK(!is_real_date("2026-02-29"));
  CHECK(!is_real_date("2026-13"));
  CHECK(is_real_date("2026-01-05 23:59:59.123456+01:00"));
  CHECK(!is_real_date("2026-01-05 24:00"));
  CHECK(!is_real_date("2026-01-05T10:60"));
  CHECK(!unescape("\\x").good);
  CHECK(!unescape("\\u{0}").good);
  CHECK(!unescape("\\u{D800}").good);
  CHECK(unescape("\\u{1F600}").text == "\xF0\x9F\x98\x80");
}

TEST_CASE("no text brings the parser down") {
  const std::string original = sample();
  const std::string signs =
      "{}()[]\"'|#=<>-;:,.\\\n\t%&!$ \xC3\xA4"
      "0a";
  std::mt19937 random(20260105);
  auto below = [&](size_t n) { return static_cast<size_t>(random() % n); };
  for (int round = 0; round < 3000; ++round) {
    size_t begin = below(original.size());
    std::string text = original.substr(begin, 200 + below(1500));
    for (size_t changes = 1 + below(6); changes > 0; --changes) {
      size_t at = below(text.size());
      switch (below(5)) {
        case 0:
          text[at] = static_cast<char>(below(256));
          break;
        case 1:
          text.erase(at, 1 + below(20));
          break;
        case 2:
          text.insert(at, 1, signs[below(signs.size())]);
          break;
        case 3:
          text.insert(at, text.substr(below(text.size()), below(60)));
          break;
        default:
          text[at] = signs[below(signs.size())];
          break;
      }
      if (text.empty()) text = " ";
    }
    Parsed parsed(text);
    for (const Diagnostic& d : parsed.sink.all()) {
      REQUIRE(d.span.begin <= d.span.end);
      REQUIRE(d.span.end <= parsed.syntax.source->text().size());
    }
    parsed.dump();
    parsed.messages();
  }
}
