// check: parse and type-check. Door: verbs.h.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "compiler/driver/findings.h"
#include "compiler/driver/fix_files.h"
#include "compiler/driver/specs.h"
#include "compiler/driver/verbs.h"

namespace alidade {
namespace {

/// "2 files: no errors, 1 warning (5 metrics, 1 test)"
void say_summary(const std::vector<Spec>& specs, const DiagnosticSink& sink, size_t files) {
  size_t errors = 0, warnings = 0, metrics = 0, tests = 0;
  for (const Diagnostic& diagnostic : sink.all()) {
    errors += diagnostic.severity == Severity::kError;
    warnings += diagnostic.severity == Severity::kWarning;
  }
  for (const Spec& spec : specs) {
    metrics += own_metrics(spec.model);
    tests += spec.model.tests.size();
  }
  std::string found = errors > 0 ? counted(errors, "error") : "no errors";
  if (warnings > 0) found += ", " + counted(warnings, "warning");
  if (errors == 0) found += fmt::format(" ({}, {})", counted(metrics, "metric"), counted(tests, "test"));
  std::fputs(fmt::format("{}: {}\n", counted(files, "file"), found).c_str(), stderr);
}

}  // namespace

int verb_check(const CheckArguments& arguments, const Terminal& terminal) {
  const Result<Project> project = current_project("");
  if (!project) return report_error(project.error(), terminal);
  const Result<std::vector<std::string>> paths = spec_paths(arguments.files, project.value());
  if (!paths) return report_error(paths.error(), terminal);
  if (arguments.fix) {
    if (std::find(paths.value().begin(), paths.value().end(), "-") != paths.value().end()) {
      std::fputs("alidade: --fix mends files in place, so it cannot take the standard input\n", stderr);
      return kCouldNot;
    }
    const Result<size_t> fixed = fix_files(paths.value(), terminal);
    if (!fixed) return report_error(fixed.error(), terminal);
    if (!terminal.quiet) std::fputs(fmt::format("{} fixed\n", counted(fixed.value(), "place")).c_str(), stderr);
  }
  DiagnosticSink sink;
  const Result<std::vector<Spec>> specs = load_specs(paths.value(), sink);
  if (!specs) return report_error(specs.error(), terminal);
  const int code = report_findings_of(sink, arguments.format, paths.value(), terminal);
  if (arguments.format == "text") say_summary(specs.value(), sink, paths.value().size());
  return code;
}

}  // namespace alidade
