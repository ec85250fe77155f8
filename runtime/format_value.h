// A cell's value as text: rounded for a person, or with every digit for a machine. Every output and test message uses
// it. Door of runtime/format_value; tested in tests/unit/format_value_test.cpp. Pure functions, safe on any thread.
#pragma once

#include <string>

#include "runtime/result.h"

namespace alidade {

/// What stands for a value that is undefined, and for a missing dimension value.
constexpr const char* kUndefinedText = "–";

/// The number as a person reads it, without its unit: "3.33", "37.5" (of a percent), "12.50" (money at the currency's
/// minor digits), "true". Ties round to even. A duration keeps its unit, which depends on its size: "15 min", "1.5 h".
/// "–" where undefined.
std::string shown_number(const CellValue& value, const MetricInfo& info);

/// The same with sign and unit: "37.5%", "12.50 USD per user", "15 min per user", "3 users".
std::string shown_value(const CellValue& value, const MetricInfo& info);

/// Whether a person is shown a percentage: by its kind, or as its format says.
bool shown_as_percent(const MetricInfo& info);

/// Every digit and no unit, for CSV, JSON and the message of a failed test: exact values in full ("12.5"), doubles in
/// the shortest form that reads back as the same bits, timestamps in UTC ("2026-01-05T10:00:00Z"). "" where undefined.
std::string exact_number(const CellValue& value, const MetricInfo& info);

/// The unit of exact_number: "USD per user"; "us" for durations, since their values are microseconds.
std::string machine_unit(const MetricInfo& info);

/// An int128 × 10^-scale as decimal text with exactly max(scale, 0) digits after the point.
std::string fixed_point_text(int128 value, int scale);

/// Digits after the point of a currency's minor unit: 2, for JPY 0, for KWD 3.
int minor_digits(const std::string& currency);

}  // namespace alidade
