"""Writes the example's data: two years of a business service with 600 customers: their contracts and monthly charges, what
their people do (about 300,000 events), and the money spent to win them. The same seed gives the same rows. Run it as
../../.venv/bin/python generate.py [--accounts N]."""

import argparse
import csv
import pathlib
from datetime import date, timedelta

import numpy
import pyarrow
import pyarrow.parquet

HERE = pathlib.Path(__file__).resolve().parent
START, END = date(2024, 2, 1), date(2026, 2, 1)
DAYS = (END - START).days
SECOND, DAY = 1_000_000, 86_400_000_000  # microseconds

CHANNELS = {"organic": 0.3, "search": 0.25, "events": 0.15, "partner": 0.12, "outbound": 0.18}
INDUSTRIES = {"software": 0.35, "retail": 0.25, "health": 0.15, "industry": 0.25}
PLANS = ["starter", "team", "enterprise"]
FEES = {"starter": 12, "team": 19, "enterprise": 31}  # EUR per seat and month
SEATS = {"starter": 4, "team": 18, "enterprise": 120}
COST_OF_ONE = {"search": 3400, "events": 7800, "partner": 2600, "outbound": 6900}  # USD for each customer won
ACTIONS = {"login": 0.34, "report_viewed": 0.4, "report_saved": 0.13, "invited": 0.03, "exported": 0.1}


def pick(random, weights, size=None):
    return random.choice(list(weights), size, p=list(weights.values()))


def months(first, last):
    """The first days of the months from `first` on, before `last`."""
    while first < last:
        yield first
        first = (first.replace(day=1) + timedelta(days=32)).replace(day=1)


def make_contracts(random, account):
    """A customer's contracts, one after another: more seats or another plan at each change, an end for those who leave."""
    signed = START + timedelta(days=int(DAYS * random.random() ** 0.85))
    plan = int(random.choice(3, p=[0.5, 0.38, 0.12]))
    seats = max(1, round(SEATS[PLANS[plan]] * random.lognormal(0, 0.5)))
    rows = []
    while True:
        lasts = timedelta(days=int(random.integers(60, 420)))
        leaves = random.random() < (0.45, 0.28, 0.12)[plan]
        until = signed + lasts
        open_end = until >= END
        rows.append({"account": account, "plan": PLANS[plan], "seats": seats, "fee": f"{FEES[PLANS[plan]] * seats}.00",
                     "signed": signed, "ended": "" if open_end else until})
        if open_end or leaves:
            return rows
        signed = until
        plan = min(2, plan + int(random.random() < 0.25))
        seats = max(1, round(seats * random.lognormal(0.12, 0.25)))


def make_charges(contracts):
    """The fee of the contract valid on each first of a month (or on the day of signing, the first time)."""
    first = contracts[0]["signed"]
    for day in [first, *months((first.replace(day=1) + timedelta(days=32)).replace(day=1), END)]:
        for row in contracts:
            if row["signed"] <= day and (row["ended"] == "" or day < row["ended"]):
                yield {"charged_on": day, "account": row["account"], "kind": "subscription", "amount": row["fee"]}
                if day == first and row["plan"] == "enterprise":
                    yield {"charged_on": day, "account": row["account"], "kind": "setup", "amount": "1500.00"}


def make_spend(random, won):
    """Money of each paid channel and day, about what COST_OF_ONE says for each customer won in it."""
    for day in range(DAYS):
        for channel, cost in COST_OF_ONE.items():
            near = sum(1 for other in range(max(0, day - 7), day + 7) if (other, channel) in won)
            amount = cost * near / 14 * random.uniform(0.6, 1.4) + random.uniform(2, 15)
            yield {"day": START + timedelta(days=day), "channel": channel, "amount": f"{amount:.2f}"}


def make_rates(random):
    """What a dollar is worth in euros: a rate for each month, the last one without an end."""
    rate, firsts = 0.92, list(months(START, END))
    for since, until in zip(firsts, [*firsts[1:], ""]):
        yield {"currency": "USD", "rate": f"{rate:.4f}", "since": since, "until": until}
        rate *= random.uniform(0.98, 1.02)


def make_usage(random, contracts):
    """Times, people and actions of one account, as arrays; people use the service on some days of each contract."""
    for row in contracts:
        begin = (row["signed"] - START).days
        end = DAYS if row["ended"] == "" else (row["ended"] - START).days
        people = max(1, round(row["seats"] * random.uniform(0.3, 0.95)))
        eagerness = random.beta(1.2, 4, people) * 0.22
        active = random.random((people, end - begin)) < eagerness[:, None]
        weekday = (numpy.arange(begin, end) + START.weekday()) % 7 < 5
        person, day = numpy.nonzero(active & weekday)
        count = random.geometric(0.35, len(person))
        person, day = numpy.repeat(person, count), numpy.repeat(day + begin, count)
        clock = numpy.clip(random.normal(13, 2.6, len(person)), 4, 21) * 3600
        yield person, day * DAY + clock.astype("i8") * SECOND


def write_csv(path, rows):
    rows = list(rows)
    with open(path, "w", newline="") as out:
        table = csv.DictWriter(out, rows[0].keys())
        table.writeheader()
        table.writerows(rows)


def write_usage(random, contracts, folder):
    user, account, time = [], [], []
    for number, rows in contracts.items():
        for person, at in make_usage(random, rows):
            user.append(numpy.char.add(f"{number}-", person.astype("U4")))
            account.append(numpy.full(len(person), number))
            time.append(at)
    user, account, time = map(numpy.concatenate, (user, account, time))
    order = numpy.argsort(time, kind="stable")
    moment = (numpy.datetime64(START, "us") + time[order])
    table = pyarrow.table({
        "at": pyarrow.array(moment, type=pyarrow.timestamp("us", tz="UTC")),
        "user": pyarrow.array(user[order]),
        "account": pyarrow.array(account[order]).dictionary_encode(),
        "action": pyarrow.array(pick(random, ACTIONS, len(order))).dictionary_encode(),
    })
    (folder / "usage").mkdir(exist_ok=True)
    month = moment.astype("M8[M]")
    for each in numpy.unique(month):
        begin, end = numpy.searchsorted(month, [each, each + 1])
        pyarrow.parquet.write_table(table.slice(begin, end - begin), folder / "usage" / f"{each}.parquet", compression="zstd")
    return table.num_rows


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, default=600)
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--folder", type=pathlib.Path, default=HERE / "data")
    options = parser.parse_args()
    random = numpy.random.Generator(numpy.random.PCG64(options.seed))
    accounts = [{"account": f"a{n:04}", "channel": pick(random, CHANNELS), "industry": pick(random, INDUSTRIES)}
                for n in range(options.accounts)]
    contracts = {row["account"]: make_contracts(random, row["account"]) for row in accounts}
    won = {((contracts[row["account"]][0]["signed"] - START).days, row["channel"]) for row in accounts}
    options.folder.mkdir(parents=True, exist_ok=True)
    write_csv(options.folder / "accounts.csv", accounts)
    write_csv(options.folder / "contracts.csv", (row for rows in contracts.values() for row in rows))
    charges = (charge for rows in contracts.values() for charge in make_charges(rows))
    write_csv(options.folder / "charges.csv", sorted(charges, key=lambda charge: charge["charged_on"]))
    write_csv(options.folder / "spend.csv", make_spend(random, won))
    count = write_usage(random, contracts, options.folder)
    write_csv(options.folder / "rates.csv", make_rates(random))
    print(f"{count:,} events of {options.accounts:,} customers in {options.folder}")


if __name__ == "__main__":
    main()
