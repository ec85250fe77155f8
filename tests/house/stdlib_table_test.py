"""docs/stdlib.md is true: every module of stdlib/ has its section with its parameters, every metric, def and event of it a
row there and an expectation in tests/stdlib, and nothing else is listed."""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
MODULE = re.compile(r"^module \w+\s*\((.*?)\)$", re.MULTILINE | re.DOTALL)
DECLARED = re.compile(r"^(?:metric|def) (\w+)", re.MULTILINE)
TITLE = re.compile(r"^## (std\.\S+)\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
LISTED = re.compile(r"`(\w+)(?:\([^`]*\))?`")


def listed(section):
    """The names in the first column, without the events."""
    cells = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    return {name for cell in cells if "(event" not in cell for name in LISTED.findall(cell)}


def main():
    found = []
    sections = dict(TITLE.findall((ROOT / "docs" / "stdlib.md").read_text()))
    tests = "\n".join(path.read_text() for path in (ROOT / "tests" / "stdlib").glob("*.metric"))
    modules = {}
    for path in sorted((ROOT / "stdlib").rglob("*.metric")):
        name = ".".join(["std", *path.relative_to(ROOT / "stdlib").with_suffix("").parts])
        modules[name] = path
        text = path.read_text()
        section = sections.get(name, "")
        for parameter in (part.strip() for part in MODULE.search(text)[1].split(",")):
            if f"`{parameter}`" not in section:
                found.append(f"{name}: the parameter `{parameter}` is not in its section")
        declared = set(DECLARED.findall(text))
        for missing in sorted(declared - listed(section)):
            found.append(f"{name}: `{missing}` is in no row")
        for extra in sorted(listed(section) - declared):
            found.append(f"{name}: `{extra}` is in a row and nowhere else")
        for untested in sorted(one for one in declared if not re.search(rf"\.{one}\b", tests)):
            found.append(f"{name}: no test in tests/stdlib names `{untested}`")
    found += [f"{name} has a section and no file" for name in sorted(sections.keys() - modules.keys())]
    for line in found:
        print(line)
    print(f"{len(modules)} modules, {len(found)} differences")
    return 1 if found or not modules else 0


if __name__ == "__main__":
    sys.exit(main())
