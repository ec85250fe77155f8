// test: the specs' test blocks on both engines. Door: verbs.h.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>

#include "compiler/driver/engines.h"
#include "compiler/driver/findings.h"
#include "compiler/driver/specs.h"
#include "compiler/driver/test_runner.h"
#include "compiler/driver/verbs.h"
#include "compiler/driver/write_file.h"
#include "compiler/reference/evaluate.h"

namespace alidade {
namespace {

struct Tally {
  size_t tests = 0, expectations = 0, failed_tests = 0;
  std::string text;
  DiagnosticSink findings;
  std::vector<TestReport> reports;
};

/// One failure of a test, told in every form that a report has.
struct FailureText {
  Span span;
  std::string expectation;  ///< as written; "" of the test as a whole
  std::string message;
  std::string engine;   ///< " (native code only)"
  std::string details;  ///< what each engine found
};

void add_failure(const Spec& spec, const ModelTest& test, const FailureText& failure, Tally* tally,
                 TestReport* report) {
  const SourceFile& source = *spec.files.front()->source;
  const LineColumn place = source.position(failure.span.begin);
  std::string text =
      fmt::format("{}:{}:{}: failed: {}{}\n", source.path(), place.line, place.column, test.name, failure.engine);
  if (!failure.expectation.empty()) text += fmt::format("  {}\n", failure.expectation);
  tally->text += text + fmt::format("  {}\n", failure.message);
  tally->findings.report(Code::test_failed, source, failure.span,
                         fmt::format("\"{}\": {}{}", test.name, failure.message, failure.engine));
  if (report->failure.empty()) report->failure = failure.message + failure.engine;
  report->details += text + failure.details;
}

std::string found_by(const char* engine, const TestRun& run, size_t expectation) {
  if (expectation >= run.outcomes.size()) return fmt::format("  {}: did not get there\n", engine);
  const TestOutcome& outcome = run.outcomes[expectation];
  return fmt::format("  {}: {}\n", engine, outcome.passed ? "as expected" : outcome.message);
}

/// A failure that both engines have is told once.
std::vector<FailureText> failures_of(const Model& model, const TestRun& reference, const TestRun& native) {
  std::vector<FailureText> failures;
  const size_t most = std::max(reference.outcomes.size(), native.outcomes.size());
  for (size_t i = 0; i < most; ++i) {
    const bool both = i < reference.outcomes.size() && !reference.outcomes[i].passed;
    if (!both && (i >= native.outcomes.size() || native.outcomes[i].passed)) continue;
    const TestOutcome& outcome = both ? reference.outcomes[i] : native.outcomes[i];
    failures.push_back({outcome.span, outcome.expectation, outcome.message, both ? "" : " (native code only)",
                        found_by("reference", reference, i) + found_by("native code", native, i)});
  }
  for (const TestOutcome& outcome : differences(model, reference, native)) {
    failures.push_back({outcome.span, outcome.expectation, outcome.message,
                        fmt::format(" (AL{:04})", static_cast<int>(Code::engines_differ)),
                        fmt::format("  {}\n", outcome.message)});
  }
  return failures;
}

void run_one(const Spec& spec, const ModelTest& test, TierChoice tier, Tally* tally) {
  const auto start = std::chrono::steady_clock::now();
  const TestRun reference = run_test(spec.model, test, evaluate_reference);
  CompileOptions compiling;
  compiling.tier = tier;
  const Engine native_code = [&](const Model& model, const Request& request, const std::vector<NamedSource>& sources,
                                 const RunOptions& options) {
    return evaluate_native(plan_of(model, request), sources, options, compiling);
  };
  const size_t batch_rows = tier == TierChoice::kAlternating ? 1 : 0;  // so that every loop runs in both tiers
  const TestRun native = run_test(spec.model, test, native_code, {}, batch_rows);
  ++tally->tests;
  tally->expectations += test.expectations.size();
  const SourceFile& source = *spec.files.front()->source;
  TestReport report;
  report.name = test.name;
  report.file = source.path();
  report.line = source.position(test.span.begin).line;
  const std::vector<FailureText> failures = failures_of(spec.model, reference, native);
  for (const FailureText& failure : failures) add_failure(spec, test, failure, tally, &report);
  tally->failed_tests += !failures.empty();
  report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  tally->reports.push_back(std::move(report));
}

}  // namespace

int verb_test(const TestArguments& arguments, const Terminal& terminal) {
  const Result<Project> project = current_project("");
  if (!project) return report_error(project.error(), terminal);
  const Result<std::vector<std::string>> paths = spec_paths(arguments.files, project.value());
  if (!paths) return report_error(paths.error(), terminal);
  DiagnosticSink sink;
  const Result<std::vector<Spec>> specs = load_specs(paths.value(), sink);
  if (!specs) return report_error(specs.error(), terminal);
  if (sink.has_errors()) return report_findings_of(sink, arguments.format, paths.value(), terminal);

  Tally tally;
  for (const Spec& spec : specs.value()) {
    for (const ModelTest& test : spec.model.tests) run_one(spec, test, tier_named(arguments.tier), &tally);
  }
  if (arguments.format != "text") {
    return report_findings(tally.findings, arguments.format, tally.reports, terminal);
  }
  tally.text += fmt::format("{}, {}, on both engines: {}\n", counted(tally.tests, "test"),
                            counted(tally.expectations, "expectation"),
                            tally.failed_tests == 0 ? "all passed" : fmt::format("{} failed", tally.failed_tests));
  const Status written = write_stdout(tally.text);
  if (!written) return report_error(written.error(), terminal);
  return tally.failed_tests == 0 ? kClean : kFindings;
}

}  // namespace alidade
