// One diagnostic, many renderings: text for people, JSON Lines for programs, SARIF and GitHub annotations for reviews.
// Part of the door of compiler/diagnostics; JUnit is junit.h. Tested in tests/unit/diagnostics_test.cpp and
// tests/command/formats_test.py. Pure functions, safe on any thread.
#pragma once

#include <string>
#include <vector>

#include "compiler/diagnostics/diagnostic.h"

namespace alidade {

/// One diagnostic as lines of text, each with its line end:
///   file:line:col: error[AL2003]: this brace is never closed
///    12 | stream app {
///       |            ^
///    20 | metric revenue = …
///       | ------ the next declaration starts here
///       = help: …
/// Carets stand under code points; a tab in the source is shown as one space. A fix that the help does not spell out is
/// shown as the line that it makes.
std::string render_text(const Diagnostic& diagnostic, bool colour = false);

/// All of a sink's, in its order.
std::string render_text(const DiagnosticSink& sink, bool colour = false);

/// One JSON object on one line, with its line end: code, severity, file, line, column, end_line, end_column, begin,
/// end, message, help, labels, fixes. Lines and columns count from 1, columns in code points; begin and end are byte
/// offsets.
std::string render_json(const Diagnostic& diagnostic);
std::string render_json(const DiagnosticSink& sink);

/// What reviews show is looked up in a repository, so paths are shown from its root.
struct ReportRoot {
  std::string folder;  ///< "/home/ann/shop"; "" where there is none: paths stay as they are
  std::string within;  ///< the working folder, from there: "metrics"; "" for the root itself
  std::string path(const std::string& shown) const;
};

/// A SARIF 2.1.0 log of one run, errors first: rules with their explanations, regions in code points, fixes, labels as
/// related locations, fingerprints that outlive a move of the line. At most 5,000 results, of which GitHub shows no
/// more; a notification says how many are left out.
std::string render_sarif(const DiagnosticSink& sink, const ReportRoot& root, const std::string& version);

/// Workflow commands, a line each: `::error file=…,line=…,…::message`. Errors first, since GitHub shows only ten of a
/// step.
std::string render_github(const DiagnosticSink& sink, const ReportRoot& root);

/// Errors first, then warnings, then notes; each in the sink's order.
std::vector<const Diagnostic*> by_severity(const DiagnosticSink& sink);

/// "AL2003".
std::string code_text(Code code);
/// "error", "warning" or "note".
const char* severity_text(Severity severity);

}  // namespace alidade
