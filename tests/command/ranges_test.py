"""Runs over a part of the data: row groups that lie outside it are not read and nothing else changes; the range's ends cut
what windows and offsets lead to."""

import datetime as dt
import json
import pathlib
import random
import re
import sys
import tempfile

import pyarrow as pa
import pyarrow.parquet as pq

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "python"))
import alidade  # noqa: E402

FIELDS = "time at : timestamp; entity user : text; plan : text?; amount : money(USD); score : number?"
METRICS = """
metric revenue   = sum(app.amount)
metric buyers    = unique(app.user)
metric pro       = count(app where plan == "pro")
metric score     = median(app.score)
metric each      = mean(sum(app.amount) per user)
metric peak      = max(revenue per day)
metric recent    = unique(app.user) over last 28 days
metric monthly   = revenue over month to date
metric before    = revenue at 1 month ago
metric twice     = (revenue at 1 month ago) at 2 weeks ago
metric windowed  = (revenue over last 7 days) at 1 month ago
metric last_year = revenue at same week last year
metric so_far    = growth(revenue, 1 month same elapsed)
metric days      = mean((revenue at 1 day ago) per day)
"""
failures = []


def check(what, truth, *shown):
    if not truth:
        failures.append("\n".join([what, *map(str, shown)]))


class Data:
    """A folder with the same rows written in several ways."""

    def __init__(self, fields=FIELDS, metrics=METRICS, zone="Europe/Berlin"):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="ranges_"))
        self.spec = self.folder / "app.metric"
        self.tables = []
        self.spec.write_text(f'module app\ncalendar {{ zone "{zone}" }}\nstream app {{ {fields} }}\n{metrics}\n')

    def write(self, table, group, name="app.parquet", **options):
        path = self.folder / name
        pq.write_table(table, path, row_group_size=group, **options)
        return path

    def add_table(self, name, text):
        (self.folder / f"{name}.csv").write_text(text)
        self.tables += ["--data", f"{name}={self.folder / name}.csv"]

    def run(self, path, *arguments, engine="native"):
        """The results as JSON, and how many row groups were not read."""
        done = alidade.invoke("run", self.spec, "--data", f"app={path}", "--format", "json", "--engine", engine, "--verbose",
                              *self.tables, *arguments)
        if done.returncode != 0:
            return None, done.stderr
        found = re.search(r"app: (\d+) row groups? outside the range", done.stderr)
        result = json.loads(done.stdout)
        for module in result.get("modules", [result]):
            module.pop("engine", None)
        return result, int(found[1]) if found else 0


def rows_of(count=1200, seed=1, zone=dt.timezone.utc):
    """Rows over 400 days, in order of time but for a few."""
    rng = random.Random(seed)
    start = dt.datetime(2025, 1, 15, tzinfo=dt.timezone.utc)
    times = sorted(start + dt.timedelta(seconds=rng.randrange(400 * 86400)) for _ in range(count))
    for _ in range(8):
        i, j = rng.randrange(count), rng.randrange(count)
        if abs(i - j) < 60:
            times[i], times[j] = times[j], times[i]
    if zone is None:
        times = [at.replace(tzinfo=None) for at in times]
    # `early` is a plan that only the first months know.
    return {"at": pa.array(times, pa.timestamp("us", "UTC" if zone else None)),
            "user": [f"u{rng.randrange(40)}" for _ in times],
            "plan": [None if rng.random() < 0.2 else "early" if i < count // 4 else rng.choice(["free", "pro"])
                     for i in range(count)],
            "amount": [rng.randrange(10_000) / 100 for _ in times],
            "score": [None if rng.random() < 0.2 else rng.randrange(1000) / 7 for _ in times]}


def ranges(rng, count):
    """Ends with and without a time of day, one of them absent now and then."""
    for _ in range(count):
        ends = sorted(dt.datetime(2024, 12, 20) + dt.timedelta(seconds=rng.randrange(450 * 86400)) for _ in range(2))
        ends = [end.replace(hour=0, minute=0, second=0) if rng.random() < 0.5 else end for end in ends]
        if ends[0] == ends[1]:
            continue
        absent = rng.randrange(4)
        yield [part for flag, end in zip(("--from", "--to"), ends) if (flag, absent) not in (("--from", 0), ("--to", 1))
               for part in (flag, end.strftime("%Y-%m-%d %H:%M:%S"))]


def same_results():
    """Whatever is asked: one row group or many, native code or the reference, which reads all, on one thread or two."""
    data = Data()
    table = pa.table(rows_of())
    whole, parts = data.write(table, 1_000_000, "whole.parquet"), data.write(table, 25, "parts.parquet")
    rng = random.Random(7)
    left_out = 0
    for asked in ranges(rng, 24):
        asked += rng.choice([[], ["--per", "month"], ["--per", "week"], ["--per", "day"]])
        asked += rng.choice([[], ["--by", "plan"], ["--by", "plan", "--top", "1"]])
        names = rng.sample(re.findall(r"metric (\w+)", METRICS), 4)
        read_all, _ = data.run(whole, *names, *asked)
        less, groups = data.run(parts, *names, *asked, "--threads", rng.choice("12"))
        slow, _ = data.run(parts, *names, *asked, engine="reference")
        check(f"{names} {asked}: in row groups and whole", read_all == less, read_all, less)
        check(f"{names} {asked}: native and reference", less is not None and less == slow, less, slow)
        left_out += groups
    check("some row groups are not read", left_out > 100, left_out)


def what_is_left_out():
    """48 groups of 25 rows over 400 days; March 2025 lies in a few of them."""
    data = Data()
    march = ["--from", "2025-03-01", "--to", "2025-04-01"]
    parts = data.write(pa.table(rows_of()), 25)
    _, alone = data.run(parts, "revenue", *march)
    check("a month alone", 42 <= alone <= 45, alone)
    _, window = data.run(parts, "recent", *march)
    check("a window reads further back", alone - 5 <= window < alone, window, alone)
    _, ago = data.run(parts, "before", *march, "--per", "month")
    check("an offset reads further back", alone - 5 <= ago < alone, ago, alone)
    _, open_end = data.run(parts, "revenue", "--from", "2026-01-01")
    check("up to the data's end", 40 <= open_end <= 44, open_end)
    _, none = data.run(parts, "revenue")
    check("without a range everything is read", none == 0, none)
    _, nothing = data.run(parts, "revenue", "--from", "2030-01-01")
    check("a range after all data", nothing == 48, nothing)
    coverage = [data.run(path, "revenue", *march)[0] for path in (parts, data.write(pa.table(rows_of()), 10**6, "whole.parquet"))]
    check("rows read, first and last time", coverage[0] == coverage[1], *coverage)


def what_is_read_all_the_same():
    """Where a row outside the range says something, its row group is read."""
    rows, march = rows_of(), ["--from", "2025-03-01", "--to", "2025-04-01"]
    count = len(rows["user"])

    def left_out(fields=FIELDS, metric="metric m = sum(app.amount)", write=(), zone="UTC", **columns):
        data = Data(fields, metric, zone)
        data.add_table("ecb", "currency,rate\nUSD,0.5\n") if "ecb" in metric else None
        path = data.write(pa.table({**rows, **columns}), 25, **dict(write))
        result, groups = data.run(path, "m", *march)
        slow, _ = data.run(path, "m", *march, engine="reference")
        check(f"{fields} {metric}: native and reference", result == slow, result, slow)
        return groups

    some = left_out()
    check("some are left out", some > 40, some)
    check("copies of an id", left_out(FIELDS + "; id key : integer", key=list(range(count))) == 0)
    check("late rows", left_out(FIELDS + "; arrived got : timestamp", got=rows["at"]) == 0)
    check("an entity's first row", left_out(metric="event begun = first(app) per user\nmetric m = count(begun)") == 0)
    check("rows without a rate", left_out(metric="table ecb key currency { currency : text; rate : money(EUR, 4) }\n"
                                                 "metric m = sum(convert(app.amount, to = EUR, using = ecb))") == 0)
    check("no statistics", left_out(write={"write_statistics": False}.items()) == 0)
    anonymous = [None if i % 200 == 0 else user for i, user in enumerate(rows["user"])]
    optional = FIELDS.replace("user : text", "user : text?")
    read = some - left_out(optional, "metric m = unique(app.user)", user=anonymous)
    check("rows without the entity that is counted", 4 <= read <= 6, read)
    check("an entity that nothing counts", left_out(optional, user=anonymous) == some)
    required = left_out(metric="metric m = unique(app.user)", user=anonymous)
    check("a missing value where one must be is a bad row wherever it is", "AL7204" in str(required), required)
    texts = [at.as_py().isoformat() for at in rows["at"]]
    check("times as text", left_out(at=texts) == 0)
    seconds = [int(at.as_py().timestamp()) for at in rows["at"]]
    check("times as counts", left_out(FIELDS.replace("timestamp", "timestamp(s)"), at=seconds) == some)
    dates = [at.as_py().date() for at in rows["at"]]
    check("dates", left_out(FIELDS.replace("timestamp", "timestamp(day)"), at=dates) in range(some - 2, some + 1))
    local = rows_of(zone=None)["at"]
    in_berlin = left_out(zone="Europe/Berlin", at=local)
    check("local times but for hours that happen twice", some - 3 <= in_berlin < some, in_berlin, some)


def bad_rows():
    """Values of rows that are not read are not looked at; a run without a range looks at all."""
    rows = rows_of()
    rows["amount"] = [float("inf") if i == 1000 else amount for i, amount in enumerate(rows["amount"])]
    data = Data(metrics="metric revenue = sum(app.amount)")
    path = data.write(pa.table(rows), 25)
    result, groups = data.run(path, "revenue", "--from", "2025-03-01", "--to", "2025-04-01")
    check("a bad row outside the range", result is not None and groups > 40, groups)
    result, error = data.run(path, "revenue")
    check("a bad row in a run over everything", result is None and "AL7209" in error, error)


def several_files():
    """A folder of a file a month: those outside the range are opened and not read."""
    data, table = Data(), pa.table(rows_of())
    folder = data.folder / "months"
    folder.mkdir()
    for part in range(12):
        pq.write_table(table.slice(part * 100, 100), folder / f"{part:02}.parquet")
    result, groups = data.run(folder, "revenue", "buyers", "--from", "2025-06-01", "--to", "2025-07-01")
    slow, _ = data.run(folder, "revenue", "buyers", "--from", "2025-06-01", "--to", "2025-07-01", engine="reference")
    check("files", result == slow and groups in (10, 11), groups, result, slow)


def groups_of_the_range():
    """A group is reported for rows that the report looks at, not for rows of years before."""
    data = Data()
    path = data.write(pa.table(rows_of()), 25)
    for engine in ("native", "reference"):
        def plans(*asked):
            return {row["plan"] for row in alidade.run(data.spec, *asked[:1], data=[("app", path)], engine=engine, by="plan",
                                                       **dict(zip(("from_", "to"), asked[1:])))}
        check(f"{engine}: all", plans("revenue") == {"early", "free", "pro", ""}, plans("revenue"))
        late = plans("revenue", "2026-01-01", "2026-02-01")
        check(f"{engine}: late", late == {"free", "pro", ""}, late)
        back = plans("last_year", "2026-01-20", "2026-02-01")
        check(f"{engine}: a year before late", back == {"early", "free", "pro", ""}, back)


def cut_offsets():
    """`at` moves the instants at which the range begins and ends, whichever of them is given."""
    data = Data("time at : timestamp; amount : integer", "\n".join([
        "metric total  = sum(app.amount)", "metric before = total at 1 day ago", "metric twice = (total at 1 day ago) at 1 day ago",
        "metric window = (total over last 1 day) at 1 day ago", "metric month = total at 1 month ago"]), "UTC")
    at = [dt.datetime(2026, month, day, hour) for month in (1, 2) for day in range(1, 6) for hour in (6, 10, 14)]
    path = data.write(pa.table({"at": pa.array(at, pa.timestamp("us", "UTC")), "amount": [1 << i for i in range(len(at))]}), 4)
    bits = {time: 1 << i for i, time in enumerate(at)}

    def total(first, end):
        return str(sum(bit for time, bit in bits.items() if first <= time < end))

    def day(number, hour=0, month=2):
        return dt.datetime(2026, month, number, hour)

    # The data ends on 5 February, so an open range ends with that day; it begins with 1 January.
    cases = [(["--from", "2026-02-03 12:00"], "before", total(day(2, 12), day(5))),
             (["--from", "2026-02-03 12:00"], "twice", total(day(1, 12), day(4))),
             (["--from", "2026-02-03 12:00"], "month", total(day(3, 12, 1), day(6, 0, 1))),
             (["--to", "2026-02-03 12:00"], "before", total(day(31, 0, 1) - dt.timedelta(31), day(2, 12))),
             (["--to", "2026-02-03 12:00"], "window", total(day(1, 12), day(2, 12))),
             (["--to", "2026-02-03 12:00"], "twice", total(day(31, 0, 1) - dt.timedelta(32), day(1, 12))),
             (["--from", "2026-02-03 12:00", "--to", "2026-02-04 12:00"], "twice", total(day(1, 12), day(2, 12)))]
    for flags, metric, wanted in cases:
        for engine in ("native", "reference"):
            options = dict(zip(("from_", "to") if flags[0] == "--from" else ("to",), flags[1::2]))
            found = alidade.values(alidade.run(data.spec, metric, data=[("app", path)], engine=engine, **options), metric)
            check(f"{engine}: {metric} {flags}: {found}, expected {wanted}", found == wanted)


for test in (same_results, what_is_left_out, what_is_read_all_the_same, bad_rows, several_files, groups_of_the_range, cut_offsets):
    test()
if failures:
    print("\n\n".join(failures[:20]))
    sys.exit(f"{len(failures)} failures")
