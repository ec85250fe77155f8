// Sharded detection of copies. Door: deduplicate.h.
#include "runtime/deduplicate.h"

#include <algorithm>
#include <cstring>

#include "runtime/indexer.h"

namespace alidade {
namespace {

enum Fate : uint8_t { kKeep, kCopy, kDiffers };

uint64_t stir(uint64_t hash, uint64_t value) {
  hash = (hash ^ value) * 0x9e3779b97f4a7c15;
  return hash ^ hash >> 29;
}

template <typename T>
void stir_column(const al_column& column, std::vector<uint64_t>* fingerprints) {
  const T* values = static_cast<const T*>(column.values);
  for (size_t i = 0; i < fingerprints->size(); ++i) {
    bool there = column.valid == nullptr || column.valid[i] != 0;
    (*fingerprints)[i] = stir((*fingerprints)[i], there ? uint64_t{values[i]} : 0x5851f42d4c957f2d);
  }
}

uint32_t shard_of(bool coded, int64_t key) {
  return coded ? static_cast<uint32_t>(key) % kPartitions
               : static_cast<uint32_t>(stir(0, static_cast<uint64_t>(key)) >> 58);
}

}  // namespace

int64_t Deduplicator::drop_copies(std::vector<BoundBatch>* batches, const std::string& id_name, const StringPool& pool,
                                  Workers* workers) {
  std::vector<Prepared> prepared(batches->size());
  workers->parallel_for(batches->size(), [&](int, size_t b) { prepare((*batches)[b], &prepared[b]); });
  workers->parallel_for(kPartitions, [&](int, size_t shard) {
    for (size_t b = 0; b < batches->size(); ++b) decide(shard, (*batches)[b], &prepared[b]);
  });
  std::vector<int64_t> copies(batches->size());
  workers->parallel_for(batches->size(), [&](int, size_t b) {
    BoundBatch& batch = (*batches)[b];
    const std::vector<uint8_t>& fate = prepared[b].fate;
    copies[b] = std::count(fate.begin(), fate.end(), kCopy);
    int64_t differing = std::count(fate.begin(), fate.end(), kDiffers);
    for (size_t row = 0; differing > 0 && row < fate.size(); ++row) {
      if (fate[row] != kDiffers) continue;
      KeyValue id = key_value(kind_, batch.columns[id_], static_cast<int64_t>(row));
      int64_t number = batch.source_rows.empty() ? batch.first_row + static_cast<int64_t>(row) : batch.source_rows[row];
      std::string text = kind_ == FieldKind::kText
                             ? std::string(pool.text(static_cast<uint32_t>(id.value)).substr(0, 60))
                             : std::to_string(id.value);
      batch.bad.add({BadRow::kDuplicateDiffers, batch.file, number, id_name, text});
    }
    if (copies[b] + differing > 0) compact(&batch, fate);
  });
  int64_t all = 0;
  for (int64_t count : copies) all += count;
  return all;
}

void Deduplicator::prepare(const BoundBatch& batch, Prepared* out) const {
  const size_t rows = static_cast<size_t>(batch.row_count);
  out->fate.assign(rows, kKeep);
  out->fingerprints.assign(rows, 1);
  for (size_t c = 0; c < widths_.size(); ++c) {
    if (c == id_) continue;
    if (widths_[c] == 8) stir_column<uint64_t>(batch.columns[c], &out->fingerprints);
    if (widths_[c] == 4) stir_column<uint32_t>(batch.columns[c], &out->fingerprints);
    if (widths_[c] == 1) stir_column<uint8_t>(batch.columns[c], &out->fingerprints);
  }
  std::vector<uint8_t> shards(rows);
  std::array<uint32_t, kPartitions + 1> next{};
  for (size_t i = 0; i < rows; ++i) {
    KeyValue id = key_value(kind_, batch.columns[id_], static_cast<int64_t>(i));
    shards[i] = static_cast<uint8_t>(shard_of(coded(), id.value));
    ++next[shards[i] + size_t{1}];
  }
  for (size_t shard = 0; shard < kPartitions; ++shard) next[shard + 1] += next[shard];
  out->starts = next;
  out->rows.resize(rows);
  for (size_t i = 0; i < rows; ++i) out->rows[next[shards[i]]++] = static_cast<uint32_t>(i);
}

void Deduplicator::decide(size_t shard, const BoundBatch& batch, Prepared* prepared) {
  Shard& known = shards_[shard];
  for (uint32_t at = prepared->starts[shard]; at < prepared->starts[shard + 1]; ++at) {
    uint32_t row = prepared->rows[at];
    int64_t id = key_value(kind_, batch.columns[id_], row).value;
    uint32_t code = coded() ? static_cast<uint32_t>(id) / kPartitions : known.keys.code(id);
    if (code >= known.fingerprints.size()) {
      known.fingerprints.resize(std::max<size_t>(code + 1, known.fingerprints.size() * 3 / 2));
    }
    uint64_t fingerprint = prepared->fingerprints[row] | 1;
    uint64_t& first = known.fingerprints[code];
    if (first == 0) {
      first = fingerprint;
    } else {
      prepared->fate[row] = first == fingerprint ? kCopy : kDiffers;
    }
  }
}

// Borrowed buffers belong to the source: the rows that stay are copied out.
void Deduplicator::compact(BoundBatch* batch, const std::vector<uint8_t>& fate) const {
  const size_t rows = static_cast<size_t>(batch->row_count);
  size_t kept = static_cast<size_t>(std::count(fate.begin(), fate.end(), kKeep));
  auto compacted = [&](const void* values, size_t width) {
    auto& copy = batch->owned.emplace_back(new uint8_t[std::max<size_t>(1, kept * width)]);
    const uint8_t* from = static_cast<const uint8_t*>(values);
    uint8_t* into = copy.get();
    for (size_t i = 0; i < rows; ++i) {
      if (fate[i] != kKeep) continue;
      std::memcpy(into, from + i * width, width);
      into += width;
    }
    return copy.get();
  };
  for (size_t c = 0; c < widths_.size(); ++c) {
    al_column& column = batch->columns[c];
    column.values = compacted(column.values, widths_[c]);
    if (column.valid != nullptr) column.valid = compacted(column.valid, 1);
  }
  std::vector<int64_t> source_rows;
  for (size_t i = 0; i < rows; ++i) {
    if (fate[i] != kKeep) continue;
    source_rows.push_back(batch->source_rows.empty() ? batch->first_row + static_cast<int64_t>(i)
                                                     : batch->source_rows[i]);
  }
  batch->source_rows = std::move(source_rows);
  batch->row_count = static_cast<int64_t>(kept);
  batch->times.clear();
}

}  // namespace alidade
