// Sources to rows: binding, bad rows, duplicates, lateness, coverage and the watermark. Part of compiler/reference;
// shares with the native path the binding of columns only. Tested in tests/unit/reference_test.cpp.
#pragma once

#include "compiler/reference/local_calendar.h"
#include "compiler/reference/rows.h"
#include "runtime/evaluator.h"

namespace alidade::reference {

/// Errors: a stream or table that the outputs read without a source (AL7103), those of sources and binding, bad rows
/// unless they are skipped.
Result<Data> load(const Model& model, const Reads& reads, const std::vector<NamedSource>& sources,
                  const RunOptions& options, const Calendar& binding, const LocalCalendar& calendar);

}  // namespace alidade::reference
