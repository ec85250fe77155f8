// What can be looked up in the model by name: fields, dimensions, the streams a value reads.
#include <algorithm>
#include <set>

#include "compiler/sema/analyser.h"

namespace alidade {

int field_index(const ModelSource& source, std::string_view name) {
  for (size_t i = 0; i < source.fields.size(); ++i) {
    if (source.fields[i].name == name) return static_cast<int>(i);
  }
  return -1;
}

int entity_for_table(const Model& model, int stream, int table) {
  const ModelSource& keyed = model.tables[static_cast<size_t>(table)];
  const ModelSource& source = model.streams[static_cast<size_t>(stream)];
  if (keyed.key < 0) return -1;
  const ModelField& key = keyed.fields[static_cast<size_t>(keyed.key)];
  for (int entity : source.entities) {
    const ModelField& field = source.fields[static_cast<size_t>(entity)];
    if (field.name == key.name && field.type.kind == key.type.kind) return entity;
  }
  return -1;
}

std::string source_words(const ModelSource& source) {
  return (source.table >= 0 || source.key >= 0 ? "the table `" : "the stream `") + source.name + "`";
}

std::string path_words(const ast::Path& path) {
  std::string text;
  for (const ast::Ident& part : path.parts) text += (text.empty() ? "" : ".") + std::string(part.name.text());
  return text;
}

bool can_be_dimension(ValueKind kind) {
  return kind == ValueKind::kText || kind == ValueKind::kUuid || kind == ValueKind::kOneOf ||
         kind == ValueKind::kBoolean || kind == ValueKind::kInteger;
}

namespace {

void find_attribute(const Model& model, int stream, std::string_view key, std::string_view name,
                    StreamDimension& result) {
  const ModelSource& source = model.streams[static_cast<size_t>(stream)];
  for (size_t t = 0; t < model.tables.size(); ++t) {
    int entity = entity_for_table(model, stream, static_cast<int>(t));
    if (entity < 0 || (!key.empty() && source.fields[static_cast<size_t>(entity)].name != key)) continue;
    int attribute = field_index(model.tables[t], name);
    if (attribute < 0) continue;
    if (result.found) result.ambiguous = true;
    result.found = true;
    result.row = {};
    if (source.table == static_cast<int>(t)) {  // of the row itself
      result.row.kind = RowKind::kField;
      result.row.type = source.fields[static_cast<size_t>(attribute)].type;
      result.row.stream = stream;
      result.row.field = attribute;
      continue;
    }
    result.row.kind = RowKind::kAttribute;
    result.row.type = model.tables[t].fields[static_cast<size_t>(attribute)].type;
    result.row.type.optional = true;
    result.row.stream = stream;
    result.row.field = entity;
    result.row.table = static_cast<int>(t);
    result.row.attribute = attribute;
  }
}

}  // namespace

StreamDimension dimension_in(const Model& model, int stream, const std::string& path) {
  StreamDimension result;
  size_t dot = path.find('.');
  if (dot != std::string::npos) {
    find_attribute(model, stream, std::string_view(path).substr(0, dot), std::string_view(path).substr(dot + 1),
                   result);
    return result;
  }
  const ModelSource& source = model.streams[static_cast<size_t>(stream)];
  int field = field_index(source, path);
  if (field < 0) {
    find_attribute(model, stream, {}, path, result);
    return result;
  }
  result.found = true;
  result.row.kind = RowKind::kField;
  result.row.type = source.fields[static_cast<size_t>(field)].type;
  result.row.stream = stream;
  result.row.field = field;
  return result;
}

namespace {

void collect_streams(const Model& model, ValueId id, std::set<int>& streams, std::set<ValueId>& seen) {
  if (!id.valid() || !seen.insert(id).second) return;
  const Value& value = model.value(id);
  if (value.kind == ValueKindTag::kAggregate) streams.insert(value.stream);
  for (ValueId child : {value.a, value.b, value.c}) collect_streams(model, child, streams, seen);
}

}  // namespace

std::vector<int> streams_of(const Model& model, ValueId value) {
  std::set<int> streams;
  std::set<ValueId> seen;
  collect_streams(model, value, streams, seen);
  return {streams.begin(), streams.end()};
}

}  // namespace alidade
