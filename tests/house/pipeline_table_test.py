"""compiler/README.md is true: every room is in the table, every door, test and folder it names exists, and every dump
flag works. Called with the path of the alidade command."""

import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
COLUMNS = ["phase", "input", "output", "dump", "tests"]
SPEC = """module pipeline
stream app { time at : timestamp; entity user : text; amount : money(USD) }
metric revenue = sum(app.amount)
metric buyers = unique(app.user)
"""


def table_rows(text):
    lines = [line.strip() for line in text.splitlines() if line.lstrip().startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert cells[0] == COLUMNS, f"the table's columns are {cells[0]}, not {COLUMNS}"
    return cells[2:]


def paths_in(cell):
    """Words in backticks that name files or folders; a * is a pattern."""
    return [word for word in re.findall(r"`([^`]+)`", cell) if "/" in word and not word.startswith("-")]


def main():
    command = pathlib.Path(sys.argv[1])
    found = []
    rows = table_rows((ROOT / "compiler" / "README.md").read_text())
    whole = " ".join(" ".join(row) for row in rows)
    for folder in sorted((ROOT / "compiler").iterdir()):
        if folder.is_dir() and f"`compiler/{folder.name}/" not in whole and f"`{folder.name}/" not in whole:
            found.append(f"compiler/{folder.name} is in no row")
    with tempfile.TemporaryDirectory() as work:
        spec = pathlib.Path(work) / "pipeline.metric"
        spec.write_text(SPEC)
        for row in rows:
            for path in paths_in(row[0]) + paths_in(row[4]):
                base = ROOT if path.startswith(("compiler/", "runtime/", "tests/")) else ROOT / "compiler"
                if not list(base.glob(path.rstrip("/"))):
                    found.append(f"{row[0]}: {path} does not exist")
            if not paths_in(row[4]):
                found.append(f"{row[0]}: names no test")
            for flag in re.findall(r"`(--dump=\w+)`", row[3]):
                done = subprocess.run([command, "run", spec, flag], capture_output=True, text=True)
                if done.returncode != 0 or not done.stdout.strip():
                    found.append(f"{row[0]}: {flag} prints nothing (exit {done.returncode})\n{done.stderr}")
                again = subprocess.run([command, "run", spec, flag], capture_output=True, text=True)
                if again.stdout != done.stdout:
                    found.append(f"{row[0]}: {flag} is not stable")
    for line in found:
        print(line)
    print(f"{len(rows)} phases, {len(found)} untrue")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
