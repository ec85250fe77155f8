// What the columns of a data file hold, from its rows: the ground on which `init --from` drafts a stream. Door of
// compiler/driver/draft_profile; tested in tests/command/init_from_test.py.
#pragma once

#include <set>
#include <string>
#include <unordered_set>
#include <vector>

#include "runtime/readers/readers.h"

namespace alidade {

/// Text that can be read in one of these ways; a column keeps those that all its cells allow.
struct TextForms {
  bool boolean = true;
  bool integer = true;  ///< without leading zeros
  bool point = true;    ///< 12.50
  bool comma = true;    ///< 12,50 or 1.234,50
  bool any_point = false, any_comma = false, any_grouped = false;
  bool named = false;  ///< digits with a leading zero: "00042"
  bool exponent = false;
  bool too_wide = false;         ///< more digits than an exact field holds
  int fraction = 0;              ///< digits after the point or comma, at most
  std::vector<size_t> patterns;  ///< of time_patterns(), that all cells fit
};

/// Patterns that times are tried with, the ISO form first: as alidade.toml writes them, "" for ISO.
const std::vector<std::string>& time_patterns();

enum class CellKind : uint8_t { kText, kInteger, kFloat, kDecimal, kBoolean, kDate, kTimestamp, kDuration, kOther };

struct ColumnProfile {
  std::string path;  ///< as `from` writes it
  CellKind kind = CellKind::kText;
  int scale = 0;        ///< kDecimal
  bool quoted = false;  ///< JSON: written as a string, so digits are no number
  int64_t cells = 0, missing = 0;
  std::set<std::string> values;       ///< up to kMostValues
  bool many = false;                  ///< there are more
  std::unordered_set<size_t> hashes;  ///< of all values, while none has been met twice
  bool repeated = false;
  TextForms forms;                    ///< kText
  int64_t smallest = 0, largest = 0;  ///< kInteger, or text that is `integer`
  static constexpr size_t kMostValues = 20'000;

  int64_t present() const { return cells - missing; }
  bool unique() const { return missing == 0 && !repeated; }
};

struct SourceProfile {
  std::vector<ColumnProfile> columns;
  std::vector<std::string> left_out;            ///< lists and such, that no field can be read from
  std::vector<std::vector<std::string>> first;  ///< the cells of the first rows, by row, in the columns' order
  int64_t rows = 0;
  bool whole = true;  ///< false: the file has more rows than were read
};

/// Reads up to kMostProfiled rows. Errors: those of open_source.
Result<SourceProfile> profile_source(const SourceOptions& options);
constexpr int64_t kMostProfiled = 300'000;

}  // namespace alidade
