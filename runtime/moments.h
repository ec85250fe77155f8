// What variance and stddev need of many values: their count, true sum and true sum of squares, exact or double, so that
// the result is rounded once and is the same for any order of rows; and the one rounding of means and percentiles.
// Merging adds. One owner; not thread-safe. Tested in tests/unit/moments_test.cpp.
#pragma once

#include <cstdint>
#include <vector>

#include "runtime/base.h"

namespace alidade {

/// The true sum of terms ± magnitude × 2^shift: digits of 32 bits, no more than the terms reach.
class GrowingSum {
 public:
  void add(uint128 magnitude, int shift, bool negative);
  void add_float(double value);  ///< finite, in units of 2^-1074
  void add(const GrowingSum& other);
  /// The digits, of which all but the last lie in [0, 2^32), the last has the sign; digit i counts 2^(32 (first + i)).
  const std::vector<int64_t>& digits();
  int first() const { return first_; }

 private:
  void reach(int begin, int end);
  void carry();
  int first_ = 0;
  int adds_ = 0;  ///< since the last carry
  std::vector<int64_t> digits_;
};

/// The double nearest to `sum`, in units of 2^-1074, by `count`, above 0; infinite beyond the largest, never -0.0.
double nearest_quotient_of_floats(GrowingSum sum, int64_t count);

/// The double nearest to what lies rest / divisor of the way from `low` to `high`, 0 <= rest < divisor: rounded once,
/// never -0.0. Exact ends count units of 10^-scale; `low` and `high` of doubles are finite.
double nearest_between_exact(int128 low, int128 high, int64_t rest, int64_t divisor, int scale);
double nearest_between_floats(double low, double high, int64_t rest, int64_t divisor);

class Moments {
 public:
  void add_exact(int128 value);
  void add_float(double value);  ///< finite
  void add(const Moments& other);
  int64_t count() const { return count_; }

  /// The sample's, of at least two values: the nearest double to the true one; infinite beyond the largest. Exact
  /// values count units of 10^-scale.
  double variance_of_exact(int scale) const;
  double variance_of_floats() const;
  double stddev_of_exact(int scale) const;
  double stddev_of_floats() const;

 private:
  int64_t count_ = 0;
  GrowingSum sum_, squares_;  ///< floats: in units of 2^-1074 and 2^-2148
};

}  // namespace alidade
