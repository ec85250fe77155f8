// The catalogue of wrong metrics, tests/diagnostics/catalogue_*.metric: every `wrong_x` has a sentence above it, a
// message on it and a `right_x` beside it; the right ones by themselves give no message at all. What the messages are
// is checked by sema_test.cpp, like that of every file there.
// rooms: alidade_sema
#include <doctest/doctest.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <vector>

#include "compiler/sema/analyse.h"

namespace alidade {
namespace {

constexpr size_t kLeast = 345;

/// A declaration: from its first line up to the next one's.
struct Entry {
  std::string name;
  size_t begin = 0, end = 0;
  bool reasoned = false;  ///< a comment stands above it

  bool is(std::string_view prefix) const { return name.starts_with(prefix); }
};

struct Page {
  std::string name;
  std::vector<std::string> lines;
  std::vector<Entry> entries;
};

std::vector<std::string> lines_of(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

/// "metric wrong_x = …" → wrong_x; `test "wrong_x" {` too.
std::string name_in(const std::string& line) {
  size_t start = line.find(' ') + 1;
  start += line[start] == '"' ? 1 : 0;
  size_t end = start;
  while (end < line.size() && (std::isalnum(static_cast<unsigned char>(line[end])) || line[end] == '_')) ++end;
  return line.substr(start, end - start);
}

Page page_at(const std::filesystem::path& path) {
  Page page{path.filename().string(), lines_of(path), {}};
  for (size_t i = 0; i < page.lines.size(); ++i) {
    if (page.lines[i].empty() || !std::isalpha(static_cast<unsigned char>(page.lines[i][0]))) continue;
    if (!page.entries.empty()) page.entries.back().end = i;
    // A def that the pair uses may stand between.
    size_t above = i;
    while (above > 0 && page.lines[above - 1].starts_with("def ")) --above;
    page.entries.push_back(
        {name_in(page.lines[i]), i, page.lines.size(), above > 0 && page.lines[above - 1].starts_with("# ")});
  }
  return page;
}

std::vector<Page> pages() {
  std::vector<Page> all;
  for (const auto& entry : std::filesystem::directory_iterator(ALIDADE_SOURCE_DIR "/tests/diagnostics")) {
    if (entry.path().filename().string().starts_with("catalogue_")) all.push_back(page_at(entry.path()));
  }
  return all;
}

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

struct Found {
  DiagnosticSink sink;
  Syntax syntax;
  Model model;
};

void analyse_into(Found& found, const Page& page, const std::string& text) {
  found.syntax = parse(page.name, text, found.sink);
  found.model = analyse(found.syntax, found.sink);
}

TEST_CASE("every wrong metric has its reason, its message and a right neighbour") {
  size_t wrong = 0;
  for (const Page& page : pages()) {
    Found found;
    analyse_into(found, page, joined(page.lines));
    std::set<std::string> names;
    for (const Entry& entry : page.entries) names.insert(entry.name);
    for (const Entry& entry : page.entries) {
      if (!entry.is("wrong_")) continue;
      CAPTURE(page.name);
      CAPTURE(entry.name);
      ++wrong;
      bool told = std::any_of(found.sink.all().begin(), found.sink.all().end(), [&](const Diagnostic& diagnostic) {
        size_t line = diagnostic.file->position(diagnostic.span.begin).line - 1;
        return line >= entry.begin && line < entry.end;
      });
      CHECK(told);
      CHECK(entry.reasoned);
      CHECK(names.contains("right_" + entry.name.substr(6)));
    }
    CHECK(names.size() == page.entries.size());
  }
  CHECK(wrong >= kLeast);
}

TEST_CASE("the right neighbours give no message at all") {
  size_t right = 0;
  for (const Page& page : pages()) {
    std::vector<std::string> lines = page.lines;
    for (const Entry& entry : page.entries) {
      right += entry.is("right_") ? 1 : 0;
      if (entry.is("wrong_")) std::fill(lines.begin() + entry.begin, lines.begin() + entry.end, "");
    }
    Found found;
    analyse_into(found, page, joined(lines));
    for (const Diagnostic& diagnostic : found.sink.all()) {
      std::string message = page.name + ": " + diagnostic.message;
      FAIL_CHECK(message);
    }
  }
  CHECK(right >= kLeast);
}

}  // namespace
}  // namespace alidade
