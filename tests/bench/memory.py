"""Peak memory of `alidade run` over a Parquet file of 20 M rows and 1 M users: memory.py [--rows N] [--users SHAPE].

Memory follows the state, not the input: sums, distinct users by week and over windows, and a mean per user. The bar is 1 GB
(no `id`, no percentiles). Exit code 1 above it."""

import argparse
import pathlib
import resource
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
SPEC = """module memory

stream app {
  time ts : timestamp
  entity user : integer
  name : text
  plan : one_of("free", "basic", "pro")
  amount : integer
  score : number
}

event purchase = app where name == "event_03"

metric rows      = count(app)
metric amount    = sum(app.amount)
metric score     = sum(app.score)
metric users     = unique(app.user)
metric buyers    = unique(purchase.user)
metric wau       = unique(app.user) over last 7 days
metric per_user  = mean(sum(app.amount) per user)
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=20_000_000)
    parser.add_argument("--users", default="uniform")
    parser.add_argument("--per", default="week")
    options = parser.parse_args()
    folder = ROOT / "build" / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"w1_{options.users}_{options.rows}.parquet"
    if not path.exists():
        generate = pathlib.Path(__file__).with_name("generate.py")
        subprocess.run([sys.executable, generate, path, "--rows", str(options.rows), "--users", options.users], check=True)
    spec = folder / "memory.metric"
    spec.write_text(SPEC)
    command = [ROOT / "build/release/bin/alidade", "run", spec, "--data", f"app={path}", "--per", options.per,
               "--format", "csv", "--output", folder / "memory.csv"]
    start = time.perf_counter()
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    subprocess.run([str(part) for part in command], check=True)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"{options.rows} rows, {options.users} users, per {options.per}: peak {peak:.0f} MB, "
          f"{time.perf_counter() - start:.1f} s (generation's peak before: {before / 1024:.0f} MB)")
    sys.exit(1 if peak > 1024 else 0)


if __name__ == "__main__":
    main()
