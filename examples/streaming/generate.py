"""Writes the example's data: about 3 million events of a streaming service, July 2025 to January 2026, as a product's
event export would be. The same seed gives the same rows. Run it as ../../.venv/bin/python generate.py [--events N]."""

import argparse
import pathlib

import numpy
import pyarrow
import pyarrow.csv
import pyarrow.parquet

HERE = pathlib.Path(__file__).resolve().parent
START = numpy.datetime64("2025-07-07", "us")  # a Monday, local time
DAYS = 182
DAY = 86_400_000_000  # microseconds
SECOND = 1_000_000
SUMMER_ENDS = numpy.datetime64("2025-10-26T03:00", "us")  # in Berlin, on the local clock

CHANNELS = ["organic", "search", "social", "referral", "partner"]
PLANS = ["free", "basic", "pro"]
COUNTRIES = ["DE", "AT", "CH", "FR", "NL", "PL"]
NAMES = ["signup", "page_view", "add_to_cart", "purchase", "refund", "video_watched", "download", "list", "share", "error"]
SHARES = [0, 0.47, 0.06, 0.028, 0.002, 0.32, 0.03, 0.055, 0.025, 0.01]
WEEKDAYS = [0.75, 0.72, 0.74, 0.78, 0.95, 1.0, 0.97]  # Monday first
HOURS = [2, 1, 1, 1, 1, 1, 2, 3, 4, 4, 4, 5, 6, 6, 5, 5, 6, 8, 10, 12, 14, 13, 9, 5]
PRICES = {"free": [399, 499], "basic": [799, 999, 1299], "pro": [1499, 1999, 4999]}  # cents


def make_users(random, count):
    """Half of the users are there at the start; the others sign up during the half year, more of them later."""
    old = random.random(count) < 0.5
    signup_day = numpy.where(old, 0, numpy.floor(DAYS * random.random(count) ** 0.8)).astype("i8")
    return {
        "old": old,
        "signup_day": signup_day,
        "activity": random.lognormal(0.0, 1.1, count),
        "channel": random.choice(len(CHANNELS), count, p=[0.38, 0.24, 0.2, 0.12, 0.06]),
        "country": random.choice(len(COUNTRIES), count, p=[0.5, 0.12, 0.1, 0.13, 0.08, 0.07]),
        "plan": random.choice(len(PLANS), count, p=[0.62, 0.27, 0.11]),
        "upgrade_day": numpy.where(random.random(count) < 0.12, signup_day + random.integers(7, 120, count), 10**6),
    }


def make_sessions(random, users, wanted):
    """Starts on the local clock: the week's and the day's rhythm, and users who grow tired."""
    alive = DAYS - users["signup_day"]
    rate = users["activity"] * alive
    counts = random.poisson(rate * (wanted / rate.sum()))
    user = numpy.repeat(numpy.arange(len(counts)), counts)
    day = users["signup_day"][user] + numpy.floor(alive[user] * random.random(len(user)) ** numpy.where(users["old"][user], 1.0, 1.3)).astype("i8")
    kept = random.random(len(user)) < numpy.asarray(WEEKDAYS)[day % 7]
    user, day = user[kept], day[kept]
    hours = random.choice(24, len(user), p=numpy.asarray(HOURS) / sum(HOURS))
    start = day * DAY + hours * 3600 * SECOND + random.integers(0, 3600 * SECOND, len(user))
    return user, start


def make_events(random, users, wanted):
    per_session = 5.2
    session_user, session_start = make_sessions(random, users, 1.18 * wanted / per_session)
    lengths = random.geometric(1 / per_session, len(session_user))
    user = numpy.repeat(session_user, lengths)
    first = numpy.cumsum(lengths) - lengths
    seq = numpy.arange(len(user)) - numpy.repeat(first, lengths)
    gaps = numpy.where(seq == 0, 0, random.lognormal(4.6, 1.0, len(user)) * SECOND).astype("i8")
    total = numpy.cumsum(gaps)
    time = numpy.repeat(session_start - total[first], lengths) + total
    name = random.choice(len(NAMES), len(user), p=numpy.asarray(SHARES) / sum(SHARES))
    name[seq == 0] = NAMES.index("page_view")
    # A new user's earliest event is the signup.
    order = numpy.lexsort((time, user))
    earliest = order[numpy.r_[True, user[order][1:] != user[order][:-1]]]
    name[earliest[~users["old"][user[earliest]]]] = NAMES.index("signup")
    return user, time, seq, name


def to_utc(local):
    return START + local - numpy.where(START + local < SUMMER_ENDS, 2, 1) * numpy.timedelta64(3600 * SECOND, "us")


def uuids(random, count):
    digits = numpy.frombuffer(b"0123456789abcdef", dtype="u1")
    half_bytes = random.integers(0, 16, (count, 32), dtype="u1")
    text = numpy.full((count, 36), ord("-"), dtype="u1")
    text[:, [i for i in range(36) if i not in (8, 13, 18, 23)]] = digits[half_bytes]
    text[:, 14] = ord("4")
    offsets = numpy.arange(count + 1, dtype="i4") * 36
    return pyarrow.StringArray.from_buffers(count, pyarrow.py_buffer(offsets), pyarrow.py_buffer(text))


def decimals(cents, missing):
    words = numpy.zeros((len(cents), 2), dtype="i8")
    words[:, 0] = cents
    valid = numpy.packbits(~missing, bitorder="little")
    buffers = [pyarrow.py_buffer(valid), pyarrow.py_buffer(words)]
    return pyarrow.Array.from_buffers(pyarrow.decimal128(12, 2), len(cents), buffers)


def codes(indices, words, missing=None):
    return pyarrow.DictionaryArray.from_arrays(pyarrow.array(indices.astype("i4"), mask=missing), words)


def event_table(random, users, user, time, seq, name):
    count = len(user)
    plan = numpy.where((time >= users["upgrade_day"][user] * DAY) & (users["plan"][user] == 0), 1, users["plan"][user])
    is_view = name == NAMES.index("page_view")
    is_watch = name == NAMES.index("video_watched")
    is_sale = name == NAMES.index("purchase")
    is_paid = is_sale | (name == NAMES.index("refund"))
    cents = numpy.zeros(count, dtype="i8")
    for index, prices in enumerate(PRICES.values()):
        of_plan = plan == index
        cents[of_plan] = random.choice(prices, of_plan.sum())
    utc = to_utc(time)
    lag = (random.lognormal(1.0, 1.0, count) * SECOND).astype("i8")
    lag = numpy.where(random.random(count) < 0.01, random.integers(0, 3 * DAY, count), lag)  # phones without a network
    titles = random.zipf(1.3, count) % 5000
    urls = numpy.where(random.random(count) < 0.55, titles, -1)
    table = pyarrow.table({
        "occurred_at": pyarrow.array(utc, type=pyarrow.timestamp("us", tz="UTC")),
        "received_at": pyarrow.array(utc + lag, type=pyarrow.timestamp("us", tz="UTC")),
        "event_id": uuids(random, count),
        "user": pyarrow.array(numpy.char.add("u", numpy.char.zfill(numpy.arange(len(users["plan"])).astype("U6"), 6))).take(
            pyarrow.array(user)),
        "seq": pyarrow.array(seq.astype("i4")),
        "name": codes(name, NAMES),
        "plan": codes(plan, PLANS),
        "country": codes(users["country"][user], COUNTRIES, random.random(count) < 0.03),
        "url": codes(numpy.where(is_view, urls, -1), [f"/title/{i}" for i in range(5000)], ~is_view | (urls < 0)),
        "minutes": pyarrow.array(random.gamma(1.6, 16, count).astype("i4"), mask=~is_watch),
        "load_time": pyarrow.array((random.lognormal(6.0, 0.6, count)).astype("i4"), mask=~is_view),
        "amount_usd": decimals(cents, ~is_paid),
    })
    # 4 in 1,000 events are sent twice, the copy a little later.
    twice = numpy.flatnonzero(random.random(count) < 0.004)
    rows = numpy.concatenate([numpy.arange(count), twice])
    received = numpy.concatenate([utc + lag, (utc + lag)[twice] + random.integers(SECOND, 600 * SECOND, len(twice))])
    order = numpy.argsort(received, kind="stable")
    return table.take(pyarrow.array(rows[order])), received[order]


def write(table, received, folder):
    (folder / "app").mkdir(parents=True, exist_ok=True)
    months = received.astype("M8[M]")
    for month in numpy.unique(months):
        begin, end = numpy.searchsorted(months, [month, month + 1])
        pyarrow.parquet.write_table(table.slice(begin, end - begin), folder / "app" / f"{month}.parquet",
                                    compression="zstd", row_group_size=256 * 1024)


def write_users(users, folder):
    count = len(users["plan"])
    signup = START.astype("M8[D]") + users["signup_day"]
    table = pyarrow.table({
        "user": [f"u{i:06}" for i in range(count)],
        "channel": [CHANNELS[i] for i in users["channel"]],
        "country": [COUNTRIES[i] for i in users["country"]],
        "since": pyarrow.array(numpy.where(users["old"], numpy.datetime64("2024-01-01"), signup)),
    })
    pyarrow.csv.write_csv(table, folder / "users.csv")


def write_spend(random, users, folder):
    """Money spent on each paid channel and day, about 9 USD for each signup."""
    lines = ["day,channel,amount_usd"]
    for day in range(DAYS):
        date = START.astype("M8[D]") + day
        for index, channel in enumerate(CHANNELS[1:], start=1):
            signups = ((users["signup_day"] == day) & ~users["old"] & (users["channel"] == index)).sum()
            lines.append(f"{date},{channel},{9 * signups * random.uniform(0.7, 1.3) + random.uniform(5, 20):.2f}")
    (folder / "spend.csv").write_text("\n".join(lines) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=3_000_000, help="about so many rows")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--folder", type=pathlib.Path, default=HERE / "data")
    options = parser.parse_args()
    random = numpy.random.Generator(numpy.random.PCG64(options.seed))
    users = make_users(random, max(10, options.events // 50))
    user, time, seq, name = make_events(random, users, options.events)
    inside = time < DAYS * DAY
    options.folder.mkdir(parents=True, exist_ok=True)
    write_users(users, options.folder)
    write_spend(random, users, options.folder)
    table, received = event_table(random, users, user[inside], time[inside], seq[inside], name[inside])
    write(table, received, options.folder)
    print(f"{table.num_rows:,} events of {len(users['plan']):,} users in {options.folder}")


if __name__ == "__main__":
    main()
