// Runs a program over sources. Door of runtime/evaluator; tested in tests/unit/evaluator_test.cpp, tests/conformance.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/batch.h"
#include "runtime/program.h"
#include "runtime/result.h"

namespace alidade {

/// The report's range, half-open; an absent end is the data's: from the start of the first row's day to the end of the
/// last row's day in the calendar's zone, over the streams of each metric.
struct ReportRange {
  std::optional<Instant> from, to;
};

struct RunOptions {
  int threads = 0;  ///< 0: all cores. Results do not depend on it
  ReportRange range;
  bool skip_bad_rows = false;  ///< false: the first batch with a bad row ends the run with its error (AL7201…)
  bool complete = false;       ///< tests without `until`: no watermark
  std::function<void(int64_t done, int64_t all)> progress;  ///< called from the calling thread; may be empty
};

/// One source per stream and table of the program, by name. A stream the outputs read without a source is AL7103.
struct NamedSource {
  std::string name;
  BatchSource* source = nullptr;     ///< borrowed
  std::optional<Instant> watermark;  ///< tests: `given … until`
};

/// Errors: those of the sources and of binding, bad rows unless skipped. Overflow is not an error here: see
/// ResultSet::overflowed. Thread rules: one call at a time per source; the program may be shared.
Result<ResultSet> run(const Program& program, const std::vector<NamedSource>& sources, const RunOptions& options);

}  // namespace alidade
