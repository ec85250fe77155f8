// Findings in every format. Door: findings.h.
#include "compiler/driver/findings.h"

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>

#include "compiler/diagnostics/render.h"
#include "compiler/driver/specs.h"
#include "compiler/driver/verbs.h"
#include "compiler/driver/write_file.h"

namespace alidade {
namespace {

namespace fs = std::filesystem;

bool is_below(const fs::path& folder, const fs::path& root) {
  const fs::path inside = folder.lexically_relative(root);
  return !inside.empty() && *inside.begin() != "..";
}

/// The checkout that a workflow says it works in, else the repository around the working folder, else that folder.
ReportRoot report_root() {
  std::error_code problem;
  const fs::path here = fs::current_path(problem);
  if (problem) return {};
  fs::path root = here;
  const char* workspace = std::getenv("GITHUB_WORKSPACE");
  const fs::path named = workspace == nullptr ? fs::path() : fs::weakly_canonical(workspace, problem);
  if (!named.empty() && is_below(here, named)) {
    root = named;
  } else {
    for (fs::path folder = here;; folder = folder.parent_path()) {
      const bool found = fs::exists(folder / ".git", problem);
      if (found) root = folder;
      if (found || folder == folder.root_path()) break;
    }
  }
  const std::string within = here.lexically_relative(root).generic_string();
  return {root.string(), within == "." ? "" : within};
}

}  // namespace

int report_findings(DiagnosticSink& sink, const std::string& format, const std::vector<TestReport>& reports,
                    const Terminal& terminal) {
  if (format == "text") return report_diagnostics(sink, terminal);
  sink.sort();
  const std::string text = format == "json"     ? render_json(sink)
                           : format == "sarif"  ? render_sarif(sink, report_root(), kVersion)
                           : format == "github" ? render_github(sink, report_root())
                                                : render_junit(reports);
  const Status written = write_stdout(text);
  if (!written) return report_error(written.error(), terminal);
  return sink.has_errors() ? kFindings : kClean;
}

int report_findings_of(DiagnosticSink& sink, const std::string& format, const std::vector<std::string>& files,
                       const Terminal& terminal) {
  sink.sort();
  return report_findings(sink, format, test_reports(sink, files), terminal);
}

std::string counted(size_t count, const char* word) {
  return fmt::format("{} {}{}", count, word, count == 1 ? "" : "s");
}

}  // namespace alidade
