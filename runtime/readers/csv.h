// Splits CSV text into records (RFC 4180), leniently about line ends. Internal to the readers' room; knows no Arrow.
// Tested through readers.h in tests/unit/readers_test.cpp.
#pragma once

#include <array>
#include <cstdint>
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
  CsvSplitter(char delimiter, char quote);
  /// `*end` must be a readable byte, which is overwritten. `last`: no more text follows.
  void set_text(char* begin, char* end, bool last);
  /// Reads a record. `columns[i]` is the index in `cells` that cell i goes to, -1 for none; cells beyond `columns` are
  /// counted only. `*count` is the number of cells of the record.
  CsvStep next(const std::vector<int>& columns, std::vector<CsvCell>* cells, size_t* count);
  const char* at() const { return at_; }

 private:
  const char* cell_end(const char* at) const {
    while (!ends_cell_[static_cast<uint8_t>(*at)]) ++at;
    return at;
  }

  char delimiter_, quote_;
  std::array<bool, 256> ends_cell_{};
  const char* at_ = nullptr;
  const char* end_ = nullptr;
  bool last_ = false;
  bool skip_line_feed_ = false;  // the record before ended in CR, whose LF may be in the next text
};

}  // namespace alidade
