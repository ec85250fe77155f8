// Blocks of text. Door: text_blocks.h.
#include "runtime/readers/text_blocks.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <string_view>
#include <utility>

#include "runtime/readers/input.h"

namespace alidade {
namespace {

constexpr int64_t kBlockBytes = int64_t{4} << 20;
constexpr size_t kLongestRecord = size_t{64} << 20;

}  // namespace

Result<TextBlocks> TextBlocks::open(const FoundFile& file) {
  TextBlocks blocks;
  blocks.shown_ = file.shown;
  auto input = Input::open(file);
  if (!input.ok()) return input.error();
  blocks.input_ = *input;
  if (auto first = blocks.refill(blocks.end(), 0); !first.ok()) return first.error();
  const std::string_view text(blocks.begin(), blocks.end_);
  if (text.starts_with("\xEF\xBB\xBF")) blocks.begin_ = 3;
  if (text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF")) {
    return Error{
        7107, fmt::format("{} is UTF-16 text", file.shown), {"text files are read as UTF-8; convert the file"}};
  }
  return blocks;
}

Result<bool> TextBlocks::refill(const char* rest, int64_t row) {
  if (ended_) return false;
  const auto kept = static_cast<size_t>(end() - rest);
  if (kept > kLongestRecord) {
    return Error{7107,
                 fmt::format("{} row {} is longer than 64 MiB", shown_, row),
                 {"a quote that opens there is probably never closed"}};
  }
  if (kept > 0) std::memmove(text_.data(), rest, kept);
  text_.resize(std::max(text_.size(), kept + kBlockBytes + kSlack));
  auto got = input_->read(kBlockBytes, text_.data() + kept);
  if (!got.ok()) return got.error();
  ended_ = *got < kBlockBytes;
  begin_ = 0;
  end_ = kept + static_cast<size_t>(*got);
  return true;
}

void TextBlocks::take(const char* begin, const char* end, std::vector<char>* text, size_t* first, size_t* last) {
  *first = static_cast<size_t>(begin - text_.data());
  *last = static_cast<size_t>(end - text_.data());
  std::vector<char> next;
  if (!spare_.empty()) {
    next = std::move(spare_.back());
    spare_.pop_back();
  }
  const size_t kept = end_ - *last;
  next.resize(std::max(next.size(), kept + kSlack));
  std::memcpy(next.data(), end, kept);
  *text = std::exchange(text_, std::move(next));
  begin_ = 0;
  end_ = kept;
}

int64_t TextBlocks::packed_bytes_done() const { return input_->packed_bytes_done(); }

}  // namespace alidade
