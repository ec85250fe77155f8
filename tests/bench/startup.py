"""How long whole processes of the command take: a run over 10,000 rows cold and with compiled code at hand, and checks of
specs of many different metrics.

    startup.py [--command PATH] [--processes N]

Medians of N processes (15, if left out), their processor time and the largest resident set, on stdout as a table."""

import argparse
import os
import pathlib
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
HEAD = """module many
stream app {
  time at : timestamp
  entity user : text
  plan : one_of("free", "basic", "pro")
  name : one_of("signup", "visit", "purchase", "refund", "play", "share")
  country : text?
  amount : money(USD)?
  minutes : duration(min)?
  score : number?
}
event purchase = app where name == "purchase"
event play = app where name == "play"
segment paying = app where plan != "free"
"""
EVENTS = ["signup", "visit", "purchase", "refund", "play", "share"]


def metric(rng, index):
    """One metric that no other index gives: its thresholds hold the index."""
    event, plan = rng.choice(EVENTS), rng.choice(["free", "basic", "pro"])
    earlier = f"m{rng.randrange(index - index % 12, index)}" if index % 12 else "1"
    forms = [
        f'count(app where name == "{event}" and amount >= {index} USD)',
        f'sum(purchase.amount where plan == "{plan}" and amount < {index + 1}.50 USD)',
        f'mean(play.minutes where minutes > {index} min)',
        f'unique(app.user where name in ("{event}", "visit") and score > {index}.5)',
        f"unique(app.user where amount > {index} USD) over last {7 + index % 22} days",
        f"count(app where score < {index}) / unique(app.user)",
        f"median(sum(purchase.amount where amount > {index} USD) per user)",
        f"p95(play.minutes where minutes < {index + 10} min)",
        f'if count(app where name == "{event}") > {index} then {earlier} else {earlier} * 2' if index % 12 else f"count(app where score == {index})",
        f"count(purchase where amount == {index} USD)[paying] / count(app)",
        f"sum(app.amount where score >= {index}) over month to date",
        f"count(app where minutes >= {index} min) - count(app where minutes >= {index} min) at 1 week ago",
    ]
    return f"## Number {index}.\nmetric m{index} = {forms[index % 12]}\n"


def write_spec(folder, count):
    rng = random.Random(count)
    text = HEAD + "".join(metric(rng, index) for index in range(count))
    path = folder / f"many{count}.metric"
    path.write_text(text)
    return path


def process(command, folder, environment):
    """Milliseconds, those of a processor, and peak megabytes of one process, which must succeed."""
    begin = time.perf_counter()
    with open(os.devnull, "w") as nothing:
        child = subprocess.Popen(command, cwd=folder, env={**os.environ, **environment}, stdout=nothing, stderr=subprocess.PIPE)
        message = child.stderr.read()
        _, status, usage = os.wait4(child.pid, 0)
    if status != 0:
        sys.exit(f"{' '.join(map(str, command))}: {message.decode()}")
    return (time.perf_counter() - begin) * 1e3, (usage.ru_utime + usage.ru_stime) * 1e3, usage.ru_maxrss / 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--command", default=ROOT / "build" / "release" / "bin" / "alidade")
    parser.add_argument("--processes", type=int, default=15)
    options = parser.parse_args()

    def measure(what, bar, *arguments, folder, before=lambda: None, environment={}):
        figures = []
        for _ in range(options.processes):
            before()
            figures.append(process([options.command, *map(str, arguments)], folder, environment))
        times, processor, memory = zip(*figures)
        print(f"| {what} | {statistics.median(times):.1f} | {min(times):.1f} | {statistics.median(processor):.1f} | {max(memory):.0f} | {bar} |",
              flush=True)

    with tempfile.TemporaryDirectory() as work:
        streaming = pathlib.Path(work) / "streaming"
        shutil.copytree(ROOT / "examples" / "streaming", streaming, ignore=shutil.ignore_patterns("data"))
        subprocess.run([ROOT / ".venv" / "bin" / "python", streaming / "generate.py", "--events", "10000"], check=True, stdout=subprocess.DEVNULL)
        cache = pathlib.Path(work) / "cache"
        environment = {"ALIDADE_CACHE_DIR": str(cache)}
        run = ["run", "--per", "day", "--format", "csv"]
        print("| process | median ms | fastest ms | processor ms | MB | bar ms |\n|---|---|---|---|---|---|")
        measure("`--version`", "", "--version", folder=streaming)
        measure("`check`, the streaming example", 10, "check", folder=streaming)
        measure("`run`, 10,000 rows, cold", 90, *run, folder=streaming, environment=environment,
                before=lambda: shutil.rmtree(cache, ignore_errors=True))
        measure("`run`, 10,000 rows, from the cache", 40, *run, folder=streaming, environment=environment)
        subprocess.run([options.command, *run, "--tier", "o1"], cwd=streaming, env={**os.environ, **environment}, check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        measure("the same, once optimised code is kept", 40, *run, folder=streaming, environment=environment)
        for count, bar in (500, 50), (1000, ""), (2500, ""), (5000, 600):
            measure(f"`check`, {count} metrics", bar, "check", write_spec(streaming, count), folder=streaming)
        for count in 100, 500:
            spec = write_spec(streaming, count)
            measure(f"`run --dump=plan`, {count} metrics", "", "run", spec, "--per", "day", "--dump=plan", folder=streaming)


if __name__ == "__main__":
    main()
