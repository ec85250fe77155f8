"""Specs of several files from outside: names, messages and their files, metrics by qualified name, what is wrong with an
import, one instance along two ways, modules with parameters."""

import json
import pathlib
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "python"))
import alidade  # noqa: E402

BASE = """module base
calendar { zone "Europe/Berlin"; week starts monday }
stream app { time at : timestamp; entity user : text; name : text; amount : money(USD)?; points : integer(story_point)? }
table users key user { user : text; channel : text }
event purchase = app where name == "purchase"
segment web = users where channel == "web"
unit story_point
def each(action : event) = count(action) / unique(action.user)
metric revenue = sum(purchase.amount)
"""
SALES = """module sales
import base
metric buyers = unique(base.purchase.user)
metric per_buyer = base.revenue / buyers
"""
ROOT = """module root
import lib.base
import lib.sales as money
metric arpu = base.revenue / unique(base.app.user)
metric web_revenue = base.revenue[base.web]
metric again = money.base.revenue - base.revenue
metric orders_each = base.each(base.purchase)
metric points = sum(base.app.points) - 2 story_point
metric big = count(base.app where base.app.amount > 5 USD)
test "rows of another module's stream" {
  given base.app
    | at               | user | name     | amount |
    | 2026-01-05 10:00 | ann  | purchase | 4      |
    | 2026-01-05 11:00 | bob  | purchase | 6      |
    | 2026-01-06 11:00 | bob  | visit    |        |
  given base.users
    | user | channel |
    | ann  | web     |
  expect points == -2 story_point
  expect arpu == 5 USD per user
  expect web_revenue == 4 USD
  expect again == 0 USD
  expect orders_each == 1
  expect money.per_buyer == 5 USD per user
}
"""
DATA = "at,user,name,amount\n2026-01-05 10:00,ann,purchase,4\n2026-01-05 11:00,bob,purchase,6\n2026-01-06 11:00,bob,visit,\n"
KIT = """module kit(action : event, who : entity = user, back : duration = 7 days)
metric doers = unique(action.who)
metric recent = doers over last back
def share_of(part : event) = count(part) / count(action)
"""

failures = []


def check(what, truth, *shown):
    if not truth:
        failures.append("\n".join([what, *map(str, shown)]))


def project(**files):
    folder = pathlib.Path(tempfile.mkdtemp(prefix="imports_"))
    for name, text in files.items():
        path = folder / name.replace("__", "/")
        path = path.with_suffix(".csv" if name.startswith("data") else ".metric")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def said(folder, *arguments):
    done = alidade.invoke(*arguments, cwd=folder)
    return done, done.stdout + done.stderr


def expect_error(what, folder, *words, file="root.metric"):
    done, text = said(folder, "check", file)
    check(f"{what}: exit 1", done.returncode == 1, text)
    for word in words:
        check(f"{what}: says {word!r}", word in text, text)
    check(f"{what}: one error", text.count("error[") == 1, text)


def several_files():
    folder = project(root=ROOT, lib__base=BASE, lib__sales=SALES, data=DATA)
    done, text = said(folder, "check", "root.metric")
    check("check", done.returncode == 0, text)
    check("only its own metrics are counted", "6 metrics, 1 test" in text, text)
    done, text = said(folder, "test", "root.metric")
    check("test", done.returncode == 0 and "1 test, 6 expectations" in text, text)
    data = ["--data", "app=data.csv", "--format", "csv"]
    done, text = said(folder, "run", "root.metric", "money.per_buyer", "base.revenue", "arpu", *data)
    check("imported metrics run by qualified name", done.returncode == 0, text)
    rows = [line.split(",") for line in done.stdout.splitlines()[1:]]
    check("their values", [row[0] for row in rows] == ["money.per_buyer", "base.revenue", "arpu"], text)
    done, text = said(folder, "run", "root.metric", "arpu", "again", "big", *data)
    check("own metrics", done.returncode == 0, text)
    done, text = said(folder, "run", "root.metric", *data)
    check("alone only its own", "base.revenue" not in done.stdout, text)
    done, text = said(folder, "run", "root.metric", "base.revenu", *data)
    check("did you mean", done.returncode == 2 and "base.revenue" in text, text)
    done, text = said(folder, "explain", "money.per_buyer", "root.metric")
    check("explain", "lib/sales.metric:4" in text and "base.revenue / buyers" in text, text)
    done, text = said(folder, "run", "root.metric", "--dump", "types")
    check("types", "metric money.per_buyer : money(USD) per user" in text, text)
    done, text = said(folder, "run", "root.metric", "lib/base.metric", "base.revenue", *data)
    check("one row where two specs have it", done.returncode == 0 and done.stdout.count("base.revenue") == 1, text)
    for file in ("root.metric", "lib/base.metric", "lib/sales.metric"):
        done, text = said(folder, "fmt", file)
        check(f"fmt {file}", done.returncode == 0, text)
    done, text = said(folder, "test", "root.metric")
    check("the layout changes nothing", done.returncode == 0, text)


def unused_imports():
    plain = "stream app { time at : timestamp; entity user : text }\nevent all = app\n"
    folder = project(root="import lib\nimport kit\nimport base\nmetric a = count(base.app)\n", lib="def one(x) = x\n",
                     kit="unit point\n", base=plain)
    done, text = said(folder, "check", "root.metric")
    check("AL3105", done.returncode == 0 and text.count("AL3105") == 1 and "root.metric:1:8" in text and "`lib`" in text, text)


def wrong_imports():
    expect_error("AL1201", project(root="import bsae\n", base=BASE), "AL1201", "root.metric:1:8", "did you mean `base`")
    expect_error("AL1201 library", project(root="import std.engagemnt\n"), "AL1201", "std.engagemnt", "`engagement`")
    expect_error("AL1202", project(root="import a\n", a="import b\n", b="import a\n"), "AL1202", "b.metric:1:8",
                 "a.metric → b.metric → a.metric")
    expect_error("itself", project(root="import root as me\n"), "AL1202", "root.metric → root.metric")
    expect_error("a name that a module lacks", project(root="import base\nmetric x = base.revenu * 2\n", base=BASE),
                 "AL3001", "root.metric:2:17", "declares no `revenu`", "did you mean `revenue`")
    expect_error("a module as a value", project(root="import base\nmetric x = base + 1\n", base=BASE), "AL3016", "is a module")
    expect_error("two of one name", project(root="import base\nimport base\n", base=BASE), "AL3002", "declared twice")
    expect_error("a module named as an entity", project(root="import base as user\n", base=BASE), "AL3002", "entity")
    expect_error("a unit of two meanings", project(root="import base\nunit epic\nunit story_point = 5 epic\n", base=BASE), "AL3104",
                 "two different units", "root.metric:3:6", "base.metric:7:6")
    done, text = said(project(root="import base\nunit story_point\nmetric x = sum(base.app.points)\n", base=BASE), "check", "root.metric")
    check("the same unit twice is one", done.returncode == 0, text)
    expect_error("AL3103", project(root='calendar { zone "UTC" }\nimport base\n', base=BASE), "AL3103",
                 "root.metric:1:1", "base.metric:2:1")
    expect_error("rows of one name", project(root="import base\n" + BASE.splitlines()[2] + "\n", base=BASE), "AL3002",
                 "two modules", "base.metric:3:8")
    expect_error("an error in an imported file", project(root="import base\nimport sales\nmetric x = base.revenue\n", base=BASE,
                 sales="import base\nmetric y = base.revenue + 5\n"), "AL4001", "sales.metric:2:25")
    broken = project(root="import base\nmetric x = base.revenue + base.revenue\n", base=BASE + "metric = 5\n")
    expect_error("a syntax error in an imported file", broken, "base.metric:10")
    done, text = said(broken, "check", "root.metric", "base.metric")
    check("an error is told once", text.count("error[") == 1, text)
    expect_error("a definition of another file", project(root="import base\nmetric x = base.each(base.revenue)\n", base=BASE),
                 "AL4102", "root.metric:2:22", "base.metric:8:10")
    folder = project(root="import base\nmetric x = base.each(base.revenue)\n", base=BASE)
    found = json.loads(alidade.invoke("check", "root.metric", "--format", "json", cwd=folder).stdout)
    check("a label's file and place", found["labels"][0] == {**found["labels"][0], "file": "base.metric", "line": 8, "column": 10,
                                                             "begin": BASE.index("action : event")}, found)
    check("the error's place in its own file", (found["file"], found["begin"]) == ("root.metric", 33), found)
    wrong = BASE + "def mixed(x) = x + 5 min\n"
    expect_error("inside a definition of another file", project(root="import base\nmetric x = base.mixed(base.revenue)\n", base=wrong),
                 "AL4001", "root.metric:2:12", "base.metric:10", "in `mixed`")


def parameters():
    importing = BASE + "import kit with (action = purchase) as buying\nimport kit with (action = app, back = 1 day) as using\n"
    folder = project(root=importing + "metric part = using.share_of(purchase)\nmetric gap = using.doers - buying.doers\n", kit=KIT, data=DATA)
    done, text = said(folder, "run", "root.metric", "buying.doers", "using.recent", "part", "--data", "app=data.csv",
                      "--format", "csv")
    check("instances", done.returncode == 0 and [line.split(",")[-4] for line in done.stdout.splitlines()[1:]] == ["2", "1", "0.6666666666666666"], text)
    done, text = said(folder, "check", "kit.metric")
    check("a module with parameters by itself", done.returncode == 0, text)
    done, text = said(folder, "run", "kit.metric")
    check("has nothing to run", done.returncode == 2 and "AL8106" in text, text)
    expect_error("an argument is missing", project(root=BASE + "import kit\n", kit=KIT), "AL4024", "needs its `action`, an event",
                 "kit.metric:1:12")
    expect_error("a wrong kind", project(root=BASE + "import kit with (action = revenue)\n", kit=KIT), "AL4102", "root.metric:10:27")
    expect_error("an unknown parameter", project(root=BASE + "import kit with (acton = app)\n", kit=KIT), "AL3012", "did you mean `action`")
    expect_error("none to give", project(root="import base with (action = 5)\n", base=BASE), "AL3012", "has no parameter")
    expect_error("an unknown entity", project(root=BASE + "import kit with (action = app, who = usr)\n", kit=KIT), "AL5018", "did you mean `user`")
    kit = KIT + "metric wrong = count(action) + 5 USD\n"
    expect_error("inside the module", project(root=BASE + "import kit with (action = app)\n", kit=kit), "AL4001",
                 "kit.metric:5", "root.metric:10", "with what is given here")
    expect_error("unknown in the module", project(root=KIT + "metric wrong = count(acton)\n"), "AL3001", "did you mean `action`")
    expect_error("its own test", project(root=KIT + 'test "t" {\n  expect doers == 1\n}\n'), "AL5201")
    nested = "module outer(deed : event)\nimport kit with (action = deed)\nmetric twice = kit.doers * 2\n"
    folder = project(root=BASE + "import outer with (deed = purchase)\nmetric x = outer.twice\nmetric y = outer.kit.doers\n", outer=nested, kit=KIT)
    done, text = said(folder, "check", "root.metric", "outer.metric")
    check("a parameter passed on", done.returncode == 0, text)


def main():
    several_files()
    unused_imports()
    wrong_imports()
    parameters()
    for failure in failures:
        print(failure + "\n")
    print(f"{len(failures)} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
