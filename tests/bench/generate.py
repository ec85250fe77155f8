"""The benchmark's events: generate.py OUT.parquet [--rows N] [--users lognormal|uniform] [--seed S].

Time-ordered rows over 90 days: 40 event names of uneven frequency, three small dimensions (plan, country, device), 64-bit
user ids that are not dense, an amount in cents, minutes and a score. Written once; every engine reads the same file."""

import argparse

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

EVENTS = [f"event_{i:02d}" for i in range(40)]
PLANS = ["free", "basic", "pro"]
COUNTRIES = ["DE", "FR", "GB", "US", "JP", "BR", "IN", "ES"]
DEVICES = ["phone", "tablet", "web", "tv"]
START = 1_767_225_600_000_000  # 2026-01-01 UTC
DAYS = 90


def user_ids(rng, rows, users, shape):
    if shape == "uniform":
        index = rng.integers(0, users, rows)
    else:
        weight = rng.lognormal(0, 1.5, users)
        index = rng.choice(users, rows, p=weight / weight.sum())
    return (index.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) >> np.uint64(1)).astype(np.int64)


def coded(rng, rows, words, weight):
    codes = rng.choice(len(words), rows, p=weight / weight.sum()).astype(np.int8)
    return pa.DictionaryArray.from_arrays(pa.array(codes), pa.array(words))


def table(rows, users, shape, seed):
    rng = np.random.default_rng(seed)
    time = np.sort(rng.integers(0, DAYS * 86_400_000_000, rows)) + START
    even = np.ones
    return pa.table({
        "ts": pa.array(time, pa.timestamp("us", "UTC")),
        "user": pa.array(user_ids(rng, rows, users, shape)),
        "name": coded(rng, rows, EVENTS, 1 / np.sqrt(np.arange(1, 41))),
        "plan": coded(rng, rows, PLANS, np.array([6, 3, 1])),
        "country": coded(rng, rows, COUNTRIES, even(8)),
        "device": coded(rng, rows, DEVICES, even(4)),
        "amount": pa.array(rng.integers(0, 100_000, rows)),
        "minutes": pa.array(rng.integers(0, 240, rows)),
        "score": pa.array(rng.integers(0, 8000, rows) / 8),
    })


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out")
    parser.add_argument("--rows", type=int, default=20_000_000)
    parser.add_argument("--distinct", type=int, default=1_000_000)
    parser.add_argument("--users", choices=["lognormal", "uniform"], default="lognormal")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    pq.write_table(table(options.rows, options.distinct, options.users, options.seed), options.out,
                   row_group_size=1_000_000, compression="snappy")


if __name__ == "__main__":
    main()
