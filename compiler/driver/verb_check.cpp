// check: parse and type-check. Door: verbs.h.
#include <fmt/format.h>

#include <cstdio>

#include "compiler/diagnostics/render.h"
#include "compiler/driver/specs.h"
#include "compiler/driver/verbs.h"
#include "compiler/driver/write_file.h"

namespace alidade {

int verb_check(const CheckArguments& arguments, const Terminal& terminal) {
  const Result<Project> project = current_project("");
  if (!project) return report_error(project.error(), terminal);
  const Result<std::vector<std::string>> paths = spec_paths(arguments.files, project.value());
  if (!paths) return report_error(paths.error(), terminal);
  DiagnosticSink sink;
  const Result<std::vector<Spec>> specs = load_specs(paths.value(), sink);
  if (!specs) return report_error(specs.error(), terminal);
  if (arguments.format == "json") {
    sink.sort();
    const Status written = write_stdout(render_json(sink));
    if (!written) return report_error(written.error(), terminal);
    return sink.has_errors() ? kFindings : kClean;
  }
  const int code = report_diagnostics(sink, terminal);
  size_t errors = 0, metrics = 0, tests = 0;
  for (const Diagnostic& diagnostic : sink.all()) errors += diagnostic.severity == Severity::kError;
  for (const Spec& spec : specs.value()) {
    metrics += own_metrics(spec.model);
    tests += spec.model.tests.size();
  }
  const auto counted = [](size_t count, const char* word) {
    return fmt::format("{} {}{}", count, word, count == 1 ? "" : "s");
  };
  const std::string files = counted(paths.value().size(), "file");
  const std::string summary =
      errors > 0 ? fmt::format("{}: {}\n", files, counted(errors, "error"))
                 : fmt::format("{}: no errors ({}, {})\n", files, counted(metrics, "metric"), counted(tests, "test"));
  std::fputs(summary.c_str(), stderr);
  return code;
}

}  // namespace alidade
