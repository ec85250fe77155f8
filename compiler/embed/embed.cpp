// The public header over the rooms. Door: alidade.h.
#include <algorithm>
#include <map>

#include "compiler/diagnostics/render.h"
#include "compiler/embed/alidade.h"
#include "compiler/embed/embedded_data.h"
#include "compiler/native/compile.h"
#include "compiler/passes/pass_list.h"
#include "compiler/plan/lower.h"
#include "compiler/sema/analyse.h"
#include "runtime/evaluator.h"
#include "runtime/format_value.h"

namespace alidade::embed {
namespace {

Failure failure_of(const Error& error) { return {error.code, error.message, error.notes}; }

std::optional<std::string> text_of(const DimensionValue& value) {
  if (const std::string* text = std::get_if<std::string>(&value)) return *text;
  if (const int64_t* number = std::get_if<int64_t>(&value)) return std::to_string(*number);
  if (const bool* truth = std::get_if<bool>(&value)) return *truth ? "true" : "false";
  return std::nullopt;
}

std::optional<double> number_of(const CellValue& value, int scale) {
  if (!value.defined()) return std::nullopt;
  if (const double* number = std::get_if<double>(&value.value)) return *number;
  if (const bool* truth = std::get_if<bool>(&value.value)) return *truth ? 1 : 0;
  const int128 exact = *std::get_if<int128>(&value.value);
  return al_exact_to_double(static_cast<uint64_t>(exact), static_cast<int64_t>(exact >> 64), scale);
}

Results results_of(const ResultSet& set) {
  Results results;
  results.zone = set.zone;
  results.overflowed = set.overflowed;
  for (const MetricInfo& info : set.metrics) {
    results.metrics.push_back(
        {info.name, info.title, machine_unit(info), grain_word(info.grain), info.dimensions, info.plain_sums});
  }
  for (const ResultRow& row : set.rows) {
    const MetricInfo& info = set.metrics[static_cast<size_t>(row.metric)];
    Row& made = results.rows.emplace_back();
    made.metric = static_cast<size_t>(row.metric);
    made.start = row.bucket.start;
    made.end = row.bucket.end;
    for (const DimensionValue& value : row.dimensions) made.dimensions.push_back(text_of(value));
    made.value = number_of(row.value, info.scale);
    made.text = exact_number(row.value, info);
    made.reason = reason_word(row.value.reason);
    made.partial = row.partial;
  }
  for (const StreamReport& report : set.streams) {
    results.streams.push_back({report.stream, report.rows, report.duplicates, report.late, report.bad.total()});
  }
  return results;
}

}  // namespace

struct Data::Parts {
  std::map<std::string, EmbeddedSource> sources;
  EmbeddedSource& source(const std::string& stream) { return sources.try_emplace(stream, stream).first->second; }
};

Data::Data() : parts_(new Parts) {}
Data::~Data() = default;
Data::Data(Data&& other) noexcept = default;
Data& Data::operator=(Data&& other) noexcept = default;

void Data::add(const std::string& stream, ArrowSchema* schema, ArrowArray* batch) {
  parts_->source(stream).add(schema, batch);
}

void Data::add(const std::string& stream, ArrowArrayStream* batches) { parts_->source(stream).add(batches); }

struct Query::Parts {
  Program program;
  RunOptions options;
};

Outcome<Results> Query::run(Data data) const {
  const Program& program = parts_->program;
  std::vector<NamedSource> sources;
  for (auto& [name, source] : data.parts_->sources) {
    const auto has_name = [&](const SourceSchema& schema) { return schema.name == name; };
    const bool known = std::any_of(program.streams.begin(), program.streams.end(), has_name) ||
                       std::any_of(program.tables.begin(), program.tables.end(), has_name);
    if (!known) return Failure{7103, "the spec has no stream or table " + name, {}};
    sources.push_back({name, &source, std::nullopt});
  }
  const Result<ResultSet> set = alidade::run(program, sources, parts_->options);
  if (!set) return failure_of(set.error());
  return results_of(set.value());
}

struct Spec::Parts {
  DiagnosticSink sink;
  Syntax syntax;
  Model model;
};

Outcome<Spec> Spec::compile(const std::string& text, const std::string& name) {
  auto parts = std::make_shared<Parts>();
  parts->syntax = parse(name, text, parts->sink);
  for (const ast::Decl& decl : parts->syntax.file.decls) {
    if (decl.kind != ast::DeclKind::kImport) continue;
    parts->sink.report(Code::import_missing, *parts->syntax.source, decl.span, "a spec given as text imports nothing");
  }
  parts->model = analyse(parts->syntax, parts->sink);
  parts->sink.sort();
  for (const Diagnostic& diagnostic : parts->sink.all()) {
    if (diagnostic.severity != Severity::kError) continue;
    return Failure{static_cast<int>(diagnostic.code), render_text(parts->sink), {}};
  }
  return Spec(std::move(parts));
}

std::vector<std::string> Spec::metrics() const {
  std::vector<std::string> names;
  for (const ModelMetric& metric : parts_->model.metrics) names.push_back(metric.name);
  return names;
}

std::vector<std::string> Spec::streams() const {
  std::vector<std::string> names;
  for (const ModelSource& stream : parts_->model.streams) names.push_back(stream.name);
  for (const ModelSource& table : parts_->model.tables) names.push_back(table.name);
  return names;
}

std::string Spec::warnings() const { return render_text(parts_->sink); }

Outcome<Query> Spec::prepare(const Report& report, const Options& options) const {
  const Result<Calendar> calendar = Calendar::open(parts_->model.calendar);
  if (!calendar) return failure_of(calendar.error());
  ReportSpec wanted;
  wanted.metrics = report.metrics;
  wanted.by = report.by;
  wanted.from = report.from;
  wanted.to = report.to;
  if (!report.per.empty()) {
    wanted.grain = grain_from_word(report.per);
    if (!wanted.grain) return Failure{8102, "there is no grain \"" + report.per + "\"", {}};
  }
  std::vector<std::string> notes;
  const Result<Request> request = resolve_request(parts_->model, calendar.value(), wanted, &notes);
  if (!request) return failure_of(request.error());
  CompileOptions compiling;
  compiling.tier = TierChoice::kAuto;
  compiling.cache_folder = options.cache_folder;
  Result<Program> program = alidade::compile(optimise(lower(parts_->model, request.value()), false), compiling);
  if (!program) return failure_of(program.error());
  RunOptions running;
  running.threads = options.threads;
  running.skip_bad_rows = options.skip_bad_rows;
  running.range = {report.from, report.to};
  return Query(std::make_shared<const Query::Parts>(Query::Parts{std::move(*program), std::move(running)}));
}

}  // namespace alidade::embed
