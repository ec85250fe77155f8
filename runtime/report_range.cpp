// Cuts and the times looked at, from the outputs down to the leaves: a formula's children stand before it. Door:
// report_range.h.
#include "runtime/report_range.h"

#include <algorithm>
#include <set>

namespace alidade {
namespace {

/// Ends of the intervals that a formula is evaluated over, as far as the range makes them.
struct CutEnds {
  std::set<Instant> of_range;    ///< of the whole range as one bucket, which `at` moves
  std::set<Instant> of_buckets;  ///< of buckets that the range cuts; `at` moves the whole bucket
};

// The range may be open at its other end, so each end is moved by itself: as the start of a range, and as the end.
std::set<Instant> moved(const std::set<Instant>& ends, const Offset& offset, const Calendar& calendar) {
  std::set<Instant> out;
  for (const Instant end : ends) {
    if (const auto from = calendar.offset(Grain::kWhole, {end, end + 1}, offset)) out.insert(from->start);
    if (const auto to = calendar.offset(Grain::kWhole, {end - 1, end}, offset)) out.insert(to->end);
  }
  return out;
}

CutEnds ends_below(const Formula& f, const CutEnds& ends, const Calendar& calendar) {
  CutEnds below = ends;
  if (f.kind == FormulaKind::kAt) {
    below.of_range = moved(ends.of_range, f.offset, calendar);
    if (f.offset.kind != OffsetKind::kHere) below.of_buckets.clear();
  }
  if (f.kind == FormulaKind::kCollapseTime) below.of_buckets.merge(std::exchange(below.of_range, {}));
  return below;
}

// The earliest start of a bucket or an interval below a formula whose own do not start before `start`.
Instant start_below(const Formula& f, Instant start, const Calendar& calendar) {
  if (start == kMinInstant) return start;
  if (f.kind == FormulaKind::kCollapseTime) return calendar.bucket(f.grain, start).start;
  if (f.kind == FormulaKind::kAt) {
    constexpr Period kLongestYear{53, Grain::kWeek};
    switch (f.offset.kind) {
      case OffsetKind::kHere:
        return start;
      case OffsetKind::kAgo:
        return calendar.back(start, f.offset.period);
      case OffsetKind::kSameWeek:
        return calendar.back(start, kLongestYear);
    }
  }
  if (f.kind != FormulaKind::kOver) return start;
  switch (f.window.kind) {
    case WindowKind::kLast:
      return calendar.back(start, f.window.period);
    case WindowKind::kToDate:
      return calendar.bucket(f.window.unit, start).start;
    case WindowKind::kAllTime:
      break;
  }
  return kMinInstant;
}

}  // namespace

std::vector<Instant> range_cuts(const Program& program, const Calendar& calendar, const ReportRange& range) {
  std::set<Instant> cuts;
  if (range.from) cuts.insert(*range.from);
  if (range.to) cuts.insert(*range.to);
  std::vector<CutEnds> ends(program.formulas.size());
  for (const Output& output : program.outputs) {
    CutEnds& own = ends[static_cast<size_t>(output.formula)];
    (output.grain == Grain::kWhole ? own.of_range : own.of_buckets).insert(cuts.begin(), cuts.end());
    if (output.rank >= 0) ends[static_cast<size_t>(output.rank)].of_range.insert(cuts.begin(), cuts.end());
  }
  for (size_t node = program.formulas.size(); node-- > 0;) {
    const Formula& f = program.formulas[node];
    const CutEnds below = ends_below(f, ends[node], calendar);
    for (const int child : {f.a, f.b, f.c}) {
      if (child < 0) continue;
      ends[static_cast<size_t>(child)].of_range.insert(below.of_range.begin(), below.of_range.end());
      ends[static_cast<size_t>(child)].of_buckets.insert(below.of_buckets.begin(), below.of_buckets.end());
    }
    for (const std::set<Instant>* of_kind : {&below.of_range, &below.of_buckets}) {
      cuts.insert(of_kind->begin(), of_kind->end());
      if (f.kind != FormulaKind::kOver || f.window.kind != WindowKind::kLast) continue;
      for (const Instant end : *of_kind) cuts.insert(calendar.back(end, f.window.period));
    }
    ends[node] = {};
  }
  return {cuts.begin(), cuts.end()};
}

Interval times_looked_at(const Program& program, const Calendar& calendar, const ReportRange& range) {
  Interval all{kMinInstant, range.to.value_or(kMaxInstant)};
  if (!range.from) return all;
  std::vector<Instant> starts(program.formulas.size(), kMaxInstant);
  all.start = *range.from;
  for (const Output& output : program.outputs) {
    const bool whole = output.grain == Grain::kWhole;
    const Instant start = whole ? *range.from : calendar.bucket(output.grain, *range.from).start;
    for (const int formula : {output.formula, output.rank}) {
      if (formula < 0) continue;
      Instant& own = starts[static_cast<size_t>(formula)];
      own = std::min(own, start);
    }
  }
  for (size_t node = starts.size(); node-- > 0;) {
    if (starts[node] == kMaxInstant) continue;
    const Formula& f = program.formulas[node];
    const Instant below = start_below(f, starts[node], calendar);
    for (const int child : {f.a, f.b, f.c}) {
      if (child >= 0) starts[static_cast<size_t>(child)] = std::min(starts[static_cast<size_t>(child)], below);
    }
    if (f.a < 0) all.start = std::min(all.start, starts[node]);
  }
  return all;
}

std::optional<PartFilter> part_filter(const Program& program, size_t pipeline, const Calendar& calendar,
                                      Interval looked_at) {
  const PipelineProgram& read = program.pipelines[pipeline];
  const SourceSchema& schema = program.streams[static_cast<size_t>(read.stream)];
  if (looked_at == Interval{kMinInstant, kMaxInstant} || schema.id >= 0 || schema.arrived >= 0) return std::nullopt;
  const auto keeps_rows = [&](const PipelineProgram& other) {
    return other.stream == read.stream && other.source.derived();
  };
  const auto counts_unrated = [&](const Presence& rows) {
    return program.pipelines[static_cast<size_t>(rows.pipeline)].stream == read.stream;
  };
  if (std::any_of(program.pipelines.begin(), program.pipelines.end(), keeps_rows) ||
      std::any_of(program.unrated.begin(), program.unrated.end(), counts_unrated)) {
    return std::nullopt;
  }
  std::set<int> keys;
  for (const MachineProgram& machine : read.machines) {
    const ColumnUse& key = read.columns[static_cast<size_t>(machine.key_column)];
    if (key.kind != ColumnKind::kField) return std::nullopt;
    keys.insert(key.field);
  }
  return PartFilter(schema, calendar, looked_at, std::move(keys));
}

}  // namespace alidade
