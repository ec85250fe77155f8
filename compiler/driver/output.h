// A result as text: an aligned table for people, CSV and JSON for machines. Door of compiler/driver/output; the formats
// are described in docs/language.md "Results"; tested in tests/unit/output_test.cpp. Pure functions.
#pragma once

#include <string>
#include <vector>

#include "compiler/driver/terminal.h"
#include "runtime/calendar.h"
#include "runtime/result.h"

namespace alidade {

/// What stands for the groups that a `top n` does not show, beside the values of data.
constexpr const char* kOtherText = "(other)";

/// What one module of a run gave. Several modules are one output.
struct ModuleResult {
  std::string module;
  ResultSet result;
  Calendar calendar;
};

/// One table per grain and set of dimensions: a line per bucket and group, a column per metric. Tables wider than
/// `terminal.columns` are cut into several. Ends with what the numbers rest on.
std::string table_text(const std::vector<ModuleResult>& modules, const Terminal& terminal);

/// Long rows under one header: metric, grain, bucket, a column per dimension, value, unit, reason, partial. Values have
/// every digit; durations are microseconds ("us"). With several modules metrics are named MODULE.METRIC.
std::string csv_text(const std::vector<ModuleResult>& modules);

/// {"modules": […], "metrics": […], "rows": […]}: the same rows, and what the run rests on.
std::string json_text(const std::vector<ModuleResult>& modules);

/// What the numbers rest on, the "modules" of json_text.
std::string about_text(const std::vector<ModuleResult>& modules);

/// The table in Markdown, one per grain and set of dimensions, whatever the terminal's width.
std::string markdown_text(const std::vector<ModuleResult>& modules);

/// The long rows as typed columns for Parquet and Arrow: those of csv_text, with `start` and `end` as instants,
/// dimensions as text, int64 or bool, `value` the nearest double and `exact` a decimal with every digit, null where a
/// value is not exact.
Batch result_rows(const std::vector<ModuleResult>& modules);

/// Every dimension of any metric, in the order first met.
std::vector<std::string> all_dimensions(const std::vector<ModuleResult>& modules);

/// What one stream's numbers rest on: "app: 3,000 rows, 2026-01-01 to 2026-03-31; 12 duplicates left out".
std::string stream_note(const Calendar& calendar, const StreamReport& report);

/// "summed inexactly (`exact = false`): total, average"; "" where nothing was.
std::string inexact_note(const ResultSet& result);

/// A bucket's name: "2026-01-05"; the whole range as "2026-01-01/2026-02-01", its end left out of it.
std::string bucket_text(const Calendar& calendar, Grain grain, Interval bucket);

/// A dimension's value; "" where it is missing.
std::string dimension_text(const DimensionValue& value);

}  // namespace alidade
