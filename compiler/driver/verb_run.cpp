// run: metrics over data. Door: verbs.h.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <thread>

#include "compiler/driver/engines.h"
#include "compiler/driver/output.h"
#include "compiler/driver/progress.h"
#include "compiler/driver/sources.h"
#include "compiler/driver/specs.h"
#include "compiler/driver/spooled_input.h"
#include "compiler/driver/verbs.h"
#include "compiler/driver/write_file.h"
#include "compiler/passes/pass_list.h"
#include "compiler/plan/lower.h"
#include "compiler/reference/evaluate.h"

namespace alidade {
namespace {

/// The format that the ending of -o tells.
constexpr std::pair<std::string_view, const char*> kOutputEndings[] = {{".csv", "csv"},       {".json", "json"},
                                                                       {".md", "markdown"},   {".arrow", "arrow"},
                                                                       {".feather", "arrow"}, {".parquet", "parquet"}};

int usage(const std::string& message) {
  std::fputs(fmt::format("alidade: {}\n  see: alidade run --help\n", message).c_str(), stderr);
  return kCouldNot;
}

/// A date, a month or a time as --from and --to take it.
std::optional<Instant> instant_of(const Calendar& calendar, std::string text) {
  const bool is_month = text.size() == 7 && text[4] == '-';
  const std::optional<ParsedTime> parsed = parse_time(is_month ? text + "-01" : text);
  if (!parsed) return std::nullopt;
  if (parsed->offset_micros) return parsed->local_micros - *parsed->offset_micros;
  const std::optional<LocalTime> local = calendar.from_local(parsed->local_micros);
  if (local) return local->instant;
  // A midnight that the clocks skip: the day starts with the first instant after the gap.
  constexpr int64_t kHour = 3600LL * 1000000;
  const std::optional<LocalTime> later = calendar.from_local(parsed->local_micros + kHour);
  if (!later) return std::nullopt;
  return calendar.bucket(Grain::kDay, later->instant).start;
}

/// What is asked of one module, resolved.
struct Job {
  const Spec* spec = nullptr;
  Calendar calendar;
  Request request;
  ReportRange range;
};

/// One `alidade run`.
class Run {
 public:
  Run(const RunArguments& arguments, const Terminal& terminal) : arguments_(arguments), terminal_(terminal) {}

  int run() {
    const std::jthread loading([this] {
      if (arguments_.dump.empty()) load_readers();
    });
    if (const int code = load(); code != kClean) return code;
    time_phase("specs read and checked");
    if (arguments_.dump == "ast" || arguments_.dump == "types") return dump_specs();
    if (const int code = resolve(); code != kClean) return code;
    if (!arguments_.dump.empty()) return dump_plans();
    time_phase("request resolved");
    if (const Status kept = keep_standard_input(); !kept.ok()) return report_error(kept.error(), terminal_);
    std::vector<ModuleResult> results;
    for (const Job& job : jobs_) {
      Result<ResultSet> result = evaluate(job);
      if (!result) return report_error(result.error(), terminal_);
      note_empty(job, *result);
      results.push_back({job.spec->model.name, std::move(*result), job.calendar});
    }
    time_phase("compiled, data read, evaluated");
    const int code = print(results);
    time_phase("written");
    return code;
  }

 private:
  int load() {
    names_ = arguments_.names;
    const std::vector<std::string> files = take_spec_files(&names_);
    Result<Project> project = current_project(arguments_.profile);
    if (!project) return report_error(project.error(), terminal_);
    project_ = std::move(*project);
    for (const std::string& data : arguments_.data) {
      const std::string problem = add_data(data, &project_.sources);
      if (!problem.empty()) return usage(problem);
    }
    const Result<std::vector<std::string>> paths = spec_paths(files, project_);
    if (!paths) return report_error(paths.error(), terminal_);
    Result<std::vector<Spec>> specs = load_specs(paths.value(), sink_);
    if (!specs) return report_error(specs.error(), terminal_);
    specs_ = std::move(*specs);
    if (sink_.has_errors()) return report_diagnostics(sink_, terminal_);
    for (Spec& spec : specs_) {
      if (const Status mapped = map_fields(project_.sources, &spec.model); !mapped.ok())
        return report_error(mapped.error(), terminal_);
    }
    return kClean;
  }

  int dump_specs() const {
    std::string text;
    for (const Spec& spec : specs_) {
      text += arguments_.dump == "ast" ? dump_ast(*spec.files.front()) : dump_model(spec.model);
    }
    return write_text(text);
  }

  /// Whether a name is for this module: a metric of its own, or one that it is the first to import. One that nobody
  /// has is for all modules, whose message names it.
  bool is_for(const Spec& spec, const std::string& name) const {
    const ModelMetric* here = find_metric(spec.model, name);
    if (here != nullptr && !here->imported) return true;
    const auto first = std::find_if(specs_.begin(), specs_.end(),
                                    [&](const Spec& one) { return find_metric(one.model, name) != nullptr; });
    return first == specs_.end() || &*first == &spec;
  }

  int resolve() {
    for (const Spec& spec : specs_) {
      ReportSpec report;
      for (const std::string& name : names_) {
        if (is_for(spec, name)) report.metrics.push_back(name);
      }
      const bool nothing_here =
          names_.empty() ? own_metrics(spec.model) == 0 && specs_.size() > 1 : report.metrics.empty();
      if (nothing_here) continue;
      if (const int code = resolve_in(spec, std::move(report)); code != kClean) return code;
    }
    return kClean;
  }

  int resolve_in(const Spec& spec, ReportSpec report) {
    const Result<Calendar> calendar = Calendar::open(spec.model.calendar);
    if (!calendar) return report_error(calendar.error(), terminal_);
    report.by = arguments_.by;
    report.top = arguments_.top;
    if (!arguments_.per.empty()) {
      std::string per = arguments_.per;
      std::replace(per.begin(), per.end(), '-', ' ');
      report.grain = grain_from_word(per);
      if (!report.grain) {
        return usage(
            fmt::format("--per takes second, minute, hour, day, week, month, quarter, year, fiscal-quarter or "
                        "fiscal-year, not \"{}\"",
                        arguments_.per));
      }
    }
    const struct {
      const char* flag;
      const std::string& text;
      std::optional<Instant>* instant;
    } ends[] = {{"--from", arguments_.from, &report.from}, {"--to", arguments_.to, &report.to}};
    for (const auto& end : ends) {
      if (end.text.empty()) continue;
      *end.instant = instant_of(calendar.value(), end.text);
      if (!*end.instant) {
        return usage(
            fmt::format("{} takes a date such as 2026-01-05, a month or a time, not \"{}\"", end.flag, end.text));
      }
    }
    if (report.from && report.to && *report.from >= *report.to) return usage("--from must be before --to");
    std::vector<std::string> notes;
    Result<Request> request = resolve_request(spec.model, calendar.value(), report, &notes);
    if (!request) return report_error(request.error(), terminal_);
    if (!terminal_.quiet) {
      for (const std::string& note : notes) std::fputs(("note: " + note + "\n").c_str(), stderr);
    }
    jobs_.push_back({&spec, calendar.value(), std::move(*request), {report.from, report.to}});
    return kClean;
  }

  /// Every module reads the data for itself; the standard input can be read only once.
  Status keep_standard_input() {
    for (auto& [name, source] : project_.sources) {
      if (source.options.path != "-" || jobs_.size() < 2) continue;
      Result<std::unique_ptr<SpooledInput>> input = SpooledInput::read();
      if (!input.ok()) return input.error();
      spooled_ = std::move(*input);
      source.options.path = spooled_->path();
      source.options.shown = "the standard input";
    }
    return Done{};
  }

  int dump_plans() const {
    std::string text;
    for (const Job& job : jobs_) {
      const Plan lowered = lower(job.spec->model, job.request);
      if (arguments_.dump == "llvm") {
        const Result<std::string> code = dump_llvm(optimise(lowered, false));
        if (!code) return report_error(code.error(), terminal_);
        text += code.value();
      } else {
        text += print_plan(arguments_.dump == "plan" ? optimise(lowered, false) : lowered);
      }
    }
    return write_text(text);
  }

  Result<ResultSet> evaluate(const Job& job) const {
    const Plan plan = plan_of(job.spec->model, job.request);
    RunOptions options;
    options.threads = arguments_.threads;
    options.range = job.range;
    options.skip_bad_rows = arguments_.bad_rows == "skip";
    if (terminal_.verbose) std::fputs(plan_costs(plan).c_str(), stderr);
    Result<OpenSources> sources = open_sources(plan, project_.sources, options.skip_bad_rows);
    if (!sources) return sources.error();
    Progress progress(terminal_.err && !terminal_.quiet);
    options.progress = [&](int64_t done, int64_t all) { progress.show(done, all); };
    if (arguments_.engine == "reference") {
      return evaluate_reference(job.spec->model, job.request, sources->named, options);
    }
    CompileOptions compiling;
    compiling.tier = tier_named(arguments_.tier);
    if (!arguments_.no_cache) compiling.cache_folder = default_cache_folder();
    compiling.warn = [](const std::string& text) { std::fputs(("warning: " + text + "\n").c_str(), stderr); };
    const Result<Program> program = compile(plan, compiling);
    if (!program) return program.error();
    Result<ResultSet> result = alidade::run(program.value(), sources->named, options);
    if (terminal_.verbose) std::fputs(fmt::format("native code: {}\n", code_of(program.value())).c_str(), stderr);
    if (terminal_.verbose && result.ok()) note_left_out(*result);
    return result;
  }

  static void note_left_out(const ResultSet& result) {
    for (const StreamReport& report : result.streams) {
      if (report.parts_left_out == 0) continue;
      std::fputs(fmt::format("{}: {} row group{} outside the range, not read\n", report.stream, report.parts_left_out,
                             report.parts_left_out == 1 ? "" : "s")
                     .c_str(),
                 stderr);
    }
  }

  /// Tables alone may have no time to report.
  static void note_empty(const Job& job, const ResultSet& result) {
    for (size_t i = 0; i < job.request.outputs.size(); ++i) {
      const RequestOutput& output = job.request.outputs[i];
      const bool of_tables = std::all_of(output.streams.begin(), output.streams.end(), [&](int stream) {
        return job.spec->model.streams[static_cast<size_t>(stream)].table >= 0;
      });
      const bool is_there = std::any_of(result.rows.begin(), result.rows.end(),
                                        [&](const ResultRow& row) { return row.metric == static_cast<int>(i); });
      if (!of_tables || is_there) continue;
      std::fputs(fmt::format("note: {} is of tables alone, and nothing says when: give --from and --to\n", output.name)
                     .c_str(),
                 stderr);
    }
  }

  std::string format() const {
    if (!arguments_.format.empty()) return arguments_.format;
    for (const auto& [ending, format] : kOutputEndings) {
      if (arguments_.output.ends_with(ending)) return format;
    }
    return "table";
  }

  Result<std::string> formatted(const std::string& chosen, const std::vector<ModuleResult>& results) const {
    if (chosen == "csv") return csv_text(results);
    if (chosen == "json") return json_text(results);
    if (chosen == "markdown") return markdown_text(results);
    const bool arrow = chosen == "arrow", to_file = !arguments_.output.empty();
    if (arrow || chosen == "parquet") {
      const RowFormat format = !arrow ? RowFormat::kParquet : to_file ? RowFormat::kArrowFile : RowFormat::kArrowStream;
      return row_bytes(result_rows(results), about_text(results), format);
    }
    return table_text(results, to_file ? Terminal{} : terminal_);
  }

  int print(const std::vector<ModuleResult>& results) const {
    const std::string chosen = format();
    if (arguments_.output.empty() && terminal_.out && (chosen == "arrow" || chosen == "parquet")) {
      return usage(fmt::format("{} is not for a terminal; write it to a file with -o FILE", chosen));
    }
    const Result<std::string> text = formatted(chosen, results);
    if (!text) return report_error(text.error(), terminal_);
    if (const int code = write_text(text.value()); code != kClean) return code;
    if (chosen != "table" && chosen != "markdown" && !terminal_.quiet) print_notes(results);
    return report_overflow(results);
  }

  /// What a table says below itself goes to stderr beside data for machines, where it is worth a line.
  static void print_notes(const std::vector<ModuleResult>& results) {
    for (const ModuleResult& module : results) {
      const std::string inexact = inexact_note(module.result);
      if (!inexact.empty()) std::fputs((inexact + "\n").c_str(), stderr);
      for (const StreamReport& report : module.result.streams) {
        const bool remarkable = !report.covered || report.duplicates > 0 || report.bad.total() > 0 || report.late > 0 ||
                                report.ambiguous_times > 0 || !report.without_entity.empty() ||
                                report.without_rate > 0 || report.rows == 0;
        if (remarkable) std::fputs((stream_note(module.calendar, report) + "\n").c_str(), stderr);
      }
    }
  }

  int report_overflow(const std::vector<ModuleResult>& results) const {
    const bool overflowed =
        std::any_of(results.begin(), results.end(), [](const ModuleResult& m) { return m.result.overflowed; });
    if (!overflowed) return kClean;
    report_error({static_cast<int>(Code::value_overflowed),
                  "a value does not fit 128 bits: its cells are undefined (overflow)",
                  {}},
                 terminal_);
    return kFindings;
  }

  int write_text(const std::string& text) const {
    const Status written = arguments_.output.empty() ? write_stdout(text) : write_file(arguments_.output, text);
    return written ? kClean : report_error(written.error(), terminal_);
  }

  /// With --verbose, the time since the phase before.
  void time_phase(const char* what) {
    const auto now = std::chrono::steady_clock::now();
    const double millis = std::chrono::duration<double, std::milli>(now - phase_began_).count();
    if (terminal_.verbose) std::fputs(fmt::format("{:9.1f} ms  {}\n", millis, what).c_str(), stderr);
    phase_began_ = now;
  }

  const RunArguments& arguments_;
  const Terminal& terminal_;
  std::chrono::steady_clock::time_point phase_began_ = std::chrono::steady_clock::now();
  std::vector<std::string> names_;
  Project project_;
  std::unique_ptr<SpooledInput> spooled_;
  DiagnosticSink sink_;
  std::vector<Spec> specs_;
  std::vector<Job> jobs_;
};

}  // namespace

int verb_run(const RunArguments& arguments, const Terminal& terminal) { return Run(arguments, terminal).run(); }

}  // namespace alidade
