// test: the specs' test blocks on both engines. Door: verbs.h.
#include <fmt/format.h>

#include <cstdio>

#include "compiler/driver/engines.h"
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
};

void add_failure(const Spec& spec, const TestOutcome& outcome, const char* engine, Tally* tally) {
  const SourceFile& source = *spec.files.front()->source;
  const LineColumn place = source.position(outcome.span.begin);
  tally->text +=
      fmt::format("{}:{}:{}: failed: {}{}\n", source.path(), place.line, place.column, outcome.test->name, engine);
  if (!outcome.expectation.empty()) tally->text += fmt::format("  {}\n", outcome.expectation);
  tally->text += fmt::format("  {}\n", outcome.message);
}

/// A failure that both engines have is told once.
void run_one(const Spec& spec, const ModelTest& test, TierChoice tier, Tally* tally) {
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
  bool failed = false;
  for (const TestOutcome& outcome : reference.outcomes) {
    if (outcome.passed) continue;
    failed = true;
    add_failure(spec, outcome, "", tally);
  }
  for (size_t i = 0; i < native.outcomes.size(); ++i) {
    const bool told = i < reference.outcomes.size() && !reference.outcomes[i].passed;
    if (native.outcomes[i].passed || told) continue;
    failed = true;
    add_failure(spec, native.outcomes[i], " (native code only)", tally);
  }
  for (const TestOutcome& outcome : differences(spec.model, reference, native)) {
    failed = true;
    add_failure(spec, outcome, fmt::format(" (AL{:04})", static_cast<int>(Code::engines_differ)).c_str(), tally);
  }
  tally->failed_tests += failed;
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
  if (sink.has_errors()) return report_diagnostics(sink, terminal);

  Tally tally;
  for (const Spec& spec : specs.value()) {
    for (const ModelTest& test : spec.model.tests) run_one(spec, test, tier_named(arguments.tier), &tally);
  }
  const auto counted = [](size_t count, const char* word) {
    return fmt::format("{} {}{}", count, word, count == 1 ? "" : "s");
  };
  tally.text += fmt::format("{}, {}, on both engines: {}\n", counted(tally.tests, "test"),
                            counted(tally.expectations, "expectation"),
                            tally.failed_tests == 0 ? "all passed" : fmt::format("{} failed", tally.failed_tests));
  const Status written = write_stdout(tally.text);
  if (!written) return report_error(written.error(), terminal);
  return tally.failed_tests == 0 ? kClean : kFindings;
}

}  // namespace alidade
