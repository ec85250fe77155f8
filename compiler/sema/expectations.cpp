// Expectations of tests: the value, the bucket it is read at, and the amount as its value holds it.
#include <fmt/format.h>

#include <algorithm>

#include "compiler/sema/analyser.h"

namespace alidade {
namespace {

constexpr std::string_view kReasons[] = {"no_data", "no_rows", "no_denominator", "no_rate", "overflow", "no_bucket"};

RowKind comparison_kind(ast::ExprKind kind) {
  return static_cast<RowKind>(static_cast<int>(RowKind::kEqual) + static_cast<int>(kind) - static_cast<int>(ast::ExprKind::kEqual));
}

bool is_comparison(ast::ExprKind kind) { return kind >= ast::ExprKind::kEqual && kind <= ast::ExprKind::kGreaterEqual; }

const ast::Expr& bare(const ast::Expr& expr) { return expr.kind == ast::ExprKind::kParen ? bare(*expr.a) : expr; }

/// A literal, perhaps behind a minus sign.
struct Amount {
  const ast::Literal* literal = nullptr;
  bool negative = false;
};
Amount amount_of(const ast::Expr& expr) {
  const ast::Expr& inner = bare(expr);
  if (inner.kind == ast::ExprKind::kLiteral) return {inner.literal, inner.literal->negative};
  if (inner.kind != ast::ExprKind::kNegate) return {};
  Amount amount = amount_of(*inner.a);
  amount.negative = !amount.negative;
  return amount;
}

std::string path_words(const ast::Path& path) {
  std::string text;
  for (const ast::Ident& part : path.parts) text += (text.empty() ? "" : ".") + std::string(part.name.text());
  return text;
}

/// 2026-Q1 and 2026, as results write buckets, as a date inside.
std::string bucket_date(std::string_view text) {
  if (text.size() == 4) return std::string(text) + "-01-01";
  if (text.size() == 7 && text[5] == 'Q' && text[6] >= '1' && text[6] <= '4') {
    constexpr const char* kFirst[] = {"-01-01", "-04-01", "-07-01", "-10-01"};
    return std::string(text.substr(0, 4)) + kFirst[text[6] - '1'];
  }
  return std::string(text);
}

bool is_moment(std::string_view text) {
  std::string month = text.size() == 7 ? std::string(text) + "-01" : std::string(text);
  return parse_time(month).has_value();
}

}  // namespace

std::optional<TestExpectation> Analyser::expected_term(const ast::TestItem& item, const ast::Expr& expr) {
  std::optional<Term> term = value(expr);
  if (!term) return std::nullopt;
  if (is_constant(term->value)) {
    error(Code::constant_metric, expr.span, "this is computed from no rows", "expect something of a metric");
    return std::nullopt;
  }
  if (term->open && term->open->kind != PerKind::kTime) {
    error(Code::open_result, expr.span, fmt::format("this has a value for every {}, and one value is expected", term->open->name),
          fmt::format("collapse it, as in `mean({})`", words(expr)));
    return std::nullopt;
  }
  TestExpectation result;
  result.value = term->value;
  result.type = model_.value(term->value).type;
  result.fixed_grain = term->open.has_value();
  if (term->open) result.grain = term->open->grain;
  result.streams = streams_of(model_, term->value);
  result.text = words(expr);
  result.span = item.span;
  return result;
}

/// The bucket an expectation is read at: that of the moment's own grain, or the one of a fixed grain that holds it.
bool Analyser::place_expectation(const ast::TestItem& item, TestExpectation& expectation) {
  Grain fixed = expectation.grain;
  if (item.moment.kind == ast::MomentKind::kNone) {
    if (!expectation.fixed_grain) {
      expectation.grain = Grain::kWhole;
      return true;
    }
    error(Code::expectation_grain, item.value->span,
          fmt::format("`{}` has a value per {}, so which one is meant must be said", expectation.text, grain_word(fixed)),
          fmt::format("write `expect {} on 2026-01-05 …`, or expect `mean({})`", expectation.text, expectation.text));
    return false;
  }
  Grain written = item.moment.kind == ast::MomentKind::kMonth  ? Grain::kMonth
                  : item.moment.kind == ast::MomentKind::kDate ? Grain::kDay
                                                               : Grain::kHour;
  expectation.has_bucket = true;
  expectation.bucket = item.moment.text;
  bool instant = item.moment.kind == ast::MomentKind::kTimestamp;
  if (!is_moment(item.moment.text)) {
    error(Code::not_a_date, item.moment.span, fmt::format("{} is no date of the calendar", item.moment.text));
    return false;
  }
  if (!expectation.fixed_grain) {
    expectation.grain = written;
    return true;
  }
  if (!instant && fixed < written) {
    error(Code::expectation_grain, item.moment.span,
          fmt::format("`{}` has a value per {}, and {} is a whole {}", expectation.text, grain_word(fixed), item.moment.text, grain_word(written)),
          fmt::format("name one {}, or expect `mean({})`", grain_word(fixed), expectation.text));
    return false;
  }
  return true;
}

bool Analyser::expectation(const ast::TestItem& item, ModelTest& test) {
  const ast::Expr* left = item.value;
  const ast::Expr* right = item.expected;
  ast::ExprKind compare = item.compare;
  bool split = right == nullptr && item.amount == nullptr && item.kind == ast::TestItemKind::kExpect && is_comparison(bare(*left).kind);
  if (split) {
    const ast::Expr& comparison = bare(*left);
    left = comparison.a;
    right = comparison.b;
    compare = comparison.kind;
  }
  std::optional<TestExpectation> result;
  Amount amount{item.amount, item.amount != nullptr && item.amount->negative};
  if (amount.literal == nullptr && right != nullptr) amount = amount_of(*right);
  if (right != nullptr && amount.literal == nullptr) {  // a formula on the right: the comparison is what is expected
    result = expected_term(item, *left);
    std::optional<Term> other = value(*right);
    if (!result || !other) return false;
    Term own{result->value, std::nullopt};
    if (result->fixed_grain) {
      own.open = PerKey{};
      own.open->grain = result->grain;
      own.open->name = grain_word(result->grain);
    }
    ast::Expr at = *left;
    at.span = join(left->span, right->span);
    at.op = at.span;
    constexpr ValueKindTag kFirst = ValueKindTag::kEqual;
    ValueKindTag kind = static_cast<ValueKindTag>(static_cast<int>(kFirst) + static_cast<int>(compare) - static_cast<int>(ast::ExprKind::kEqual));
    std::optional<Term> both = compare_terms(kind, at, own, *left, *other, *right);
    if (!both) return false;
    result->value = both->value;
    result->type = boolean_type();
    result->streams = streams_of(model_, both->value);
    result->fixed_grain = both->open.has_value();
    if (both->open) result->grain = both->open->grain;
    result->boolean = result->truth = true;
    if (!place_expectation(item, *result)) return false;
    test.expectations.push_back(std::move(*result));
    return true;
  }
  result = expected_term(item, *left);
  if (!result || !place_expectation(item, *result)) return false;
  if (item.kind == ast::TestItemKind::kExpectUndefined) {
    result->undefined = true;
    result->reason = item.name.name.text();
    bool known = result->reason.empty() || std::find(std::begin(kReasons), std::end(kReasons), result->reason) != std::end(kReasons);
    if (!known) {
      unknown(Code::unknown_reason, item.name, fmt::format("`{}` is no reason for a value to be undefined", result->reason),
              {std::begin(kReasons), std::end(kReasons)}, "the reasons are no_data, no_rows, no_denominator, no_rate, overflow and no_bucket");
      return false;
    }
    test.expectations.push_back(std::move(*result));
    return true;
  }
  if (amount.literal == nullptr) {  // a condition by itself
    if (result->type.kind != ValueKind::kBoolean) {
      error(Code::expectation_type, item.value->span, fmt::format("`{}` is {}, so what it should be is missing", result->text, show(result->type)),
            "write `== 5` after it");
      return false;
    }
    result->boolean = result->truth = true;
    test.expectations.push_back(std::move(*result));
    return true;
  }
  result->compare = comparison_kind(compare);
  if (!expected_literal(*amount.literal, amount.negative, *result)) return false;
  test.expectations.push_back(std::move(*result));
  return true;
}

bool Analyser::expected_literal(const ast::Literal& literal, bool negative, TestExpectation& expectation) {
  auto mismatch = [&](const char* help) {
    error(Code::expectation_type, literal.span,
          fmt::format("`{}` is {}, which is not compared with {}", expectation.text, show(expectation.type), syntax_.source->text(literal.span)), help);
    return false;
  };
  switch (literal.kind) {
    case ast::LiteralKind::kBool:
      if (expectation.type.kind != ValueKind::kBoolean) return mismatch("");
      expectation.boolean = true;
      expectation.truth = literal.truth;
      return true;
    case ast::LiteralKind::kDate:
    case ast::LiteralKind::kTimestamp: {
      if (expectation.type.kind != ValueKind::kTimestamp) return mismatch("");
      std::optional<Instant> at = instant(literal);
      if (at) expectation.expected = *at;
      return at.has_value();
    }
    case ast::LiteralKind::kText:
    case ast::LiteralKind::kMonth: return mismatch("");
    case ast::LiteralKind::kNumber:
    case ast::LiteralKind::kQuantity:
    case ast::LiteralKind::kPercent: break;
  }
  if (!is_numeric(expectation.type.kind)) return mismatch("");
  return expected_number(literal, negative, expectation);
}

bool Analyser::expected_unit(const ast::Literal& literal, const UnitWord* word, const Type& type) {
  std::optional<UnitId> below = literal.per_unit.name.empty() ? UnitTable::one() : counted_unit(literal.per_unit);
  if (!below) return false;
  UnitId above = word == nullptr ? UnitTable::one() : word->unit;
  bool plain_count = word == nullptr && literal.per_unit.name.empty() &&
                     (type.unit == UnitTable::one() || model_.units.is_counted(type.unit));
  if (plain_count || unit_agrees(model_.units.divide(above, *below), type.unit)) return true;
  std::string help = word == nullptr && type.kind == ValueKind::kMoney    ? "write the currency with the number, as in `5 USD`"
                     : word == nullptr && type.kind == ValueKind::kDuration ? "write the unit with the number, as in `15 min`"
                     : literal.per_unit.name.empty()                        ? "write what it is per, as in `15 min per user`"
                                                                            : "";
  error(Code::expectation_type, literal.span,
        fmt::format("the expected value is {}, not {}", show(type), syntax_.source->text(literal.span)), help);
  return false;
}

/// The written digits, in the unit that the value is held in: 5% is 0.05 with two digits, 1.5 min is 90,000,000 µs.
bool Analyser::expected_number(const ast::Literal& literal, bool negative, TestExpectation& expectation) {
  std::optional<UnitWord> unit;
  int64_t factor = 1;
  for (const ast::Ident* word : {&literal.multiple, &literal.unit}) {
    if (word->name.empty()) continue;
    std::optional<UnitWord> found = unit_word(*word);
    if (!found) return false;
    factor *= found->factor;
    if (found->kind != UnitWordKind::kMultiple) unit = found;
  }
  bool percent = literal.kind == ast::LiteralKind::kPercent;
  ValueKind kind = expectation.type.kind;
  bool may_be_percent = kind == ValueKind::kRatio || kind == ValueKind::kPercent || kind == ValueKind::kNumber;
  if (percent && (!may_be_percent || expectation.type.unit != UnitTable::one())) {
    error(Code::expectation_type, literal.span,
          fmt::format("`{}` is {}, which is not compared with a percentage", expectation.text, show(expectation.type)));
    return false;
  }
  if (!expected_unit(literal, unit ? &*unit : nullptr, expectation.type)) return false;
  std::optional<int128> digits = integer_of(literal.number.digits);
  int128 value = digits.value_or(0);
  int scale = static_cast<int>(literal.number.fraction) + (percent ? 2 : 0);
  for (; factor > 1 && factor % 10 == 0 && scale > 0; factor /= 10) --scale;
  bool fits = digits && !__builtin_mul_overflow(value, static_cast<int128>(factor), &value);
  if (!fits) {
    error(Code::literal_too_precise, literal.span, "this number has more digits than can be computed with exactly");
    return false;
  }
  expectation.expected = negative ? -value : value;
  expectation.expected_scale = scale;
  return true;
}

// ------------------------------------------------------------------------------------------------ tables
namespace {

/// The parts of a table's header.
struct HeaderColumn {
  enum class Kind : uint8_t { kBucket, kDimension, kValue } kind = Kind::kValue;
  size_t index = 0;
};

/// `0 USD`, `-5.2%`, `15 min per user`, `true`, a date: the literal that a cell holds. Words point into the cell.
struct CellWords {
  std::vector<std::string_view> words;
};
CellWords split(std::string_view text) {
  CellWords result;
  size_t start = 0;
  while (start < text.size()) {
    size_t end = std::min(text.find(' ', start), text.size());
    if (end > start) result.words.push_back(text.substr(start, end - start));
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
  std::vector<std::string_view> words = split(cell.text).words;
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
  for (; next < words.size() && words[next] != "per" && words[next] != "/"; ++next) units.push_back({syntax_.names->intern(words[next]), cell.span});
  if (next + 1 < words.size()) literal.per_unit = {syntax_.names->intern(words[next + 1]), cell.span};
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

bool Analyser::expectation_table(const ast::TestItem& item, ModelTest& test) {
  std::string grain_name = path_words(item.grain->path);
  std::optional<Grain> grain = grain_from_word(grain_name);
  if (item.grain->fiscal) {
    later(item.grain->span, "a fiscal grain");
    return false;
  }
  if (!grain) {
    unknown(Code::unknown_grain, item.grain->path.parts.front(), fmt::format("`{}` is no grain of time", grain_name),
            {"hour", "day", "week", "month", "quarter", "year"}, "write `expect per day: …`");
    return false;
  }
  std::vector<std::string> dimensions;
  if (item.by != nullptr) {
    for (const ast::Path& path : item.by->dimensions) dimensions.push_back(path_words(path));
  }
  std::vector<TestExpectation> columns;
  std::vector<Type> dimension_types(dimensions.size());
  for (const ast::Expr* expr : item.values) {
    std::optional<TestExpectation> column = expected_term(item, *expr);
    if (!column) return false;
    if (column->fixed_grain && column->grain != *grain) {
      error(Code::expectation_grain, expr->span,
            fmt::format("`{}` has a value per {}, and the table is per {}", column->text, grain_word(column->grain), grain_word(*grain)),
            fmt::format("expect `mean({})`, or a table per {}", column->text, grain_word(column->grain)));
      return false;
    }
    for (size_t d = 0; d < dimensions.size(); ++d) {
      ast::Grain as_key;
      as_key.path = item.by->dimensions[d];
      as_key.span = as_key.path.span;
      std::optional<PerKey> key = per_key(as_key, column->value);
      if (!key) return false;
      dimension_types[d] = key->type;
    }
    column->grain = *grain;
    column->has_bucket = true;
    column->by = dimensions;
    columns.push_back(std::move(*column));
  }
  if (item.rows.empty()) return true;
  std::vector<HeaderColumn> header;
  std::vector<std::string_view> expected_names{grain_word(*grain)};
  for (const std::string& dimension : dimensions) expected_names.push_back(dimension);
  for (const TestExpectation& column : columns) expected_names.push_back(column.text);
  for (const ast::RowCell& cell : item.rows.front().cells) {
    size_t at = static_cast<size_t>(std::find(expected_names.begin(), expected_names.end(), cell.text) - expected_names.begin());
    if (at == expected_names.size()) {
      std::string near = did_you_mean(cell.text, expected_names);
      std::string all;
      for (std::string_view name : expected_names) all += (all.empty() ? "`" : ", `") + std::string(name) + "`";
      error(Code::unknown_column, cell.span, fmt::format("`{}` is no column of this table", cell.text),
            near.empty() ? fmt::format("its columns are {}", all) : fmt::format("did you mean `{}`?", near));
      return false;
    }
    bool bucket = at == 0, dimension = !bucket && at <= dimensions.size();
    header.push_back(bucket      ? HeaderColumn{HeaderColumn::Kind::kBucket, 0}
                     : dimension ? HeaderColumn{HeaderColumn::Kind::kDimension, at - 1}
                                 : HeaderColumn{HeaderColumn::Kind::kValue, at - 1 - dimensions.size()});
  }
  if (header.size() != expected_names.size()) {
    error(Code::unknown_column, item.rows.front().span, fmt::format("this table has {} columns, and {} are needed", header.size(), expected_names.size()));
    return false;
  }
  for (size_t r = 1; r < item.rows.size(); ++r) {
    const ast::RowLine& line = item.rows[r];
    if (line.cells.size() != header.size()) return false;  // the parser reported it
    TestExpectation place;
    for (size_t c = 0; c < header.size(); ++c) {
      const ast::RowCell& cell = line.cells[c];
      if (header[c].kind == HeaderColumn::Kind::kBucket) {
        place.bucket = bucket_date(cell.text);
        if (!is_moment(place.bucket)) {
          error(Code::not_a_date, cell.span, fmt::format("`{}` is no {}", cell.text, grain_word(*grain)));
          return false;
        }
      }
    }
    for (size_t d = 0; d < dimensions.size(); ++d) {
      for (size_t c = 0; c < header.size(); ++c) {
        bool own = header[c].kind == HeaderColumn::Kind::kDimension && header[c].index == d;
        if (own && !dimension_cell(line.cells[c], dimension_types[d], place)) return false;
      }
    }
    for (size_t c = 0; c < header.size(); ++c) {
      if (header[c].kind != HeaderColumn::Kind::kValue) continue;
      TestExpectation cell = columns[header[c].index];
      cell.bucket = place.bucket;
      cell.dimensions = place.dimensions;
      cell.span = line.cells[c].span;
      if (!table_cell(line.cells[c], cell.text, cell)) return false;
      test.expectations.push_back(std::move(cell));
    }
  }
  return true;
}

}  // namespace alidade
