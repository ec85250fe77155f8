// Drops what no output reads: formulas, accumulators, mask bits, entries, machines, ops, columns, key spaces, domains,
// streams, tables and fields. The rest keeps its order. Tested by tests/plan/drop_unread.
#pragma once

#include "compiler/plan/plan.h"

namespace alidade {

Plan drop_unread(Plan plan);

}  // namespace alidade
