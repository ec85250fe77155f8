// CSV files as batches of text columns. Door: data_file.h. Only the cells that a field needs are kept; the file is read
// in blocks, and a batch holds the whole records of one block.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "runtime/column_buffers.h"
#include "runtime/readers/csv.h"
#include "runtime/readers/data_file.h"
#include "runtime/readers/text_blocks.h"

namespace alidade {
namespace {

char delimiter_of(const FoundFile& file, const SourceOptions& options) {
  if (options.delimiter != 0) return options.delimiter;
  return file.tabs ? '\t' : ',';
}

Error open_quote(const FoundFile& file, int64_t row) {
  return {7107,
          fmt::format("{} row {} opens a quote that is never closed", file.shown, row),
          {"the file may have been cut short"}};
}

static_assert(CsvSplitter::kSlack <= TextBlocks::kSlack);

// A file whose header was read.
struct CsvText {
  TextBlocks blocks;
  CsvSplitter splitter;
  std::vector<std::string> header;

  static Result<CsvText> open(const FoundFile& file, char delimiter, char quote);
  /// As TextBlocks::refill.
  Result<bool> refill(int64_t row) {
    auto more = blocks.refill(splitter.at(), row);
    if (more.ok() && *more) splitter.set_text(blocks.begin(), blocks.end(), blocks.last());
    return more;
  }
};

Result<CsvText> CsvText::open(const FoundFile& file, char delimiter, char quote) {
  auto blocks = TextBlocks::open(file);
  if (!blocks.ok()) return blocks.error();
  CsvText text{std::move(*blocks), CsvSplitter(delimiter, quote), {}};
  text.splitter.set_text(text.blocks.begin(), text.blocks.end(), text.blocks.last());
  std::vector<CsvCell> cells;
  for (size_t count = 0;;) {
    // The width is not known before the header is read, so it is read twice.
    CsvSplitter again = text.splitter;
    switch (text.splitter.next({}, &cells, &count)) {
      case CsvStep::kBlank:
        continue;
      case CsvStep::kOpenQuote:
        return open_quote(file, 0);
      case CsvStep::kNeedMore:
      case CsvStep::kEnd: {
        auto more = text.refill(0);
        if (!more.ok()) return more.error();
        if (!*more) return Error{7106, fmt::format("{} has no header", file.shown), {}};
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
      text.header.push_back(cell.escaped ? unescaped(cell, quote) : std::string(cell.begin, cell.end));
    return text;
  }
}

class CsvFile : public DataFile {
 public:
  CsvFile(const FoundFile& file, const FileRequest& request, CsvText text)
      : shown_(file.shown), request_(request), text_(std::move(text)) {}
  Status find_columns();
  Result<bool> next(Batch* batch) override;
  BadRows take_bad_rows() override { return std::exchange(bad_, {}); }
  int64_t bytes_done() const override { return text_.blocks.packed_bytes_done(); }

 private:
  Error missing(const FieldSchema& field) const;
  BadRows ragged(size_t count) const;
  void append_row();
  bool emit(int64_t first_row, Batch* batch);

  std::string shown_;
  const FileRequest& request_;
  CsvText text_;
  std::vector<int> column_of_cell_;  // of each cell of the header: index into columns_, or -1
  std::vector<NamedColumn> names_;   // fields with one source share its column
  std::vector<ColumnBuffers> columns_;
  std::vector<CsvCell> cells_;
  std::vector<size_t> bytes_;  // of each column in the batch before
  int64_t row_ = 0;
  BadRows bad_;
};

Error CsvFile::missing(const FieldSchema& field) const {
  Error error = missing_column_error(shown_, field, text_.header);
  if (text_.header.size() > 1) return error;
  for (const char other : {';', '\t', '|', ','}) {
    const auto count = std::count(text_.header[0].begin(), text_.header[0].end(), other);
    if (count == 0) continue;
    error.notes.push_back(
        fmt::format("its cells seem to be separated by \"{}\": say delimiter = \"{}\" in alidade.toml",
                    other == '\t' ? "tab" : std::string(1, other), other == '\t' ? "\\t" : std::string(1, other)));
    break;
  }
  return error;
}

Status CsvFile::find_columns() {
  const std::vector<std::string>& header = text_.header;
  column_of_cell_.assign(header.size(), -1);
  for (const FieldSchema* field : request_.fields) {
    const auto found = std::find(header.begin(), header.end(), field->source);
    if (found == header.end()) return missing(*field);
    if (std::find(found + 1, header.end(), field->source) != header.end()) {
      return Error{
          7104, fmt::format("{} has two columns \"{}\"", shown_, field->source), {"rename one of them in the header"}};
    }
    int& column = column_of_cell_[static_cast<size_t>(found - header.begin())];
    if (column < 0) {
      column = static_cast<int>(cells_.size());
      cells_.emplace_back();
    }
    names_.push_back({field->source, static_cast<size_t>(column)});
  }
  return Done{};
}

BadRows CsvFile::ragged(size_t count) const {
  const size_t wanted = column_of_cell_.size();
  BadRowExample example{BadRow::kRagged, shown_, row_, "", "", ""};
  example.why = fmt::format("has {} {} where the header has {}", count, count == 1 ? "cell" : "cells", wanted);
  BadRows rows;
  rows.add(std::move(example));
  return rows;
}

void CsvFile::append_row() {
  for (size_t i = 0; i < cells_.size(); ++i) {
    const CsvCell& cell = cells_[i];
    if (cell.escaped)
      columns_[i].append_text(unescaped(cell, request_.options.quote));
    else
      columns_[i].append_text({cell.begin, static_cast<size_t>(cell.end - cell.begin)});
  }
}

// Rows of a batch are neighbours in the file, so that its first row numbers them all.
bool CsvFile::emit(int64_t first_row, Batch* batch) {
  for (size_t i = 0; i < columns_.size(); ++i) bytes_[i] = columns_[i].byte_count();
  *batch = make_batch(std::exchange(columns_, {}), names_);
  batch->empty_is_missing = request_.options.empty_is_missing;
  batch->file = shown_;
  batch->first_row = first_row;
  return true;
}

Result<bool> CsvFile::next(Batch* batch) {
  constexpr int64_t kMostRows = int64_t{1} << 17;
  columns_.assign(cells_.size(), ColumnBuffers("z"));
  // As much as the batch before took, and some more: growing would copy.
  bytes_.resize(cells_.size());
  for (size_t i = 0; i < columns_.size(); ++i) columns_[i].reserve(size_t{1} << 15, bytes_[i] + bytes_[i] / 16);
  int64_t rows = 0, first_row = row_ + 1;
  for (size_t count = 0; rows < kMostRows;) {
    switch (text_.splitter.next(column_of_cell_, &cells_, &count)) {
      case CsvStep::kBlank:
        break;
      case CsvStep::kOpenQuote:
        return open_quote({.path = "", .shown = shown_}, row_ + 1);
      case CsvStep::kRecord:
        ++row_;
        if (count == column_of_cell_.size()) {
          append_row();
          ++rows;
          break;
        }
        if (!request_.skip_bad_rows) return bad_rows_error(ragged(count));
        bad_.append(ragged(count));
        if (rows > 0) return emit(first_row, batch);
        first_row = row_ + 1;
        break;
      case CsvStep::kNeedMore:
      case CsvStep::kEnd: {
        if (rows > 0) return emit(first_row, batch);
        auto more = text_.refill(row_ + 1);
        if (!more.ok() || !*more) return more;
        break;
      }
    }
  }
  return emit(first_row, batch);
}

// The share of the first records that are as wide as the first, times that width: what a delimiter splits best.
size_t evenness(const TextBlocks& blocks, std::vector<char> text, char delimiter, char quote) {
  constexpr size_t kRecords = 200;
  const size_t bytes = text.size();
  text.resize(bytes + CsvSplitter::kSlack);
  CsvSplitter splitter(delimiter, quote);
  splitter.set_text(text.data(), text.data() + bytes, blocks.last());
  std::vector<CsvCell> none;
  size_t width = 0, alike = 0, all = 0;
  for (size_t count = 0; all < kRecords;) {
    const CsvStep step = splitter.next({}, &none, &count);
    if (step == CsvStep::kBlank) continue;
    if (step != CsvStep::kRecord) break;
    if (all++ == 0) width = count;
    alike += count == width ? 1 : 0;
  }
  return width < 2 || alike * 10 < all * 9 ? 0 : width;
}

}  // namespace

Result<std::unique_ptr<DataFile>> open_csv(const FoundFile& file, const FileRequest& request) {
  auto text = CsvText::open(file, delimiter_of(file, request.options), request.options.quote);
  if (!text.ok()) return text.error();
  auto csv = std::make_unique<CsvFile>(file, request, std::move(*text));
  if (auto found = csv->find_columns(); !found.ok()) return found.error();
  return std::unique_ptr<DataFile>(std::move(csv));
}

Result<std::vector<FileColumn>> describe_csv(const FoundFile& file, const SourceOptions& options) {
  auto text = CsvText::open(file, delimiter_of(file, options), options.quote);
  if (!text.ok()) return text.error();
  std::vector<FileColumn> columns;
  for (const std::string& name : text->header) columns.push_back({name, "text"});
  return columns;
}

Result<char> detect_csv_delimiter(const FoundFile& file, const SourceOptions& options) {
  auto blocks = TextBlocks::open(file);
  if (!blocks.ok()) return blocks.error();
  char best = ',';
  size_t widest = 0;
  for (const char delimiter : {',', ';', '\t', '|'}) {
    const size_t width = evenness(*blocks, {blocks->begin(), blocks->end()}, delimiter, options.quote);
    if (width > widest) {
      best = delimiter;
      widest = width;
    }
  }
  return best;
}

}  // namespace alidade
