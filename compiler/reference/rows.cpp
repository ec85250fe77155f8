// Which fields a request reads, and rates. Door: rows.h.
#include "compiler/reference/rows.h"

namespace alidade::reference {
namespace {

void read_order(const Model& model, int stream, Reads* reads) {
  const int order = model.streams[static_cast<size_t>(stream)].order;
  if (order >= 0) reads->stream_fields[static_cast<size_t>(stream)].insert(order);
}

void read_rate(const Model& model, int index, Reads* reads) {
  if (index < 0) return;
  const Rate& rate = model.rates[static_cast<size_t>(index)];
  reads->tables.insert(rate.table);
  reads->table_fields[static_cast<size_t>(rate.table)].insert(rate.field);
}

void read_row(const Model& model, RowId id, std::set<RowId>* seen, Reads* reads) {
  if (!id.valid() || !seen->insert(id).second) return;
  const Row& row = model.row(id);
  const int rows_of = row.stream < 0 ? -1 : model.streams[static_cast<size_t>(row.stream)].table;
  if (row.field >= 0 && rows_of >= 0) reads->table_fields[static_cast<size_t>(rows_of)].insert(row.field);
  if (row.field >= 0 && rows_of < 0) reads->stream_fields[static_cast<size_t>(row.stream)].insert(row.field);
  if (row.table >= 0) {
    reads->tables.insert(row.table);
    if (row.attribute >= 0) reads->table_fields[static_cast<size_t>(row.table)].insert(row.attribute);
  }
  read_rate(model, row.rate, reads);
  const bool needs_order = row.kind == RowKind::kIsFirst || row.kind == RowKind::kIsLast;
  if (needs_order) read_order(model, row.stream, reads);
  for (RowId part : {row.a, row.b, row.c}) read_row(model, part, seen, reads);
  for (RowId item : row.items) read_row(model, item, seen, reads);
}

}  // namespace

RowValue rate_at(const Data& data, const Rate& rate, Instant at) {
  const TableRows& table = data.tables[static_cast<size_t>(rate.table)];
  const auto found = table.find(RowValue(rate.currency));
  if (found == table.end()) return {};
  const Instant moment = rate.fixed ? rate.moment : at;
  for (const TableRow& version : found->second) {
    if (version.valid.start <= moment && moment < version.valid.end)
      return version.row.fields[static_cast<size_t>(rate.field)];
  }
  return {};
}

Reads find_reads(const Model& model, const Request& request) {
  Reads reads;
  reads.stream_fields.resize(model.streams.size());
  reads.table_fields.resize(model.tables.size());
  std::set<RowId> seen;
  for (const RequestOutput& output : request.outputs) {
    std::set<int> streams;
    visit_values(model, output.value, [&](ValueId, const Value& value) {
      if (value.kind == ValueKindTag::kAggregate) streams.insert(value.stream);
      const bool needs_order = value.aggregate == Aggregate::kFirst || value.aggregate == Aggregate::kLast;
      if (value.kind == ValueKindTag::kAggregate && needs_order) read_order(model, value.stream, &reads);
      read_rate(model, value.rate, &reads);
      read_row(model, value.condition, &seen, &reads);
      read_row(model, value.input, &seen, &reads);
    });
    // A key is resolved in every stream that has the name: only those count that this output reads.
    const auto read_keys = [&](const std::vector<RowId>& rows) {
      for (int stream : streams) {
        if (static_cast<size_t>(stream) < rows.size())
          read_row(model, rows[static_cast<size_t>(stream)], &seen, &reads);
      }
    };
    visit_values(model, output.value, [&](ValueId, const Value& value) { read_keys(value.key.rows); });
    for (const ResolvedDimension& dimension : output.dimensions) read_keys(dimension.rows);
    reads.streams.insert(streams.begin(), streams.end());
  }
  for (int stream : reads.streams) {
    const ModelSource& source = model.streams[static_cast<size_t>(stream)];
    if (source.table >= 0) reads.tables.insert(source.table);
    if (source.table >= 0) continue;
    for (int field : {source.time, source.id, source.arrived}) {
      if (field >= 0) reads.stream_fields[static_cast<size_t>(stream)].insert(field);
    }
  }
  for (int table : reads.tables) {
    const ModelSource& source = model.tables[static_cast<size_t>(table)];
    for (int field : {source.key, source.valid_from, source.valid_to}) {
      if (field >= 0) reads.table_fields[static_cast<size_t>(table)].insert(field);
    }
  }
  return reads;
}

}  // namespace alidade::reference
