"""An example is right: its spec is laid out and passes its tests, its generator runs, both engines agree on its data, and
totals agree with DuckDB. examples_test.py NAME, on a small part of the example's data."""

import pathlib
import shutil
import subprocess
import sys
import tempfile

import duckdb

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "python"))
import alidade  # noqa: E402


def invoke(folder, *arguments):
    done = alidade.invoke(*arguments, cwd=folder)
    if done.returncode != 0:
        sys.exit(f"alidade {' '.join(arguments)}: exit {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def prepare(folder, *size):
    """Makes the data, and runs every verb that a reader of the example would."""
    subprocess.run([sys.executable, folder / "generate.py", *size], check=True)
    for verb in (["fmt", "--check"], ["check"], ["test"], ["run"]):
        invoke(folder, *verb)


def compare_engines(folder, *arguments):
    native, reference = (invoke(folder, *arguments, "--format", "csv", "--engine", engine)
                         for engine in ("native", "reference"))
    if native != reference:
        sys.exit(f"the engines differ on {arguments}")


def expect(folder, totals):
    """The metrics over the whole range against DuckDB's figures, equal in every digit that both have."""
    rows = list(alidade.csv.DictReader(alidade.io.StringIO(invoke(folder, "run", *totals, "--format", "csv"))))
    for metric, query in totals.items():
        found, wanted = alidade.values(rows, metric), duckdb.sql(query).fetchall()[0][0]
        if float(found) != float(wanted):
            sys.exit(f"{metric} is {found}, DuckDB says {wanted}")


def streaming(folder):
    prepare(folder, "--events", "30000")
    compare_engines(folder, "run")
    compare_engines(folder, "run", "revenue", "buyers", "arpu", "wau", "minutes_each", "error_rate", "--per", "week", "--by", "plan")
    expect(folder, {
        "revenue": f"""select sum(amount_usd) from (select distinct event_id, name, amount_usd
                       from '{folder}/data/app/*.parquet') where name = 'purchase'""",
    })


def support(folder):
    prepare(folder, "--tickets", "2000")
    compare_engines(folder, "run")
    compare_engines(folder, "run", "tickets", "backlog", "resolution", "csat", "nps", "--per", "month")
    compare_engines(folder, "run", "resolution", "within_a_day", "--by", "account.plan,channel")
    desk = f"'{folder}/data/desk.csv'"
    took = 'epoch_us("at") - epoch_us(opened_at)'
    expect(folder, {
        "tickets": f"select count(*) from {desk} where name = 'opened'",
        "backlog": f"select 2000 - count(distinct ticket) from {desk} where name = 'resolved'",
        "resolution": f"select quantile_cont({took}, 0.5) from {desk} where name = 'resolved'",
        "csat": f"select count(*) filter (score >= 4) / count(*) from {desk} where name = 'rated'",
        "customer_effort": f"select sum(effort) / count(effort) from {desk} where name = 'rated'",
    })


def saas(folder):
    prepare(folder, "--accounts", "120")
    compare_engines(folder, "run")
    compare_engines(folder, "run", "contracted", "customers", "seats", "utilisation", "--per", "fiscal-quarter", "--by", "plan")
    compare_engines(folder, "run", "cac", "new_customers", "--by", "channel", "--per", "month")
    charges, contracts, accounts, spend, rates = (
        f"'{folder}/data/{name}.csv'" for name in ("charges", "contracts", "accounts", "spend", "rates"))
    expect(folder, {
        "revenue": f"select sum(amount::decimal(18, 2)) from {charges}",
        "acquisition": f"""select sum(amount::decimal(18, 2) * rate::decimal(9, 4)) from {spend}
                           join {rates} on day >= since and (until is null or day < until)""",
        "customers": f"select count(*) from {contracts} where ended is null or ended >= '2026-02-01'",
        "contracted": f"select sum(fee::decimal(18, 2)) from {contracts} where ended is null or ended >= '2026-02-01'",
        "new_customers": f"select count(distinct account) from {charges} where kind = 'subscription'",
        "sales_customers": f"select count(*) from {accounts} where channel in ('events', 'outbound')",
        "largest_share": f"""select max(paid) / sum(paid) from (select sum(amount)::double as paid from {charges}
                             where kind = 'subscription' group by account)""",
    })


if __name__ == "__main__":
    name = sys.argv[1]
    with tempfile.TemporaryDirectory() as work:
        copy = pathlib.Path(work) / name
        shutil.copytree(alidade.ROOT / "examples" / name, copy, ignore=shutil.ignore_patterns("data"))
        {"streaming": streaming, "support": support, "saas": saas}[name](copy)
    print(f"{name}: right")
