// The conformance suite: every test block of the files beside this one, on the reference and on native code of every
// tier, whole and in small batches, in the order written and shuffled, on one thread and on two. Every run
// has the bits of the reference's first one and meets the expectations. README.md says what a file means.
//   conformance [FOLDER|FILE…]    without any: all folders
#include <fmt/format.h>
#include <malloc.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <deque>
#include <filesystem>
#include <map>
#include <random>
#include <set>
#include <thread>

#include "compiler/diagnostics/render.h"
#include "compiler/driver/engines.h"
#include "compiler/driver/specs.h"
#include "compiler/driver/test_runner.h"
#include "compiler/reference/evaluate.h"

namespace alidade {
namespace {

namespace fs = std::filesystem;

constexpr const char* kTiers[] = {"o0", "o1", "alternating"};
constexpr int kThreads[] = {1, 2};

// ------------------------------------------------------------------------------------------------ ways to read rows

struct Way {
  size_t batch_rows = 0;  ///< 0: all in one
  uint32_t seed = 0;      ///< of the order; 0: as written
};

/// Of each size of batches an order of its own besides the written one.
constexpr Way kWays[] = {{0, 0}, {0, 1}, {1, 0}, {1, 2}, {2, 0}, {2, 3}, {3, 0}, {3, 4}, {7, 0}, {7, 5}};

std::string words(const Way& way) {
  return fmt::format("{}, {}", way.seed == 0 ? "as written" : fmt::format("shuffled with {}", way.seed),
                     way.batch_rows == 0 ? "whole" : fmt::format("batches of {}", way.batch_rows));
}

/// The same order on every machine.
ModelTest shuffled(const ModelTest& test, uint32_t seed) {
  ModelTest result = test;
  std::mt19937 random(seed);
  for (TestGiven& given : result.given) {
    if (seed == 0) continue;
    for (size_t left = given.rows.size(); left > 1; --left)
      std::swap(given.rows[left - 1], given.rows[random() % left]);
  }
  return result;
}

/// A source whose batches take their time to be let go of, so that meanwhile another thread has the next one.
class LingeringSource : public BatchSource {
 public:
  explicit LingeringSource(BatchSource* source) : source_(source) {}

  Result<bool> next(Batch* batch) override {
    Result<bool> more = source_->next(batch);
    if (!more.ok() || !*more) return more;
    batch->array.private_data = new Held{batch->array.release, batch->array.private_data};
    batch->array.release = let_go;
    return more;
  }

 private:
  struct Held {
    void (*release)(ArrowArray*);
    void* private_data;
  };

  static void let_go(ArrowArray* array) {
    std::this_thread::sleep_for(std::chrono::microseconds(20));
    const std::unique_ptr<Held> held(static_cast<Held*>(array->private_data));
    array->private_data = held->private_data;
    held->release(array);
  }

  BatchSource* source_;
};

Engine engine_of(const Program& program) {
  return [&program](const Model&, const Request&, const std::vector<NamedSource>& sources, const RunOptions& options) {
    std::deque<LingeringSource> lingering;
    std::vector<NamedSource> named = sources;
    for (NamedSource& source : named) {
      if (options.threads > 1) source.source = &lingering.emplace_back(source.source);
    }
    return run(program, named, options);
  };
}

// ------------------------------------------------------------------------------------------------ comments that count

/// "# stops: AL8204" and "# reports: app 2 duplicates, 1 late" above a test; "# partial" and "# complete" behind an
/// expectation.
struct Marks {
  int stops = 0;
  struct Report {
    std::string stream, words;
    int64_t count = 0;
  };
  std::vector<Report> reports;
  std::map<uint32_t, bool> partial;  ///< by the expectation's place
};

std::string_view trimmed(std::string_view text) {
  const size_t begin = std::min(text.find_first_not_of(' '), text.size());
  return text.substr(begin, text.find_last_not_of(' ') + 1 - begin);
}

void add_reports(std::string_view text, Marks* marks) {
  const size_t name_end = text.find(' ');
  for (size_t begin = name_end; begin < text.size();) {
    const size_t end = std::min(text.find(',', begin), text.size());
    const std::string_view item = trimmed(text.substr(begin, end - begin));
    Marks::Report report{std::string(text.substr(0, name_end)), "", 0};
    const auto [rest, problem] = std::from_chars(item.data(), item.data() + item.size(), report.count);
    report.words = trimmed(item.substr(static_cast<size_t>(rest - item.data())));
    marks->reports.push_back(std::move(report));
    begin = end + 1;
  }
}

Marks marks_of(const SourceFile& file, const ModelTest& test) {
  Marks marks;
  for (uint32_t line = file.position(test.span.begin).line - 1; line > 0 && file.line(line).starts_with('#'); --line) {
    const std::string_view text = file.line(line);
    constexpr std::string_view kStops = "# stops: AL", kReports = "# reports: ";
    if (text.starts_with(kStops)) std::from_chars(text.data() + kStops.size(), text.data() + text.size(), marks.stops);
    if (text.starts_with(kReports)) add_reports(text.substr(kReports.size()), &marks);
  }
  for (const TestExpectation& expectation : test.expectations) {
    const std::string_view text = file.line(file.position(expectation.span.begin).line);
    if (text.ends_with("# partial")) marks.partial[expectation.span.begin] = true;
    if (text.ends_with("# complete")) marks.partial[expectation.span.begin] = false;
  }
  return marks;
}

int64_t reported(const ResultSet& result, const Marks::Report& wanted) {
  for (const StreamReport& stream : result.streams) {
    if (stream.stream != wanted.stream) continue;
    std::map<std::string, int64_t> counts{{"rows", stream.rows},
                                          {"duplicates", stream.duplicates},
                                          {"late", stream.late},
                                          {"ambiguous times", stream.ambiguous_times},
                                          {"without rate", stream.without_rate}};
    for (const auto& [entity, rows] : stream.without_entity) counts["without " + entity] = rows;
    const bool is_known = wanted.words.starts_with("without ") || counts.contains(wanted.words);
    return is_known ? counts[wanted.words] : -1;
  }
  return -1;
}

// ------------------------------------------------------------------------------------------------ the suite

class Suite {
 public:
  void run(const Spec& spec);
  /// The exit code; what failed and how much there was is printed.
  int finish() const;

 private:
  void run(const Spec& spec, const ModelTest& test);
  void check(const SourceFile& file, const TestRun& run, const Marks& marks, const std::string& way);
  void fail(const SourceFile& file, const ModelTest& test, Span place, const std::string& what, const std::string& way);

  size_t cases_ = 0, expectations_ = 0, runs_ = 0, failed_cases_ = 0;
  std::set<std::string> told_;  ///< of the case at hand: what goes wrong in many ways is told once
};

void Suite::run(const Spec& spec) {
  std::set<std::string> names;
  for (const ModelTest& test : spec.model.tests) {
    told_.clear();
    if (!names.insert(test.name).second) fail(*spec.files[0]->source, test, test.span, "an earlier test's name", "");
    run(spec, test);
    ++cases_;
    expectations_ += test.expectations.size();
    failed_cases_ += told_.empty() ? 0 : 1;
  }
}

void Suite::run(const Spec& spec, const ModelTest& test) {
  const SourceFile& file = *spec.files[0]->source;
  const Marks marks = marks_of(file, test);
  const TestRun first = run_test(spec.model, test, evaluate_reference);
  const auto compare = [&](const TestRun& again, const std::string& way) {
    ++runs_;
    check(file, again, marks, way);
    for (const TestOutcome& outcome : differences(spec.model, first, again)) {
      fail(file, test, outcome.span, outcome.message, way);
    }
  };
  std::map<std::string, Program> programs;
  const Plan plan = plan_of(spec.model, request_of_test(spec.model, test));
  for (const char* tier : kTiers) {
    CompileOptions compiling;
    compiling.tier = tier_named(tier);
    Result<Program> program = compile(plan, compiling);
    if (!program) return fail(file, test, test.span, program.error().message, tier);
    programs.emplace(tier, std::move(program.value()));
  }
  for (const Way& way : kWays) {
    const ModelTest ordered = shuffled(test, way.seed);
    compare(run_test(spec.model, ordered, evaluate_reference, {}, way.batch_rows), "reference, " + words(way));
    for (const auto& [tier, program] : programs) {
      for (const int threads : kThreads) {
        RunOptions options;
        options.threads = threads;
        compare(run_test(spec.model, ordered, engine_of(program), options, way.batch_rows),
                fmt::format("{}, {}, threads: {}", tier, words(way), threads));
      }
    }
  }
}

void Suite::check(const SourceFile& file, const TestRun& run, const Marks& marks, const std::string& way) {
  const ModelTest& test = *run.test;
  const int stopped = run.stopped ? run.stopped->code : 0;
  if (stopped != marks.stops) {
    const std::string found = run.stopped ? run.stopped->message : "there are results";
    return fail(file, test, test.span,
                marks.stops == 0 ? found : fmt::format("expected the error AL{:04}: {}", marks.stops, found), way);
  }
  if (run.stopped) return;
  for (const TestOutcome& outcome : run.outcomes) {
    if (!outcome.passed) fail(file, test, outcome.span, outcome.expectation + ": " + outcome.message, way);
    const auto mark = marks.partial.find(outcome.span.begin);
    if (mark == marks.partial.end() || mark->second == outcome.partial) continue;
    fail(file, test, outcome.span,
         fmt::format("{}: is {}", outcome.expectation, outcome.partial ? "partial" : "complete"), way);
  }
  for (const Marks::Report& wanted : marks.reports) {
    const int64_t found = reported(*run.result, wanted);
    if (found == wanted.count) continue;
    fail(file, test, test.span,
         fmt::format("expected {} {} of {}, found {}", wanted.count, wanted.words, wanted.stream, found), way);
  }
}

void Suite::fail(const SourceFile& file, const ModelTest& test, Span place, const std::string& what,
                 const std::string& way) {
  if (!told_.insert(what).second) return;
  const LineColumn at = file.position(place.begin);
  fmt::print("{}:{}:{}: failed: {}\n  {}\n  {}\n", file.path(), at.line, at.column, test.name, what, way);
}

int Suite::finish() const {
  fmt::print("{} cases, {} expectations, {} runs: {}\n", cases_, expectations_, runs_,
             failed_cases_ == 0 ? "all passed" : fmt::format("{} failed", failed_cases_));
  return cases_ > 0 && failed_cases_ == 0 ? 0 : 1;
}

std::vector<std::string> files_of(const std::vector<std::string>& named) {
  std::vector<std::string> files;
  for (const std::string& name : named) {
    if (!fs::is_directory(name)) files.push_back(name);
    if (!fs::is_directory(name)) continue;
    for (const auto& entry : fs::recursive_directory_iterator(name)) {
      if (entry.path().extension() == ".metric") files.push_back(entry.path());
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

int run_suite(std::vector<std::string> named) {
  if (named.empty()) named.push_back(ALIDADE_SOURCE_DIR "/tests/conformance");
  DiagnosticSink sink;
  const Result<std::vector<Spec>> specs = load_specs(files_of(named), sink);
  if (!specs.ok()) {
    fmt::print("{}\n", specs.error().message);
    return 2;
  }
  fmt::print("{}", render_text(sink, false));
  if (sink.has_errors()) return 1;
  Suite suite;
  for (const Spec& spec : specs.value()) suite.run(spec);
  return suite.finish();
}

}  // namespace
}  // namespace alidade

int main(int count, char** arguments) {
  mallopt(M_TRIM_THRESHOLD, 1 << 28);  // thousands of short runs: what one gives back the next one takes
  return alidade::run_suite({arguments + 1, arguments + count});
}
