// The table that people read. Door: output.h.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "compiler/driver/output.h"
#include "runtime/format_value.h"

namespace alidade {
namespace {

constexpr const char* kGap = "  ";
constexpr const char* kPartialMark = "~";
constexpr const char* kReasonMarks[] = {"¹", "²", "³", "⁴", "⁵", "⁶"};

/// 1234567.89 → 1,234,567.89; text that is not a plain number stays.
std::string grouped(std::string text) {
  const size_t begin = !text.empty() && text[0] == '-' ? 1 : 0;
  size_t end = begin;
  while (end < text.size() && text[end] >= '0' && text[end] <= '9') ++end;
  if (end < text.size() && text[end] != '.') return text;
  for (size_t at = end; at > begin + 3; at -= 3) text.insert(at - 3, ",");
  return text;
}

const char* reason_explained(Reason reason) {
  switch (reason) {
    case Reason::kNone:
      return "";
    case Reason::kNoData:
      return "outside the time that the data covers";
    case Reason::kNoRows:
      return "no rows to take it from";
    case Reason::kNoDenominator:
      return "a division by zero";
    case Reason::kNoRate:
      return "a currency rate is missing";
    case Reason::kOverflow:
      return "the number is too large to hold";
    case Reason::kNoBucket:
      return "there is no such bucket to compare with";
  }
  return "";
}

/// Metrics that share a table: equal grain and dimensions. One with a `top` has other groups than any other.
struct Group {
  Grain grain = Grain::kWhole;
  std::vector<std::string> dimensions;
  std::vector<int> metrics;
};

/// A line's key. Missing dimension values sort last, text by bytes; then the other groups of a `top`.
struct Key {
  Interval bucket;
  std::vector<DimensionValue> dimensions;
  bool other = false;
};
struct KeyOrder {
  bool operator()(const Key& a, const Key& b) const {
    if (a.bucket.start != b.bucket.start) return a.bucket.start < b.bucket.start;
    if (a.bucket.end != b.bucket.end) return a.bucket.end < b.bucket.end;
    for (size_t i = 0; i < a.dimensions.size(); ++i) {
      const DimensionValue &x = a.dimensions[i], &y = b.dimensions[i];
      if (x == y) continue;
      const bool x_missing = x.index() == 0, y_missing = y.index() == 0;
      return x_missing != y_missing ? y_missing : x < y;
    }
    return a.other < b.other;
  }
};
using Lines = std::map<Key, std::vector<const ResultRow*>, KeyOrder>;

struct Column {
  std::string name, unit;
  std::vector<std::string> cells;
  bool right = true;
  int width() const {
    int widest = std::max(text_columns(name), text_columns(unit));
    for (const std::string& cell : cells) widest = std::max(widest, text_columns(cell));
    return widest;
  }
};

/// Writes one module's tables; what needs a footnote is collected.
class TableWriter {
 public:
  TableWriter(const ModuleResult& module, const Terminal& terminal, bool markdown)
      : module_(module), terminal_(terminal), markdown_(markdown) {
    for (const ResultRow& row : module.result.rows) {
      if (!row.value.defined()) reasons_.insert(row.value.reason);
      partial_ = partial_ || row.partial;
    }
  }

  std::string write() {
    for (const Group& group : groups()) {
      const Lines lines = lines_of(group);
      if (group.grain == Grain::kWhole && group.dimensions.empty()) {
        write_list(group, lines);
      } else {
        write_group(group, lines);
      }
      text_ += '\n';
    }
    write_footer();
    return text_;
  }

 private:
  const MetricInfo& metric(int index) const { return module_.result.metrics[static_cast<size_t>(index)]; }

  std::vector<Group> groups() const {
    std::vector<Group> groups;
    for (size_t i = 0; i < module_.result.metrics.size(); ++i) {
      const MetricInfo& info = module_.result.metrics[i];
      auto found = std::find_if(groups.begin(), groups.end(), [&](const Group& group) {
        return group.grain == info.grain && group.dimensions == info.dimensions && info.top == 0 &&
               metric(group.metrics.front()).top == 0;
      });
      if (found == groups.end()) found = groups.insert(groups.end(), {info.grain, info.dimensions, {}});
      found->metrics.push_back(static_cast<int>(i));
    }
    // The long tables first: the end is what a terminal shows.
    std::stable_sort(groups.begin(), groups.end(), [](const Group& a, const Group& b) { return a.grain < b.grain; });
    return groups;
  }

  Lines lines_of(const Group& group) const {
    Lines lines;
    for (const ResultRow& row : module_.result.rows) {
      const auto column = std::find(group.metrics.begin(), group.metrics.end(), row.metric);
      if (column == group.metrics.end()) continue;
      std::vector<const ResultRow*>& cells = lines[{row.bucket, row.dimensions, row.other}];
      cells.resize(group.metrics.size(), nullptr);
      cells[static_cast<size_t>(column - group.metrics.begin())] = &row;
    }
    return lines;
  }

  static bool one_bucket(const Lines& lines) {
    return std::all_of(lines.begin(), lines.end(),
                       [&](const auto& line) { return line.first.bucket == lines.begin()->first.bucket; });
  }

  /// A whole-range bucket that every line shares stands above the table, not in it.
  void write_range(const Lines& lines) {
    const std::string range = bucket_text(module_.calendar, Grain::kWhole, lines.begin()->first.bucket);
    const size_t slash = range.find('/');
    if (slash == std::string::npos) return;
    text_ += dim(range.substr(0, slash) + " to " + range.substr(slash + 1) + ", the end left out") +
             (markdown_ ? "\n\n" : "\n");
  }

  void write_list(const Group& group, const Lines& lines) {
    if (lines.empty()) return;
    const bool shared = one_bucket(lines);
    if (shared) write_range(lines);
    std::vector<Column> columns(shared ? 2 : 3);
    columns[0] = {"metric", "", {}, false};
    columns[1] = {"value", "", {}, false};
    if (!shared) columns[2] = {"range", "", {}, false};
    for (const auto& [key, cells] : lines) {
      for (size_t i = 0; i < cells.size(); ++i) {
        if (cells[i] == nullptr) continue;
        const MetricInfo& info = metric(group.metrics[i]);
        columns[0].cells.push_back(info.name);
        columns[1].cells.push_back(list_cell(*cells[i], info));
        if (!shared) columns[2].cells.push_back(bucket_text(module_.calendar, group.grain, key.bucket));
      }
    }
    write_columns(columns);
  }

  std::string list_cell(const ResultRow& row, const MetricInfo& info) const {
    std::string text = row.value.defined() ? grouped(shown_value(row.value, info)) : undefined_text(row.value.reason);
    const size_t space = text.find(' ');
    if (row.value.defined() && space != std::string::npos) {
      text = grouped(text.substr(0, space)) + text.substr(space);
    }
    return text + (row.partial ? kPartialMark : "");
  }

  void write_group(const Group& group, const Lines& lines) {
    if (lines.empty()) return;
    std::vector<Column> keys;
    if (group.grain != Grain::kWhole || !one_bucket(lines)) {
      Column buckets{group.grain == Grain::kWhole ? "range" : grain_word(group.grain), "", {}, false};
      for (const auto& [key, cells] : lines) {
        buckets.cells.push_back(bucket_text(module_.calendar, group.grain, key.bucket));
      }
      keys.push_back(std::move(buckets));
    } else {
      write_range(lines);
    }
    for (size_t d = 0; d < group.dimensions.size(); ++d) {
      Column values{group.dimensions[d], "", {}, false};
      for (const auto& [key, cells] : lines) {
        const DimensionValue& value = key.dimensions[d];
        values.cells.push_back(key.other            ? kOtherText
                               : value.index() == 0 ? kUndefinedText
                                                    : one_line(dimension_text(value)));
      }
      keys.push_back(std::move(values));
    }
    std::vector<Column> metrics;
    for (size_t i = 0; i < group.metrics.size(); ++i) metrics.push_back(metric_column(group, lines, i));
    write_cut(keys, metrics);
  }

  /// Text of the data must not break a line or steer the terminal.
  static std::string one_line(std::string text) {
    for (char& c : text) {
      if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
    }
    return text;
  }

  Column metric_column(const Group& group, const Lines& lines, size_t i) const {
    MetricInfo info = metric(group.metrics[i]);
    settle_digits(&info, lines, i);
    Column column{info.name, column_unit(info), {}, true};
    bool any_partial = false;
    for (const auto& [key, cells] : lines) any_partial = any_partial || (cells[i] != nullptr && cells[i]->partial);
    for (const auto& [key, cells] : lines) {
      const ResultRow* row = cells[i];
      std::string text;
      if (row != nullptr)
        text = row->value.defined() ? number_cell(row->value, info) : undefined_text(row->value.reason);
      if (any_partial) text += row != nullptr && row->partial ? kPartialMark : " ";
      column.cells.push_back(std::move(text));
    }
    return column;
  }

  static std::string number_cell(const CellValue& value, const MetricInfo& info) {
    const std::string text = grouped(shown_number(value, info));
    return shown_as_percent(info) ? text + "%" : text;
  }

  std::string undefined_text(Reason reason) const {
    if (reasons_.size() < 2) return kUndefinedText;
    const auto at = std::distance(reasons_.begin(), reasons_.find(reason));
    return std::string(kUndefinedText) + kReasonMarks[at];
  }

  static std::string column_unit(const MetricInfo& info) {
    if (info.kind != ShownKind::kDuration) return info.unit;
    const size_t per = info.unit.find("per ");
    return per == std::string::npos ? "" : info.unit.substr(per);
  }

  /// Numbers of one column get the same digits after the point, about four significant ones of the largest, so that the
  /// points stand under each other. What has a fixed number of digits keeps it.
  static void settle_digits(MetricInfo* info, const Lines& lines, size_t i) {
    const bool free_digits = info->kind == ShownKind::kNumber || info->kind == ShownKind::kRatio ||
                             info->kind == ShownKind::kPercent || (info->kind == ShownKind::kDecimal && !info->exact);
    if (!free_digits || info->shown_digits >= 0 || !info->format.empty()) return;
    double largest = 0;
    int needed = 0;
    for (const auto& [key, cells] : lines) {
      if (cells[i] == nullptr || !cells[i]->value.defined()) continue;
      const std::string text = shown_number(cells[i]->value, *info);
      if (text.find('e') != std::string::npos) return;
      const size_t point = text.find('.');
      if (point != std::string::npos) needed = std::max(needed, static_cast<int>(text.size() - point - 1));
      largest = std::max(largest, std::fabs(std::strtod(text.c_str(), nullptr)));
    }
    const int sensible = largest >= 100 ? 1 : largest >= 10 ? 2 : largest >= 1 ? 3 : 4;
    info->shown_digits = std::min(needed, sensible);
  }

  /// As many metric columns beside the keys as fit, then the next.
  void write_cut(const std::vector<Column>& keys, const std::vector<Column>& metrics) {
    int key_width = 0;
    for (const Column& key : keys) key_width += key.width() + 2;
    for (size_t begin = 0; begin < metrics.size();) {
      std::vector<Column> columns = keys;
      int width = key_width - 2;
      size_t end = begin;
      while (end < metrics.size() &&
             (end == begin || terminal_.columns == 0 || width + 2 + metrics[end].width() <= terminal_.columns)) {
        width += 2 + metrics[end].width();
        columns.push_back(metrics[end++]);
      }
      if (begin > 0) text_ += '\n';
      write_columns(columns);
      begin = end;
    }
  }

  /// A cell may not end its table's column or begin markup.
  static std::string markdown_cell(const std::string& text) {
    std::string escaped;
    for (const char c : text) {
      if (c == '|' || c == '\\' || c == '<' || c == '*' || c == '`') escaped += '\\';
      escaped += c;
    }
    return escaped;
  }

  void write_markdown(const std::vector<Column>& columns) {
    std::string names = "|", rule = "|";
    for (const Column& column : columns) {
      names += " " + markdown_cell(column.name) + (column.unit.empty() ? "" : " (" + column.unit + ")") + " |";
      rule += column.right ? "---:|" : "---|";
    }
    text_ += names + "\n" + rule + "\n";
    for (size_t row = 0; row < columns[0].cells.size(); ++row) {
      std::string line = "|";
      for (const Column& column : columns) {
        std::string cell = column.cells[row];
        cell.erase(cell.find_last_not_of(' ') + 1);
        line += " " + markdown_cell(cell) + " |";
      }
      text_ += line + "\n";
    }
  }

  void write_columns(const std::vector<Column>& columns) {
    if (markdown_) return write_markdown(columns);
    std::vector<int> widths;
    for (const Column& column : columns) widths.push_back(column.width());
    const auto write_line = [&](auto cell_of) {
      std::string line;
      for (size_t i = 0; i < columns.size(); ++i) {
        const std::string& cell = cell_of(columns[i]);
        if (i > 0) line += kGap;
        line += columns[i].right ? pad_left(cell, widths[i]) : pad_right(cell, widths[i]);
      }
      line.erase(line.find_last_not_of(' ') + 1);
      return line;
    };
    text_ += bold(write_line([](const Column& column) -> const std::string& { return column.name; })) + "\n";
    const bool units = std::any_of(columns.begin(), columns.end(), [](const Column& c) { return !c.unit.empty(); });
    if (units) text_ += dim(write_line([](const Column& column) -> const std::string& { return column.unit; })) + "\n";
    for (size_t row = 0; row < columns[0].cells.size(); ++row) {
      text_ += write_line([row](const Column& column) -> const std::string& { return column.cells[row]; }) + "\n";
    }
  }

  void write_footer() {
    std::vector<std::string> notes;
    if (partial_) notes.push_back("~ partial: not finished yet, cut by the range, or reaching before the data");
    for (Reason reason : reasons_) {
      notes.push_back(fmt::format("{} {}: {}", undefined_text(reason), reason_word(reason), reason_explained(reason)));
    }
    if (std::string note = inexact_note(module_.result); !note.empty()) notes.push_back(std::move(note));
    for (const StreamReport& report : module_.result.streams) notes.push_back(stream_note(module_.calendar, report));
    const ResultSet& result = module_.result;
    static constexpr const char* kDays[] = {"Monday", "Tuesday",  "Wednesday", "Thursday",
                                            "Friday", "Saturday", "Sunday"};
    notes.push_back(fmt::format("times in {} (tz {}), weeks start on {}; {} engine", result.zone, result.tz_version,
                                kDays[(result.week_start + 6) % 7], result.engine));
    for (const std::string& note : notes) text_ += (markdown_ ? "- " : "") + dim(note) + "\n";
  }

  std::string bold(const std::string& line) const { return terminal_.colour_out ? "\x1b[1m" + line + "\x1b[0m" : line; }
  std::string dim(const std::string& line) const { return terminal_.colour_out ? "\x1b[2m" + line + "\x1b[0m" : line; }

  const ModuleResult& module_;
  const Terminal& terminal_;
  bool markdown_;
  std::set<Reason> reasons_;
  bool partial_ = false;
  std::string text_;
};

}  // namespace

std::string stream_note(const Calendar& calendar, const StreamReport& report) {
  const auto counted = [](int64_t count, const char* one, const char* many) {
    return fmt::format("{} {}", grouped(std::to_string(count)), count == 1 ? one : many);
  };
  std::string note = report.stream + ": " + counted(report.rows, "row", "rows");
  if (report.covered) {
    note +=
        fmt::format(", {} to {}", calendar.label(Grain::kDay, report.first), calendar.label(Grain::kDay, report.last));
  }
  const auto add = [&](int64_t count, const char* one, const char* many) {
    if (count > 0) note += "; " + counted(count, one, many);
  };
  add(report.duplicates, "duplicate left out", "duplicates left out");
  add(report.bad.total(), "bad row left out", "bad rows left out");
  add(report.late, "late row, counted", "late rows, counted");
  add(report.ambiguous_times, "time that came twice, taken as the first", "times that came twice, taken as the first");
  for (const auto& [entity, count] : report.without_entity) {
    const std::string words = "without " + entity;
    add(count, words.c_str(), words.c_str());
  }
  add(report.without_rate, "row with an amount and no rate for it", "rows with an amount and no rate for it");
  return note;
}

std::string inexact_note(const ResultSet& result) {
  std::string names;
  for (const MetricInfo& metric : result.metrics) {
    if (metric.plain_sums) names += (names.empty() ? "" : ", ") + metric.name;
  }
  return names.empty() ? "" : "summed inexactly (`exact = false`): " + names;
}

std::string table_text(const std::vector<ModuleResult>& modules, const Terminal& terminal) {
  std::string text;
  for (const ModuleResult& module : modules) {
    if (modules.size() > 1) text += (text.empty() ? "" : "\n") + ("module " + module.module) + "\n\n";
    text += TableWriter(module, terminal, false).write();
  }
  return text;
}

std::string markdown_text(const std::vector<ModuleResult>& modules) {
  const Terminal none;
  std::string text;
  for (const ModuleResult& module : modules) {
    if (modules.size() > 1) text += (text.empty() ? "" : "\n") + ("## " + module.module) + "\n\n";
    text += TableWriter(module, none, true).write();
  }
  return text;
}

}  // namespace alidade
