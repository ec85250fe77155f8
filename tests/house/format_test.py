"""Every C++ file is laid out as .clang-format says. `clang-format-19 -i` on a file mends it."""

import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


def main():
    files = sorted(str(path.relative_to(ROOT)) for top in ("compiler", "runtime", "tests") for path in (ROOT / top).rglob("*")
                   if path.suffix in (".h", ".cpp"))
    command = ["clang-format-19", "--dry-run", "--Werror", "--ferror-limit=1", *files]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    wrong = sorted({line.split(":")[0] for line in done.stderr.splitlines() if ": error:" in line})
    for file in wrong:
        print(f"{file}: clang-format-19 -i {file}")
    print(f"{len(files)} files, {len(wrong)} to lay out")
    return 1 if done.returncode != 0 else 0


if __name__ == "__main__":
    sys.exit(main())
