// The text of a file, one block at a time. A block may end inside a record, whose beginning is kept for the next.
// Internal to the readers' room; tested through readers.h in tests/unit/readers_test.cpp.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "runtime/readers/source_files.h"

namespace alidade {

class TextBlocks {
 public:
  /// Reads the first block. A byte-order mark is left out; text marked as UTF-16 is AL7107.
  static Result<TextBlocks> open(const FoundFile& file);

  /// [begin, end) is the text; the kSlack bytes after it may be read, and overwritten.
  static constexpr size_t kSlack = 16;
  char* begin() { return text_.data() + begin_; }
  char* end() { return text_.data() + end_; }
  bool last() const { return ended_; }  ///< no more text follows

  /// Goes on to the next block and keeps what begins at `rest`; false at the end of the file. `row` is the record that
  /// begins there, for the message about one that is too long.
  Result<bool> refill(const char* rest, int64_t row);
  /// Hands out the text up to `end`, of which [*first, *last) begins at `begin`, and keeps what follows.
  void take(const char* begin, const char* end, std::vector<char>* text, size_t* first, size_t* last);
  /// Takes back what `take` handed out, for the memory.
  void reuse(std::vector<char> text) { spare_.push_back(std::move(text)); }
  int64_t packed_bytes_done() const;

 private:
  std::string shown_;
  std::shared_ptr<Input> input_;
  std::vector<char> text_ = std::vector<char>(kSlack);
  std::vector<std::vector<char>> spare_;
  size_t begin_ = 0, end_ = 0;
  bool ended_ = false;
};

}  // namespace alidade
