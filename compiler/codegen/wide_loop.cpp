// Wide update loops; see wide_loop.h. Each lane of a register folds every AL_LANES-th row of the run. Sums are exact
// unless they are plain: whole numbers are added in halves of 32 bits, which no run can make overflow, and doubles as
// the pair of al_float_sum.
#include "compiler/codegen/wide_loop.h"

#include <map>
#include <optional>

#include "compiler/codegen/loop.h"
#include "llvm/IR/Intrinsics.h"

namespace alidade {
namespace {

constexpr unsigned kHalf = 32;
static_assert(uint64_t{AL_MORSEL_ROWS} << kHalf < uint64_t{1} << 62);

class WideLoop {
 public:
  WideLoop(llvm::Module& module, const Pipeline& pipeline, const PipelineProgram& layout, const LoopSpec& spec)
      : pipeline_(pipeline),
        layout_(layout),
        spec_(spec),
        loop_(update_frame(module, spec.name)),
        builder_(loop_.builder()),
        words_(llvm::FixedVectorType::get(builder_.getInt64Ty(), AL_LANES)),
        numbers_(llvm::FixedVectorType::get(builder_.getDoubleTy(), AL_LANES)),
        truths_(llvm::FixedVectorType::get(builder_.getInt1Ty(), AL_LANES)) {}

  void generate() {
    llvm::Value* row_count = load_row_count(loop_);
    loop_.begin(row_count);
    pointers_.emplace(loop_.entry(), loop_.function()->getArg(0));
    values_.emplace(pipeline_, *pointers_, builder_, loop_.index(), AL_LANES);
    for (const Dispatch::Update& update : spec_.updates) add_registers(update);
    builder_.SetInsertPoint(loop_.body());
    active_ = rows_before(row_count);
    for (size_t i = 0; i < spec_.updates.size(); ++i) step(spec_.updates[i], folds_[i]);
    loop_.end(AL_LANES);
    llvm::BasicBlock* latch = *std::next(llvm::pred_begin(loop_.exit()));
    if (latch == loop_.entry()) latch = *llvm::pred_begin(loop_.exit());
    for (Fold& fold : folds_) {
      for (Register& lanes : fold) leave(lanes, latch);
    }
    for (size_t i = 0; i < spec_.updates.size(); ++i) finish(spec_.updates[i], folds_[i]);
    builder_.CreateRetVoid();
  }

 private:
  /// Lanes that live across rows: what they start as, in this step, and what the step makes of them; after the loop,
  /// `now` is what came out.
  struct Register {
    llvm::Constant* start = nullptr;
    llvm::PHINode* phi = nullptr;
    llvm::Value* now = nullptr;
  };
  using Fold = std::vector<Register>;

  const Accumulator& accumulator(const Dispatch::Update& update) const {
    return pipeline_.accumulators[update.accumulator];
  }

  void add_registers(const Dispatch::Update& update) {
    Fold& fold = folds_.emplace_back();
    llvm::Constant* zero = llvm::Constant::getNullValue(words_);
    switch (accumulator(update).kind) {
      case AL_COUNT:
        fold = {{zero}};
        break;
      case AL_SUM_EXACT:
        fold = {{zero}, {zero}};  // low halves, high halves
        break;
      case AL_MIN_EXACT:
        fold = {{llvm::ConstantInt::get(words_, INT64_MAX)}, {llvm::Constant::getNullValue(truths_)}};
        break;
      case AL_MAX_EXACT:
        fold = {{llvm::ConstantInt::getSigned(words_, INT64_MIN)}, {llvm::Constant::getNullValue(truths_)}};
        break;
      case AL_SUM_FLOAT:
        fold = {{llvm::Constant::getNullValue(numbers_)}, {llvm::Constant::getNullValue(numbers_)}};  // high, low
        break;
      case AL_SUM_PLAIN:
        fold = {{llvm::Constant::getNullValue(numbers_)}};
        break;
      case AL_MIN_FLOAT:
        fold = {{llvm::ConstantFP::getInfinity(numbers_)}, {llvm::Constant::getNullValue(truths_)}};
        break;
      case AL_MAX_FLOAT:
        fold = {{llvm::ConstantFP::getInfinity(numbers_, true)}, {llvm::Constant::getNullValue(truths_)}};
        break;
      case AL_VALUES_EXACT:
      case AL_VALUES_FLOAT:
      case AL_VALUES_KEY:
      case AL_FIRST_EXACT:
      case AL_LAST_EXACT:
      case AL_FIRST_FLOAT:
      case AL_LAST_FLOAT:
      case AL_FIRST_ROW:
      case AL_LAST_ROW:
      case AL_MOMENTS_EXACT:
      case AL_MOMENTS_FLOAT:
        ALIDADE_CHECK(false);
    }
    for (Register& lanes : fold) {
      lanes.phi = builder_.CreatePHI(lanes.start->getType(), 2);
      lanes.phi->addIncoming(lanes.start, loop_.entry());
      lanes.now = lanes.phi;
    }
  }

  // The last step may reach past the run's rows.
  llvm::Value* rows_before(llvm::Value* row_count) {
    std::vector<llvm::Constant*> places;
    for (unsigned lane = 0; lane < AL_LANES; ++lane) places.push_back(builder_.getInt64(lane));
    llvm::Value* left = builder_.CreateSub(row_count, loop_.index());
    return builder_.CreateICmpSLT(llvm::ConstantVector::get(places), builder_.CreateVectorSplat(AL_LANES, left));
  }

  llvm::Value* condition(const Dispatch::Update& update) {
    llvm::Value* holds = values_->condition_with_input(update.guard, accumulator(update).input);
    if (holds == nullptr) return active_;
    llvm::Value*& known = active_where_[holds];
    if (known == nullptr) known = builder_.CreateAnd(active_, holds);
    return known;
  }

  void step(const Dispatch::Update& update, Fold& fold) {
    llvm::Value* holds = condition(update);
    const int index = accumulator(update).input;
    llvm::Value* input = index < 0 ? nullptr : values_->value(index).value;
    const auto add = [&](Register& lanes, llvm::Value* what) {
      lanes.now = builder_.CreateSelect(holds, builder_.CreateAdd(lanes.now, what), lanes.now);
    };
    switch (accumulator(update).kind) {
      case AL_COUNT:
        return add(fold[0], llvm::ConstantInt::get(words_, 1));
      case AL_SUM_EXACT:
        add(fold[0], low_half(input));
        return add(fold[1], builder_.CreateAShr(input, kHalf));
      case AL_MIN_EXACT:
        return keep(fold, holds, input, builder_.CreateICmpSLT(input, fold[0].now));
      case AL_MAX_EXACT:
        return keep(fold, holds, input, builder_.CreateICmpSGT(input, fold[0].now));
      case AL_MIN_FLOAT:
        return keep(fold, holds, input, builder_.CreateFCmpOLT(input, fold[0].now));
      case AL_MAX_FLOAT:
        return keep(fold, holds, input, builder_.CreateFCmpOGT(input, fold[0].now));
      case AL_SUM_PLAIN:
        fold[0].now = builder_.CreateSelect(holds, builder_.CreateFAdd(fold[0].now, input), fold[0].now);
        return;
      case AL_SUM_FLOAT:
        return add_float(update, fold, builder_.CreateSelect(holds, input, llvm::Constant::getNullValue(numbers_)));
      case AL_VALUES_EXACT:
      case AL_VALUES_FLOAT:
      case AL_VALUES_KEY:
      case AL_FIRST_EXACT:
      case AL_LAST_EXACT:
      case AL_FIRST_FLOAT:
      case AL_LAST_FLOAT:
      case AL_FIRST_ROW:
      case AL_LAST_ROW:
      case AL_MOMENTS_EXACT:
      case AL_MOMENTS_FLOAT:
        ALIDADE_CHECK(false);
    }
  }

  llvm::Value* low_half(llvm::Value* input) {
    return builder_.CreateAnd(input, llvm::ConstantInt::get(words_, (uint64_t{1} << kHalf) - 1));
  }

  void keep(Fold& fold, llvm::Value* holds, llvm::Value* input, llvm::Value* beyond) {
    fold[0].now = builder_.CreateSelect(builder_.CreateAnd(holds, beyond), input, fold[0].now);
    fold[1].now = builder_.CreateOr(fold[1].now, holds);
  }

  struct Rounded {
    llvm::Value* sum;
    llvm::Value* lost;  ///< by rounding, exactly
  };
  Rounded two_sum(llvm::Value* a, llvm::Value* b) {
    llvm::Value* sum = builder_.CreateFAdd(a, b);
    llvm::Value* b_seen = builder_.CreateFSub(sum, a);
    llvm::Value* a_seen = builder_.CreateFSub(sum, b_seen);
    return {sum, builder_.CreateFAdd(builder_.CreateFSub(a, a_seen), builder_.CreateFSub(b, b_seen))};
  }

  // As al_add_float, lane by lane. Where a pair cannot hold its sum, the cell takes these rows' values itself.
  void add_float(const Dispatch::Update& update, Fold& fold, llvm::Value* value) {
    const auto [high, error] = two_sum(fold[0].now, value);
    const auto [low, lost] = two_sum(fold[1].now, error);
    llvm::Value* inexact = builder_.CreateFCmpUNE(lost, llvm::Constant::getNullValue(numbers_));
    llvm::Value* any = builder_.CreateIsNotNull(builder_.CreateBitCast(inexact, builder_.getIntNTy(AL_LANES)));
    llvm::BasicBlock* before = builder_.GetInsertBlock();
    llvm::BasicBlock* after = loop_.enter(any, loop_.rarely());
    llvm::BasicBlock* inside = builder_.GetInsertBlock();
    hand_over(update, {value});
    loop_.leave(after);
    const auto chosen = [&](llvm::Value* added, Register& lanes) {
      llvm::PHINode* phi = builder_.CreatePHI(numbers_, 2);
      phi->addIncoming(added, before);
      phi->addIncoming(lanes.now, inside);
      lanes.now = phi;
    };
    chosen(high, fold[0]);
    chosen(low, fold[1]);
  }

  void hand_over(const Dispatch::Update& update, const std::vector<llvm::Value*>& lanes) {
    Builder entry(loop_.entry(), loop_.entry()->begin());
    if (buffer_ == nullptr) buffer_ = entry.CreateAlloca(llvm::ArrayType::get(numbers_, 2));
    for (size_t i = 0; i < lanes.size(); ++i) {
      builder_.CreateStore(lanes[i], builder_.CreateConstInBoundsGEP1_64(numbers_, buffer_, i));
    }
    call_runtime(builder_, "al_add_floats", builder_.getVoidTy(),
                 {state(update), buffer_, builder_.getInt64(AL_LANES * lanes.size())});
  }

  void leave(Register& lanes, llvm::BasicBlock* latch) {
    lanes.phi->addIncoming(lanes.now, latch);
    llvm::PHINode* out = builder_.CreatePHI(lanes.start->getType(), 2);
    out->addIncoming(lanes.start, loop_.entry());
    out->addIncoming(lanes.now, latch);
    lanes.now = out;
  }

  llvm::Value* state(const Dispatch::Update& update) {
    const AccumulatorLayout& place = layout_.accumulators[update.accumulator];
    return builder_.CreateConstInBoundsGEP1_64(builder_.getInt8Ty(), pointers_->state(place.key_space_use),
                                               place.offset);
  }

  void finish(const Dispatch::Update& update, Fold& fold) {
    switch (accumulator(update).kind) {
      case AL_COUNT:
        return add_to(state(update), builder_.CreateAddReduce(fold[0].now));
      case AL_SUM_EXACT: {
        llvm::Type* exact = builder_.getInt128Ty();
        llvm::Value* low = builder_.CreateZExt(builder_.CreateAddReduce(fold[0].now), exact);
        llvm::Value* high = builder_.CreateSExt(builder_.CreateAddReduce(fold[1].now), exact);
        return add_to(state(update), builder_.CreateAdd(low, builder_.CreateShl(high, kHalf)));
      }
      case AL_SUM_FLOAT:
        return hand_over(update, {fold[0].now, fold[1].now});
      case AL_SUM_PLAIN:
        return add_plain(state(update), fold[0].now);
      case AL_MIN_EXACT:
        return finish_bound(update, fold, "al_min_exact", builder_.CreateIntMinReduce(fold[0].now, true));
      case AL_MAX_EXACT:
        return finish_bound(update, fold, "al_max_exact", builder_.CreateIntMaxReduce(fold[0].now, true));
      case AL_MIN_FLOAT:
        return finish_bound(update, fold, "al_min_float", builder_.CreateFPMinReduce(fold[0].now));
      case AL_MAX_FLOAT:
        return finish_bound(update, fold, "al_max_float", builder_.CreateFPMaxReduce(fold[0].now));
      case AL_VALUES_EXACT:
      case AL_VALUES_FLOAT:
      case AL_VALUES_KEY:
      case AL_FIRST_EXACT:
      case AL_LAST_EXACT:
      case AL_FIRST_FLOAT:
      case AL_LAST_FLOAT:
      case AL_FIRST_ROW:
      case AL_LAST_ROW:
      case AL_MOMENTS_EXACT:
      case AL_MOMENTS_FLOAT:
        ALIDADE_CHECK(false);
    }
  }

  void add_to(llvm::Value* place, llvm::Value* sum) {
    const llvm::Align word(sizeof(int64_t));
    llvm::Value* before = builder_.CreateAlignedLoad(sum->getType(), place, word);
    builder_.CreateAlignedStore(builder_.CreateAdd(before, sum), place, word);
  }

  void add_plain(llvm::Value* place, llvm::Value* lanes) {
    llvm::Value* before = builder_.CreateLoad(builder_.getDoubleTy(), place);
    builder_.CreateStore(builder_.CreateFAddReduce(before, lanes), place);
  }

  void finish_bound(const Dispatch::Update& update, Fold& fold, const char* function, llvm::Value* bound) {
    llvm::BasicBlock* after = loop_.enter(builder_.CreateOrReduce(fold[1].now));
    std::vector<llvm::Value*> arguments = {state(update), bound};
    if (bound->getType()->isIntegerTy()) arguments.push_back(builder_.CreateAShr(bound, 63));
    call_runtime(builder_, function, builder_.getVoidTy(), std::move(arguments));
    loop_.leave(after);
  }

  const Pipeline& pipeline_;
  const PipelineProgram& layout_;
  const LoopSpec& spec_;
  Loop loop_;
  Builder& builder_;
  llvm::Type *words_, *numbers_, *truths_;
  std::optional<RowPointers> pointers_;
  std::optional<RowValues> values_;
  llvm::Value* active_ = nullptr;
  std::map<llvm::Value*, llvm::Value*> active_where_;
  std::vector<Fold> folds_;  ///< by update
  llvm::Value* buffer_ = nullptr;
};

}  // namespace

void generate_wide_loop(llvm::Module& module, const Pipeline& pipeline, const PipelineProgram& layout,
                        const LoopSpec& spec) {
  WideLoop(module, pipeline, layout, spec).generate();
}

}  // namespace alidade
