// Loops to machine code in an object file: intrinsics linked in, optimised, compiled for this machine. Inside the room
// only; tested in tests/unit/codegen_test.cpp. Safe on any thread: each call has a context of its own.
#pragma once

#include <string>
#include <vector>

#include "compiler/codegen/cell_layout.h"

namespace alidade {

/// A loop with what it is generated from; all borrowed.
struct LoopToCompile {
  const Pipeline* pipeline = nullptr;
  const PipelineProgram* layout = nullptr;
  const LoopSpec* spec = nullptr;
};

/// An ELF object that defines every loop by its name. Fails (AL8301) where this machine cannot be targeted.
Result<std::string> compile_object(const std::vector<LoopToCompile>& loops);

/// The optimised functions as text, without what depends on the machine but not on the plan.
Result<std::string> optimised_text(const std::vector<LoopToCompile>& loops);

}  // namespace alidade
