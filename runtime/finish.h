// From the state of a run to its results: evaluates every output's formula for every bucket and group.
// Tested in tests/unit/evaluator_test.cpp and tests/conformance.
#pragma once

#include <optional>
#include <vector>

#include "runtime/evaluator.h"
#include "runtime/state.h"
#include "runtime/workers.h"

namespace alidade {

/// `watermarks` are by pipeline, absent where nothing is unfinished. Fills metrics, rows and `overflowed`. An error is
/// a first or last of rows that tie.
Status finish(State* state, const ReportRange& range, std::vector<std::optional<Instant>> watermarks, Workers* workers,
              ResultSet* result);

/// By pipeline, ascending: for one over a table's rows the instants at which the report asks for them. Before they are
/// read; coverage is known.
std::vector<std::vector<Instant>> instants_asked(State* state, const ReportRange& range,
                                                 std::vector<std::optional<Instant>> watermarks, Workers* workers);

}  // namespace alidade
