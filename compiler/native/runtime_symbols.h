// The functions of this process that native code may call. Inside the room only; tested in
// tests/unit/object_linker_test.cpp.
#pragma once

#include <string_view>

namespace alidade {

/// Null where native code may not call `name`.
const void* runtime_symbol(std::string_view name);

}  // namespace alidade
