// Loops to an object file: intrinsics linked in, optimised, compiled for this machine; see codegen.h. Few passes and
// the code generator at -O1 measured best for branchy, grouped code: more of either takes longer to compile and runs no
// faster.
#include <memory>

#include "compiler/codegen/codegen.h"
#include "compiler/codegen/row_loops.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Bitcode/BitcodeReader.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/IR/Verifier.h"
#include "llvm/Linker/Linker.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/Transforms/IPO/AlwaysInliner.h"
#include "llvm/Transforms/IPO/GlobalDCE.h"
#include "llvm/Transforms/InstCombine/InstCombine.h"
#include "llvm/Transforms/Scalar/EarlyCSE.h"
#include "llvm/Transforms/Scalar/SROA.h"
#include "llvm/Transforms/Scalar/SimplifyCFG.h"

extern "C" {
extern const char al_intrinsics_bitcode[];
extern const char al_intrinsics_bitcode_end[];
}

namespace alidade {
namespace {

Error not_targeted(const std::string& why) { return {8301, "this machine cannot be compiled for: " + why, {}}; }

std::string host_features() {
  std::string features;
  for (const auto& feature : llvm::sys::getHostCPUFeatures()) {
    if (!features.empty()) features += ',';
    features += (feature.second ? "+" : "-") + feature.first().str();
  }
  return features;
}

// Fused multiply-add would round differently from the reference; floating point is taken as written.
Result<std::unique_ptr<llvm::TargetMachine>> target_this_machine(Tier tier) {
  static const bool ready = !llvm::InitializeNativeTarget() && !llvm::InitializeNativeTargetAsmPrinter();
  if (!ready) return not_targeted("LLVM has no code generator for it");
  const std::string triple = llvm::sys::getProcessTriple();
  std::string why;
  const llvm::Target* target = llvm::TargetRegistry::lookupTarget(triple, why);
  if (target == nullptr) return not_targeted(why);
  llvm::TargetOptions options;
  options.AllowFPOpFusion = llvm::FPOpFusion::Strict;
  const auto level = tier == Tier::kO0 ? llvm::CodeGenOptLevel::None : llvm::CodeGenOptLevel::Less;
  options.EnableFastISel = tier == Tier::kO0;
  return std::unique_ptr<llvm::TargetMachine>(target->createTargetMachine(triple, llvm::sys::getHostCPUName(),
                                                                          host_features(), options, llvm::Reloc::PIC_,
                                                                          llvm::CodeModel::Small, level, true));
}

// Bodies of the intrinsics that the loops call become private to the module and are inlined. The attributes that name
// the processor they were compiled for would forbid that.
Status link_intrinsics(llvm::Module& module) {
  const llvm::StringRef bitcode(al_intrinsics_bitcode, al_intrinsics_bitcode_end - al_intrinsics_bitcode);
  llvm::Expected<std::unique_ptr<llvm::Module>> intrinsics =
      llvm::getLazyBitcodeModule(llvm::MemoryBufferRef(bitcode, "intrinsics"), module.getContext());
  if (!intrinsics) return not_targeted(llvm::toString(intrinsics.takeError()));
  (*intrinsics)->setTargetTriple(module.getTargetTriple());
  (*intrinsics)->setDataLayout(module.getDataLayout());
  std::vector<std::string> names;
  for (const llvm::Function& function : **intrinsics) {
    if (!function.isDeclaration()) names.push_back(function.getName().str());
  }
  if (llvm::Linker::linkModules(module, std::move(*intrinsics), llvm::Linker::LinkOnlyNeeded)) {
    return not_targeted("the intrinsics do not link");
  }
  for (const std::string& name : names) {
    llvm::Function* function = module.getFunction(name);
    if (function == nullptr || function->isDeclaration()) continue;
    function->setLinkage(llvm::GlobalValue::InternalLinkage);
    for (const char* attribute : {"target-cpu", "target-features", "tune-cpu"}) function->removeFnAttr(attribute);
    function->removeFnAttr(llvm::Attribute::NoInline);
    function->addFnAttr(llvm::Attribute::AlwaysInline);
  }
  return Done{};
}

// Loops come without stack slots, repeated loads or vectors to find: what is left to do is to inline, to combine and to
// drop branches. The default -O1 pipeline takes four times as long here for code that runs no faster.
void optimise(llvm::Module& module, llvm::TargetMachine& machine) {
  llvm::PassBuilder builder(&machine);
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager components;
  llvm::ModuleAnalysisManager modules;
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(components);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, components, modules);
  llvm::FunctionPassManager of_function;
  of_function.addPass(llvm::SROAPass(llvm::SROAOptions::ModifyCFG));
  of_function.addPass(llvm::EarlyCSEPass());
  of_function.addPass(llvm::InstCombinePass());
  of_function.addPass(llvm::SimplifyCFGPass());
  llvm::ModulePassManager passes;
  passes.addPass(llvm::AlwaysInlinerPass());
  passes.addPass(llvm::createModuleToFunctionPassAdaptor(std::move(of_function)));
  passes.addPass(llvm::GlobalDCEPass());
  passes.run(module, modules);
}

Status build(llvm::Module& module, llvm::TargetMachine& machine, const std::vector<LoopToCompile>& loops, Tier tier) {
  module.setTargetTriple(machine.getTargetTriple().str());
  module.setDataLayout(machine.createDataLayout());
  for (const LoopToCompile& loop : loops) generate_loop(module, *loop.pipeline, *loop.layout, *loop.spec);
  if (tier == Tier::kO0) return Done{};
  Status linked = link_intrinsics(module);
  if (linked) optimise(module, machine);
  return linked;
}

}  // namespace

Result<std::string> compile_object(const std::vector<LoopToCompile>& loops, Tier tier) {
  Result<std::unique_ptr<llvm::TargetMachine>> machine = target_this_machine(tier);
  if (!machine) return machine.error();
  llvm::LLVMContext context;
  llvm::Module module("alidade", context);
  if (Status built = build(module, **machine, loops, tier); !built) return built.error();
  llvm::SmallString<0> object;
  llvm::raw_svector_ostream stream(object);
  llvm::legacy::PassManager passes;
  if ((*machine)->addPassesToEmitFile(passes, stream, nullptr, llvm::CodeGenFileType::ObjectFile)) {
    return not_targeted("LLVM writes no object files for it");
  }
  passes.run(module);
  return object.str().str();
}

Result<std::string> optimised_text(const std::vector<LoopToCompile>& loops) {
  Result<std::unique_ptr<llvm::TargetMachine>> machine = target_this_machine(Tier::kO1);
  if (!machine) return machine.error();
  llvm::LLVMContext context;
  llvm::Module module("alidade", context);
  if (Status built = build(module, **machine, loops, Tier::kO1); !built) return built.error();
  std::string text;
  llvm::raw_string_ostream stream(text);
  ALIDADE_CHECK(!llvm::verifyModule(module, &llvm::errs()));
  for (const LoopToCompile& loop : loops) stream << *module.getFunction(loop.spec->name) << '\n';
  return text;
}

}  // namespace alidade
