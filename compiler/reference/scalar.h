// One number and the arithmetic on it, the same for rows and values: exact numbers stay exact, everything is rounded at
// most once. Part of compiler/reference; tested through tests/conformance and tests/unit/reference_test.cpp.
#pragma once

#include "compiler/types/type.h"
#include "runtime/base.h"

namespace alidade::reference {

/// Exact: value × 10^-scale. Else `number`, finite and never -0.0.
struct Number {
  bool exact = true;
  int128 value = 0;
  int scale = 0;
  double number = 0;
};
Number exact_number(int128 value, int scale);
Number float_number(double value);  ///< finite

/// The exact value or, rounded once, its nearest double.
double as_double(const Number& n);

/// A number, or why there is none: kOverflow, kNoDenominator. In a row either means missing.
struct Outcome {
  Reason reason = Reason::kNone;
  Number number;
};

/// Results have the representation and scale that `type` says.
Outcome negate(const Number& a);
Outcome add(const Number& a, const Number& b, const Type& type);
Outcome subtract(const Number& a, const Number& b, const Type& type);
Outcome multiply(const Number& a, const Number& b, const Type& type);
Outcome divide(const Number& a, const Number& b);    ///< always a double
Outcome convert(const Number& a, const Type& type);  ///< a branch of `if`
/// To so many digits after the point, ties to even; doubles to the one nearest to that.
Outcome round_to(const Number& a, int digits);
int compare(const Number& a, const Number& b);  ///< exact ones by their true values, else as doubles

/// An Outcome from a double that may have become infinite or not a number.
Outcome checked(double value);

}  // namespace alidade::reference
