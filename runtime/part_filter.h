// Which parts of a file a run need not read: those whose times, as the file's own statistics tell them, all lie outside
// what the report looks at. Their rows count as read, and for what the stream covers; their other values are not looked
// at, so a bad one among them is not reported. Tested in tests/command/ranges_test.py. Used from one thread at a time.
#pragma once

#include <set>

#include "runtime/batch.h"

namespace alidade {

class PartFilter {
 public:
  /// Rows with times in `looked_at` are read, and parts in which a field of `keys` may be missing.
  PartFilter(const SourceSchema& schema, const Calendar& calendar, Interval looked_at, std::set<int> keys)
      : schema_(schema), calendar_(calendar), looked_at_(looked_at), keys_(std::move(keys)) {}

  bool is_time(const FieldSchema& field) const { return index_of(field) == schema_.time; }
  /// Whether a row without this field would be counted: refused, or left out of an entity's numbers.
  bool counts_missing(const FieldSchema& field) const { return !field.optional || keys_.contains(index_of(field)); }

  /// Whether a part need not be read, and if so counts it. `ends` has one column and two rows: the part's smallest and
  /// largest time. No row of the part misses its time or a field whose missing values count.
  bool leaves_out(const Batch& ends, int64_t rows);

  struct LeftOut {
    int64_t parts = 0, rows = 0;
    Instant first = kMaxInstant, last = kMinInstant;
  };
  const LeftOut& left_out() const { return left_out_; }

 private:
  int index_of(const FieldSchema& field) const;
  bool times_of(const Batch& ends, Instant* first, Instant* last) const;
  bool repeats_an_hour(Instant first, Instant last) const;

  const SourceSchema& schema_;
  const Calendar& calendar_;
  Interval looked_at_;
  std::set<int> keys_;
  LeftOut left_out_;
};

}  // namespace alidade
