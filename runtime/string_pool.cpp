// Distinct texts with dense codes, in 64 shards by hash. Door: batch.h, StringPool.
#include <xxhash.h>

#include <array>
#include <atomic>
#include <cstring>

#include "runtime/batch.h"

namespace alidade {
namespace {

constexpr uint32_t kShardBits = 6;
constexpr size_t kBlockBytes = size_t{1} << 16;
constexpr uint32_t kFirstChunk = 1024;  // texts in chunk 0; each further chunk holds as many as all before it
constexpr int kChunks = 17;             // 2^26 texts in a shard, as many as a code can name

uint64_t hash_of(std::string_view text) { return XXH3_64bits(text.data(), text.size()); }
uint32_t shard_of(uint64_t hash) { return static_cast<uint32_t>(hash >> (64 - kShardBits)); }

struct Place {
  int chunk;
  uint32_t at;
};
Place place_of(uint32_t local) {
  if (local < kFirstChunk) return {0, local};
  const int chunk = 32 - __builtin_clz(local / kFirstChunk);
  return {chunk, local - (kFirstChunk << (chunk - 1))};
}

}  // namespace

// Texts never move: readers follow chunk pointers without the lock while another thread adds.
struct StringPool::Shard {
  std::mutex mutex;
  uint32_t count = 0;
  std::vector<std::pair<uint32_t, uint32_t>> slots;  // hash bits and local + 1; 0 is free. A power of two long
  std::array<std::atomic<std::string_view*>, kChunks> chunks{};
  std::vector<std::unique_ptr<char[]>> blocks;
  char* free = nullptr;
  size_t free_bytes = 0;

  ~Shard() {
    for (auto& chunk : chunks) delete[] chunk.load();
  }

  std::string_view text(uint32_t local) const {
    const Place place = place_of(local);
    return chunks[place.chunk].load(std::memory_order_acquire)[place.at];
  }

  std::string_view keep(std::string_view text) {
    if (text.size() > free_bytes) {
      const size_t bytes = std::max(kBlockBytes, text.size());
      blocks.push_back(std::make_unique_for_overwrite<char[]>(bytes));
      free = blocks.back().get();
      free_bytes = bytes;
    }
    if (!text.empty()) std::memcpy(free, text.data(), text.size());
    const std::string_view kept(free, text.size());
    free += text.size();
    free_bytes -= text.size();
    return kept;
  }

  // What find_or_add will read, one step further from the slot each: every step needs the one before in the cache.
  void fetch_slot(uint64_t hash) const {
    if (!slots.empty()) __builtin_prefetch(&slots[static_cast<uint32_t>(hash) & (slots.size() - 1)]);
  }
  const std::string_view* likely(uint64_t hash) const {
    if (slots.empty()) return nullptr;
    const auto& slot = slots[static_cast<uint32_t>(hash) & (slots.size() - 1)];
    if (slot.second == 0 || slot.first != static_cast<uint32_t>(hash)) return nullptr;
    const Place place = place_of(slot.second - 1);
    return chunks[place.chunk].load(std::memory_order_relaxed) + place.at;
  }

  void grow() {
    std::vector<std::pair<uint32_t, uint32_t>> larger(slots.empty() ? 64 : slots.size() * 2);
    const size_t mask = larger.size() - 1;
    for (const auto& slot : slots) {
      if (slot.second == 0) continue;
      size_t at = slot.first & mask;
      while (larger[at].second != 0) at = (at + 1) & mask;
      larger[at] = slot;
    }
    slots = std::move(larger);
  }

  uint32_t append(std::string_view text) {
    const Place place = place_of(count);
    ALIDADE_CHECK(place.chunk < kChunks);
    std::string_view* chunk = chunks[place.chunk].load(std::memory_order_relaxed);
    if (chunk == nullptr) {
      chunk = new std::string_view[place.chunk == 0 ? kFirstChunk : kFirstChunk << (place.chunk - 1)];
      chunks[place.chunk].store(chunk, std::memory_order_release);
    }
    chunk[place.at] = keep(text);
    return count++;
  }

  // Under the lock.
  uint32_t find_or_add(std::string_view text, uint64_t hash) {
    if ((count + 1) * 2 > slots.size()) grow();
    const auto bits = static_cast<uint32_t>(hash);
    const size_t mask = slots.size() - 1;
    for (size_t at = bits & mask;; at = (at + 1) & mask) {
      if (slots[at].second == 0) {
        const uint32_t local = append(text);
        slots[at] = {bits, local + 1};
        return local;
      }
      if (slots[at].first == bits && this->text(slots[at].second - 1) == text) return slots[at].second - 1;
    }
  }
};

StringPool::StringPool() : shards_(new Shard[kShards]) {}
StringPool::~StringPool() = default;

uint32_t StringPool::add(std::string_view text) {
  const uint64_t hash = hash_of(text);
  Shard& shard = shards_[shard_of(hash)];
  const std::lock_guard lock(shard.mutex);
  return shard.find_or_add(text, hash) << kShardBits | shard_of(hash);
}

std::vector<uint32_t> StringPool::add_all(const std::vector<std::string_view>& texts) {
  // A counting sort by shard, then one lock per shard.
  struct Asked {
    uint64_t hash;
    uint32_t number;
  };
  std::vector<uint64_t> hashes(texts.size());
  std::array<uint32_t, kShards + 1> begins{};
  for (size_t i = 0; i < texts.size(); ++i) {
    hashes[i] = hash_of(texts[i]);
    ++begins[shard_of(hashes[i]) + 1];
  }
  for (int shard = 0; shard < kShards; ++shard) begins[shard + 1] += begins[shard];
  std::vector<Asked> asked(texts.size());
  std::array<uint32_t, kShards + 1> next = begins;
  for (size_t i = 0; i < texts.size(); ++i) asked[next[shard_of(hashes[i])]++] = {hashes[i], static_cast<uint32_t>(i)};

  std::vector<uint32_t> codes(texts.size());
  for (uint32_t s = 0; s < kShards; ++s) {
    if (begins[s] == begins[s + 1]) continue;
    Shard& shard = shards_[s];
    const std::lock_guard lock(shard.mutex);
    const Asked* end = asked.data() + begins[s + 1];
    for (const Asked* at = asked.data() + begins[s]; at != end; ++at) {
      constexpr ptrdiff_t kAhead = 8;
      if (end - at > 3 * kAhead) shard.fetch_slot(at[3 * kAhead].hash);
      if (end - at > 2 * kAhead) {
        __builtin_prefetch(shard.likely(at[2 * kAhead].hash));
        __builtin_prefetch(&texts[at[2 * kAhead].number]);
      }
      if (end - at > kAhead) {
        if (const std::string_view* kept = shard.likely(at[kAhead].hash)) __builtin_prefetch(kept->data());
        __builtin_prefetch(texts[at[kAhead].number].data());
      }
      codes[at->number] = shard.find_or_add(texts[at->number], at->hash) << kShardBits | s;
    }
  }
  return codes;
}

std::string_view StringPool::text(uint32_t code) const {
  return shards_[code & (kShards - 1)].text(code >> kShardBits);
}

}  // namespace alidade
