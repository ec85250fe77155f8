#!/usr/bin/env bash
# Prepares this machine and builds: Debian packages, a virtual environment with Arrow's C++ libraries, the release build.
# Run it again at any time: it installs only what is missing and rebuilds only what changed.
#   ./setup.sh            everything that building and the examples need
#   ./setup.sh --tests    also what the tests compare with (DuckDB)
#   ./setup.sh --bench    also what the benchmarks compare with (Polars, ClickHouse)
#   ./setup.sh --no-build stop before building
set -euo pipefail
cd "$(dirname "$0")"

build=yes tests=no bench=no
for argument in "$@"; do
  case "$argument" in
    --tests) tests=yes ;;
    --bench) tests=yes bench=yes ;;
    --no-build) build=no ;;
    *) sed -n '2,7s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
  esac
done

mkdir -p build
log=build/setup.log
: >"$log"
say() { printf '%s\n' "$*" >&2; }
# Runs a command with its output in the log; shows the log's end if it fails.
quietly() {
  if ! "$@" >>"$log" 2>&1; then
    tail -n 40 "$log" >&2
    say "setup: failed: $*  (all of it in $log)"
    exit 2
  fi
}

# ---------------------------------------------------------------- Debian packages
packages=(
  cmake ninja-build ccache g++ antlr4 libantlr4-runtime-dev llvm-19-dev clang-19 libclang-rt-19-dev clang-format-19
  clang-tidy-19 libgmp-dev libhowardhinnant-date-dev libfmt-dev libtomlplusplus-dev nlohmann-json3-dev libcli11-dev
  libxxhash-dev libfast-float-dev rapidjson-dev libutf8proc-dev doctest-dev tzdata python3-venv
)
missing=()
for package in "${packages[@]}"; do
  status=$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null || true)
  [ "$status" = installed ] || missing+=("$package")
done
if [ ${#missing[@]} -gt 0 ]; then
  root=()
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || { say "setup: as root, install: ${missing[*]}"; exit 2; }
    root=(sudo)
  fi
  say "setup: installing ${#missing[@]} Debian packages (a few minutes the first time)"
  quietly "${root[@]}" apt-get update
  quietly "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}"
fi

# ---------------------------------------------------------------- the virtual environment
# pyarrow carries Arrow's and Parquet's C++ libraries and headers, which Debian 12 lacks, and writes the examples' data.
wheels=(pyarrow==26.0.1 numpy==2.4.6)
[ "$tests" = no ] || wheels+=(duckdb==2.0.0)
[ "$bench" = no ] || wheels+=(polars==2.1.0 chdb==4.4.0)
has_wheels() {
  [ -x .venv/bin/python ] && .venv/bin/python - "$@" <<'PYTHON'
import importlib.metadata, sys
for wheel in sys.argv[1:]:
    name, version = wheel.split("==")
    try:
        if importlib.metadata.version(name) != version:
            sys.exit(1)
    except importlib.metadata.PackageNotFoundError:
        sys.exit(1)
PYTHON
}
if ! has_wheels "${wheels[@]}"; then
  say "setup: installing ${wheels[*]} into .venv"
  [ -x .venv/bin/python ] || quietly python3 -m venv .venv
  quietly .venv/bin/pip install --disable-pip-version-check --no-input "${wheels[@]}"
fi

# ---------------------------------------------------------------- the build
[ "$build" = yes ] || exit 0
[ -f build/release/build.ninja ] || quietly cmake --preset release
if ! ninja -C build/release -n 2>/dev/null | tail -n 1 | grep -q 'no work to do'; then
  say "setup: building (the first time takes some minutes)"
  quietly cmake --build --preset release
fi
