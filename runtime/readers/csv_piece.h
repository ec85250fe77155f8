// Whole records of a CSV file, split by themselves: pieces of one file can be split on several threads. Internal to the
// readers' room; knows no Arrow. Tested through readers.h in tests/unit/readers_test.cpp.
#pragma once

#include <optional>
#include <vector>

#include "runtime/column_buffers.h"
#include "runtime/readers/csv.h"

namespace alidade {

/// How a file's records are split.
struct CsvShape {
  char delimiter = ',', quote = '"';
  std::vector<int> column_of_cell;  ///< of each cell of the header: index of its column, or -1
  size_t columns = 0;
  bool skip_ragged = false;
};

struct RaggedRow {
  int64_t row = 0;  ///< of the piece, from 0
  size_t cells = 0;
};

/// Rows that are neighbours in the file, and the ragged ones before them since the last rows, or at their end.
struct CsvRows {
  int64_t first = 0;  ///< of the piece, from 0
  std::vector<ColumnBuffers> columns;
  std::vector<RaggedRow> ragged;
};

struct CsvPiece {
  std::vector<char> text;
  size_t begin = 0, end = 0;  ///< CsvSplitter::kSlack bytes of `text` lie behind `end`
  std::vector<size_t> bytes;  ///< guesses how many each column takes

  // What split makes of it.
  std::vector<CsvRows> rows;
  int64_t row_count = 0;             ///< ragged rows too
  std::optional<RaggedRow> refused;  ///< the row that ends the run, unless ragged rows are skipped
  bool open_quote = false;           ///< the row after the last is in a quote that does not end
};

/// Where the last whole record of a text ends that begins with a record; null where none ends.
const char* last_record_end(const char* begin, const char* end, const CsvShape& shape);

/// The piece's text ends where a record does, or the file.
void split(const CsvShape& shape, CsvPiece* piece);

}  // namespace alidade
