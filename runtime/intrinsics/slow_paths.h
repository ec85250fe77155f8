// The rare halves of the intrinsics: too long to inline, so generated code calls them by address. Inside the room only;
// tested through the intrinsics in tests/unit/intrinsics_test.cpp. Plain functions without state, safe on any thread.
#pragma once

#include "runtime/abi.h"

extern "C" {

/// The nearest double to n / (d × 10^scale) by long division, ties to even. d is not 0, scale is 0 … 55.
double al_long_division(uint64_t n_low, int64_t n_high, uint64_t d_low, int64_t d_high, int32_t scale);

/// Adds a value whose error the pair cannot hold as it stands: normalises the pair, tries again, and spills if that
/// fails.
void al_add_float_slowly(al_float_sum* sum, double value);
}
