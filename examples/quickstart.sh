#!/usr/bin/env bash
# From a fresh clone to numbers: builds Alidade, makes three million events once, and shows a streaming service's metrics.
set -euo pipefail
cd "$(dirname "$0")/.."
./setup.sh
cd examples/streaming
alidade=../../build/release/bin/alidade

if [ ! -f data/spend.csv ] || ! ls data/app/*.parquet >/dev/null 2>&1; then
  echo "making the data (about 10 s)" >&2
  ../../.venv/bin/python generate.py
fi

"$alidade" run revenue buyers arpu wau minutes_each error_rate --per week --by plan --from 2025-11-17 --to 2026-01-05

cat <<'NEXT'

Next, in examples/streaming:
  ../../build/release/bin/alidade run                                    every metric over the whole half year
  ../../build/release/bin/alidade run signups cac --per month            money of one stream, people of another
  ../../build/release/bin/alidade explain typical_buyer                  what a metric is and what computing it takes
NEXT
