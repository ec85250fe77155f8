// CSV files as batches of text columns. Door: data_file.h. Only the cells that a field needs are kept; the file is read
// in blocks, the whole records of a block are split on a thread beside, and batches come in the file's order.
#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <future>
#include <thread>
#include <utility>

#include "runtime/readers/csv_piece.h"
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
      : shown_(file.shown), request_(request), text_(std::move(text)) {
    shape_.delimiter = delimiter_of(file, request.options);
    shape_.quote = request.options.quote;
    shape_.skip_ragged = request.skip_bad_rows;
    rest_ = text_.splitter.at();
  }
  Status find_columns();
  Result<bool> next(Batch* batch) override;
  BadRows take_bad_rows() override { return std::exchange(bad_, {}); }
  int64_t bytes_done() const override { return text_.blocks.packed_bytes_done(); }

 private:
  Error missing(const FieldSchema& field) const;
  BadRows ragged(const RaggedRow& row) const;
  Status split_ahead();
  Status begin_piece();
  bool emit(CsvRows rows, Batch* batch);

  std::string shown_;
  const FileRequest& request_;
  CsvText text_;
  const char* rest_;  // of the text, not handed to a piece; null: nothing
  CsvShape shape_;
  std::vector<NamedColumn> names_;  // fields with one source share its column
  std::vector<size_t> bytes_;       // of each column in the piece before
  CsvPiece piece_;
  size_t rows_at_ = 0;  // of the piece's rows
  int64_t row_ = 0;     // before the piece
  BadRows bad_;
  std::deque<std::future<CsvPiece>> pieces_;  // that follow
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
  shape_.column_of_cell.assign(header.size(), -1);
  for (const FieldSchema* field : request_.fields) {
    const auto found = std::find(header.begin(), header.end(), field->source);
    if (found == header.end()) return missing(*field);
    if (std::find(found + 1, header.end(), field->source) != header.end()) {
      return Error{
          7104, fmt::format("{} has two columns \"{}\"", shown_, field->source), {"rename one of them in the header"}};
    }
    int& column = shape_.column_of_cell[static_cast<size_t>(found - header.begin())];
    if (column < 0) column = static_cast<int>(shape_.columns++);
    names_.push_back({field->source, static_cast<size_t>(column)});
  }
  return Done{};
}

BadRows CsvFile::ragged(const RaggedRow& row) const {
  const size_t wanted = shape_.column_of_cell.size();
  BadRowExample example{BadRow::kRagged, shown_, row_ + 1 + row.row, "", "", ""};
  example.why = fmt::format("has {} {} where the header has {}", row.cells, row.cells == 1 ? "cell" : "cells", wanted);
  BadRows rows;
  rows.add(std::move(example));
  return rows;
}

// Hands whole records to threads, as far ahead as there are cores. What fits one block needs none.
Status CsvFile::split_ahead() {
  static const size_t kMost = std::clamp<size_t>(std::thread::hardware_concurrency(), 1, 8);
  TextBlocks& blocks = text_.blocks;
  while (rest_ != nullptr && pieces_.size() < kMost) {
    const bool last = blocks.last();
    const char* end = last ? blocks.end() : last_record_end(rest_, blocks.end(), shape_);
    if (end == nullptr && !pieces_.empty()) return Done{};  // a long record, whose number is not known yet
    if (end != nullptr) {
      CsvPiece piece;
      blocks.take(rest_, end, &piece.text, &piece.begin, &piece.end);
      piece.bytes = bytes_;
      const bool alone = last && pieces_.empty() && row_ == 0;
      pieces_.push_back(std::async(alone ? std::launch::deferred : std::launch::async,
                                   [shape = &shape_, own = std::move(piece)]() mutable {
                                     split(*shape, &own);
                                     return std::move(own);
                                   }));
      rest_ = last ? nullptr : blocks.begin();
      if (last) return Done{};
    }
    if (auto more = blocks.refill(rest_, row_ + 1); !more.ok()) return more.error();
    rest_ = blocks.begin();
  }
  return Done{};
}

Status CsvFile::begin_piece() {
  row_ += piece_.row_count;
  text_.blocks.reuse(std::move(piece_.text));
  piece_ = {};
  rows_at_ = 0;
  if (auto ahead = split_ahead(); !ahead.ok()) return ahead.error();
  if (pieces_.empty()) return Done{};
  piece_ = pieces_.front().get();
  pieces_.pop_front();
  bytes_ = piece_.bytes;
  return Done{};
}

// Rows of a batch are neighbours in the file, so that its first row numbers them all.
bool CsvFile::emit(CsvRows rows, Batch* batch) {
  *batch = make_batch(std::move(rows.columns), names_);
  batch->empty_is_missing = request_.options.empty_is_missing;
  batch->file = shown_;
  batch->first_row = row_ + 1 + rows.first;
  return true;
}

Result<bool> CsvFile::next(Batch* batch) {
  for (;;) {
    const bool refuses = piece_.refused.has_value() && rows_at_ + 1 == piece_.rows.size();
    if (refuses) return bad_rows_error(ragged(*piece_.refused));
    if (rows_at_ < piece_.rows.size()) {
      CsvRows rows = std::move(piece_.rows[rows_at_++]);
      for (const RaggedRow& row : rows.ragged) bad_.append(ragged(row));
      if (!rows.columns.empty() && rows.columns[0].length() > 0) return emit(std::move(rows), batch);
      continue;
    }
    if (piece_.open_quote) return open_quote({.path = "", .shown = shown_}, row_ + piece_.row_count + 1);
    if (auto begun = begin_piece(); !begun.ok()) return begun.error();
    if (piece_.rows.empty()) return false;
  }
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
