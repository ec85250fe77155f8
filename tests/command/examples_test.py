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


def streaming(folder):
    subprocess.run([sys.executable, folder / "generate.py", "--events", "30000"], check=True)
    for verb in (["fmt", "--check"], ["check"], ["test"], ["run"]):
        invoke(folder, *verb)
    weekly = ["run", "revenue", "buyers", "arpu", "wau", "minutes_each", "error_rate", "--per", "week", "--by", "plan", "--format", "csv"]
    everything = ["run", "--format", "csv"]
    for arguments in (weekly, everything):
        native, reference = (invoke(folder, *arguments, "--engine", engine) for engine in ("native", "reference"))
        if native != reference:
            sys.exit(f"the engines differ on {arguments}")
    rows = list(alidade.csv.DictReader(alidade.io.StringIO(invoke(folder, *everything))))
    total = duckdb.sql(f"""select sum(amount_usd) from (select distinct event_id, name, amount_usd
                           from '{folder}/data/app/*.parquet') where name = 'purchase'""").fetchall()[0][0]
    found = alidade.values(rows, "revenue")
    if float(found) != float(total):
        sys.exit(f"revenue is {found}, DuckDB says {total}")


if __name__ == "__main__":
    name = sys.argv[1]
    with tempfile.TemporaryDirectory() as work:
        copy = pathlib.Path(work) / name
        shutil.copytree(alidade.ROOT / "examples" / name, copy, ignore=shutil.ignore_patterns("data"))
        {"streaming": streaming}[name](copy)
    print(f"{name}: right")
