// From a request to results by native code. Door: engines.h.
#include "compiler/driver/engines.h"

#include "compiler/passes/pass_list.h"
#include "compiler/plan/lower.h"

namespace alidade {

Plan plan_of(const Model& model, const Request& request) { return optimise(lower(model, request), false); }

Result<ResultSet> evaluate_native(const Plan& plan, const std::vector<NamedSource>& sources, const RunOptions& options,
                                  const CompileOptions& compiling) {
  const Result<Program> program = compile(plan, compiling);
  if (!program) return program.error();
  return run(program.value(), sources, options);
}

TierChoice tier_named(const std::string& name) {
  if (name == "o0") return TierChoice::kO0;
  if (name == "o1") return TierChoice::kO1;
  return name == "alternating" ? TierChoice::kAlternating : TierChoice::kAuto;
}

}  // namespace alidade
