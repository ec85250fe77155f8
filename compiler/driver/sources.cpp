// The data of a run. Door: sources.h.
#include "compiler/driver/sources.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "compiler/diagnostics/diagnostic.h"

namespace alidade {
namespace {

std::set<int> always_read(const SourceSchema& schema) {
  std::set<int> fields;
  for (int field : {schema.time, schema.id, schema.arrived, schema.key, schema.valid_from, schema.valid_to}) {
    if (field >= 0) fields.insert(field);
  }
  return fields;
}

Error no_source(const std::string& name, const ProjectSources& sources) {
  std::vector<std::string_view> names;
  for (const auto& [known, options] : sources) names.push_back(known);
  const std::string meant = did_you_mean(name, names);
  Error error{static_cast<int>(Code::no_source), fmt::format("nothing says where the data of {} is", name), {}};
  if (!meant.empty()) error.notes.push_back(fmt::format("there is a source {}; the spec says {}", meant, name));
  error.notes.push_back(
      fmt::format("say it with --data {}=PATH, or in alidade.toml: [sources.{}] path = \"PATH\"", name, name));
  return error;
}

Status map_fields_of(const ProjectSource& source, ModelSource* stream) {
  for (const auto& [field, column] : source.fields) {
    const auto found = std::find_if(stream->fields.begin(), stream->fields.end(),
                                    [&wanted = field](const ModelField& known) { return known.name == wanted; });
    if (found != stream->fields.end()) {
      found->source = column;
      continue;
    }
    std::vector<std::string_view> names;
    for (const ModelField& known : stream->fields) names.push_back(known.name);
    const std::string meant = did_you_mean(field, names);
    return Error{static_cast<int>(Code::unknown_setting),
                 fmt::format("alidade.toml: {} has no field \"{}\"{}", stream->name, field,
                             meant.empty() ? "" : fmt::format("; did you mean \"{}\"?", meant)),
                 {}};
  }
  return Done{};
}

}  // namespace

std::vector<SourceUse> sources_read(const Plan& plan) {
  std::map<int, std::set<int>> streams, tables;
  for (const Pipeline& pipeline : plan.pipelines) {
    const SourceSchema& stream = plan.streams[static_cast<size_t>(pipeline.stream)];
    const auto own = [&](int field) { return stream.table < 0 ? field : field_of_table(plan.tables, stream, field); };
    std::set<int>& fields = stream.table < 0 ? streams[pipeline.stream] : tables[stream.table];
    for (const ColumnUse& column : pipeline.columns) {
      if (column.kind == ColumnKind::kField) {
        fields.insert(own(column.field));
        continue;
      }
      if (column.kind == ColumnKind::kRate) continue;
      fields.insert(own(column.entity_field));
      if (column.kind == ColumnKind::kAttribute) tables[column.table].insert(column.field);
      if (column.kind == ColumnKind::kMember) tables[column.table];
    }
  }
  for (const Rate& rate : plan.rates) tables[rate.table].insert(rate.field);
  std::vector<SourceUse> uses;
  const auto add = [&](const std::map<int, std::set<int>>& read, const std::vector<SourceSchema>& schemas) {
    for (const auto& [index, fields] : read) {
      const SourceSchema& schema = schemas[static_cast<size_t>(index)];
      std::set<int> all = always_read(schema);
      all.insert(fields.begin(), fields.end());
      uses.push_back({&schema, {all.begin(), all.end()}});
    }
  };
  add(streams, plan.streams);
  add(tables, plan.tables);
  return uses;
}

std::string add_data(const std::string& argument, ProjectSources* sources) {
  const size_t equals = argument.find('=');
  if (equals == std::string::npos || equals == 0 || equals + 1 == argument.size()) {
    return fmt::format("--data takes STREAM=PATH, not \"{}\"", argument);
  }
  const std::string name = argument.substr(0, equals);
  SourceOptions& options = (*sources)[name].options;
  options.path = argument.substr(equals + 1);
  if (options.path != "-") {
    options.format.clear();  // a file's ending tells
    return "";
  }
  const auto inputs = std::count_if(sources->begin(), sources->end(),
                                    [](const auto& source) { return source.second.options.path == "-"; });
  return inputs > 1 ? "only one stream or table can be read from the standard input" : "";
}

Status map_fields(const ProjectSources& sources, Model* model) {
  for (std::vector<ModelSource>* declared : {&model->streams, &model->tables}) {
    for (ModelSource& stream : *declared) {
      const auto source = sources.find(stream.name);
      if (source == sources.end()) continue;
      if (Status mapped = map_fields_of(source->second, &stream); !mapped.ok()) return mapped;
    }
  }
  return Done{};
}

Result<OpenSources> open_sources(const Plan& plan, const ProjectSources& sources, bool skip_bad_rows) {
  OpenSources result;
  for (const SourceUse& use : sources_read(plan)) {
    const auto found = sources.find(use.schema->name);
    if (found == sources.end()) return no_source(use.schema->name, sources);
    Result<std::unique_ptr<BatchSource>> source =
        open_source(found->second.options, *use.schema, use.fields, skip_bad_rows);
    if (!source) return source.error();
    result.opened.push_back(std::move(*source));
    result.named.push_back({use.schema->name, result.opened.back().get(), std::nullopt});
  }
  return result;
}

}  // namespace alidade
