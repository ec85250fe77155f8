// explain: a diagnostic's code, or a metric. Door: verbs.h.
#include <fmt/format.h>

#include <cctype>
#include <cstdio>
#include <cstdlib>

#include "compiler/driver/specs.h"
#include "compiler/driver/verbs.h"
#include "compiler/driver/write_file.h"
#include "compiler/passes/pass_list.h"
#include "compiler/plan/lower.h"
#include "compiler/sema/meaning.h"

namespace alidade {
namespace {

/// The number of "AL4012" or "al4012"; 0 if the word is no code.
int code_number(const std::string& word) {
  if (word.size() != 6 || std::toupper(word[0]) != 'A' || std::toupper(word[1]) != 'L') return 0;
  for (size_t i = 2; i < word.size(); ++i) {
    if (std::isdigit(static_cast<unsigned char>(word[i])) == 0) return 0;
  }
  return std::atoi(word.c_str() + 2);
}

std::string indented(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    result += "    " + std::string(text.substr(0, end)) + "\n";
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  }
  return result;
}

/// Breaks at spaces so that no line is longer than a page's.
std::string wrapped(std::string_view text) {
  constexpr size_t kLine = 100;
  std::string result, line;
  while (!text.empty()) {
    const size_t end = text.find(' ');
    const std::string_view word = text.substr(0, end);
    if (!line.empty() && line.size() + 1 + word.size() > kLine) {
      result += line + "\n";
      line.clear();
    }
    if (!line.empty()) line += ' ';
    line += word;
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  }
  return result + line + "\n";
}

int write_out(const std::string& text, const Terminal& terminal) {
  const Status written = write_stdout(text);
  return written ? kClean : report_error(written.error(), terminal);
}

int explain_code(int number, const Terminal& terminal) {
  const CodeInfo* info = find_code(number);
  if (info == nullptr) {
    std::fputs(fmt::format("alidade: there is no code AL{:04}\n", number).c_str(), stderr);
    return kCouldNot;
  }
  std::string text = fmt::format("AL{:04}: {}\n\n{}", number, info->title, wrapped(info->explanation));
  if (*info->wrong != '\0') text += "\nwrong:\n\n" + indented(info->wrong);
  if (*info->right != '\0') text += "\nright:\n\n" + indented(info->right);
  return write_out(text, terminal);
}

/// A line for each, under the phase that finds it.
std::string list_of_codes() {
  constexpr const char* kPhases[] = {"files",  "syntax", "names",       "types and units", "rules of metrics",
                                     "limits", "data",   "when running"};
  std::string text;
  int phase = 0;
  for (const CodeInfo& info : all_codes()) {
    const int number = static_cast<int>(info.code);
    if (number / 1000 != phase) {
      phase = number / 1000;
      text += fmt::format("{}{}\n", text.empty() ? "" : "\n", kPhases[phase - 1]);
    }
    text += fmt::format("  AL{:04}  {}\n", number, info.title);
  }
  return text;
}

std::string joined_streams(const Model& model, const ModelMetric& metric) {
  std::string names;
  for (int stream : metric.streams) {
    names += (names.empty() ? "" : ", ") + model.streams[static_cast<size_t>(stream)].name;
  }
  return names;
}

/// The declaration as it was written.
std::string_view written(const Syntax& syntax, const ModelMetric& metric) {
  for (const ast::Decl& decl : syntax.file.decls) {
    if (decl.name.span == metric.span) return syntax.source->text(decl.span);
  }
  return "";
}

/// The metric as it was written, what its type was found to be, and what computing it alone takes.
Result<std::string> explain_metric(const Spec& spec, const ModelMetric& metric) {
  const Model& model = spec.model;
  const Syntax& syntax = file_of(spec, metric.span);
  const SourceFile& source = *syntax.source;
  std::string text = fmt::format("{}  ({}:{})\n", metric.name, source.path(), source.position(metric.span.begin).line);
  if (!metric.title.empty()) text += metric.title + "\n";
  if (!metric.doc.empty()) text += "\n" + wrapped(metric.doc);
  text += "\n" + indented(written(syntax, metric)) + "\n";
  const MetricInfo info = info_of(model, metric.type);
  const auto line = [&text](std::string_view part, const std::string& words) {
    if (!words.empty()) text += fmt::format("{:<10} {}\n", part, words);
  };
  line("type", display(metric.type, model.units) + (metric.type.exact                      ? ", exact"
                                                    : model.value(metric.value).plain_sums ? ", summed inexactly"
                                                                                           : ""));
  line("unit", info.unit);
  Meanings meanings(model);
  for (const auto& [part, words] : meaning_words(meanings, metric)) line(part, words);
  line("reads", joined_streams(model, metric));
  line("owner", metric.owner);

  const Result<Calendar> calendar = Calendar::open(model.calendar);
  if (!calendar) return calendar.error();
  ReportSpec report;
  report.metrics = {metric.name};
  std::vector<std::string> notes;
  const Result<Request> request = resolve_request(model, calendar.value(), report, &notes);
  if (!request) return request.error();
  const Plan plan = optimise(lower(model, request.value()), false);
  text += "\nplan\n" + indented(print_plan(plan)) + "\ncosts\n" + indented(plan_costs(plan));
  return text;
}

}  // namespace

int verb_explain(const ExplainArguments& arguments, const Terminal& terminal) {
  std::vector<std::string> names = arguments.names;
  const std::vector<std::string> files = take_spec_files(&names);
  if (names.empty() && files.empty()) return write_out(list_of_codes(), terminal);
  if (names.size() != 1) {
    std::fputs("alidade: explain takes one code or one metric\n  see: alidade explain --help\n", stderr);
    return kCouldNot;
  }
  const std::string& name = names.front();
  if (const int number = code_number(name); number != 0) return explain_code(number, terminal);

  const Result<Project> project = current_project("");
  if (!project) return report_error(project.error(), terminal);
  const Result<std::vector<std::string>> paths = spec_paths(files, project.value());
  if (!paths) return report_error(paths.error(), terminal);
  DiagnosticSink sink;
  const Result<std::vector<Spec>> specs = load_specs(paths.value(), sink);
  if (!specs) return report_error(specs.error(), terminal);
  if (sink.has_errors()) return report_diagnostics(sink, terminal);
  std::vector<std::string_view> known;
  for (const Spec& spec : specs.value()) {
    for (const ModelMetric& metric : spec.model.metrics) {
      known.push_back(metric.name);
      if (metric.name != name) continue;
      const Result<std::string> text = explain_metric(spec, metric);
      return text ? write_out(text.value(), terminal) : report_error(text.error(), terminal);
    }
  }
  const std::string meant = did_you_mean(name, known);
  std::fputs(fmt::format("alidade: there is no metric or code \"{}\"{}\n", name,
                         meant.empty() ? "" : fmt::format("; did you mean {}?", meant))
                 .c_str(),
             stderr);
  return kCouldNot;
}

}  // namespace alidade
