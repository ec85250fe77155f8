// A run: tables, then a pass over each stream, then the finish. Door: evaluator.h.
#include "runtime/evaluator.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "runtime/finish.h"
#include "runtime/report_range.h"
#include "runtime/state.h"
#include "runtime/stream_pass.h"
#include "runtime/tables.h"
#include "runtime/workers.h"

namespace alidade {
namespace {

constexpr int kNoSource = 7103;

const NamedSource* find_source(const std::vector<NamedSource>& sources, const std::string& name) {
  auto found = std::find_if(sources.begin(), sources.end(), [&](const NamedSource& s) { return s.name == name; });
  return found == sources.end() || found->source == nullptr ? nullptr : &*found;
}

Error no_source(const char* what, const std::string& name) {
  return {kNoSource, fmt::format("{} `{}` has no source", what, name), {}};
}

// The attributes that anything asks of a table, each once; nullopt if nothing looks it up or counts its rows.
std::optional<std::vector<ColumnSpec>> attributes_asked(const Program& program, size_t table) {
  std::optional<std::vector<ColumnSpec>> asked;
  const auto ask = [&](int field, ColumnForm form, const std::vector<std::string>& classes) {
    auto same = [&](const ColumnSpec& spec) {
      return spec.field == field && spec.form == form && spec.classes == classes;
    };
    if (std::none_of(asked->begin(), asked->end(), same)) asked->push_back({field, form, classes});
  };
  for (const PipelineProgram& pipeline : program.pipelines) {
    const SourceSchema& rows = program.streams[static_cast<size_t>(pipeline.stream)];
    const bool counted = rows.table == static_cast<int>(table);
    if (counted && !asked) asked.emplace();
    for (const ColumnUse& use : pipeline.columns) {
      if (use.kind == ColumnKind::kRate) continue;
      if (counted) {
        const bool own = use.kind == ColumnKind::kField;
        const int field = field_of_table(program.tables, rows, own ? use.field : use.entity_field);
        ask(field, own ? use.form : ColumnForm::kValue, own ? use.classes : std::vector<std::string>());
      }
      if (use.kind == ColumnKind::kField || static_cast<size_t>(use.table) != table) continue;
      if (!asked) asked.emplace();
      if (use.kind == ColumnKind::kAttribute) ask(use.field, use.form, use.classes);
    }
  }
  for (const Rate& rate : program.rates) {
    if (static_cast<size_t>(rate.table) != table) continue;
    if (!asked) asked.emplace();
    ask(rate.field, ColumnForm::kValue, {});
  }
  return asked;
}

StreamState state_of(const LoadedTable& table) {
  StreamState rows;
  const std::optional<Instant> first = table.first_valid();
  rows.covered = first.has_value();
  rows.first = first.value_or(0);
  rows.last = kMaxInstant;
  rows.beginnings = table.beginnings();
  return rows;
}

Result<std::vector<std::unique_ptr<LoadedTable>>> load_tables(State* state, const std::vector<NamedSource>& sources,
                                                              bool skip_bad_rows) {
  const Program& program = state->program();
  std::vector<std::unique_ptr<LoadedTable>> tables(program.tables.size());
  for (size_t t = 0; t < tables.size(); ++t) {
    std::optional<std::vector<ColumnSpec>> asked = attributes_asked(program, t);
    if (!asked) continue;
    const SourceSchema& schema = program.tables[t];
    const NamedSource* source = find_source(sources, schema.name);
    if (source == nullptr) return no_source("table", schema.name);
    Result<LoadedTable> loaded =
        LoadedTable::load(schema, *asked, state->calendar(), state->pool, source->source, skip_bad_rows);
    if (!loaded.ok()) return loaded.error();
    tables[t] = std::make_unique<LoadedTable>(std::move(*loaded));
  }
  return tables;
}

// Data that is read in a few milliseconds is not worth threads, which take as long to start.
int threads_for(const RunOptions& options, const std::vector<NamedSource>& sources) {
  constexpr int64_t kSmall = int64_t{1} << 20;
  int64_t bytes = 0;
  for (const NamedSource& named : sources) {
    int64_t done = 0, all = 0;
    if (named.source != nullptr) named.source->progress(&done, &all);
    if (all == 0) return options.threads;  // as much as there may be
    bytes += all;
  }
  return options.threads == 0 && bytes < kSmall ? 1 : options.threads;
}

StreamState left_out_of(const PartFilter& filter) {
  const PartFilter::LeftOut& parts = filter.left_out();
  return {.rows = parts.rows,
          .parts_left_out = parts.parts,
          .bad = {},
          .covered = parts.parts > 0,
          .first = parts.first,
          .last = parts.last,
          .beginnings = {},
          .without_entity = {}};
}

std::vector<RateSeries> rates_of(const Program& program, const std::vector<std::unique_ptr<LoadedTable>>& tables,
                                 StringPool& pool) {
  std::vector<RateSeries> series;
  for (const Rate& rate : program.rates) {
    const LoadedTable& table = *tables[static_cast<size_t>(rate.table)];
    series.emplace_back(table.spans(rate.field, pool.add(rate.currency)),
                        rate.fixed ? std::optional(rate.moment) : std::nullopt);
  }
  return series;
}

// Rows that results lack for want of a rate. One that the rows of an event were chosen from may count there too.
void count_unrated(const State& state, std::vector<StreamReport>* reports) {
  const Program& program = state.program();
  for (const Presence& counted : program.unrated) {
    const size_t p = static_cast<size_t>(counted.pipeline);
    const PipelineProgram& pipeline = program.pipelines[p];
    const AccumulatorLayout& layout = pipeline.accumulators[static_cast<size_t>(counted.index)];
    const size_t use = static_cast<size_t>(layout.key_space_use);
    const CellMap& cells = *state.key_space(pipeline.key_spaces[use].key_space).cells;
    int64_t rows = 0;
    for (uint32_t cell = 0; cell < cells.cell_count(); ++cell) {
      const uint8_t* at = state.cells[p].arrays[use].at(cell);
      if (at != nullptr) rows += *reinterpret_cast<const int64_t*>(at + layout.offset);
    }
    const std::string& stream = program.streams[static_cast<size_t>(pipeline.stream)].name;
    for (StreamReport& report : *reports) report.without_rate += report.stream == stream ? rows : 0;
  }
}

// What is past the watermark may still change. A date stands for its whole day.
std::optional<Instant> watermark_of(const StreamState& rows, const SourceSchema& schema, const NamedSource& source,
                                    const Calendar& calendar, bool complete) {
  if (source.watermark) return source.watermark;
  if (complete || !rows.covered) return std::nullopt;
  const bool date_only = schema.fields[static_cast<size_t>(schema.time)].date_only;
  const Instant last = date_only ? calendar.bucket(Grain::kDay, rows.last).end : rows.last;
  return last - schema.late_micros;
}

StreamReport report_of(const StreamState& rows, const std::string& name, std::optional<Instant> watermark) {
  StreamReport report;
  report.stream = name;
  report.rows = rows.rows;
  report.parts_left_out = rows.parts_left_out;
  report.duplicates = rows.duplicates;
  report.late = rows.late;
  report.ambiguous_times = rows.ambiguous_times;
  report.without_entity.assign(rows.without_entity.begin(), rows.without_entity.end());
  report.bad = rows.bad;
  report.covered = rows.covered;
  report.first = rows.first;
  report.last = rows.last;
  report.watermark = watermark.value_or(rows.last);
  return report;
}

}  // namespace

bool identical(const CellValue& a, const CellValue& b) {
  if (a.reason != b.reason) return false;
  if (!a.defined()) return true;
  if (a.value.index() != b.value.index()) return false;
  if (const double* number = std::get_if<double>(&a.value)) {
    return std::memcmp(number, std::get_if<double>(&b.value), sizeof *number) == 0;
  }
  return a.value == b.value;
}

Result<ResultSet> run(const Program& program, const std::vector<NamedSource>& sources, const RunOptions& options) {
  Result<Calendar> calendar = Calendar::open(program.calendar);
  if (!calendar.ok()) return calendar.error();
  State state(program, *calendar, range_cuts(program, *calendar, options.range));
  Workers workers(threads_for(options, sources));
  auto tables = load_tables(&state, sources, options.skip_bad_rows);
  if (!tables.ok()) return tables.error();
  state.rates = rates_of(program, *tables, state.pool);

  ResultSet result;
  std::vector<std::optional<Instant>> watermarks;
  const Interval looked_at = times_looked_at(program, *calendar, options.range);
  TieLog ties;
  for (size_t p = 0; p < program.pipelines.size(); ++p) {
    const RowSource& from = program.pipelines[p].source;
    if (from.derived()) {
      const bool decided =
          !program.pipelines[static_cast<size_t>(from.pipeline)].source.derived() || ties.status().ok();
      if (!decided) break;  // which rows come next is not
      StreamPass(p, *tables, &workers, &state).run_kept(&ties);
      watermarks.emplace_back();
      continue;
    }
    const SourceSchema& schema = program.streams[static_cast<size_t>(program.pipelines[p].stream)];
    if (schema.table >= 0) {
      state.streams[p] = state_of(*(*tables)[static_cast<size_t>(schema.table)]);
      watermarks.push_back(std::nullopt);
      continue;
    }
    const NamedSource* source = find_source(sources, schema.name);
    if (source == nullptr) return no_source("stream", schema.name);
    StreamPass pass(p, *tables, &workers, &state);
    std::optional<PartFilter> filter = part_filter(program, p, *calendar, looked_at);
    source->source->set_filter(filter ? &*filter : nullptr);
    Status passed = pass.run(source->source, options.skip_bad_rows, options.progress);
    source->source->set_filter(nullptr);
    if (!passed.ok()) return passed.error();
    if (filter) state.streams[p].merge(left_out_of(*filter));
    watermarks.push_back(watermark_of(state.streams[p], schema, *source, *calendar, options.complete));
  }
  // When a table's rows are asked for is known once every stream's coverage is.
  std::vector<std::vector<Instant>> instants;
  for (size_t p = 0; p < program.pipelines.size(); ++p) {
    const int table = program.streams[static_cast<size_t>(program.pipelines[p].stream)].table;
    if (table < 0 || !ties.status().ok()) continue;
    if (instants.empty()) instants = instants_asked(&state, options.range, watermarks, &workers);
    StreamPass(p, *tables, &workers, &state).run_table(*(*tables)[static_cast<size_t>(table)], instants[p]);
  }
  for (size_t p = 0; p < program.pipelines.size(); ++p) {
    const SourceSchema& schema = program.streams[static_cast<size_t>(program.pipelines[p].stream)];
    if (program.pipelines[p].source.derived() || schema.table >= 0) continue;
    result.streams.push_back(report_of(state.streams[p], schema.name, watermarks[p]));
  }
  if (Status decided = ties.status(); !decided.ok()) return decided.error();
  count_unrated(state, &result.streams);
  for (size_t t = 0; t < tables->size(); ++t) {
    if ((*tables)[t] == nullptr || (*tables)[t]->bad().total() == 0) continue;
    StreamReport& report = result.streams.emplace_back();
    report.stream = program.tables[t].name;
    report.rows = (*tables)[t]->rows_read();
    report.bad = (*tables)[t]->bad();
  }
  Status finished = finish(&state, options.range, std::move(watermarks), &workers, &result);
  if (!finished.ok()) return finished.error();
  result.zone = calendar->spec().zone;
  result.tz_version = Calendar::tz_version();
  result.engine = "native";
  result.week_start = calendar->spec().week_start;
  result.spec_hash = program.spec_hash;
  return result;
}

}  // namespace alidade
