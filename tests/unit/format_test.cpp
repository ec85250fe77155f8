// The one layout: idempotent, comments kept, meaning unchanged, on every form and on thousands of changed texts.
// rooms: alidade_syntax
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>
#include <string>

#include "compiler/diagnostics/render.h"
#include "compiler/syntax/parse.h"

using namespace alidade;

namespace {

std::string read(const std::filesystem::path& path) {
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}
std::string sample() { return read(ALIDADE_SOURCE_DIR "/tests/unit/forms.metric"); }

std::string laid_out(const std::string& text) {
  DiagnosticSink sink;
  return format("spec.metric", text, sink);
}

/// The tree's dump; "" with errors.
std::string meaning(const std::string& text) {
  DiagnosticSink sink;
  Syntax syntax = parse("spec.metric", text, sink);
  return sink.has_errors() ? "" : dump_ast(syntax) + "\n";
}

/// The comments in their order, found without the lexer: '#' outside a text.
std::string comments(const std::string& text) {
  std::string out;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    bool quoted = false;
    for (size_t i = 0; i < line.size(); ++i) {
      if (quoted && line[i] == '\\')
        ++i;
      else if (line[i] == '"')
        quoted = !quoted;
      else if (line[i] == '#' && !quoted && line.find('|') > i) {
        out += line.substr(i, line.find_last_not_of(" \t\r") + 1 - i) + "\n";
        break;
      }
    }
  }
  return out;
}

void check_layout(const std::string& text) {
  std::string wanted = meaning(text);
  if (wanted.empty()) return;
  std::string once = laid_out(text);
  CAPTURE(text);
  CAPTURE(once);
  REQUIRE(meaning(once) == wanted);
  REQUIRE(laid_out(once) == once);
  REQUIRE(comments(once) == comments(text));
}

}  // namespace

TEST_CASE("the layout keeps meaning and comments, and keeps still") {
  REQUIRE(meaning(sample()) != "");
  check_layout(sample());
  for (const CodeInfo& info : all_codes()) check_layout(info.right);
}

TEST_CASE("every spec of the project keeps its meaning") {
  for (const char* folder : {"/examples", "/stdlib", "/tests"}) {
    std::filesystem::path root = std::string(ALIDADE_SOURCE_DIR) + folder;
    if (!std::filesystem::exists(root)) continue;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
      if (entry.path().extension() == ".metric") check_layout(read(entry.path()));
    }
  }
}

TEST_CASE("space is laid out anew") {
  CHECK(laid_out("") == "");
  CHECK(laid_out("\n\n# only a comment  \n\n") == "# only a comment\n");
  CHECK(laid_out("metric   a=b+c*-d   ;metric bcd=f( x ,y = 1 )[ s ] . z") ==
        "metric a   = b + c * -d\nmetric bcd = f(x, y = 1)[s].z\n");
  CHECK(laid_out("\n\nmetric a = 1\r\n\r\n\r\n\r\nmetric b = 2") == "metric a = 1\n\nmetric b = 2\n");
  CHECK(laid_out("metric a = - -b - -1") == "metric a = - -b - -1\n");
  CHECK(laid_out("metric a = x in(1,2) and not(y)") == "metric a = x in (1, 2) and not (y)\n");
  CHECK(laid_out("test \"t\"{expect a==-1;expect per day:b\n|day|b|\n|2026-01-05|1|\n}") ==
        "test \"t\" {\n  expect a == -1\n  expect per day: b\n    | day        | b |\n    | 2026-01-05 | 1 |\n}\n");
  CHECK(laid_out("calendar{zone \"UTC\";week starts monday}") == "calendar { zone \"UTC\"; week starts monday }\n");
  CHECK(laid_out("calendar{zone \"UTC\"\nweek starts monday}") ==
        "calendar {\n  zone \"UTC\"\n  week starts monday\n}\n");
  CHECK(laid_out("stream s\n{\n\n\n  a:text\n\n\n  b:text\n\n}") == "stream s {\n  a : text\n\n  b : text\n}\n");
}

TEST_CASE("lines that go on are indented, where they were broken") {
  CHECK(laid_out("metric a = f(\nb,\nc\n)\n+ d") == "metric a = f(\n    b,\n    c\n)\n    + d\n");
  CHECK(laid_out("metric a =\nb # why\n+ c") == "metric a =\n    b  # why\n    + c\n");
  CHECK(laid_out("event e = app where\n# only these\nx == 1") == "event e = app where\n    # only these\n    x == 1\n");
  CHECK(laid_out("stream s # why\n{ a : text }") == "stream s  # why\n{ a : text }\n");
}

TEST_CASE("braces that do not fit on their line open up") {
  std::string items;
  for (int i = 0; i < 12; ++i) items += (i == 0 ? "" : "; ") + std::string("level") + std::to_string(i) + " above 1%";
  std::string out = laid_out("threshold x { " + items + " }");
  CHECK(out.substr(0, 30) == "threshold x {\n  level0 above 1");
  CHECK(laid_out(out) == out);
}

TEST_CASE("a text with errors comes back as it was") {
  DiagnosticSink sink;
  std::string text = "metric   = 1\n";
  CHECK(format("spec.metric", text, sink) == text);
  REQUIRE(sink.all().size() == 1);
  CHECK(render_text(sink).find("spec.metric:1:10") == 0);  // the file lives on in the sink
}

TEST_CASE("texts changed at random that still parse keep their meaning") {
  const std::string original = sample();
  std::vector<std::string> parts;
  size_t begin = 0;
  for (size_t at = 1; at < original.size(); ++at) {
    bool starts = original[at - 1] == '\n' && original[at] >= 'a' && original[at] <= 'z';
    if (!starts) continue;
    parts.push_back(original.substr(begin, at - begin));
    begin = at;
  }
  parts.push_back(original.substr(begin));
  const std::vector<std::string> inserts = {
      " ",    "\n", "\n\n", "  ", "\t", " # note\n", "\n  # note\n", "\n\n## doc\n", ";", "; ", "\n# at the margin\n",
      "\r\n", "(",  ")",    "- ", ", ", "\"é\"",     " ## tail\n"};
  std::mt19937 random(20260106);
  auto below = [&](size_t n) { return static_cast<size_t>(random() % n); };
  int kept = 0;
  for (int round = 0; round < 6000; ++round) {
    std::string text;
    for (size_t count = 1 + below(4); count > 0; --count) text += parts[below(parts.size())];
    for (size_t changes = 1 + below(4); changes > 0; --changes) {
      size_t at = below(text.size());
      switch (below(4)) {
        case 0:
          text.erase(at, 1);
          break;
        case 1: {
          size_t space = text.find(' ', at);
          if (space != std::string::npos) text.replace(space, 1, inserts[below(inserts.size())]);
          break;
        }
        default:
          text.insert(at, inserts[below(inserts.size())]);
          break;
      }
      if (text.empty()) text = " ";
    }
    if (meaning(text).empty()) continue;
    ++kept;
    check_layout(text);
  }
  CHECK(kept > 1000);
}
