// Where records end, and their cells as columns. Door: csv_piece.h.
#include "runtime/readers/csv_piece.h"

#include <algorithm>
#include <cstring>

namespace alidade {
namespace {

// Null where no record ends in a text without quoted cells. Half of a CR LF that is left over is an empty line.
const char* last_line_end(const char* begin, const char* end) {
  for (const char mark : {'\n', '\r'}) {
    const void* found = memrchr(begin, mark, static_cast<size_t>(end - begin));
    if (found != nullptr) return static_cast<const char*>(found) + 1;
  }
  return nullptr;
}

const char* find(const char* begin, const char* end, char mark) {
  return static_cast<const char*>(std::memchr(begin, mark, static_cast<size_t>(end - begin)));
}

// Behind the quote that closes a cell; null where the text ends before it is known.
const char* after_quoted(const char* at, const char* end, char quote) {
  for (;;) {
    at = find(at, end, quote);
    if (at == nullptr || at + 1 == end) return nullptr;
    if (at[1] != quote) return at + 1;
    at += 2;
  }
}

void append_row(const std::vector<CsvCell>& cells, char quote, std::vector<ColumnBuffers>* columns) {
  for (size_t i = 0; i < cells.size(); ++i) {
    const CsvCell& cell = cells[i];
    if (cell.escaped)
      (*columns)[i].append_text(unescaped(cell, quote));
    else
      (*columns)[i].append_text({cell.begin, static_cast<size_t>(cell.end - cell.begin)});
  }
}

void begin_rows(const CsvShape& shape, CsvPiece* piece) {
  CsvRows& rows = piece->rows.emplace_back();
  rows.first = piece->row_count;
  rows.columns.assign(shape.columns, ColumnBuffers("z"));
  // As much as the piece before took, and some more: growing would copy.
  piece->bytes.resize(shape.columns);
  for (size_t i = 0; i < shape.columns; ++i)
    rows.columns[i].reserve(size_t{1} << 15, piece->bytes[i] + piece->bytes[i] / 16);
}

}  // namespace

const char* last_record_end(const char* begin, const char* end, const CsvShape& shape) {
  if (shape.quote == 0) return last_line_end(begin, end);
  const char *last = nullptr, *plain = begin;  // from `plain` on nothing is quoted
  for (const char* at = begin;;) {
    const char* quote = find(at, end, shape.quote);
    const char before = quote == nullptr || quote == begin ? '\n' : quote[-1];
    if (quote != nullptr && before != shape.delimiter && before != '\n' && before != '\r') {
      at = quote + 1;  // inside a cell that is not quoted it stands for itself
      continue;
    }
    if (const char* found = last_line_end(plain, quote == nullptr ? end : quote)) last = found;
    plain = at = quote == nullptr ? nullptr : after_quoted(quote + 1, end, shape.quote);
    if (at == nullptr) return last;
  }
}

void split(const CsvShape& shape, CsvPiece* piece) {
  constexpr int64_t kMostRows = int64_t{1} << 17;
  CsvSplitter splitter(shape.delimiter, shape.quote);
  splitter.set_text(piece->text.data() + piece->begin, piece->text.data() + piece->end, true);
  std::vector<CsvCell> cells(shape.columns);
  begin_rows(shape, piece);
  int64_t rows = 0;
  const auto next_rows = [&] {
    if (rows > 0) begin_rows(shape, piece);
    rows = 0;
    piece->rows.back().first = piece->row_count;
  };
  for (size_t count = 0;;) {
    const CsvStep step = splitter.next(shape.column_of_cell, &cells, &count);
    if (step == CsvStep::kBlank) continue;
    if (step != CsvStep::kRecord) {
      piece->open_quote = step == CsvStep::kOpenQuote;
      break;
    }
    if (count == shape.column_of_cell.size()) {
      append_row(cells, shape.quote, &piece->rows.back().columns);
      ++piece->row_count;
      if (++rows == kMostRows) next_rows();
      continue;
    }
    const RaggedRow ragged{piece->row_count++, count};
    if (!shape.skip_ragged) {
      piece->refused = ragged;
      break;
    }
    piece->rows.back().ragged.push_back(ragged);
    next_rows();
  }
  const std::vector<ColumnBuffers>& taken = piece->rows.front().columns;
  for (size_t i = 0; i < taken.size(); ++i) piece->bytes[i] = taken[i].byte_count();
}

}  // namespace alidade
