// The accumulator steps and exact conversions of runtime/abi.h. Compiled twice: into the runtime, and to bitcode that
// codegen links into generated functions, where every body here is inlined. Hence: short, no calls but the slow paths,
// no exceptions, no 128-bit division. Tested in tests/unit/intrinsics_test.cpp.
#include "runtime/abi.h"
#include "runtime/intrinsics/slow_paths.h"

namespace {

using int128 = __int128;
using uint128 = unsigned __int128;

constexpr int64_t kExactDouble = int64_t{1} << 53;  // whole numbers up to here are doubles
constexpr int kExactPowers = 22;                    // 10^22 is the largest power of ten that is a double
constexpr double kPowersOfTen[kExactPowers + 1] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                                   1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                                   1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

int128 join(uint64_t low, int64_t high) {
  return static_cast<int128>(static_cast<uint128>(static_cast<uint64_t>(high)) << 64 | low);
}

bool is_exact_double(uint64_t low, int64_t high) {
  const int64_t value = static_cast<int64_t>(low);
  return high == value >> 63 && value >= -kExactDouble && value <= kExactDouble;
}

void set_bound(al_exact* bound, uint64_t low, int64_t high) {
  bound->low = low;
  bound->high = high;
  bound->flags = AL_FLAG_SEEN;
}

void keep_moment(al_moment* kept, bool before, int64_t time, int64_t order, uint64_t low, int64_t high) {
  if (kept->flags == 0 || before) {
    *kept = {time, order, AL_FLAG_SEEN, low, high};
  } else if (time == kept->time && order == kept->order && (low != kept->low || high != kept->high)) {
    kept->flags |= AL_FLAG_TIE;
  }
}

// What a + b loses by rounding, exactly (Knuth's TwoSum: any order of magnitudes, no overflow of the sum).
double lost(double a, double b, double sum) {
  const double b_seen = sum - a;
  const double a_seen = sum - b_seen;
  return (a - a_seen) + (b - b_seen);
}

}  // namespace

extern "C" {

// The sum is kept modulo 2^128 together with how often it wrapped, so that overflow depends on the true sum only and
// never on the order of rows: the flag is set exactly while the true sum does not fit.
void al_add_exact(al_exact* sum, uint64_t low, int64_t high) {
  int128 total;
  const bool wrapped = __builtin_add_overflow(join(sum->low, sum->high), join(low, high), &total);
  sum->low = static_cast<uint64_t>(total);
  sum->high = static_cast<int64_t>(total >> 64);
  if (__builtin_expect(wrapped, 0)) {
    sum->wraps += high < 0 ? -1 : 1;
    sum->flags = sum->wraps != 0 ? AL_FLAG_OVERFLOW : 0;
  }
}

void al_merge_exact(al_exact* sum, const al_exact* other) {
  al_add_exact(sum, other->low, other->high);
  sum->wraps += other->wraps;
  sum->flags = sum->wraps != 0 ? AL_FLAG_OVERFLOW : 0;
}

void al_min_exact(al_exact* bound, uint64_t low, int64_t high) {
  if ((bound->flags & AL_FLAG_SEEN) == 0 || join(low, high) < join(bound->low, bound->high))
    set_bound(bound, low, high);
}

void al_max_exact(al_exact* bound, uint64_t low, int64_t high) {
  if ((bound->flags & AL_FLAG_SEEN) == 0 || join(low, high) > join(bound->low, bound->high))
    set_bound(bound, low, high);
}

// Two chains of one addition each: rows of one cell wait for nothing longer. An inexact low part and an overflow of
// the high part (which makes the rest NaN) both fail the comparison.
void al_add_float(al_float_sum* sum, double value) {
  const double high = sum->high + value;
  const double error = lost(sum->high, value, high);
  const double low = sum->low + error;
  if (__builtin_expect(sum->spill == 0 && lost(sum->low, error, low) == 0.0, 1)) {
    sum->high = high;
    sum->low = low;
  } else {
    al_add_float_slowly(sum, value);
  }
}

// Adding 0.0 turns -0.0 into 0.0, so that the bound does not depend on which zero came first.
void al_min_float(al_float_bound* bound, double value) {
  if ((bound->flags & AL_FLAG_SEEN) != 0 && !(value < bound->value)) return;
  bound->value = value + 0.0;
  bound->flags = AL_FLAG_SEEN;
}

void al_max_float(al_float_bound* bound, double value) {
  if ((bound->flags & AL_FLAG_SEEN) != 0 && !(value > bound->value)) return;
  bound->value = value + 0.0;
  bound->flags = AL_FLAG_SEEN;
}

void al_keep_first(al_moment* kept, int64_t time, int64_t order, uint64_t low, int64_t high) {
  const bool earlier = time < kept->time || (time == kept->time && order < kept->order);
  keep_moment(kept, earlier, time, order, low, high);
}

void al_keep_last(al_moment* kept, int64_t time, int64_t order, uint64_t low, int64_t high) {
  const bool later = time > kept->time || (time == kept->time && order > kept->order);
  keep_moment(kept, later, time, order, low, high);
}

// A quotient of two doubles that are exact is rounded once by the hardware.
double al_quotient(uint64_t n_low, int64_t n_high, uint64_t d_low, int64_t d_high) {
  if (!is_exact_double(n_low, n_high) || !is_exact_double(d_low, d_high)) {
    return al_long_division(n_low, n_high, d_low, d_high, 0);
  }
  return static_cast<double>(static_cast<int64_t>(n_low)) / static_cast<double>(static_cast<int64_t>(d_low)) + 0.0;
}

double al_scaled_quotient(uint64_t n_low, int64_t n_high, uint64_t d_low, int64_t d_high, int32_t scale) {
  return al_long_division(n_low, n_high, d_low, d_high, scale);
}

double al_exact_to_double(uint64_t low, int64_t high, int32_t scale) {
  if (scale > kExactPowers || !is_exact_double(low, high)) return al_long_division(low, high, 1, 0, scale);
  return static_cast<double>(static_cast<int64_t>(low)) / kPowersOfTen[scale];
}
}
