// The record splitter. Door: csv.h.
#include "runtime/readers/csv.h"

namespace alidade {

std::string unescaped(const CsvCell& cell, char quote) {
  // The cell spans from after its opening quote; its closing quote and what follows are part of it.
  std::string text;
  const char* at = cell.begin;
  for (; at != cell.end; ++at) {
    if (*at != quote)
      text += *at;
    else if (at + 1 != cell.end && at[1] == quote)
      text += *++at;
    else
      break;
  }
  if (at != cell.end) text.append(at + 1, cell.end);
  return text;
}

void CsvSplitter::set_text(char* begin, char* end, bool last) {
  at_ = begin;
  end_ = end;
  last_ = last;
  *end = '\n';  // so that no scan of a cell runs past the text
}

CsvStep CsvSplitter::next(const std::vector<int>& columns, std::vector<CsvCell>* cells, size_t* count) {
  if (skip_line_feed_ && at_ != end_) {
    if (*at_ == '\n') ++at_;
    skip_line_feed_ = false;
  }
  if (at_ == end_) return CsvStep::kEnd;
  const char* at = at_;
  size_t cell = 0;
  for (;; ++cell) {
    CsvCell found{at, at, false};
    if (*at == quote_ && quote_ != 0 && at != end_) {
      found.begin = ++at;
      for (;;) {
        at = static_cast<const char*>(std::memchr(at, quote_, static_cast<size_t>(end_ - at)));
        if (at == nullptr) return last_ ? CsvStep::kOpenQuote : CsvStep::kNeedMore;
        if (at + 1 == end_ && !last_) return CsvStep::kNeedMore;
        if (at + 1 == end_ || at[1] != quote_) break;
        found.escaped = true;
        at += 2;
      }
      found.end = at++;
      if (!ends_cell(*at)) {
        found.escaped = true;
        at = cell_end(at);
      }
      if (found.escaped) found.end = at;
    } else {
      at = cell_end(at);
      found.end = at;
    }
    if (at == end_ && !last_) return CsvStep::kNeedMore;
    if (cell < columns.size() && columns[cell] >= 0) (*cells)[columns[cell]] = found;
    if (at == end_ || *at != delimiter_) break;
    ++at;
  }
  const bool blank = cell == 0 && at == at_;
  if (at != end_) {
    skip_line_feed_ = *at == '\r';
    ++at;
  }
  at_ = at;
  *count = cell + 1;
  return blank ? CsvStep::kBlank : CsvStep::kRecord;
}

}  // namespace alidade
