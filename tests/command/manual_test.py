"""Completions and the man page name every verb and every flag that --help shows, and shells accept the scripts."""

import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "python"))
import alidade  # noqa: E402

failures = []


def check(what, truth, *shown):
    if not truth:
        failures.append("\n".join([what, *map(str, shown)]))


def verbs_and_flags():
    main = alidade.invoke("--help").stdout
    verbs = re.findall(r"^  (\w+) +", main[main.index("Subcommands:"):], re.M)
    return {verb: set(re.findall(r"--[a-z][\w-]*", alidade.invoke(verb, "--help").stdout.split("Options:", 1)[1])) for verb in verbs}


def main():
    known = verbs_and_flags()
    check("there are verbs", len(known) >= 8 and "--per" in known["run"], known)
    page = alidade.invoke("man").stdout.replace("\\-", "-")
    for verb, flags in known.items():
        check(f"the man page names {verb}", f'.SH "alidade {verb}"' in page, page)
        for flag in flags:
            check(f"the man page names {verb} {flag}", f"\\fB{flag}\\fR" in page or f", {flag}\\fR" in page, page)
    if shutil.which("man"):
        done = subprocess.run(["man", "--warnings", "-l", "-"], input=alidade.invoke("man").stdout, capture_output=True, text=True)
        check("man shows it without a warning", done.returncode == 0 and not done.stderr, done.stderr)
    for shell in ("bash", "zsh", "fish"):
        script = alidade.invoke("completions", shell).stdout
        for verb, flags in known.items():
            check(f"{shell}: {verb}", verb in script)
            for flag in flags:
                shown = f"-l {flag[2:]}" if shell == "fish" else flag
                check(f"{shell}: {verb} {flag}", shown in script, script)
        if shutil.which(shell):
            done = subprocess.run([shell, "-n"], input=script, capture_output=True, text=True)
            check(f"{shell} takes the script", done.returncode == 0, done.stderr)
    completes()
    for failure in failures:
        print(failure)
    print(f"{len(failures)} failures")
    return 1 if failures else 0


def completes():
    """bash completes verbs, flags, choices and the project's metrics."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="manual_"))
    (folder / "shop.metric").write_text("module shop\nstream app { time at : timestamp }\nmetric visits = count(app)\n")
    script = alidade.invoke("completions", "bash").stdout

    def completed(*words):
        line = f'{script}\nCOMP_WORDS=(alidade {" ".join(words)} "")\nCOMP_CWORD={len(words) + 1}\n_alidade\necho "${{COMPREPLY[@]}}"\n'
        folder_of_command = str(pathlib.Path(alidade.binary()).parent)
        done = subprocess.run(["bash", "-c", f"PATH={folder_of_command}:$PATH\n{line}"], cwd=folder, capture_output=True, text=True)
        return done.stdout.split()

    check("bash completes verbs", {"run", "check", "init"} <= set(completed()), completed())
    check("bash completes flags and metrics", {"--per", "--color", "visits"} <= set(completed("run")), completed("run"))
    check("bash completes choices", set(completed("run", "--engine")) == {"native", "reference"}, completed("run", "--engine"))


if __name__ == "__main__":
    sys.exit(main())
