// Turns the code test that most guards of a pipeline share into a dispatch: rows are split by code once, and each case
// updates only the accumulators that its codes can satisfy, with what is left of their guards. Tested by
// tests/plan/dispatch_on_code.
#pragma once

#include "compiler/plan/plan.h"

namespace alidade {

Plan dispatch_on_code(Plan plan);

}  // namespace alidade
