"""Runs the alidade command and reads its long CSV rows: shared by the tests that check numbers from outside."""

import csv
import io
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
SHARED_DATA = ROOT.parent / "shared" / "data"
SKIPPED = 77  # ctest's SKIP_RETURN_CODE


def binary():
    """The command under test: $ALIDADE, or the release build."""
    return os.environ.get("ALIDADE", str(ROOT / "build" / "release" / "bin" / "alidade"))


def invoke(*arguments, cwd=None):
    """Runs the command; returns the finished process with text output."""
    command = [binary(), *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, stdin=subprocess.DEVNULL)


def run(spec, *metrics, data=(), engine="native", **options):
    """`alidade run` as long rows, each a dict of the CSV's columns. `data` holds (source, path) pairs; options become
    flags (per="week" is --per week; by=["a", "b"] is --by a,b). Raises with the command's stderr when it fails."""
    arguments = ["run", spec, *metrics, "--format", "csv", "--engine", engine]
    for name, path in data:
        arguments += ["--data", f"{name}={path}"]
    for flag, value in options.items():
        if value is None:
            continue
        text = ",".join(value) if isinstance(value, (list, tuple)) else str(value)
        arguments += ["--" + flag.replace("_", "-").rstrip("-"), text]
    done = invoke(*arguments)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, arguments))}\nexit {done.returncode}\n{done.stderr}")
    return list(csv.DictReader(io.StringIO(done.stdout)))


def values(rows, metric, *keys):
    """{key columns: value text} of one metric; a single key column gives plain keys, none the value alone."""
    chosen = [row for row in rows if row["metric"] == metric]
    if not keys:
        assert len(chosen) == 1, f"{metric}: {len(chosen)} rows"
        return chosen[0]["value"]
    if len(keys) == 1:
        return {row[keys[0]]: row["value"] for row in chosen}
    return {tuple(row[key] for key in keys): row["value"] for row in chosen}


def skip_without_shared_data():
    if not SHARED_DATA.is_dir():
        print(f"skipped: no {SHARED_DATA}")
        sys.exit(SKIPPED)
