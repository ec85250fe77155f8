// The two ways from a request to results. Door of compiler/driver/engines; tested by every eval test.
#pragma once

#include <vector>

#include "compiler/sema/analyse.h"
#include "runtime/evaluator.h"

namespace alidade {

/// Through plan, passes and native code. Errors: those of compile() and run().
Result<ResultSet> evaluate_native(const Model& model, const Request& request, const std::vector<NamedSource>& sources,
                                  const RunOptions& options);

/// The first way or, asked for, the reference.
Result<ResultSet> evaluate(bool on_reference, const Model& model, const Request& request,
                           const std::vector<NamedSource>& sources, const RunOptions& options);

}  // namespace alidade
