// Certain fixes put into a text: what `check --fix` does to a file. Part of the door of compiler/diagnostics. Tested in
// tests/unit/fixes_test.cpp. Pure functions.
#pragma once

#include <string>
#include <vector>

#include "compiler/diagnostics/diagnostic.h"

namespace alidade {

struct FixedText {
  std::string text;
  std::vector<const Diagnostic*> applied;  ///< by place; they live as long as the sink's
};

/// The file's text with the certain fixes of the sink's diagnostics in it. Of two that overlap the first is applied:
/// checking what results finds the other again.
FixedText apply_fixes(const SourceFile& file, const DiagnosticSink& sink);

}  // namespace alidade
