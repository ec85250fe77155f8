// GitHub's workflow commands. Door: render.h.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "compiler/diagnostics/render.h"

namespace alidade {
namespace {

/// In a message a percent sign and line ends, in a property also what parts properties.
std::string escaped(std::string_view text, bool property) {
  std::string out;
  for (const char c : text) {
    const bool escapes = c == '%' || c == '\r' || c == '\n' || (property && (c == ':' || c == ','));
    out += escapes ? fmt::format("%{:02X}", static_cast<unsigned>(c)) : std::string(1, c);
  }
  return out;
}

const char* command(Severity severity) {
  switch (severity) {
    case Severity::kError:
      return "error";
    case Severity::kWarning:
      return "warning";
    case Severity::kNote:
      return "notice";
  }
  return "";
}

}  // namespace

std::string ReportRoot::path(const std::string& shown) const {
  namespace fs = std::filesystem;
  const fs::path path(shown);
  if (folder.empty()) return shown;
  if (!path.is_absolute()) return (fs::path(within) / path).lexically_normal().generic_string();
  const fs::path inside = path.lexically_relative(folder);
  return inside.empty() || *inside.begin() == ".." ? shown : inside.generic_string();
}

std::vector<const Diagnostic*> by_severity(const DiagnosticSink& sink) {
  std::vector<const Diagnostic*> sorted;
  for (const Diagnostic& d : sink.all()) sorted.push_back(&d);
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const Diagnostic* a, const Diagnostic* b) { return a->severity < b->severity; });
  return sorted;
}

std::string render_github(const DiagnosticSink& sink, const ReportRoot& root) {
  std::string out;
  for (const Diagnostic* d : by_severity(sink)) {
    std::string properties;
    if (d->file != nullptr) {
      const LineColumn begin = d->file->position(d->span.begin), end = d->file->position(d->span.end);
      properties = fmt::format("file={},line={},endLine={},col={}", escaped(root.path(d->file->path()), true),
                               begin.line, end.line, begin.column);
      // GitHub takes an end column only where the end is on the first line, and there the last column that is marked.
      if (begin.line == end.line) properties += fmt::format(",endColumn={}", std::max(begin.column, end.column - 1));
      properties += ",";
    }
    const std::string message = d->help.empty() ? d->message : d->message + "\nhelp: " + d->help;
    out += fmt::format(
        "::{} {}title={}::{}\n", command(d->severity), properties,
        escaped(fmt::format("{}: {}", code_text(d->code), find_code(static_cast<int>(d->code))->title), true),
        escaped(message, false));
  }
  return out;
}

}  // namespace alidade
