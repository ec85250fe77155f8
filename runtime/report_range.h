// What the report's range says before a row is read: where it cuts buckets, and which rows it looks at. Tested in
// tests/command/ranges_test.py and tests/unit/evaluator_test.cpp.
#pragma once

#include <optional>
#include <vector>

#include "runtime/evaluator.h"
#include "runtime/part_filter.h"

namespace alidade {

/// Every instant at which a run with this explicit range cuts a bucket of some grain: SlotTable's cuts.
std::vector<Instant> range_cuts(const Program& program, const Calendar& calendar, const ReportRange& range);

/// An interval that holds every instant at which a run with this range looks at a stream's rows: the range, and what
/// windows and offsets add to it.
Interval times_looked_at(const Program& program, const Calendar& calendar, const ReportRange& range);

/// What the source of a pipeline need not read; nullopt where every row counts: the range is open on both sides, copies
/// of an id, late rows or rows without a rate are counted, an entity's first or last row is kept, or a distinct count
/// is of what a table says of the row.
std::optional<PartFilter> part_filter(const Program& program, size_t pipeline, const Calendar& calendar,
                                      Interval looked_at);

}  // namespace alidade
