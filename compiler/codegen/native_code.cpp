// Loads objects with ORC's linking layer; see native_code.h. No LLJIT: a bare session and one dylib are all that is
// needed.
#include "compiler/codegen/native_code.h"

#include "llvm/ExecutionEngine/Orc/Core.h"
#include "llvm/ExecutionEngine/Orc/ExecutorProcessControl.h"
#include "llvm/ExecutionEngine/Orc/ObjectLinkingLayer.h"
#include "llvm/ExecutionEngine/Orc/Shared/ExecutorSymbolDef.h"
#include "llvm/Support/MemoryBuffer.h"
#include "runtime/abi.h"
#include "runtime/intrinsics/slow_paths.h"

namespace alidade {
namespace {

Error not_loaded(llvm::Error error) {
  return {8301, "the native code cannot be loaded: " + llvm::toString(std::move(error)), {}};
}

/// The session, its code and its end. Errors are returned where they happen; nothing is left for the session to report.
class Session {
 public:
  explicit Session(std::unique_ptr<llvm::orc::ExecutorProcessControl> process)
      : session_(std::move(process)),
        layer_(session_, session_.getExecutorProcessControl().getMemMgr()),
        code_(session_.createBareJITDylib("alidade")) {
    session_.setErrorReporter([](llvm::Error error) { llvm::consumeError(std::move(error)); });
  }
  ~Session() { llvm::cantFail(session_.endSession()); }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  llvm::Error define_runtime() {
    llvm::orc::SymbolMap symbols;
    const auto define = [&](const char* name, auto* function) {
      symbols[session_.intern(name)] = {llvm::orc::ExecutorAddr::fromPtr(function),
                                        llvm::JITSymbolFlags::Exported | llvm::JITSymbolFlags::Callable};
    };
    define("al_push_exact", &al_push_exact);
    define("al_push_float", &al_push_float);
    define("al_float_spill", &al_float_spill);
    define("al_long_division", &al_long_division);
    define("al_add_float_slowly", &al_add_float_slowly);
    return code_.define(llvm::orc::absoluteSymbols(std::move(symbols)));
  }

  llvm::Error add(const std::string& object) {
    return layer_.add(code_, llvm::MemoryBuffer::getMemBuffer(object, "alidade", false));
  }

  llvm::Expected<std::vector<void*>> addresses(const std::vector<std::string>& names) {
    llvm::orc::SymbolLookupSet wanted;
    for (const std::string& name : names) wanted.add(session_.intern(name));
    auto found = session_.lookup(llvm::orc::makeJITDylibSearchOrder(&code_), std::move(wanted));
    if (!found) return found.takeError();
    std::vector<void*> addresses;
    for (const std::string& name : names) {
      addresses.push_back((*found)[session_.intern(name)].getAddress().toPtr<void*>());
    }
    return addresses;
  }

 private:
  llvm::orc::ExecutionSession session_;
  llvm::orc::ObjectLinkingLayer layer_;
  llvm::orc::JITDylib& code_;
};

}  // namespace

Result<NativeCode> load_objects(const std::vector<std::string>& objects, const std::vector<std::string>& names) {
  auto process = llvm::orc::SelfExecutorProcessControl::Create();
  if (!process) return not_loaded(process.takeError());
  auto session = std::make_shared<Session>(std::move(*process));
  if (llvm::Error error = session->define_runtime()) return not_loaded(std::move(error));
  for (const std::string& object : objects) {
    if (llvm::Error error = session->add(object)) return not_loaded(std::move(error));
  }
  auto addresses = session->addresses(names);
  if (!addresses) return not_loaded(addresses.takeError());
  return NativeCode{std::move(session), std::move(*addresses)};
}

}  // namespace alidade
