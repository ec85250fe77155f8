// Certain fixes in place. Door: fix_files.h.
#include "compiler/driver/fix_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <set>

#include "compiler/diagnostics/fixes.h"
#include "compiler/diagnostics/render.h"
#include "compiler/driver/specs.h"
#include "compiler/driver/write_file.h"

namespace alidade {
namespace {

constexpr int kMaxRounds = 50;  ///< a fix may uncover the next: nested expressions, then what could not be checked
constexpr std::string_view kMark = "\xEF\xBB\xBF";

std::string canonical_path(const std::string& path) {
  std::error_code problem;
  const std::filesystem::path whole = std::filesystem::weakly_canonical(path, problem);
  return problem ? path : whole.string();
}

size_t syntax_errors(const std::string& text) {
  DiagnosticSink sink;
  parse("", text, sink);
  const auto is_error = [](const Diagnostic& d) { return d.severity == Severity::kError; };
  return static_cast<size_t>(std::count_if(sink.all().begin(), sink.all().end(), is_error));
}

/// Writes the file with its certain fixes and returns how many they are.
Result<size_t> fix_file(const SourceFile& file, const DiagnosticSink& sink, const Terminal& terminal) {
  const FixedText fixed = apply_fixes(file, sink);
  if (fixed.applied.empty() || fixed.text == file.text()) return size_t{0};
  if (syntax_errors(fixed.text) > syntax_errors(std::string(file.text()))) return size_t{0};
  const Result<std::string> there = read_file(file.path());
  if (!there) return there.error();
  std::string_view now = there.value();
  while (now.starts_with(kMark)) now.remove_prefix(kMark.size());
  if (now != file.text()) return size_t{0};  // not what was checked: changed meanwhile, or a module of the library
  const std::string mark(there.value().substr(0, there.value().size() - now.size()));
  const Status written = write_file(file.path(), mark + fixed.text);
  if (!written) return written.error();
  for (const Diagnostic* d : fixed.applied) {
    const LineColumn at = file.position(d->span.begin);
    if (terminal.quiet) break;
    std::fputs(fmt::format("{}:{}:{}: fixed {}: {}\n", file.path(), at.line, at.column, code_text(d->code), d->message)
                   .c_str(),
               stderr);
  }
  return fixed.applied.size();
}

}  // namespace

Result<size_t> fix_files(const std::vector<std::string>& paths, const Terminal& terminal) {
  std::set<std::string> may_write;
  for (const std::string& path : paths) may_write.insert(canonical_path(path));
  size_t all = 0;
  for (int round = 0; round < kMaxRounds; ++round) {
    DiagnosticSink sink;
    const Result<std::vector<Spec>> specs = load_specs(paths, sink);
    if (!specs) return specs.error();
    sink.sort();
    std::vector<const SourceFile*> files;
    for (const Diagnostic& d : sink.all()) {
      const bool is_new = d.file != nullptr && std::find(files.begin(), files.end(), d.file) == files.end();
      if (is_new && may_write.contains(canonical_path(d.file->path()))) files.push_back(d.file);
    }
    size_t made = 0;
    for (const SourceFile* file : files) {
      const Result<size_t> done = fix_file(*file, sink, terminal);
      if (!done) return done.error();
      made += done.value();
    }
    if (made == 0) break;
    all += made;
  }
  return all;
}

}  // namespace alidade
