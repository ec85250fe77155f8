/* Every layout that native code and the runtime share. Plain C: generated code, the bitcode of intrinsics/ and the
 * engine agree on it, and a change here is a new kAbiVersion. Door of runtime/abi; the layouts are asserted in
 * tests/unit/abi_test.cpp. Pointers are borrowed for the length of the call; nothing here is shared between threads. */
#ifndef ALIDADE_RUNTIME_ABI_H
#define ALIDADE_RUNTIME_ABI_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define AL_ABI_VERSION 3

/* One column of a morsel. `values` is int64 (integer, decimal, duration, timestamp), double (number), uint8 (bool, and
 * table membership) or uint32 (text code, one_of index, text class). `valid` has one byte a row, 1 where the value is
 * there; it is never null for a nullable column and never read for another. */
typedef struct al_column {
  const void* values;
  const uint8_t* valid;
} al_column;

/* Values that an accumulator cannot fold: percentiles keep all of theirs. Owned by the runtime; generated code only
 * calls the al_push functions. */
typedef struct al_sink al_sink;

/* Rows are folded run by run: the rows of a morsel (at most AL_MORSEL_ROWS rows of one batch) that share a dispatch
 * case and, in every key space of the pipeline, a cell. `columns` holds the values of the run's rows alone, one after
 * the other, by pipeline column; only those that the function reads are there. They may be read up to the next multiple
 * of AL_LANES rows: what stands past the last row is not used. `states[k]` is the run's cell in key space k, `cells[k]`
 * its id. */
#define AL_MORSEL_ROWS 16384
#define AL_LANES 8
typedef struct al_run {
  const al_column* columns;
  int64_t row_count;
  const uint32_t* cells;
  uint8_t* const* states;
  al_sink* const* sinks; /* one per accumulator of kind AL_VALUES_*, in the pipeline's order */
} al_run;

/* Folds the run's rows into its cells. */
typedef void (*al_update)(const al_run* run);

/* A whole morsel, as an exchange sees it. `cells[k]` is the cell id of each row in key space k of the pipeline; only
 * those that a machine asks for are there. */
typedef struct al_morsel {
  const al_column* columns;
  int64_t row_count;
  const uint32_t* const* cells;
} al_morsel;

/* Writes a narrow row {uint32 row, uint32 cell, uint64 mask[words], payload…} at `out` for every row of the morsel
 * whose mask is not 0, and returns how many. Layout in program.h, ExchangeLayout. */
typedef int64_t (*al_exchange)(const al_morsel* morsel, uint8_t* out);

/* Accumulator state in a cell: all zero bytes is the empty state, so cells come from zeroed pages. Alignment 16 for
 * AL_SUM_EXACT and AL_MIN/MAX_EXACT, 8 otherwise. */
enum al_accumulator_kind {
  AL_COUNT = 0, /* int64 */
  AL_SUM_EXACT, /* al_exact: 128-bit sum, flags */
  AL_SUM_FLOAT, /* al_float_sum: exact sum of doubles, correctly rounded when read */
  AL_SUM_PLAIN, /* double: binary64 additions in some order */
  AL_MIN_EXACT, /* al_exact, flags bit 1 set once a value is there */
  AL_MAX_EXACT,
  AL_MIN_FLOAT, /* al_float_bound */
  AL_MAX_FLOAT,
  AL_VALUES_EXACT, /* no state in the cell: values go to a sink as int128 */
  AL_VALUES_FLOAT, /* the same as double */
  AL_VALUES_KEY,   /* machines only: distinct keys (uint64) inside an entity */
  AL_FIRST_EXACT,  /* al_moment: the value of the earliest row */
  AL_LAST_EXACT,
  AL_FIRST_FLOAT, /* the same of a double, its bits in `low` */
  AL_LAST_FLOAT,
  AL_FIRST_ROW, /* machines only: columns of the earliest row, after the head of an al_moment */
  AL_LAST_ROW,
  AL_MOMENTS_EXACT, /* al_moments: count, true sum and true sum of squares, for variance and stddev */
  AL_MOMENTS_FLOAT
};

#define AL_FLAG_SEEN 1u
#define AL_FLAG_OVERFLOW 2u
#define AL_FLAG_TIE 4u /* al_moment: another row of the same time and order differs in what is kept */

typedef struct al_exact {
  uint64_t low;
  int64_t high;
  uint64_t flags;
  int64_t wraps; /* sums: the true sum is (low, high) + wraps * 2^128; AL_FLAG_OVERFLOW is set while it is not 0 */
} al_exact;

typedef struct al_wide {
  uint64_t low;
  int64_t high;
} al_wide;

typedef struct al_float_bound {
  double value;
  uint64_t flags;
} al_float_bound;

/* What the row with the smallest or largest (time, order) holds. Rows without an order field have order 0, rows that
 * miss theirs the smallest integer. */
typedef struct al_moment {
  int64_t time;
  int64_t order;
  uint64_t flags;
  uint64_t low;
  int64_t high;
} al_moment;

/* The exact sum of doubles: the unevaluated pair high + low while that is exact, else `spill` is the address of a
 * superaccumulator of the run, which al_float_spill allocates and moves the pair into. al_float_spill gets the sum as
 * it was before `value` and adds the value itself; the nearest double to an unspilled sum is the addition high + low.
 */
typedef struct al_float_sum {
  double high;
  double low;
  uint64_t spill;
} al_float_sum;

/* The address of the run's Moments (runtime/moments.h); 0: no value yet. */
typedef struct al_moments {
  uint64_t state;
} al_moments;

/* Intrinsics: compiled to bitcode and inlined into generated code; also plain functions of the runtime. */
void al_add_exact(al_exact* sum, uint64_t low, int64_t high); /* checked; sets AL_FLAG_OVERFLOW */
void al_merge_exact(al_exact* sum, const al_exact* other);    /* the sum of both: any order, any overflow */
void al_min_exact(al_exact* bound, uint64_t low, int64_t high);
void al_max_exact(al_exact* bound, uint64_t low, int64_t high);
void al_add_float(al_float_sum* sum, double value);
void al_min_float(al_float_bound* bound, double value);
void al_max_float(al_float_bound* bound, double value);
void al_keep_first(al_moment* kept, int64_t time, int64_t order, uint64_t low, int64_t high);
void al_keep_last(al_moment* kept, int64_t time, int64_t order, uint64_t low, int64_t high);
double al_quotient(uint64_t n_low, int64_t n_high, uint64_t d_low, int64_t d_high); /* nearest double to n/d, d != 0 */
/* nearest double to n / (d * 10^scale), d != 0, scale 0 … 55: the mean of an exact sum, one rounding */
double al_scaled_quotient(uint64_t n_low, int64_t n_high, uint64_t d_low, int64_t d_high, int32_t scale);
double al_exact_to_double(uint64_t low, int64_t high, int32_t scale);         /* nearest double to value / 10^scale */
void al_push_exact(al_sink* sink, uint32_t cell, uint64_t low, int64_t high); /* never inlined */
void al_push_float(al_sink* sink, uint32_t cell, double value);               /* never inlined */
void al_float_spill(al_float_sum* sum, double value);                         /* never inlined */
void al_add_floats(al_float_sum* sum, const double* values, int64_t count);   /* never inlined; skips zeros */
void al_add_moments_exact(al_moments* moments, uint64_t low, int64_t high);   /* never inlined */
void al_add_moments_float(al_moments* moments, double value);                 /* never inlined */
/* Rounds ties to even. Exact: `digits` fewer after the point, 1 … 37. Float: the double nearest to the value at
 * `digits` after the point, 0 … 18. Never inlined. */
al_wide al_round_exact(uint64_t low, int64_t high, int32_t digits);
double al_round_float(double value, int32_t digits);

#ifdef __cplusplus
}
#endif
#endif
