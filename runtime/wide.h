// Functions that are compiled for wider vectors too, where the loader can pick what the processor has.
#pragma once

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__)
#define ALIDADE_WIDE __attribute__((target_clones("default", "avx2", "arch=x86-64-v4")))
#else
#define ALIDADE_WIDE
#endif
