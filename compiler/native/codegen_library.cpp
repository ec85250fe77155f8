// The code generator's functions, through its library; see codegen.h of the room. LLVM is loaded by the first call.
#include "compiler/codegen/codegen.h"

namespace alidade {
namespace {

const Result<const CageDoor*>& library() {
  static const Result<const CageDoor*> opened = open_cage("codegen");
  return opened;
}

}  // namespace

Result<std::string> compile_object(const std::vector<LoopToCompile>& loops, Tier tier) {
  if (!library()) return library().error();
  return static_cast<const CodegenDoor*>(library().value())->compile(loops, tier);
}

Result<std::string> optimised_text(const std::vector<LoopToCompile>& loops) {
  if (!library()) return library().error();
  return static_cast<const CodegenDoor*>(library().value())->text(loops);
}

}  // namespace alidade
