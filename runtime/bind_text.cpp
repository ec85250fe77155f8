// UTF-8 checks and small hash tables of text. Door: bind_text.h.
#include "runtime/bind_text.h"

#include <xxhash.h>

#include <cstring>

namespace alidade {
namespace {

uint64_t hash_of(std::string_view text) { return XXH3_64bits(text.data(), text.size()); }

// The bytes of the character at `at`, 0 where there is no valid one (Unicode, table 3-7).
size_t character_bytes(const uint8_t* at, size_t left) {
  const auto tail = [&](size_t i) { return i < left && (at[i] & 0xC0) == 0x80; };
  const uint8_t lead = at[0];
  if (lead < 0x80) return lead == 0 ? 0 : 1;
  if (lead < 0xC2) return 0;
  if (lead < 0xE0) return tail(1) ? 2 : 0;
  if (lead < 0xF0) {
    if (!tail(1) || !tail(2)) return 0;
    const bool overlong = lead == 0xE0 && at[1] < 0xA0, surrogate = lead == 0xED && at[1] >= 0xA0;
    return overlong || surrogate ? 0 : 3;
  }
  if (lead > 0xF4 || !tail(1) || !tail(2) || !tail(3)) return 0;
  const bool overlong = lead == 0xF0 && at[1] < 0x90, beyond = lead == 0xF4 && at[1] >= 0x90;
  return overlong || beyond ? 0 : 4;
}

}  // namespace

bool is_valid_text(std::string_view text) {
  const auto* bytes = reinterpret_cast<const uint8_t*>(text.data());
  size_t at = 0;
  while (at < text.size()) {
    if (text.size() - at >= 8) {
      uint64_t word;
      std::memcpy(&word, bytes + at, 8);
      // No byte of the word is 0x80 or above, and none is 0.
      if (((word | (word - 0x0101010101010101)) & 0x8080808080808080) == 0) {
        at += 8;
        continue;
      }
    }
    const size_t step = character_bytes(bytes + at, text.size() - at);
    if (step == 0) return false;
    at += step;
  }
  return true;
}

WordTable::WordTable(const std::vector<std::string>& words) : words_(&words) {
  size_t size = 8;
  while (size < words.size() * 4) size *= 2;
  slots_.assign(size, -1);
  for (size_t i = 0; i < words.size(); ++i) {
    size_t at = hash_of(words[i]) & (size - 1);
    while (slots_[at] >= 0) at = (at + 1) & (size - 1);
    slots_[at] = static_cast<int>(i);
  }
}

int WordTable::find(std::string_view text) const {
  const size_t mask = slots_.size() - 1;
  for (size_t at = hash_of(text) & mask; slots_[at] >= 0; at = (at + 1) & mask) {
    if ((*words_)[slots_[at]] == text) return slots_[at];
  }
  return -1;
}

DistinctTexts::DistinctTexts() : slots_(256) {}

uint32_t DistinctTexts::add(std::string_view text) {
  texts_.push_back(text);
  return static_cast<uint32_t>(texts_.size()) - 1;
}

uint32_t DistinctTexts::number_of(std::string_view text) {
  if (all_new_) return add(text);
  if (tried_ < kTried && ++tried_ == kTried) all_new_ = texts_.size() > kTried / 2;
  if ((texts_.size() + 1) * 2 > slots_.size()) grow();
  const auto bits = static_cast<uint32_t>(hash_of(text));
  const size_t mask = slots_.size() - 1;
  for (size_t at = bits & mask;; at = (at + 1) & mask) {
    Slot& slot = slots_[at];
    if (slot.number == 0) {
      slot = {bits, add(text) + 1};
      return slot.number - 1;
    }
    if (slot.hash_bits == bits && texts_[slot.number - 1] == text) return slot.number - 1;
  }
}

uint32_t DistinctTexts::number_of_copy(std::string_view text) {
  const uint32_t number = number_of(text);
  if (texts_[number].data() == text.data()) texts_[number] = copies_.emplace_back(text);
  return number;
}

void DistinctTexts::grow() {
  std::vector<Slot> larger(slots_.size() * 4);
  const size_t mask = larger.size() - 1;
  for (const Slot& slot : slots_) {
    if (slot.number == 0) continue;
    size_t at = slot.hash_bits & mask;
    while (larger[at].number != 0) at = (at + 1) & mask;
    larger[at] = slot;
  }
  slots_ = std::move(larger);
}

}  // namespace alidade
