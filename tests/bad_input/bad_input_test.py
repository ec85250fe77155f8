"""Bad input gets a code, a place and a way out, and loses nothing. Every case writes its own small files, runs the command
and checks exit code, diagnostic code and the words that name the place."""

import gzip
import json
import pathlib
import resource
import signal
import subprocess
import sys
import tempfile

import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet as pq

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "python"))
import alidade  # noqa: E402

SPEC = """module shop

calendar { zone "Europe/Berlin" }

stream sales {
  time at     : timestamp
  entity user : text?
  id sale     : text
  quantity    : integer
  price       : money(EUR)
  weight      : number?
  kind        : one_of("web", "shop")
}

metric rows    = count(sales)
metric pieces  = sum(sales.quantity)
metric revenue = sum(sales.quantity * sales.price)
metric weight  = sum(sales.weight)
metric buyers  = unique(sales.user)
metric web     = count(sales where kind == "web")
"""
HEADER = "at,user,sale,quantity,price,weight,kind\n"
GOOD = "2026-01-05 10:00,ann,s1,2,9.99,1.5,web\n"
ALSO_GOOD = "2026-01-06 11:00,bob,s2,1,5.00,,shop\n"

failures = []


class Case:
    """A folder with the spec and one data file; `run` gives the finished process."""

    def __init__(self, name):
        self.name = name
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="bad_input_"))
        (self.folder / "shop.metric").write_text(SPEC)

    def write(self, content, file="sales.csv"):
        data = content if isinstance(content, bytes) else content.encode()
        (self.folder / file).write_bytes(data)
        return self

    def run(self, *arguments, file="sales.csv", form="csv", **options):
        command = [alidade.binary(), "run", "shop.metric", "--data", f"sales={file}", "--format", form, *arguments]
        if "input" not in options:
            options["stdin"] = subprocess.DEVNULL
        done = subprocess.run(command, cwd=self.folder, capture_output=True, **options)
        done.stdout, done.stderr = done.stdout.decode(), done.stderr.decode()
        return done

    def expect(self, done, exit_code, *words, out=()):
        if done.returncode != exit_code:
            failures.append(f"{self.name}: exit {done.returncode}, expected {exit_code}\n{done.stderr}")
        for word in words:
            if word not in done.stderr:
                failures.append(f"{self.name}: stderr lacks {word!r}:\n{done.stderr}")
        for word in out:
            if word not in done.stdout:
                failures.append(f"{self.name}: stdout lacks {word!r}:\n{done.stdout}\n{done.stderr}")

    def expect_bad_row(self, content, code, *words):
        """Stops by default and names the place; goes on with --bad-rows skip, keeps the good rows, and counts the bad."""
        self.write(HEADER + GOOD + content + ALSO_GOOD)
        for engine in ("native", "reference"):
            self.expect(self.run("--engine", engine), 2, code, "sales.csv", "row 2", "--bad-rows skip", *words)
            skipped = self.run("--engine", engine, "--bad-rows", "skip")
            self.expect(skipped, 0, "1 bad row", out=["rows,", ",2,"])
            as_json = self.run("--engine", engine, "--bad-rows", "skip", form="json")
            self.expect(as_json, 0, out=["bad"])


def bad_rows():
    Case("bad number").expect_bad_row("2026-01-05 11:00,eve,s3,two,1.00,,web\n", "AL7202", "quantity", "two")
    Case("bad decimal").expect_bad_row("2026-01-05 11:00,eve,s3,1,1.2.3,,web\n", "AL7202", "price")
    Case("too many digits").expect_bad_row("2026-01-05 11:00,eve,s3,1,1.12345678,,web\n", "AL7202", "price")
    Case("ragged row").expect_bad_row("2026-01-05 11:00,eve,s3\n", "AL7201")
    Case("missing value").expect_bad_row("2026-01-05 11:00,eve,s3,,1.00,,web\n", "AL7204", "quantity")
    Case("not in list").expect_bad_row("2026-01-05 11:00,eve,s3,1,1.00,,phone\n", "AL7205", "kind", "phone")
    Case("bad time").expect_bad_row("yesterday,eve,s3,1,1.00,,web\n", "AL7206", "at", "yesterday")
    Case("skipped hour").expect_bad_row("2026-03-29 02:30,eve,s3,1,1.00,,web\n", "AL7207", "at")
    Case("year").expect_bad_row("2526-01-05 11:00,eve,s3,1,1.00,,web\n", "AL7208", "at")
    Case("not finite").expect_bad_row("2026-01-05 11:00,eve,s3,1,1.00,NaN,web\n", "AL7209", "weight")
    Case("infinity").expect_bad_row("2026-01-05 11:00,eve,s3,1,1.00,inf,web\n", "AL7209", "weight")
    Case("overflow").expect_bad_row("2026-01-05 11:00,eve,s3,99999999999999999999,1.00,,web\n", "AL7210", "quantity")
    Case("differing copy").expect_bad_row("2026-01-05 10:00,ann,s1,3,9.99,1.5,web\n", "AL7211", "sale")
    case = Case("bad utf-8").write((HEADER + GOOD).encode() + b"2026-01-05 11:00,\xff\xfe,s3,1,1.00,,web\n" + ALSO_GOOD.encode())
    case.expect(case.run(), 2, "AL7203", "row 2", "user")
    case.expect(case.run("--bad-rows", "skip"), 0, "1 bad row")


def files():
    case = Case("missing file")
    case.write(HEADER + GOOD, "sales.csv")
    case.expect(case.run(file="sale.csv"), 2, "AL7102", "sale.csv", "sales.csv")
    case.expect(Case("empty file").write("").run(), 2, "AL7106", "sales.csv")
    header_only = Case("header only").write(HEADER)
    header_only.expect(header_only.run(), 0, "sales: 0 rows")
    missing = Case("missing column").write(HEADER.replace("quantity", "qty") + GOOD)
    missing.expect(missing.run(), 2, "AL7104", "quantity", "qty")
    no_source = Case("no source")
    done = subprocess.run([alidade.binary(), "run", "shop.metric"], cwd=no_source.folder, capture_output=True, text=True)
    no_source.expect(done, 2, "AL7103", "sales", "--data")
    packed = gzip.compress((HEADER + GOOD * 1 + ALSO_GOOD).encode())
    whole = Case("gzip").write(packed, "sales.csv.gz")
    whole.expect(whole.run(file="sales.csv.gz"), 0, out=["rows,", ",2,"])
    rows = "".join(f"2026-01-05 10:00,ann,s{i},{i % 7},9.99,1.5,web\n" for i in range(20000))
    cut = Case("truncated gzip").write(gzip.compress((HEADER + rows).encode())[:-2000], "sales.csv.gz")
    cut.expect(cut.run(file="sales.csv.gz"), 2, "AL7107", "sales.csv.gz")
    not_gzip = Case("not gzip").write(HEADER + GOOD, "sales.csv.gz")
    not_gzip.expect(not_gzip.run(file="sales.csv.gz"), 2, "AL7107", "sales.csv.gz")


    unknown = Case("unknown format").write(HEADER + GOOD, "sales.txt")
    unknown.expect(unknown.run(file="sales.txt"), 2, "AL7108", "sales.txt")
    table = Case("duplicate key").write(HEADER + GOOD).write("user,city\nann,Ulm\nann,Bonn\n", "users.csv")
    spec = SPEC + "table users key user {\n  user : text\n  city : text\n}\nmetric ulm = count(sales where user.city == \"Ulm\")\n"
    (table.folder / "shop.metric").write_text(spec)
    for engine in ("native", "reference"):
        table.expect(table.run("ulm", "--data", "users=users.csv", "--engine", engine), 2, "AL7212", "users.csv", "ann")


def parquet():
    table = pa.table({
        "at": ["2026-01-05 10:00", "2026-01-06 11:00"], "user": ["ann", None], "sale": ["s1", "s2"], "quantity": [2, 1],
        "price": [9.99, 5.0], "weight": [1.5, None], "kind": ["web", "shop"]})
    case = Case("parquet")
    pq.write_table(table, case.folder / "sales.parquet")
    case.expect(case.run(file="sales.parquet"), 0, out=["rows,", ",2,", "24.98"])
    content = (case.folder / "sales.parquet").read_bytes()
    case.write(content[: len(content) // 2], "cut.parquet")
    case.expect(case.run(file="cut.parquet"), 2, "AL7107", "cut.parquet")
    broken = bytearray(content)
    for i in range(len(broken) - 60, len(broken) - 8):
        broken[i] ^= 0x5A
    case.write(bytes(broken), "broken.parquet")
    case.expect(case.run(file="broken.parquet"), 2, "AL7107", "broken.parquet")
    case.write(b"not parquet at all", "text.parquet")
    case.expect(case.run(file="text.parquet"), 2, "AL7107", "text.parquet")
    wrong = table.set_column(table.schema.get_field_index("quantity"), "quantity", pa.array([[1], [2]]))
    pq.write_table(wrong, case.folder / "wrong.parquet")
    case.expect(case.run(file="wrong.parquet"), 2, "AL7105", "quantity")


def as_json_lines(text):
    header, *lines = text.splitlines()
    names = header.split(",")
    return "".join(json.dumps(dict(zip(names, [cell or None for cell in line.split(",")]))) + "\n" for line in lines)


def json_lines():
    whole = as_json_lines(HEADER + GOOD + ALSO_GOOD)
    for engine in ("native", "reference"):
        for content, words in ((whole + whole[:40], ("AL7215", "row 3", "ends inside")), (whole + "[1, 2]\n", ("AL7215", "row 3")),
                               (whole + as_json_lines(HEADER + "2026-01-05 11:00,eve,s3,two,1.00,,web"), ("AL7202", "row 3", "quantity", "two")),
                               (whole + as_json_lines(HEADER + "2026-01-05 11:00,eve,s3,,1.00,,web"), ("AL7204", "row 3", "quantity"))):
            case = Case("JSON Lines").write(content, "sales.jsonl")
            case.expect(case.run("--engine", engine, file="sales.jsonl"), 2, "sales.jsonl", "--bad-rows skip", *words)
            case.expect(case.run("--engine", engine, "--bad-rows", "skip", file="sales.jsonl"), 0, "1 bad row", out=["rows,", ",2,", "24.98"])
    listed = Case("a JSON list").write("[" + whole.replace("}\n{", "},{") + "]", "sales.json")
    listed.expect(listed.run(file="sales.json"), 2, "AL7107", "sales.json", "jq")
    exact = Case("numbers as written").write(whole.replace('"9.99"', "90071992547.409931"), "sales.jsonl")
    exact.expect(exact.run("revenue", file="sales.jsonl"), 0, out=["180143985099.819862"])
    misspelt = Case("missing member").write(whole.replace("quantity", "quantities"), "sales.jsonl")
    misspelt.expect(misspelt.run(file="sales.jsonl"), 2, "AL7104", "quantity", "quantities")


def standard_input():
    for form, content in {"CSV": HEADER + GOOD + ALSO_GOOD, "JSON Lines": as_json_lines(HEADER + GOOD + ALSO_GOOD)}.items():
        for packed in (content.encode(), gzip.compress(content.encode())):
            case = Case(f"standard input: {form}")
            case.expect(case.run(file="-", input=packed), 0, out=["rows,", ",2,", "24.98"])
    empty = Case("empty standard input")
    empty.expect(empty.run(file="-", input=b""), 2, "AL7106", "the standard input")
    bad = Case("bad standard input")
    bad.expect(bad.run(file="-", input=(HEADER + "x\n").encode()), 2, "AL7201", "the standard input row 1")
    # Two modules read it, so it is kept for the second.
    twice = Case("standard input, read twice")
    twice.write(SPEC.replace("module shop", "module again"), "again.metric")
    twice.expect(twice.run("again.metric", file="-", input=(HEADER + GOOD + ALSO_GOOD).encode()), 0,
                 out=["shop.revenue,all,2026-01-05/2026-01-07,24.98", "again.revenue,all,2026-01-05/2026-01-07,24.98"])


def other_forms():
    """Decimal commas, other delimiters, dates and words for missing, as alidade.toml says them."""
    text = "Zeit;Kunde;sale;quantity;price;weight;kind\n05.01.2026 10:00;ann;s1;2;9,99;1,5;web\n06.01.2026 11:00;NULL;s2;1.000;5,00;NULL;shop\n"
    form = "delimiter = ';'\ndecimal = ','\nthousands = '.'\nmissing = ['', 'NULL']\ntimes = '%d.%m.%Y %H:%M'\n"
    fields = "[sources.sales.fields]\nat = 'Zeit'\nuser = 'Kunde'\n"
    toml = "[sources.sales]\npath = 'sales.csv'\n"
    for engine in ("native", "reference"):
        case = Case("another form").write(text).write(toml + form + fields, "alidade.toml")
        case.expect(case.run("--engine", engine), 0, out=["revenue,all,2026-01-05/2026-01-07,5019.98", "buyers,all,2026-01-05/2026-01-07,1"])
        point = Case("a decimal point among commas").write(text.replace("9,99", "9.99")).write(toml + form + fields, "alidade.toml")
        point.expect(point.run("--engine", engine), 2, "AL7202", "row 1", "9.99", "decimal comma")
        order = Case("a date in another order").write(text.replace("06.01.2026", "2026-01-06")).write(toml + form + fields, "alidade.toml")
        order.expect(order.run("--engine", engine), 2, "AL7206", "row 2", "2026-01-06")
    unsaid = Case("a delimiter unsaid").write(text).write(toml, "alidade.toml")
    unsaid.expect(unsaid.run(), 2, "AL7104", 'delimiter = ";"')
    unknown = Case("a setting that is none").write(text).write(toml + "delimeter = ';'\n", "alidade.toml")
    unknown.expect(unknown.run(), 2, "AL1103", "delimeter", "did you mean", "delimiter")
    field = Case("a field that is none").write(text).write(toml + form + "[sources.sales.fields]\nuseer = 'Kunde'\n", "alidade.toml")
    field.expect(field.run(), 2, "AL1103", "useer", 'did you mean "user"')


def arrow_ipc():
    table = pa.table({"at": ["2026-01-05 10:00", "2026-01-06 11:00"], "user": ["ann", None], "sale": ["s1", "s2"], "quantity": [2, 1],
                      "price": [9.99, 5.0], "weight": [1.5, None], "kind": pa.array(["web", "shop"]).dictionary_encode()})
    for name, writer in (("file", pa.ipc.new_file), ("stream", pa.ipc.new_stream)):
        sink = pa.BufferOutputStream()
        with writer(sink, table.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as out:
            out.write_table(table)
        content = sink.getvalue().to_pybytes()
        case = Case(f"Arrow {name}").write(content, "sales.arrow")
        case.expect(case.run(file="sales.arrow"), 0, out=["rows,", ",2,", "24.98"])
        case.write(content[: len(content) // 2], "cut.arrow")
        case.expect(case.run(file="cut.arrow"), 2, "AL7107", "cut.arrow")
    case.write(b"not arrow at all", "text.arrow")
    case.expect(case.run(file="text.arrow"), 2, "AL7107", "text.arrow")


def accepted():
    for name, text in {
        "byte-order mark": "\ufeff" + HEADER + GOOD + ALSO_GOOD,
        "CRLF": (HEADER + GOOD + ALSO_GOOD).replace("\n", "\r\n"),
        "mixed line ends": HEADER.replace("\n", "\r\n") + GOOD + ALSO_GOOD.replace("\n", "\r\n"),
        "no last line end": (HEADER + GOOD + ALSO_GOOD).rstrip("\n"),
        "quoted": HEADER + GOOD.replace("ann", '"a, ""n"" n"') + ALSO_GOOD,
        "columns in another order, and more": "extra," + HEADER.replace("\n", ",last\n")
        + "".join("x," + line + ",y\n" for line in (GOOD + ALSO_GOOD).splitlines()),
    }.items():
        case = Case(name).write(text)
        for engine in ("native", "reference"):
            case.expect(case.run("--engine", engine), 0, out=["rows,", ",2,", "24.98"])
    case = Case("duplicates").write(HEADER + GOOD + GOOD + ALSO_GOOD)
    case.expect(case.run(), 0, "1 duplicate", out=["24.98"])


def overflow():
    """A sum of products that passes 128 bits cannot be written from 64-bit rows; a formula can."""
    spec = SPEC + "metric huge = pieces * pieces * pieces\n"
    case = Case("overflow").write(HEADER + GOOD.replace(",2,", ",9000000000000000000,"))
    (case.folder / "shop.metric").write_text(spec)
    case.expect(case.run("huge"), 1, "overflow", out=["overflow"])


def full_disk():
    def no_room():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (16, 16))

    case = Case("full disk").write(HEADER + GOOD)
    done = case.run("--output", "out.csv", preexec_fn=no_room)
    case.expect(done, 2, "AL8", "out.csv")
    left = sorted(p.name for p in case.folder.iterdir())
    if left != ["sales.csv", "shop.metric"]:
        failures.append(f"full disk: left behind {left}")
    case.write("old", "out.csv")
    case.run("--output", "out.csv", preexec_fn=no_room)
    if (case.folder / "out.csv").read_text() != "old":
        failures.append("full disk: the old output is gone")
    case.expect(case.run("--output", "missing/out.csv"), 2, "AL8", "missing")


def specs():
    case = Case("specs").write(HEADER + GOOD)
    hostile = {
        "nul.metric": b"metric a = 1\x00\n", "utf8.metric": b"metric \xff\xfe = 1\n", "deep.metric": b"metric a = " + b"(" * 60000,
        "chain.metric": b"metric a = 1" + b" + 1" * 60000, "open.metric": b'metric a = "never closed\n',
        "huge.metric": b"metric a = " + b"9" * 100000, "big.metric": b"# " + b"x" * (4 * 1024 * 1024) + b"\n",
        "nots.metric": b"stream s { time t : timestamp }\nmetric a = count(s where " + b"not " * 60000 + b"true)",
        "empty.metric": b"", "brace.metric": b"stream s {\n" * 5000,
    }
    for name, content in hostile.items():
        case.write(content, name)
        done = subprocess.run([alidade.binary(), "check", name], cwd=case.folder, capture_output=True, text=True, timeout=60)
        wanted = 0 if name == "empty.metric" else 1
        if done.returncode != wanted or (wanted and "error[AL" not in done.stderr + done.stdout):
            failures.append(f"{name}: exit {done.returncode}\n{(done.stderr + done.stdout)[:400]}")
    case.write("metric = 1\n" * 300, "errors.metric")
    many = subprocess.run([alidade.binary(), "check", "errors.metric"], cwd=case.folder, capture_output=True, text=True)
    case.expect(many, 1, "AL6005")
    missing = subprocess.run([alidade.binary(), "check", "nothere.metric"], cwd=case.folder, capture_output=True, text=True)
    case.expect(missing, 2, "nothere.metric")


def metadata():
    case = Case("metadata").write(HEADER + GOOD + GOOD + ALSO_GOOD)
    document = json.loads(case.run(form="json").stdout)
    text = json.dumps(document)
    for word in ("Europe/Berlin", "duplicates", "watermark", "tz"):
        if word not in text:
            failures.append(f"JSON lacks {word}")


SEATS = """calendar { zone "UTC" }

stream logins {
  time at : timestamp
  entity firm : text
}

table contracts key firm {
  firm : text
  seats : integer
  valid from since to until
}

metric seats  = sum(contracts.seats)
metric logged = sum(logins.firm.seats)
"""


def validity():
    """Rows of one key that are valid at the same time, and rows that are over before they begin, are bad; of two that
    overlap the one read first stands."""
    good = "a,1,2026-01-05,2026-01-07\na,2,2026-01-07,\n"
    for name, row, code in (("overlap", "a,4,2026-01-06,2026-01-08\n", "AL7214"), ("open", "a,4,,2026-01-06\n", "AL7214"),
                            ("inside", "a,4,2026-01-05 10:00,2026-01-05 11:00\n", "AL7214"),
                            ("backwards", "a,4,2026-01-04,2026-01-03\n", "AL7213")):
        case = Case(name).write(SEATS, "shop.metric").write("firm,seats,since,until\n" + good + row + "b,8,2026-01-06,\n")
        case.write("at,firm\n2026-01-06 10:00,a\n2026-01-08 10:00,a\n2026-01-05 10:00,b\n2026-01-06 00:00,b\n", "logins.csv")
        data = ("--data", "contracts=sales.csv", "--data", "logins=logins.csv")
        for engine in ("native", "reference"):
            case.expect(case.run(*data, "--engine", engine), 2, code, "sales.csv", "row 3", "firm", '"a"', "--bad-rows skip")
            skipped = case.run(*data, "--engine", engine, "--bad-rows", "skip", "--per", "day")
            case.expect(skipped, 0, "1 bad row", out=["seats,day,2026-01-05,1,", "seats,day,2026-01-06,9,",
                                                      "seats,day,2026-01-07,10,", "logged,day,2026-01-06,9,",
                                                      "logged,day,2026-01-08,2,"])


if __name__ == "__main__":
    for group in (bad_rows, validity, files, parquet, json_lines, standard_input, other_forms, arrow_ipc, accepted,
                   overflow, full_disk, specs, metadata):
        group()
    for failure in failures:
        print(failure)
    print(f"{len(failures)} failures")
    sys.exit(1 if failures else 0)
