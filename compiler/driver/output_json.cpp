// JSON. Door: output.h.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "compiler/driver/output.h"
#include "runtime/format_value.h"

namespace alidade {
namespace {

using nlohmann::ordered_json;

const char* kind_word(ShownKind kind) {
  switch (kind) {
    case ShownKind::kInteger:
      return "integer";
    case ShownKind::kDecimal:
      return "decimal";
    case ShownKind::kNumber:
      return "number";
    case ShownKind::kRatio:
      return "ratio";
    case ShownKind::kPercent:
      return "percent";
    case ShownKind::kMoney:
      return "money";
    case ShownKind::kDuration:
      return "duration";
    case ShownKind::kTimestamp:
      return "timestamp";
    case ShownKind::kBoolean:
      return "bool";
    case ShownKind::kText:
      return "text";
  }
  return "";
}

/// Text of the data may be broken UTF-8; it is replaced, never thrown about.
std::string dumped(const ordered_json& value) {
  return value.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

std::string utc(Instant at) {
  MetricInfo info;
  info.kind = ShownKind::kTimestamp;
  return exact_number({Reason::kNone, static_cast<int128>(at)}, info);
}

ordered_json bad_rows_json(const BadRows& bad) {
  ordered_json kinds = ordered_json::object();
  for (int kind = 0; kind < kBadRowKinds; ++kind) {
    if (bad.counts[kind] > 0) kinds[bad_row_words(static_cast<BadRow>(kind))] = bad.counts[kind];
  }
  return kinds;
}

ordered_json stream_json(const StreamReport& report) {
  ordered_json json{{"stream", report.stream},
                    {"rows", report.rows},
                    {"duplicates", report.duplicates},
                    {"late", report.late},
                    {"ambiguous_times", report.ambiguous_times},
                    {"bad", report.bad.total()}};
  if (report.bad.total() > 0) json["bad_rows"] = bad_rows_json(report.bad);
  ordered_json without = ordered_json::object();
  for (const auto& [entity, count] : report.without_entity) without[entity] = count;
  json["without_entity"] = without;
  json["without_rate"] = report.without_rate;
  json["first"] = report.covered ? ordered_json(utc(report.first)) : ordered_json(nullptr);
  json["last"] = report.covered ? ordered_json(utc(report.last)) : ordered_json(nullptr);
  json["watermark"] = report.covered ? ordered_json(utc(report.watermark)) : ordered_json(nullptr);
  return json;
}

ordered_json module_json(const ModuleResult& module) {
  const ResultSet& result = module.result;
  ordered_json streams = ordered_json::array();
  for (const StreamReport& report : result.streams) streams.push_back(stream_json(report));
  ordered_json json{{"module", module.module},
                    {"engine", result.engine},
                    {"zone", result.zone},
                    {"tz_version", result.tz_version},
                    {"week_start", result.week_start},
                    {"overflowed", result.overflowed},
                    {"spec_hash", fmt::format("{:016x}", result.spec_hash)},
                    {"streams", streams}};
  for (const MetricInfo& metric : result.metrics) {
    if (metric.plain_sums) json["inexact"].push_back(metric.name);
  }
  return json;
}

ordered_json metric_json(const std::string& module, const MetricInfo& metric) {
  ordered_json json{{"module", module},
                    {"metric", metric.name},
                    {"title", metric.title},
                    {"kind", kind_word(metric.kind)},
                    {"unit", machine_unit(metric)},
                    {"grain", grain_word(metric.grain)},
                    {"dimensions", metric.dimensions}};
  if (metric.top > 0) json["top"] = metric.top;
  return json;
}

/// A number with every digit (more than a double holds, where it is exact), a text for a time, null where undefined.
std::string value_json(const CellValue& value, const MetricInfo& metric) {
  if (!value.defined()) return "null";
  const std::string text = exact_number(value, metric);
  return metric.kind == ShownKind::kTimestamp ? dumped(text) : text;
}

ordered_json dimension_json(const DimensionValue& value) {
  if (const std::string* text = std::get_if<std::string>(&value)) return *text;
  if (const int64_t* number = std::get_if<int64_t>(&value)) return *number;
  if (const bool* truth = std::get_if<bool>(&value)) return *truth;
  return nullptr;
}

std::string row_json(const ModuleResult& module, const ResultRow& row) {
  const MetricInfo& metric = module.result.metrics[static_cast<size_t>(row.metric)];
  ordered_json dimensions = ordered_json::object();
  for (size_t i = 0; i < metric.dimensions.size(); ++i) {
    dimensions[metric.dimensions[i]] = dimension_json(row.dimensions[i]);
  }
  const char* reason = reason_word(row.value.reason);
  const std::string other = metric.top > 0 ? fmt::format(R"("other":{},)", row.other) : "";
  return fmt::format(R"({{"module":{},"metric":{},"bucket":{},"start":"{}","end":"{}","dimensions":{},{}"value":{},)"
                     R"("reason":{},"partial":{}}})",
                     dumped(module.module), dumped(metric.name),
                     dumped(bucket_text(module.calendar, metric.grain, row.bucket)), utc(row.bucket.start),
                     utc(row.bucket.end), dumped(dimensions), other, value_json(row.value, metric),
                     *reason == '\0' ? "null" : dumped(reason), row.partial);
}

template <typename Items, typename Text>
void append_array(std::string* text, const char* name, const Items& items, Text item_text) {
  *text += fmt::format("\"{}\": [", name);
  const char* separator = "\n  ";
  for (const auto& item : items) {
    *text += separator + item_text(item);
    separator = ",\n  ";
  }
  *text += "\n]";
}

}  // namespace

std::string about_text(const std::vector<ModuleResult>& modules) {
  ordered_json about = ordered_json::array();
  for (const ModuleResult& module : modules) about.push_back(module_json(module));
  return dumped(about);
}

std::string json_text(const std::vector<ModuleResult>& modules) {
  std::string text = "{";
  std::vector<std::string> metrics, rows;
  for (const ModuleResult& module : modules) {
    for (const MetricInfo& metric : module.result.metrics)
      metrics.push_back(dumped(metric_json(module.module, metric)));
    for (const ResultRow& row : module.result.rows) rows.push_back(row_json(module, row));
  }
  const auto as_is = [](const std::string& line) { return line; };
  append_array(&text, "modules", modules, [](const ModuleResult& module) { return dumped(module_json(module)); });
  text += ",\n";
  append_array(&text, "metrics", metrics, as_is);
  text += ",\n";
  append_array(&text, "rows", rows, as_is);
  return text + "}\n";
}

}  // namespace alidade
