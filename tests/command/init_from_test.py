"""init --from: files as people have them become a spec that checks, is laid out, passes its test and runs at once with the right
numbers."""

import csv
import io
import json
import pathlib
import subprocess
import sys
import tempfile

import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet as pq

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "python"))
import alidade  # noqa: E402

failures = []


def check(what, truth, *shown):
    if not truth:
        failures.append("\n".join([what, *map(str, shown)]))


def command(folder, *arguments):
    return subprocess.run([alidade.binary(), *arguments], cwd=folder, capture_output=True, text=True, stdin=subprocess.DEVNULL)


def expect(folder, what, *arguments):
    done = command(folder, *arguments)
    check(f"{what}: alidade {' '.join(arguments)}: exit {done.returncode}", done.returncode == 0, done.stdout, done.stderr)
    return done.stdout


def drafted(what, *files):
    """A folder with the files, after `init --from` of them; the spec, alidade.toml and the values of all metrics."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="init_from_"))
    flags = []
    for name, content in files:
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        flags += ["--from", name]
    expect(folder, what, "init", *flags)
    expect(folder, what, "check")
    expect(folder, what, "fmt", "--check")
    expect(folder, what, "test")
    by_engine = [expect(folder, what, "run", "--format", "csv", "--engine", engine) for engine in ("native", "reference")]
    check(f"{what}: the engines agree", by_engine[0] == by_engine[1], *by_engine)
    values = {row["metric"]: row["value"] for row in csv.DictReader(io.StringIO(by_engine[0]))}
    spec = next(folder.glob("*.metric"))
    return " ".join(spec.read_text().split()), (folder / "alidade.toml").read_text(), values


def german_csv():
    rows = [f"{1 + i % 28:02}.{1 + i % 3:02}.2026 {8 + i % 12:02}:15;k{i % 17};R{i:05};{'Ja' if i % 2 else 'Nein'};1.{100 + i},{i % 100:02};{('Nord', 'Süd')[i % 3 == 0]}"
            for i in range(60)]
    text = "\ufeffBestellt am;Kunde;Beleg Nr;Neu;Betrag EUR;Region\r\n" + "\r\n".join(rows) + "\r\n"
    spec, toml, values = drafted("German CSV", ("bestellungen.csv", text))
    for words in ('time bestellt_am : timestamp from "Bestellt am"', "entity kunde : text", 'id beleg_nr : text from "Beleg Nr"',
                  'betrag_eur : money(EUR) from "Betrag EUR"', 'one_of("Nord", "Süd")'):
        check(f"German CSV: {words}", words in spec, spec)
    for words in ('delimiter = ";"', 'decimal = ","', 'thousands = "."', 'times = ["%d.%m.%Y %H:%M"]'):
        check(f"German CSV: {words}", words in toml, toml)
    total = sum(1100 + i + (i % 100) / 100 for i in range(60))
    check("German CSV: the total", float(values["total_betrag_eur"]) == round(total, 2), total, values)
    check("German CSV: rows and customers", (values["bestellungen_rows"], values["bestellungen_kundes"]) == ("60", "17"), values)


def events_json():
    lines = []
    for i in range(80):
        event = {"event_timestamp": 1767571200000 + i * 3_600_000, "event_name": ("view", "click", "purchase")[i % 3], "user_id": f"u{i % 9}",
                 "device": {"os": ("ios", "android")[i % 2]}, "event_params": [{"key": "page", "value": {"string_value": f"/p{i % 40}"}}]}
        if i % 3 == 2:
            event["event_params"].append({"key": "price", "value": {"double_value": 1.25}})
        lines.append(json.dumps(event))
    spec, _, values = drafted("tracker events", ("events.jsonl", "\n".join(lines)))
    for words in ("time event_timestamp : timestamp(ms)", "entity user_id : text", 'os : one_of("android", "ios") from "device.os"',
                  "price : decimal(2)? from \"event_params['price']\"", 'event purchase = events where event_name == "purchase"'):
        check(f"tracker events: {words}", words in spec, spec)
    check("tracker events: values", (values["events_rows"], values["purchase_count"], values["events_users"]) == ("80", "26", "9"), values)


def warehouse_parquet():
    table = pa.table({"created_at": pa.array([1767571200000000 + i * 10**9 for i in range(50)], pa.timestamp("us", "UTC")),
                      "account_id": [i % 7 for i in range(50)], "amount": pa.array([i * 100 for i in range(50)]).cast(pa.decimal128(20, 0)),
                      "tags": [["a"]] * 50})
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink)
    spec, _, values = drafted("warehouse", ("payments.parquet", sink.getvalue().to_pybytes()))
    for words in ("time created_at : timestamp", "entity account_id : integer", "# tags is left out"):
        check(f"warehouse: {words}", words in spec, spec)
    check("warehouse: values", values["total_amount"] == str(sum(i * 100 for i in range(50))), values)
    stream = pa.BufferOutputStream()
    with pa.ipc.new_stream(stream, table.schema) as writer:
        writer.write_table(table)
    _, _, same = drafted("Arrow", ("payments.arrow", stream.getvalue().to_pybytes()))
    check("Arrow: the same values", same == values, same, values)


def several_files():
    orders = "ordered_at,user_id,total\n" + "".join(f"2026-01-{1 + i % 28:02} 10:00,u{i % 5},{i}.50\n" for i in range(30))
    users = "user_id,country\n" + "".join(f"u{i},{('DE', 'FR')[i % 2]}\n" for i in range(5))
    spec, toml, _ = drafted("two files", ("orders.csv", orders), ("users.csv", users))
    check("two files: a stream and a table", "stream orders {" in spec and "table users key user_id {" in spec, spec)
    check("two files: two sources", "[sources.orders]" in toml and "[sources.users]" in toml, toml)


def rows_of_users():
    """One row for each user of another file is a table, though the rows have a time; alone, or without these users, a stream."""
    orders = "ordered_at,order_id,user_id,total\n" + "".join(f"2026-01-{1 + i % 28:02} 10:00,o{i},u{i % 5},{i}.50\n" for i in range(30))
    users = "signed_up_at,user_id,country\n" + "".join(f"2025-12-{1 + i % 28:02} 10:00,u{i},{('DE', 'FR')[i % 2]}\n" for i in range(40))
    spec, toml, values = drafted("users with a time", ("users.csv", users), ("orders.csv", orders))
    for words in ("table users key user_id {", "user_id : text # one row for each user_id of orders", "--by user_id.country",
                  "signed_up_at : timestamp # ", "with `time signed_up_at`", "stream orders {", "id order_id : text"):
        check(f"users with a time: {words}", words in spec, spec)
    check("users with a time: counted in orders", values["orders_users"] == "5", values)
    spec, _, _ = drafted("an id of users", ("orders.csv", orders), ("users.csv", users.replace("user_id", "id")))
    check("an id of users", 'table users key user_id { user_id : text from "id"' in spec, spec)
    many = "created,id,plan\n" + "".join(f"2025-12-{1 + i % 28:02},u{i},{('a', 'b')[i % 2]}\n" for i in range(25_000))
    spec, _, _ = drafted("more users than values are kept", ("users.csv", many), ("orders.csv", orders))
    check("more users than values are kept", "table users key user_id" in spec, spec)
    spec, _, _ = drafted("users alone", ("users.csv", users))
    check("users alone", "stream users { time signed_up_at" in spec, spec)
    for what, other in (("other users", users.replace(",u", ",x")), ("a user twice", users + "2026-01-05 10:00,u0,FR\n")):
        spec, _, _ = drafted(what, ("users.csv", other), ("orders.csv", orders))
        check(what, "stream users {" in spec and "stream orders {" in spec, spec)


def odd_names():
    text = "at,where,a b,A-B,1st,naïve\n" + "".join(f"2026-01-05T10:00:{i:02}Z,x{i % 3},1,2,3,4\n" for i in range(20))
    spec, _, _ = drafted("odd names", ("9 lives.csv", text))
    for words in ('where_ : one_of', 'a_b : integer from "a b"', 'from "A-B"', 'x_1st : integer from "1st"', "naïve : integer"):
        check(f"odd names: {words}", words in spec, spec)


def refusals():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="init_from_"))
    (folder / "same.csv").write_text("a,b\n1,1\n1,1\n")
    done = command(folder, "init", "--from", "same.csv")
    check("no time and no key", done.returncode == 2 and "error[AL1107]" in done.stderr and "same.csv" in done.stderr, done.stderr)
    (folder / "day.csv").write_text("day,n\n2026-01-05,1\n")
    (folder / "alidade.toml").write_text("")
    done = command(folder, "init", "--from", "day.csv")
    check("a file in the way", done.returncode == 2 and "error[AL1106]" in done.stderr, done.stderr)
    check("nothing was written", not (folder / "day.metric").exists())


if __name__ == "__main__":
    for group in (german_csv, events_json, warehouse_parquet, several_files, rows_of_users, odd_names, refusals):
        group()
    for failure in failures:
        print(failure)
    print(f"{len(failures)} failures")
    sys.exit(1 if failures else 0)
