// Splits CSV text into records (RFC 4180), leniently about line ends. Internal to the readers' room; knows no Arrow.
// Tested through readers.h in tests/unit/readers_test.cpp.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace alidade {

/// A cell as it stands in the text. `escaped`: it has doubled quotes, or text after its closing quote.
struct CsvCell {
  const char* begin = nullptr;
  const char* end = nullptr;
  bool escaped = false;
};

/// A quoted cell's text where the bytes between its quotes are not it.
std::string unescaped(const CsvCell& cell, char quote);

enum class CsvStep : uint8_t {
  kRecord,     ///< one whole record was read
  kBlank,      ///< an empty line was read
  kNeedMore,   ///< the text ends inside a record; nothing was read
  kOpenQuote,  ///< the file ends inside a quoted cell
  kEnd,        ///< the text ends before a record
};

/// Reads records from a text of which more may follow. Records end in LF, CR LF or CR.
class CsvSplitter {
 public:
  /// `quote` 0: cells are never quoted.
  CsvSplitter(char delimiter, char quote) : delimiter_(delimiter), quote_(quote) {}
  /// kSlack bytes from `end` on must be readable, the first of which is overwritten. `last`: no more text follows.
  static constexpr size_t kSlack = 16;
  void set_text(char* begin, char* end, bool last);
  /// Reads a record. `columns[i]` is the index in `cells` that cell i goes to, -1 for none; cells beyond `columns` are
  /// counted only. `*count` is the number of cells of the record.
  CsvStep next(const std::vector<int>& columns, std::vector<CsvCell>* cells, size_t* count);
  const char* at() const { return at_; }

 private:
  /// Sixteen bytes at a time: `*end` ends a cell.
  const char* cell_end(const char* at) const {
    using Bytes = char __attribute__((vector_size(16)));
    for (;; at += sizeof(Bytes)) {
      Bytes text;
      std::memcpy(&text, at, sizeof text);
      const auto ends = (text == delimiter_) | (text == '\n') | (text == '\r');
      uint64_t halves[2];
      std::memcpy(halves, &ends, sizeof halves);
      if (halves[0] != 0) return at + __builtin_ctzll(halves[0]) / 8;
      if (halves[1] != 0) return at + 8 + __builtin_ctzll(halves[1]) / 8;
    }
  }
  bool ends_cell(char c) const { return c == delimiter_ || c == '\n' || c == '\r'; }

  char delimiter_, quote_;
  const char* at_ = nullptr;
  const char* end_ = nullptr;
  bool last_ = false;
  bool skip_line_feed_ = false;  // the record before ended in CR, whose LF may be in the next text
};

}  // namespace alidade
