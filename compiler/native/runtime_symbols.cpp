// What native code may call: intrinsics, which optimised code has inlined, their slow halves, and what the code
// generator itself calls. See runtime_symbols.h.
#include "compiler/native/runtime_symbols.h"

#include <cstring>

#include "runtime/abi.h"
#include "runtime/intrinsics/slow_paths.h"

namespace alidade {
namespace {

struct RuntimeSymbol {
  std::string_view name;
  const void* address;
};

template <typename Function>
const void* address_of(Function* function) {
  return reinterpret_cast<const void*>(function);
}

}  // namespace

const void* runtime_symbol(std::string_view name) {
  static const RuntimeSymbol symbols[] = {
      {"al_add_exact", address_of(&al_add_exact)},
      {"al_add_float", address_of(&al_add_float)},
      {"al_add_float_slowly", address_of(&al_add_float_slowly)},
      {"al_add_floats", address_of(&al_add_floats)},
      {"al_add_moments_exact", address_of(&al_add_moments_exact)},
      {"al_add_moments_float", address_of(&al_add_moments_float)},
      {"al_exact_to_double", address_of(&al_exact_to_double)},
      {"al_float_spill", address_of(&al_float_spill)},
      {"al_keep_first", address_of(&al_keep_first)},
      {"al_keep_last", address_of(&al_keep_last)},
      {"al_long_division", address_of(&al_long_division)},
      {"al_max_exact", address_of(&al_max_exact)},
      {"al_max_float", address_of(&al_max_float)},
      {"al_merge_exact", address_of(&al_merge_exact)},
      {"al_min_exact", address_of(&al_min_exact)},
      {"al_min_float", address_of(&al_min_float)},
      {"al_push_exact", address_of(&al_push_exact)},
      {"al_push_float", address_of(&al_push_float)},
      {"al_quotient", address_of(&al_quotient)},
      {"al_round_exact", address_of(&al_round_exact)},
      {"al_round_float", address_of(&al_round_float)},
      {"al_scaled_quotient", address_of(&al_scaled_quotient)},
      {"memcpy", address_of(&std::memcpy)},
      {"memset", address_of(&std::memset)},
  };
  for (const RuntimeSymbol& symbol : symbols) {
    if (symbol.name == name) return symbol.address;
  }
  return nullptr;
}

}  // namespace alidade
