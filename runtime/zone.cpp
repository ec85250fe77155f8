// TZif files and their closing POSIX rule. Door: zone.h.
#include "runtime/zone.h"

#include <date/date.h>
#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string_view>

#include "runtime/near_name.h"

namespace alidade {
namespace {

namespace fs = std::filesystem;
constexpr int64_t kMicros = 1'000'000;
constexpr int kLastYear = 2201;  // one year past the promise, so that the last bucket has an end

fs::path database() {
  const char* chosen = std::getenv("TZDIR");
  return chosen != nullptr && *chosen != '\0' ? fs::path(chosen) : fs::path("/usr/share/zoneinfo");
}

std::string read_all(const fs::path& path) {
  std::error_code error;
  if (!fs::is_regular_file(path, error)) return {};
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

int64_t big_endian(std::string_view bytes, size_t at, int width) {
  uint64_t value = static_cast<int8_t>(bytes[at]) < 0 ? ~uint64_t{0} : 0;
  for (int i = 0; i < width; ++i) value = value << 8 | static_cast<uint8_t>(bytes[at + i]);
  return static_cast<int64_t>(value);
}

void append(ZoneTable& table, int64_t start, int64_t offset) {
  if (!table.offsets.empty() && table.offsets.back() == offset) return;
  table.starts.push_back(start);
  table.offsets.push_back(offset);
}

// The day of a year on which a POSIX rule changes the clock, and the local second of that day (which may be negative
// or lie past midnight).
struct RuleDay {
  enum class Kind : uint8_t { kMonthWeekDay, kJulian, kZeroBased };
  Kind kind = Kind::kMonthWeekDay;
  int month = 0, week = 0, day = 0;
  int64_t second = 7200;
};

struct ClosingRule {
  int64_t standard = 0, summer = 0;  // seconds east of UTC
  RuleDay to_summer, to_standard;
  bool has_summer = false;
};

// Reads the closing line of a TZif file, "CET-1CEST,M3.5.0,M10.5.0/3".
class RuleParser {
 public:
  explicit RuleParser(std::string_view text) : rest_(text) {}

  std::optional<ClosingRule> parse() {
    ClosingRule rule;
    if (!name() || !clock(&rule.standard)) return std::nullopt;
    rule.standard = -rule.standard;
    if (rest_.empty()) return rule;
    rule.has_summer = true;
    if (!name()) return std::nullopt;
    rule.summer = -rule.standard - 3600;
    if (!rest_.empty() && rest_[0] != ',' && !clock(&rule.summer)) return std::nullopt;
    rule.summer = -rule.summer;
    if (!day(&rule.to_summer) || !day(&rule.to_standard) || !rest_.empty()) return std::nullopt;
    return rule;
  }

 private:
  bool take(char c) {
    if (rest_.empty() || rest_[0] != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  bool name() {
    const bool quoted = take('<');
    size_t end = 0;
    while (end < rest_.size() && (quoted ? rest_[end] != '>' : std::isalpha(static_cast<unsigned char>(rest_[end]))))
      ++end;
    if (end == 0) return false;
    rest_.remove_prefix(end);
    return !quoted || take('>');
  }
  bool number(int* value) {
    size_t end = 0;
    *value = 0;
    while (end < rest_.size() && end < 4 && rest_[end] >= '0' && rest_[end] <= '9')
      *value = *value * 10 + (rest_[end++] - '0');
    rest_.remove_prefix(end);
    return end > 0;
  }
  bool clock(int64_t* seconds) {
    const bool negative = take('-');
    if (!negative) take('+');
    int hours = 0, minutes = 0, rest = 0;
    if (!number(&hours)) return false;
    if (take(':') && !number(&minutes)) return false;
    if (take(':') && !number(&rest)) return false;
    *seconds = (negative ? -1 : 1) * (int64_t{3600} * hours + 60 * minutes + rest);
    return true;
  }
  bool day(RuleDay* rule) {
    if (!take(',')) return false;
    if (take('M')) {
      if (!number(&rule->month) || !take('.') || !number(&rule->week) || !take('.') || !number(&rule->day))
        return false;
    } else {
      rule->kind = take('J') ? RuleDay::Kind::kJulian : RuleDay::Kind::kZeroBased;
      if (!number(&rule->day)) return false;
    }
    return !take('/') || clock(&rule->second);
  }

  std::string_view rest_;
};

// Local seconds since 1970 at which the rule strikes in `year`.
int64_t strikes(const RuleDay& rule, int year) {
  using namespace date;
  const auto y = date::year{year};
  sys_days day{};
  switch (rule.kind) {
    case RuleDay::Kind::kMonthWeekDay: {
      const auto month = y / static_cast<unsigned>(rule.month);
      const weekday weekday{static_cast<unsigned>(rule.day)};
      day = rule.week == 5 ? sys_days{month / weekday[last]}
                           : sys_days{month / weekday[static_cast<unsigned>(rule.week)]};
      break;
    }
    case RuleDay::Kind::kJulian:  // 29 February is never counted
      day = sys_days{y / 1 / 1} + days{rule.day - 1 + (y.is_leap() && rule.day >= 60 ? 1 : 0)};
      break;
    case RuleDay::Kind::kZeroBased:
      day = sys_days{y / 1 / 1} + days{rule.day};
      break;
  }
  return int64_t{day.time_since_epoch().count()} * 86400 + rule.second;
}

void follow(const ClosingRule& rule, ZoneTable& table) {
  const int64_t after = table.starts.back();
  if (!rule.has_summer) {
    append(table, after + 1, rule.standard * kMicros);
    return;
  }
  const date::sys_seconds last{std::chrono::seconds{after == INT64_MIN ? -2'208'988'800 : after / kMicros}};
  const int first_year = static_cast<int>(date::year_month_day{date::floor<date::days>(last)}.year());
  for (int year = first_year; year <= kLastYear; ++year) {
    int64_t summer = (strikes(rule.to_summer, year) - rule.standard) * kMicros;
    int64_t standard = (strikes(rule.to_standard, year) - rule.summer) * kMicros;
    const bool summer_first = summer < standard;
    for (const bool to_summer : {summer_first, !summer_first}) {
      const int64_t at = to_summer ? summer : standard;
      if (at > table.starts.back()) append(table, at, (to_summer ? rule.summer : rule.standard) * kMicros);
    }
  }
}

struct Header {
  int64_t ut, std, leap, transitions, types, letters;
  size_t body_bytes(int width) const {
    return transitions * (width + 1) + types * 6 + letters + leap * (width + 4) + std + ut;
  }
};

constexpr size_t kHeaderBytes = 44;

std::optional<Header> read_header(std::string_view bytes) {
  if (bytes.size() < kHeaderBytes || bytes.substr(0, 4) != "TZif") return std::nullopt;
  int64_t counts[6];
  for (int i = 0; i < 6; ++i) {
    counts[i] = big_endian(bytes, 20 + 4 * i, 4);
    if (counts[i] < 0 || counts[i] > 100'000) return std::nullopt;
  }
  return Header{counts[0], counts[1], counts[2], counts[3], counts[4], counts[5]};
}

// The 64-bit block of a version 2 file and the closing line; nullopt where the file is not such a one.
std::optional<ZoneTable> parse_zone(std::string_view bytes) {
  const auto narrow = read_header(bytes);
  if (!narrow || bytes[4] < '2' || bytes.size() < kHeaderBytes + narrow->body_bytes(4)) return std::nullopt;
  bytes.remove_prefix(kHeaderBytes + narrow->body_bytes(4));
  const auto header = read_header(bytes);
  if (!header || header->types == 0 || bytes.size() < kHeaderBytes + header->body_bytes(8)) return std::nullopt;
  const size_t times = kHeaderBytes, kinds = times + 8 * header->transitions, types = kinds + header->transitions;

  const auto offset_of = [&](size_t type) { return big_endian(bytes, types + 6 * type, 4) * kMicros; };
  ZoneTable table;
  append(table, INT64_MIN, offset_of(0));
  for (int64_t i = 0; i < header->transitions; ++i) {
    const int64_t second = big_endian(bytes, times + 8 * i, 8);
    const auto type = static_cast<uint8_t>(bytes[kinds + i]);
    if (type >= header->types) return std::nullopt;
    if (second < -100'000'000'000) {  // the Big Bang entry that some files open with
      table.offsets.back() = offset_of(type);
    } else {
      append(table, second * kMicros, offset_of(type));
    }
  }
  std::string_view closing = bytes.substr(kHeaderBytes + header->body_bytes(8));
  while (!closing.empty() && closing.front() == '\n') closing.remove_prefix(1);
  while (!closing.empty() && closing.back() == '\n') closing.remove_suffix(1);
  if (const auto rule = RuleParser(closing).parse()) follow(*rule, table);
  return table;
}

Error no_such_zone(const std::string& name) {
  std::vector<std::string> names;
  std::error_code error;
  const fs::path root = database();
  for (fs::recursive_directory_iterator it(root, error), end; !error && it != end; it.increment(error)) {
    const std::string known = it->path().lexically_relative(root).string();
    if (known.rfind("right", 0) == 0 || known.rfind("posix", 0) == 0) continue;
    if (it->is_regular_file(error)) names.push_back(known);
  }
  Error result{7101, fmt::format("there is no time zone \"{}\"{}", name, did_you_mean_ending(name, names)), {}};
  if (names.empty())
    result.notes.push_back(fmt::format("no tz database at {}: install tzdata or set TZDIR", root.string()));
  return result;
}

}  // namespace

Result<ZoneTable> load_zone(const std::string& name) {
  if (name == "UTC") return ZoneTable{{INT64_MIN}, {0}};
  // Zones under right/ count leap seconds, which nothing else here does.
  const bool plausible =
      !name.empty() && name[0] != '/' && name.find("..") == std::string::npos && name.rfind("right/", 0) != 0;
  if (plausible) {
    if (auto table = parse_zone(read_all(database() / name))) return *std::move(table);
  }
  return no_such_zone(name);
}

std::string zone_database_version() {
  std::ifstream rules(database() / "tzdata.zi");
  std::string line;
  constexpr std::string_view kPrefix = "# version ";
  if (std::getline(rules, line) && line.rfind(kPrefix, 0) == 0) return line.substr(kPrefix.size());
  std::ifstream version(database() / "+VERSION");
  if (std::getline(version, line) && !line.empty()) return line;
  return "unknown";
}

}  // namespace alidade
