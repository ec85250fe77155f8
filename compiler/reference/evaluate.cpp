// Every output for every bucket and group, one after the other. Door: evaluate.h.
#include "compiler/reference/evaluate.h"

#include <algorithm>

#include "compiler/reference/first_rows.h"
#include "compiler/reference/load.h"
#include "compiler/reference/value_evaluator.h"

namespace alidade {
namespace {

using namespace reference;

/// The output's range: as asked, else from the first row's day to the last row's, over its streams; of tables alone
/// over the instants at which their rows begin to be valid. Empty without either.
Interval range_of(const RequestOutput& output, const Data& data, const RunOptions& options,
                  const LocalCalendar& calendar) {
  std::optional<Instant> first, last;
  const auto include = [&](const Interval& ends) {
    first = std::min(first.value_or(ends.start), ends.start);
    last = std::max(last.value_or(ends.end), ends.end);
  };
  for (int stream : output.streams) {
    const StreamReport& report = data.streams[static_cast<size_t>(stream)].report;
    if (report.covered && report.last != kMaxInstant) include({report.first, report.last});
  }
  const bool tables_alone = !first.has_value();
  for (int stream : output.streams) {
    const std::optional<Interval>& beginnings = data.streams[static_cast<size_t>(stream)].beginnings;
    if (tables_alone && beginnings) include(*beginnings);
  }
  if (first && !options.range.from) first = calendar.start_of_day(*first);
  if (last && !options.range.to) last = calendar.end_of_day(*last);
  if (options.range.from) first = options.range.from;
  if (options.range.to) last = options.range.to;
  return first && last && *first < *last ? Interval{*first, *last} : Interval{};
}

/// What groups are ranked over.
Context whole(Interval range) { return {Grain::kWhole, range, range, {}, {}}; }

/// The buckets of an output: each with what the range leaves of it.
std::vector<Context> contexts_of(const RequestOutput& output, Interval range, const LocalCalendar& calendar) {
  std::vector<Context> result;
  if (range == Interval{}) return result;
  const bool is_whole = output.grain == Grain::kWhole;
  for (const Interval& bucket : is_whole ? std::vector{range} : calendar.buckets(output.grain, range)) {
    result.push_back(
        {output.grain, bucket, {std::max(bucket.start, range.start), std::min(bucket.end, range.end)}, {}, {}});
  }
  return result;
}

/// Puts a table's rows where they are looked at: one for every instant at which it is valid.
void place_rows(const Model& model, const Instants& instants, Data* data) {
  for (const auto& [stream, asked] : instants) {
    const ModelSource& source = model.streams[static_cast<size_t>(stream)];
    for (Instant at : asked) {
      for (const auto& [key, versions] : data->tables[static_cast<size_t>(source.table)]) {
        for (const TableRow& version : versions) {
          if (at < version.valid.start || at >= version.valid.end) continue;
          TypedRow row = version.row;
          row.time = at;
          data->streams[static_cast<size_t>(stream)].rows.push_back(std::move(row));
        }
      }
    }
  }
}

DimensionValue dimension_value(const RowValue& value) {
  if (const bool* truth = std::get_if<bool>(&value)) return *truth;
  if (const int128* number = std::get_if<int128>(&value)) return static_cast<int64_t>(*number);
  if (const std::string* text = std::get_if<std::string>(&value)) return *text;
  ALIDADE_CHECK(is_missing(value));  // a double is no dimension
  return std::monostate();
}

/// Missing comes last.
bool comes_before(const RowValue& a, const RowValue& b) {
  if (is_missing(a) || is_missing(b)) return !is_missing(a) && is_missing(b);
  return a < b;
}

std::vector<std::vector<RowValue>> ordered(const std::set<std::vector<RowValue>>& groups) {
  std::vector<std::vector<RowValue>> result(groups.begin(), groups.end());
  std::sort(result.begin(), result.end(), [](const auto& a, const auto& b) {
    return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(), comes_before);
  });
  return result;
}

MetricInfo describe(const Model& model, const RequestOutput& output) {
  MetricInfo info = info_of(model, output.type);
  info.name = output.name;
  info.title = output.title;
  info.format = output.format;
  info.plain_sums = model.value(output.value).plain_sums;
  info.grain = output.grain;
  info.top = output.top;
  for (const ResolvedDimension& dimension : output.dimensions) info.dimensions.push_back(dimension.shown.name);
  return info;
}

using Group = std::vector<RowValue>;

/// Numbers by their size, true before false; what has no value comes last.
bool ranks_before(const CellValue& a, const CellValue& b) {
  if (!a.defined() || !b.defined()) return a.defined() && !b.defined();
  return a.value > b.value;  // of one type and scale
}

/// Leaves the `top` groups with the largest values over the whole range, in their order, and returns the others.
std::set<Group> cut_to_top(const RequestOutput& output, Interval range, ValueEvaluator& evaluator,
                           std::vector<Group>* groups) {
  if (output.top == 0 || groups->size() <= static_cast<size_t>(output.top)) return {};
  std::vector<std::pair<CellValue, size_t>> ranked;
  for (const Group& group : *groups) {
    Context all = whole(range);
    for (size_t d = 0; d < group.size(); ++d) all.bounds.push_back({&output.dimensions[d].rows, group[d], nullptr});
    ranked.emplace_back(evaluator.evaluate(output.value, all), ranked.size());
  }
  std::stable_sort(ranked.begin(), ranked.end(),
                   [](const auto& a, const auto& b) { return ranks_before(a.first, b.first); });
  std::set<size_t> kept;
  for (int place = 0; place < output.top; ++place) kept.insert(ranked[static_cast<size_t>(place)].second);
  std::vector<Group> top;
  std::set<Group> others;
  for (size_t i = 0; i < groups->size(); ++i) {
    if (kept.contains(i)) {
      top.push_back((*groups)[i]);
    } else {
      others.insert((*groups)[i]);
    }
  }
  *groups = std::move(top);
  return others;
}

void evaluate_output(const RequestOutput& output, int metric, Interval range, const std::vector<Context>& contexts,
                     const Instants& instants, const RunOptions& options, ValueEvaluator& evaluator,
                     ResultSet* result) {
  if (contexts.empty()) return;
  std::vector<Group> groups =
      ordered(evaluator.groups(output.value, output.dimensions, evaluator.looked_at(output.value, contexts), instants));
  const std::set<Group> others = cut_to_top(output, range, evaluator, &groups);
  const size_t shown = groups.size() + (others.empty() ? 0 : 1);
  for (const Context& of_bucket : contexts) {
    const Interval bucket = of_bucket.bucket;
    const bool is_cut = (options.range.from && bucket.start < *options.range.from) ||
                        (options.range.to && bucket.end > *options.range.to);
    for (size_t g = 0; g < shown; ++g) {
      Context context = of_bucket;
      ResultRow row;
      row.other = g == groups.size();
      row.dimensions.resize(output.dimensions.size());
      if (row.other) context.among = {&output.dimensions, &others};
      for (size_t d = 0; d < output.dimensions.size() && !row.other; ++d) {
        context.bounds.push_back({&output.dimensions[d].rows, groups[g][d], nullptr});
        row.dimensions[d] = dimension_value(groups[g][d]);
      }
      row.metric = metric;
      row.bucket = bucket;
      row.value = evaluator.evaluate(output.value, context);
      row.partial = is_cut || evaluator.is_partial(output.value, context, output.grain);
      result->overflowed = result->overflowed || row.value.reason == Reason::kOverflow;
      result->rows.push_back(std::move(row));
    }
  }
}

void report_streams(const Model& model, const Request& request, const Reads& reads, Data& data,
                    ValueEvaluator& evaluator, ResultSet* result) {
  std::vector<ValueId> values;
  for (const RequestOutput& output : request.outputs) values.push_back(output.value);
  const auto left_out = evaluator.rows_without_entity(values);
  auto without_rate = evaluator.rows_without_rate(values);
  for (int stream : reads.streams) {
    const auto index = static_cast<size_t>(stream);
    if (model.streams[index].table >= 0) continue;
    StreamReport report = data.streams[index].report;
    report.without_rate = without_rate[stream];
    for (int field : model.streams[index].entities) {
      const auto found = left_out.find({stream, field});
      if (found == left_out.end()) continue;
      report.without_entity.emplace_back(model.streams[index].fields[static_cast<size_t>(field)].name, found->second);
    }
    result->streams.push_back(std::move(report));
  }
  result->streams.insert(result->streams.end(), data.bad_tables.begin(), data.bad_tables.end());
}

}  // namespace

Result<ResultSet> evaluate_reference(const Model& model, const Request& request,
                                     const std::vector<NamedSource>& sources, const RunOptions& options) {
  const auto binding = Calendar::open(model.calendar);
  if (!binding.ok()) return binding.error();
  const auto calendar = LocalCalendar::open(model.calendar);
  if (!calendar.ok()) return calendar.error();
  const Reads reads = find_reads(model, request);
  auto data = load(model, reads, sources, options, binding.value(), calendar.value());
  if (!data.ok()) return data.error();

  ResultSet result;
  result.zone = model.calendar.zone;
  result.tz_version = Calendar::tz_version();
  result.engine = "reference";
  result.week_start = model.calendar.week_start;
  result.spec_hash = model.spec_hash;
  TieLog ties;
  choose_rows(model, request, &*data, &ties);
  if (Status decided = ties.status(); !decided.ok()) return decided.error();
  std::vector<Interval> ranges;
  std::vector<std::vector<Context>> contexts;
  std::vector<Instants> instants(request.outputs.size());
  Instants all;
  ValueEvaluator asker(model, *data, calendar.value(), &ties);
  for (size_t i = 0; i < request.outputs.size(); ++i) {
    const RequestOutput& output = request.outputs[i];
    ranges.push_back(range_of(output, *data, options, calendar.value()));
    contexts.push_back(contexts_of(output, ranges[i], calendar.value()));
    for (int stream : output.streams) instants[i][stream];
    for (const Context& context : contexts[i]) asker.collect_instants(output.value, context, &instants[i]);
    Instants looked_at = instants[i];
    if (output.top > 0) asker.collect_instants(output.value, whole(ranges[i]), &looked_at);
    for (const auto& [stream, asked] : looked_at) {
      if (model.streams[static_cast<size_t>(stream)].table >= 0) all[stream].insert(asked.begin(), asked.end());
    }
  }
  place_rows(model, all, &*data);
  ValueEvaluator evaluator(model, *data, calendar.value(), &ties);
  for (size_t i = 0; i < request.outputs.size(); ++i) {
    result.metrics.push_back(describe(model, request.outputs[i]));
    evaluate_output(request.outputs[i], static_cast<int>(i), ranges[i], contexts[i], instants[i], options, evaluator,
                    &result);
  }
  if (Status decided = ties.status(); !decided.ok()) return decided.error();
  report_streams(model, request, reads, *data, evaluator, &result);
  return result;
}

}  // namespace alidade
