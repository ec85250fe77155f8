"""Every ```alidade block of the documents is checked by the command, and its tests are run. A block that declares no stream
stands on the document's first block, its running example. Called with the path of the alidade command."""

import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
DOCUMENTS = ["docs/language.md", "docs/stdlib.md", "README.md"]
BLOCK = re.compile(r"^```alidade\n(.*?)^```$", re.MULTILINE | re.DOTALL)
DECLARES_STREAM = re.compile(r"^stream ", re.MULTILINE)
HAS_TEST = re.compile(r"^test ", re.MULTILINE)


def failures_of(command, document, work):
    text = (ROOT / document).read_text()
    blocks = [(text[: match.start()].count("\n") + 2, match[1]) for match in BLOCK.finditer(text)]
    assert blocks, f"{document} has no alidade block"
    first = blocks[0][1]
    for line, block in blocks:
        spec = block if DECLARES_STREAM.search(block) else first + "\n" + block
        file = work / f"{pathlib.Path(document).stem}_{line}.metric"
        file.write_text(spec)
        verbs = ["check", "test"] if HAS_TEST.search(spec) else ["check"]
        for verb in verbs:
            done = subprocess.run([command, verb, file], capture_output=True, text=True)
            if done.returncode != 0:
                yield f"{document}:{line}: alidade {verb}: exit {done.returncode}\n{done.stdout}{done.stderr}"
                break
    print(f"{document}: {len(blocks)} blocks")


def main():
    with tempfile.TemporaryDirectory() as work:
        found = [line for document in DOCUMENTS for line in failures_of(sys.argv[1], document, pathlib.Path(work))]
    for line in found:
        print(line)
    print(f"{len(found)} blocks fail")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
