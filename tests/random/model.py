"""Random core specs over one random stream: what each metric means, written once more in Python over DuckDB.

A node has `text()` (the language) and `evaluate(world, contexts)` (its values). A context is (bucket, interval); values are
Fraction (exact), float, bool, or Undefined. DuckDB folds the rows; formulas, windows and collapses are done here, from the
semantics and not from the engines."""

import dataclasses
import datetime as dt
import math
from fractions import Fraction

RANK = ["no_data", "no_rows", "no_denominator", "no_rate", "overflow", "no_bucket"]


@dataclasses.dataclass(frozen=True)
class Undefined:
    reason: str


def worst(*values):
    reasons = [v.reason for v in values if isinstance(v, Undefined)]
    return Undefined(min(reasons, key=RANK.index)) if reasons else None


@dataclasses.dataclass(frozen=True)
class Context:
    start: dt.datetime  # of the bucket, local
    end: dt.datetime
    low: dt.datetime  # of the interval that aggregates look at
    high: dt.datetime
    grain: str = "all"


class World:
    """The rows in DuckDB (table app, local times in `lt`), what the stream covers, and rates as (since, until, rate)."""

    def __init__(self, connection, grain, dimensions, week_start, rates=()):
        self.db = connection
        self.rates = rates
        self.grain = grain
        self.dimensions = dimensions
        self.week_start = week_start
        self.first, self.last = connection.sql("select min(lt), max(lt) from app").fetchall()[0]

    def rate_before(self, end):
        """The rate at the last instant before `end`."""
        for since, until, rate in self.rates:
            if (since is None or since < end) and (until is None or until >= end):
                return rate
        return Undefined("no_rate")

    def covers(self, low, high):
        return self.first is not None and low <= self.last and high > self.first

    def bucket_start(self, grain, at):
        day = at.replace(hour=0, minute=0, second=0, microsecond=0)
        if grain == "day":
            return day
        if grain == "week":
            return day - dt.timedelta(days=(day.isoweekday() - self.week_start) % 7)
        if grain == "month":
            return day.replace(day=1)
        if grain == "quarter":
            return day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)
        return day.replace(month=1, day=1)

    def next_start(self, grain, start):
        if grain in ("day", "week"):
            return start + dt.timedelta(days=1 if grain == "day" else 7)
        return add_months(start, {"month": 1, "quarter": 3, "year": 12}[grain])

    def buckets(self, grain, low, high):
        at = self.bucket_start(grain, low)
        while at < high:
            following = self.next_start(grain, at)
            yield at, following
            at = following

    def contexts(self):
        low = self.bucket_start("day", self.first)
        high = self.next_start("day", self.bucket_start("day", self.last))
        if self.grain == "all":
            return [Context(low, high, low, high)]
        return [Context(s, e, max(s, low), min(e, high), self.grain) for s, e in self.buckets(self.grain, low, high)]


def add_months(at, months):
    total = at.year * 12 + at.month - 1 + months
    year, month = divmod(total, 12)
    last = (dt.datetime(year + (month == 11), (month + 1) % 12 + 1, 1) - dt.timedelta(days=1)).day
    return at.replace(year=year, month=month + 1, day=min(at.day, last))


def back(end, count, unit):
    if unit in ("day", "week"):
        return end - dt.timedelta(days=count * (7 if unit == "week" else 1))
    return add_months(end, -count * {"month": 1, "quarter": 3, "year": 12}[unit])


class Node:
    """`keys` are the grouping columns: the report's dimensions and what enclosing collapses bind. evaluate returns
    {(context, group): value} for every context and group, and the set of (context, group) that have a row."""


@dataclasses.dataclass(frozen=True)
class Condition:
    language: str
    sql: str


@dataclasses.dataclass(frozen=True)
class Field:
    name: str
    kind: str  # exact, float, text
    expression: str = ""  # SQL where it is not the plain column
    written: str = ""  # language where it is not app.NAME
    rated: bool = False  # of an amount that is always there: null where it has no rate

    def sql(self):
        return self.expression or self.name

    def text(self):
        return self.written or f"app.{self.name}"


def percentile(values, numerator, denominator):
    values = sorted(values)
    position = (len(values) - 1) * Fraction(numerator, denominator)
    low = math.floor(position)
    rest = position - low
    if rest == 0:
        return float(values[low])
    return float(Fraction(values[low]) * (1 - rest) + Fraction(values[low + 1]) * rest) + 0.0  # rounded once


def fold(op, values, point=None):
    """An aggregate of defined values, all Fraction or all float; None where it has none."""
    if op == "count":
        return Fraction(len(values))
    if op == "sum":
        if not values:
            return Fraction(0)
        return sum(values, Fraction(0)) if isinstance(values[0], Fraction) else math.fsum(values) + 0.0
    if not values:
        return Undefined("no_rows")
    if op == "mean":
        return float(sum(map(Fraction, values)) / len(values)) + 0.0  # rounded once
    if op in ("first", "last"):
        return values[0 if op == "first" else -1]
    if op == "min":
        return min(values)
    if op == "max":
        return max(values)
    if op in ("variance", "stddev"):
        return spread([Fraction(v) for v in values], op == "stddev")
    return percentile(values, *point)


def collapsed(op, values, point):
    """What is there and cannot be computed is missed; other undefined values are skipped."""
    failed = [v for v in values if isinstance(v, Undefined) and v.reason in ("no_rate", "overflow")]
    if failed:
        return worst(*failed)
    return fold("percentile" if op == "median" else op, [v for v in values if not isinstance(v, Undefined)], point)


def spread(values, root):
    """The sample's variance, or its root: the nearest double to the true one."""
    n = len(values)
    if n == 1:
        return Undefined("no_denominator")
    variance = (n * sum(v * v for v in values) - sum(values) ** 2) / (n * (n - 1))
    if not root:
        return float(variance)
    scaled = (variance.numerator << 2200) // variance.denominator
    low = math.isqrt(scaled)
    more = low * low != scaled or (variance.numerator << 2200) % variance.denominator != 0
    return float(Fraction(2 * low + more, 1 << 1101))


def op_text(op, point, inner):
    if op == "median":
        return f"median({inner})"
    if op == "percentile":
        return f"percentile({inner}, {point[0] / point[1] * 100:g}%)"
    return f"{op}({inner})"


@dataclasses.dataclass(frozen=True)
class Event:
    """Each user's first or last row of those that pass a condition: an event of that name, a table of that name."""
    name: str
    word: str  # first or last
    condition: Condition

    def text(self):
        rows = f"app where {self.condition.language}" if self.condition.language else "app"
        return f"event {self.name} = {self.word}({rows}) per user"

    def create(self, database):
        order = "desc" if self.word == "last" else ""
        database.execute(f"create table {self.name} as select * from app "
                         f"where coalesce({self.condition.sql or 'true'}, false) and \"user\" is not null "
                         f"qualify row_number() over (partition by \"user\" order by ts {order}) = 1")


@dataclasses.dataclass(frozen=True)
class Aggregate(Node):
    op: str
    field: Field
    condition: Condition
    point: tuple = (1, 2)
    rows: str = "app"  # or an Event's name
    plainly: bool = False  # sum and mean of floats: with `exact = false`

    def text(self):
        rows = self.rows if self.op == "count" else self.field.text().replace("app.", f"{self.rows}.")
        if self.condition.language:
            rows = f"{rows} where {self.condition.language}"
        return op_text(self.op, self.point, rows + (", exact = false" if self.plainly else ""))

    def exact(self):
        kept = ("sum", "min", "max", "first", "last")
        return self.op in ("count", "unique") or (self.field.kind == "exact" and self.op in kept)

    def accepts(self):
        condition = f"coalesce({self.condition.sql or 'true'}, false)"
        return condition + (f" and {self.field.sql()} is not null" if self.op == "unique" else "")

    def groups(self, world, keys):
        columns = ", ".join(keys)
        if not columns:
            return {()}
        return set(world.db.sql(f"select distinct {columns} from {self.rows} where {self.accepts()}").fetchall())

    def evaluate(self, world, contexts, keys, groups):
        rows = {}
        spans = sorted({(c.low, c.high) for c in contexts})
        if spans:
            world.db.execute("create or replace temp table spans(low timestamp, high timestamp)")
            world.db.executemany("insert into spans values (?, ?)", spans)
            values = "list(null)" if self.op == "count" else f"list({self.field.sql()} order by ts)"
            key_columns = "".join(", " + k for k in keys)
            source = f"spans join {self.rows} on lt >= low and lt < high where {self.accepts()}"
            query = f"select low, high{key_columns}, count(*), {values} from {source} group by all"
            for row in world.db.sql(query).fetchall():
                rows[(row[0], row[1]), row[2:-2]] = row[-2:]
            if self.op in ("first", "last") and "user" in keys:
                self.keep_entity_rows(world, keys, source, rows)
        result, present = {}, set()
        for context in contexts:
            for group in groups:
                count, values = rows.get(((context.low, context.high), group), (0, []))
                if count:
                    present.add((context, group))
                result[context, group] = self.finish(world, context, count, values)
        return result, present

    def keep_entity_rows(self, world, keys, source, rows):
        """A user has one first or last row, which is in one group of the dimensions around."""
        order = "desc" if self.op == "last" else ""
        around = keys[keys.index("user"):]
        there = "true" if self.field.rated else f"{self.field.sql()} is not null"
        query = (f"select low, high, {', '.join(keys)} from {source} and {there} "
                 f"qualify row_number() over (partition by low, high, {', '.join(around)} order by ts {order}) = 1")
        kept = {((row[0], row[1]), row[2:]) for row in world.db.sql(query).fetchall()}
        for key in rows.keys() - kept:
            rows[key] = (rows[key][0], [])

    def covered(self, world, context):
        return world.covers(context.low, context.high)

    def finish(self, world, context, count, values):
        if not self.covered(world, context):
            return Undefined("no_data")
        if self.op == "count":
            return Fraction(count)
        read = {"first": values[:1], "last": values[-1:]}.get(self.op, values)
        if self.field.rated and None in read:
            return Undefined("no_rate")
        values = [v for v in values if v is not None]
        if self.op == "unique":
            return Fraction(len(set(values)))
        values = [Fraction(v) if self.field.kind == "exact" else float(v) for v in values]
        if self.op == "sum" and not values:
            return Fraction(0) if self.field.kind == "exact" else 0.0
        return fold("percentile" if self.op == "median" else self.op, values, self.point)


@dataclasses.dataclass(frozen=True)
class TableAggregate(Aggregate):
    """Of the table's rows that are valid at the last instant of what a context looks at."""

    def text(self):
        rows = "users" if self.op == "count" else self.field.text()
        if self.condition.language:
            rows = f"{rows} where {self.condition.language}"
        return op_text(self.op, self.point, rows)

    def valid_rows(self, world, keys, highs):
        world.db.execute("create or replace temp table highs(high timestamp)")
        world.db.executemany("insert into highs values (?)", [(high,) for high in highs])
        values = "list(null)" if self.op == "count" else f"list({self.field.sql()})"
        key_columns = "".join(", " + k for k in keys)
        query = (f"select high{key_columns}, count(*), {values} from highs join users on coalesce(since < high, true) "
                 f"and coalesce(until >= high, true) where {self.accepts()} group by all")
        return {(row[0], row[1:-2]): row[-2:] for row in world.db.sql(query).fetchall()}

    def groups(self, world, keys):
        if not keys:
            return {()}
        return {group for _, group in self.valid_rows(world, keys, {c.high for c in world.contexts()})}

    def evaluate(self, world, contexts, keys, groups):
        rows = self.valid_rows(world, keys, {c.high for c in contexts}) if contexts else {}
        result, present = {}, set()
        for context in contexts:
            for group in groups:
                count, values = rows.get((context.high, group), (0, []))
                if count:
                    present.add((context, group))
                result[context, group] = self.finish(world, context, count, values)
        return result, present

    def covered(self, world, context):
        rows, open_start, first = world.db.sql("select count(*), bool_or(since is null), min(since) from users").fetchall()[0]
        return rows > 0 and (open_start or first < context.high)


@dataclasses.dataclass(frozen=True)
class AtPeriodEnd(Node):
    """A value in USD at the rate into EUR of the last instant that is looked at."""
    inner: Node

    def text(self):
        return f"convert({self.inner.text()}, to = EUR, using = ecb, on = period_end)"

    def exact(self):
        return self.inner.exact()

    def groups(self, world, keys):
        return self.inner.groups(world, keys)

    def evaluate(self, world, contexts, keys, groups):
        values, present = self.inner.evaluate(world, contexts, keys, groups)
        times = Binary("*", self.inner, Constant(Fraction(0)))
        return {key: times.apply(value, world.rate_before(key[0].high)) for key, value in values.items()}, present


@dataclasses.dataclass(frozen=True)
class Binary(Node):
    op: str
    a: Node
    b: Node

    def text(self):
        return f"({self.a.text()} {self.op} {self.b.text()})"

    def exact(self):
        return self.op != "/" and self.a.exact() and self.b.exact()

    def groups(self, world, keys):
        return self.a.groups(world, keys) | self.b.groups(world, keys)

    def evaluate(self, world, contexts, keys, groups):
        left, in_left = self.a.evaluate(world, contexts, keys, groups)
        right, in_right = self.b.evaluate(world, contexts, keys, groups)
        return {key: self.apply(left[key], right[key]) for key in left}, in_left | in_right

    def apply(self, a, b):
        undefined = worst(a, b)
        if undefined:
            return undefined
        if self.op == "/":
            if b == 0:
                return Undefined("no_denominator")
            if isinstance(a, Fraction) and isinstance(b, Fraction):
                return float(a / b)
        if not (isinstance(a, Fraction) and isinstance(b, Fraction)):
            a, b = float(a), float(b)
        value = {"+": lambda: a + b, "-": lambda: a - b, "*": lambda: a * b, "/": lambda: a / b}[self.op]()
        return value + 0.0 if isinstance(value, float) else value


@dataclasses.dataclass(frozen=True)
class Constant(Node):
    value: Fraction

    def text(self):
        return f"{float(self.value):g}"

    def exact(self):
        return True

    def groups(self, world, keys):
        return set()

    def evaluate(self, world, contexts, keys, groups):
        return {(c, g): self.value for c in contexts for g in groups}, set()


@dataclasses.dataclass(frozen=True)
class Function(Node):
    """greatest, least or coalesce of two values, or one rounded to `digits`."""
    op: str
    a: Node
    b: Node = None
    digits: int = 0

    def text(self):
        if self.op == "round":
            return f"round({self.a.text()}, {self.digits})"
        return f"{self.op}({self.a.text()}, {self.b.text()})"

    def exact(self):
        return self.a.exact() and (self.b is None or self.b.exact())

    def groups(self, world, keys):
        return self.a.groups(world, keys) | (self.b.groups(world, keys) if self.b else set())

    def evaluate(self, world, contexts, keys, groups):
        left, in_left = self.a.evaluate(world, contexts, keys, groups)
        right, in_right = self.b.evaluate(world, contexts, keys, groups) if self.b else (left, set())
        return {key: self.apply(left[key], right[key]) for key in left}, in_left | in_right

    def apply(self, a, b):
        if self.op == "coalesce" and isinstance(a, Undefined):
            a = worst(a, b) if isinstance(b, Undefined) else b
        elif self.op != "coalesce":
            a = worst(a, b) or self.computed(a, b)
        return a if isinstance(a, Undefined) or self.exact() else float(a)

    def computed(self, a, b):
        if self.op == "round":
            return Fraction(round(Fraction(a) * 10**self.digits), 10**self.digits)
        if not self.exact():
            a, b = float(a), float(b)
        return max(a, b) if self.op == "greatest" else min(a, b)


@dataclasses.dataclass(frozen=True)
class If(Node):
    a: Node
    threshold: Fraction
    then: Node
    other: Node

    def text(self):
        return f"(if {self.a.text()} > {float(self.threshold):g} then {self.then.text()} else {self.other.text()})"

    def exact(self):
        return self.then.exact() and self.other.exact()

    def groups(self, world, keys):
        return self.a.groups(world, keys) | self.then.groups(world, keys) | self.other.groups(world, keys)

    def evaluate(self, world, contexts, keys, groups):
        test, p = self.a.evaluate(world, contexts, keys, groups)
        then, q = self.then.evaluate(world, contexts, keys, groups)
        other, r = self.other.evaluate(world, contexts, keys, groups)

        def choose(key):
            if isinstance(test[key], Undefined):
                return test[key]
            chosen = then[key] if test[key] > self.threshold else other[key]
            return chosen if self.exact() or isinstance(chosen, Undefined) else float(chosen)

        return {key: choose(key) for key in test}, p | q | r


@dataclasses.dataclass(frozen=True)
class Over(Node):
    inner: Node
    window: str  # "last" or "to date" or "all time"
    count: int = 0
    unit: str = ""

    def text(self):
        window = {"last": f"last {self.count} {self.unit}s", "to date": f"{self.unit} to date", "all time": "all time"}
        return f"({self.inner.text()} over {window[self.window]})"

    def exact(self):
        return self.inner.exact()

    def groups(self, world, keys):
        return self.inner.groups(world, keys)

    def evaluate(self, world, contexts, keys, groups):
        moved = {c: dataclasses.replace(c, low=self.low(world, c)) for c in contexts}
        values, present = self.inner.evaluate(world, list(dict.fromkeys(moved.values())), keys, groups)
        return ({(c, g): values[moved[c], g] for c in contexts for g in groups},
                {(c, g) for c in contexts for g in groups if (moved[c], g) in present})

    def low(self, world, context):
        if self.window == "all time":
            return dt.datetime(1, 1, 1)
        if self.window == "last":
            return back(context.high, self.count, self.unit)
        return world.bucket_start(self.unit, context.high - dt.timedelta(microseconds=1))


@dataclasses.dataclass(frozen=True)
class At(Node):
    inner: Node
    count: int
    unit: str

    def text(self):
        return f"({self.inner.text()} at {self.count} {self.unit}{'s' if self.count > 1 else ''} ago)"

    def exact(self):
        return self.inner.exact()

    def groups(self, world, keys):
        return self.inner.groups(world, keys)

    def evaluate(self, world, contexts, keys, groups):
        moved = {c: self.move(world, c) for c in contexts}
        there = list(dict.fromkeys(m for m in moved.values() if m))
        values, present = self.inner.evaluate(world, there, keys, groups)
        return ({(c, g): values[moved[c], g] if moved[c] else Undefined("no_bucket") for c in contexts for g in groups},
                {(c, g) for c in contexts for g in groups if moved[c] and (moved[c], g) in present})

    def moved_edge(self, edge):
        moved = back(edge, self.count, self.unit)
        return moved if self.unit in ("day", "week") or moved.day == edge.day else None

    def move(self, world, context):
        start = self.moved_edge(context.start)
        if start is None:
            return None
        if context.grain == "all":
            end = self.moved_edge(context.end)
            return end and dataclasses.replace(context, start=start, end=end, low=start, high=end)
        if (context.grain == "week" and self.unit not in ("day", "week")) or world.bucket_start(context.grain, start) != start:
            return None  # a month before a week is no week, even where a February of four weeks makes it look like one
        end = world.next_start(context.grain, start)
        return dataclasses.replace(context, start=start, end=end, low=start, high=end)


@dataclasses.dataclass(frozen=True)
class PerKey(Node):
    """op(inner per KEY) for an entity or a dimension (`column`)."""
    op: str
    inner: Node
    column: str
    entity: bool
    point: tuple = (1, 2)

    def text(self):
        return op_text(self.op, self.point, f"{self.inner.text()} per {self.column}")

    def exact(self):
        return self.op == "count" or (self.inner.exact() and self.op in ("sum", "min", "max"))

    def keyed_groups(self, world, keys):
        found = self.inner.groups(world, [*keys, self.column])
        return {g for g in found if g[-1] is not None} if self.entity else found

    def groups(self, world, keys):
        return {group[:-1] for group in self.keyed_groups(world, keys)}

    def evaluate(self, world, contexts, keys, groups):
        keyed = self.keyed_groups(world, keys)
        values, inside = self.inner.evaluate(world, contexts, [*keys, self.column], keyed)
        members = {}
        for group in keyed:
            members.setdefault(group[:-1], []).append(group)
        result, present = {}, set()
        for context in contexts:
            for group in groups:
                here = [(context, g) for g in members.get(group, []) if (context, g) in inside]
                if here:
                    present.add((context, group))
                result[context, group] = self.finish(world, context, [values[key] for key in here])
        return result, present

    def finish(self, world, context, values):
        if not world.covers(context.low, context.high):
            return Undefined("no_data")
        value = collapsed(self.op, values, self.point)
        return value if self.exact() or isinstance(value, Undefined) else float(value)


@dataclasses.dataclass(frozen=True)
class PerTime(Node):
    """op(inner per GRAIN)."""
    op: str
    inner: Node
    grain: str
    point: tuple = (1, 2)

    def text(self):
        return op_text(self.op, self.point, f"{self.inner.text()} per {self.grain}")

    def exact(self):
        return self.op == "count" or (self.inner.exact() and self.op in ("sum", "min", "max", "first", "last"))

    def groups(self, world, keys):
        return self.inner.groups(world, keys)

    def covered(self, world, context):
        if isinstance(self.inner, Aggregate):
            return self.inner.covered(world, context)
        return world.covers(context.low, context.high)

    def evaluate(self, world, contexts, keys, groups):
        parts = {c: [Context(s, e, max(s, c.low), min(e, c.high), self.grain)
                     for s, e in world.buckets(self.grain, max(c.low, world.bucket_start("year", world.first)),
                                               min(c.high, world.last + dt.timedelta(days=400)))]
                 for c in contexts}
        parts = {c: [p for p in of if self.covered(world, p)] for c, of in parts.items()}
        every = list(dict.fromkeys(p for of in parts.values() for p in of))
        values, inside = self.inner.evaluate(world, every, keys, groups)
        result, present = {}, set()
        for context in contexts:
            for group in groups:
                if any((p, group) in inside for p in parts[context]):
                    present.add((context, group))
                here = [values[p, group] for p in parts[context]]
                if not self.covered(world, context):
                    result[context, group] = Undefined("no_data")
                else:
                    value = collapsed(self.op, here, self.point)
                    result[context, group] = value if self.exact() or isinstance(value, Undefined) else float(value)
        return result, present
