// Files of every format, plain and packed, whole and damaged; the real data sets where they are at hand.
// rooms: alidade_readers_room alidade_arrow
#include <arrow/api.h>
#include <arrow/io/api.h>
#include <arrow/io/compressed.h>
#include <arrow/ipc/api.h>
#include <arrow/util/compression.h>
#include <doctest/doctest.h>
#include <parquet/arrow/writer.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <set>

#include "runtime/readers/readers.h"

using namespace alidade;
namespace fs = std::filesystem;

namespace {

// A folder of this process, removed at its end.
struct Folder {
  fs::path path = fs::temp_directory_path() / ("alidade_readers_" + std::to_string(getpid()));
  Folder() {
    fs::remove_all(path);
    fs::create_directories(path);
  }
  ~Folder() { fs::remove_all(path); }
};

const fs::path& folder() {
  static Folder made;
  return made.path;
}

std::string write(const std::string& name, const std::string& bytes) {
  const fs::path path = folder() / name;
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << bytes;
  return path.string();
}

std::string packed_by(arrow::Compression::type packing, const std::string& bytes) {
  auto codec = arrow::util::Codec::Create(packing).ValueOrDie();
  auto sink = arrow::io::BufferOutputStream::Create().ValueOrDie();
  auto stream = arrow::io::CompressedOutputStream::Make(codec.get(), sink).ValueOrDie();
  REQUIRE(stream->Write(bytes.data(), static_cast<int64_t>(bytes.size())).ok());
  REQUIRE(stream->Close().ok());
  return sink->Finish().ValueOrDie()->ToString();
}

std::string gzipped(const std::string& bytes) { return packed_by(arrow::Compression::GZIP, bytes); }

std::string parquet_bytes(const std::shared_ptr<arrow::Table>& table, int64_t group_rows = 1'000'000) {
  auto sink = arrow::io::BufferOutputStream::Create().ValueOrDie();
  REQUIRE(parquet::arrow::WriteTable(*table, arrow::default_memory_pool(), sink, group_rows).ok());
  return sink->Finish().ValueOrDie()->ToString();
}

FieldSchema field(const std::string& source, FieldKind kind, bool optional = false) {
  FieldSchema made;
  made.name = made.source = source;
  made.kind = kind;
  made.optional = optional;
  return made;
}

SourceSchema schema_of(std::vector<FieldSchema> fields) {
  SourceSchema schema;
  schema.name = "app";
  schema.fields = std::move(fields);
  return schema;
}

// Everything a source gives, bound, as one line of text a row.
struct Rows {
  std::vector<std::string> lines;
  std::vector<std::string> places;
  int64_t batches = 0;
  BadRows bad;
  std::optional<Error> error;
};

std::string cell(const FieldSchema& field, const al_column& column, int64_t row, const StringPool& pool) {
  if (column.valid != nullptr && column.valid[row] == 0) return "-";
  switch (field.kind) {
    case FieldKind::kText:
      return std::string(pool.text(static_cast<const uint32_t*>(column.values)[row]));
    case FieldKind::kNumber: {
      std::string text = std::to_string(static_cast<const double*>(column.values)[row]);
      return text.substr(0, text.find_last_not_of('0') + 1);
    }
    case FieldKind::kBoolean:
      return std::to_string(static_cast<const uint8_t*>(column.values)[row]);
    case FieldKind::kOneOf:
      return std::to_string(static_cast<const uint32_t*>(column.values)[row]);
    case FieldKind::kInteger:
    case FieldKind::kDecimal:
    case FieldKind::kDuration:
    case FieldKind::kTimestamp:
      return std::to_string(static_cast<const int64_t*>(column.values)[row]);
  }
  return "";
}

Rows read(const SourceOptions& options, const SourceSchema& schema, bool skip = false) {
  Rows rows;
  std::vector<int> fields;
  std::vector<ColumnSpec> specs;
  for (size_t i = 0; i < schema.fields.size(); ++i) {
    fields.push_back(static_cast<int>(i));
    specs.push_back({static_cast<int>(i)});
  }
  auto source = open_source(options, schema, fields, skip);
  if (!source.ok()) {
    rows.error = source.error();
    return rows;
  }
  StringPool pool;
  const Binder binder(schema, specs, *Calendar::open({}), pool);
  for (;;) {
    Batch batch;
    auto more = (*source)->next(&batch);
    rows.bad.append((*source)->take_bad_rows());
    if (!more.ok()) {
      rows.error = more.error();
      return rows;
    }
    if (!*more) break;
    ++rows.batches;
    auto bound = binder.bind(std::move(batch));
    REQUIRE_MESSAGE(bound.ok(), (bound.ok() ? std::string() : bound.error().message));
    rows.bad.append(bound->bad);
    for (int64_t row = 0; row < bound->row_count; ++row) {
      std::string line;
      for (size_t i = 0; i < schema.fields.size(); ++i)
        line += (i == 0 ? "" : "|") + cell(schema.fields[i], bound->columns[i], row, pool);
      rows.lines.push_back(line);
      const int64_t place =
          bound->source_rows.empty() ? bound->first_row + row : bound->source_rows[static_cast<size_t>(row)];
      rows.places.push_back(fs::path(bound->file).filename().string() + ":" + std::to_string(place));
    }
  }
  int64_t done = 0, all = 0;
  (*source)->progress(&done, &all);
  CHECK(done == all);
  return rows;
}

Rows read(const std::string& path, const SourceSchema& schema, bool skip = false, const std::string& format = "") {
  SourceOptions options;
  options.path = path;
  options.format = format;
  return read(options, schema, skip);
}

using Lines = std::vector<std::string>;

// Two text columns a and b of a CSV text.
Lines csv(const std::string& text) {
  static int number = 0;
  const std::string path = write("text" + std::to_string(number++) + ".csv", text);
  const Rows rows = read(path, schema_of({field("a", FieldKind::kText, true), field("b", FieldKind::kText, true)}));
  return rows.error ? Lines{rows.error->message.substr(rows.error->message.find(".csv") + 5)} : rows.lines;
}

int error_code(const Rows& rows) { return rows.error ? rows.error->code : 0; }

const SourceSchema& one_text() {
  static const SourceSchema schema = schema_of({field("a", FieldKind::kText, true)});
  return schema;
}

const char* const kData = ALIDADE_SOURCE_DIR "/../shared/data";

}  // namespace

TEST_CASE("CSV: quotes, line ends and blank lines") {
  CHECK(csv("a,b\n1,2\n3,4\n") == Lines{"1|2", "3|4"});
  CHECK(csv("a,b\r\n1,2\r\n3,4") == Lines{"1|2", "3|4"});
  CHECK(csv("a,b\r1,2\r\n3,4\n5,6\r") == Lines{"1|2", "3|4", "5|6"});
  CHECK(csv("\xEF\xBB\xBF"
            "a,b\n1,2\n") == Lines{"1|2"});
  CHECK(csv("\xEF\xBB\xBF\"a\",b\n1,2\n") == Lines{"1|2"});
  CHECK(csv("a,b\n\"1,5\",\"say \"\"hi\"\"\"\n\"two\r\nlines\",x\n") == Lines{"1,5|say \"hi\"", "two\r\nlines|x"});
  CHECK(csv("a,b\n,\n\"\",x\n") == Lines{"-|-", "-|x"});
  CHECK(csv("a,b\n\n1,2\n\r\n3,4\n\n") == Lines{"1|2", "3|4"});
  CHECK(csv("\n\na,b\n1,2\n") == Lines{"1|2"});
  CHECK(csv("b,c,a\n1,2,3\n") == Lines{"3|1"});
  CHECK(csv("a,b\n5\" disk,x\"y\"z\n\"quoted\"tail,1\n") == Lines{"5\" disk|x\"y\"z", "quotedtail|1"});
  CHECK(csv("a,b\n Ä ,  \n") == Lines{" Ä |  "});
  CHECK(csv("a,b\n1,\"2\"") == Lines{"1|2"});
  CHECK(csv("a,b\n") == Lines{});
  CHECK(csv("a,b") == Lines{});
}

TEST_CASE("CSV: what cannot be read") {
  CHECK(csv("a,b\n1,\"2\n3,4\n") == Lines{"row 1 opens a quote that is never closed"});
  CHECK(csv("a,c\n1,2\n") == Lines{"has no column \"b\"; did you mean \"a\" or \"c\""});
  CHECK(csv("a,b,a\n1,2,3\n") == Lines{"has two columns \"a\""});
  CHECK(csv("\xFF\xFE"
            "a\0,\0") == Lines{"is UTF-16 text"});
  CHECK(csv("\n\n") == Lines{"has no header"});
}

TEST_CASE("CSV: ragged rows end the run or are counted") {
  const std::string path = write("ragged.csv", "a,b\n1,2\n3\n5,6\n7,8,9\n10,11\n");
  const SourceSchema schema = schema_of({field("a", FieldKind::kInteger), field("b", FieldKind::kInteger)});
  const Rows strict = read(path, schema);
  REQUIRE(strict.error);
  CHECK(strict.error->code == 7201);
  CHECK(strict.error->message == path + " row 2: the row has 1 cell where the header has 2");
  CHECK(strict.error->notes.back() == "use --bad-rows skip to go on without them");
  const Rows skipped = read(path, schema, true);
  CHECK(skipped.lines == Lines{"1|2", "5|6", "10|11"});
  CHECK(skipped.places == Lines{"ragged.csv:1", "ragged.csv:3", "ragged.csv:5"});
  CHECK(skipped.bad.counts[static_cast<int>(BadRow::kRagged)] == 2);
  CHECK(skipped.bad.first[1].row == 4);
}

TEST_CASE("CSV: blocks may end anywhere") {
  // 12 MiB of records with quoted line ends: some are cut by every block's end.
  std::string text = "a,b,c\r\n";
  Lines expected;
  for (int i = 0; text.size() < (size_t{12} << 20); ++i) {
    const std::string number = std::to_string(i);
    const std::string long_text(static_cast<size_t>(i % 97), 'x');
    text += number + ",\"" + long_text + "\r\n\"\"" + number + "\"," + number +
            (i % 3 == 0   ? "\r\n"
             : i % 3 == 1 ? "\n"
                          : "\r");
    expected.push_back(number + "|" + long_text + "\r\n\"" + number);
  }
  const SourceSchema schema = schema_of({field("c", FieldKind::kInteger), field("b", FieldKind::kText)});
  const Rows plain = read(write("blocks.csv", text), schema);
  CHECK(plain.lines == expected);
  CHECK(plain.batches >= 3);
  CHECK(plain.places.back() == "blocks.csv:" + std::to_string(expected.size()));
  CHECK(read(write("blocks.csv.gz", gzipped(text)), schema).lines == expected);
  // A cell longer than a block.
  const std::string large(size_t{9} << 20, 'y');
  CHECK(read(write("large.csv", "a\n1\n" + large + "\n2\n"), one_text()).lines == Lines{"1", large, "2"});
}

TEST_CASE("CSV: pieces of a file keep their order and their row numbers") {
  // Some 16 MiB: quotes that open a cell, quotes that do not, and a ragged row now and then.
  std::string text = "a,b\n";
  Lines expected, places;
  std::vector<int64_t> ragged;
  for (int64_t i = 1; text.size() < (size_t{16} << 20); ++i) {
    const std::string number = std::to_string(i);
    if (i % 12'001 == 0) {
      text += number + "\n";
      ragged.push_back(i);
      continue;
    }
    const std::string filler(static_cast<size_t>(150 + i % 61), '\n');
    const std::string value = i % 3 == 0 ? filler : "5\" disk; \"" + std::string(filler.size(), 'x') + '"';
    text += number + (i % 3 == 0 ? ",\"" + value + "\"\n" : "," + value + "\n");
    expected.push_back(number + "|" + value);
    places.push_back("pieces.csv:" + number);
  }
  const SourceSchema schema = schema_of({field("a", FieldKind::kInteger), field("b", FieldKind::kText)});
  const std::string path = write("pieces.csv", text);
  const Rows rows = read(path, schema, true);
  CHECK(rows.lines == expected);
  CHECK(rows.places == places);
  CHECK(rows.bad.total() == static_cast<int64_t>(ragged.size()));
  REQUIRE(rows.bad.first.size() == BadRows::kKept);
  for (size_t i = 0; i < BadRows::kKept; ++i) CHECK(rows.bad.first[i].row == ragged[i]);
}

TEST_CASE("CSV: the first row that ends the run is found in the file's order") {
  const std::string row = "1," + std::string(200, '2') + '\n';
  std::string text = "a,b\n";
  constexpr int kRows = 60'000;
  for (int i = 1; i <= kRows; ++i) text += row;
  const SourceSchema schema = schema_of({field("a", FieldKind::kInteger), field("b", FieldKind::kText)});
  const auto after = [&](const std::string& tail) { return read(write("late.csv", text + tail), schema); };
  const Rows strict = after("3\n" + text.substr(4) + "4\n");
  REQUIRE(strict.error);
  CHECK(strict.error->message.find(" row 60001: ") != std::string::npos);
  const Rows open = after("1,2\n1,\"2\n");
  REQUIRE(open.error);
  CHECK(open.error->message.find(" row 60002 opens a quote") != std::string::npos);
  const Rows wide = after("1,\"" + std::string(size_t{72} << 20, 'x'));
  REQUIRE(wide.error);
  CHECK(wide.error->message.find(" row 60001 is longer than 64 MiB") != std::string::npos);
}

TEST_CASE("gzip: several members, and damage") {
  const std::string packed = gzipped("a\n1\n2\n");
  CHECK(read(write("two.csv.gz", packed + gzipped("3\n")), one_text()).lines == Lines{"1", "2", "3"});
  CHECK(error_code(read(write("cut.csv.gz", packed.substr(0, packed.size() - 9)), one_text())) == 7107);
  CHECK(error_code(read(write("plain.csv.gz", "a\n1\n"), one_text())) == 7107);
}

TEST_CASE("files, folders and globs, by name") {
  write("many/b.csv", "a\n2\n");
  write("many/a.csv", "x,a\n,1\n");
  write("many/c.csv.gz", gzipped("a\n3\n"));
  write("many/d.parquet", parquet_bytes(arrow::Table::Make(arrow::schema({arrow::field("a", arrow::utf8())}), {[] {
                                                             arrow::StringBuilder builder;
                                                             REQUIRE(builder.Append("4").ok());
                                                             return builder.Finish().ValueOrDie();
                                                           }()})));
  write("many/notes.txt", "not data");
  write("many/_SUCCESS.csv", "");
  write("many/.hidden.csv", "a\n9\n");
  const std::string many = (folder() / "many").string();
  CHECK(read(many, one_text()).lines == Lines{"1", "2", "3", "4"});
  CHECK(read(many, one_text()).places.back() == "d.parquet:1");
  CHECK(read(many + "/?.csv", one_text()).lines == Lines{"1", "2"});
  CHECK(read((folder() / "m*" / "[ab].csv").string(), one_text()).lines == Lines{"1", "2"});
  write("typed", "a\n1\n");
  CHECK(read((folder() / "typed").string(), one_text(), false, "csv").lines == Lines{"1"});
}

TEST_CASE("sources that are not there") {
  write("there/events.csv", "a\n1\n");
  const std::string there = (folder() / "there").string();
  const Rows typo = read(there + "/evnts.csv", one_text());
  CHECK(error_code(typo) == 7102);
  CHECK(typo.error->message == "there is no file or folder " + there + "/evnts.csv; did you mean \"events.csv\"");
  CHECK(error_code(read(there + "/no/such.csv", one_text())) == 7102);
  CHECK(error_code(read(there + "/*.parquet", one_text())) == 7102);
  fs::create_directories(folder() / "nothing");
  CHECK(error_code(read((folder() / "nothing").string(), one_text())) == 7102);
  CHECK(error_code(read(write("zero.csv", ""), one_text())) == 7106);
  CHECK(error_code(read(write("zero.parquet", ""), one_text())) == 7106);
  CHECK(error_code(read(write("rows.xml", "<a/>"), one_text())) == 7108);
  CHECK(error_code(read(there, one_text(), false, "xml")) == 7108);
}

namespace {

std::shared_ptr<arrow::Array> ints(const std::vector<std::optional<int64_t>>& cells) {
  arrow::Int64Builder builder;
  bool fine = true;
  for (const auto& cell : cells) fine = fine && (cell ? builder.Append(*cell) : builder.AppendNull()).ok();
  REQUIRE(fine);
  return builder.Finish().ValueOrDie();
}

std::shared_ptr<arrow::Array> strings(const std::vector<std::optional<std::string>>& cells) {
  arrow::StringBuilder builder;
  bool fine = true;
  for (const auto& cell : cells) fine = fine && (cell ? builder.Append(*cell) : builder.AppendNull()).ok();
  REQUIRE(fine);
  return builder.Finish().ValueOrDie();
}

std::shared_ptr<arrow::Array> doubles(const std::vector<std::optional<double>>& cells) {
  arrow::DoubleBuilder builder;
  bool fine = true;
  for (const auto& cell : cells) fine = fine && (cell ? builder.Append(*cell) : builder.AppendNull()).ok();
  REQUIRE(fine);
  return builder.Finish().ValueOrDie();
}

}  // namespace

namespace {

std::string ipc_bytes(const arrow::Table& table, bool stream) {
  auto sink = arrow::io::BufferOutputStream::Create().ValueOrDie();
  auto writer =
      (stream ? arrow::ipc::MakeStreamWriter(sink, table.schema()) : arrow::ipc::MakeFileWriter(sink, table.schema()))
          .ValueOrDie();
  REQUIRE(writer->WriteTable(table).ok());
  REQUIRE(writer->Close().ok());
  return sink->Finish().ValueOrDie()->ToString();
}

}  // namespace

TEST_CASE("Parquet: row groups, dictionaries and row numbers") {
  std::vector<std::optional<int64_t>> numbers;
  std::vector<std::optional<std::string>> words;
  Lines expected;
  for (int64_t i = 0; i < 300'000; ++i) {
    numbers.push_back(i);
    words.push_back(i % 7 == 0 ? std::nullopt : std::optional("word " + std::to_string(i % 5)));
    expected.push_back(std::to_string(i) + "|" + words.back().value_or("-"));
  }
  const auto table =
      arrow::Table::Make(arrow::schema({arrow::field("n", arrow::int64()), arrow::field("w", arrow::utf8())}),
                         {ints(numbers), strings(words)});
  const SourceSchema schema = schema_of({field("n", FieldKind::kInteger), field("w", FieldKind::kText, true)});
  for (const int64_t group : {300'000, 70'000}) {
    const Rows rows = read(write("groups.parquet", parquet_bytes(table, group)), schema);
    CHECK(rows.lines == expected);
    CHECK(rows.places.back() == "groups.parquet:300000");
    CHECK(rows.batches >= 3);
  }
  CHECK(read(write("packed.parquet.gz", gzipped(parquet_bytes(table))), schema).lines == expected);
}

TEST_CASE("Parquet: nested members and keys of lists") {
  const auto os = strings({"linux", std::nullopt, "mac"});
  const auto device = arrow::StructArray::Make({os, ints({1, 2, 3})}, {std::string("os"), std::string("cores")},
                                               arrow::Buffer::FromString(std::string(1, '\x05')))
                          .ValueOrDie();
  const auto value =
      arrow::StructArray::Make({strings({"home", std::nullopt, std::nullopt, "cart", std::nullopt}),
                                ints({std::nullopt, 5, std::nullopt, std::nullopt, 7}),
                                doubles({std::nullopt, std::nullopt, 2.5, std::nullopt, std::nullopt})},
                               {std::string("string_value"), std::string("int_value"), std::string("double_value")})
          .ValueOrDie();
  const auto pair = arrow::StructArray::Make({strings({"page", "value", "value", "page", "page"}), value},
                                             {std::string("key"), std::string("value")})
                        .ValueOrDie();
  arrow::Int32Builder offsets;
  REQUIRE(offsets.AppendValues({0, 2, 3, 5}).ok());
  const auto list = arrow::ListArray::FromArrays(*offsets.Finish().ValueOrDie(), *pair).ValueOrDie();
  const auto table = arrow::Table::Make(
      arrow::schema({arrow::field("device", device->type()), arrow::field("event_params", list->type()),
                     arrow::field("a.b", arrow::int64())}),
      {device, list, ints({10, 20, 30})});
  const std::string path = write("nested.parquet", parquet_bytes(table));
  const Rows rows = read(
      path, schema_of({field("device.os", FieldKind::kText, true), field("device.cores", FieldKind::kInteger, true),
                       field("event_params['page']", FieldKind::kText, true),
                       field("event_params['value']", FieldKind::kNumber, true), field("a.b", FieldKind::kInteger)}));
  REQUIRE_MESSAGE(!rows.error, (rows.error ? rows.error->message : ""));
  CHECK(rows.lines == Lines{"linux|1|home|5.|10", "-|-|-|2.5|20", "mac|3|cart|-|30"});
  const auto message = [&](const std::string& source, FieldKind kind) {
    const Rows found = read(path, schema_of({field(source, kind, true)}));
    return found.error ? std::to_string(found.error->code) + " " +
                             found.error->message.substr(path.size() + found.error->message.find(path)) +
                             (found.error->notes.empty() ? "" : " / " + found.error->notes[0])
                       : std::string("fine");
  };
  CHECK(message("device.oss", FieldKind::kText) ==
        "7104  has no column \"device.oss\"; did you mean \"device.os\" / the columns are device.os, device.cores, "
        "event_params['key'], a.b");
  CHECK(message("device", FieldKind::kText) == "7105  is a struct / name a member of it, such as device.os");
  CHECK(message("event_params", FieldKind::kText) ==
        "7105  is a key-value list / name a key of it: event_params['key']");
  CHECK(message("a.b['page']", FieldKind::kText).substr(0, 5) == "7104 ");
  CHECK(message("device['page']", FieldKind::kText).substr(0, 31) == "7105  is no key-value list / a ");
  CHECK(message("event_params['none']", FieldKind::kText) == "fine");
}

TEST_CASE("Parquet: damage") {
  std::vector<std::optional<int64_t>> numbers(5000, 7);
  for (size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<int64_t>(i * 7919 % 100'003);
  const std::string bytes =
      parquet_bytes(arrow::Table::Make(arrow::schema({arrow::field("n", arrow::int64())}), {ints(numbers)}));
  const SourceSchema schema = schema_of({field("n", FieldKind::kInteger)});
  for (const size_t kept : {size_t{3}, size_t{12}, bytes.size() / 2, bytes.size() - 1}) {
    CHECK(error_code(read(write("cut.parquet", bytes.substr(0, kept)), schema)) == 7107);
  }
  std::string broken = bytes;
  for (size_t i = 4; i < 200; ++i) broken[i] = '\x5A';
  CHECK(error_code(read(write("broken.parquet", broken), schema)) == 7107);
  CHECK(error_code(read(write("text.parquet", "a,b\n1,2\n"), schema)) == 7107);
  const auto none = arrow::Table::Make(arrow::schema({arrow::field("n", arrow::int64())}), {ints({})});
  const Rows empty = read(write("norows.parquet", parquet_bytes(none)), schema);
  CHECK(error_code(empty) == 0);
  CHECK(empty.lines.empty());
}

TEST_CASE("descriptions") {
  const auto described = [](const std::string& path) {
    std::string text;
    SourceOptions options;
    options.path = path;
    auto columns = describe_source(options);
    REQUIRE(columns.ok());
    for (const FileColumn& column : *columns) text += column.name + ":" + column.type + " ";
    return text;
  };
  CHECK(described(write("names.csv", "id,n\n007,1\n")) == "id:text n:text ");
  CHECK(described((folder() / "nested.parquet").string()).substr(0, 36) == "device.os:string device.cores:int64 ");
  CHECK(described(write("names.jsonl",
                        "{\"a\": 1, \"b\": {\"c\": \"x\", \"d\": [1, 2]}}\n{\"a\": null, \"e\": null}\nbroken\n"
                        "{\"a\": \"x\", \"p\": [{\"key\": \"k\", \"value\": {\"int_value\": 5}}], \"ok\": true}\n")) ==
        "a:mixed b.c:string e:null p['k']:number ok:bool ");
}

TEST_CASE("CSV: delimiters and quotes") {
  const SourceSchema schema = schema_of({field("a", FieldKind::kText, true), field("b", FieldKind::kText, true)});
  SourceOptions options;
  options.path = write("other.csv", "a;b\n1,5;'x;''y'\n\"2\";z\n");
  options.delimiter = ';';
  options.quote = '\'';
  CHECK(read(options, schema).lines == Lines{"1,5|x;'y", "\"2\"|z"});
  options.path = write("unquoted.csv", "a;b\n\"1;2\n");
  options.quote = 0;
  CHECK(read(options, schema).lines == Lines{"\"1|2"});
  CHECK(read(write("tabs.tsv", "a\tb\n1,2\t3\n"), schema).lines == Lines{"1,2|3"});
  const Rows wrong = read(write("semicolons.csv", "a;b\n1;2\n"), schema);
  REQUIRE(wrong.error);
  CHECK(wrong.error->notes.back() == "its cells seem to be separated by \";\": say delimiter = \";\" in alidade.toml");
  const auto detected = [](const std::string& text) {
    SourceOptions of_file;
    of_file.path = write("detect.csv", text);
    return *detect_delimiter(of_file);
  };
  CHECK(detected("a,b\n1,2\n") == ',');
  CHECK(detected("a;b;c\n1,5;2,5;\"x;y\"\n2,5;3,5;z\n") == ';');
  CHECK(detected("a\tb\n1\t2\n") == '\t');
  CHECK(detected("a|b\n1|2\n") == '|');
  CHECK(detected("a\n1\n") == ',');
}

TEST_CASE("CSV: what an empty cell is") {
  const SourceSchema schema = schema_of({field("a", FieldKind::kText, true), field("b", FieldKind::kInteger, true)});
  SourceOptions options;
  options.path = write("empty.csv", "a,b\n,1\nNA,NA\n");
  CHECK(read(options, schema, true).lines == Lines{"-|1"});
  options.form.missing = {"NA"};
  CHECK(read(options, schema).lines == Lines{"-|1", "-|-"});
  options.empty_is_missing = false;
  CHECK(read(options, schema).lines == Lines{"|1", "-|-"});
}

TEST_CASE("packed files") {
  using arrow::Compression;
  const SourceSchema schema = schema_of({field("a", FieldKind::kInteger)});
  std::string text = "a\n";
  Lines expected;
  for (int i = 0; i < 50'000; ++i) {
    text += std::to_string(i) + "\n";
    expected.push_back(std::to_string(i));
  }
  const std::pair<const char*, Compression::type> packings[] = {{".gz", Compression::GZIP},
                                                                {".zst", Compression::ZSTD},
                                                                {".lz4", Compression::LZ4_FRAME},
                                                                {".bz2", Compression::BZ2},
                                                                {".br", Compression::BROTLI}};
  for (const auto& [ending, packing] : packings) {
    CAPTURE(ending);
    const std::string packed = packed_by(packing, text);
    CHECK(read(write(std::string("packed.csv") + ending, packed), schema).lines == expected);
    CHECK(error_code(read(write(std::string("cut.csv") + ending, packed.substr(0, packed.size() / 2)), schema)) ==
          7107);
    CHECK(error_code(read(write(std::string("plain.csv") + ending, text), schema)) == 7107);
    // Of a file that stands for the standard input the first bytes tell; Brotli has none.
    SourceOptions input;
    input.path = write("input", packed);
    input.shown = "the standard input";
    if (packing != Compression::BROTLI) CHECK(read(input, schema).lines == expected);
  }
}

TEST_CASE("the first bytes of a standard input tell its format") {
  const SourceSchema schema = schema_of({field("a", FieldKind::kInteger)});
  const auto lines = [&](const std::string& bytes) {
    SourceOptions input;
    input.path = write("input", bytes);
    input.shown = "the standard input";
    const Rows rows = read(input, schema);
    return rows.error ? Lines{rows.error->message} : rows.lines;
  };
  CHECK(lines("a\n1\n") == Lines{"1"});
  CHECK(lines(" {\"a\": 1}\n") == Lines{"1"});
  CHECK(lines("") == Lines{"the standard input is empty: it has no header and no rows"});
  const auto table = arrow::Table::Make(arrow::schema({arrow::field("a", arrow::int64())}), {ints({1, 2})});
  CHECK(lines(parquet_bytes(table)) == Lines{"1", "2"});
  CHECK(lines(ipc_bytes(*table, true)) == Lines{"1", "2"});
  CHECK(lines(ipc_bytes(*table, false)) == Lines{"1", "2"});
  CHECK(lines(packed_by(arrow::Compression::ZSTD, ipc_bytes(*table, true))) == Lines{"1", "2"});
}

TEST_CASE("JSON Lines: types as the fields say, numbers as written") {
  FieldSchema amount = field("amount", FieldKind::kDecimal, true);
  amount.scale = 2;
  const SourceSchema schema =
      schema_of({field("id", FieldKind::kInteger), amount, field("name", FieldKind::kText, true),
                 field("ok", FieldKind::kBoolean, true), field("x", FieldKind::kNumber, true)});
  const Rows rows =
      read(write("types.jsonl",
                 "{\"id\": 9007199254740993, \"amount\": 0.10, \"name\": \"A\\u00e4\\n\", \"ok\": true, \"x\": 1e3}\n"
                 "{\"x\": null, \"other\": {\"id\": 5}, \"ok\": false, \"name\": \"\", \"amount\": 90071992547409.93, "
                 "\"id\": -1}\r\n"
                 "\n"
                 "{\"id\": \"42\", \"name\": 12, \"amount\": \"1.50\"}"),
           schema);
  REQUIRE_MESSAGE(!rows.error, (rows.error ? rows.error->message : ""));
  CHECK(rows.lines == Lines{"9007199254740993|10|A\xC3\xA4\n|1|1000.", "-1|9007199254740993||0|-", "42|150|12|-|-"});
  CHECK(rows.places == Lines{"types.jsonl:1", "types.jsonl:2", "types.jsonl:4"});
}

TEST_CASE("JSON Lines: nested members, keys of lists and of objects") {
  const SourceSchema schema =
      schema_of({field("device.os", FieldKind::kText, true), field("event_params['page']", FieldKind::kText, true),
                 field("event_params['value']", FieldKind::kNumber, true), field("a.b", FieldKind::kInteger, true),
                 field("props['page']", FieldKind::kText, true)});
  const Rows rows = read(
      write("nested.jsonl",
            "{\"device\": {\"os\": \"linux\", \"more\": {\"os\": \"x\"}}, \"a.b\": 7, \"props\": {\"page\": \"p\"}}\n"
            "{\"event_params\": [{\"key\": \"page\", \"value\": {\"string_value\": \"home\", \"int_value\": null}},"
            " {\"value\": {\"int_value\": null, \"double_value\": 2.5}, \"key\": \"value\"}, {\"key\": \"page\", "
            "\"value\": \"2nd\"}]}\n"
            "{\"event_params\": [{\"key\": \"value\", \"value\": 3}, {\"key\": \"page\"}, 5], \"a\": {\"b\": 8}, "
            "\"device\": null}\n"),
      schema);
  REQUIRE_MESSAGE(!rows.error, (rows.error ? rows.error->message : ""));
  CHECK(rows.lines == Lines{"linux|-|-|7|p", "-|home|2.5|-|-", "-|-|3.|8|-"});
}

TEST_CASE("JSON Lines: what cannot be read") {
  const SourceSchema schema = schema_of({field("a", FieldKind::kInteger)});
  const std::string path =
      write("bad.jsonl", "{\"a\": 1}\n{\"a\": 2\n[3]\n{\"a\": 4}{\"a\": 5}\n{\"a\": 6}\n{\"a\": \"\xFF\"}\n");
  const Rows strict = read(path, schema);
  REQUIRE(strict.error);
  CHECK(strict.error->code == 7215);
  CHECK(strict.error->message == path + " row 2: the line ends inside an object or a text, or lacks a comma there");
  const Rows skipped = read(path, schema, true);
  CHECK(skipped.lines == Lines{"1", "6"});
  CHECK(skipped.places == Lines{"bad.jsonl:1", "bad.jsonl:5"});
  CHECK(skipped.bad.counts[static_cast<int>(BadRow::kNotARecord)] == 4);
  const auto message = [&](const std::string& text, const SourceSchema& of) {
    const Rows rows = read(write("wrong.jsonl", text), of);
    return rows.error
               ? std::to_string(rows.error->code) + rows.error->message.substr(rows.error->message.find(".jsonl") + 6)
               : "fine";
  };
  CHECK(message("[{\"a\": 1}]\n", schema) == "7107 is one JSON list, not an object a line");
  CHECK(message("{\"b\": 1}\n", schema) == "7104 has no column \"a\"; did you mean \"b\"");
  CHECK(message("{\"b\": 1}\n", schema_of({field("a", FieldKind::kInteger, true)})) == "fine");
  CHECK(message("{\"a\": {\"b\": 1}}\n", schema) == "7105 row 1: \"a\" is an object or a list");
  CHECK(message("{\"a\": 1x}\n", schema_of({field("a", FieldKind::kText)})) ==
        "7215 row 1: the line ends inside an object or a text, or lacks a comma there");
  CHECK(message("{\"a\": nul}\n", schema_of({field("a", FieldKind::kText, true)})) ==
        "7215 row 1: the line is not a JSON object");
}

TEST_CASE("JSON Lines: blocks may end anywhere") {
  std::string text;
  Lines expected;
  for (int i = 0; text.size() < (size_t{9} << 20); ++i) {
    text += "{\"pad\": \"" + std::string(static_cast<size_t>(i % 97), 'x') + "\", \"a\": " + std::to_string(i) + "}\n";
    expected.push_back(std::to_string(i));
  }
  const SourceSchema schema = schema_of({field("a", FieldKind::kInteger)});
  const Rows rows = read(write("blocks.jsonl", text), schema);
  CHECK(rows.lines == expected);
  CHECK(rows.places.back() == "blocks.jsonl:" + std::to_string(expected.size()));
  CHECK(read(write("blocks.jsonl.zst", packed_by(arrow::Compression::ZSTD, text)), schema).lines == expected);
}

TEST_CASE("Arrow IPC: files and streams, nested, damaged") {
  const auto device =
      arrow::StructArray::Make({strings({"linux", std::nullopt, "mac"})}, {std::string("os")}).ValueOrDie();
  const auto table =
      arrow::Table::Make(arrow::schema({arrow::field("n", arrow::int64()), arrow::field("device", device->type())}),
                         {ints({1, 2, 3}), device});
  const SourceSchema schema = schema_of({field("device.os", FieldKind::kText, true), field("n", FieldKind::kInteger)});
  for (const bool stream : {false, true}) {
    CAPTURE(stream);
    const std::string bytes = ipc_bytes(*table, stream);
    const Rows rows = read(write("rows.arrow", bytes), schema);
    REQUIRE_MESSAGE(!rows.error, (rows.error ? rows.error->message : ""));
    CHECK(rows.lines == Lines{"linux|1", "-|2", "mac|3"});
    CHECK(rows.places.back() == "rows.arrow:3");
    for (const size_t kept : {size_t{5}, size_t{9}, bytes.size() / 2}) {
      CHECK(error_code(read(write("cut.arrow", bytes.substr(0, kept)), schema)) == 7107);
    }
    // No flipped byte may do more harm than an error.
    for (size_t i = 0; i < bytes.size(); i += 7) {
      std::string broken = bytes;
      broken[i] = static_cast<char>(broken[i] ^ 0x41);
      const Rows survived = read(write("broken.arrow", broken), schema, true);
      CHECK((survived.error || survived.lines.size() <= 3));
    }
  }
  CHECK(error_code(read(write("text.arrow", "a,b\n"), schema)) == 7107);
  const Rows missing = read(write("rows.arrow", ipc_bytes(*table, false)), one_text());
  CHECK(error_code(missing) == 7104);
}

TEST_CASE("real data: purchases of CDNOW" * doctest::skip(!fs::exists(kData))) {
  FieldSchema dollars = field("dollars", FieldKind::kDecimal);
  dollars.scale = 2;
  const Rows rows = read(std::string(kData) + "/cdnow/transactions.csv",
                         schema_of({field("customer_id", FieldKind::kText), field("date", FieldKind::kTimestamp),
                                    field("cds", FieldKind::kInteger), dollars}));
  CHECK(rows.bad.total() == 0);
  CHECK(rows.lines.size() == 69'659);
  CHECK(rows.lines[0] == "00001|852076800000000|1|1177");
  std::set<std::string> customers;
  for (const std::string& line : rows.lines) customers.insert(line.substr(0, 5));
  CHECK(customers.size() == 23'570);
}

TEST_CASE("real data: 305 days of online retail" * doctest::skip(!fs::exists(kData))) {
  FieldSchema price = field("UnitPrice", FieldKind::kDecimal);
  price.scale = 3;
  const Rows rows =
      read(std::string(kData) + "/retail",
           schema_of({field("CustomerID", FieldKind::kInteger, true), field("Quantity", FieldKind::kInteger), price,
                      field("InvoiceDate", FieldKind::kTimestamp), field("Description", FieldKind::kText, true)}));
  REQUIRE(!rows.error);
  CHECK(rows.bad.total() == 0);
  CHECK(rows.lines.size() == 541'909);
  int64_t without_customer = 0, returned = 0, negative_price = 0;
  for (const std::string& line : rows.lines) {
    const size_t first = line.find('|'), second = line.find('|', first + 1);
    without_customer += line[0] == '-';
    returned += line[first + 1] == '-';
    negative_price += line[second + 1] == '-';
  }
  CHECK(without_customer == 135'080);
  CHECK(returned == 10'624);
  CHECK(negative_price == 2);
  CHECK(rows.places[0] == "2010-12-01.csv:1");
}

TEST_CASE("real data: GA4 events" * doctest::skip(!fs::exists(kData))) {
  FieldSchema time = field("event_timestamp", FieldKind::kTimestamp);
  time.unit_micros = 1;
  const Rows rows =
      read(std::string(kData) + "/ga4/events_sampled.snappy.parquet",
           schema_of({time, field("event_name", FieldKind::kText), field("user_pseudo_id", FieldKind::kText),
                      field("device.operating_system", FieldKind::kText, true),
                      field("device.web_info.browser", FieldKind::kText, true),
                      field("event_params['page_title']", FieldKind::kText, true),
                      field("event_params['engagement_time_msec']", FieldKind::kInteger, true),
                      field("event_params['value']", FieldKind::kNumber, true),
                      field("ecommerce.purchase_revenue_in_usd", FieldKind::kNumber, true)}));
  REQUIRE_MESSAGE(!rows.error, (rows.error ? rows.error->message : ""));
  CHECK(rows.bad.total() == 0);
  CHECK(rows.lines.size() == 24'219);
  CHECK(rows.lines[0] == "1607615248873729|purchase|31733645.3711323316|Web|Chrome|Checkout Confirmation|1|137.8|138.");
}

TEST_CASE("real data: MovieLens ratings" * doctest::skip(!fs::exists(kData))) {
  FieldSchema time = field("timestamp", FieldKind::kTimestamp);
  time.unit_micros = 1'000'000;
  const Rows rows = read(std::string(kData) + "/movielens/ratings.csv",
                         schema_of({field("user_id", FieldKind::kText), field("rating", FieldKind::kInteger), time}));
  CHECK(rows.lines.size() == 100'000);
  CHECK(rows.lines[0] == "196|3|881250949000000");
}
