// What a run returns: long rows and the run's metadata. Every output format, test, threshold and report is a view of
// it. Door of runtime/result. Plain data with one owner.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "runtime/base.h"
#include "runtime/batch.h"
#include "runtime/calendar.h"

namespace alidade {

/// How a metric's value is represented and shown. `kind` decides the formatting, `unit` is the text after it.
enum class ShownKind : uint8_t {
  kInteger,
  kDecimal,
  kNumber,
  kRatio,
  kPercent,
  kMoney,
  kDuration,
  kTimestamp,
  kBoolean,
  kText
};

struct MetricInfo {
  std::string name;
  std::string title;  ///< "" where none was written
  ShownKind kind = ShownKind::kNumber;
  bool exact = false;  ///< value is int128 × 10^-scale; else a double
  int scale = 0;
  bool plain_sums = false;  ///< of sums with `exact = false`: last digits depend on the order of rows
  std::string unit;         ///< "USD", "USD per user", ""; kDuration values are microseconds whatever the unit
  int shown_digits = -1;    ///< digits after the point when shown to a person; -1: as many as needed (at most 6)
  std::string format;       ///< "0.00" or "0.0%": how a person is shown it, before shown_digits; "" by its kind
  Grain grain = Grain::kWhole;
  std::vector<std::string> dimensions;  ///< names, in the order of ResultRow::dimensions
  int top = 0;                          ///< groups shown by themselves, the others as one; 0: all
};

/// A value or a reason. Exact values are int128 at MetricInfo::scale.
struct CellValue {
  Reason reason = Reason::kNoData;
  std::variant<int128, double, bool> value = false;
  bool defined() const { return reason == Reason::kNone; }
};
/// Same reason, same representation, same bits (-0.0 never occurs).
bool identical(const CellValue& a, const CellValue& b);

using DimensionValue = std::variant<std::monostate, std::string, int64_t, bool>;  ///< monostate: missing

struct ResultRow {
  int metric = 0;   ///< index into ResultSet::metrics
  Interval bucket;  ///< the whole bucket, not cut by the range
  std::vector<DimensionValue> dimensions;
  bool other = false;  ///< of a `top n`: all the groups that are not among the n; its dimensions are missing
  CellValue value;
  bool partial = false;  ///< past the watermark, a window before the first row, or cut by the range
};

/// Of a stream; of a table too, with `rows` and `bad` only, where it had bad rows.
struct StreamReport {
  std::string stream;
  int64_t rows = 0;            ///< read, before refusing and deduplicating
  int64_t parts_left_out = 0;  ///< of files, outside the range: not read, though their rows count
  int64_t duplicates = 0;
  int64_t late = 0;
  int64_t ambiguous_times = 0;
  std::vector<std::pair<std::string, int64_t>> without_entity;  ///< entity, rows that an entity-keyed metric left out
  int64_t without_rate = 0;  ///< rows whose amount was to be converted and had no rate
  BadRows bad;
  bool covered = false;
  Instant first = 0, last = 0;  ///< smallest and largest time of the good rows
  Instant watermark = 0;
};

struct ResultSet {
  std::vector<MetricInfo> metrics;
  std::vector<ResultRow> rows;  ///< ordered by metric, bucket, dimensions (missing last, then other; text by bytes)
  std::vector<StreamReport> streams;
  std::string zone, tz_version, engine;
  int week_start = 1;
  uint64_t spec_hash = 0;
  bool overflowed = false;  ///< some cell is undefined for overflow: exit code 1
};

}  // namespace alidade
