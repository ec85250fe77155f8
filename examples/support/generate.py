"""Writes the example's data: a year of a support desk with 600 customers, about 20,000 tickets in 80,000 events. The same
seed gives the same rows. Run it as ../../.venv/bin/python generate.py [--tickets N]."""

import argparse
import csv
import pathlib
import random
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

HERE = pathlib.Path(__file__).resolve().parent
START, DAYS = datetime(2025, 1, 1), 365
ZONE = ZoneInfo("Europe/Berlin")
AGENTS = [f"agent{n:02}" for n in range(1, 15)]
PRIORITIES = {"low": 0.25, "normal": 0.5, "high": 0.2, "urgent": 0.05}
CHANNELS = {"mail": 0.55, "chat": 0.33, "phone": 0.12}
PLANS = {"starter": 0.6, "team": 0.3, "enterprise": 0.1}
SEATS = {"starter": 5, "team": 40, "enterprise": 300}
HOURS_TO_SOLVE = {"low": 30, "normal": 18, "high": 8, "urgent": 3}  # the middle ticket's, in hours
WEEKDAYS = [1, 0.95, 0.9, 0.9, 0.85, 0.2, 0.15]  # Monday first
FIELDS = ["at", "event_id", "ticket", "account", "agent", "name", "priority", "channel", "opened_at", "first_reply",
          "was_escalated", "score", "effort", "recommend"]


def utc(local):
    return local.replace(tzinfo=ZONE).astimezone(ZoneInfo("UTC")).strftime("%Y-%m-%dT%H:%M:%SZ")


def pick(draw, weights):
    return draw.choices(list(weights), weights.values())[0]


def make_accounts(draw, count):
    plans = [pick(draw, PLANS) for _ in range(count)]
    return [{"account": f"c{n:04}", "plan": plan, "seats": max(1, round(SEATS[plan] * draw.lognormvariate(0, 0.6)))}
            for n, plan in enumerate(plans)]


def opening_time(draw):
    """More tickets on working days and in the afternoon, and more of them later in the year."""
    while True:
        day = int(DAYS * draw.random() ** 0.8)
        opened = START + timedelta(days=day, seconds=draw.gauss(13.5, 3.5) % 24 * 3600)
        if draw.random() < WEEKDAYS[opened.weekday()]:
            return opened.replace(microsecond=0)


def ticket_events(draw, ticket, account):
    """What happens to one ticket, from opened to rated."""
    opened = opening_time(draw)
    common = {"ticket": ticket, "account": account["account"], "priority": pick(draw, PRIORITIES),
              "channel": pick(draw, CHANNELS)}
    agent = draw.choice(AGENTS)
    yield {"at": opened, "name": "opened", **common}
    slow = 1.25 if common["channel"] == "mail" else 0.8
    hours = HOURS_TO_SOLVE[common["priority"]] * slow * draw.lognormvariate(0, 0.9)
    wait = timedelta(minutes=round(hours * 60 * draw.uniform(0.05, 0.4)) + 1)
    yield {"at": opened + wait, "name": "replied", "agent": agent, **common}
    escalated = draw.random() < (0.22 if common["priority"] in ("high", "urgent") else 0.08)
    if escalated:
        yield {"at": opened + wait * 1.2, "name": "escalated", "agent": agent, **common}
        hours *= 2.2
        agent = draw.choice(AGENTS[:3])
    for _ in range(draw.choice([0, 0, 1, 1, 2])):
        yield {"at": opened + timedelta(hours=hours * draw.uniform(0.5, 0.95)), "name": "replied", "agent": agent, **common}
    resolved = opened + max(timedelta(hours=hours), wait * 1.3)
    solution = {"agent": agent, "opened_at": opened, "first_reply": int(wait.total_seconds() // 60),
                "was_escalated": str(escalated).lower(), **common}
    yield {"at": resolved, "name": "resolved", **solution}
    if draw.random() < 0.06:
        again = resolved + timedelta(hours=draw.uniform(2, 90))
        yield {"at": again, "name": "reopened", **common}
        yield {"at": again + timedelta(hours=hours * 0.4 + 1), "name": "replied", "agent": agent, **common}
    if draw.random() < 0.35:
        mood = draw.gauss(4.25, 0.9) - 0.8 * escalated - 0.012 * min(hours, 100)
        yield {"at": resolved + timedelta(minutes=draw.uniform(5, 600)), "name": "rated", **common,
               "score": max(1, min(5, round(mood))), "effort": max(1, min(7, round(8.2 - 1.3 * mood + draw.gauss(0, 0.8)))),
               "recommend": max(0, min(10, round(2.1 * mood + draw.gauss(0, 1.2))))}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tickets", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--folder", type=pathlib.Path, default=HERE / "data")
    options = parser.parse_args()
    draw = random.Random(options.seed)
    accounts = make_accounts(draw, max(10, options.tickets * 3 // 100))
    writers = draw.choices(accounts, [account["seats"] ** 0.7 for account in accounts], k=options.tickets)
    end = START + timedelta(days=DAYS)
    events = sorted((event for n, account in enumerate(writers) for event in ticket_events(draw, f"t{n:06}", account)
                     if event["at"] < end), key=lambda event: (event["at"], event["ticket"]))
    options.folder.mkdir(parents=True, exist_ok=True)
    with open(options.folder / "desk.csv", "w", newline="") as out:
        table = csv.DictWriter(out, FIELDS)
        table.writeheader()
        for n, event in enumerate(events):
            times = {name: utc(event[name]) for name in ("at", "opened_at") if name in event}
            table.writerow({**event, **times, "event_id": n})
    with open(options.folder / "accounts.csv", "w", newline="") as out:
        table = csv.DictWriter(out, ["account", "plan", "seats"])
        table.writeheader()
        table.writerows(accounts)
    print(f"{len(events):,} events of {options.tickets:,} tickets in {options.folder}")


if __name__ == "__main__":
    main()
