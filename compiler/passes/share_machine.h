// Keeps each mask bit and entry of a machine once, and lets a leaf read a machine of a finer grain that has the same
// bits and entries. Tested by tests/plan/share_machine.
#pragma once

#include "compiler/plan/plan.h"

namespace alidade {

Plan share_machine(Plan plan);

}  // namespace alidade
