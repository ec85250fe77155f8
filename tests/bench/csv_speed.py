"""How fast CSV is read, checked and folded, as GB/s of the file: `alidade run` as a whole process beside DuckDB's and Polars'
readers answering the same question on the same file. Results are compared. Needs ./setup.sh --bench."""

import argparse
import csv
import io
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import duckdb
import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.csv

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "python"))
import alidade  # noqa: E402

SPEC = """module bench
stream app {
  time at : timestamp
  entity user : text
  name : one_of("view", "click", "search", "signup", "purchase", "refund", "login", "logout")
  plan : one_of("free", "basic", "pro")
  amount : decimal(2)
  minutes : integer
}
metric rows = count(app)
metric total = sum(app.amount)
metric minutes = sum(app.minutes)
metric users = unique(app.user)
"""
QUESTIONS = {"few values": ["rows", "total", "minutes"], "a text of many values": ["rows", "total", "minutes", "users"]}
PLANS = ["free", "basic", "pro"]
NAMES = ["view", "click", "search", "signup", "purchase", "refund", "login", "logout"]


def write_data(path, rows, users):
    rng = np.random.default_rng(7)
    micros = np.int64(1_767_225_600_000_000) + np.sort(rng.integers(0, 90 * 86_400, rows)) * 1_000_000
    times = np.datetime_as_string(micros.astype("datetime64[us]"), unit="s")
    cents = rng.integers(0, 100_000, rows)
    pyarrow.csv.write_csv(pa.table({
        "at": pa.array(times), "user": pa.array(np.char.add("user-", rng.integers(0, users, rows).astype(str))),
        "name": pa.array(NAMES).take(pa.array(rng.integers(0, len(NAMES), rows))),
        "plan": pa.array(PLANS).take(pa.array(rng.integers(0, len(PLANS), rows))),
        "amount": pa.array(np.char.add(np.char.add((cents // 100).astype(str), "."), np.char.zfill((cents % 100).astype(str), 2))),
        "minutes": pa.array(rng.integers(0, 500, rows))}), path, pyarrow.csv.WriteOptions(quoting_style="none"))


def with_alidade(folder, path, metrics):
    arguments = [alidade.binary(), "run", str(folder / "bench.metric"), *metrics, "--by", "plan", "--data", f"app={path}", "--format", "csv"]
    out = subprocess.run(arguments, capture_output=True, text=True, check=True).stdout
    values = {(row["plan"], row["metric"]): float(row["value"]) for row in csv.DictReader(io.StringIO(out))}
    return {plan: [values[plan, metric] for metric in metrics] for plan in PLANS}


def with_duckdb(path, metrics):
    users = ", count(distinct user)" if "users" in metrics else ""
    rows = duckdb.connect().execute(
        f"select plan, count(*), sum(amount), sum(minutes){users} from read_csv('{path}', columns={{'at': 'TIMESTAMP', 'user': 'VARCHAR',"
        " 'name': 'VARCHAR', 'plan': 'VARCHAR', 'amount': 'DECIMAL(18,2)', 'minutes': 'BIGINT'}) where \"at\" is not null and name is not null"
        " group by plan").fetchall()
    return {row[0]: [float(value) for value in row[1:]] for row in rows}


def with_polars(path, metrics):
    asked = [pl.len().alias("rows"), pl.col("amount").sum().alias("total"), pl.col("minutes").sum().alias("sum_minutes")]
    if "users" in metrics:
        asked.append(pl.col("user").n_unique().alias("users"))
    schema = {"at": pl.Datetime("us"), "user": pl.String, "name": pl.String, "plan": pl.String, "amount": pl.Float64, "minutes": pl.Int64}
    frame = pl.scan_csv(path, schema=schema, try_parse_dates=True).filter(pl.col("at").is_not_null() & pl.col("name").is_not_null())
    rows = frame.group_by("plan").agg(asked).collect(engine="streaming").rows()
    return {row[0]: [float(value) for value in row[1:]] for row in rows}


def timed(call, runs):
    call()
    seconds = []
    for _ in range(runs):
        begin = time.perf_counter()
        result = call()
        seconds.append(time.perf_counter() - begin)
    return statistics.median(seconds), result


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rows", type=int, default=3_000_000)
    options.add_argument("--users", type=int, default=500_000)
    options.add_argument("--runs", type=int, default=3)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        path = folder / "app.csv"
        write_data(path, chosen.rows, chosen.users)
        (folder / "bench.metric").write_text(SPEC)
        size = os.path.getsize(path)
        print(f"{chosen.rows:,} rows, {size / 1e6:.0f} MB, {os.cpu_count()} cores")
        for question, metrics in QUESTIONS.items():
            expected = None
            for engine, call in (("Alidade", lambda: with_alidade(folder, path, metrics)), ("DuckDB", lambda: with_duckdb(path, metrics)),
                                 ("Polars", lambda: with_polars(path, metrics))):
                seconds, result = timed(call, chosen.runs)
                expected = expected or result
                for plan in PLANS:
                    same = all(abs(a - b) <= 1e-9 * max(abs(a), 1) for a, b in zip(expected[plan], result[plan], strict=True))
                    assert same, (engine, plan, expected[plan], result[plan])
                print(f"{question:24} {engine:8} {seconds:6.2f} s  {size / seconds / 1e9:5.2f} GB/s", flush=True)


if __name__ == "__main__":
    main()
