// Profiles of columns. Door: draft_profile.h.
#include "compiler/driver/draft_profile.h"

#include <algorithm>
#include <charconv>
#include <numeric>

#include "runtime/bind_source.h"

namespace alidade {
namespace {

bool all_digits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

bool is_one_of(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::any_of(words.begin(), words.end(), [&](std::string_view word) {
    return text.size() == word.size() && std::equal(text.begin(), text.end(), word.begin(), [](char a, char b) {
             return (a >= 'A' && a <= 'Z' ? a - 'A' + 'a' : a) == b;
           });
  });
}

/// "12.50" or "12,50": digits, perhaps the decimal and more digits. Groups of three may be set off by the other mark.
struct Written {
  bool number = false, has_decimal = false, grouped = false;
  size_t whole = 0, fraction = 0;
};
Written written_with(std::string_view text, char decimal, char separator) {
  Written written;
  if (text.starts_with('-')) text.remove_prefix(1);
  const size_t mark = text.find(decimal);
  written.has_decimal = mark != std::string_view::npos;
  std::string_view whole = text.substr(0, mark);
  const std::string_view fraction = written.has_decimal ? text.substr(mark + 1) : std::string_view();
  written.fraction = fraction.size();
  if (written.has_decimal && !all_digits(fraction)) return written;
  for (bool first = true; !whole.empty() || first; first = false) {
    const size_t end = whole.find(separator);
    const std::string_view group = whole.substr(0, end);
    const bool fits = first ? (end == std::string_view::npos || group.size() <= 3) : group.size() == 3;
    if (!fits || !all_digits(group)) return written;
    written.whole += group.size();
    written.grouped = written.grouped || !first;
    whole = end == std::string_view::npos ? std::string_view() : whole.substr(end + 1);
    if (end != std::string_view::npos && whole.empty()) return written;
  }
  written.number = true;
  return written;
}

void see_number(std::string_view text, ColumnProfile* column) {
  TextForms& forms = column->forms;
  const std::string_view digits = text.starts_with('-') ? text.substr(1) : text;
  forms.named = forms.named || (digits.size() > 1 && digits[0] == '0' && all_digits(digits));
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool integer = error == std::errc{} && end == text.data() + text.size();
  if (integer) {
    if (column->present() == 1 || value < column->smallest) column->smallest = value;
    if (column->present() == 1 || value > column->largest) column->largest = value;
  }
  forms.integer = forms.integer && integer;
  const Written point = written_with(text, '.', '\0'), comma = written_with(text, ',', '.');
  double approximate = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), approximate);
  const bool exponent = !point.number && parsed.ec == std::errc{} && parsed.ptr == text.data() + text.size() &&
                        text.find_first_of("eE") != std::string_view::npos;
  forms.exponent = forms.exponent || exponent;
  forms.point = forms.point && (point.number || exponent);
  forms.comma = forms.comma && comma.number;
  forms.any_point = forms.any_point || (point.number && point.has_decimal);
  forms.any_comma = forms.any_comma || (comma.number && comma.has_decimal);
  forms.any_grouped = forms.any_grouped || (comma.number && comma.grouped);
  const Written& taken = point.number ? point : comma;
  forms.fraction = std::max(forms.fraction, static_cast<int>(taken.fraction));
  forms.too_wide = forms.too_wide || taken.whole + taken.fraction > 17;
}

void see_text(std::string_view text, ColumnProfile* column) {
  TextForms& forms = column->forms;
  forms.boolean = forms.boolean && is_one_of(text, {"true", "false", "yes", "no"});
  if (forms.integer || forms.point || forms.comma) see_number(text, column);
  std::erase_if(forms.patterns, [&](size_t pattern) {
    return pattern == 0 ? !parse_time(text) : !parse_time_as(text, time_patterns()[pattern]);
  });
}

CellKind kind_of(const SourceColumn& column) {
  const SourceColumn& values = column.dictionary != nullptr ? *column.dictionary : column;
  switch (values.shape) {
    case Shape::kNull:
    case Shape::kText:
      return CellKind::kText;
    case Shape::kUuid:
      return CellKind::kOther;
    case Shape::kBool:
      return CellKind::kBoolean;
    case Shape::kInteger:
      return CellKind::kInteger;
    case Shape::kFloat:
      return CellKind::kFloat;
    case Shape::kDecimal:
      return CellKind::kDecimal;
    case Shape::kDate:
      return CellKind::kDate;
    case Shape::kTimestamp:
      return CellKind::kTimestamp;
    case Shape::kDuration:
      return CellKind::kDuration;
  }
  return CellKind::kOther;
}

/// A cell as text; nullopt where it is missing.
std::optional<std::string> cell_of(const SourceColumn& column, int64_t row) {
  if (column.is_null(row)) return std::nullopt;
  if (column.dictionary != nullptr) return cell_of(*column.dictionary, column.index_at(row));
  std::string text = column.shape == Shape::kText ? std::string(column.text_at(row)) : cell_text(column, row);
  if (text.empty()) return std::nullopt;
  return text;
}

void see(const std::optional<std::string>& cell, const SourceColumn& source, int64_t row, ColumnProfile* column) {
  ++column->cells;
  if (!cell) {
    ++column->missing;
    return;
  }
  if (column->kind == CellKind::kText) see_text(*cell, column);
  if (column->kind == CellKind::kInteger && source.dictionary == nullptr) {
    const auto value = static_cast<int64_t>(source.integer_at(row));
    if (column->present() == 1 || value < column->smallest) column->smallest = value;
    if (column->present() == 1 || value > column->largest) column->largest = value;
  }
  if (!column->repeated && !column->hashes.insert(std::hash<std::string>()(*cell)).second) {
    column->repeated = true;
    column->hashes = {};
  }
  if (column->many) return;
  column->values.insert(*cell);
  column->many = column->values.size() > ColumnProfile::kMostValues;
}

bool nested_list(const std::string& type) {
  return type.starts_with("list") || type.starts_with("large_list") || type.starts_with("map") ||
         type.starts_with("fixed_size_list") || type.starts_with("time32") || type.starts_with("time64");
}

/// Every column that a field can be read from, as optional text: typed columns come as they are.
SourceSchema schema_of(const std::vector<FileColumn>& columns, SourceProfile* profile) {
  SourceSchema schema;
  for (const FileColumn& column : columns) {
    if (nested_list(column.type)) {
      profile->left_out.push_back(column.name);
      continue;
    }
    FieldSchema field;
    field.name = field.source = column.name;
    field.kind = FieldKind::kText;
    field.optional = true;
    schema.fields.push_back(std::move(field));
    ColumnProfile& made = profile->columns.emplace_back();
    made.path = column.name;
    made.quoted = column.type == "string" || column.type == "mixed";
    made.forms.patterns.resize(time_patterns().size());
    std::iota(made.forms.patterns.begin(), made.forms.patterns.end(), size_t{0});
  }
  return schema;
}

void see_batch(const Batch& batch, SourceProfile* profile) {
  constexpr size_t kFirst = 3;
  const int64_t rows = batch.array.length;
  const size_t shown = profile->first.size();
  profile->first.resize(std::min(kFirst, shown + static_cast<size_t>(rows)));
  for (size_t c = 0; c < profile->columns.size(); ++c) {
    ColumnProfile& column = profile->columns[c];
    const auto source = decode_column(batch.schema, batch.array, static_cast<int64_t>(c));
    if (!source) {
      column.kind = CellKind::kOther;
      for (size_t place = shown; place < profile->first.size(); ++place) profile->first[place].emplace_back();
      continue;
    }
    column.kind = kind_of(*source);
    column.scale = source->scale;
    for (int64_t row = 0; row < rows; ++row) {
      const std::optional<std::string> cell = cell_of(*source, row);
      see(cell, *source, row, &column);
      const size_t place = shown + static_cast<size_t>(row);
      if (place < profile->first.size()) profile->first[place].push_back(cell.value_or(""));
    }
  }
  profile->rows += rows;
}

}  // namespace

const std::vector<std::string>& time_patterns() {
  static const std::vector<std::string> kPatterns = {"",
                                                     "%d.%m.%Y",
                                                     "%d.%m.%Y %H:%M",
                                                     "%d.%m.%Y %T",
                                                     "%d/%m/%Y",
                                                     "%d/%m/%Y %H:%M",
                                                     "%d/%m/%Y %T",
                                                     "%m/%d/%Y",
                                                     "%m/%d/%Y %H:%M",
                                                     "%m/%d/%Y %T",
                                                     "%m/%d/%Y %I:%M %p",
                                                     "%d-%m-%Y",
                                                     "%d-%m-%Y %H:%M",
                                                     "%d-%m-%Y %T",
                                                     "%Y/%m/%d",
                                                     "%Y/%m/%d %H:%M",
                                                     "%Y/%m/%d %T",
                                                     "%d %b %Y",
                                                     "%d %b %Y %T",
                                                     "%b %d, %Y",
                                                     "%d.%m.%y",
                                                     "%F",
                                                     "%F %H:%M",
                                                     "%F %T",
                                                     "%FT%T",
                                                     "%FT%T%z",
                                                     "%FT%T.%f%z"};
  return kPatterns;
}

Result<SourceProfile> profile_source(const SourceOptions& options) {
  const Result<std::vector<FileColumn>> columns = describe_source(options);
  if (!columns) return columns.error();
  SourceProfile profile;
  const SourceSchema schema = schema_of(columns.value(), &profile);
  std::vector<int> fields(schema.fields.size());
  std::iota(fields.begin(), fields.end(), 0);
  Result<std::unique_ptr<BatchSource>> source = open_source(options, schema, fields, true);
  if (!source) return source.error();
  for (;;) {
    Batch batch;
    const Result<bool> more = (*source)->next(&batch);
    if (!more) return more.error();
    if (!more.value()) return profile;
    if (profile.rows >= kMostProfiled) break;
    see_batch(batch, &profile);
  }
  profile.whole = false;
  return profile;
}

}  // namespace alidade
