// fmt: the one layout. Door: verbs.h.
#include <fmt/format.h>

#include <cstdio>

#include "compiler/driver/specs.h"
#include "compiler/driver/verbs.h"
#include "compiler/driver/write_file.h"

namespace alidade {
namespace {

/// What one file's turn comes to; `code` is the exit code if it were alone.
int format_file(const std::string& path, bool check, const Terminal& terminal) {
  const Result<std::string> text = read_file(path);
  if (!text) return report_error(text.error(), terminal);
  DiagnosticSink sink;
  const std::string laid_out = format(path == "-" ? "stdin" : path, text.value(), sink);
  if (sink.has_errors()) {
    // The text is passed on, so that an editor that pipes a buffer through does not lose it.
    const int code = report_diagnostics(sink, terminal);
    if (path != "-" || check) return code;
    const Status passed = write_stdout(text.value());
    return passed ? code : report_error(passed.error(), terminal);
  }
  if (path == "-" && !check) {
    const Status written = write_stdout(laid_out);
    return written ? kClean : report_error(written.error(), terminal);
  }
  if (laid_out == text.value()) return kClean;
  if (check) {
    std::fputs(fmt::format("{} is not in the one layout; alidade fmt {} mends it\n", path, path).c_str(), stderr);
    return kFindings;
  }
  const Status written = write_file(path, laid_out);
  return written ? kClean : report_error(written.error(), terminal);
}

}  // namespace

int verb_fmt(const FmtArguments& arguments, const Terminal& terminal) {
  const Result<Project> project = current_project("");
  if (!project) return report_error(project.error(), terminal);
  const Result<std::vector<std::string>> paths = spec_paths(arguments.files, project.value());
  if (!paths) return report_error(paths.error(), terminal);
  int worst_code = kClean;
  for (const std::string& path : paths.value()) {
    worst_code = std::max(worst_code, format_file(path, arguments.check, terminal));
  }
  return worst_code;
}

}  // namespace alidade
