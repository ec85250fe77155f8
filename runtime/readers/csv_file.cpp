// CSV files as batches of text columns. Door: data_file.h. Only the cells that a field needs are kept; the file is read
// in blocks, and a batch holds the whole records of one block.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "runtime/calendar.h"
#include "runtime/readers/csv.h"
#include "runtime/readers/data_file.h"
#include "runtime/readers/input.h"

namespace alidade {
namespace {

constexpr int64_t kBlockBytes = int64_t{4} << 20;
constexpr int64_t kLongestRecord = int64_t{64} << 20;

// The text of one column of a batch, as Arrow lays it out.
struct TextColumn {
  std::vector<int32_t> ends{0};
  std::vector<char> bytes;

  void append(const CsvCell& cell) {
    if (!cell.escaped) {
      bytes.insert(bytes.end(), cell.begin, cell.end);
    } else {
      const std::string text = unescaped(cell);
      bytes.insert(bytes.end(), text.begin(), text.end());
    }
    ends.push_back(static_cast<int32_t>(bytes.size()));
  }
};

// What an exported batch owns: the columns, and the structures that describe them to Arrow's consumers.
struct Exported {
  std::vector<TextColumn> columns;
  std::vector<std::string> names;
  std::vector<ArrowSchema> schemas;
  std::vector<ArrowArray> arrays;
  std::vector<ArrowSchema*> schema_pointers;
  std::vector<ArrowArray*> array_pointers;
  std::vector<std::array<const void*, 3>> buffers;
};

void release_child_schema(ArrowSchema* schema) { schema->release = nullptr; }
void release_child_array(ArrowArray* array) { array->release = nullptr; }
void release_schema(ArrowSchema* schema) {
  delete static_cast<std::shared_ptr<Exported>*>(schema->private_data);
  schema->release = nullptr;
}
void release_array(ArrowArray* array) {
  delete static_cast<std::shared_ptr<Exported>*>(array->private_data);
  array->release = nullptr;
}

// `column_of_field[i]` is the text column of the i-th field; fields with one source share it.
void export_text(std::vector<TextColumn> columns, const std::vector<int>& column_of_field, const WantedFields& fields,
                 int64_t rows, Batch* batch) {
  static const void* const kNoValidity[1] = {nullptr};
  auto owner = std::make_shared<Exported>();
  const size_t count = fields.size();
  owner->columns = std::move(columns);
  owner->names.resize(count);
  owner->schemas.resize(count);
  owner->arrays.resize(count);
  owner->buffers.resize(count);
  for (size_t i = 0; i < count; ++i) {
    const TextColumn& column = owner->columns[column_of_field[i]];
    owner->names[i] = fields[i]->source;
    owner->buffers[i] = {nullptr, column.ends.data(), column.bytes.data()};
    owner->schemas[i] = {"z", owner->names[i].c_str(), nullptr, 0, 0, nullptr, nullptr, release_child_schema, nullptr};
    owner->arrays[i] = {rows, 0, 0, 3, 0, owner->buffers[i].data(), nullptr, nullptr, release_child_array, nullptr};
    owner->schema_pointers.push_back(&owner->schemas[i]);
    owner->array_pointers.push_back(&owner->arrays[i]);
  }
  *batch = Batch();
  batch->schema = {"+s",
                   "",
                   nullptr,
                   0,
                   static_cast<int64_t>(count),
                   owner->schema_pointers.data(),
                   nullptr,
                   release_schema,
                   new std::shared_ptr<Exported>(owner)};
  batch->array = {rows,
                  0,
                  0,
                  1,
                  static_cast<int64_t>(count),
                  const_cast<const void**>(kNoValidity),
                  owner->array_pointers.data(),
                  nullptr,
                  release_array,
                  new std::shared_ptr<Exported>(owner)};
  batch->empty_is_missing = true;
}

// The records of a file, one block of text at a time. A block may end inside a record, whose beginning is kept.
class CsvRecords {
 public:
  static Result<std::unique_ptr<CsvRecords>> open(const FoundFile& file) {
    auto input = Input::open(file);
    if (!input.ok()) return input.error();
    auto records = std::make_unique<CsvRecords>();
    records->path_ = file.path;
    records->input_ = std::move(*input);
    if (auto read = records->read_header(); !read.ok()) return read.error();
    return records;
  }

  const std::vector<std::string>& header() const { return header_; }
  int64_t packed_bytes_done() const { return input_->packed_bytes_done(); }

  /// As CsvSplitter::next, within the block.
  CsvStep next(const std::vector<int>& columns, std::vector<CsvCell>* cells, size_t* count) {
    return splitter_.next(columns, cells, count);
  }

  /// Goes on to the next block, which ends the life of all cells; false at the end of the file.
  Result<bool> refill() {
    if (ended_) return false;
    const auto kept = static_cast<size_t>(text_end_ - splitter_.at());
    if (kept > kLongestRecord) {
      return Error{7107,
                   fmt::format("{} row {} is longer than 64 MiB", path_, record_),
                   {"a quote that opens there is probably never closed"}};
    }
    if (kept > 0) std::memmove(text_.data(), splitter_.at(), kept);
    text_.resize(std::max(text_.size(), kept + kBlockBytes + 1));
    auto got = input_->read(kBlockBytes, text_.data() + kept);
    if (!got.ok()) return got.error();
    ended_ = *got < kBlockBytes;
    text_end_ = text_.data() + kept + *got;
    splitter_.set_text(text_.data(), text_end_, ended_);
    return true;
  }

  Error open_quote(int64_t row) const {
    return {7107,
            fmt::format("{} row {} opens a quote that is never closed", path_, row),
            {"the file may have been cut short"}};
  }
  void at_record(int64_t row) { record_ = row; }

 private:
  Status read_header();
  Status skip_byte_order_mark();

  std::string path_;
  std::unique_ptr<Input> input_;
  std::vector<char> text_{0};
  char* text_end_ = text_.data();
  bool ended_ = false;
  int64_t record_ = 0;
  CsvSplitter splitter_;
  std::vector<std::string> header_;
};

Status CsvRecords::skip_byte_order_mark() {
  const std::string_view text(text_.data(), static_cast<size_t>(text_end_ - text_.data()));
  if (text.starts_with("\xEF\xBB\xBF")) splitter_.set_text(text_.data() + 3, text_end_, ended_);
  if (text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF")) {
    return Error{7107, fmt::format("{} is UTF-16 text", path_), {"CSV files are read as UTF-8; convert the file"}};
  }
  return Done{};
}

Status CsvRecords::read_header() {
  splitter_.set_text(text_.data(), text_end_, false);
  if (auto first = refill(); !first.ok()) return first.error();
  if (auto done = skip_byte_order_mark(); !done.ok()) return done.error();
  std::vector<CsvCell> cells;
  for (size_t count = 0;;) {
    // The width is not known before the header is read, so it is read twice.
    CsvSplitter again = splitter_;
    switch (splitter_.next({}, &cells, &count)) {
      case CsvStep::kBlank:
        continue;
      case CsvStep::kOpenQuote:
        return open_quote(0);
      case CsvStep::kNeedMore:
      case CsvStep::kEnd: {
        auto more = refill();
        if (!more.ok()) return more.error();
        if (!*more) return Error{7106, fmt::format("{} has no header", path_), {}};
        continue;
      }
      case CsvStep::kRecord:
        break;
    }
    std::vector<int> all(count);
    for (size_t i = 0; i < count; ++i) all[i] = static_cast<int>(i);
    cells.resize(count);
    again.next(all, &cells, &count);
    for (const CsvCell& cell : cells)
      header_.push_back(cell.escaped ? unescaped(cell) : std::string(cell.begin, cell.end));
    return Done{};
  }
}

class CsvFile : public DataFile {
 public:
  static Result<std::unique_ptr<DataFile>> open(const FoundFile& file, const WantedFields& fields, bool skip_bad_rows);
  Result<bool> next(Batch* batch) override;
  BadRows take_bad_rows() override { return std::exchange(bad_, {}); }
  int64_t bytes_done() const override { return records_->packed_bytes_done(); }

 private:
  BadRows ragged(size_t count) const;
  void clear();
  bool emit(int64_t rows, int64_t first_row, Batch* batch);

  std::string path_;
  WantedFields fields_;
  bool skip_bad_rows_ = false;
  std::unique_ptr<CsvRecords> records_;
  std::vector<int> column_of_cell_;  // of each cell of the header: index into columns_, or -1
  std::vector<int> column_of_field_;
  std::vector<TextColumn> columns_;
  std::vector<CsvCell> cells_;
  int64_t row_ = 0;
  BadRows bad_;
};

Result<std::unique_ptr<DataFile>> CsvFile::open(const FoundFile& file, const WantedFields& fields, bool skip_bad_rows) {
  auto records = CsvRecords::open(file);
  if (!records.ok()) return records.error();
  const std::vector<std::string>& header = (*records)->header();
  auto csv = std::make_unique<CsvFile>();
  csv->path_ = file.path;
  csv->fields_ = fields;
  csv->skip_bad_rows_ = skip_bad_rows;
  csv->column_of_cell_.assign(header.size(), -1);
  for (const FieldSchema* field : fields) {
    const auto found = std::find(header.begin(), header.end(), field->source);
    if (found == header.end()) return missing_column_error(file.path, *field, header);
    if (std::find(found + 1, header.end(), field->source) != header.end()) {
      return Error{7104,
                   fmt::format("{} has two columns \"{}\"", file.path, field->source),
                   {"rename one of them in the header"}};
    }
    int& column = csv->column_of_cell_[static_cast<size_t>(found - header.begin())];
    if (column < 0) {
      column = static_cast<int>(csv->cells_.size());
      csv->cells_.emplace_back();
    }
    csv->column_of_field_.push_back(column);
  }
  csv->records_ = std::move(*records);
  return std::unique_ptr<DataFile>(std::move(csv));
}

BadRows CsvFile::ragged(size_t count) const {
  const size_t wanted = column_of_cell_.size();
  BadRowExample example{BadRow::kRagged, path_, row_, "", "", ""};
  example.why = fmt::format("has {} {} where the header has {}", count, count == 1 ? "cell" : "cells", wanted);
  BadRows rows;
  rows.add(std::move(example));
  return rows;
}

void CsvFile::clear() {
  columns_.assign(cells_.size(), {});
  for (TextColumn& column : columns_) column.ends.reserve(size_t{1} << 15);
}

// Rows of a batch are neighbours in the file, so that its first row numbers them all.
bool CsvFile::emit(int64_t rows, int64_t first_row, Batch* batch) {
  export_text(std::exchange(columns_, {}), column_of_field_, fields_, rows, batch);
  batch->file = path_;
  batch->first_row = first_row;
  return true;
}

Result<bool> CsvFile::next(Batch* batch) {
  constexpr int64_t kMostRows = int64_t{1} << 17;
  clear();
  int64_t rows = 0, first_row = row_ + 1;
  for (size_t count = 0; rows < kMostRows;) {
    switch (records_->next(column_of_cell_, &cells_, &count)) {
      case CsvStep::kBlank:
        break;
      case CsvStep::kOpenQuote:
        return records_->open_quote(row_ + 1);
      case CsvStep::kRecord:
        ++row_;
        if (count == column_of_cell_.size()) {
          for (size_t i = 0; i < cells_.size(); ++i) columns_[i].append(cells_[i]);
          ++rows;
          break;
        }
        if (!skip_bad_rows_) return bad_rows_error(ragged(count));
        bad_.append(ragged(count));
        if (rows > 0) return emit(rows, first_row, batch);
        first_row = row_ + 1;
        break;
      case CsvStep::kNeedMore:
      case CsvStep::kEnd: {
        if (rows > 0) return emit(rows, first_row, batch);
        records_->at_record(row_ + 1);
        auto more = records_->refill();
        if (!more.ok() || !*more) return more;
        break;
      }
    }
  }
  return emit(rows, first_row, batch);
}

// ------------------------------------------------------------------------------------------------ description
// The narrowest type that all cells of a column seen so far can be read as.
struct Guess {
  bool any = false, boolean = true, integer = true, number = true, day = true, time = true, zoned = true;

  void see(std::string_view text) {
    if (text.empty()) return;
    any = true;
    boolean = boolean && (text == "true" || text == "false" || text == "True" || text == "False" || text == "TRUE" ||
                          text == "FALSE");
    const size_t digits = text[0] == '-' ? 1 : 0;
    const bool signed_digits = text.size() > digits && text.size() < digits + 19 &&
                               text.find_first_not_of("0123456789", digits) == std::string_view::npos;
    // A leading zero is part of a name such as "00042", not of a number.
    const bool named = text.size() > digits + 1 && text[digits] == '0' && text[digits + 1] != '.';
    integer = integer && signed_digits && !named;
    const size_t point = text.find('.');
    const bool decimal = point != std::string_view::npos && point > digits && point + 1 < text.size() &&
                         text.find_first_not_of("0123456789", digits) == point &&
                         text.find_first_not_of("0123456789", point + 1) == std::string_view::npos;
    number = number && (signed_digits || decimal) && !named;
    const auto parsed = parse_time(text);
    day = day && parsed && !parsed->has_time_of_day;
    time = time && parsed.has_value();
    zoned = zoned && parsed && parsed->offset_micros;
  }
  const char* type() const {
    if (!any) return "string";
    if (boolean) return "bool";
    if (integer) return "int64";
    if (number) return "double";
    if (day) return "date";
    if (zoned) return "timestamp[us, UTC]";
    return time ? "timestamp[us]" : "string";
  }
};

}  // namespace

Result<std::unique_ptr<DataFile>> open_csv(const FoundFile& file, const WantedFields& fields, bool skip_bad_rows) {
  return CsvFile::open(file, fields, skip_bad_rows);
}

Result<std::vector<FileColumn>> describe_csv(const FoundFile& file) {
  auto opened = CsvRecords::open(file);
  if (!opened.ok()) return opened.error();
  CsvRecords& records = **opened;
  const size_t width = records.header().size();
  std::vector<int> all(width);
  for (size_t i = 0; i < width; ++i) all[i] = static_cast<int>(i);
  std::vector<CsvCell> cells(width);
  std::vector<Guess> guesses(width);
  size_t count = 0;
  constexpr int kSeen = 10'000;
  for (int row = 0; row < kSeen; ++row) {
    const CsvStep step = records.next(all, &cells, &count);
    if (step == CsvStep::kNeedMore || step == CsvStep::kEnd || step == CsvStep::kOpenQuote) break;
    if (step == CsvStep::kBlank || count != width) continue;
    for (size_t i = 0; i < width; ++i) {
      guesses[i].see(cells[i].escaped ? unescaped(cells[i]) : std::string_view(cells[i].begin, cells[i].end));
    }
  }
  std::vector<FileColumn> columns;
  for (size_t i = 0; i < width; ++i) columns.push_back({records.header()[i], guesses[i].type()});
  return columns;
}

}  // namespace alidade
