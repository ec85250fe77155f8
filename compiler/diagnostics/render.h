// Diagnostics as text for people and as JSON Lines for programs. Part of the door of compiler/diagnostics.
// Tested in tests/unit/diagnostics_test.cpp. Pure functions, safe on any thread.
#pragma once

#include <string>

#include "compiler/diagnostics/diagnostic.h"

namespace alidade {

/// One diagnostic as lines of text, each with its line end:
///   file:line:col: error[AL2003]: this brace is never closed
///    12 | stream app {
///       |            ^
///    20 | metric revenue = …
///       | ------ the next declaration starts here
///       = help: …
/// Carets stand under code points; a tab in the source is shown as one space.
std::string render_text(const Diagnostic& diagnostic, bool colour = false);

/// All of a sink's, in its order.
std::string render_text(const DiagnosticSink& sink, bool colour = false);

/// One JSON object on one line, with its line end: code, severity, file, line, column, end_line, end_column, begin,
/// end, message, help, labels, fixes. Lines and columns count from 1, columns in code points; begin and end are byte
/// offsets.
std::string render_json(const Diagnostic& diagnostic);
std::string render_json(const DiagnosticSink& sink);

/// "AL2003".
std::string code_text(Code code);
/// "error", "warning" or "note".
const char* severity_text(Severity severity);

}  // namespace alidade
