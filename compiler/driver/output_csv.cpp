// CSV (RFC 4180, lines end in \n) and what the machine formats share. Door: output.h.
#include <algorithm>

#include "compiler/driver/output.h"
#include "runtime/format_value.h"

namespace alidade {
namespace {

std::string quoted(const std::string& text) {
  const bool plain = text.find_first_of(",\"\r\n") == std::string::npos &&
                     (text.empty() || (text.front() != ' ' && text.back() != ' '));
  if (plain) return text;
  std::string result = "\"";
  for (char c : text) {
    if (c == '"') result += '"';
    result += c;
  }
  return result + "\"";
}

std::string dimension_of(const MetricInfo& metric, const ResultRow& row, const std::string& name) {
  const auto at = std::find(metric.dimensions.begin(), metric.dimensions.end(), name);
  if (at == metric.dimensions.end()) return "";
  if (row.other) return kOtherText;
  return dimension_text(row.dimensions[static_cast<size_t>(at - metric.dimensions.begin())]);
}

}  // namespace

std::vector<std::string> all_dimensions(const std::vector<ModuleResult>& modules) {
  std::vector<std::string> names;
  for (const ModuleResult& module : modules) {
    for (const MetricInfo& metric : module.result.metrics) {
      for (const std::string& name : metric.dimensions) {
        if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
      }
    }
  }
  return names;
}

std::string bucket_text(const Calendar& calendar, Grain grain, Interval bucket) {
  if (grain != Grain::kWhole) return calendar.label(grain, bucket.start);
  const auto end_label = [&](Instant at) {
    const bool midnight = calendar.bucket(Grain::kDay, at).start == at;
    return calendar.label(midnight ? Grain::kDay : Grain::kSecond, at);
  };
  if (bucket.start == bucket.end) return "";
  return end_label(bucket.start) + "/" + end_label(bucket.end);
}

std::string dimension_text(const DimensionValue& value) {
  if (const std::string* text = std::get_if<std::string>(&value)) return *text;
  if (const int64_t* number = std::get_if<int64_t>(&value)) return std::to_string(*number);
  if (const bool* truth = std::get_if<bool>(&value)) return *truth ? "true" : "false";
  return "";
}

std::string csv_text(const std::vector<ModuleResult>& modules) {
  const std::vector<std::string> dimensions = all_dimensions(modules);
  std::string text = "metric,grain,bucket";
  for (const std::string& name : dimensions) text += "," + quoted(name);
  text += ",value,unit,reason,partial\n";
  for (const ModuleResult& module : modules) {
    const std::string prefix = modules.size() > 1 ? module.module + "." : "";
    for (const ResultRow& row : module.result.rows) {
      const MetricInfo& metric = module.result.metrics[static_cast<size_t>(row.metric)];
      text += quoted(prefix + metric.name) + "," + grain_word(metric.grain) + "," +
              bucket_text(module.calendar, metric.grain, row.bucket);
      for (const std::string& name : dimensions) text += "," + quoted(dimension_of(metric, row, name));
      text += "," + exact_number(row.value, metric) + "," + quoted(machine_unit(metric)) + "," +
              reason_word(row.value.reason) + "," + (row.partial ? "true" : "false") + "\n";
    }
  }
  return text;
}

}  // namespace alidade
