#!/usr/bin/env bash
# The one command that runs every test: sets up, builds, runs ctest, and ends with ctest's summary.
# Arguments go to ctest: `tests/run.sh -R unit` runs the unit tests only.
set -euo pipefail
cd "$(dirname "$0")/.."
./setup.sh --tests
exec ctest --test-dir build/release --output-on-failure --no-tests=error -j "$(nproc)" "$@"
