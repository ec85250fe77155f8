// The two engines. Door: engines.h.
#include "compiler/driver/engines.h"

#include "compiler/codegen/codegen.h"
#include "compiler/passes/pass_list.h"
#include "compiler/plan/lower.h"
#include "compiler/reference/evaluate.h"

namespace alidade {

Result<ResultSet> evaluate_native(const Model& model, const Request& request, const std::vector<NamedSource>& sources,
                                  const RunOptions& options) {
  const Result<Program> program = compile(optimise(lower(model, request), false));
  if (!program) return program.error();
  return run(program.value(), sources, options);
}

Result<ResultSet> evaluate(bool on_reference, const Model& model, const Request& request,
                           const std::vector<NamedSource>& sources, const RunOptions& options) {
  return on_reference ? evaluate_reference(model, request, sources, options)
                      : evaluate_native(model, request, sources, options);
}

}  // namespace alidade
