// Sources to rows. Door: load.h.
#include "compiler/reference/load.h"

#include <algorithm>

namespace alidade::reference {
namespace {

/// A good row with where it came from, for the message about a copy that differs.
struct SourceRow {
  TypedRow row;
  std::string file;
  int64_t number = 0;
};

template <typename T>
T element(const al_column& column, int64_t row) {
  return static_cast<const T*>(column.values)[row];
}

RowValue value_of(const al_column& column, const FieldSchema& field, const StringPool& pool, int64_t row) {
  if (column.valid != nullptr && column.valid[row] == 0) return std::monostate();
  switch (field.kind) {
    case FieldKind::kInteger:
    case FieldKind::kDecimal:
    case FieldKind::kDuration:
    case FieldKind::kTimestamp:
      return static_cast<int128>(element<int64_t>(column, row));
    case FieldKind::kNumber: {
      const double number = element<double>(column, row);
      return number == 0 ? 0.0 : number;
    }
    case FieldKind::kText:
      return std::string(pool.text(element<uint32_t>(column, row)));
    case FieldKind::kBoolean:
      return element<uint8_t>(column, row) != 0;
    case FieldKind::kOneOf:
      return field.values[element<uint32_t>(column, row)];
  }
  return std::monostate();
}

/// One stream or table while it is read.
struct Reading {
  const SourceSchema& schema;
  std::vector<int> fields;
  bool skip_bad_rows;
  std::vector<SourceRow> rows;  // good, in input order
  int64_t row_count = 0;
  int64_t ambiguous_times = 0;
  BadRows bad;
};

Status add_bad_rows(const BadRows& bad, Reading* reading) {
  if (bad.total() > 0 && !reading->skip_bad_rows) return bad_rows_error(bad);
  reading->bad.append(bad);
  return Done{};
}

void add_rows(const BoundBatch& batch, const StringPool& pool, Reading* reading) {
  for (int64_t i = 0; i < batch.row_count; ++i) {
    SourceRow row;
    row.row.fields.resize(reading->schema.fields.size());
    for (size_t c = 0; c < reading->fields.size(); ++c) {
      const auto field = static_cast<size_t>(reading->fields[c]);
      row.row.fields[field] = value_of(batch.columns[c], reading->schema.fields[field], pool, i);
    }
    row.file = batch.file;
    row.number = batch.source_rows.empty() ? batch.first_row + i : batch.source_rows[static_cast<size_t>(i)];
    reading->rows.push_back(std::move(row));
  }
}

Status read_all(BatchSource& source, const Calendar& calendar, Reading* reading) {
  std::vector<ColumnSpec> specs;
  for (int field : reading->fields) specs.push_back({field, ColumnForm::kValue, {}});
  StringPool pool;
  const Binder binder(reading->schema, specs, calendar, pool);
  while (true) {
    Batch batch;
    Result<bool> more = source.next(&batch);
    if (!more.ok()) return more.error();
    const BadRows refused = source.take_bad_rows();
    reading->row_count += refused.total();
    if (Status status = add_bad_rows(refused, reading); !status.ok()) return status;
    if (!*more) return Done{};
    Result<BoundBatch> bound = binder.bind(std::move(batch));
    if (!bound.ok()) return bound.error();
    reading->row_count += bound->row_count + bound->bad.total();
    reading->ambiguous_times += bound->ambiguous_times;
    if (Status status = add_bad_rows(bound->bad, reading); !status.ok()) return status;
    add_rows(*bound, pool, reading);
  }
}

/// A row refused for its id or key, which is shown.
BadRowExample example_of(BadRow kind, const SourceRow& row, const SourceSchema& schema, int key) {
  const RowValue& value = row.row.fields[static_cast<size_t>(key)];
  std::string text;
  if (const std::string* shown = std::get_if<std::string>(&value)) text = shown->substr(0, 60);
  if (const int128* number = std::get_if<int128>(&value)) text = std::to_string(static_cast<int64_t>(*number));
  return {kind, row.file, row.number, schema.fields[static_cast<size_t>(key)].source, text};
}

/// Keeps the first row of each id in input order, counts its copies and refuses those that differ in a field that is
/// read.
Status drop_duplicates(Reading* reading, int64_t* duplicates) {
  const int id = reading->schema.id;
  if (id < 0) return Done{};
  std::map<RowValue, size_t> first_of;
  std::vector<SourceRow> kept;
  BadRows differing;
  for (SourceRow& row : reading->rows) {
    const auto [place, is_new] = first_of.emplace(row.row.fields[static_cast<size_t>(id)], kept.size());
    if (is_new) {
      kept.push_back(std::move(row));
      continue;
    }
    if (kept[place->second].row.fields == row.row.fields) {
      ++*duplicates;
    } else {
      differing.add(example_of(BadRow::kDuplicateDiffers, row, reading->schema, id));
    }
  }
  reading->rows = std::move(kept);
  return add_bad_rows(differing, reading);
}

int128 instant_of(const TypedRow& row, int field) {
  const int128* at = std::get_if<int128>(&row.fields[static_cast<size_t>(field)]);
  return at == nullptr ? 0 : *at;
}

int64_t count_late(const Reading& reading) {
  const SourceSchema& schema = reading.schema;
  if (schema.arrived < 0) return 0;
  return std::count_if(reading.rows.begin(), reading.rows.end(), [&schema](const SourceRow& row) {
    return !is_missing(row.row.fields[static_cast<size_t>(schema.arrived)]) &&
           instant_of(row.row, schema.arrived) > instant_of(row.row, schema.time) + schema.late_micros;
  });
}

/// Up to where the stream counts as complete: given, or the largest time (of a date: its day's end) less the lateness.
std::optional<Instant> watermark_of(const StreamReport& report, const SourceSchema& schema, const NamedSource& source,
                                    const RunOptions& options, const LocalCalendar& calendar) {
  if (source.watermark.has_value()) return source.watermark;
  if (options.complete || !report.covered) return std::nullopt;
  const bool is_date = schema.fields[static_cast<size_t>(schema.time)].date_only;
  return (is_date ? calendar.end_of_day(report.last) : report.last) - schema.late_micros;
}

Result<StreamRows> load_stream(const SourceSchema& schema, const std::set<int>& fields, const NamedSource& source,
                               const RunOptions& options, const Calendar& binding, const LocalCalendar& calendar) {
  Reading reading{schema, {fields.begin(), fields.end()}, options.skip_bad_rows, {}, 0, 0, {}};
  StreamRows result;
  StreamReport& report = result.report;
  if (Status status = read_all(*source.source, binding, &reading); !status.ok()) return status.error();
  if (Status status = drop_duplicates(&reading, &report.duplicates); !status.ok()) return status.error();
  report.stream = schema.name;
  report.rows = reading.row_count;
  report.late = count_late(reading);
  report.ambiguous_times = reading.ambiguous_times;
  report.bad = reading.bad;
  for (SourceRow& row : reading.rows) {
    row.row.time = static_cast<Instant>(instant_of(row.row, schema.time));
    result.rows.push_back(std::move(row.row));
  }
  std::stable_sort(result.rows.begin(), result.rows.end(),
                   [](const TypedRow& a, const TypedRow& b) { return a.time < b.time; });
  report.covered = !result.rows.empty();
  if (report.covered) {
    report.first = result.rows.front().time;
    report.last = result.rows.back().time;
  }
  result.watermark = watermark_of(report, schema, source, options, calendar);
  report.watermark = result.watermark.value_or(report.last);
  return result;
}

/// Missing ends are open.
Interval validity_of(const TypedRow& row, const SourceSchema& schema) {
  Interval valid{kMinInstant, kMaxInstant};
  if (schema.valid_from < 0) return valid;
  if (!is_missing(row.fields[static_cast<size_t>(schema.valid_from)]))
    valid.start = static_cast<Instant>(instant_of(row, schema.valid_from));
  if (!is_missing(row.fields[static_cast<size_t>(schema.valid_to)]))
    valid.end = static_cast<Instant>(instant_of(row, schema.valid_to));
  return valid;
}

/// What is known of the rows of a table before it is asked for them.
StreamRows rows_of_table(const TableRows& table) {
  StreamRows result;
  for (const auto& [key, versions] : table) {
    for (const TableRow& version : versions) {
      const Instant start = version.valid.start;
      result.report.first = result.report.covered ? std::min(result.report.first, start) : start;
      result.report.covered = true;
      if (start == kMinInstant) continue;
      if (!result.beginnings) result.beginnings = Interval{start, start};
      result.beginnings = Interval{std::min(result.beginnings->start, start), std::max(result.beginnings->end, start)};
    }
  }
  result.report.last = kMaxInstant;
  return result;
}

Result<TableRows> load_table(const SourceSchema& schema, const std::set<int>& fields, const NamedSource& source,
                             const RunOptions& options, const Calendar& binding,
                             std::vector<StreamReport>* bad_tables) {
  Reading reading{schema, {fields.begin(), fields.end()}, options.skip_bad_rows, {}, 0, 0, {}};
  if (Status status = read_all(*source.source, binding, &reading); !status.ok()) return status.error();
  TableRows result;
  BadRows empty, repeated;
  for (const SourceRow& row : reading.rows) {
    const TableRow added{validity_of(row.row, schema), row.row};
    std::vector<TableRow>& known = result[row.row.fields[static_cast<size_t>(schema.key)]];
    const bool is_repeated = std::any_of(known.begin(), known.end(), [&](const TableRow& other) {
      return added.valid.start < other.valid.end && other.valid.start < added.valid.end;
    });
    if (added.valid.end < added.valid.start) {
      empty.add(example_of(BadRow::kEmptyValidity, row, schema, schema.key));
    } else if (added.valid.start == added.valid.end) {
      continue;  // never valid
    } else if (is_repeated) {
      const BadRow kind = schema.valid_from < 0 ? BadRow::kDuplicateKey : BadRow::kOverlap;
      repeated.add(example_of(kind, row, schema, schema.key));
    } else {
      known.push_back(added);
    }
  }
  if (Status status = add_bad_rows(empty, &reading); !status.ok()) return status.error();
  if (Status status = add_bad_rows(repeated, &reading); !status.ok()) return status.error();
  if (reading.bad.total() > 0) {
    StreamReport& report = bad_tables->emplace_back();
    report.stream = schema.name;
    report.rows = reading.row_count;
    report.bad = reading.bad;
  }
  return result;
}

Result<const NamedSource*> find_source(const std::vector<NamedSource>& sources, const char* what,
                                       const std::string& name) {
  for (const NamedSource& source : sources) {
    if (source.name == name && source.source != nullptr) return &source;
  }
  return Error{7103, std::string(what) + " `" + name + "` has no source", {}};
}

std::vector<bool> repeating_rows(const Model& model) {
  constexpr uint64_t kLarge = 256;
  std::vector<bool> repeats;
  std::vector<uint64_t> sizes;  // parts stand before what is made of them
  for (const Row& row : model.rows) {
    uint64_t size = 1;
    for (RowId part : {row.a, row.b, row.c}) {
      if (part.valid()) size = std::min<uint64_t>(size + sizes[static_cast<size_t>(part.index)], UINT32_MAX);
    }
    sizes.push_back(size);
    repeats.push_back(size > kLarge);
  }
  return repeats;
}

}  // namespace

Result<Data> load(const Model& model, const Reads& reads, const std::vector<NamedSource>& sources,
                  const RunOptions& options, const Calendar& binding, const LocalCalendar& calendar) {
  Data data;
  data.streams.resize(model.streams.size());
  data.tables.resize(model.tables.size());
  data.repeats = repeating_rows(model);
  for (int table : reads.tables) {
    const auto index = static_cast<size_t>(table);
    auto source = find_source(sources, "table", model.tables[index].name);
    if (!source.ok()) return source.error();
    auto rows = load_table(schema_of(model, model.tables[index]), reads.table_fields[index], **source, options, binding,
                           &data.bad_tables);
    if (!rows.ok()) return rows.error();
    data.tables[index] = std::move(*rows);
  }
  for (int stream : reads.streams) {
    const auto index = static_cast<size_t>(stream);
    if (model.streams[index].table >= 0) {
      data.streams[index] = rows_of_table(data.tables[static_cast<size_t>(model.streams[index].table)]);
      continue;
    }
    auto source = find_source(sources, "stream", model.streams[index].name);
    if (!source.ok()) return source.error();
    auto rows = load_stream(schema_of(model, model.streams[index]), reads.stream_fields[index], **source, options,
                            binding, calendar);
    if (!rows.ok()) return rows.error();
    data.streams[index] = std::move(*rows);
  }
  return data;
}

}  // namespace alidade::reference
