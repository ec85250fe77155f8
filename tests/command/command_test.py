"""The command from outside: verbs, exit codes, what goes to stdout and what to stderr, formats, files, projects."""

import csv
import io
import json
import os
import pathlib
import pty
import subprocess
import sys
import tempfile
from decimal import Decimal

import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet as pq

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "python"))
import alidade  # noqa: E402

SPEC = """module shop
stream app { time at : timestamp; entity user : text; id event_id : text; plan : text?; amount : money(USD)? }
table users key user { user : text; channel : text }
metric revenue = sum(app.amount)
metric buyers = unique(app.user)
metric dau = unique(app.user) per day
## A wide one.
metric arpu = revenue / buyers
test "adds up" {
  given app
    | at               | user | event_id | plan | amount |
    | 2026-01-05 10:00 | ann  | 1        | free | 1.50   |
    | 2026-01-06 10:00 | bob  | 2        | pro  | 2      |
  expect revenue == 3.50 USD
  expect dau on 2026-01-05 == 1
}
"""
DATA = """at,user,event_id,plan,amount
2026-01-05 10:00,ann,1,free,1.50
2026-01-05 10:00,ann,1,free,1.50
2026-01-06 11:00,bob,2,pro,2
2026-01-13 11:00,bob,3,,0.25
"""
USERS = "user,channel\nann,web\n"
TOML = '[sources.app]\npath = "data/app.csv"\n[sources.users]\npath = "data/users.csv"\n[profiles.small.sources.app]\npath = "data/small.csv"\n'

failures = []


def check(what, truth, *shown):
    if not truth:
        failures.append("\n".join([what, *map(str, shown)]))


class Project:
    def __init__(self, **files):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="command_"))
        for name, text in {"shop.metric": SPEC, "alidade.toml": TOML, "data/app.csv": DATA, "data/users.csv": USERS,
                           "data/small.csv": "".join(DATA.splitlines(True)[:2]), **files}.items():
            if text is not None:
                (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
                (self.folder / name).write_text(text)

    def run(self, *arguments, below="", **options):
        command = [alidade.binary(), *map(str, arguments)]
        return subprocess.run(command, cwd=self.folder / below, capture_output=True,
                              **{"stdin": subprocess.DEVNULL, "text": True, **options})

    def expect(self, arguments, code, out=(), err=(), below="", **options):
        done = self.run(*arguments.split(), below=below, **options)
        what = f"alidade {arguments}"
        check(f"{what}: exit {done.returncode}, expected {code}", done.returncode == code, done.stdout, done.stderr)
        for words, stream, text in ((out, "stdout", done.stdout), (err, "stderr", done.stderr)):
            for word in words:
                check(f"{what}: {stream} lacks {word!r}", word in text, text)
        return done


def usage():
    project = Project()
    done = project.expect("--help", 0, out=["alidade run revenue arpu --per week --by plan", "init", "explain"])
    check("--help begins with examples", done.stdout.lstrip().startswith("alidade init"), done.stdout)
    for verb in ("init", "check", "run", "test", "fmt", "explain"):
        done = project.expect(f"{verb} --help", 0, out=["alidade " + verb])
        check(f"{verb} --help begins with examples", done.stdout.lstrip().startswith("alidade " + verb), done.stdout)
    project.expect("--version", 0, out=["alidade 0."])
    project.expect("", 2, err=["alidade run"])
    project.expect("chekc", 2, err=["chekc", "did you mean check"])
    project.expect("run --fromat csv", 2, err=["--fromat", "did you mean --format"])
    project.expect("run --format xml", 2, err=["xml"])
    project.expect("run --engine fast", 2, err=["fast"])
    project.expect("run --per fortnight", 2, err=["fortnight", "week"])
    project.expect("run --from yesterday", 2, err=["yesterday"])
    project.expect("run --from 2026-02-01 --to 2026-01-01", 2, err=["--from"])
    project.expect("run --data app", 2, err=["STREAM=PATH"])
    project.expect("run --threads many", 2, err=["many"])
    project.expect("explain", 0, out=["AL1101"])
    project.expect("init --from events.csv", 2, err=["error[AL7102]", "events.csv"])


def loudness():
    project = Project()
    done = project.expect("run revenue --verbose", 0, err=["ms  specs read and checked", "ms  compiled, data read, evaluated", "ms  written", "bytes"])
    check("--verbose leaves stdout alone", done.stdout == project.run("run", "revenue").stdout, done.stdout)
    quiet = project.expect("run revenue --format csv --quiet", 0)
    check("--quiet says nothing", quiet.stderr == "", quiet.stderr)
    project.expect("run revnue --quiet", 2, err=["error[AL8"])
    done = project.expect("run revenue --color always", 0)
    check("--color always", "\x1b[" in done.stdout, done.stdout)
    done = project.expect("run revnue --color always", 2)
    check("--color always on stderr", "\x1b[" in done.stderr, done.stderr)
    project.expect("run --color sometimes", 2, err=["sometimes"])


def check_verb():
    project = Project()
    done = project.expect("check", 0, err=["no errors"])
    check("check prints nothing on stdout", done.stdout == "", done.stdout)
    project.expect("check", 0, below="data", err=["no errors"])
    project.expect("check none.metric", 2, err=["error[AL1101]", "none.metric"])
    project.expect("check data", 2, err=["error[AL1101]"])
    broken = Project(**{"shop.metric": SPEC + "metric wrong = sum(app.amout)\n"})
    broken.expect("check", 1, err=["shop.metric:", "error[AL3", "amount"])
    done = broken.expect("check --format json", 1, out=['"AL3'])
    check("JSON diagnostics are lines of JSON", all(json.loads(line) for line in done.stdout.splitlines()), done.stdout)
    broken.expect("run", 1, err=["error[AL3"])
    broken.expect("test", 1, err=["error[AL3"])
    Project(**{"shop.metric": None}).expect("check", 2, err=["error[AL1105]"])


def project_files():
    wrong = Project(**{"alidade.toml": "[source.app]\n"})
    wrong.expect("check", 2, err=["error[AL1103]", "sources", "alidade.toml:1:"])
    Project(**{"alidade.toml": "[sources.app\n"}).expect("run", 2, err=["error[AL1102]", "alidade.toml:1:"])
    project = Project()
    project.expect("run revenue --profile smal", 2, err=["error[AL1104]", "small"])
    done = project.expect("run revenue --profile small --format csv", 0)
    check("a profile's data", ",1.5,USD" in done.stdout, done.stdout)
    done = project.expect("run revenue --format csv", 0, below="data")
    check("paths are relative to alidade.toml", ",3.75,USD" in done.stdout, done.stdout)
    done = project.expect("run revenue --data app=small.csv --format csv", 0, below="data")
    check("--data is relative to the working folder", ",1.5,USD" in done.stdout, done.stdout)
    Project(**{"alidade.toml": None}).expect("run revenue", 2, err=["error[AL7103]", "--data app=PATH"])


def run_verb():
    project = Project()
    table = project.expect("run", 0, out=["revenue", "buyers", "3.75 USD", "1 duplicate", "UTC", "Monday"])
    check("no colour away from a terminal", "\x1b" not in table.stdout, table.stdout)
    project.expect("run revenue arpu --per week --by plan", 0, out=["week", "plan", "USD per user", "2026-01-05  free"])
    project.expect("run revenue --by user.channel", 0, out=["user.channel", "web"])
    project.expect("run revnue", 2, err=["error[AL8", "revenue"])
    project.expect("run revenue --by pln", 2, err=["error[AL8", "plan"])
    for engine in ("native", "reference"):
        done = project.expect(f"run revenue dau --per day --from 2026-01-05 --to 2026-01-07 --format csv --engine {engine}", 0,
                              err=["1 duplicate"])
        rows = list(csv.DictReader(io.StringIO(done.stdout)))
        check("CSV's columns", list(rows[0]) == ["metric", "grain", "bucket", "value", "unit", "reason", "partial"], rows[0])
        found = [(row["metric"], row["bucket"], row["value"]) for row in rows]
        check("CSV's rows", found == [("revenue", "2026-01-05", "1.5"), ("revenue", "2026-01-06", "2"),
                                      ("dau", "2026-01-05", "1"), ("dau", "2026-01-06", "1")], found)
    for engine in ("native", "reference"):
        project.expect(f"run revenue --per fiscal-quarter --format csv --engine {engine}", 0, out=["revenue,fiscal quarter,FY2026-Q1,"])
    document = json.loads(project.expect("run revenue --per day --by plan --format json", 0).stdout)
    check("JSON's rows", {"metric": "revenue", "value": 1.5}.items() <= document["rows"][0].items(), document["rows"][0])
    check("a missing plan is null", any(row["dimensions"] == {"plan": None} for row in document["rows"]), document)
    stream = document["modules"][0]["streams"][0]
    check("JSON's streams", (stream["rows"], stream["duplicates"], stream["late"]) == (4, 1, 0), stream)
    same = {project.run("run", "--per", "day", "--format", "csv", "--threads", n).stdout for n in (1, 2, 5)}
    check("threads change nothing", len(same) == 1, *same)
    for dump in ("ast", "types", "lowered", "plan", "llvm"):
        done = project.expect(f"run revenue --dump={dump}", 0)
        check(f"--dump={dump} prints something", len(done.stdout) > 20, done.stdout)
    project.expect("run revenue --dump=asm", 2, err=["asm"])


def elapsed():
    """The report's range ends a bucket as the watermark does: the other bucket is cut to as many days."""
    project = Project()
    (project.folder / "pace.metric").write_text(
        "stream sales {\n  time at : timestamp(day)\n  n : integer\n}\n\n"
        "metric first = sum(sales.n) at 1 month ago same elapsed\nmetric more = change(sum(sales.n), 1 month same elapsed)\n"
        "metric all_of_it = change(sum(sales.n), 1 month)\n")
    rows = [(f"2026-{month:02}-{day:02}", month) for month in (1, 2, 3, 4) for day in range(1, 29)]
    (project.folder / "pace.csv").write_text("at,n\n" + "".join(f"{at},{n}\n" for at, n in rows))
    for engine in ("native", "reference"):
        done = project.expect(f"run pace.metric --data sales=pace.csv --per month --from 2026-02-01 --to 2026-03-11 --format csv --engine {engine}", 0)
        found = {(row["metric"], row["bucket"]): (row["value"], row["partial"]) for row in csv.DictReader(io.StringIO(done.stdout))}
        wanted = {("first", "2026-02"): ("28", "false"), ("first", "2026-03"): ("20", "true"),
                  ("more", "2026-02"): ("28", "false"), ("more", "2026-03"): ("10", "true"),
                  ("all_of_it", "2026-02"): ("28", "false"), ("all_of_it", "2026-03"): ("-26", "true")}
        check("same elapsed under --to", found == wanted, found)


def outputs():
    project = Project()
    done = project.expect("run revenue -o out.csv", 0)
    check("with --output stdout is empty", done.stdout == "", done.stdout)
    check("the ending decides the format", (project.folder / "out.csv").read_text().startswith("metric,grain"))
    project.expect("run revenue --output out.json", 0)
    json.loads((project.folder / "out.json").read_text())
    project.expect("run revenue --output out.txt", 0)
    check("else it is a table", "3.75 USD" in (project.folder / "out.txt").read_text())
    check("nothing else is left", sorted(p.name for p in project.folder.iterdir()) ==
          ["alidade.toml", "data", "out.csv", "out.json", "out.txt", "shop.metric"])
    for name, read in (("out.parquet", pq.read_table), ("out.arrow", lambda path: pa.ipc.open_file(path).read_all())):
        project.expect(f"run revenue buyers arpu --per week --by plan -o {name}", 0)
        check_typed_rows(name, read(project.folder / name))
    done = project.run("run", "revenue", "buyers", "arpu", "--per", "week", "--by", "plan", "--format", "arrow", text=False)
    check_typed_rows("an Arrow stream", pa.ipc.open_stream(done.stdout).read_all())
    project.expect("run revenue --per week --by plan -o out.md", 0)
    markdown = (project.folder / "out.md").read_text()
    check("Markdown", "| week | plan | revenue (USD) |\n|---|---|---:|\n| 2026-01-05 | free | 1.50 |\n" in markdown, markdown)
    for name in ("out.parquet", "out.arrow", "out.md"):
        (project.folder / name).unlink()
    project.expect("run revenue -o none/out.parquet", 2, err=["error[AL8201]", "none/out.parquet"])
    project.expect("run revenue -o none/out.csv", 2, err=["error[AL8201]", "none/out.csv"])
    with open("/dev/full", "w") as full:
        done = subprocess.run([alidade.binary(), "run", "revenue"], cwd=project.folder, stdout=full, stderr=subprocess.PIPE, text=True)
    check("a full stdout", done.returncode == 2 and "error[AL8201]" in done.stderr, done.returncode, done.stderr)


def check_typed_rows(what, table):
    types = {field.name: str(field.type) for field in table.schema}
    wanted = {"metric": "string", "grain": "string", "bucket": "string", "start": "timestamp[us, tz=UTC]", "end": "timestamp[us, tz=UTC]",
              "plan": "string", "value": "double", "exact": "decimal128(38, 6)", "unit": "string", "reason": "string", "partial": "bool"}
    check(f"{what}: columns", types == wanted, types)
    rows = table.to_pylist()
    first = rows[0]
    check(f"{what}: an exact value", (first["metric"], first["plan"], first["value"], first["exact"]) == ("revenue", "free", 1.5, Decimal("1.5")), first)
    check(f"{what}: a bucket", str(first["start"]) == "2026-01-05 00:00:00+00:00" and str(first["end"]) == "2026-01-12 00:00:00+00:00", first)
    check(f"{what}: a quotient is not exact", all(row["exact"] is None for row in rows if row["metric"] == "arpu"), rows)
    check(f"{what}: a missing plan is null", any(row["plan"] is None for row in rows), rows)
    check(f"{what}: what it rests on", b'"zone":"UTC"' in table.schema.metadata[b"alidade"], table.schema.metadata)


def overflow():
    spec = SPEC.replace("metric arpu = revenue / buyers", "metric arpu = revenue * revenue * revenue * revenue * revenue * revenue * revenue")
    big = Project(**{"shop.metric": spec, "data/app.csv": DATA.replace(",2\n", ",9000000000000\n")})
    done = big.run("run", "arpu", "--format", "csv")
    if "AL4" in done.stderr or "AL6" in done.stderr:  # too wide already by its type
        return
    check("overflow", done.returncode == 1 and "error[AL8203]" in done.stderr and "overflow" in done.stdout, done.stdout, done.stderr)


def rates():
    """Amounts without a rate are said below a table, beside CSV and in JSON."""
    spec = SPEC.replace("metric buyers", "table ecb key currency { currency : text; rate : money(EUR); valid from since to until }\n"
                        "metric in_eur = sum(convert(app.amount, to = EUR, using = ecb))\nmetric buyers")
    project = Project(**{"shop.metric": spec, "data/ecb.csv": "currency,rate,since,until\nUSD,0.5,,2026-01-06\n",
                         "alidade.toml": TOML + '[sources.ecb]\npath = "data/ecb.csv"\n'})
    note = "2 rows with an amount and no rate for it"
    for engine in ("native", "reference"):
        project.expect(f"run in_eur --per day --engine {engine}", 0, out=["0.75", "no_rate: a currency rate is missing", note])
        project.expect(f"run in_eur --format csv --engine {engine}", 0, out=["EUR,no_rate,"], err=[note])
        document = json.loads(project.expect(f"run in_eur revenue --format json --engine {engine}", 0).stdout)
        check("rows without a rate", document["modules"][0]["streams"][0]["without_rate"] == 2, document)
    document = json.loads(project.expect("run revenue --format json", 0).stdout)
    check("no rates", document["modules"][0]["streams"][0]["without_rate"] == 0, document)


def test_verb():
    project = Project()
    project.expect("test", 0, out=["1 test, 2 expectations", "all passed"])
    wrong = Project(**{"shop.metric": SPEC.replace("3.50 USD", "3.51 USD")})
    done = wrong.run("test")
    text = done.stdout + done.stderr
    check("a failed test", done.returncode == 1 and "adds up" in text and "3.5" in text and "3.51" in text and "shop.metric:" in text,
          done.returncode, text)


def fmt_verb():
    project = Project()
    project.expect("fmt", 0)
    laid_out = (project.folder / "shop.metric").read_text()
    project.expect("fmt --check", 0)
    again = project.expect("fmt -", 0, input=laid_out, stdin=None)
    check("fmt is idempotent", again.stdout == laid_out, again.stdout)
    project.expect("test", 0)
    (project.folder / "shop.metric").write_text(laid_out.replace("metric buyers", "metric   buyers"))
    project.expect("fmt --check", 1, err=["shop.metric"])
    check("--check changes nothing", "metric   buyers" in (project.folder / "shop.metric").read_text())
    project.expect("fmt", 0)
    check("fmt mends it", (project.folder / "shop.metric").read_text() == laid_out)
    broken = project.run("fmt", "-", input="metric = \n", stdin=None)
    check("fmt of a broken spec passes it on", broken.returncode == 1 and broken.stdout == "metric = \n", broken)


def explain_verb():
    project = Project()
    project.expect("explain AL1101", 0, out=["AL1101", "cannot be read"])
    project.expect("explain al1101", 0, out=["AL1101"])
    project.expect("explain AL9999", 2, err=["AL9999"])
    project.expect("explain arpu", 0, out=["arpu", "revenue / buyers", "USD per user", "A wide one", "plan", "costs"])
    project.expect("explain arpu", 0, out=["adds up    over nothing: the parts of a ratio", "each user of app", "time       any period",
                                           "undefined  no_data, no_denominator, overflow"])
    project.expect("run --dump=types", 0, out=["  adds up    over time and every dimension", "  undefined  no_data"])
    project.expect("explain arpo", 2, err=["did you mean arpu"])


def init_verb():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="command_"))
    run = lambda *arguments, at=folder: subprocess.run([alidade.binary(), *arguments], cwd=at, capture_output=True, text=True)  # noqa: E731
    done = run("init", "my shop")
    check("init", done.returncode == 0 and "alidade test" in done.stderr, done)
    shop = folder / "my shop"
    for arguments in (["check"], ["test"], ["fmt", "--check"], ["run"], ["run", "revenue", "buyers", "arpu", "--per", "week", "--by", "plan"]):
        done = run(*arguments, at=shop)
        check(f"a new project: {arguments}", done.returncode == 0, done.stdout, done.stderr)
    check("its revenue", "USD" in run("run", at=shop).stdout)
    before = (shop / "shop.metric").read_text()
    again = run("init", at=shop)
    check("init never overwrites", again.returncode == 2 and "error[AL1106]" in again.stderr, again)
    check("the spec is as it was", (shop / "shop.metric").read_text() == before)


def several_modules():
    other = "module other\nstream app { time at : timestamp; entity user : text }\nmetric rows = count(app)\nmetric buyers = count(app)\n"
    project = Project(**{"other.metric": other})
    rows = list(csv.DictReader(io.StringIO(project.expect("run rows buyers --format csv", 0).stdout)))
    found = {row["metric"]: row["value"] for row in rows}
    check("several modules", found == {"other.rows": "4", "other.buyers": "4", "shop.buyers": "2"}, found)
    project.expect("run", 0, out=["module other", "module shop"])
    project.expect("run other.metric rows --format csv", 0, out=["rows,all,"])


def colour():
    """On a terminal there is colour, unless NO_COLOR is set."""
    project = Project()
    for variables, wanted in ({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False):
        reader, writer = pty.openpty()
        environment = {**os.environ, "TERM": "xterm", **variables}
        environment.pop("NO_COLOR", None) if "NO_COLOR" not in variables else None
        subprocess.run([alidade.binary(), "run", "revenue"], cwd=project.folder, env=environment, stdout=writer, stderr=subprocess.PIPE)
        os.close(writer)
        text = os.read(reader, 100000).decode()
        os.close(reader)
        check(f"colour with {variables}", ("\x1b[" in text) == wanted, repr(text))


if __name__ == "__main__":
    for group in (usage, loudness, check_verb, project_files, run_verb, elapsed, outputs, overflow, rates, test_verb, fmt_verb, explain_verb, init_verb,
                  several_modules, colour):
        group()
    for failure in failures:
        print(failure)
    print(f"{len(failures)} failures")
    sys.exit(1 if failures else 0)
