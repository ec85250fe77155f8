// The oracle: the typed model evaluated slowly and obviously, to the letter of the semantics. Knows no plan and shares
// with the native path only readers, binding, the calendar's zone data and the result's structs: its own deduplication,
// bucketing, joins, order and arithmetic. Door of compiler/reference. Safe on any thread.
#pragma once

#include <vector>

#include "compiler/sema/analyse.h"
#include "runtime/evaluator.h"

namespace alidade {

Result<ResultSet> evaluate_reference(const Model& model, const Request& request,
                                     const std::vector<NamedSource>& sources, const RunOptions& options);

}  // namespace alidade
