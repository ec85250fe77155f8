// Plan to native code. Door of compiler/codegen; LLVM stays behind it. Tested by every eval test on the native path and
// tests/unit/codegen_test.cpp. compile() is safe on any thread.
#pragma once

#include <string>

#include "compiler/plan/plan.h"

namespace alidade {

/// The executable program; its code lives as long as Program::code. Fails (AL8301) only if the machine cannot be
/// targeted.
Result<Program> compile(const Plan& plan);

/// Optimised LLVM IR of every function, stable across runs: `--dump=llvm`.
Result<std::string> dump_llvm(const Plan& plan);

}  // namespace alidade
