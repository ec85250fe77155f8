// Loops of a plan to machine code. Door of compiler/codegen; LLVM stays behind it. The room is a library of its own,
// loaded when code is first compiled: compiler/native calls these functions through it. Tested by tests/conformance on
// the native path and tests/unit/codegen_test.cpp. Safe on any thread: each call has an LLVM context of its own.
#pragma once

#include <string>
#include <vector>

#include "compiler/layout/cell_layout.h"
#include "runtime/cage.h"

namespace alidade {

/// A loop with what it is generated from; all borrowed.
struct LoopToCompile {
  const Pipeline* pipeline = nullptr;
  const PipelineProgram* layout = nullptr;
  const LoopSpec* spec = nullptr;
};

/// How much work the compiler puts into code. The results are the same bits.
enum class Tier : uint8_t {
  kO0,  ///< quickly made: intrinsics are called
  kO1,  ///< about four times the work, runs in 60% of the time
};

/// An ELF object that defines every loop by its name. Fails (AL8301) where this machine cannot be targeted.
Result<std::string> compile_object(const std::vector<LoopToCompile>& loops, Tier tier);

/// The optimised functions as text, without what depends on the machine but not on the plan.
Result<std::string> optimised_text(const std::vector<LoopToCompile>& loops);

/// What the room's library shows: alidade_codegen_door.
struct CodegenDoor : CageDoor {
  decltype(&compile_object) compile;
  decltype(&optimised_text) text;
};

}  // namespace alidade
