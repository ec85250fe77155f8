// Test results in the XML that JUnit's reports made common: CI systems read it. Part of the door of
// compiler/diagnostics. Tested in tests/unit/diagnostics_test.cpp and tests/command/formats_test.py. Pure functions.
#pragma once

#include <string>
#include <vector>

#include "compiler/diagnostics/diagnostic.h"

namespace alidade {

struct TestReport {
  std::string name;
  std::string file;
  uint32_t line = 0;  ///< 0: the file as a whole
  double seconds = 0;
  std::string failure;  ///< one line; "" of a test that passed
  std::string details;  ///< of the failure
  std::string output;   ///< warnings
};

/// One suite per file, in the order of the reports; what is no character of XML becomes U+FFFD.
std::string render_junit(const std::vector<TestReport>& reports);

/// Each error as a test that failed, each warning as one that passed with output; a file without either as one that
/// passed.
std::vector<TestReport> test_reports(const DiagnosticSink& sink, const std::vector<std::string>& files);

}  // namespace alidade
