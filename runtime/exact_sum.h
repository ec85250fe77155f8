// Exact sums of doubles: al_float_sum is a pair while that is exact and a superaccumulator after. Read once, rounded
// once (to nearest, ties to even), so the bits do not depend on order, batches or threads. After R. M. Neal, "Fast
// exact summation using small and large superaccumulators" (2015). Tested in tests/unit/exact_sum_test.cpp.
#pragma once

#include <array>
#include <cstdint>
#include <deque>

#include "runtime/abi.h"
#include "runtime/moments.h"

namespace alidade {

/// Any sum of up to 2^62 finite doubles: a fixed-point number of 32-bit digits, each in 64 bits so that carries wait.
class Superaccumulator {
 public:
  void add(double value);  ///< finite
  void add(const Superaccumulator& other);
  /// The double nearest to the sum; ±infinity beyond the largest; never -0.0.
  double rounded() const;
  void add_to(GrowingSum* sum) const;  ///< in units of 2^-1074

 private:
  // Digit k counts units of 2^(32k - 1074). The largest double ends at bit 2098; further digits hold carries.
  static constexpr int kDigits = 68;
  static constexpr int kLazyAdds = 1 << 29;
  void carry();
  std::array<int64_t, kDigits> digits_{};
  int adds_ = 0;  ///< since the last carry
};

/// Owns what accumulators hold outside of their cells: superaccumulators and moments, made on the threads where it is
/// the current one.
class SpillArena {
 public:
  Superaccumulator* make() { return &all_.emplace_back(); }
  Moments* make_moments() { return &moments_.emplace_back(); }
  void take(SpillArena&& other);

 private:
  std::deque<Superaccumulator> all_;
  std::deque<Moments> moments_;
  std::deque<SpillArena> taken_;
};

/// Makes `arena` the one al_float_spill uses on this thread, as long as it lives.
class SpillScope {
 public:
  explicit SpillScope(SpillArena* arena);
  ~SpillScope();
  SpillScope(const SpillScope&) = delete;
  SpillScope& operator=(const SpillScope&) = delete;

 private:
  SpillArena* before_;
};

/// What an accumulator holds; made if it is empty. Needs a SpillScope.
Moments& moments_of(al_moments* accumulator);

/// sum += other, exactly. Needs a SpillScope.
void add_float_sum(al_float_sum* sum, const al_float_sum& other);
/// The double nearest to the exact sum; ±infinity on overflow; never -0.0.
double rounded_float_sum(const al_float_sum& sum);
/// The double nearest to the exact sum by `count`, above 0: rounded once; never -0.0.
double rounded_float_mean(const al_float_sum& sum, int64_t count);

}  // namespace alidade
