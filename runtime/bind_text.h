// Text of a column: UTF-8 validity, look-up among a few known words, and the distinct texts of one batch. Internal to
// the binder (door: batch.h, Binder); tested in tests/unit/bind_test.cpp.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/batch.h"

namespace alidade {

/// Whether text is UTF-8 (no surrogates, no overlong forms) without NUL bytes.
bool is_valid_text(std::string_view text);

/// Finds a text's index in a fixed list. Immutable after construction, safe on any thread. Borrows the list.
class WordTable {
 public:
  explicit WordTable(const std::vector<std::string>& words);
  /// -1 where the text is none of them.
  int find(std::string_view text) const;

 private:
  const std::vector<std::string>* words_;
  std::vector<int> slots_;
};

/// Numbers the texts of one column of one batch, so that the pool is asked once for each distinct one. Where the first
/// few thousand hardly repeat, looking for repetitions costs more than it saves: every later text gets a number of its
/// own. One thread.
class DistinctTexts {
 public:
  DistinctTexts();
  uint32_t number_of(std::string_view text);       ///< borrows the text
  uint32_t number_of_copy(std::string_view text);  ///< keeps a copy of it if it is new
  const std::vector<std::string_view>& texts() const { return texts_; }

 private:
  static constexpr uint32_t kTried = 4096;
  uint32_t add(std::string_view text);
  void grow();
  struct Slot {
    uint32_t hash_bits = 0;
    uint32_t number = 0;  // plus 1; 0 is free
  };
  std::vector<Slot> slots_;
  std::vector<std::string_view> texts_;
  std::deque<std::string> copies_;
  uint32_t tried_ = 0;  ///< up to kTried
  bool all_new_ = false;
};

}  // namespace alidade
