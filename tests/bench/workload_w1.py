"""W1: filtered count-and-sum pairs by day and plan, every pair with its own condition. One description of the conditions,
written out for each engine."""

import random

from generate import COUNTRIES, DEVICES, EVENTS

CODES = {word: code for words in (EVENTS, COUNTRIES, DEVICES) for code, word in enumerate(words)}


def conditions(count, seed=7):
    """`count` different conditions, each on an event name and one or two other columns, as lists of (column, op, value)."""
    rng = random.Random(seed)
    chosen = []
    for i in range(count):
        tests = [("name", "==", EVENTS[i % len(EVENTS)])]
        tests.append(rng.choice([("minutes", ">=", rng.randrange(5, 230)), ("amount", "<", rng.randrange(2000, 98_000)),
                                 ("amount", ">=", rng.randrange(2000, 98_000))]))
        if i % 2:
            tests.append(rng.choice([("country", "==", rng.choice(COUNTRIES)), ("device", "!=", rng.choice(DEVICES)),
                                     ("minutes", "<", rng.randrange(60, 239))]))
        chosen.append(tests)
    return chosen


def spec(chosen):
    lines = ["module w1", "", "stream app {", "  time ts : timestamp", "  entity user : integer", "  name : text",
             '  plan : one_of("free", "basic", "pro")', "  country : text", "  device : text", "  amount : integer",
             "  minutes : integer", "  score : number", "}", ""]
    for i, tests in enumerate(chosen):
        text = " and ".join(f'{c} {op} "{v}"' if isinstance(v, str) else f"{c} {op} {v}" for c, op, v in tests)
        lines += [f"metric n{i} = count(app where {text})", f"metric s{i} = sum(app.amount where {text})"]
    return "\n".join(lines) + "\n"


def coded_tests(tests, equal="="):
    """The conditions over integer codes, as SQL."""
    words = {"==": equal, "!=": "<>"}
    return " and ".join(f"{c} {words.get(op, op)} {CODES[v] if isinstance(v, str) else v}" for c, op, v in tests)


def duckdb_query(chosen):
    columns = "".join(f", sum(case when {coded_tests(t)} then 1 else 0 end) n{i},"
                      f" sum(case when {coded_tests(t)} then amount else 0 end) s{i}" for i, t in enumerate(chosen))
    return f"select ts::date as day, plan{columns} from app group by 1, 2"


def chdb_query(chosen):
    columns = "".join(f", countIf({coded_tests(t)}) n{i}, sumIf(amount, {coded_tests(t)}) s{i}"
                      for i, t in enumerate(chosen))
    return f"select toDate(ts) as day, plan{columns} from app group by day, plan"


def polars_columns(chosen, pl):
    operators = {"==": "eq", "!=": "ne", "<": "lt", ">=": "ge"}
    columns = []
    for i, tests in enumerate(chosen):
        mask = pl.lit(True)
        for column, op, value in tests:
            wanted = CODES[value] if isinstance(value, str) else value
            mask = mask & getattr(pl.col(column), operators[op])(wanted)
        columns += [mask.sum().alias(f"n{i}"), pl.when(mask).then(pl.col("amount")).otherwise(0).sum().alias(f"s{i}")]
    return columns
