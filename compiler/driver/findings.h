// What a verb found, in the format that was asked for. Door of compiler/driver/findings; tested in
// tests/command/formats_test.py.
#pragma once

#include <string>
#include <vector>

#include "compiler/diagnostics/diagnostic.h"
#include "compiler/diagnostics/junit.h"
#include "compiler/driver/terminal.h"

namespace alidade {

/// Of `check` and `test`. Text goes to stderr (a test's result to stdout), all else to stdout.
inline const std::vector<std::string> kFindingFormats = {"text", "json", "sarif", "github", "junit"};

/// The sink's diagnostics, sorted; `reports` are what JUnit shows. Returns kFindings if there is an error among the
/// diagnostics, else kClean; kCouldNot where they cannot be written.
int report_findings(DiagnosticSink& sink, const std::string& format, const std::vector<TestReport>& reports,
                    const Terminal& terminal);

/// The same of specs alone, where JUnit shows each of `files`.
int report_findings_of(DiagnosticSink& sink, const std::string& format, const std::vector<std::string>& files,
                       const Terminal& terminal);

/// "1 test", "3 tests"
std::string counted(size_t count, const char* word);

}  // namespace alidade
