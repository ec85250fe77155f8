// Row expressions as LLVM values; see row_values.h.
#include "compiler/codegen/row_values.h"

#include <cstddef>
#include <utility>

#include "llvm/IR/Intrinsics.h"
#include "llvm/IR/Module.h"

namespace alidade {
namespace {

llvm::Value* at_offset(Builder& builder, llvm::Value* pointer, size_t bytes) {
  return builder.CreateConstInBoundsGEP1_64(builder.getInt8Ty(), pointer, bytes);
}

llvm::Constant* exact_constant(llvm::Type* type, int128 value) {
  const uint64_t words[] = {static_cast<uint64_t>(value), static_cast<uint64_t>(value >> 64)};
  return llvm::ConstantInt::get(type, llvm::APInt(128, words).trunc(type->getScalarSizeInBits()));
}

llvm::CmpInst::Predicate integer_predicate(OpKind kind) {
  if (kind == OpKind::kEqual) return llvm::CmpInst::ICMP_EQ;
  if (kind == OpKind::kNotEqual) return llvm::CmpInst::ICMP_NE;
  if (kind == OpKind::kLess) return llvm::CmpInst::ICMP_SLT;
  if (kind == OpKind::kLessEqual) return llvm::CmpInst::ICMP_SLE;
  if (kind == OpKind::kGreater) return llvm::CmpInst::ICMP_SGT;
  ALIDADE_CHECK(kind == OpKind::kGreaterEqual);
  return llvm::CmpInst::ICMP_SGE;
}

llvm::CmpInst::Predicate float_predicate(OpKind kind) {
  if (kind == OpKind::kEqual) return llvm::CmpInst::FCMP_OEQ;
  if (kind == OpKind::kNotEqual) return llvm::CmpInst::FCMP_ONE;
  if (kind == OpKind::kLess) return llvm::CmpInst::FCMP_OLT;
  if (kind == OpKind::kLessEqual) return llvm::CmpInst::FCMP_OLE;
  if (kind == OpKind::kGreater) return llvm::CmpInst::FCMP_OGT;
  ALIDADE_CHECK(kind == OpKind::kGreaterEqual);
  return llvm::CmpInst::FCMP_OGE;
}

}  // namespace

// -------------------------------------------------------------------------------------------------- pointers

llvm::Value* RowPointers::element(size_t array_offset, size_t element_offset, std::vector<llvm::Value*>& loaded,
                                  int index) {
  if (loaded.size() <= static_cast<size_t>(index)) loaded.resize(index + 1);
  if (loaded[index] == nullptr) {
    llvm::Value* array = builder_.CreateLoad(builder_.getPtrTy(), at_offset(builder_, rows_source_, array_offset));
    loaded[index] = builder_.CreateLoad(builder_.getPtrTy(), at_offset(builder_, array, element_offset));
  }
  return loaded[index];
}

llvm::Value* RowPointers::column_values(int column) {
  const size_t place = column * sizeof(al_column) + offsetof(al_column, values);
  return element(offsetof(al_morsel, columns), place, values_, column);
}
llvm::Value* RowPointers::column_valid(int column) {
  const size_t place = column * sizeof(al_column) + offsetof(al_column, valid);
  return element(offsetof(al_morsel, columns), place, valid_, column);
}
llvm::Value* RowPointers::cells(int use) {
  return element(offsetof(al_morsel, cells), use * sizeof(void*), cells_, use);
}
llvm::Value* RowPointers::cell(int use) {
  if (cells_.size() <= static_cast<size_t>(use)) cells_.resize(use + 1);
  if (cells_[use] == nullptr) {
    llvm::Value* ids =
        builder_.CreateLoad(builder_.getPtrTy(), at_offset(builder_, rows_source_, offsetof(al_run, cells)));
    cells_[use] = builder_.CreateLoad(builder_.getInt32Ty(), at_offset(builder_, ids, use * sizeof(uint32_t)));
  }
  return cells_[use];
}
llvm::Value* RowPointers::state(int use) {
  return element(offsetof(al_run, states), use * sizeof(void*), states_, use);
}
llvm::Value* RowPointers::sink(int sink) {
  return element(offsetof(al_run, sinks), sink * sizeof(void*), sinks_, sink);
}

// -------------------------------------------------------------------------------------------------- values

RowValues::RowValues(const Pipeline& pipeline, RowPointers& pointers, Builder& builder, llvm::Value* row,
                     unsigned lanes)
    : pipeline_(pipeline), pointers_(pointers), builder_(builder), row_(row), lanes_(lanes) {
  values_.resize(pipeline.ops.size());
  cells_.resize(pipeline.key_spaces.size());
}

llvm::Type* RowValues::wide(llvm::Type* type) const {
  return lanes_ == 1 ? type : llvm::FixedVectorType::get(type, lanes_);
}

RowValue RowValues::value(int op) {
  if (values_[op].value == nullptr) {
    const RowValue evaluated = evaluate(pipeline_.ops[op]);
    values_[op] = evaluated;
    evaluated_.push_back(op);
  }
  return values_[op];
}

llvm::Value* RowValues::cell(int use) {
  if (cells_[use] == nullptr) {
    llvm::Value* place = builder_.CreateInBoundsGEP(builder_.getInt32Ty(), pointers_.cells(use), row_);
    cells_[use] = builder_.CreateLoad(builder_.getInt32Ty(), place);
    evaluated_.push_back(-1 - use);
  }
  return cells_[use];
}

void RowValues::close_branch() {
  for (; evaluated_.size() > scopes_.back(); evaluated_.pop_back()) {
    const int last = evaluated_.back();
    if (last >= 0) {
      values_[last] = {};
    } else {
      cells_[-1 - last] = nullptr;
    }
  }
  scopes_.pop_back();
}

llvm::Value* RowValues::condition(int op) {
  if (op < 0) return nullptr;
  const RowValue truth = value(op);
  return both(truth.value, truth.valid);
}

llvm::Value* RowValues::condition_with_input(int guard, int input) {
  llvm::Value* holds = condition(guard);
  return input < 0 ? holds : both(holds, value(input).valid);
}

RowValue RowValues::evaluate(const Op& op) {
  switch (op.kind) {
    case OpKind::kColumn:
      return column(op);
    case OpKind::kConst:
      switch (op.type) {
        case OpType::kExact:
          return {exact_constant(exact_type(op), op.exact)};
        case OpType::kFloat:
          return {llvm::ConstantFP::get(wide(builder_.getDoubleTy()), op.number)};
        case OpType::kBool:
          return {llvm::ConstantInt::get(wide(builder_.getInt1Ty()), op.truth ? 1 : 0)};
        case OpType::kCode:
          return {llvm::ConstantInt::get(wide(builder_.getInt32Ty()), static_cast<uint32_t>(op.exact))};
      }
      break;
    case OpKind::kNegate:
    case OpKind::kAdd:
    case OpKind::kSubtract:
    case OpKind::kMultiply:
      return arithmetic(op);
    case OpKind::kScaleUp:
      return scale_up(op);
    case OpKind::kToFloat:
      return to_float(op);
    case OpKind::kDivide:
      return divide(op);
    case OpKind::kQuotient:
      return quotient(op);
    case OpKind::kEqual:
    case OpKind::kNotEqual:
    case OpKind::kLess:
    case OpKind::kLessEqual:
    case OpKind::kGreater:
    case OpKind::kGreaterEqual:
      return {comparison(op)};
    case OpKind::kCodeIn:
      return {code_in(op)};
    case OpKind::kAnd: {
      llvm::Value* a = condition(op.a);
      return {builder_.CreateAnd(a, condition(op.b))};
    }
    case OpKind::kOr: {
      llvm::Value* a = condition(op.a);
      return {builder_.CreateOr(a, condition(op.b))};
    }
    case OpKind::kNot:
      return {builder_.CreateNot(condition(op.a))};
    case OpKind::kIsValid: {
      const RowValue operand = value(op.a);
      return {operand.valid != nullptr ? operand.valid : llvm::ConstantInt::getTrue(wide(builder_.getInt1Ty()))};
    }
    case OpKind::kSelect:
      return select(op);
    case OpKind::kGreatest:
    case OpKind::kLeast:
      return extreme(op);
    case OpKind::kRoundExact:
      return round_exact(op);
    case OpKind::kRoundFloat:
      return round_float(op);
    case OpKind::kCoalesce:
      return coalesce(op);
  }
  ALIDADE_CHECK(false);
}

RowValue RowValues::column(const Op& op) {
  llvm::Type* stored = nullptr;
  switch (op.type) {
    case OpType::kExact:
      stored = builder_.getInt64Ty();
      break;
    case OpType::kFloat:
      stored = builder_.getDoubleTy();
      break;
    case OpType::kBool:
      stored = builder_.getInt8Ty();
      break;
    case OpType::kCode:
      stored = builder_.getInt32Ty();
      break;
  }
  const auto load = [&](llvm::Type* type, llvm::Value* array) {
    llvm::Value* place = builder_.CreateInBoundsGEP(type, array, row_);
    return builder_.CreateAlignedLoad(wide(type), place, llvm::Align(type->getPrimitiveSizeInBits() / 8));
  };
  const auto not_zero = [&](llvm::Value* byte) { return builder_.CreateIsNotNull(byte); };
  RowValue loaded;
  loaded.value = load(stored, pointers_.column_values(op.column));
  if (op.type == OpType::kBool) loaded.value = not_zero(loaded.value);
  if (op.type == OpType::kExact) loaded.value = widen(loaded.value, exact_type(op));
  if (pipeline_.columns[op.column].nullable) {
    loaded.valid = not_zero(load(builder_.getInt8Ty(), pointers_.column_valid(op.column)));
  }
  return loaded;
}

// Exact arithmetic wraps where a missing operand holds anything at all; of values that are there the plan proves that
// it does not. A float result out of range is missing.
RowValue RowValues::arithmetic(const Op& op) {
  RowValue a = value(op.a);
  RowValue b = op.kind == OpKind::kNegate ? RowValue{} : value(op.b);
  RowValue result{nullptr, both(a.valid, b.valid)};
  if (op.type == OpType::kExact) {
    a.value = widen(a.value, exact_type(op));
    if (b.value != nullptr) b.value = widen(b.value, exact_type(op));
    if (op.kind == OpKind::kNegate) result.value = builder_.CreateNeg(a.value);
    if (op.kind == OpKind::kAdd) result.value = builder_.CreateAdd(a.value, b.value);
    if (op.kind == OpKind::kSubtract) result.value = builder_.CreateSub(a.value, b.value);
    if (op.kind == OpKind::kMultiply) result.value = builder_.CreateMul(a.value, b.value);
    return result;
  }
  if (op.kind == OpKind::kNegate) return {builder_.CreateFNeg(a.value), a.valid};
  if (op.kind == OpKind::kAdd) result.value = builder_.CreateFAdd(a.value, b.value);
  if (op.kind == OpKind::kSubtract) result.value = builder_.CreateFSub(a.value, b.value);
  if (op.kind == OpKind::kMultiply) result.value = builder_.CreateFMul(a.value, b.value);
  result.valid = both(result.valid, is_finite(result.value));
  return result;
}

RowValue RowValues::scale_up(const Op& op) {
  const RowValue a = value(op.a);
  int128 power = 1;
  for (int i = 0; i < op.amount; ++i) power *= 10;
  llvm::Type* type = exact_type(op);
  return {builder_.CreateMul(widen(a.value, type), exact_constant(type, power)), a.valid};
}

RowValue RowValues::to_float(const Op& op) {
  const RowValue a = value(op.a);
  if (op.amount == 0 && a.value->getType()->getScalarType()->isIntegerTy(64)) {
    return {builder_.CreateSIToFP(a.value, wide(builder_.getDoubleTy())), a.valid};
  }
  const auto [low, high] = halves(builder_, a.value);
  llvm::Value* scale = builder_.getInt32(static_cast<uint32_t>(op.amount));
  return {call_runtime(builder_, "al_exact_to_double", builder_.getDoubleTy(), {low, high, scale}), a.valid};
}

RowValue RowValues::divide(const Op& op) {
  const RowValue a = value(op.a), b = value(op.b);
  llvm::Value* result = builder_.CreateFDiv(a.value, b.value);
  return {result, both(both(a.valid, b.valid), is_finite(result))};  // x/0 is infinite or NaN
}

RowValue RowValues::quotient(const Op& op) {
  const RowValue a = value(op.a), b = value(op.b);
  llvm::Type* type = b.value->getType();
  llvm::Value* defined = builder_.CreateICmpNE(b.value, exact_constant(type, 0));
  const Halves n = halves(builder_, a.value);
  const Halves d = halves(builder_, builder_.CreateSelect(defined, b.value, exact_constant(type, 1)));
  llvm::Value* result = call_runtime(builder_, "al_quotient", builder_.getDoubleTy(), {n.low, n.high, d.low, d.high});
  return {result, both(both(a.valid, b.valid), defined)};
}

RowValue RowValues::select(const Op& op) {
  llvm::Value* holds = condition(op.a);
  RowValue b = value(op.b), c = value(op.c);
  if (op.type == OpType::kExact) {
    b.value = widen(b.value, exact_type(op));
    c.value = widen(c.value, exact_type(op));
  }
  RowValue chosen{builder_.CreateSelect(holds, b.value, c.value)};
  if (b.valid != nullptr || c.valid != nullptr) {
    llvm::Value* always = llvm::ConstantInt::getTrue(wide(builder_.getInt1Ty()));
    chosen.valid =
        builder_.CreateSelect(holds, b.valid != nullptr ? b.valid : always, c.valid != nullptr ? c.valid : always);
  }
  return chosen;
}

RowValue RowValues::extreme(const Op& op) {
  RowValue a = value(op.a), b = value(op.b);
  const bool greatest = op.kind == OpKind::kGreatest;
  llvm::Value* takes_b = nullptr;
  if (op.type == OpType::kExact) {
    a.value = widen(a.value, exact_type(op));
    b.value = widen(b.value, exact_type(op));
    takes_b = greatest ? builder_.CreateICmpSGT(b.value, a.value) : builder_.CreateICmpSLT(b.value, a.value);
  } else {
    takes_b = greatest ? builder_.CreateFCmpOGT(b.value, a.value) : builder_.CreateFCmpOLT(b.value, a.value);
  }
  return {builder_.CreateSelect(takes_b, b.value, a.value), both(a.valid, b.valid)};
}

RowValue RowValues::round_exact(const Op& op) {
  const RowValue a = value(op.a);
  const auto [low, high] = halves(builder_, a.value);
  llvm::Type* half = builder_.getInt64Ty();
  llvm::Value* digits = builder_.getInt32(static_cast<uint32_t>(op.amount));
  llvm::Value* parts = call_runtime(builder_, "al_round_exact", llvm::StructType::get(half, half), {low, high, digits});
  llvm::Value* rounded = builder_.CreateExtractValue(parts, 0);
  if (op.bits > 64) {
    llvm::Type* type = builder_.getInt128Ty();
    llvm::Value* upper = builder_.CreateShl(builder_.CreateZExt(builder_.CreateExtractValue(parts, 1), type), 64);
    rounded = builder_.CreateOr(builder_.CreateZExt(rounded, type), upper);
  }
  return {rounded, a.valid};
}

RowValue RowValues::round_float(const Op& op) {
  const RowValue a = value(op.a);
  llvm::Value* digits = builder_.getInt32(static_cast<uint32_t>(op.amount));
  return {call_runtime(builder_, "al_round_float", builder_.getDoubleTy(), {a.value, digits}), a.valid};
}

RowValue RowValues::coalesce(const Op& op) {
  RowValue a = value(op.a), b = value(op.b);
  if (op.type == OpType::kExact) {
    a.value = widen(a.value, exact_type(op));
    b.value = widen(b.value, exact_type(op));
  }
  llvm::Value* there = a.valid != nullptr ? a.valid : llvm::ConstantInt::getTrue(wide(builder_.getInt1Ty()));
  RowValue chosen{builder_.CreateSelect(there, a.value, b.value)};
  if (b.valid != nullptr) chosen.valid = builder_.CreateOr(there, b.valid);
  return chosen;
}

llvm::Value* RowValues::comparison(const Op& op) {
  RowValue a = value(op.a), b = value(op.b);
  llvm::Value* result = nullptr;
  if (a.value->getType()->isFPOrFPVectorTy()) {
    result = builder_.CreateFCmp(float_predicate(op.kind), a.value, b.value);
  } else {
    const bool a_wider = a.value->getType()->getScalarSizeInBits() > b.value->getType()->getScalarSizeInBits();
    llvm::Type* type = a_wider ? a.value->getType() : b.value->getType();
    result = builder_.CreateICmp(integer_predicate(op.kind), widen(a.value, type), widen(b.value, type));
  }
  return both(result, both(a.valid, b.valid));
}

// Codes are dense and sets of them are mostly close together: one bit test for each stretch of 64.
llvm::Value* RowValues::code_in(const Op& op) {
  const RowValue a = value(op.a);
  llvm::Type* words = wide(builder_.getInt64Ty());
  const auto code = [&](uint32_t value) { return llvm::ConstantInt::get(a.value->getType(), value); };
  llvm::Value* found = nullptr;
  for (size_t i = 0; i < op.codes.size();) {
    const uint32_t first = op.codes[i];
    uint64_t bits = 0;
    for (; i < op.codes.size() && op.codes[i] - first < 64; ++i) bits |= uint64_t{1} << (op.codes[i] - first);
    llvm::Value* test = nullptr;
    if (bits == 1) {
      test = builder_.CreateICmpEQ(a.value, code(first));
    } else {
      llvm::Value* place = builder_.CreateSub(a.value, code(first));
      llvm::Value* near = builder_.CreateICmpULT(place, code(64));
      llvm::Value* shift = builder_.CreateZExt(builder_.CreateAnd(place, code(63)), words);
      llvm::Value* bit = builder_.CreateTrunc(builder_.CreateLShr(llvm::ConstantInt::get(words, bits), shift),
                                              wide(builder_.getInt1Ty()));
      test = builder_.CreateAnd(near, bit);
    }
    found = found == nullptr ? test : builder_.CreateOr(found, test);
  }
  if (found == nullptr) return llvm::ConstantInt::getFalse(wide(builder_.getInt1Ty()));
  return both(found, a.valid);
}

llvm::Value* RowValues::both(llvm::Value* a, llvm::Value* b) {
  if (a == nullptr) return b;
  if (b == nullptr) return a;
  return builder_.CreateAnd(a, b);
}

llvm::Value* RowValues::is_finite(llvm::Value* number) {
  llvm::Value* size = builder_.CreateUnaryIntrinsic(llvm::Intrinsic::fabs, number);
  return builder_.CreateFCmpOLT(size, llvm::ConstantFP::getInfinity(number->getType()));
}

llvm::Value* RowValues::widen(llvm::Value* exact, llvm::Type* type) { return builder_.CreateSExtOrTrunc(exact, type); }

llvm::Type* RowValues::exact_type(const Op& op) {
  return wide(op.bits <= 64 ? builder_.getInt64Ty() : static_cast<llvm::Type*>(builder_.getInt128Ty()));
}

Halves halves(Builder& builder, llvm::Value* exact) {
  llvm::Type* half = builder.getInt64Ty();
  if (exact->getType()->isIntegerTy(64)) return {exact, builder.CreateAShr(exact, 63)};
  return {builder.CreateTrunc(exact, half), builder.CreateTrunc(builder.CreateLShr(exact, 64), half)};
}

llvm::Value* call_runtime(Builder& builder, const char* name, llvm::Type* result, std::vector<llvm::Value*> arguments) {
  std::vector<llvm::Type*> types;
  for (llvm::Value* argument : arguments) types.push_back(argument->getType());
  llvm::Module* module = builder.GetInsertBlock()->getModule();
  llvm::FunctionCallee callee = module->getOrInsertFunction(name, llvm::FunctionType::get(result, types, false));
  return builder.CreateCall(callee, arguments);
}

}  // namespace alidade
