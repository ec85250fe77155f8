// Object files into this process: memory, relocation, addresses. Inside the room only; tested in
// tests/unit/codegen_test.cpp.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "runtime/base.h"

namespace alidade {

struct NativeCode {
  std::shared_ptr<void> owner;   ///< the code is there as long as this
  std::vector<void*> addresses;  ///< one per name asked for
};

/// Calls of the runtime resolve to this process's own functions. Fails (AL8301) where the objects cannot be loaded.
Result<NativeCode> load_objects(const std::vector<std::string>& objects, const std::vector<std::string>& names);

}  // namespace alidade
