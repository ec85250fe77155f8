// The registry of codes keeps its promises: no number twice, every code explained, every wrong example provokes exactly
// its code, every right one is clean, and what no spec can provoke is named by a test.
// rooms: alidade_sema
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>

#include "compiler/diagnostics/diagnostic.h"
#include "compiler/sema/analyse.h"

namespace alidade {
namespace {

/// The numbers that a spec provokes, each once.
std::set<int> provoked(const char* text) {
  DiagnosticSink sink;
  const Syntax syntax = parse("example.metric", text, sink);
  analyse(syntax, sink);
  std::set<int> numbers;
  for (const Diagnostic& diagnostic : sink.all()) numbers.insert(static_cast<int>(diagnostic.code));
  return numbers;
}

/// The text of all tests, where codes stand as AL7103.
std::string text_of_tests() {
  std::string text;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(ALIDADE_SOURCE_DIR "/tests")) {
    const std::string ending = entry.path().extension().string();
    if (ending != ".py" && ending != ".cpp" && ending != ".metric") continue;
    std::ifstream file(entry.path());
    text.append(std::istreambuf_iterator<char>(file), {});
  }
  return text;
}

TEST_CASE("codes ascend, so none is given twice, and each is explained") {
  int last = 0;
  for (const CodeInfo& info : all_codes()) {
    CAPTURE(std::string(info.name));
    CHECK(static_cast<int>(info.code) > last);
    last = static_cast<int>(info.code);
    CHECK(std::string(info.title).size() > 5);
    CHECK(std::string(info.explanation).size() > 20);
    CHECK(find_code(last) == &info);
  }
}

TEST_CASE("a wrong example provokes its code and no other; the right one is clean") {
  for (const CodeInfo& info : all_codes()) {
    CAPTURE(std::string(info.name));
    const int number = static_cast<int>(info.code);
    if (*info.wrong != '\0') {
      CHECK(provoked(info.wrong) == std::set<int>{number});
      CHECK_MESSAGE(*info.right != '\0', "a wrong example without a right one");
    }
    if (*info.right != '\0') CHECK(provoked(info.right).empty());
  }
}

// What only a fault of ours or an unknown processor brings about.
const std::set<int> kNoInputProvokes = {8202, 8301};

TEST_CASE("a code that no spec provokes is named by a test") {
  const std::string tests = text_of_tests();
  for (const CodeInfo& info : all_codes()) {
    if (*info.wrong != '\0' || kNoInputProvokes.count(static_cast<int>(info.code)) != 0) continue;
    CAPTURE(std::string(info.name));
    const std::string code = std::to_string(static_cast<int>(info.code));
    CHECK_MESSAGE(tests.find(code) != std::string::npos, "AL", code, " is in no test");
  }
}

}  // namespace
}  // namespace alidade
