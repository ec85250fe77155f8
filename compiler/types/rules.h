// The rules of operators on types and units, the same for rows and values: which operands go together and what comes
// out. Part of compiler/types. Tested by tests/diagnostics/types_*.metric and tests/unit/sema_test.cpp.
#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "compiler/diagnostics/diagnostic.h"
#include "compiler/types/type.h"

namespace alidade {

constexpr int kMaxScale = 18;  ///< digits after the point of an exact product
constexpr int kMaxBits = 128;  ///< width of an exact row expression

/// A side of an operator. A plain number goes with a count, a constant ratio with a number.
struct Operand {
  Type type;
  bool constant = false;
};

struct TypeProblem {
  Code code;
  std::string message;
  std::string help;
};

enum class ArithmeticOp : uint8_t { kAdd, kSubtract, kMultiply, kDivide };

/// Result of `a op b`. `optional` is that of either side, and of a division. Widths are tracked when both sides have
/// one.
std::variant<Type, TypeProblem> arithmetic(ArithmeticOp op, const Operand& a, const Operand& b, UnitTable& units);

/// Whether `a` and `b` can be compared; `ordered` for < <= > >=. The message is empty when they can.
TypeProblem comparison(bool ordered, const Operand& a, const Operand& b, const UnitTable& units);

/// The common type of the branches of an `if`.
std::variant<Type, TypeProblem> branches(const Operand& a, const Operand& b, const UnitTable& units);

/// The common type of two arguments of `greatest`, `least` (`ordered`) or `coalesce`; `optional` is left to the caller.
std::variant<Type, TypeProblem> arguments_together(std::string_view function, bool ordered, const Operand& a,
                                                   const Operand& b, const UnitTable& units);
/// The type of a number rounded to `digits` after the point; an exact one has more than those.
Type rounded(Type type, int digits);
/// The type of the sample's variance of values of a numeric type. What has no unit (a duration squared) is a problem.
std::variant<Type, TypeProblem> variance_of(const Type& type, UnitTable& units);

/// Bits an exact constant needs, with its sign: |value| < 2^(bits - 1), which is what every width here promises. So a
/// product of two 64-bit fields has 127 bits, and 128 are left for adding to it.
int bits_of(__int128 value);

}  // namespace alidade
