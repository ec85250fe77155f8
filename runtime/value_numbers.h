// Local numbers of the values a dimension's column holds: dense, given out as values are met, 0 for a missing one. Kept
// by a worker from morsel to morsel. Not thread-safe. Tested in tests/unit/evaluator_test.cpp.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "runtime/cells.h"

namespace alidade {

class ValueNumbers {
 public:
  explicit ValueNumbers(FieldKind kind) : kind_(kind) {}

  uint32_t made() const { return made_; }  ///< every number is below
  uint32_t of_code(size_t code);
  void number(const al_column& column, int64_t count, uint32_t* out);

 private:
  uint32_t learn(size_t code);

  FieldKind kind_;
  std::vector<uint32_t> direct_;  ///< by code, index or truth; 0: not met
  std::unordered_map<int64_t, uint32_t> hashed_;
  uint32_t made_ = 1;
};

/// The value of a dimension column's row.
KeyValue key_value(FieldKind kind, const al_column& column, int64_t row);

}  // namespace alidade
