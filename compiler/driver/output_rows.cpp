// Parquet and Arrow: the long rows as typed columns. Door: output.h.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "compiler/driver/output.h"
#include "runtime/abi.h"
#include "runtime/column_buffers.h"
#include "runtime/format_value.h"

namespace alidade {
namespace {

/// A 256-bit integer, as Arrow's decimal256 lays it out.
using Wide = std::array<uint64_t, 4>;

/// value × 10^zeros. 128 bits times 10^38 always fit.
Wide scaled(int128 value, int zeros) {
  const bool negative = value < 0;
  const uint128 magnitude = negative ? -static_cast<uint128>(value) : static_cast<uint128>(value);
  Wide wide = {static_cast<uint64_t>(magnitude), static_cast<uint64_t>(magnitude >> 64), 0, 0};
  for (int i = 0; i < zeros; ++i) {
    uint128 carry = 0;
    for (uint64_t& limb : wide) {
      carry += uint128{limb} * 10;
      limb = static_cast<uint64_t>(carry);
      carry >>= 64;
    }
  }
  if (!negative) return wide;
  uint128 carry = 1;
  for (uint64_t& limb : wide) {
    carry += static_cast<uint64_t>(~limb);
    limb = static_cast<uint64_t>(carry);
    carry >>= 64;
  }
  return wide;
}

bool is_exact(const ResultRow& row) { return row.value.defined() && std::holds_alternative<int128>(row.value.value); }

const MetricInfo& metric_of(const ModuleResult& module, const ResultRow& row) {
  return module.result.metrics[static_cast<size_t>(row.metric)];
}

/// The type of the column of exact values: digits after the point for all of them, 38 digits in all if that is enough.
struct ExactType {
  int scale = 0;
  bool narrow = true;
  std::string format() const { return narrow ? fmt::format("d:38,{}", scale) : fmt::format("d:76,{},256", scale); }
};
ExactType exact_type(const std::vector<ModuleResult>& modules) {
  ExactType type;
  for (const ModuleResult& module : modules) {
    for (const MetricInfo& metric : module.result.metrics) {
      if (metric.exact) type.scale = std::max(type.scale, metric.scale);
    }
  }
  int128 largest = 1;
  for (int i = 0; i < 38; ++i) largest *= 10;
  for (const ModuleResult& module : modules) {
    for (const ResultRow& row : module.result.rows) {
      if (!is_exact(row)) continue;
      const Wide wide = scaled(std::get<int128>(row.value.value), type.scale - metric_of(module, row).scale);
      const bool sign = static_cast<int64_t>(wide[1]) < 0;
      const uint64_t above = sign ? ~uint64_t{0} : 0;
      const auto value = static_cast<int128>(uint128{wide[1]} << 64 | wide[0]);
      type.narrow = type.narrow && wide[2] == above && wide[3] == above && value < largest && value > -largest;
    }
  }
  return type;
}

double nearest(const CellValue& value, const MetricInfo& metric) {
  if (const double* number = std::get_if<double>(&value.value)) return *number;
  if (const bool* truth = std::get_if<bool>(&value.value)) return *truth ? 1 : 0;
  const int128 exact = std::get<int128>(value.value);
  return al_exact_to_double(static_cast<uint64_t>(exact), static_cast<int64_t>(exact >> 64), metric.scale);
}

/// The values of one dimension, of rows whose metric has it. Typed where all values are of one type, else text.
class DimensionColumn {
 public:
  DimensionColumn(const std::string& name, const std::vector<ModuleResult>& modules) : name_(name) {
    std::array<bool, 4> seen{};  // by DimensionValue::index()
    for (const ModuleResult& module : modules) {
      for (const ResultRow& row : module.result.rows) seen[value_of(module, row).index()] = true;
    }
    const bool one_type = seen[1] + seen[2] + seen[3] == 1;
    format_ = one_type && seen[2] ? "l" : one_type && seen[3] ? "b" : "u";
    column_ = ColumnBuffers(format_);
  }

  void append(const ModuleResult& module, const ResultRow& row) {
    const DimensionValue value = value_of(module, row);
    if (value.index() == 0) return column_.append_null(format_ == "l" ? sizeof(int64_t) : 0);
    if (format_ == "l") return column_.append(std::get<int64_t>(value));
    if (format_ == "b") return column_.append_bool(std::get<bool>(value));
    column_.append_text(dimension_text(value));
  }
  ColumnBuffers take() { return std::move(column_); }
  const std::string& name() const { return name_; }

 private:
  DimensionValue value_of(const ModuleResult& module, const ResultRow& row) const {
    const std::vector<std::string>& names = metric_of(module, row).dimensions;
    const auto at = std::find(names.begin(), names.end(), name_);
    if (at == names.end()) return DimensionValue();
    return row.other ? DimensionValue(std::string(kOtherText))
                     : row.dimensions[static_cast<size_t>(at - names.begin())];
  }

  std::string name_, format_;
  ColumnBuffers column_{"u"};
};

}  // namespace

Batch result_rows(const std::vector<ModuleResult>& modules) {
  const ExactType type = exact_type(modules);
  ColumnBuffers metric("u"), grain("u"), bucket("u"), start("tsu:UTC"), end("tsu:UTC"), value("g"),
      exact(type.format()), unit("u"), reason("u"), partial("b");
  std::vector<DimensionColumn> dimensions;
  for (const std::string& name : all_dimensions(modules)) dimensions.emplace_back(name, modules);
  const auto append_value = [&](const ResultRow& row, const MetricInfo& info) {
    const size_t exact_bytes = type.narrow ? sizeof(int128) : sizeof(Wide);
    if (row.value.defined())
      value.append(nearest(row.value, info));
    else
      value.append_null(sizeof(double));
    if (!is_exact(row)) return exact.append_null(exact_bytes);
    const Wide wide = scaled(std::get<int128>(row.value.value), type.scale - info.scale);
    if (type.narrow)
      exact.append(std::array{wide[0], wide[1]});
    else
      exact.append(wide);
  };
  for (const ModuleResult& module : modules) {
    const std::string prefix = modules.size() > 1 ? module.module + "." : "";
    for (const ResultRow& row : module.result.rows) {
      const MetricInfo& info = metric_of(module, row);
      metric.append_text(prefix + info.name);
      grain.append_text(grain_word(info.grain));
      bucket.append_text(bucket_text(module.calendar, info.grain, row.bucket));
      start.append(row.bucket.start);
      end.append(row.bucket.end);
      for (DimensionColumn& dimension : dimensions) dimension.append(module, row);
      append_value(row, info);
      unit.append_text(machine_unit(info));
      if (row.value.defined())
        reason.append_null(0);
      else
        reason.append_text(reason_word(row.value.reason));
      partial.append_bool(row.partial);
    }
  }
  std::vector<ColumnBuffers> columns;
  std::vector<NamedColumn> names;
  const auto add = [&](const std::string& name, ColumnBuffers column) {
    names.push_back({name, columns.size()});
    columns.push_back(std::move(column));
  };
  add("metric", std::move(metric));
  add("grain", std::move(grain));
  add("bucket", std::move(bucket));
  add("start", std::move(start));
  add("end", std::move(end));
  for (DimensionColumn& dimension : dimensions) add(dimension.name(), dimension.take());
  add("value", std::move(value));
  add("exact", std::move(exact));
  add("unit", std::move(unit));
  add("reason", std::move(reason));
  add("partial", std::move(partial));
  return make_batch(std::move(columns), names);
}

}  // namespace alidade
