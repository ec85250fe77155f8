"""What needs no data and no native code loads neither LLVM nor Arrow; a missing part is told; compiled code is kept; a
process ends cleanly whatever is being compiled."""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "python"))
import alidade  # noqa: E402

SPEC = """module shop
stream app { time at : timestamp; entity user : text; amount : money(USD)? }
metric revenue = sum(app.amount)
test "adds up" { given app
| at | user | amount |
| 2026-01-05 | ann | 1.5 |
expect revenue == 1.5 USD }
"""
DATA = "at,user,amount\n2026-01-05 10:00,ann,1.50\n2026-01-06 11:00,bob,2\n"
CAGED = ("libLLVM", "libarrow", "libparquet")
failures = []


def check(what, holds, shown=""):
    if not holds:
        failures.append(f"{what}\n{shown}")


def loaded(folder, *arguments):
    """The caged libraries that the dynamic linker opened for a command that succeeds."""
    done = subprocess.run([alidade.binary(), *arguments], cwd=folder, capture_output=True, text=True,
                          env={**os.environ, "LD_DEBUG": "files"})
    check(" ".join(arguments), done.returncode == 0, done.stderr[-2000:])
    return {name for name in CAGED if any(name in line and "calling init" in line for line in done.stderr.splitlines())}


def only_what_is_needed(folder):
    for arguments in (["--help"], ["--version"], ["check"], ["fmt"], ["explain", "AL4012"], ["explain", "revenue"],
                      ["run", "--dump=plan"], ["init", "new"]):
        found = loaded(folder, *arguments)
        check(f"alidade {' '.join(arguments)} loads {found}", not found)
    check("tests read no files", loaded(folder, "test") == {"libLLVM"})
    check("a run loads all", loaded(folder, "run", "shop.metric", "--no-cache") == set(CAGED))
    check("the reference compiles nothing", "libLLVM" not in loaded(folder, "run", "shop.metric", "--engine", "reference"))
    for words in "native code: o1\n", "native code: o1 from the cache\n":
        told = alidade.invoke("run", "shop.metric", "--tier", "o1", "--verbose", cwd=folder)
        check(words, words in told.stderr, told.stderr)
    check("compiled code needs no LLVM", "libLLVM" not in loaded(folder, "run", "shop.metric", "--tier", "o1"))


def a_damaged_cache(folder):
    cache = pathlib.Path(os.environ["ALIDADE_CACHE_DIR"])
    files = list(cache.iterdir())
    check("compiled code is kept", files)
    for file in files:
        file.write_bytes(file.read_bytes()[:-1])
    again = alidade.invoke("run", "shop.metric", "--format", "csv", cwd=folder)
    check("a damaged cache is told", again.returncode == 0 and "warning: " in again.stderr and ",3.5,USD," in again.stdout, again)
    after = alidade.invoke("run", "shop.metric", "--format", "csv", cwd=folder)
    check("and replaced", after.stderr == "" and after.stdout == again.stdout, after)


def a_missing_part(folder):
    """The command without the libraries beside it."""
    alone = pathlib.Path(folder) / "alone" / "bin"
    alone.mkdir(parents=True)
    shutil.copy(alidade.binary(), alone / "alidade")
    for arguments, code, words in (["run", "shop.metric"], 2, "error[AL8302]: the part"), (["test", "shop.metric"], 1, "the part"):
        done = subprocess.run([alone / "alidade", *arguments], cwd=folder, capture_output=True, text=True)
        text = done.stdout + done.stderr
        check("a missing part", done.returncode == code and words in text and "install Alidade again" in text, text)


def ends_cleanly(folder):
    """Runs of many lengths, so that some end while the second tier is compiled."""
    rows = "".join(f"2026-01-05 10:00,u{i % 997},{i % 50}.25\n" for i in range(400_000))
    for count in (1, 20_000, 100_000, 200_000, 400_000):
        (pathlib.Path(folder) / "app.csv").write_text("at,user,amount\n" + "\n".join(rows.splitlines()[:count]) + "\n")
        for _ in range(3):
            done = alidade.invoke("run", "shop.metric", "--no-cache", "--threads", "1", "--format", "csv", cwd=folder)
            check("a clean end", done.returncode == 0 and done.stderr == "" and "revenue" in done.stdout, done)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as work:
        os.environ["ALIDADE_CACHE_DIR"] = str(pathlib.Path(work) / "cache")
        project = pathlib.Path(work) / "shop"
        project.mkdir()
        (project / "shop.metric").write_text(SPEC)
        (project / "app.csv").write_text(DATA)
        (project / "alidade.toml").write_text('specs = ["shop.metric"]\n[sources.app]\npath = "app.csv"\n')
        for group in (only_what_is_needed, a_damaged_cache, a_missing_part, ends_cleanly):
            group(project)
    for failure in failures:
        print(failure)
    print(f"{len(failures)} failures")
    sys.exit(1 if failures else 0)
