"""No two rooms define a type of the same full name: the linker would take one's functions for the other's in silence."""

import collections
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
OPEN = re.compile(r"^namespace(?: ([\w:]+))? \{$")
DEFINES = re.compile(r"^(?:class|struct|enum class) (\w+)(?![\w:])[^;]*(?:\{|$)")


def types_of(text):
    """Full names of the types that a file defines for others: none of an unnamed namespace."""
    spaces = []
    for line in text.splitlines():
        opened = OPEN.match(line)
        if opened:
            spaces.append(opened[1])
        elif line.startswith("}  // namespace"):
            spaces.pop()
        elif DEFINES.match(line) and None not in spaces:
            yield "::".join([*spaces, DEFINES.match(line)[1]])


def main():
    assert list(types_of("namespace a {\nstruct B {\n};\nnamespace {\nstruct C {\n};\n}  // namespace\n}  // namespace a")) == ["a::B"]
    homes = collections.defaultdict(set)
    for top in ("compiler", "runtime"):
        for path in sorted((ROOT / top).rglob("*")):
            if path.suffix in (".h", ".cpp"):
                for name in types_of(path.read_text()):
                    homes[name].add(str(path.relative_to(ROOT)))
    twice = {name: files for name, files in homes.items() if len(files) > 1}
    for name, files in sorted(twice.items()):
        print(f"{name}: {', '.join(sorted(files))}")
    print(f"{len(homes)} types, {len(twice)} defined twice")
    return 1 if twice else 0


if __name__ == "__main__":
    sys.exit(main())
