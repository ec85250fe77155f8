// Expressions over rows, and what is kept of them for a whole stream: values, accepted rows, rows by key.
// Part of compiler/reference; tested through tests/conformance and tests/unit/reference_test.cpp. One thread.
#pragma once

#include <map>
#include <utility>
#include <vector>

#include "compiler/reference/rows.h"

namespace alidade::reference {

/// The value of `id` in one row; missing as model.h says. Conditions are never missing.
RowValue evaluate_row(const Model& model, const Data& data, RowId id, const TypedRow& row);

/// Row numbers count the rows of a stream by time, so a list of them is in the order of time.
using RowNumbers = std::vector<uint32_t>;

class RowColumns {
 public:
  RowColumns(const Model& model, const Data& data) : model_(model), data_(data) {}

  const std::vector<TypedRow>& rows(int stream) const { return data_.streams[static_cast<size_t>(stream)].rows; }
  const std::vector<RowValue>& values(int stream, RowId id);
  const std::vector<bool>& accepted(int stream, RowId condition);  ///< an invalid condition accepts every row
  const RowNumbers& all(int stream);
  const RowNumbers& with_key(int stream, RowId key, const RowValue& value);  ///< missing is a value like any

 private:
  using Key = std::pair<int, RowId>;
  const Model& model_;
  const Data& data_;
  std::map<Key, std::vector<RowValue>> values_;
  std::map<Key, std::vector<bool>> accepted_;
  std::map<Key, std::map<RowValue, RowNumbers>> by_key_;
  std::map<int, RowNumbers> all_;
  const RowNumbers none_;
};

}  // namespace alidade::reference
