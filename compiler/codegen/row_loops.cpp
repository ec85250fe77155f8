// The loops over rows; see row_loops.h. An update is branch-free (its condition turned into a mask) where its work is a
// few integer instructions, because guards of metrics are hard to predict; float sums, divisions and calls are worth a
// branch.
#include "compiler/codegen/row_loops.h"

#include <algorithm>
#include <limits>
#include <optional>

#include "compiler/codegen/loop.h"
#include "compiler/codegen/wide_loop.h"
#include "compiler/plan/ops.h"
#include "llvm/IR/CFG.h"

namespace alidade {
namespace {

// A sum of values this wide holds 2^47 rows before it could leave 128 bits: it needs no check.
constexpr int kUncheckedBits = 80;

bool needs_check(const Pipeline& pipeline, int op) { return pipeline.ops[op].bits > kUncheckedBits; }

// Whether evaluating an op on a row that its guard refuses costs next to nothing.
bool is_cheap(const Pipeline& pipeline, int index) {
  const std::vector<int> parts = ops_below(pipeline.ops, index);
  return std::all_of(parts.begin(), parts.end(), [&](int part) {
    const OpKind kind = pipeline.ops[part].kind;
    return kind != OpKind::kQuotient && kind != OpKind::kDivide && kind != OpKind::kToFloat &&
           kind != OpKind::kRoundExact && kind != OpKind::kRoundFloat;
  });
}

bool is_bound(al_accumulator_kind kind) {
  return kind == AL_MIN_EXACT || kind == AL_MAX_EXACT || kind == AL_MIN_FLOAT || kind == AL_MAX_FLOAT;
}

bool is_minimum(al_accumulator_kind kind) { return kind == AL_MIN_EXACT || kind == AL_MIN_FLOAT; }

// Where a row's `order` field puts it, as an integer: a double's bits, turned so that they ascend with it; a missing
// one before all others.
llvm::Value* order_of(Builder& builder, RowValues& values, const Moment& moment) {
  if (moment.order < 0) return builder.getInt64(0);
  const RowValue order = values.value(moment.order);
  llvm::Value* place = order.value;
  if (place->getType()->isDoubleTy()) {
    llvm::Value* zero = llvm::ConstantFP::get(place->getType(), 0.0);
    llvm::Value* bits = builder.CreateBitCast(builder.CreateFAdd(place, zero), builder.getInt64Ty());
    llvm::Value* flips = builder.CreateLShr(builder.CreateAShr(bits, 63), 1);
    place = builder.CreateXor(bits, flips);
  }
  if (order.valid == nullptr) return place;
  return builder.CreateSelect(order.valid, place, builder.getInt64(std::numeric_limits<int64_t>::min()));
}

// A value that is kept as it is: an integer's halves, or a double's bits (-0.0 as 0.0) and nothing.
Halves value_halves(Builder& builder, llvm::Value* value) {
  if (!value->getType()->isDoubleTy()) return halves(builder, value);
  llvm::Value* canonical = builder.CreateFAdd(value, llvm::ConstantFP::get(value->getType(), 0.0));
  return {builder.CreateBitCast(canonical, builder.getInt64Ty()), builder.getInt64(0)};
}

class UpdateLoop {
 public:
  UpdateLoop(llvm::Module& module, const Pipeline& pipeline, const PipelineProgram& layout, const LoopSpec& spec)
      : pipeline_(pipeline),
        layout_(layout),
        spec_(spec),
        loop_(update_frame(module, spec.name)),
        builder_(loop_.builder()) {}

  void generate() {
    loop_.begin(load_row_count(loop_));
    pointers_.emplace(loop_.entry(), loop_.function()->getArg(0));
    values_.emplace(pipeline_, *pointers_, builder_, loop_.index());
    std::vector<Dispatch::Update> guarded;
    for (const Dispatch::Update& update : spec_.updates) {
      if (!is_masked(accumulator(update))) {
        guarded.push_back(update);
      } else if (is_bound(accumulator(update).kind)) {
        bound(update, condition(update));
      } else {
        masked(update);
      }
    }
    while (!guarded.empty()) {
      const int guard = guarded.front().guard;
      const auto other = std::stable_partition(guarded.begin(), guarded.end(),
                                               [&](const Dispatch::Update& update) { return update.guard == guard; });
      under_guard(guard, {guarded.begin(), other});
      guarded.erase(guarded.begin(), other);
    }
    loop_.end();
    builder_.CreateRetVoid();
  }

 private:
  const Accumulator& accumulator(const Dispatch::Update& update) const {
    return pipeline_.accumulators[update.accumulator];
  }

  bool is_masked(const Accumulator& accumulator) const {
    switch (accumulator.kind) {
      case AL_COUNT:
        return true;
      case AL_SUM_EXACT:
      case AL_SUM_PLAIN:
      case AL_MIN_EXACT:
      case AL_MAX_EXACT:
      case AL_MIN_FLOAT:
      case AL_MAX_FLOAT:
        return is_cheap(pipeline_, accumulator.input);
      case AL_SUM_FLOAT:
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
        return false;
    }
    ALIDADE_CHECK(false);
  }

  llvm::Value* condition(const Dispatch::Update& update) {
    return values_->condition_with_input(update.guard, accumulator(update).input);
  }

  llvm::Value* state(const Dispatch::Update& update) {
    const AccumulatorLayout& place = layout_.accumulators[update.accumulator];
    return field(pointers_->state(place.key_space_use), place.offset);
  }

  llvm::Value* field(llvm::Value* base, uint64_t bytes) {
    return builder_.CreateConstInBoundsGEP1_64(builder_.getInt8Ty(), base, bytes);
  }

  llvm::Value* as_int128(llvm::Value* exact) { return builder_.CreateSExt(exact, builder_.getInt128Ty()); }

  // Counts and sums: a row that does not pass adds 0.
  void masked(const Dispatch::Update& update) {
    llvm::Value* holds = condition(update);
    if (accumulator(update).kind != AL_COUNT) {
      llvm::Value* input = values_->value(accumulator(update).input).value;
      if (holds != nullptr) input = builder_.CreateSelect(holds, input, llvm::Constant::getNullValue(input->getType()));
      accumulator(update).kind == AL_SUM_PLAIN ? add_plain(update, input) : add_exact(update, input);
      return;
    }
    llvm::Value* place = state(update);
    llvm::Value* one = holds == nullptr ? builder_.getInt64(1) : builder_.CreateZExt(holds, builder_.getInt64Ty());
    builder_.CreateStore(builder_.CreateAdd(builder_.CreateLoad(one->getType(), place), one), place);
  }

  void add_plain(const Dispatch::Update& update, llvm::Value* input) {
    llvm::Value* place = state(update);
    builder_.CreateStore(builder_.CreateFAdd(builder_.CreateLoad(input->getType(), place), input), place);
  }

  void add_exact(const Dispatch::Update& update, llvm::Value* input) {
    llvm::Value* place = state(update);
    if (needs_check(pipeline_, accumulator(update).input)) {
      const auto [low, high] = halves(builder_, input);
      call_runtime(builder_, "al_add_exact", builder_.getVoidTy(), {place, low, high});
      return;
    }
    if (input->getType()->isIntegerTy(64)) {
      add_word(place, input);
      return;
    }
    llvm::Value* sum = builder_.CreateLoad(builder_.getInt128Ty(), place);
    builder_.CreateStore(builder_.CreateAdd(sum, as_int128(input)), place);
  }

  // A 64-bit value changes the high word only where the carry does not cancel its sign: when a sum passes 2^64 or 0.
  // That branch is cheaper than a second word to load, add and store with every row.
  void add_word(llvm::Value* place, llvm::Value* input) {
    llvm::Value* low = builder_.CreateLoad(builder_.getInt64Ty(), place);
    llvm::Value* sum = builder_.CreateAdd(low, input);
    builder_.CreateStore(sum, place);
    llvm::Value* carries = builder_.CreateICmpULT(sum, low);
    llvm::Value* negative = builder_.CreateICmpSLT(input, builder_.getInt64(0));
    llvm::BasicBlock* after = loop_.enter(builder_.CreateXor(carries, negative), loop_.rarely());
    llvm::Value* change = builder_.CreateSelect(negative, builder_.getInt64(-1), builder_.getInt64(1));
    llvm::Value* high = field(place, offsetof(al_exact, high));
    builder_.CreateStore(builder_.CreateAdd(builder_.CreateLoad(builder_.getInt64Ty(), high), change), high);
    loop_.leave(after);
  }

  // min and max: one branch, on "this row moves the bound", which few rows do.
  void bound(const Dispatch::Update& update, llvm::Value* holds) {
    const al_accumulator_kind kind = accumulator(update).kind;
    const bool exact = kind == AL_MIN_EXACT || kind == AL_MAX_EXACT;
    llvm::Type* type = exact ? builder_.getInt128Ty() : builder_.getDoubleTy();
    llvm::Value* place = state(update);
    llvm::Value* flags = field(place, exact ? offsetof(al_exact, flags) : offsetof(al_float_bound, flags));
    llvm::Value* input = values_->value(accumulator(update).input).value;
    if (exact) input = as_int128(input);
    llvm::Value* current = builder_.CreateLoad(type, place);
    llvm::Value* unseen =
        builder_.CreateICmpEQ(builder_.CreateLoad(builder_.getInt64Ty(), flags), builder_.getInt64(0));
    llvm::Value* beyond = nullptr;
    if (exact) {
      beyond = is_minimum(kind) ? builder_.CreateICmpSLT(input, current) : builder_.CreateICmpSGT(input, current);
    } else {
      beyond = is_minimum(kind) ? builder_.CreateFCmpOLT(input, current) : builder_.CreateFCmpOGT(input, current);
    }
    llvm::Value* moves = builder_.CreateOr(unseen, beyond);
    if (holds != nullptr) moves = builder_.CreateAnd(holds, moves);
    llvm::BasicBlock* after = loop_.enter(moves, loop_.rarely());
    if (!exact) input = builder_.CreateFAdd(input, llvm::ConstantFP::get(type, 0.0));  // -0.0 becomes 0.0
    builder_.CreateStore(input, place);
    builder_.CreateStore(builder_.getInt64(AL_FLAG_SEEN), flags);
    loop_.leave(after);
  }

  void under_guard(int guard, const std::vector<Dispatch::Update>& updates) {
    llvm::Value* holds = values_->condition(guard);
    llvm::BasicBlock* after = holds == nullptr ? nullptr : loop_.enter(holds);
    values_->open_branch();
    for (const Dispatch::Update& update : updates) {
      const RowValue input = values_->value(accumulator(update).input);
      llvm::BasicBlock* without = input.valid == nullptr ? nullptr : loop_.enter(input.valid);
      values_->open_branch();
      fold(update, input.value);
      values_->close_branch();
      if (without != nullptr) loop_.leave(without);
    }
    values_->close_branch();
    if (after != nullptr) loop_.leave(after);
  }

  // The row passes its guard and its input is there.
  void fold(const Dispatch::Update& update, llvm::Value* input) {
    const al_accumulator_kind kind = accumulator(update).kind;
    if (is_bound(kind)) {
      bound(update, nullptr);
    } else if (kind == AL_SUM_FLOAT) {
      call_runtime(builder_, "al_add_float", builder_.getVoidTy(), {state(update), input});
    } else if (kind == AL_SUM_PLAIN) {
      add_plain(update, input);
    } else if (kind == AL_SUM_EXACT) {
      add_exact(update, input);
    } else if (has_moment(kind)) {
      keep(update, input);
    } else if (kind == AL_MOMENTS_FLOAT) {
      call_runtime(builder_, "al_add_moments_float", builder_.getVoidTy(), {state(update), input});
    } else if (kind == AL_MOMENTS_EXACT) {
      const auto [low, high] = halves(builder_, input);
      call_runtime(builder_, "al_add_moments_exact", builder_.getVoidTy(), {state(update), low, high});
    } else {
      push(update, input);
    }
  }

  void keep(const Dispatch::Update& update, llvm::Value* input) {
    const Accumulator& kept = accumulator(update);
    const bool first = kept.kind == AL_FIRST_EXACT || kept.kind == AL_FIRST_FLOAT;
    const auto [low, high] = value_halves(builder_, input);
    call_runtime(
        builder_, first ? "al_keep_first" : "al_keep_last", builder_.getVoidTy(),
        {state(update), values_->value(kept.moment.time).value, order_of(builder_, *values_, kept.moment), low, high});
  }

  void push(const Dispatch::Update& update, llvm::Value* input) {
    const AccumulatorLayout& place = layout_.accumulators[update.accumulator];
    llvm::Value* sink = pointers_->sink(place.sink);
    llvm::Value* cell = pointers_->cell(place.key_space_use);
    llvm::Type* nothing = builder_.getVoidTy();
    if (accumulator(update).kind == AL_VALUES_FLOAT) {
      call_runtime(builder_, "al_push_float", nothing, {sink, cell, input});
    } else {
      ALIDADE_CHECK(accumulator(update).kind == AL_VALUES_EXACT);
      const auto [low, high] = halves(builder_, input);
      call_runtime(builder_, "al_push_exact", nothing, {sink, cell, low, high});
    }
  }

  const Pipeline& pipeline_;
  const PipelineProgram& layout_;
  const LoopSpec& spec_;
  Loop loop_;
  Builder& builder_;
  std::optional<RowPointers> pointers_;
  std::optional<RowValues> values_;
};

/// Narrow rows: each is written where the next belongs, and kept by moving on if its mask is not empty.
class ExchangeLoop {
 public:
  ExchangeLoop(llvm::Module& module, const Pipeline& pipeline, const PipelineProgram& layout, const LoopSpec& spec)
      : pipeline_(pipeline),
        machine_(pipeline.machines[spec.machine]),
        layout_(layout.machines[spec.machine]),
        loop_(module, spec.name, llvm::Type::getInt64Ty(module.getContext()), parameters(module)),
        builder_(loop_.builder()) {}

  void generate() {
    loop_.begin(load_row_count(loop_));
    llvm::PHINode* kept = builder_.CreatePHI(builder_.getInt64Ty(), 2, "kept");
    kept->addIncoming(builder_.getInt64(0), loop_.entry());
    RowPointers pointers(loop_.entry(), loop_.function()->getArg(0));
    RowValues values(pipeline_, pointers, builder_, loop_.index());
    llvm::Value* out =
        builder_.CreateInBoundsGEP(builder_.getInt8Ty(), loop_.function()->getArg(1),
                                   builder_.CreateMul(kept, builder_.getInt64(layout_.row_bytes), "", true, true));
    llvm::Value* any = masks(values, out);
    const bool selective = !std::count(machine_.bits.begin(), machine_.bits.end(), -1);
    llvm::BasicBlock* after = selective ? loop_.enter(any) : nullptr;
    values.open_branch();
    store(builder_.CreateTrunc(loop_.index(), builder_.getInt32Ty()), out, 0, 8);
    const int use = machine_.key_space_use;
    store(use < 0 ? builder_.getInt32(0) : values.cell(use), out, 4, 4);
    for (size_t i = 0; i < machine_.folds.size(); ++i) slot(values, out, i);
    values.close_branch();
    if (after != nullptr) loop_.leave(after);
    llvm::Value* next = builder_.CreateAdd(kept, builder_.CreateZExt(any, builder_.getInt64Ty()), "", true, true);
    kept->addIncoming(next, builder_.GetInsertBlock());
    loop_.end();
    llvm::PHINode* all = builder_.CreatePHI(builder_.getInt64Ty(), 2);
    for (llvm::BasicBlock* from : llvm::predecessors(loop_.exit())) {
      all->addIncoming(from == loop_.entry() ? static_cast<llvm::Value*>(builder_.getInt64(0)) : next, from);
    }
    builder_.CreateRet(all);
  }

 private:
  static std::vector<llvm::Type*> parameters(llvm::Module& module) {
    llvm::Type* pointer = llvm::PointerType::getUnqual(module.getContext());
    return {pointer, pointer};
  }

  void store(llvm::Value* value, llvm::Value* out, uint64_t offset, uint64_t alignment) {
    llvm::Value* place = builder_.CreateConstInBoundsGEP1_64(builder_.getInt8Ty(), out, offset);
    builder_.CreateAlignedStore(value, place, llvm::Align(alignment));
  }

  // Writes the mask words and returns whether any bit is set.
  llvm::Value* masks(RowValues& values, llvm::Value* out) {
    const std::vector<MaskBit> bits = mask_bits(pipeline_, machine_);
    llvm::Value* any = builder_.getInt64(0);
    for (int word = 0; word < layout_.mask_words; ++word) {
      llvm::Value* mask = builder_.getInt64(0);
      const size_t end = std::min(bits.size(), static_cast<size_t>(word + 1) * 64);
      for (size_t i = static_cast<size_t>(word) * 64; i < end; ++i) {
        llvm::Value* holds = values.condition_with_input(bits[i].guard, bits[i].input);
        if (holds == nullptr) holds = builder_.getTrue();
        llvm::Value* bit = builder_.CreateShl(builder_.CreateZExt(holds, builder_.getInt64Ty()), i % 64);
        mask = builder_.CreateOr(mask, bit);
      }
      store(mask, out, 8 + 8 * word, 8);
      any = builder_.CreateOr(any, mask);
    }
    return builder_.CreateICmpNE(any, builder_.getInt64(0));
  }

  void slot(RowValues& values, llvm::Value* out, size_t index) {
    const Machine::Fold& fold = machine_.folds[index];
    if (has_moment(fold.kind)) return moment_slot(values, out, index);
    if (fold.input < 0) return;
    llvm::Value* input = values.value(fold.input).value;
    if (fold.kind == AL_VALUES_KEY) {
      input = input->getType()->isDoubleTy() ? builder_.CreateBitCast(input, builder_.getInt64Ty())
                                             : builder_.CreateZExtOrTrunc(input, builder_.getInt64Ty());
    } else if (!input->getType()->isDoubleTy()) {
      input = builder_.CreateSExt(input, builder_.getInt128Ty());
    }
    store(input, out, layout_.accumulators[index].slot_offset, 8);
  }

  void moment_slot(RowValues& values, llvm::Value* out, size_t index) {
    const Machine::Fold& fold = machine_.folds[index];
    const uint64_t slot = layout_.accumulators[index].slot_offset;
    store(values.value(fold.moment.time).value, out, slot, 8);
    store(order_of(builder_, values, fold.moment), out, slot + 8, 8);
    if (keeps_row(fold.kind)) return carried_columns_slot(values, out, fold, slot + 16);
    const auto [low, high] = value_halves(builder_, values.value(fold.input).value);
    store(low, out, slot + 16, 8);
    store(high, out, slot + 24, 8);
  }

  // A bit per column that is there, then the columns: equal rows have equal bytes.
  void carried_columns_slot(RowValues& values, llvm::Value* out, const Machine::Fold& fold, uint64_t slot) {
    const size_t words = (fold.carried.size() + 63) / 64;
    std::vector<llvm::Value*> there(words, builder_.getInt64(0));
    for (size_t i = 0; i < fold.carried.size(); ++i) {
      const RowValue column = values.value(fold.carried[i]);
      llvm::Value* value = column.value;
      value = value->getType()->isDoubleTy() ? value_halves(builder_, value).low
                                             : builder_.CreateZExt(value, builder_.getInt64Ty());
      llvm::Value* valid = column.valid == nullptr ? builder_.getTrue() : column.valid;
      value = builder_.CreateSelect(valid, value, builder_.getInt64(0));
      store(value, out, slot + 8 * (words + i), 8);
      llvm::Value* bit = builder_.CreateShl(builder_.CreateZExt(valid, builder_.getInt64Ty()), i % 64);
      there[i / 64] = builder_.CreateOr(there[i / 64], bit);
    }
    for (size_t word = 0; word < words; ++word) store(there[word], out, slot + 8 * word, 8);
  }

  const Pipeline& pipeline_;
  const Machine& machine_;
  const MachineProgram& layout_;
  Loop loop_;
  Builder& builder_;
};

}  // namespace

void generate_loop(llvm::Module& module, const Pipeline& pipeline, const PipelineProgram& layout,
                   const LoopSpec& spec) {
  if (spec.machine >= 0) {
    ExchangeLoop(module, pipeline, layout, spec).generate();
  } else if (spec.wide) {
    generate_wide_loop(module, pipeline, layout, spec);
  } else {
    UpdateLoop(module, pipeline, layout, spec).generate();
  }
}

}  // namespace alidade
