// The passes in the only order they run. Door of compiler/passes; each pass is X.h + X.cpp with a before/after test.
#pragma once

#include <string>
#include <vector>

#include "compiler/plan/plan.h"

namespace alidade {

struct Pass {
  const char* name;
  Plan (*run)(Plan plan);
};
const std::vector<Pass>& pass_list();

/// Runs all passes; `verify_each` (tests, --verbose) aborts with the verifier's messages after a pass that breaks the
/// plan.
Plan optimise(Plan plan, bool verify_each);

}  // namespace alidade
