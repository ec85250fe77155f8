// JUnit's XML. Door: junit.h.
#include "compiler/diagnostics/junit.h"

#include <fmt/format.h>
#include <utf8proc.h>

#include <algorithm>

#include "compiler/diagnostics/render.h"

namespace alidade {
namespace {

/// XML 1.0 has no other characters, not even escaped.
bool is_xml(utf8proc_int32_t code) {
  if (code < 0x20) return code == '\t' || code == '\n' || code == '\r';
  return code != 0xFFFE && code != 0xFFFF;
}

/// As an attribute's value or as content: line ends in an attribute would be read as spaces.
std::string xml(std::string_view text) {
  std::string out;
  const auto* bytes = reinterpret_cast<const utf8proc_uint8_t*>(text.data());
  for (size_t at = 0; at < text.size();) {
    utf8proc_int32_t code = 0;
    const utf8proc_ssize_t length =
        utf8proc_iterate(bytes + at, static_cast<utf8proc_ssize_t>(text.size() - at), &code);
    const std::string_view character = text.substr(at, length > 0 ? static_cast<size_t>(length) : 1);
    at += character.size();
    if (length <= 0 || !is_xml(code))
      out += "\uFFFD";
    else if (code == '&' || code == '<' || code == '>' || code == '"' || code == '\'' || code < 0x20)
      out += fmt::format("&#{};", code);
    else
      out += character;
  }
  return out;
}

std::string seconds(double value) { return fmt::format("{:.3f}", value); }

std::string case_text(const TestReport& report) {
  const std::string line = report.line == 0 ? "" : fmt::format(" line=\"{}\"", report.line);
  std::string text = fmt::format("    <testcase name=\"{}\" classname=\"{}\" file=\"{}\"{} time=\"{}\"",
                                 xml(report.name), xml(report.file), xml(report.file), line, seconds(report.seconds));
  if (report.failure.empty() && report.output.empty()) return text + "/>\n";
  text += ">\n";
  if (!report.failure.empty()) {
    text += fmt::format("      <failure message=\"{}\">{}</failure>\n", xml(report.failure), xml(report.details));
  }
  if (!report.output.empty()) text += fmt::format("      <system-out>{}</system-out>\n", xml(report.output));
  return text + "    </testcase>\n";
}

struct Totals {
  size_t tests = 0, failures = 0;
  double seconds = 0;
  void add(const TestReport& report) {
    ++tests;
    failures += !report.failure.empty();
    seconds += report.seconds;
  }
  std::string attributes() const {
    return fmt::format("tests=\"{}\" failures=\"{}\" errors=\"0\" skipped=\"0\" time=\"{}\"", tests, failures,
                       alidade::seconds(seconds));
  }
};

}  // namespace

std::string render_junit(const std::vector<TestReport>& reports) {
  Totals all;
  std::string suites;
  for (size_t begin = 0; begin < reports.size();) {
    Totals suite;
    std::string cases;
    size_t end = begin;
    for (; end < reports.size() && reports[end].file == reports[begin].file; ++end) {
      suite.add(reports[end]);
      all.add(reports[end]);
      cases += case_text(reports[end]);
    }
    suites += fmt::format("  <testsuite name=\"{}\" {}>\n{}  </testsuite>\n", xml(reports[begin].file),
                          suite.attributes(), cases);
    begin = end;
  }
  return fmt::format("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"alidade\" {}>\n{}</testsuites>\n",
                     all.attributes(), suites);
}

std::vector<TestReport> test_reports(const DiagnosticSink& sink, const std::vector<std::string>& files) {
  std::vector<TestReport> reports;
  for (const Diagnostic& d : sink.all()) {
    TestReport report;
    const LineColumn at = d.file == nullptr ? LineColumn{} : d.file->position(d.span.begin);
    report.name = fmt::format("{} at {}:{}", code_text(d.code), at.line, at.column);
    if (d.file != nullptr) report.file = d.file->path();
    report.line = at.line;
    const std::string text = render_text(d);
    if (d.severity == Severity::kError) {
      report.failure = d.message;
      report.details = text;
    } else {
      report.output = text;
    }
    reports.push_back(std::move(report));
  }
  for (const std::string& file : files) {
    const bool told = std::any_of(reports.begin(), reports.end(), [&](const auto& one) { return one.file == file; });
    if (!told) reports.push_back({.name = "check", .file = file, .failure = "", .details = "", .output = ""});
  }
  std::stable_sort(reports.begin(), reports.end(),
                   [](const TestReport& a, const TestReport& b) { return a.file < b.file; });
  return reports;
}

}  // namespace alidade
