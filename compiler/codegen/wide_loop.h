// Update loops that fold AL_LANES rows at a time into registers and touch the cell once, at the run's end. Inside the
// room only; tested in tests/unit/codegen_test.cpp.
#pragma once

#include "compiler/layout/cell_layout.h"

namespace llvm {
class Module;
}

namespace alidade {

/// Adds the function `spec.name`, an al_update, to the module.
void generate_wide_loop(llvm::Module& module, const Pipeline& pipeline, const PipelineProgram& layout,
                        const LoopSpec& spec);

}  // namespace alidade
