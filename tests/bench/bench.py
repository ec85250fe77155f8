"""W1 against its peers on all cores: bench.py [--rows N] [--users SHAPE] [--pairs 1,10,40,100,300] [--runs R]
[--from memory|file] [--engines DuckDB,Polars,ClickHouse] [--sum amount|score].

From memory, every engine holds the same 20 M rows in its own form (DuckDB and ClickHouse tables, a Polars frame, Arrow
batches for Alidade) with text as codes of one byte. From file, every engine reads the same Parquet file in every run, in the
page cache, its text as written. `--sum score` sums doubles: the peers as they come, Alidade exactly and, in another spec, with
`exact = false`. One statement each, R runs after a warm-up, medians, equal results asserted. Prints a Markdown table."""

import argparse
import csv
import io
import pathlib
import statistics
import subprocess
import sys
import time

import chdb.session
import duckdb
import polars as pl
import pyarrow.parquet as pq

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(HERE))
import workload_w1 as w1  # noqa: E402
from generate import PLANS  # noqa: E402


def timed(runs, work):
    """(median seconds, last result) of `runs` calls after one that is not counted."""
    times, result = [], work()
    for _ in range(runs):
        start = time.perf_counter()
        result = work()
        times.append(time.perf_counter() - start)
    return statistics.median(times), result


def cells(rows):
    """{(day, plan): numbers} of rows (day, plan code or word, n0, s0, n1, s1, …)."""
    codes = {str(key): code for code, word in enumerate(PLANS) for key in (code, word)}
    return {(str(row[0])[:10], codes[str(row[1])]): [float(v) if v not in (None, "\\N") else 0.0 for v in row[2:]]
            for row in rows}


class DuckDB:
    def __init__(self, path, from_file):
        self.db, self.of, self.source = duckdb.connect(), w1.WORDS if from_file else w1.CODES, f"'{path}'"
        if from_file:
            return
        self.source = "app"
        self.db.execute(f"""create table app as select make_timestamp(epoch_us(ts)) ts,
            {coded_sql('name', w1.EVENTS)} name, {coded_sql('plan', PLANS)} plan,
            {coded_sql('country', w1.COUNTRIES)} country, {coded_sql('device', w1.DEVICES)} device,
            amount, minutes, score from '{path}'""")

    def run(self, chosen, summed):
        return self.db.execute(w1.duckdb_query(chosen, self.source, self.of, summed)).fetchall()


def coded_sql(column, words):
    listed = ", ".join(f"'{word}'" for word in words)
    return f"(list_position([{listed}], {column}) - 1)::utinyint"


class Polars:
    def __init__(self, path, from_file):
        self.of = w1.WORDS if from_file else w1.CODES
        words = {"name": w1.EVENTS, "plan": PLANS, "country": w1.COUNTRIES, "device": w1.DEVICES}
        self.frame = pl.scan_parquet(path)
        if from_file:
            return
        frame = pl.read_parquet(path, columns=["ts", "name", "plan", "country", "device", "amount", "minutes", "score"])
        self.frame = frame.with_columns(
            pl.col("ts").dt.replace_time_zone(None),
            *[pl.col(c).cast(pl.Enum(w)).to_physical().cast(pl.UInt8).alias(c) for c, w in words.items()]).lazy()

    def run(self, chosen, summed):
        day = pl.col("ts").dt.date().alias("day")
        return self.frame.group_by(day, pl.col("plan")).agg(w1.polars_columns(chosen, pl, self.of, summed)).collect().rows()


class ClickHouse:
    def __init__(self, path, from_file):
        self.of, self.source = w1.WORDS if from_file else w1.CODES, f"file('{path}', Parquet)"
        self.session = chdb.session.Session()
        if from_file:
            return
        self.source = "app"
        self.session.query("create database bench")
        self.session.query("use bench")
        listed = {"name": w1.EVENTS, "plan": PLANS, "country": w1.COUNTRIES, "device": w1.DEVICES}
        codes = ", ".join(f"toUInt8(indexOf({words}, toString({column})) - 1) {column}" for column, words in listed.items())
        self.session.query("create table app (ts DateTime64(6, 'UTC'), name UInt8, plan UInt8, country UInt8, device UInt8, "
                           "amount Int64, minutes Int64, score Float64) engine = Memory")
        self.session.query(f"insert into app select ts, {codes}, amount, minutes, score from file('{path}', Parquet)")

    def run(self, chosen, summed):
        text = self.session.query(w1.chdb_query(chosen, self.source, self.of, summed), "CSV").bytes().decode()
        return list(csv.reader(io.StringIO(text)))


def alidade(path, chosen, threads, runs, source, summed, exact=True):
    """(median run seconds, compile seconds, cells by (day, plan))."""
    spec = ROOT / "build" / "bench" / f"w1_{len(chosen)}.metric"
    spec.write_text(w1.spec(chosen, summed, exact))
    command = [ROOT / "build/release/bin/bench_in_memory", spec, "app", path, "day", "plan", threads, runs + 1, source]
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=True)
    compiled, *times = [float(line.split()[1]) for line in done.stderr.splitlines()]
    found = {}
    for row in csv.DictReader(io.StringIO(done.stdout)):
        kind, index = row["metric"][0], int(row["metric"][1:])
        values = found.setdefault((row["bucket"], PLANS.index(row["plan"])), [0] * (2 * len(chosen)))
        values[2 * index + (kind == "s")] = float(row["value"])
    return statistics.median(times[1:]), compiled, found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=20_000_000)
    parser.add_argument("--users", default="lognormal")
    parser.add_argument("--pairs", default="1,10,40,100,300")
    parser.add_argument("--from", dest="source", choices=["memory", "file"], default="memory")
    parser.add_argument("--sum", dest="summed", choices=["amount", "score"], default="amount")
    parser.add_argument("--engines", default="DuckDB,Polars,ClickHouse")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    path = ROOT / "build" / "bench" / f"w1_{options.users}_{options.rows}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        subprocess.run([sys.executable, HERE / "generate.py", path, "--rows", str(options.rows), "--users", options.users],
                       check=True)
    engines = [name for name in options.engines.split(",") if name]
    floats = options.summed == "score"
    names = ["pairs", "Alidade s", "compile s", *(["inexact s"] if floats else []), *[f"{e} s" for e in engines]]
    print("| " + " | ".join(names) + " | best peer ÷ Alidade |")
    print("|---|" + "---|" * len(names))
    results = {}
    sizes = [int(size) for size in options.pairs.split(",")]
    for name in engines:
        peer = ENGINES[name](path, options.source == "file")
        for size in sizes:
            seconds, rows = timed(options.runs, lambda: peer.run(w1.conditions(size), options.summed))
            results[name, size] = seconds, cells(rows)
        del peer
    for size in sizes:
        how = w1.conditions(size), options.threads, options.runs, options.source, options.summed
        seconds, compiled, found = alidade(path, *how)
        for name in engines:
            if results[name, size][1] != found:
                sys.exit(f"{name} and Alidade differ at {size} pairs")
        peers = [results[name, size][0] for name in engines]
        inexact = ""
        if floats:
            inexact_seconds, _, inexact_found = alidade(path, *how, exact=False)
            inexact = f"{inexact_seconds:.3f} | "
            if inexact_found != found:
                sys.exit(f"exact and inexact sums differ at {size} pairs")
        print(f"| {size} | {seconds:.3f} | {compiled:.3f} | {inexact}" + "".join(f"{s:.2f} | " for s in peers)
              + (f"{min(peers) / seconds:.1f} |" if peers else "|"), flush=True)


ENGINES = {"DuckDB": DuckDB, "Polars": Polars, "ClickHouse": ClickHouse}

if __name__ == "__main__":
    main()
