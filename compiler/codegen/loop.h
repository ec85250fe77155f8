// The frame of a generated function: a loop over rows. Inside the room only; tested through codegen_test.cpp.
#pragma once

#include <cstddef>
#include <string>

#include "compiler/codegen/row_values.h"
#include "llvm/IR/MDBuilder.h"
#include "llvm/IR/Module.h"
#include "runtime/abi.h"

namespace alidade {

/// for (j = 0; j < row_count; j += step), with what differs between kinds of loops generated in between.
class Loop {
 public:
  Loop(llvm::Module& module, const std::string& name, llvm::Type* result, llvm::ArrayRef<llvm::Type*> parameters)
      : builder_(module.getContext()) {
    llvm::FunctionType* type = llvm::FunctionType::get(result, parameters, false);
    function_ = llvm::Function::Create(type, llvm::Function::ExternalLinkage, name, module);
    function_->setDoesNotThrow();
    for (llvm::Argument& argument : function_->args()) {
      if (argument.getType()->isPointerTy()) argument.addAttr(llvm::Attribute::NoAlias);
    }
    entry_ = add_block("entry");
    body_ = add_block("row");
    exit_ = add_block("done");
  }

  void begin(llvm::Value* row_count) {
    row_count_ = row_count;
    builder_.SetInsertPoint(entry_);
    llvm::Value* any = builder_.CreateICmpSGT(row_count, builder_.getInt64(0));
    builder_.CreateCondBr(any, body_, exit_);
    builder_.SetInsertPoint(body_);
    index_ = builder_.CreatePHI(builder_.getInt64Ty(), 2, "index");
    index_->addIncoming(builder_.getInt64(0), entry_);
  }

  void end(unsigned step = 1) {
    llvm::Value* next = builder_.CreateAdd(index_, builder_.getInt64(step), "", true, true);
    index_->addIncoming(next, builder_.GetInsertBlock());
    builder_.CreateCondBr(builder_.CreateICmpSLT(next, row_count_), body_, exit_);
    exit_->moveAfter(builder_.GetInsertBlock());
    builder_.SetInsertPoint(exit_);
  }

  /// Starts a block that runs only where `holds`; leave() joins again. Blocks nest.
  llvm::BasicBlock* enter(llvm::Value* holds, llvm::MDNode* weights = nullptr) {
    llvm::BasicBlock* inside = add_block("then");
    llvm::BasicBlock* after = add_block("after");
    builder_.CreateCondBr(holds, inside, after, weights);
    builder_.SetInsertPoint(inside);
    return after;
  }
  void leave(llvm::BasicBlock* after) {
    builder_.CreateBr(after);
    after->moveAfter(builder_.GetInsertBlock());
    builder_.SetInsertPoint(after);
  }

  llvm::BasicBlock* add_block(const char* name) {
    return llvm::BasicBlock::Create(builder_.getContext(), name, function_);
  }
  llvm::MDNode* rarely() { return llvm::MDBuilder(builder_.getContext()).createBranchWeights(1, 1000); }
  Builder& builder() { return builder_; }
  llvm::Function* function() { return function_; }
  llvm::BasicBlock* entry() { return entry_; }
  llvm::BasicBlock* exit() { return exit_; }
  llvm::BasicBlock* body() { return body_; }
  llvm::Value* index() { return index_; }

 private:
  Builder builder_;
  llvm::Function* function_ = nullptr;
  llvm::BasicBlock *entry_ = nullptr, *body_ = nullptr, *exit_ = nullptr;
  llvm::PHINode* index_ = nullptr;
  llvm::Value* row_count_ = nullptr;
};

/// The frame of an al_update: its one parameter is the run.
inline Loop update_frame(llvm::Module& module, const std::string& name) {
  llvm::LLVMContext& context = module.getContext();
  return Loop(module, name, llvm::Type::getVoidTy(context), {llvm::PointerType::getUnqual(context)});
}
inline llvm::Value* load_row_count(Loop& loop) {
  static_assert(offsetof(al_run, row_count) == offsetof(al_morsel, row_count));
  Builder& builder = loop.builder();
  builder.SetInsertPoint(loop.entry());
  llvm::Value* place =
      builder.CreateConstInBoundsGEP1_64(builder.getInt8Ty(), loop.function()->getArg(0), offsetof(al_run, row_count));
  return builder.CreateLoad(builder.getInt64Ty(), place);
}

}  // namespace alidade
