// Rows with the same id count once: the first in input order stays, equal copies are dropped, copies that differ in a
// bound column are bad rows. Ids are kept in 64 shards that work in parallel, each going through the batches in order.
// Tested in tests/unit/evaluator_test.cpp.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "runtime/batch.h"
#include "runtime/machines.h"
#include "runtime/workers.h"

namespace alidade {

class Deduplicator {
 public:
  /// `id`: index of the id's column among the bound ones. `widths`: bytes of a value of each bound column.
  Deduplicator(FieldKind kind, size_t id, std::vector<size_t> widths)
      : kind_(kind), id_(id), widths_(std::move(widths)) {}

  /// Drops copies from the batches, which follow each other and all earlier ones; returns how many were equal copies.
  /// Differing copies are added to each batch's `bad`.
  int64_t drop_copies(std::vector<BoundBatch>* batches, const std::string& id_name, const StringPool& pool,
                      Workers* workers);

 private:
  struct Shard {
    KeyTable keys;                       ///< ids that are no codes
    std::vector<uint64_t> fingerprints;  ///< of the first row with an id, by code; 0: not met
  };
  struct Prepared {
    std::vector<uint64_t> fingerprints;
    std::vector<uint32_t> rows;  ///< shard after shard, in input order
    std::array<uint32_t, kPartitions + 1> starts{};
    std::vector<uint8_t> fate;
  };
  bool coded() const { return kind_ == FieldKind::kText || kind_ == FieldKind::kOneOf; }
  void prepare(const BoundBatch& batch, Prepared* out) const;
  void decide(size_t shard, const BoundBatch& batch, Prepared* prepared);
  void compact(BoundBatch* batch, const std::vector<uint8_t>& fate) const;

  FieldKind kind_;
  size_t id_;
  std::vector<size_t> widths_;
  std::array<Shard, kPartitions> shards_;
};

}  // namespace alidade
