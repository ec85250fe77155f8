// The row expressions of a pipeline as LLVM values inside a loop over rows. Inside the room only; tested in
// tests/unit/codegen_test.cpp. One object per function being generated.
#pragma once

#include <vector>

#include "compiler/plan/plan.h"
#include "llvm/IR/IRBuilder.h"

namespace alidade {

using Builder = llvm::IRBuilder<>;

/// The pointers a loop needs, each loaded once in the function's entry block, when first asked for.
class RowPointers {
 public:
  /// `entry` ends with its branch already; loads go before it. `rows` is an al_run or an al_morsel.
  RowPointers(llvm::BasicBlock* entry, llvm::Value* rows) : builder_(entry->getTerminator()), rows_source_(rows) {}

  llvm::Value* column_values(int column);
  llvm::Value* column_valid(int column);
  llvm::Value* cells(int key_space_use);  ///< of a morsel: of each row
  llvm::Value* cell(int key_space_use);   ///< of a run: its one cell's id
  llvm::Value* state(int key_space_use);  ///< of a run
  llvm::Value* sink(int sink);            ///< of a run

 private:
  llvm::Value* element(size_t array_offset, size_t element_offset, std::vector<llvm::Value*>& loaded, int index);

  Builder builder_;
  llvm::Value* rows_source_;
  std::vector<llvm::Value*> values_, valid_, cells_, states_, sinks_;
};

/// A value of one row: i64 or i128, double, i1, or i32 for a code; of AL_LANES rows where the loop is wide: vectors of
/// these. `valid` is an i1 or a vector of them, or null where the value is always there.
struct RowValue {
  llvm::Value* value = nullptr;
  llvm::Value* valid = nullptr;
};

/// Evaluates each op once per row, where it is first asked for. Ops may be evaluated on rows that no guard lets
/// through: none of them traps, and what they give for such a row is not used.
class RowValues {
 public:
  /// Of the row of this number, or of `lanes` rows from it on: then only ops that a wide loop can do.
  RowValues(const Pipeline& pipeline, RowPointers& pointers, Builder& builder, llvm::Value* row, unsigned lanes = 1);

  RowValue value(int op);
  /// A condition, false where a Boolean column has no value; null for op -1: it always holds.
  llvm::Value* condition(int op);
  /// The condition and the validity of an op's value (-1: none), null where both always hold.
  llvm::Value* condition_with_input(int guard, int input);
  llvm::Value* cell(int key_space_use);  ///< of a morsel
  llvm::Type* wide(llvm::Type* type) const;

  /// Between open and close, values are evaluated in a block that does not always run; close forgets them.
  void open_branch() { scopes_.push_back(evaluated_.size()); }
  void close_branch();

 private:
  RowValue evaluate(const Op& op);
  RowValue column(const Op& op);
  RowValue arithmetic(const Op& op);
  RowValue scale_up(const Op& op);
  RowValue to_float(const Op& op);
  RowValue divide(const Op& op);
  RowValue quotient(const Op& op);
  RowValue select(const Op& op);
  RowValue extreme(const Op& op);
  RowValue round_exact(const Op& op);
  RowValue round_float(const Op& op);
  RowValue coalesce(const Op& op);
  llvm::Value* comparison(const Op& op);
  llvm::Value* code_in(const Op& op);
  llvm::Value* both(llvm::Value* a, llvm::Value* b);
  llvm::Value* is_finite(llvm::Value* number);
  llvm::Value* widen(llvm::Value* exact, llvm::Type* type);
  llvm::Type* exact_type(const Op& op);

  const Pipeline& pipeline_;
  RowPointers& pointers_;
  Builder& builder_;
  llvm::Value* row_;
  unsigned lanes_;
  std::vector<RowValue> values_;     ///< per op; value is null where not evaluated
  std::vector<llvm::Value*> cells_;  ///< per key space use
  std::vector<int> evaluated_;       ///< ops and, as -1 - use, cells, in the order of evaluation
  std::vector<size_t> scopes_;
};

/// Low and high half of a number as the runtime's functions take it.
struct Halves {
  llvm::Value* low;
  llvm::Value* high;
};
Halves halves(Builder& builder, llvm::Value* exact);

/// A call of a function of runtime/abi.h, declared on first use.
llvm::Value* call_runtime(Builder& builder, const char* name, llvm::Type* result, std::vector<llvm::Value*> arguments);

}  // namespace alidade
