#!/usr/bin/env bash
# The long checks, for a night or a release: everything under ASan and UBSan, clang-tidy, and long random runs.
#   tests/deep.sh             all of it
#   tests/deep.sh sanitize    one part: sanitize, tidy or random
set -euo pipefail
cd "$(dirname "$0")/.."
parts=("$@")
[ ${#parts[@]} -gt 0 ] || parts=(sanitize tidy random)
./setup.sh --tests

sanitize() {
  cmake --preset sanitize >/dev/null
  cmake --build --preset sanitize
  # Arrow and the JIT's library keep memory until the end of the process on purpose.
  ASAN_OPTIONS=detect_leaks=0 ctest --test-dir build/sanitize --output-on-failure -j "$(nproc)"
}

tidy() {
  find compiler runtime -name '*.cpp' -print0 | xargs -0 -n 1 -P "$(nproc)" clang-tidy-19 -p build/release --quiet \
    --extra-arg=-Wno-unknown-warning-option
}

random() {
  .venv/bin/python tests/random/run.py --pairs 20000
  ALIDADE_MUTATIONS=100 build/release/tests/unit_one_cause
}

for part in "${parts[@]}"; do
  case "$part" in
    sanitize | tidy | random) printf '== %s\n' "$part"; "$part" ;;
    *) printf 'no such part: %s (sanitize, tidy, random)\n' "$part" >&2; exit 2 ;;
  esac
done
echo "deep checks passed: ${parts[*]}"
