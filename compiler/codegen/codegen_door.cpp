// What the library of this room shows; see codegen.h.
#include "compiler/codegen/codegen.h"

extern "C" {
extern const alidade::CodegenDoor alidade_codegen_door;
const alidade::CodegenDoor alidade_codegen_door{{ALIDADE_VERSION}, &alidade::compile_object, &alidade::optimised_text};
}
