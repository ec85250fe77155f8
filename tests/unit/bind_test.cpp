// Binding: every pairing of field and column type, bad values with their places, borrowing, and the string pool.
// Columns are laid out by hand as the Arrow C Data Interface describes them.
// rooms: alidade_runtime
#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <deque>
#include <limits>
#include <thread>

#include "runtime/batch.h"
#include "runtime/bind_number.h"
#include "runtime/bind_text.h"
#include "runtime/near_name.h"

using namespace alidade;

namespace {

using Bytes = std::vector<uint8_t>;

// One hand-made column; `cells` are null where the value is missing.
struct Column {
  std::string name, format;
  Bytes validity, values, text;
  int64_t length = 0, nulls = 0, offset = 0;
  std::shared_ptr<Column> dictionary;
};

template <typename T>
void put(Bytes& bytes, T value) {
  const size_t at = bytes.size();
  bytes.resize(at + sizeof(T));
  std::memcpy(bytes.data() + at, &value, sizeof(T));
}

void put_validity(Column& column, bool valid) {
  if (column.length % 8 == 0) column.validity.push_back(0);
  if (valid)
    column.validity.back() |= static_cast<uint8_t>(1 << (column.length % 8));
  else
    ++column.nulls;
  ++column.length;
}

template <typename T>
Column fixed(const std::string& name, const std::string& format, std::vector<std::optional<T>> cells) {
  Column column{name, format, {}, {}, {}, 0, 0, 0, nullptr};
  for (const auto& cell : cells) {
    put_validity(column, cell.has_value());
    put<T>(column.values, cell.value_or(T{}));
  }
  return column;
}

using Cells = std::vector<std::optional<std::string>>;

template <typename Offset = int32_t>
Column text(const std::string& name, const Cells& cells, const std::string& format = "u") {
  Column column{name, format, {}, {}, {}, 0, 0, 0, nullptr};
  put<Offset>(column.values, 0);
  for (const auto& cell : cells) {
    put_validity(column, cell.has_value());
    if (cell) column.text.insert(column.text.end(), cell->begin(), cell->end());
    put<Offset>(column.values, static_cast<Offset>(column.text.size()));
  }
  return column;
}

Column bools(const std::string& name, const std::vector<bool>& cells) {
  Column column{name, "b", {}, {}, {}, 0, 0, 0, nullptr};
  for (const bool cell : cells) {
    if (column.length % 8 == 0) column.values.push_back(0);
    if (cell) column.values.back() |= static_cast<uint8_t>(1 << (column.length % 8));
    put_validity(column, true);
  }
  return column;
}

Column coded(const std::string& name, std::vector<std::optional<int32_t>> codes, Column entries) {
  Column column = fixed<int32_t>(name, "i", std::move(codes));
  column.dictionary = std::make_shared<Column>(std::move(entries));
  return column;
}

// Owns everything that a batch's structures point to.
struct Owned {
  std::deque<Column> columns;
  std::deque<std::string> strings;
  std::deque<ArrowSchema> schemas;
  std::deque<ArrowArray> arrays;
  std::vector<ArrowSchema*> child_schemas;
  std::vector<ArrowArray*> child_arrays;
  std::deque<std::vector<const void*>> buffers;
};

void release_schema(ArrowSchema* schema) { schema->release = nullptr; }
void release_array(ArrowArray* array) {
  delete static_cast<Owned*>(array->private_data);
  array->release = nullptr;
}

void describe(Owned& owned, const Column& column, ArrowSchema* schema, ArrowArray* array) {
  *schema = {};
  *array = {};
  schema->format = column.format.c_str();
  schema->name = column.name.c_str();
  array->length = column.length;
  array->null_count = column.nulls;
  array->offset = column.offset;
  owned.buffers.push_back({column.nulls == 0 ? nullptr : column.validity.data(), column.values.data()});
  if (column.format == "vu") {
    owned.buffers.back().push_back(column.text.data());
  } else if (!column.text.empty() || column.format == "u" || column.format == "U" || column.format == "z") {
    owned.buffers.back().push_back(column.text.data());
  }
  array->n_buffers = static_cast<int64_t>(owned.buffers.back().size());
  array->buffers = owned.buffers.back().data();
  if (column.dictionary != nullptr) {
    schema->dictionary = &owned.schemas.emplace_back();
    array->dictionary = &owned.arrays.emplace_back();
    describe(owned, *column.dictionary, schema->dictionary, array->dictionary);
  }
}

Batch batch(std::vector<Column> columns, int64_t offset = 0) {
  auto* owned = new Owned;
  Batch result;
  const int64_t length = columns[0].length - columns[0].offset;
  for (Column& column : columns) {
    const Column& kept = owned->columns.emplace_back(std::move(column));
    describe(*owned, kept, &owned->schemas.emplace_back(), &owned->arrays.emplace_back());
    // A dictionary's structures follow its column's own.
    const size_t back = kept.dictionary == nullptr ? 1 : 2;
    owned->child_schemas.push_back(&owned->schemas[owned->schemas.size() - back]);
    owned->child_arrays.push_back(&owned->arrays[owned->arrays.size() - back]);
  }
  result.schema.format = "+s";
  result.schema.n_children = static_cast<int64_t>(owned->columns.size());
  result.schema.children = owned->child_schemas.data();
  result.schema.release = release_schema;
  result.array.length = length - offset;
  result.array.offset = offset;
  result.array.n_children = result.schema.n_children;
  result.array.children = owned->child_arrays.data();
  result.array.private_data = owned;
  result.array.release = release_array;
  result.file = "data/app.csv";
  result.first_row = 1;
  return result;
}

FieldSchema field(FieldKind kind, bool optional = false) {
  FieldSchema made;
  made.name = made.source = "x";
  made.kind = kind;
  made.optional = optional;
  return made;
}

FieldSchema decimal_field(int scale) {
  FieldSchema made = field(FieldKind::kDecimal);
  made.scale = static_cast<uint8_t>(scale);
  return made;
}

FieldSchema unit_field(FieldKind kind, int64_t micros) {
  FieldSchema made = field(kind);
  made.unit_micros = micros;
  return made;
}

Calendar calendar(const char* zone) {
  auto opened = Calendar::open({zone});
  REQUIRE(opened.ok());
  return *opened;
}

StringPool& pool() {
  static StringPool pool;
  return pool;
}

Result<BoundBatch> bind_in(const char* zone, const FieldSchema& schema, Batch given, ColumnSpec spec = {}) {
  SourceSchema source;
  source.name = "app";
  source.fields = {schema};
  return Binder(source, {std::move(spec)}, calendar(zone), pool()).bind(std::move(given));
}

BoundBatch bound(const FieldSchema& schema, Column column, const char* zone = "UTC") {
  column.name = "x";
  auto result = bind_in(zone, schema, batch({std::move(column)}));
  REQUIRE_MESSAGE(result.ok(), (result.ok() ? std::string() : result.error().message));
  return std::move(*result);
}

template <typename T>
std::vector<T> values(const BoundBatch& bound) {
  const T* begin = static_cast<const T*>(bound.columns[0].values);
  return {begin, begin + bound.row_count};
}

// The values of good rows, or the words of the first bad one.
template <typename T>
std::string shown(const BoundBatch& bound) {
  std::string text;
  const std::vector<T> all = values<T>(bound);
  for (size_t i = 0; i < all.size(); ++i) {
    const bool missing = bound.columns[0].valid != nullptr && bound.columns[0].valid[i] == 0;
    text += (i == 0 ? "" : " ") + (missing ? "-" : std::to_string(all[i]));
  }
  return text;
}

std::string texts(const BoundBatch& bound) {
  std::string text;
  const std::vector<uint32_t> codes = values<uint32_t>(bound);
  for (size_t i = 0; i < codes.size(); ++i) {
    const bool missing = bound.columns[0].valid != nullptr && bound.columns[0].valid[i] == 0;
    text += (i == 0 ? "" : "|") + (missing ? "-" : std::string(pool().text(codes[i])));
  }
  return text;
}

std::string message(const FieldSchema& schema, const std::string& cell, const char* zone = "UTC") {
  const BoundBatch result = bound(schema, text("x", {cell}), zone);
  return result.bad.total() == 0 ? "good" : bad_rows_error(result.bad).message;
}

int code(const FieldSchema& schema, const std::string& cell, const char* zone = "UTC") {
  const BoundBatch result = bound(schema, text("x", {cell}), zone);
  return result.bad.total() == 0 ? 0 : bad_rows_error(result.bad).code;
}

int64_t value(const FieldSchema& schema, const std::string& cell, const char* zone = "UTC") {
  const BoundBatch result = bound(schema, text("x", {cell}), zone);
  REQUIRE_MESSAGE(result.row_count == 1, message(schema, cell, zone));
  return values<int64_t>(result)[0];
}

constexpr int64_t kHour = 3'600'000'000;

}  // namespace

TEST_CASE("integers from every width, floats, decimals and text") {
  const FieldSchema integer = field(FieldKind::kInteger);
  CHECK(shown<int64_t>(bound(integer, fixed<int8_t>("x", "c", {-1, 2}))) == "-1 2");
  CHECK(shown<int64_t>(bound(integer, fixed<uint8_t>("x", "C", {255}))) == "255");
  CHECK(shown<int64_t>(bound(integer, fixed<int16_t>("x", "s", {-300}))) == "-300");
  CHECK(shown<int64_t>(bound(integer, fixed<uint16_t>("x", "S", {65535}))) == "65535");
  CHECK(shown<int64_t>(bound(integer, fixed<int32_t>("x", "i", {-70000}))) == "-70000");
  CHECK(shown<int64_t>(bound(integer, fixed<uint32_t>("x", "I", {4294967295u}))) == "4294967295");
  CHECK(shown<int64_t>(bound(integer, fixed<int64_t>("x", "l", {INT64_MIN, INT64_MAX}))) ==
        "-9223372036854775808 9223372036854775807");
  const BoundBatch large = bound(integer, fixed<uint64_t>("x", "L", {uint64_t{5}, ~uint64_t{0}}));
  CHECK(shown<int64_t>(large) == "5");
  CHECK(bad_rows_error(large.bad).code == 7210);
  CHECK(shown<int64_t>(bound(integer, fixed<double>("x", "g", {17850.0, -2.0, 0.5}))) == "17850 -2");
  CHECK(shown<int64_t>(bound(integer, fixed<int128>("x", "d:10,2", {int128{500}, int128{501}}))) == "5");
  CHECK(value(integer, "17850.0") == 17850);
  CHECK(value(integer, "-9223372036854775808") == INT64_MIN);
  CHECK(code(integer, "9223372036854775808") == 7210);
  CHECK(message(integer, "17850.5") == "data/app.csv row 1, column \"x\": \"17850.5\" is not a whole number");
  CHECK(message(integer, "abc") == "data/app.csv row 1, column \"x\": \"abc\" is not a number");
  CHECK(message(integer, " 5") == "data/app.csv row 1, column \"x\": \" 5\" is not a number");
  CHECK(message(integer, "") == "data/app.csv row 1, column \"x\": the value is missing");
  CHECK(code(integer, "1,000") == 7202);
}

TEST_CASE("decimals are exact") {
  const FieldSchema cents = decimal_field(2);
  CHECK(value(cents, "12.5") == 1250);
  CHECK(value(cents, "-0.01") == -1);
  CHECK(value(cents, "12.5000000000000000000000000000000000000000000") == 1250);
  CHECK(value(cents, "1.5e2") == 15000);
  CHECK(value(cents, "150e-2") == 150);
  CHECK(value(cents, "92233720368547758.07") == INT64_MAX);
  CHECK(code(cents, "92233720368547758.08") == 7210);
  CHECK(code(cents, "1e400") == 7210);
  CHECK(message(cents, "1.234") ==
        "data/app.csv row 1, column \"x\": \"1.234\" has more than 2 digits after the point");
  for (const char* wrong : {"1,234.50", "$5", "5 USD", "--5", ".", "-", "1.2.3", "1e", "0x10", "+5", "5%"})
    CHECK(code(cents, wrong) == 7202);
  CHECK(shown<int64_t>(bound(cents, fixed<int32_t>("x", "i", {3}))) == "300");
  CHECK(shown<int64_t>(bound(cents, fixed<int128>("x", "d:12,4", {int128{12500}, int128{12501}}))) == "125");
  CHECK(shown<int64_t>(bound(cents, fixed<int64_t>("x", "d:18,1,64", {int64_t{15}}))) == "150");
  // A binary source is rounded half-even from its exact value: 0.125 is a tie, 2.675 lies below one.
  CHECK(shown<int64_t>(bound(cents, fixed<double>("x", "g", {0.125, 0.375, 2.675, -0.125, 1e-300, 1e15}))) ==
        "12 38 267 -12 0 100000000000000000");
  const BoundBatch wild = bound(cents, fixed<double>("x", "g", {1e18, std::nan(""), 1.0}));
  CHECK(wild.bad.counts[static_cast<int>(BadRow::kOverflow)] == 1);
  CHECK(wild.bad.counts[static_cast<int>(BadRow::kNotFinite)] == 1);
  CHECK(wild.source_rows == std::vector<int64_t>{3});
}

TEST_CASE("numbers") {
  const FieldSchema number = field(FieldKind::kNumber);
  const auto parsed = [&](const char* cell) { return values<double>(bound(number, text("x", {cell})))[0]; };
  CHECK(parsed("0.1") == 0.1);
  CHECK(parsed("-1e-5") == -1e-5);
  CHECK(parsed("9007199254740993") == 9007199254740992.0);
  for (const char* wild : {"nan", "inf", "-Infinity", "1e999"}) CHECK(code(number, wild) == 7209);
  for (const char* wrong : {"1,5", "1.5 ", "abc", "0x1p3"}) CHECK(code(number, wrong) == 7202);
  CHECK(values<double>(bound(number, fixed<float>("x", "f", {1.5f})))[0] == 1.5);
  CHECK(values<double>(bound(number, fixed<int128>("x", "d:4,1", {int128{1}})))[0] == 0.1);
  const double infinite = std::numeric_limits<double>::infinity();
  const BoundBatch half = bound(number, fixed<double>("x", "g", {1.0, infinite, 2.0}));
  CHECK(values<double>(half) == std::vector<double>{1.0, 2.0});
  CHECK(half.source_rows == std::vector<int64_t>{1, 3});
  CHECK(bad_rows_error(half.bad).message == "data/app.csv row 2, column \"x\": \"inf\" is not a finite number");
}

TEST_CASE("durations are whole microseconds, ties to even") {
  const FieldSchema minutes = unit_field(FieldKind::kDuration, 60'000'000),
                    micros = unit_field(FieldKind::kDuration, 1);
  CHECK(value(minutes, "1.5") == 90'000'000);
  CHECK(value(minutes, "-0.5") == -30'000'000);
  CHECK(value(minutes, "1e-30") == 0);
  CHECK(value(minutes, "0.00000000000000000000000000000000000000000000000001") == 0);
  CHECK(value(micros, "0.5") == 0);
  CHECK(value(micros, "1.5") == 2);
  CHECK(value(micros, "2.5") == 2);
  CHECK(value(micros, "2.5000000000000000000000000000000000001") == 3);
  CHECK(value(micros, "-2.5") == -2);
  CHECK(code(minutes, "1e12") == 7210);
  CHECK(shown<int64_t>(bound(minutes, fixed<int32_t>("x", "i", {2}))) == "120000000");
  CHECK(shown<int64_t>(bound(minutes, fixed<double>("x", "g", {0.1}))) == "6000000");
  CHECK(shown<int64_t>(bound(minutes, fixed<int64_t>("x", "tDm", {int64_t{3}}))) == "3000");
  CHECK(shown<int64_t>(bound(minutes, fixed<int64_t>("x", "tDn", {int64_t{1500}, int64_t{2500}}))) == "2 2");
}

TEST_CASE("times from text, in the calendar's zone or their own") {
  const FieldSchema time = field(FieldKind::kTimestamp);
  CHECK(value(time, "1970-01-01 01:00") == kHour);
  CHECK(value(time, "1970-01-01 01:00", "Europe/Berlin") == 0);
  CHECK(value(time, "1970-01-01T01:00:00.5+01:00", "Asia/Tokyo") == 500'000);
  CHECK(value(time, "1970-01-01", "Europe/Berlin") == -kHour);
  CHECK(value(time, "2018-11-04", "America/Sao_Paulo") == value(time, "2018-11-04 03:00Z"));
  CHECK(code(time, "2026-03-29 02:30", "Europe/Berlin") == 7207);
  CHECK(code(time, "1899-12-31") == 7208);
  CHECK(code(time, "2201-01-01") == 7208);
  CHECK(code(time, "2200-12-31 23:59:59.999999") == 0);
  CHECK(message(time, "05.01.2026") ==
        "data/app.csv row 1, column \"x\": \"05.01.2026\" is not a time as 2026-01-31 is; say how times are written: "
        "times = "
        "\"%d.%m.%Y\" in alidade.toml");
  CHECK(code(time, "2026-01-05 10:00:00.1234567") == 7206);
  const BoundBatch twice =
      bound(time, text("x", {"2026-10-25 02:30", "2026-10-25 01:30", "2026-10-25 02:40"}), "Europe/Berlin");
  CHECK(twice.ambiguous_times == 2);
  CHECK(values<int64_t>(twice)[0] == value(time, "2026-10-25 00:30Z"));
}

TEST_CASE("times from typed columns and counts") {
  const FieldSchema time = field(FieldKind::kTimestamp);
  const auto one = [&](const FieldSchema& schema, Column column, const char* zone) {
    return shown<int64_t>(bound(schema, std::move(column), zone));
  };
  CHECK(one(time, fixed<int64_t>("x", "tss:UTC", {int64_t{1}}), "Europe/Berlin") == "1000000");
  CHECK(one(time, fixed<int64_t>("x", "tsm:", {int64_t{3'600'000}}), "Europe/Berlin") == "0");
  CHECK(one(time, fixed<int64_t>("x", "tsu:", {int64_t{5}}), "UTC") == "5");
  CHECK(one(time, fixed<int64_t>("x", "tsn:UTC", {int64_t{-1}, int64_t{1999}}), "UTC") == "-1 1");
  CHECK(one(time, fixed<int32_t>("x", "tdD", {1}), "UTC") == "86400000000");
  CHECK(one(time, fixed<int64_t>("x", "tdm", {int64_t{86'400'000}}), "UTC") == "86400000000");
  CHECK(one(time, fixed<int64_t>("x", "tsu:UTC", {INT64_MAX, int64_t{7}}), "UTC") == "7");
  const FieldSchema seconds = unit_field(FieldKind::kTimestamp, 1'000'000),
                    nanos = unit_field(FieldKind::kTimestamp, kEpochNanos);
  CHECK(one(seconds, fixed<int32_t>("x", "i", {881250949}), "Europe/Berlin") == "881250949000000");
  CHECK(one(seconds, fixed<double>("x", "g", {1.25}), "UTC") == "1250000");
  CHECK(one(unit_field(FieldKind::kTimestamp, 1), fixed<int64_t>("x", "l", {int64_t{9}, INT64_MIN}), "UTC") == "9");
  CHECK(value(seconds, "881250949") == 881250949000000);
  CHECK(value(seconds, "1.000001") == 1000001);
  CHECK(code(seconds, "1.0000001") == 7206);
  CHECK(code(seconds, "1607615248873") == 7208);
  CHECK(value(nanos, "1999") == 1);
  CHECK(value(nanos, "-1") == -1);
}

TEST_CASE("equal texts have one code, however many there are") {
  Cells cells;
  for (int i = 0; i < 12'000; ++i) cells.emplace_back("user " + std::to_string(i * 7919 % 9'000));
  const BoundBatch all = bound(field(FieldKind::kText), text("x", cells));
  const auto* codes = static_cast<const uint32_t*>(all.columns[0].values);
  for (size_t i = 0; i < cells.size(); ++i) {
    REQUIRE(pool().text(codes[i]) == *cells[i]);
    REQUIRE(codes[i] == codes[i % 9'000]);
  }
}

TEST_CASE("validity ends where no time that is read is") {
  SourceSchema table;
  table.name = "users";
  table.fields = {field(FieldKind::kTimestamp), field(FieldKind::kTimestamp)};
  table.fields[0].name = table.fields[0].source = "a";
  table.fields[1].name = table.fields[1].source = "b";
  table.valid_from = 0;
  table.valid_to = 1;
  const auto bind_all = [&] {
    const Binder binder(table, {{0, ColumnForm::kValue, {}}, {1, ColumnForm::kValue, {}}}, calendar("UTC"), pool());
    std::vector<Column> columns;
    columns.push_back(text("a", {"0001-01-01", "2026-01-05", "2300-01-01", "1800-01-01"}));
    columns.push_back(text("b", {"9999-12-31", "2262-04-11 23:47:16.854775", "9999-12-31", "1800-01-01"}));
    return binder.bind(batch(std::move(columns)));
  };
  auto required = bind_all();
  REQUIRE(required.ok());
  CHECK(required->bad.counts[static_cast<int>(BadRow::kYearRange)] == 2);  // begins too late, ends too early
  REQUIRE(required->row_count == 2);
  CHECK(static_cast<const Instant*>(required->columns[0].values)[0] == kMinInstant);
  CHECK(static_cast<const Instant*>(required->columns[1].values)[0] == kMaxInstant);
  CHECK(static_cast<const Instant*>(required->columns[1].values)[1] == kMaxInstant);
  table.fields[1].optional = true;
  auto optional = bind_all();
  REQUIRE(optional.ok());
  CHECK(optional->columns[1].valid[0] == 0);
}

TEST_CASE("days have no time of day") {
  FieldSchema day = field(FieldKind::kTimestamp);
  day.date_only = true;
  CHECK(value(day, "2026-01-05", "Europe/Berlin") ==
        value(field(FieldKind::kTimestamp), "2026-01-05 00:00", "Europe/Berlin"));
  CHECK(value(day, "2026-01-05 00:00:00") == value(day, "2026-01-05"));
  CHECK(message(day, "2026-01-05 10:00") ==
        "data/app.csv row 1, column \"x\": \"2026-01-05 10:00\" is not a day: it has a time of day");
  CHECK(value(day, "2018-11-04", "America/Sao_Paulo") == value(field(FieldKind::kTimestamp), "2018-11-04 03:00Z"));
  CHECK(code(day, "2011-12-30", "Pacific/Apia") == 7207);
  CHECK(shown<int64_t>(bound(day, fixed<int64_t>("x", "tsu:UTC", {-kHour, int64_t{0}}), "Europe/Berlin")) ==
        "-3600000000");
}

TEST_CASE("bools") {
  const FieldSchema boolean = field(FieldKind::kBoolean);
  CHECK(shown<uint8_t>(bound(boolean, text("x", {"true", "False", "1", "0", "YES", "no"}))) == "1 0 1 0 1 0");
  CHECK(shown<uint8_t>(bound(boolean, bools("x", {true, false, true}))) == "1 0 1");
  CHECK(shown<uint8_t>(bound(boolean, fixed<int8_t>("x", "c", {1, 0, 2}))) == "1 0");
  CHECK(message(boolean, "maybe") == "data/app.csv row 1, column \"x\": \"maybe\" is neither true nor false");
}

TEST_CASE("text in every layout") {
  const FieldSchema plain = field(FieldKind::kText);
  const Cells cells = {"ann", "bob", "", "ann", "Zoë"};
  CHECK(texts(bound(plain, text("x", cells))) == "ann|bob||ann|Zoë");
  CHECK(texts(bound(plain, text<int64_t>("x", cells, "U"))) == "ann|bob||ann|Zoë");
  CHECK(texts(bound(plain, text("x", cells, "z"))) == "ann|bob||ann|Zoë");
  CHECK(texts(bound(plain, coded("x", {1, 0, 1}, text("", {"ann", "bob"})))) == "bob|ann|bob");
  CHECK(texts(bound(plain, fixed<int64_t>("x", "l", {int64_t{-7}, int64_t{12}}))) == "-7|12");
  CHECK(texts(bound(plain, fixed<uint64_t>("x", "L", {~uint64_t{0}}))) == "18446744073709551615");
  Column views{"x", "vu", {}, {}, {}, 0, 0, 0, nullptr};
  const std::string stored = "a text of more than twelve bytes";
  views.text.assign(stored.begin(), stored.end());
  views.text.reserve(64);
  put<int32_t>(views.values, 5);
  for (const char c : std::string("short\0\0\0\0\0\0\0", 12)) put<char>(views.values, c);
  for (const int32_t part : {32, 0, 0, 0}) put<int32_t>(views.values, part);
  views.length = 2;
  CHECK(texts(bound(plain, views)) == "short|" + stored);
  Column uuid = fixed<int128>("x", "w:16", {int128{0}});
  for (int i = 0; i < 16; ++i) uuid.values[i] = static_cast<uint8_t>(i * 17);
  CHECK(texts(bound(plain, uuid)) == "00112233-4455-6677-8899-aabbccddeeff");
}

TEST_CASE("text that is no UTF-8 is bad, with its bytes shown") {
  const FieldSchema plain = field(FieldKind::kText);
  CHECK(message(plain, "M\xFCller") == "data/app.csv row 1, column \"x\": \"M\\xFCller\" is not valid UTF-8 text");
  CHECK(code(plain, std::string("a\0b", 3)) == 7203);
  CHECK(code(plain, "\xC0\xAF") == 7203);
  CHECK(code(plain, "\xED\xA0\x80") == 7203);
  CHECK(code(plain, "\xF4\x90\x80\x80") == 7203);
  CHECK(code(plain, "12345678\xE2\x82") == 7203);
  CHECK(code(plain, "😀 Grüße, 世界") == 0);
  // An entry that no row uses is not looked at.
  CHECK(texts(bound(plain, coded("x", {0}, text("", {"ann", "\xFF"})))) == "ann");
}

TEST_CASE("one_of and classes") {
  FieldSchema plan = field(FieldKind::kOneOf);
  plan.values = {"free", "basic", "pro"};
  CHECK(shown<uint32_t>(bound(plan, text("x", {"pro", "free", "basic"}))) == "2 0 1");
  CHECK(shown<uint32_t>(bound(plan, coded("x", {1, 1, 0}, text("", {"pro", "free"})))) == "0 0 2");
  CHECK(message(plan, "Pro") == "data/app.csv row 1, column \"x\": \"Pro\" is not one of \"free\", \"basic\", \"pro\"");
  CHECK(code(plan, "") == 7204);
  auto classes = bind_in("UTC", field(FieldKind::kText, true), batch({text("x", {"b", "zzz", std::nullopt, "a"})}),
                         {0, ColumnForm::kClass, {"a", "b"}});
  CHECK(shown<uint32_t>(*classes) == "1 2 - 0");
  auto wrong = bind_in("UTC", field(FieldKind::kText), batch({text("x", {"\xFF"})}), {0, ColumnForm::kClass, {"a"}});
  CHECK(bad_rows_error(wrong->bad).code == 7203);
}

TEST_CASE("missing values") {
  CHECK(shown<int64_t>(bound(field(FieldKind::kInteger, true), fixed<int64_t>("x", "l", {int64_t{1}, std::nullopt}))) ==
        "1 -");
  CHECK(shown<int64_t>(bound(field(FieldKind::kInteger, true), text("x", {"", "2"}))) == "- 2");
  CHECK(shown<int64_t>(
            bound(field(FieldKind::kInteger, true), coded("x", {0, std::nullopt, 1}, text("", {"4", ""})))) == "4 - -");
  const BoundBatch required =
      bound(field(FieldKind::kInteger), fixed<int64_t>("x", "l", {int64_t{1}, std::nullopt, int64_t{3}}));
  CHECK(shown<int64_t>(required) == "1 3");
  CHECK(required.columns[0].valid == nullptr);
  CHECK(bad_rows_error(required.bad).message == "data/app.csv row 2, column \"x\": the value is missing");
  CHECK(texts(bound(field(FieldKind::kText, true), text("x", {"", "a", std::nullopt}))) == "|a|-");
  Batch csv = batch({text("x", {"", "a"})});
  csv.empty_is_missing = true;
  CHECK(texts(*bind_in("UTC", field(FieldKind::kText, true), std::move(csv))) == "-|a");
  Batch again = batch({text("x", {"", "a"})});
  again.empty_is_missing = true;
  CHECK(texts(*bind_in("UTC", field(FieldKind::kText), std::move(again))) == "|a");
  Column nothing{"x", "n", {}, {}, {}, 2, 2, 0, nullptr};
  CHECK(shown<double>(bound(field(FieldKind::kNumber, true), nothing)) == "- -");
}

TEST_CASE("buffers that fit are borrowed, offsets included") {
  Column column = fixed<int64_t>("x", "l", {int64_t{1}, int64_t{2}, int64_t{3}, int64_t{4}});
  column.offset = 1;
  auto result = bind_in("UTC", field(FieldKind::kInteger), batch({column}, 1));
  CHECK(shown<int64_t>(*result) == "3 4");
  CHECK(result->owned.empty());
  Column nullable = fixed<int64_t>("x", "tsu:UTC", {int64_t{1}, std::nullopt, int64_t{3}});
  nullable.offset = 1;
  CHECK(shown<int64_t>(*bind_in("UTC", field(FieldKind::kTimestamp, true), batch({nullable}))) == "- 3");
}

TEST_CASE("columns that are missing or of the wrong type") {
  FieldSchema minutes = field(FieldKind::kDuration);
  minutes.source = "minuts";
  const auto missing = bind_in("UTC", minutes, batch({text("minutes", {"1"}), text("user", {"a"})}));
  REQUIRE(!missing.ok());
  CHECK(missing.error().code == 7104);
  CHECK(missing.error().message == "data/app.csv has no column \"minuts\"; did you mean \"minutes\"");
  CHECK(missing.error().notes.back() == "the columns are minutes, user");
  const auto wrong = [&](FieldKind kind, Column column) {
    const auto result = bind_in("UTC", field(kind), batch({std::move(column)}));
    return result.ok() ? std::string("fine") : result.error().message;
  };
  CHECK(wrong(FieldKind::kDuration, bools("x", {true})) ==
        "column \"x\" of data/app.csv is bool, which cannot be read as a duration");
  CHECK(wrong(FieldKind::kTimestamp, fixed<int64_t>("x", "l", {int64_t{1}})) ==
        "column \"x\" of data/app.csv is int64, which cannot be read as a timestamp");
  CHECK(wrong(FieldKind::kText, fixed<double>("x", "g", {1.0})) ==
        "column \"x\" of data/app.csv is double, which cannot be read as text");
  CHECK(wrong(FieldKind::kNumber, fixed<int64_t>("x", "tsm:UTC", {int64_t{1}})) ==
        "column \"x\" of data/app.csv is timestamp[ms, UTC], which cannot be read as a number");
  CHECK(wrong(FieldKind::kInteger, fixed<int64_t>("x", "ttu", {int64_t{1}})) ==
        "column \"x\" of data/app.csv is time of day, which cannot be read as an integer");
}

TEST_CASE("a row with several bad cells is bad once, and leaves every column") {
  SourceSchema source;
  source.name = "app";
  source.fields = {field(FieldKind::kInteger), field(FieldKind::kText, true)};
  source.fields[0].source = "n";
  source.fields[1].source = "t";
  const Binder binder(source, {{0}, {1}}, calendar("UTC"), pool());
  auto result = binder.bind(batch({text("t", {"a", "\xFF", "c", std::nullopt}), text("n", {"1", "x", "y", "4"})}));
  REQUIRE(result.ok());
  CHECK(result->bad.total() == 2);
  CHECK(result->source_rows == std::vector<int64_t>{1, 4});
  const auto* codes = static_cast<const uint32_t*>(result->columns[1].values);
  CHECK(pool().text(codes[0]) == "a");
  CHECK(result->columns[1].valid[1] == 0);
  const Error error = bad_rows_error(result->bad);
  CHECK(error.message == "data/app.csv row 2, column \"n\": \"x\" is not a number");
  CHECK(error.notes == std::vector<std::string>{"data/app.csv row 3, column \"n\": \"y\" is not a number",
                                                "use --bad-rows skip to go on without them"});
}

TEST_CASE("the first five bad rows are kept, all are counted") {
  Cells cells(1000, "x");
  const BoundBatch result = bound(field(FieldKind::kInteger), text("x", cells));
  CHECK(result.bad.total() == 1000);
  CHECK(result.bad.first.size() == 5);
  const Error error = bad_rows_error(result.bad);
  CHECK(error.notes[4] == "and 995 more bad rows");
}

TEST_CASE("the pool gives one code to one text, from any thread") {
  StringPool pool;
  std::vector<std::string> words;
  for (int i = 0; i < 50'000; ++i) words.push_back("word " + std::to_string(i));
  std::vector<std::vector<uint32_t>> codes(4);
  std::vector<std::thread> threads;
  for (size_t t = 0; t < codes.size(); ++t) {
    threads.emplace_back([&, t] {
      if (t % 2 == 0) {
        codes[t] = pool.add_all({words.begin(), words.end()});
      } else {
        for (const std::string& word : words) codes[t].push_back(pool.add(word));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (size_t t = 1; t < codes.size(); ++t) CHECK(codes[t] == codes[0]);
  bool all_there = true;
  for (size_t i = 0; i < words.size(); ++i) all_there = all_there && pool.text(codes[0][i]) == words[i];
  CHECK(all_there);
  CHECK(pool.text(pool.add("")).empty());
}

TEST_CASE("names that are near") {
  const std::vector<std::string> names = {"minutes", "user", "User_ID", "amount"};
  CHECK(near_names("minuts", names) == std::vector<std::string>{"minutes"});
  CHECK(near_names("user_id", names) == std::vector<std::string>{"User_ID"});
  CHECK(near_names("country", names).empty());
}

TEST_CASE("numbers in another form") {
  const auto in_form = [](const std::string& text, char decimal, char thousands) {
    DataForm form;
    form.decimal = decimal;
    form.thousands = thousands;
    std::string buffer;
    const auto plain = plain_number(text, form, &buffer);
    return plain ? std::string(*plain) : "no";
  };
  CHECK(in_form("1234,56", ',', 0) == "1234.56");
  CHECK(in_form("-0,5", ',', 0) == "-0.5");
  CHECK(in_form("1.5", ',', 0) == "no");
  CHECK(in_form("1,2,3", ',', 0) == "no");
  CHECK(in_form("1.234.567,89", ',', '.') == "1234567.89");
  CHECK(in_form("1.23,4", ',', '.') == "no");
  CHECK(in_form("1234.567,8", ',', '.') == "no");
  CHECK(in_form(".234,5", ',', '.') == "no");
  CHECK(in_form("12.34", ',', '.') == "no");
  CHECK(in_form("1,234", '.', ',') == "1234");
  CHECK(in_form("1'234.5", '.', '\'') == "1234.5");
  CHECK(in_form("1.5", '.', 0) == "1.5");
  CHECK(in_form("", ',', 0).empty());
}

TEST_CASE("times by a pattern") {
  const auto micros = [](const char* text, const char* pattern) {
    const auto time = parse_time_as(text, pattern);
    return time ? time->local_micros / 1'000'000 : -1;
  };
  CHECK(micros("05.01.2026", "%d.%m.%Y") == 1'767'571'200);
  CHECK(micros("5.1.2026", "%d.%m.%Y") == 1'767'571'200);
  CHECK(micros("05.01.2026 ", "%d.%m.%Y") == -1);
  CHECK(micros("31.02.2026", "%d.%m.%Y") == -1);
  CHECK(micros("29.02.2024", "%d.%m.%Y") == 1'709'164'800);
  CHECK(micros("01/05/26 11:30 PM", "%m/%d/%y %I:%M %p") == 1'767'571'200 + 84'600);
  CHECK(micros("12:05 am, Jan 5 2026", "%I:%M %p, %b %d %Y") == 1'767'571'200 + 300);
  CHECK(micros("5-january-2026 06:07:08.25", "%d-%B-%Y %T.%f") == 1'767'571'200 + 22'028);
  CHECK(micros("20260105", "%Y%m%d") == 1'767'571'200);
  CHECK(parse_time_as("05.01.2026 10:00+01:00", "%d.%m.%Y %H:%M%z")->offset_micros == 3'600'000'000);
  CHECK(parse_time_as("05.01.2026", "%d.%m.%Y")->has_time_of_day == false);
  CHECK(parse_time_as("05.01.2026 00:00", "%d.%m.%Y %H:%M")->has_time_of_day);
  CHECK(pattern_problem("%d.%m.%Y %H:%M").empty());
  CHECK(!pattern_problem("%d.%m").empty());
  CHECK(!pattern_problem("%d.%m.%Y %").empty());
}

TEST_CASE("a source's form: decimal commas, times, counts, words for missing") {
  DataForm form;
  form.decimal = ',';
  form.times = {"%d.%m.%Y"};
  form.missing = {"n/a"};
  form.epoch_micros = 1000;
  const auto in_form = [&](const FieldSchema& wanted, const std::vector<std::optional<std::string>>& cells) {
    Batch given = batch({text("x", cells)});
    given.form = std::make_shared<const DataForm>(form);
    auto result = bind_in("UTC", wanted, std::move(given));
    REQUIRE(result.ok());
    return std::move(*result);
  };
  FieldSchema money = field(FieldKind::kDecimal, true);
  money.scale = 2;
  CHECK(shown<int64_t>(in_form(money, {"12,5", "n/a", "-1,25", ""})) == "1250 - -125 -");
  CHECK(shown<int64_t>(in_form(field(FieldKind::kTimestamp, true), {"05.01.2026", "1767571200001", "n/a"})) ==
        "1767571200000000 1767571200001000 -");
  CHECK(texts(in_form(field(FieldKind::kText, true), {"n/a", "a"})) == "-|a");
  const BoundBatch bad = in_form(money, {"1.5"});
  CHECK(bad_rows_error(bad.bad).message ==
        "data/app.csv row 1, column \"x\": \"1.5\" is not a number with a decimal comma");
  const BoundBatch iso = in_form(field(FieldKind::kTimestamp), {"2026-01-05"});
  CHECK(iso.bad.total() == 1);
  const BoundBatch comma = bound(money, text("x", {"12,50"}));
  CHECK(bad_rows_error(comma.bad).message ==
        "data/app.csv row 1, column \"x\": \"12,50\" is not a number; if its comma is the decimal point, say decimal = "
        "\",\" in alidade.toml");
  const BoundBatch german = bound(field(FieldKind::kTimestamp), text("x", {"05.01.2026"}));
  CHECK(bad_rows_error(german.bad).message.find("times = \"%d.%m.%Y\"") != std::string::npos);
}

TEST_CASE("a dictionary stays one where it is asked to and every row and entry is good") {
  const auto codes_of = [](const BoundBatch& bound) {
    std::vector<uint32_t> codes;
    const CodedColumn& coded = bound.coded[0];
    for (int64_t row = 0; row < bound.row_count; ++row) {
      uint32_t index = 0;
      std::memcpy(&index, coded.indices + row * coded.width, static_cast<size_t>(coded.width));
      codes.push_back(coded.codes[index]);
    }
    return codes;
  };
  const auto bind = [](const FieldSchema& schema, ColumnSpec spec, Column column, int64_t offset = 0) {
    column.name = "x";
    spec.keep_dictionary = true;
    auto result = bind_in("UTC", schema, batch({std::move(column)}, offset), std::move(spec));
    REQUIRE(result.ok());
    return std::move(*result);
  };
  const Column names = text("", {"buy", "view", "buy", "zoom"});
  const ColumnSpec classes{0, ColumnForm::kClass, {"view", "buy"}};
  const BoundBatch of_classes = bind(field(FieldKind::kText), classes, coded("x", {3, 1, 0, 2}, names));
  CHECK(of_classes.coded[0].width == 4);
  CHECK(codes_of(of_classes) == std::vector<uint32_t>{2, 0, 1, 1});
  CHECK(of_classes.columns[0].values == nullptr);

  Column narrow = fixed<int8_t>("x", "c", {3, 1, 0, 2});
  narrow.dictionary = std::make_shared<Column>(names);
  CHECK(codes_of(bind(field(FieldKind::kText), classes, narrow)) == std::vector<uint32_t>{2, 0, 1, 1});
  const BoundBatch of_pool = bind(field(FieldKind::kText, true), {}, narrow);
  REQUIRE(of_pool.coded[0].width == 1);
  CHECK(pool().text(codes_of(of_pool)[0]) == "zoom");
  CHECK(codes_of(of_pool)[2] == codes_of(of_pool)[3]);
  CHECK(of_pool.columns[0].valid[3] == 1);

  const Column with_hole = coded("x", {3, std::nullopt, 0, 2}, names);
  CHECK(bind(field(FieldKind::kText, true), classes, with_hole).coded[0].width == 0);
  FieldSchema list = field(FieldKind::kOneOf);
  list.values = {"buy", "view"};
  const BoundBatch not_listed = bind(list, {}, narrow);
  CHECK(not_listed.coded[0].width == 0);
  CHECK(not_listed.bad.total() == 1);
}
