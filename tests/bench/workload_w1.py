"""W1: filtered count-and-sum pairs by day and plan, every pair with its own condition. One description of the conditions,
written out for each engine."""

import random

from generate import COUNTRIES, DEVICES, EVENTS

# How a statement writes a word: as its code where an engine holds codes, else as text.
CODES = {word: code for words in (EVENTS, COUNTRIES, DEVICES) for code, word in enumerate(words)}
WORDS = {word: f"'{word}'" for word in CODES}


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


def spec(chosen, summed="amount", exact=True):
    lines = ["module w1", "", "stream app {", "  time ts : timestamp", "  entity user : integer", "  name : text",
             '  plan : one_of("free", "basic", "pro")', "  country : text", "  device : text", "  amount : integer",
             "  minutes : integer", "  score : number", "}", ""]
    for i, tests in enumerate(chosen):
        text = " and ".join(f'{c} {op} "{v}"' if isinstance(v, str) else f"{c} {op} {v}" for c, op, v in tests)
        how = "" if exact else ", exact = false"
        lines += [f"metric n{i} = count(app where {text})", f"metric s{i} = sum(app.{summed} where {text}{how})"]
    return "\n".join(lines) + "\n"


def written_tests(tests, of):
    """The conditions as SQL."""
    words = {"==": "=", "!=": "<>"}
    return " and ".join(f"{c} {words.get(op, op)} {of[v] if isinstance(v, str) else v}" for c, op, v in tests)


def duckdb_query(chosen, source, of, summed):
    columns = "".join(f", sum(case when {written_tests(t, of)} then 1 else 0 end) n{i},"
                      f" sum(case when {written_tests(t, of)} then {summed} else 0 end) s{i}" for i, t in enumerate(chosen))
    return f"select ts::date as day, plan{columns} from {source} group by 1, 2"


def chdb_query(chosen, source, of, summed):
    columns = "".join(f", countIf({written_tests(t, of)}) n{i}, sumIf({summed}, {written_tests(t, of)}) s{i}"
                      for i, t in enumerate(chosen))
    return f"select toDate(ts) as day, plan{columns} from {source} group by day, plan"


def polars_columns(chosen, pl, of, summed):
    operators = {"==": "eq", "!=": "ne", "<": "lt", ">=": "ge"}
    columns = []
    for i, tests in enumerate(chosen):
        mask = pl.lit(True)
        for column, op, value in tests:
            wanted = pl.lit(value) if of is WORDS else of.get(value, value)
            mask = mask & getattr(pl.col(column), operators[op])(wanted)
        columns += [mask.sum().alias(f"n{i}"), pl.when(mask).then(pl.col(summed)).otherwise(0).sum().alias(f"s{i}")]
    return columns
