// The native way from a request to results; the other is evaluate_reference. Door of compiler/driver/engines; tested by
// tests/conformance.
#pragma once

#include <string>
#include <vector>

#include "compiler/native/compile.h"
#include "compiler/sema/analyse.h"
#include "runtime/evaluator.h"

namespace alidade {

/// What the native way computes for a request, after all passes.
Plan plan_of(const Model& model, const Request& request);

/// Native code of a plan, run. Errors: those of compile() and run().
Result<ResultSet> evaluate_native(const Plan& plan, const std::vector<NamedSource>& sources, const RunOptions& options,
                                  const CompileOptions& compiling);

/// The tier that `--tier` names: auto, o0, o1, alternating.
TierChoice tier_named(const std::string& name);

}  // namespace alidade
