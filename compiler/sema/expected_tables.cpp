// Tables of expected values: one expectation for each cell.
#include <fmt/format.h>

#include <algorithm>

#include "compiler/sema/analyser.h"

namespace alidade {
namespace {

/// 2026, 2026-Q1, FY2026 and FY2026-Q1, as results write buckets, as their first day.
std::string bucket_date(std::string_view text, int fiscal_start) {
  const bool fiscal = text.starts_with("FY");
  const std::string_view name = fiscal ? text.substr(2) : text;
  const bool digits =
      name.size() >= 4 && std::all_of(name.begin(), name.begin() + 4, [](char c) { return c >= '0' && c <= '9'; });
  const bool quarter = name.size() == 7 && name.substr(4, 2) == "-Q" && name[6] >= '1' && name[6] <= '4';
  if (!digits || (name.size() != 4 && !quarter)) return std::string(text);
  int year = std::stoi(std::string(name.substr(0, 4)));
  int month = quarter ? (name[6] - '1') * 3 : 0;
  if (fiscal && fiscal_start > 1) {  // named by the year in which it ends
    --year;
    month += fiscal_start - 1;
  }
  return fmt::format("{:04}-{:02}-01", year + month / 12, month % 12 + 1);
}

/// The words of a cell; they point into it.
std::vector<std::string_view> split(std::string_view text) {
  std::vector<std::string_view> result;
  size_t start = 0;
  while (start < text.size()) {
    size_t end = std::min(text.find(' ', start), text.size());
    if (end > start) result.push_back(text.substr(start, end - start));
    start = end + 1;
  }
  return result;
}

}  // namespace

bool Analyser::table_cell(const ast::RowCell& cell, const std::string& column, TestExpectation& expectation) {
  if (cell.text.empty() || cell.text == "–" || cell.text == "-") {
    expectation.undefined = true;
    return true;
  }
  ast::Literal literal;
  literal.span = cell.span;
  if (cell.text == "true" || cell.text == "false") {
    literal.kind = ast::LiteralKind::kBool;
    literal.truth = cell.text == "true";
    return expected_literal(literal, false, expectation);
  }
  if (expectation.type.kind == ValueKind::kTimestamp) {
    literal.kind = ast::LiteralKind::kTimestamp;
    literal.text = cell.text;
    return expected_literal(literal, false, expectation);
  }
  std::vector<std::string_view> words = split(cell.text);
  std::string_view number = words.front();
  bool negative = number.starts_with('-');
  if (negative) number.remove_prefix(1);
  literal.kind = words.size() > 1 ? ast::LiteralKind::kQuantity : ast::LiteralKind::kNumber;
  if (number.ends_with('%')) {
    literal.kind = ast::LiteralKind::kPercent;
    number.remove_suffix(1);
  }
  std::string digits;
  bool point = false, sound = !number.empty();
  for (char c : number) {
    if (c == '_') continue;
    if (c == '.' && !point) {
      point = true;
      continue;
    }
    sound = sound && c >= '0' && c <= '9';
    digits += c;
    if (point) ++literal.number.fraction;
  }
  literal.number.digits = digits;
  size_t next = 1;
  std::vector<ast::Ident> units;
  NameTable& names = *files_.files.front()->names;
  for (; next < words.size() && words[next] != "per" && words[next] != "/"; ++next)
    units.push_back({names.intern(words[next]), cell.span});
  if (next + 1 < words.size()) literal.per_unit = {names.intern(words[next + 1]), cell.span};
  sound = sound && units.size() <= 2 && (next == words.size() || next + 2 == words.size());
  if (!sound || digits.empty()) {
    error(Code::table_cell, cell.span, fmt::format("`{}` is no amount for `{}`", cell.text, column),
          "write an amount as in `0 USD`, `12`, `5%` or `15 min`; an empty cell is an undefined value");
    return false;
  }
  if (units.size() == 2) literal.multiple = units.front();
  if (!units.empty()) literal.unit = units.back();
  return expected_literal(literal, negative, expectation);
}

bool Analyser::dimension_cell(const ast::RowCell& cell, const Type& type, TestExpectation& expectation) {
  if (cell.text.empty() || cell.text == "–") {
    expectation.dimensions.emplace_back(std::monostate{});
    return true;
  }
  if (type.kind == ValueKind::kBoolean && (cell.text == "true" || cell.text == "false")) {
    expectation.dimensions.emplace_back(cell.text == "true");
    return true;
  }
  if (type.kind == ValueKind::kInteger) {
    int64_t value = 0;
    bool negative = cell.text.front() == '-', sound = cell.text.size() <= 18 && cell.text != "-";
    for (char c : cell.text.substr(negative ? 1 : 0)) {
      sound = sound && c >= '0' && c <= '9';
      value = value * 10 + (c - '0');
    }
    if (sound) {
      expectation.dimensions.emplace_back(negative ? -value : value);
      return true;
    }
  }
  if (type.kind == ValueKind::kOneOf) {
    Row text;
    text.text = cell.text;
    ast::Expr at;
    at.span = cell.span;
    if (!list_value(text, type, at)) return false;
  }
  if (type.kind == ValueKind::kText || type.kind == ValueKind::kUuid || type.kind == ValueKind::kOneOf) {
    expectation.dimensions.emplace_back(std::string(cell.text));
    return true;
  }
  error(Code::table_cell, cell.span, fmt::format("`{}` is no {}", cell.text, show(type)));
  return false;
}

/// The expectation that each value column's cells are made from; nothing where one is broken.
std::optional<ExpectedTable> Analyser::table_columns(const ast::TestItem& item, Grain grain) {
  ExpectedTable table;
  if (item.by != nullptr) {
    for (const ast::Path& path : item.by->dimensions) table.dimensions.push_back(path_words(path));
  }
  std::optional<int> top = 0;
  if (item.by != nullptr && item.by->top != nullptr) top = top_count(*item.by->top);
  if (!top) return std::nullopt;
  table.has_other = *top > 0;
  table.dimension_types.resize(table.dimensions.size());
  for (const ast::Expr* expr : item.values) {
    std::optional<TestExpectation> column = expected_term(item, *expr);
    if (!column) return std::nullopt;
    if (column->fixed_grain && column->grain != grain) {
      error(Code::expectation_grain, expr->span,
            fmt::format("`{}` has a value per {}, and the table is per {}", column->text, grain_word(column->grain),
                        grain_word(grain)),
            fmt::format("expect `mean({})`, or a table per {}", column->text, grain_word(column->grain)));
      return std::nullopt;
    }
    for (size_t d = 0; d < table.dimensions.size(); ++d) {
      ast::Grain as_key;
      as_key.path = item.by->dimensions[d];
      as_key.span = as_key.path.span;
      std::optional<PerKey> key = per_key(as_key, column->value, true);
      if (!key) return std::nullopt;
      table.dimension_types[d] = key->type;
    }
    column->grain = grain;
    column->has_bucket = true;
    column->by = table.dimensions;
    column->top = *top;
    table.columns.push_back(std::move(*column));
  }
  return table;
}

/// Which column each cell of a row belongs to: 0 the bucket, then the dimensions, then the values.
bool Analyser::table_header(const ast::RowLine& line, Grain grain, ExpectedTable& table) {
  std::vector<std::string_view> names{grain_word(grain)};
  for (const std::string& dimension : table.dimensions) names.push_back(dimension);
  for (const TestExpectation& column : table.columns) names.push_back(column.text);
  for (const ast::RowCell& cell : line.cells) {
    size_t at = static_cast<size_t>(std::find(names.begin(), names.end(), cell.text) - names.begin());
    if (at < names.size()) {
      table.header.push_back(at);
      continue;
    }
    std::string near = did_you_mean(cell.text, names);
    std::string all;
    for (std::string_view name : names) all += (all.empty() ? "`" : ", `") + std::string(name) + "`";
    error(Code::unknown_column, cell.span, fmt::format("`{}` is no column of this table", cell.text),
          near.empty() ? fmt::format("its columns are {}", all) : fmt::format("did you mean `{}`?", near));
    return false;
  }
  std::vector<size_t> once = table.header;
  std::sort(once.begin(), once.end());
  once.erase(std::unique(once.begin(), once.end()), once.end());
  if (once.size() == names.size() && table.header.size() == names.size()) return true;
  error(Code::unknown_column, line.span,
        fmt::format("this table has {} columns, and each of {} must stand once", table.header.size(), names.size()));
  return false;
}

/// The group a row is about. With `top`, `other` in every dimension is the group of all others, and a value that is
/// called so is written "other".
bool Analyser::row_group(const std::vector<const ast::RowCell*>& cells, const ExpectedTable& table,
                         TestExpectation& place) {
  size_t others = 0;
  for (size_t d = 0; d < table.dimensions.size(); ++d) {
    ast::RowCell cell = *cells[1 + d];
    if (table.has_other && cell.text == "other") {
      ++others;
      place.dimensions.emplace_back();
      continue;
    }
    if (table.has_other && cell.text == "\"other\"") cell.text = "other";
    if (!dimension_cell(cell, table.dimension_types[d], place)) return false;
  }
  place.other = others > 0;
  if (others == 0 || others == table.dimensions.size()) return true;
  error(Code::table_cell, cells[1]->span, "the other groups are one row, so `other` stands in every dimension of it",
        "write `other` in each, or \"other\" for a value that is called so");
  return false;
}

bool Analyser::table_row(const ast::RowLine& line, Grain grain, const ExpectedTable& table, ModelTest& test) {
  if (line.cells.size() != table.header.size()) return false;  // the parser reported it
  std::vector<const ast::RowCell*> cells(line.cells.size());
  for (size_t c = 0; c < line.cells.size(); ++c) cells[table.header[c]] = &line.cells[c];
  TestExpectation place;
  place.bucket = bucket_date(cells[0]->text, model_.calendar.year_start);
  if (!is_moment(place.bucket)) {
    error(Code::not_a_date, cells[0]->span, fmt::format("`{}` is no {}", cells[0]->text, grain_word(grain)));
    return false;
  }
  if (!row_group(cells, table, place)) return false;
  for (size_t v = 0; v < table.columns.size(); ++v) {
    const ast::RowCell& cell = *cells[1 + table.dimensions.size() + v];
    TestExpectation expectation = table.columns[v];
    expectation.bucket = place.bucket;
    expectation.dimensions = place.dimensions;
    expectation.other = place.other;
    expectation.span = cell.span;
    if (!table_cell(cell, table.columns[v].text, expectation)) return false;
    test.expectations.push_back(std::move(expectation));
  }
  return true;
}

bool Analyser::expectation_table(const ast::TestItem& item, ModelTest& test) {
  std::optional<Grain> grain = time_grain(item.grain->path, item.grain->fiscal, item.grain->span);
  if (!grain && item.grain->fiscal) return false;
  if (!grain) {
    unknown(Code::unknown_grain, item.grain->path.parts.front(),
            fmt::format("`{}` is no grain of time", path_words(item.grain->path)),
            {"hour", "day", "week", "month", "quarter", "year"}, "write `expect per day: …`");
    return false;
  }
  std::optional<ExpectedTable> table = table_columns(item, *grain);
  if (!table || item.rows.empty() || !table_header(item.rows.front(), *grain, *table)) return false;
  for (size_t r = 1; r < item.rows.size(); ++r) {
    if (!table_row(item.rows[r], *grain, *table, test)) return false;
  }
  return true;
}

}  // namespace alidade
