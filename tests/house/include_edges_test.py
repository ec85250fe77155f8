"""Reads every #include of compiler/ and runtime/ and fails on an edge that the house does not allow: rooms include only
rooms before them, the runtime never includes compiler/, and ANTLR, LLVM and Arrow stay in their cages."""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]

# Each room and the rooms it may include. The order is the way the data flows.
ALLOWED = {
    "compiler/support": set(),
    "compiler/diagnostics": {"compiler/support"},
    "compiler/syntax": {"compiler/support", "compiler/diagnostics"},
    "compiler/types": {"compiler/support", "compiler/diagnostics", "compiler/syntax"},
    "compiler/sema": {"compiler/support", "compiler/diagnostics", "compiler/syntax", "compiler/types"},
}
ALLOWED["compiler/reference"] = ALLOWED["compiler/sema"] | {"compiler/sema"}
ALLOWED["compiler/plan"] = ALLOWED["compiler/sema"] | {"compiler/sema"}
ALLOWED["compiler/passes"] = {"compiler/plan"}
ALLOWED["compiler/layout"] = {"compiler/plan"}
ALLOWED["compiler/codegen"] = {"compiler/plan", "compiler/layout"}
ALLOWED["compiler/native"] = ALLOWED["compiler/codegen"] | {"compiler/codegen", "runtime/intrinsics"}
ALLOWED["compiler/embed"] = set(ALLOWED)
ALLOWED["compiler/driver"] = set(ALLOWED) - {"compiler/embed"} | {"runtime/readers", "stdlib"}
for room in ALLOWED:
    ALLOWED[room] = ALLOWED[room] | {room, "runtime"}
ALLOWED["runtime"] = {"runtime", "runtime/intrinsics"}
ALLOWED["stdlib"] = set()
ALLOWED["runtime/intrinsics"] = {"runtime", "runtime/intrinsics"}
ALLOWED["runtime/readers"] = {"runtime", "runtime/readers"}

# Headers of others that only one room may include.
CAGES = [
    ("ANTLR", re.compile(r"antlr4|Alidade(Lexer|Parser|Visitor|BaseVisitor)"), "compiler/syntax"),
    ("LLVM", re.compile(r"llvm(-c)?/|clang/|mlir/"), "compiler/codegen"),
    ("Arrow", re.compile(r"arrow/|parquet/"), "runtime/readers"),
]
INCLUDE = re.compile(r'^\s*#\s*include\s+["<]([^">]+)[">]', re.MULTILINE)
# Plain C layouts that generated code and libraries of others share.
NOT_ARROW = {"runtime/arrow_c_abi.h"}


def wrong_edges(file, text):
    room = file.parent.as_posix()
    for target in INCLUDE.findall(text):
        for name, pattern, home in CAGES:
            if pattern.match(target) and target not in NOT_ARROW and room != home:
                yield f"{file}: includes {target}: {name} lives in {home} only"
        if not target.startswith(("compiler/", "runtime/", "stdlib/")):
            continue
        other = pathlib.PurePosixPath(target).parent.as_posix()
        if other not in ALLOWED[room]:
            yield f"{file}: includes {target}: {room} may not include {other}"


def check_itself():
    """The test that tests must be able to fail."""
    wrong = [
        ("runtime/base.cpp", '#include "compiler/plan/plan.h"'),
        ("compiler/sema/a.cpp", '#include "compiler/plan/plan.h"'),
        ("compiler/driver/a.cpp", "#include <llvm/IR/Module.h>"),
        ("compiler/plan/a.cpp", '#include "arrow/api.h"'),
        ("compiler/reference/a.cpp", '#include "compiler/plan/plan.h"'),
    ]
    for file, text in wrong:
        assert list(wrong_edges(pathlib.PurePosixPath(file), text)), f"not noticed: {file}: {text}"


def main():
    check_itself()
    found, files = [], 0
    for top in ("compiler", "runtime", "stdlib"):
        for path in sorted((ROOT / top).rglob("*")):
            if path.suffix not in (".h", ".cpp", ".def"):
                continue
            files += 1
            file = path.relative_to(ROOT)
            if file.parent.as_posix() not in ALLOWED:
                found.append(f"{file}: {file.parent} is no room: add it to ALLOWED with what it may include")
                continue
            found += wrong_edges(file, path.read_text())
    for line in found:
        print(line)
    print(f"{files} files, {len(found)} wrong edges")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
