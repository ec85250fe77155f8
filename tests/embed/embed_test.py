"""The library as a stranger uses it: installed into an empty prefix, examples/embed configured, built and run outside the
tree, its output compared; then the installed command. Called with the build folder; host.cpp asks what the example does
not: failures, ownership, threads, streams of batches."""

import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]


def invoke(*command, **options):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, **options)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}: exit {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def build(source, folder, prefix):
    invoke("cmake", "-G", "Ninja", "-S", source, "-B", folder, f"-DCMAKE_PREFIX_PATH={prefix}")
    invoke("cmake", "--build", folder)


def main():
    with tempfile.TemporaryDirectory() as work:
        prefix, folder = pathlib.Path(work) / "prefix", pathlib.Path(work) / "build"
        invoke("cmake", "--install", sys.argv[1], "--prefix", prefix)
        build(ROOT / "examples" / "embed", folder / "example", prefix)
        found, expected = invoke(folder / "example" / "revenue"), (ROOT / "examples" / "embed" / "expected.txt").read_text()
        if found != expected:
            sys.exit(f"revenue prints\n{found}instead of\n{expected}")
        build(ROOT / "tests" / "embed", folder / "host", prefix)
        print(invoke(folder / "host" / "host"), end="")
        project = pathlib.Path(work) / "shop"
        command = prefix / "bin" / "alidade"
        invoke(command, "init", project)
        environment = {**os.environ, "ALIDADE_CACHE_DIR": work + "/cache"}
        invoke(command, "run", cwd=project, env=environment)
        symbols = invoke("nm", "-D", "--defined-only", "-C", next(prefix.glob("lib*/**/libalidade.so")))
        strange = [line for line in symbols.splitlines() if "alidade::" in line and "alidade::embed" not in line]
        if strange:
            sys.exit("libalidade.so shows more than its header:\n" + "\n".join(strange[:20]))
    print("installed, built and run")


if __name__ == "__main__":
    main()
