// Report requests: which metrics, at which grain, by which dimensions. Door: analyse.h.
#include <fmt/format.h>

#include <algorithm>

#include "compiler/sema/analyser.h"

namespace alidade {
namespace {

Error problem(Code code, std::string message) { return {static_cast<int>(code), std::move(message), {}}; }

std::string meant(std::string_view word, const std::vector<std::string_view>& candidates) {
  std::string near = did_you_mean(word, candidates);
  return near.empty() ? "" : fmt::format("; did you mean `{}`?", near);
}

/// Every dimension's row is in the model: the analysis adds them all.
RowId row_in(const Model& model, const Row& row) {
  auto at = std::find(model.rows.begin(), model.rows.end(), row);
  ALIDADE_CHECK(at != model.rows.end());
  return {static_cast<int32_t>(at - model.rows.begin())};
}

Dimension shown_dimension(const Model& model, const std::string& path, const Type& type) {
  Dimension shown;
  shown.name = path;
  switch (type.kind) {
    case ValueKind::kInteger:
      shown.kind = FieldKind::kInteger;
      break;
    case ValueKind::kBoolean:
      shown.kind = FieldKind::kBoolean;
      break;
    case ValueKind::kOneOf:
      shown.kind = FieldKind::kOneOf;
      shown.values = model.lists[static_cast<size_t>(type.one_of)];
      break;
    case ValueKind::kDecimal:
    case ValueKind::kNumber:
    case ValueKind::kRatio:
    case ValueKind::kPercent:
    case ValueKind::kMoney:
    case ValueKind::kDuration:
    case ValueKind::kTimestamp:
    case ValueKind::kText:
    case ValueKind::kUuid:
      shown.kind = FieldKind::kText;
      break;
  }
  return shown;
}

/// A dimension in every stream that an output reads, with one type.
Result<ResolvedDimension> resolve_dimension(const Model& model, const std::string& path,
                                            const std::vector<int>& streams, const std::string& metric) {
  ResolvedDimension result;
  result.rows.resize(model.streams.size());
  Type type;
  for (int stream : streams) {
    const ModelSource& source = model.streams[static_cast<size_t>(stream)];
    StreamDimension found = dimension_in(model, stream, path);
    if (!found.found || found.ambiguous) {
      std::vector<std::string_view> fields;
      for (const ModelField& field : source.fields) fields.push_back(field.name);
      return problem(
          Code::unknown_report_dimension,
          fmt::format("`{}` cannot be broken down by `{}`: {} has {}{}", metric, path, source_words(source),
                      found.ambiguous ? "it in several tables" : "no such field or attribute", meant(path, fields)));
    }
    if (!can_be_dimension(found.row.type.kind)) {
      return problem(
          Code::report_dimension_type,
          fmt::format("`{}` is {} in the stream `{}`, and a dimension is a text, a list, a bool or an integer", path,
                      display(found.row.type, model.units), source.name));
    }
    bool first = stream == streams.front();
    if (!first && (found.row.type.kind != type.kind || found.row.type.one_of != type.one_of)) {
      return problem(Code::report_dimension_type,
                     fmt::format("`{}` is {} in one stream of `{}` and {} in another", path, display(type, model.units),
                                 metric, display(found.row.type, model.units)));
    }
    type = found.row.type;
    result.rows[static_cast<size_t>(stream)] = row_in(model, found.row);
  }
  result.shown = shown_dimension(model, path, type);
  return result;
}

Result<std::vector<ResolvedDimension>> resolve_dimensions(const Model& model, const std::vector<std::string>& paths,
                                                          const std::vector<int>& streams, const std::string& metric) {
  std::vector<ResolvedDimension> result;
  for (size_t i = 0; i < paths.size(); ++i) {
    if (std::find(paths.begin(), paths.begin() + static_cast<long>(i), paths[i]) !=
        paths.begin() + static_cast<long>(i))
      continue;
    Result<ResolvedDimension> one = resolve_dimension(model, paths[i], streams, metric);
    if (!one.ok()) return one.error();
    result.push_back(std::move(one.value()));
  }
  return result;
}

Result<RequestOutput> output_of(const Model& model, const ModelMetric& metric, const ReportSpec& spec) {
  RequestOutput output;
  output.name = metric.name;
  output.title = metric.title;
  output.format = metric.format;
  output.value = metric.value;
  output.type = metric.type;
  output.streams = metric.streams;
  if (metric.fixed_grain && spec.grain && *spec.grain != metric.grain) {
    return problem(
        Code::report_of_other_grain,
        fmt::format("`{}` has one value per {}, and the report is per {}: write a metric such as `mean({})`, or report "
                    "it per {}",
                    metric.name, grain_word(metric.grain), grain_word(*spec.grain), metric.name,
                    grain_word(metric.grain)));
  }
  output.grain = metric.fixed_grain ? metric.grain : spec.grain.value_or(Grain::kWhole);
  std::vector<std::string> paths = metric.by;
  paths.insert(paths.end(), spec.by.begin(), spec.by.end());
  Result<std::vector<ResolvedDimension>> dimensions = resolve_dimensions(model, paths, metric.streams, metric.name);
  if (!dimensions.ok()) return dimensions.error();
  output.dimensions = std::move(dimensions.value());
  if (!output.dimensions.empty()) output.top = spec.top > 0 ? spec.top : metric.top;
  return output;
}

bool cuts(const Calendar& calendar, Grain grain, const std::optional<Instant>& edge) {
  if (!edge) return false;
  return grain == Grain::kWhole || calendar.bucket(grain, *edge).start != *edge;
}

}  // namespace

Result<Request> resolve_request(const Model& model, const Calendar& calendar, const ReportSpec& spec,
                                std::vector<std::string>* notes) {
  if (spec.from && spec.to && *spec.from >= *spec.to) {
    return problem(Code::empty_report_range, "the report's range is empty: `--from` must lie before `--to`");
  }
  Request request;
  if (spec.metrics.empty()) {
    // As declared: the analysis comes to a metric when another needs it.
    std::vector<const ModelMetric*> declared;
    for (const ModelMetric& metric : model.metrics) {
      if (!metric.imported) declared.push_back(&metric);
    }
    std::sort(declared.begin(), declared.end(),
              [](const ModelMetric* a, const ModelMetric* b) { return a->span.begin < b->span.begin; });
    for (const ModelMetric* metric : declared) {
      Result<RequestOutput> output = output_of(model, *metric, spec);
      if (output.ok()) {
        request.outputs.push_back(std::move(output.value()));
      } else if (notes != nullptr) {
        notes->push_back("left out: " + output.error().message);
      }
    }
    if (request.outputs.empty()) {
      Error error = problem(Code::nothing_to_report, declared.empty() ? "the spec has no metric of its own"
                                                                      : "no metric can be reported like this");
      if (notes != nullptr) error.notes = *notes;
      return error;
    }
  }
  for (const std::string& name : spec.metrics) {
    auto metric = std::find_if(model.metrics.begin(), model.metrics.end(),
                               [&](const ModelMetric& one) { return one.name == name; });
    if (metric == model.metrics.end()) {
      std::vector<std::string_view> names;
      for (const ModelMetric& one : model.metrics) names.push_back(one.name);
      return problem(Code::unknown_report_metric, fmt::format("there is no metric `{}`{}", name, meant(name, names)));
    }
    Result<RequestOutput> output = output_of(model, *metric, spec);
    if (!output.ok()) return output.error();
    request.outputs.push_back(std::move(output.value()));
  }
  if (spec.top > 0 && std::none_of(request.outputs.begin(), request.outputs.end(),
                                   [](const RequestOutput& output) { return output.top > 0; })) {
    return problem(Code::top_without_dimensions, "`--top` is of groups, and nothing here is broken down: add `--by`");
  }
  for (const RequestOutput& output : request.outputs) {
    if (output.top > 0 && (spec.from || spec.to)) request.cut_by_day = true;  // the ranking looks at the whole range
    if (cuts(calendar, output.grain, spec.from) || cuts(calendar, output.grain, spec.to)) request.cut_by_day = true;
  }
  return request;
}

Request request_of_test(const Model& model, const ModelTest& test) {
  Request request;
  for (const TestExpectation& expectation : test.expectations) {
    RequestOutput output;
    output.name = expectation.text;
    output.value = expectation.value;
    output.type = expectation.type;
    output.grain = expectation.grain;
    output.streams = expectation.streams;
    // The analysis resolved these already, so they resolve again.
    Result<std::vector<ResolvedDimension>> dimensions =
        resolve_dimensions(model, expectation.by, expectation.streams, output.name);
    ALIDADE_CHECK(dimensions.ok());
    output.dimensions = std::move(dimensions.value());
    output.top = expectation.top;
    request.outputs.push_back(std::move(output));
  }
  return request;
}

}  // namespace alidade
