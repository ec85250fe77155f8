"""The formats of `check` and `test`: each says what text says, and is what its readers take."""

import json
import pathlib
import re
import sys
import tempfile
import xml.etree.ElementTree as xml

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "python"))
import alidade  # noqa: E402

failures = []

STREAM = "stream app {\n  time at : timestamp\n  entity user : text\n  amount : money(USD)\n  plan : text?\n}\n"
WRONG = (STREAM + "metric größe = sum(app.amuont)\n"  # two columns in UTF-16, two bytes each in UTF-8
         "metric b = count(app where plan = 'x,y: 100%')\n"
         "event odd = app where not (plan == \"free\")\n"
         "metric c = sum(app.amount) + 5 min\n")
TESTS = STREAM + """metric revenue = sum(app.amount)
test "counts <all> & \\"more\\"" {
  given app
    | at | user | amount |
    | 2026-01-05 10:00 | ann | 5 |
  expect revenue == 5 USD
}
test "is wrong" {
  given app
    | at | user | amount |
    | 2026-01-05 10:00 | ann | 5 |
  expect revenue == 6 USD
}
"""


def check(what, truth, *shown):
    if not truth:
        failures.append("\n".join([what, *map(str, shown)]))


def folder_with(**files):
    folder = pathlib.Path(tempfile.mkdtemp(prefix="formats_"))
    (folder / ".git").mkdir()
    (folder / "metrics").mkdir()
    for name, text in files.items():
        (folder / "metrics" / (name + ".metric")).write_text(text)
    return folder / "metrics"


def run(folder, *words, code=1):
    done = alidade.invoke(*words, cwd=folder)
    check(f"{words}: exit {done.returncode}", done.returncode == code, done.stdout, done.stderr)
    return done.stdout


def found(folder):
    """(severity, code, line, column) as text says it."""
    text = alidade.invoke("check", "wrong.metric", cwd=folder).stderr
    return re.findall(r"^wrong.metric:(\d+):(\d+): (error|warning)\[(AL\d+)\]", text, re.M)


def required(what, thing, *keys):
    for key in keys:
        check(f"SARIF: {what} has {key}", key in thing, thing)


def sarif_of(text):
    """What section 3 of the standard requires, and what GitHub's documentation adds to it."""
    log = json.loads(text)
    required("the log", log, "version", "runs", "$schema")
    check("SARIF: version", log["version"] == "2.1.0")
    run = log["runs"][0]
    required("a run", run, "tool", "results", "columnKind", "originalUriBaseIds", "invocations")
    check("SARIF: columns", run["columnKind"] == "unicodeCodePoints")
    driver = run["tool"]["driver"]
    required("the driver", driver, "name", "rules", "semanticVersion")
    check("SARIF: bases end with a slash", all(base["uri"].endswith("/") for base in run["originalUriBaseIds"].values()), run["originalUriBaseIds"])
    check("SARIF: an invocation", run["invocations"][0]["executionSuccessful"] is True)
    for rule in driver["rules"]:
        required("a rule", rule, "id", "name", "shortDescription", "fullDescription", "help", "defaultConfiguration", "properties")
        check("SARIF: help", len(rule["help"]["text"]) > 20 and ("Wrong:" in rule["help"]["text"]) == ("```" in rule["help"]["markdown"]), rule)
        check("SARIF: level of a rule", rule["defaultConfiguration"]["level"] in ("error", "warning", "note"))
        check("SARIF: no more than 20 tags", len(rule["properties"]["tags"]) <= 20)
    check("SARIF: rules are told apart", len({rule["id"] for rule in driver["rules"]}) == len(driver["rules"]))
    for result in run["results"]:
        required("a result", result, "ruleId", "ruleIndex", "level", "message", "locations", "partialFingerprints")
        check("SARIF: the rule", driver["rules"][result["ruleIndex"]]["id"] == result["ruleId"], result)
        check("SARIF: level", result["level"] in ("error", "warning", "note"))
        places = [place["physicalLocation"] for place in result["locations"] + result.get("relatedLocations", [])]
        for change in [change for fix in result.get("fixes", []) for change in fix["artifactChanges"]]:
            required("a change", change, "artifactLocation", "replacements")
            for replacement in change["replacements"]:
                required("a replacement", replacement, "deletedRegion", "insertedContent")
                places.append({"artifactLocation": change["artifactLocation"], "region": replacement["deletedRegion"]})
        for place in places:
            uri, region = place["artifactLocation"]["uri"], place["region"]
            check("SARIF: a relative URI with its base", not uri.startswith("/") and place["artifactLocation"]["uriBaseId"] in run["originalUriBaseIds"], place)
            begin, end = (region["startLine"], region["startColumn"]), (region["endLine"], region["endColumn"])
            check("SARIF: a region", min(begin) >= 1 and begin <= end, region)
        check("SARIF: related locations have text", all(place["message"]["text"] and place["id"] > 0 for place in result.get("relatedLocations", [])), result)
    return run


def applied(text, fix):
    """The text with a SARIF fix in it."""
    lines = text.split("\n")
    for replacement in fix["artifactChanges"][0]["replacements"]:
        region = replacement["deletedRegion"]
        line = lines[region["startLine"] - 1]
        lines[region["startLine"] - 1] = line[:region["startColumn"] - 1] + replacement["insertedContent"]["text"] + line[region["endColumn"] - 1:]
    return "\n".join(lines)


def sarif(folder, wanted):
    run_log = sarif_of(run(folder, "check", "wrong.metric", "--format", "sarif"))
    results = run_log["results"]
    got = [(str(r["locations"][0]["physicalLocation"]["region"]["startLine"]), str(r["locations"][0]["physicalLocation"]["region"]["startColumn"]),
            r["level"], r["ruleId"]) for r in results]
    check("SARIF says what text says", sorted(got) == sorted(wanted), got, wanted)
    check("errors come first", [r["level"] for r in results] == sorted(r["level"] for r in results), got)
    uris = {r["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for r in results}
    check("URIs are from the repository's root", uris == {"metrics/wrong.metric"}, uris)
    typo = next(r for r in results if r["ruleId"] == "AL3003")
    check("a fix mends the text", "metric größe = sum(app.amount)" in applied(WRONG, typo["fixes"][0]), typo)
    rule = next(rule for rule in run_log["tool"]["driver"]["rules"] if rule["id"] == "AL3003")
    check("a rule has its page", rule["help"]["markdown"].count("```") == 4, rule)
    check("labels are related locations", any("relatedLocations" in r for r in results), results)
    prints = [tuple(r["partialFingerprints"].values()) for r in results]
    check("fingerprints tell results apart", len(set(prints)) == len(prints), prints)
    (folder / "wrong.metric").write_text("# moved\n\n" + WRONG)
    moved = sarif_of(run(folder, "check", "wrong.metric", "--format", "sarif"))["results"]
    check("fingerprints outlive a move", [tuple(r["partialFingerprints"].values()) for r in moved] == prints, moved)
    (folder / "wrong.metric").write_text(WRONG)
    clean = sarif_of(run(folder, "check", "right.metric", "--format", "sarif", code=0))
    check("a clean run has no results", clean["results"] == [] and clean["tool"]["driver"]["rules"] == [], clean)


def many(folder):
    """More findings than GitHub shows: 200 of a file are said."""
    for i in range(30):
        (folder / f"many{i:02}.metric").write_text(STREAM + "".join(f"metric m{n} = sum(app.amount) + {n} min\n" for n in range(300)))
    text = run(folder, "check", *[f"many{i:02}.metric" for i in range(30)], "--format", "sarif")
    log = sarif_of(text)
    check("SARIF: at most 5,000 results", len(log["results"]) == 5000, len(log["results"]))
    check("SARIF: says what is left out", "1030 more" in log["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"], log["invocations"])
    check("SARIF: within GitHub's size", len(text) < 25_000_000, len(text))


def github(folder, wanted):
    lines = run(folder, "check", "wrong.metric", "--format", "github").splitlines()
    pattern = r"::(error|warning|notice) file=metrics/wrong\.metric,line=(\d+),endLine=\d+,col=(\d+),(?:endColumn=\d+,)?title=(AL\d+)%3A [^:,]*::(.*)"
    got = [re.fullmatch(pattern, line) for line in lines]
    check("annotations", all(got), *lines)
    told = [(m[2], m[3], m[1], m[4]) for m in got if m]
    check("annotations say what text says", sorted(told) == sorted(wanted), told, wanted)
    check("errors come first", [t[2] for t in told] == sorted(t[2] for t in told), told)
    check("line ends and percent signs are escaped", any("%0Ahelp: " in line for line in lines) and not any("% " in line for line in lines), *lines)
    done = alidade.invoke("check", "metrics/wrong.metric", "--format", "github", cwd=folder.parent)
    check("from another folder", "file=metrics/wrong.metric," in done.stdout, done.stdout)
    check("a clean run says nothing", run(folder, "check", "right.metric", "--format", "github", code=0) == "")


def lines_of_json(folder, wanted):
    records = [json.loads(line) for line in run(folder, "check", "wrong.metric", "--format", "json").splitlines()]
    check("JSON says what text says", [(str(r["line"]), str(r["column"]), r["severity"], r["code"]) for r in records] == wanted, records)


def junit_of(text):
    root = xml.fromstring(text)
    check("JUnit: the root", root.tag == "testsuites" and root.get("tests").isdigit(), text)
    cases = root.findall("./testsuite/testcase")
    check("JUnit: counts", int(root.get("tests")) == len(cases) and int(root.get("failures")) == len(root.findall(".//failure")), text)
    check("JUnit: suites count too", sum(int(suite.get("tests")) for suite in root) == len(cases), text)
    for case in cases:
        check("JUnit: a case", case.get("name") and case.get("classname") and float(case.get("time")) >= 0 and len(case.findall("failure")) <= 1, text)
    return cases


def junit(folder):
    cases = junit_of(run(folder, "test", "tests.metric", "--format", "junit"))
    check("each test is a case", [case.get("name") for case in cases] == ['counts <all> & "more"', "is wrong"], [c.attrib for c in cases])
    check("with its place", [(case.get("file"), case.get("line")) for case in cases] == [("tests.metric", "8"), ("tests.metric", "14")], [c.attrib for c in cases])
    failure = cases[1].find("failure")
    check("a failure says what was found", failure.get("message") == "found 5.00 USD, expected 6.00 USD", failure.attrib)
    check("by both engines", all(f"{engine}: found 5.00 USD" in failure.text for engine in ("reference", "native code")), failure.text)
    check("the other passed", cases[0].find("failure") is None)
    cases = junit_of(run(folder, "check", "wrong.metric", "right.metric", "--format", "junit"))
    check("a file without errors passed", [c.get("name") for c in cases if c.get("file") == "right.metric"] == ["check"])
    check("a warning is no failure", sum(c.find("failure") is not None for c in cases) == 4, [c.attrib for c in cases])
    (folder / "odd.metric").write_text(STREAM + 'metric a = "\x01\x02<]]>&"\n')
    junit_of(run(folder, "check", "odd.metric", "--format", "junit"))
    cases = junit_of(run(folder, "test", "wrong.metric", "--format", "junit"))
    check("a spec that does not compile fails its tests", any(c.find("failure") is not None for c in cases))


def failed_tests(folder):
    """A test that failed is a finding, AL8210, in the other formats."""
    record = json.loads(run(folder, "test", "tests.metric", "--format", "json"))
    check("JSON of a failed test", (record["code"], record["line"], record["message"]) == ("AL8210", 18, '"is wrong": found 5.00 USD, expected 6.00 USD'), record)
    line = run(folder, "test", "tests.metric", "--format", "github")
    check("annotation of a failed test", line.startswith("::error file=metrics/tests.metric,line=18,"), line)
    sarif_of(run(folder, "test", "tests.metric", "--format", "sarif"))
    check("tests that pass", run(folder, "test", "right.metric", "--format", "json", code=0) == "")


def main():
    folder = folder_with(wrong=WRONG, right=STREAM + "metric a = count(app)\n", tests=TESTS)
    wanted = found(folder)
    check("text finds all", [(w[2], w[3]) for w in wanted] == [("error", "AL3003"), ("error", "AL2030"), ("error", "AL2032"), ("warning", "AL5101"), ("error", "AL4001")], wanted)
    lines_of_json(folder, wanted)
    sarif(folder, wanted)
    github(folder, wanted)
    junit(folder)
    failed_tests(folder)
    many(folder)
    for failure in failures:
        print(failure)
    print(f"{len(failures)} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
