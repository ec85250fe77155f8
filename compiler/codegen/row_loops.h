// Generates the native loops of a pipeline: updates of cells, and narrow rows for machines. Inside the room only;
// tested in tests/unit/codegen_test.cpp.
#pragma once

#include "compiler/layout/cell_layout.h"

namespace llvm {
class Module;
}

namespace alidade {

/// Adds the function `spec.name` to the module: an al_update, or an al_exchange where the spec names a machine.
void generate_loop(llvm::Module& module, const Pipeline& pipeline, const PipelineProgram& layout, const LoopSpec& spec);

}  // namespace alidade
