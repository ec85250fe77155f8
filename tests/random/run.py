"""Random core specs and data: native code, the reference and DuckDB must give the same cells.

    run.py [--pairs N] [--seed S] [--jobs J]

Each pair is one spec of several metrics over one file. Floats are multiples of 1/8, so every sum is exact everywhere and
equality is equality. A failing pair prints its seed and leaves its files in build/random/SEED."""

import argparse
import concurrent.futures
import csv
import datetime as dt
import itertools
import pathlib
import random
import sys
import zoneinfo
from fractions import Fraction

import duckdb
import pyarrow.parquet as pq

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "python"))
import alidade  # noqa: E402
from model import (Aggregate, At, AtPeriodEnd, Binary, Condition, Constant, Event, Field, Function, If, Over, PerKey, PerTime,
                   TableAggregate, Undefined, World)  # noqa: E402

NAMES = ["signup", "purchase", "refund", "page_view"]
EVENT_NAMES = ["newest", "oldest"]
PLANS = ["free", "basic", "pro"]
COUNTRIES = ["DE", "FR", "日本", "O'Neil \"x\", y"]
ZONES = ["UTC", "Europe/Berlin", "America/New_York"]
WEEKDAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
AMOUNT = Field("amount", "exact")
TIERS = ["auto", "o0", "o1", "alternating"]
QUANTITY = Field("quantity", "exact")
SCORE = Field("score", "float")
PRODUCT = Field("total", "exact", "(quantity * amount)", "(app.quantity * app.amount)")
CAPPED = Field("capped", "exact", "greatest(amount, 5)", "greatest(app.amount, 5 USD)")
FILLED = Field("filled", "float", "coalesce(score, quantity)", "coalesce(app.score, app.quantity)")
CONVERTED = Field("converted", "exact", "(amount * rate)", "convert(app.amount, to = EUR, using = ecb)", True)
USER = Field("user", "text", '"user"')
TIERS_OF_USERS = ["gold", "silver"]
SEATS = Field("seats", "exact", "", "users.seats")
TIER = Field("tier", "text", "", "users.tier")


def make_rows(rng, zone):
    start = dt.datetime(2026, rng.choice([1, 2, 3, 10]), rng.randint(1, 28), tzinfo=dt.timezone.utc)
    days = rng.choice([1, 3, 20, 70])
    users = rng.choice([1, 5, 40])
    rows = []
    for _ in range(rng.choice([1, 3, 30, 300, 1500])):
        at = start + dt.timedelta(microseconds=rng.randrange(days * 86_400_000_000))
        rows.append({
            "ts": at,
            "user": None if rng.random() < 0.1 else f"u{rng.randrange(users)}",
            "name": rng.choice(NAMES),
            "plan": rng.choice(PLANS),
            "country": None if rng.random() < 0.2 else rng.choice(COUNTRIES),
            "amount": Fraction(rng.randrange(-5000, 100_000), 100),
            "quantity": rng.randrange(-3, 12),
            "score": None if rng.random() < 0.15 else rng.randrange(-800, 8000) / 8,
            "active": rng.random() < 0.5,
            "lt": at.astimezone(zone).replace(tzinfo=None),
        })
    return rows


def make_users(rng, rows, zone):
    """A slowly changing table: for some users versions that follow each other, with gaps and open ends."""
    first, last = min(r["ts"] for r in rows), max(r["ts"] for r in rows)
    users = []
    for user in sorted({r["user"] for r in rows if r["user"]} | {"u_never_seen"}):
        if rng.random() < 0.2:
            continue
        span = (last - first) + dt.timedelta(days=4)
        cuts = sorted(first - dt.timedelta(days=2) + span * rng.random() for _ in range(rng.choice([2, 2, 4, 6])))
        if rng.random() < 0.3:  # at a row's own time
            cuts = sorted([*cuts[:-1], rng.choice(rows)["ts"]])
        edges = [None if rng.random() < 0.3 else cuts[0], *cuts[1:-1], None if rng.random() < 0.5 else cuts[-1]]
        for since, until in zip(edges, edges[1:]):
            if rng.random() < 0.2:
                continue
            users.append({"user": user, "tier": rng.choice(TIERS_OF_USERS), "name": rng.choice(NAMES), "plan": rng.choice(PLANS),
                          "country": None if rng.random() < 0.2 else rng.choice(COUNTRIES), "seats": rng.randrange(-2, 9),
                          "since_ts": since, "until_ts": until,
                          "since": since and since.astimezone(zone).replace(tzinfo=None),
                          "until": until and until.astimezone(zone).replace(tzinfo=None)})
    rng.shuffle(users)
    return users


def make_rates(rng, rows, zone):
    """What a dollar is worth, changing at rows' times too, perhaps with a gap or not from the first row on."""
    first, last = min(r["ts"] for r in rows), max(r["ts"] for r in rows)
    cuts = sorted([first + (last - first) * rng.random() for _ in range(rng.choice([0, 1, 4]))] + [rng.choice(rows)["ts"]])
    edges = [None if rng.random() < 0.8 else cuts[0], *cuts[1:], None]
    rates = [{"since_ts": since, "until_ts": until, "rate": Fraction(rng.randrange(1, 20_000), 10_000),
              "since": since and since.astimezone(zone).replace(tzinfo=None),
              "until": until and until.astimezone(zone).replace(tzinfo=None)}
             for since, until in zip(edges, edges[1:]) if rng.random() < 0.9 and since != until]
    rng.shuffle(rates)
    return rates


def make_condition(rng, depth=0):
    if depth < 2 and rng.random() < 0.3:
        a, b = make_condition(rng, depth + 1), make_condition(rng, depth + 1)
        word = rng.choice(["and", "or"])
        return Condition(f"({a.language} {word} {b.language})", f"(coalesce({a.sql}, false) {word} coalesce({b.sql}, false))")
    if depth < 2 and rng.random() < 0.1:
        a = make_condition(rng, depth + 1)
        return Condition(f"(not {a.language})", f"(not coalesce({a.sql}, false))")
    name, plan, country = rng.choice(NAMES), rng.choice(PLANS), rng.choice(COUNTRIES[:3])
    low = rng.randrange(-50, 900)
    compare, sql_compare = rng.choice([("==", "="), ("!=", "<>"), ("<", "<"), ("<=", "<="), (">", ">"), (">=", ">=")])
    pair, tier = rng.sample(NAMES, 2), rng.choice(TIERS_OF_USERS)
    return rng.choice([
        Condition(f'name == "{name}"', f"name = '{name}'"),
        Condition(f'name == "{name}"', f"name = '{name}'"),
        Condition(f'name in ("{pair[0]}", "{pair[1]}")', f"name in ('{pair[0]}', '{pair[1]}')"),
        Condition(f'plan != "{plan}"', f"plan <> '{plan}'"),
        Condition(f'country == "{country}"', f"country = '{country}'"),
        Condition("country is null", "country is null"),
        Condition("score is not null", "score is not null"),
        Condition(f"amount {compare} {low} USD", f"amount {sql_compare} {low}"),
        Condition(f"quantity {compare} {low % 9}", f"quantity {sql_compare} {low % 9}"),
        Condition(f"quantity in (1, 2, {low % 9})", f"quantity in (1, 2, {low % 9})"),
        Condition(f"score {compare} {low}.5", f"score {sql_compare} {low}.5"),
        Condition(f"quantity * 2 {compare} {low % 9}", f"quantity * 2 {sql_compare} {low % 9}"),
        Condition(f"score / quantity {compare} 4", f"(case when quantity <> 0 then score / quantity end) {sql_compare} 4"),
        Condition("active", "active"),
        Condition(f'user.tier == "{tier}"', f"tier = '{tier}'"),
    ])


def make_aggregate(rng, kinds="money count unique float"):
    condition = make_condition(rng) if rng.random() < 0.7 else Condition("", "")
    rows = rng.choice(EVENT_NAMES) if rng.random() < 0.15 else "app"
    kind = rng.choice(kinds.split())
    if kind == "count":
        return Aggregate("count", QUANTITY, condition, rows=rows)
    if kind == "unique":
        key = rng.choice([USER, USER, Field("country", "text"), QUANTITY])
        return Aggregate("unique", key, condition, rows=rows)
    field = rng.choice({"money": [AMOUNT, AMOUNT, CAPPED], "euro": [CONVERTED], "float": [SCORE, SCORE, FILLED], "integer": [QUANTITY],
                        "product": [PRODUCT]}[kind])
    op = rng.choice(["sum", "sum", "mean", "min", "max", "median", "percentile", "first", "last", "stddev"])
    point = (1, 2) if op == "median" else (rng.choice([5, 25, 90, 95, 99]), 100)
    if field is PRODUCT and op in ("median", "percentile"):
        op = "sum"
    plainly = op in ("sum", "mean") and field.kind == "float" and rng.random() < 0.4
    return Aggregate(op, field, condition, point, rows, plainly)


def make_table_aggregate(rng):
    condition = rng.choice([Condition("", ""), Condition('tier == "gold"', "tier = 'gold'"), Condition("seats > 3", "seats > 3")])
    op = rng.choice(["count", "sum", "mean", "min", "max", "median", "unique"])
    return TableAggregate(op, {"count": SEATS, "unique": TIER}.get(op, SEATS), condition)


def make_table_metric(rng, dimensions):
    """Beside a stream's value, whose range it then has. Groups depend on what is asked, so other buckets come without."""
    if not dimensions and rng.random() < 0.5:
        node = make_table_aggregate(rng)
        node = rng.choice([At(node, 1, "day"), PerTime("mean", node, "day"),
                           Over(PerTime("max", node, "day"), "last", rng.choice([2, 7]), "day")])
        return Binary("/", node, make_aggregate(rng, "count unique"))
    return Binary("/", make_aggregate(rng, "count unique integer"), make_table_aggregate(rng))


def adds_up(node):
    """Whether a sum over buckets or dimensions means something: not of distinct counts, means or ratios."""
    if isinstance(node, Aggregate):
        return node.op in ("count", "sum")
    return False


def make_inner(rng, grain):
    """A value of one row set: an aggregate, perhaps windowed or in a small formula."""
    kinds = "money count unique float integer product euro"
    node = make_aggregate(rng, kinds)
    if rng.random() < 0.15:
        node = Over(node, "last", rng.choice([1, 2, 7]), rng.choice(["day", "week"]))
    elif rng.random() < 0.15:
        node = Binary("/", node, make_aggregate(rng, "count unique integer"))
    elif rng.random() < 0.1:
        node = AtPeriodEnd(make_aggregate(rng, "money"))
    return node


def make_metric(rng, grain, depth=0):
    pick = rng.random()
    if pick < 0.3:
        return make_aggregate(rng, "money count unique float integer product euro")
    if pick < 0.42:
        return Binary("/", make_aggregate(rng, "money count float integer euro"), make_aggregate(rng, "count unique money"))
    if pick < 0.44:
        return AtPeriodEnd(make_aggregate(rng, "money"))
    if pick < 0.5:
        kind = rng.choice(["money", "float", "integer", "euro"])
        return Binary(rng.choice("+-"), make_aggregate(rng, kind), make_aggregate(rng, kind))
    if pick < 0.55:
        return Binary("*", make_aggregate(rng, "money integer"), make_aggregate(rng, "count"))
    if pick < 0.57:
        kind = rng.choice(["money", "float", "integer", "euro"])
        return Function(rng.choice(["greatest", "least", "coalesce"]), make_aggregate(rng, kind), make_aggregate(rng, kind))
    if pick < 0.58:
        node = make_aggregate(rng, "money float integer")
        return Function("round", node, digits=rng.randint(0, 3))
    if pick < 0.6:
        kind = rng.choice(["money", "float", "integer"])
        return If(make_aggregate(rng, "count"), Fraction(rng.randrange(30)), make_aggregate(rng, kind), make_aggregate(rng, kind))
    op = rng.choice(["sum", "mean", "min", "max", "median", "count", "percentile", "variance", "stddev"])
    point = (1, 2) if op == "median" else (rng.choice([10, 75, 95]), 100)
    if pick < 0.72:
        inner = make_inner(rng, grain)
        if rng.random() < 0.2 and not isinstance(inner, Over):
            inner = make_aggregate(rng, "money count float integer")
            inner = PerTime(rng.choice(["sum", "max", "mean"] if adds_up(inner) else ["max", "mean"]), inner, "day")
        return PerKey(op, inner, "user", True, point)
    if pick < 0.78:
        inner = make_inner(rng, grain)
        op = "mean" if op == "sum" and not adds_up(inner) else op
        return PerKey(op, inner, rng.choice(["plan", "country", "name"]), False, point)
    if pick < 0.86:
        inner = make_inner(rng, "day")
        op = rng.choice(["first", "last"]) if rng.random() < 0.2 else op
        if rng.random() < 0.25:
            inner = PerKey(rng.choice(["mean", "max", "median"]), make_aggregate(rng, "money count float integer"), "user", True)
        op = "mean" if op == "sum" and not adds_up(inner) else op
        return PerTime(op, inner, rng.choice(["day", "day", "week" if grain in ("week", "all") else "day"]), point)
    if pick < 0.94:
        inner = make_aggregate(rng, "money count unique float euro")
        if rng.random() < 0.3:
            inner = PerKey("median", make_aggregate(rng, "money count euro"), "user", True)
        window = rng.choice(["last", "last", "last", "to date", "all time"])
        return Over(inner, window, rng.choice([1, 2, 3, 7, 28]), rng.choice(["day", "week", "month"]))
    inner = make_aggregate(rng)
    if rng.random() < 0.3:
        inner = Over(inner, "last", rng.choice([2, 7]), "day")
    return At(inner, rng.choice([1, 1, 2]), rng.choice(["day", "week", "month"]))


def make_events(rng):
    return [Event(name, rng.choice(["first", "last"]), make_condition(rng) if rng.random() < 0.7 else Condition("", ""))
            for name in EVENT_NAMES]


def make_spec(zone, week_start, user_type, events, metrics):
    lines = [
        "module random_pair", "",
        f'calendar {{ zone "{zone}"; week starts {WEEKDAYS[week_start - 1]} }}', "",
        "stream app {", "  time ts : timestamp", f"  entity user : {user_type}?", "  name : text",
        '  plan : one_of("free", "basic", "pro")', "  country : text?", "  amount : money(USD)", "  quantity : integer",
        "  score : number?", "  active : bool", "}", "",
        "table users key user {", f"  user : {user_type}", "  tier : text", "  name : text",
        '  plan : one_of("free", "basic", "pro")', "  country : text?", "  seats : integer", "  valid from since to until", "}", "",
        "table ecb key currency {", "  currency : text", "  rate : money(EUR, 4)", "  valid from since to until", "}", ""]
    lines += [event.text() for event in events]
    lines += [f"metric m{i} = {metric.text()}" for i, metric in enumerate(metrics)]
    return "\n".join(lines) + "\n"


def write_users(users, folder, database):
    """The table as CSV and in DuckDB, and in `app` what it says of each row's user at that time."""
    path = folder / "users.csv"
    names = ["user", "tier", "name", "plan", "country", "seats"]
    with path.open("w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out)
        writer.writerow([*names, "since", "until"])
        for row in users:
            ends = [e.strftime("%Y-%m-%dT%H:%M:%S.%fZ") if e else "" for e in (row["since_ts"], row["until_ts"])]
            writer.writerow(["" if row[n] is None else row[n] for n in names] + ends)
    database.execute("""create table users("user" text, tier text, name text, plan text, country text, seats bigint, since timestamp,
        until timestamp, since_ts timestamp, until_ts timestamp)""")
    plain = lambda at: at and at.replace(tzinfo=None)  # noqa: E731
    if users:
        database.executemany("insert into users values (?,?,?,?,?,?,?,?,?,?)", [
            [*(r[n] for n in names), r["since"], r["until"], plain(r["since_ts"]), plain(r["until_ts"])] for r in users])
    database.execute("""create or replace table app as select a.*, u.tier from app a left join users u on a."user" = u."user"
        and coalesce(u.since_ts <= a.ts, true) and coalesce(a.ts < u.until_ts, true)""")
    return path


def write_rates(rates, folder, database):
    """The rates as CSV, and in `app` that of each row's time."""
    path = folder / "ecb.csv"
    with path.open("w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out)
        writer.writerow(["currency", "rate", "since", "until"])
        writer.writerow(["GBP", "1.5", "", ""])
        for rate in rates:
            ends = [e.strftime("%Y-%m-%dT%H:%M:%S.%fZ") if e else "" for e in (rate["since_ts"], rate["until_ts"])]
            writer.writerow(["USD", f"{float(rate['rate']):.4f}", *ends])
    database.execute("create table ecb(rate decimal(9,4), since_ts timestamp, until_ts timestamp)")
    plain = lambda at: at and at.replace(tzinfo=None)  # noqa: E731
    if rates:
        database.executemany("insert into ecb values (?,?,?)", [
            [f"{float(r['rate']):.4f}", plain(r["since_ts"]), plain(r["until_ts"])] for r in rates])
    database.execute("""create or replace table app as select a.*, e.rate from app a left join ecb e on
        coalesce(e.since_ts <= a.ts, true) and coalesce(a.ts < e.until_ts, true)""")
    return path


def write_rows(rows, folder, database):
    path = folder / "app.csv"
    with path.open("w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out)
        names = ["ts", "user", "name", "plan", "country", "amount", "quantity", "score", "active"]
        writer.writerow(names)
        for row in rows:
            cells = [row[n] for n in names]
            cells[0] = row["ts"].strftime("%Y-%m-%dT%H:%M:%S.%fZ")
            cells[5] = f"{float(row['amount']):.2f}"
            cells[8] = "true" if row["active"] else "false"
            writer.writerow(["" if c is None else c for c in cells])
    database.execute("""create table app(ts timestamp, "user" text, name text, plan text, country text, amount decimal(18,2),
        quantity bigint, score double, active boolean, lt timestamp)""")
    database.executemany("insert into app values (?,?,?,?,?,?,?,?,?,?)", [
        [r["ts"].replace(tzinfo=None), r["user"], r["name"], r["plan"], r["country"], str(float(r["amount"])), r["quantity"],
         r["score"], r["active"], r["lt"]] for r in rows])
    return path


def range_problems(rng, spec, rows, folder, database, options):
    """Over a part of the data, in many row groups of which native code reads what the range needs, and the reference all."""
    path = folder / "app.parquet"
    table = database.sql("""select ts at time zone 'UTC' ts, "user", name, plan, country, amount, quantity, score, active
        from app order by ts""").to_arrow_table()
    pq.write_table(table, path, row_group_size=rng.choice([1, 7, 40]))
    first, last = min(r["ts"] for r in rows), max(r["ts"] for r in rows)
    ends = sorted(first + (last - first) * rng.uniform(-0.1, 1.1) for _ in range(2))
    ends = sorted(end.replace(hour=0, minute=0, second=0) if rng.random() < 0.4 else end for end in ends)
    flags = [flag for flag in ("from_", "to") if rng.random() < 0.8]
    asked = {flag: end.strftime("%Y-%m-%d %H:%M:%S") for flag, end in zip(("from_", "to"), ends) if flag in flags}
    if len(set(asked.values())) < len(asked):
        return
    options = {**options, "data": [("app", path), *options["data"][1:]], **asked}
    native, reference = (alidade.run(spec, engine=engine, **options) for engine in ("native", "reference"))
    if native != reference:
        pairs = [(a, b) for a, b in itertools.zip_longest(native, reference) if a != b]
        yield f"native and reference differ with {asked}: {pairs[0]}"


def label(grain, start):
    if grain == "all":
        return None
    if grain == "month":
        return f"{start:%Y-%m}"
    return f"{start:%Y-%m-%d}"


def shown_dimension(value):
    return "" if value is None else str(value)


def differences(world, metric, index, rows):
    """Cells of one metric that differ from DuckDB's."""
    contexts, keys = world.contexts(), world.dimensions
    groups = metric.groups(world, keys) if keys else {()}
    values, _ = metric.evaluate(world, contexts, keys, groups)
    wanted = {(label(world.grain, c.start), *map(shown_dimension, g)): v for (c, g), v in values.items()}
    found = {}
    for row in rows:
        if row["metric"] == f"m{index}":
            bucket = None if world.grain == "all" else row["bucket"]
            found[(bucket, *(row[k] for k in keys))] = row
    if wanted.keys() != found.keys():
        yield f"cells only in DuckDB {sorted(map(str, wanted.keys() - found.keys()))[:3]}, " \
              f"only in alidade {sorted(map(str, found.keys() - wanted.keys()))[:3]}"
    for key in wanted.keys() & found.keys():
        value, row = wanted[key], found[key]
        if isinstance(value, Undefined):
            same = row["value"] == "" and row["reason"] == value.reason
        elif isinstance(value, Fraction):
            same = row["value"] != "" and Fraction(row["value"]) == value
        else:
            same = row["value"] != "" and float(row["value"]) == value
        if not same:
            yield f"{key}: alidade {row['value']!r} {row['reason']}, DuckDB {value}"


def check_pair(seed):
    rng = random.Random(seed)
    folder = alidade.ROOT / "build" / "random" / str(seed)
    folder.mkdir(parents=True, exist_ok=True)
    zone, week_start = rng.choice(ZONES), rng.choice([1, 1, 7, 3])
    database = duckdb.connect(config={"threads": 1})
    rows = make_rows(rng, zoneinfo.ZoneInfo(zone))
    path = write_rows(rows, folder, database)
    users = write_users(make_users(rng, rows, zoneinfo.ZoneInfo(zone)), folder, database)
    rates = make_rates(rng, rows, zoneinfo.ZoneInfo(zone))
    ecb = write_rates(rates, folder, database)
    grain = rng.choice(["all", "day", "week", "month"])
    dimensions = rng.choice([[], [], ["plan"], ["country"], ["name", "plan"]])
    events = make_events(rng)
    for event in events:
        event.create(database)
    metrics = [make_table_metric(rng, dimensions) if rng.random() < 0.15 else make_metric(rng, grain)
               for _ in range(rng.randint(3, 8))]
    spec = folder / "spec.metric"
    spec.write_text(make_spec(zone, week_start, "text", events, metrics), encoding="utf-8")
    options = {"per": None if grain == "all" else grain, "by": dimensions or None, "data": [("app", path), ("users", users), ("ecb", ecb)]}
    try:
        native = alidade.run(spec, engine="native", threads=rng.choice([1, 2, 4]), tier=rng.choice(TIERS), **options)
        reference = alidade.run(spec, engine="reference", **options)
    except RuntimeError as failure:
        return [f"seed {seed}: {failure}"]
    problems = []
    if native != reference:
        pairs = [(a, b) for a, b in itertools.zip_longest(native, reference) if a != b]
        problems.append(f"seed {seed}: native and reference differ: {pairs[0]}")
    if dimensions:
        problems += [f"seed {seed}: {problem}" for problem in top_problems(spec, reference, rng.randint(1, 3), options)]
    problems += [f"seed {seed}: {problem}" for problem in range_problems(rng, spec, rows, folder, database, options)]
    world = World(database, grain, dimensions, week_start, [(r["since"], r["until"], r["rate"]) for r in rates])
    for index, metric in enumerate(metrics):
        for problem in itertools.islice(differences(world, metric, index, reference), 3):
            problems.append(f"seed {seed} m{index} = {metric.text()}\n    {problem}")
    if not problems:
        for file in folder.iterdir():
            file.unlink()
        folder.rmdir()
    return problems


def top_problems(spec, every_group, top, options):
    """Both engines show the same largest groups and the same others; what they show by itself is as without `--top`."""
    native, reference = (alidade.run(spec, engine=engine, top=top, **options) for engine in ("native", "reference"))
    if native != reference:
        pairs = [(a, b) for a, b in itertools.zip_longest(native, reference) if a != b]
        yield f"native and reference differ with --top {top}: {pairs[0]}"
    for row in reference:
        if "(other)" not in row.values() and row not in every_group:
            yield f"with --top {top} there is another group: {row}"
            return


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    failed = 0
    with concurrent.futures.ProcessPoolExecutor(options.jobs) as pool:
        for problems in pool.map(check_pair, range(options.seed, options.seed + options.pairs)):
            failed += bool(problems)
            for problem in problems[:4]:
                print(problem)
            if failed >= 20:
                break
    print(f"{options.pairs} pairs of spec and data, {failed} with a difference")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
