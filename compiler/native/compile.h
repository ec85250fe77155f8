// Plan to program: native code in the tier asked for, from the cache where it is there. Door of compiler/native, which
// lays cells out, calls the code generator and puts what it made into this process. Tested by tests/conformance on the
// native path, tests/unit/codegen_test.cpp and tests/unit/tiers_test.cpp. compile() is safe on any thread.
#pragma once

#include <functional>
#include <string>

#include "compiler/plan/plan.h"

namespace alidade {

enum class TierChoice : uint8_t {
  kO1,
  kO0,
  kAuto,         ///< what the cache has, else O0; a program in use for a while goes on with O1, compiled beside it
  kAlternating,  ///< tests: both, and each call of a loop takes the other than the call before
};

struct CompileOptions {
  TierChoice tier = TierChoice::kO1;
  std::string cache_folder;  ///< "": nothing is looked up or kept
  std::function<void(const std::string& text)>
      warn;  ///< of a damaged cache; may be empty. Called before compile() ends
};

/// The executable program; its code lives as long as Program::code. Fails if the machine cannot be targeted (AL8301)
/// or the code generator is not installed (AL8302).
Result<Program> compile(const Plan& plan, const CompileOptions& options = {});

/// The tiers a program has run in and whether its first came from the cache: "o0 from the cache, then o1".
std::string code_of(const Program& program);

/// ALIDADE_CACHE_DIR, else alidade in the user's XDG cache folder; "" where there is neither.
std::string default_cache_folder();

/// Optimised LLVM IR of every function, stable across runs: `--dump=llvm`.
Result<std::string> dump_llvm(const Plan& plan);

}  // namespace alidade
