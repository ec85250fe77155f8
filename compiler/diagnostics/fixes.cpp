// Certain fixes put into a text. Door: fixes.h.
#include "compiler/diagnostics/fixes.h"

#include <algorithm>
#include <utility>

namespace alidade {

FixedText apply_fixes(const SourceFile& file, const DiagnosticSink& sink) {
  std::vector<std::pair<const Fix*, const Diagnostic*>> fixes;
  for (const Diagnostic& d : sink.all()) {
    if (d.file != &file || d.fixes.empty() || !d.fixes.front().certain) continue;
    fixes.emplace_back(&d.fixes.front(), &d);
  }
  std::stable_sort(fixes.begin(), fixes.end(),
                   [](const auto& a, const auto& b) { return a.first->span.begin < b.first->span.begin; });
  FixedText fixed;
  uint32_t done = file.start();
  Span last{UINT32_MAX, UINT32_MAX};
  for (const auto& [fix, diagnostic] : fixes) {
    const bool same_gap = fix->span == last;
    if (fix->span.begin < done || same_gap) continue;
    last = fix->span;
    fixed.text += file.text({done, fix->span.begin});
    fixed.text += fix->replacement;
    done = fix->span.end;
    fixed.applied.push_back(diagnostic);
  }
  fixed.text += file.text({done, file.end()});
  return fixed;
}

}  // namespace alidade
