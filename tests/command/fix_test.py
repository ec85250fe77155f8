"""`check --fix`: what is certain is mended in place, nothing else is touched, and it says what it did."""

import os
import pathlib
import stat
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "python"))
import alidade  # noqa: E402

failures = []
STREAM = "stream app {\n  time at : timestamp\n  entity user : text\n  plan : text\n  amount : money(USD)\n}\n"
WRONG = ("-- what customers do\n" + STREAM +
         "metric buyers = count(distinct app.user)\n"
         "metric pro = avg(app.amount where plan = 'pro' && user <> null)\n"
         "metric stays = count(*)\n")
MENDED = ("# what customers do\n" + STREAM +
          "metric buyers = unique(app.user)\n"
          "metric pro = mean(app.amount where plan == \"pro\" and user is not null)\n"
          "metric stays = count(*)\n")


def check(what, truth, *shown):
    if not truth:
        failures.append("\n".join([what, *map(str, shown)]))


def folder_with(**files):
    folder = pathlib.Path(tempfile.mkdtemp(prefix="fix_"))
    for name, text in files.items():
        (folder / (name + ".metric")).write_bytes(text if isinstance(text, bytes) else text.encode())
    return folder


def text_of(folder, name):
    return (folder / (name + ".metric")).read_bytes().decode()


def mends():
    folder = folder_with(shop=WRONG)
    os.chmod(folder / "shop.metric", 0o640)
    done = alidade.invoke("check", "--fix", cwd=folder)
    check("what is certain is mended", text_of(folder, "shop") == MENDED, text_of(folder, "shop"))
    check("what is not is left and reported", done.returncode == 1 and "AL2035" in done.stderr and "1 error" in done.stderr, done.stderr)
    for said in ("shop.metric:1:1: fixed AL2033", "fixed AL2038", "fixed AL3021", "fixed AL2032", "fixed AL2041", "7 places fixed"):
        check(f"it says {said}", said in done.stderr, done.stderr)
    check("the file keeps its rights", stat.S_IMODE(os.stat(folder / "shop.metric").st_mode) == 0o640)
    check("nothing else is left behind", [p.name for p in folder.iterdir()] == ["shop.metric"])
    again = alidade.invoke("check", "--fix", "--quiet", cwd=folder)
    check("a second time there is nothing to do", text_of(folder, "shop") == MENDED and "fixed" not in again.stderr, again.stderr)


def keeps():
    right = STREAM + "metric a = count(app)\n"
    folder = folder_with(right=right)
    before = os.stat(folder / "right.metric")
    done = alidade.invoke("check", "--fix", cwd=folder)
    after = os.stat(folder / "right.metric")
    check("a right file is not written", done.returncode == 0 and (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns), done.stderr)
    marked = b"\xef\xbb\xbf" + (STREAM + "metric a = count(app where plan <> \"x\")\n").replace("\n", "\r\n").encode()
    folder = folder_with(marked=marked)
    alidade.invoke("check", "--fix", cwd=folder)
    check("a byte-order mark and line ends stay", (folder / "marked.metric").read_bytes() == marked.replace(b"<>", b"!="))
    links = folder_with(real=WRONG)
    (links / "link.metric").symlink_to(links / "real.metric")
    alidade.invoke("check", "--fix", "link.metric", cwd=links)
    check("through a link the file behind it is mended", text_of(links, "real") == MENDED and (links / "link.metric").is_symlink())


def imports():
    folder = folder_with(base=WRONG.replace("-- what", "# what"), shop="import base\nmetric twice = base.buyers + base.buyers\nmetric avgs = avg(base.app.amount)\n")
    base = text_of(folder, "base")
    alidade.invoke("check", "--fix", "shop.metric", cwd=folder)
    check("an import that is not named stays", text_of(folder, "base") == base)
    check("the named file is mended", "mean(base.app.amount)" in text_of(folder, "shop"), text_of(folder, "shop"))
    alidade.invoke("check", "--fix", "shop.metric", "base.metric", cwd=folder)
    check("named it is mended once", text_of(folder, "base") == MENDED, text_of(folder, "base"))


def refuses():
    done = alidade.invoke("check", "--fix", "-")
    check("not the standard input", done.returncode == 2 and "--fix" in done.stderr, done.stderr)
    folder = folder_with(shop=WRONG)
    os.chmod(folder, 0o555)
    done = alidade.invoke("check", "--fix", cwd=folder)
    os.chmod(folder, 0o755)
    if os.geteuid() != 0:
        check("a folder that cannot be written", done.returncode == 2 and "AL8201" in done.stderr, done.stderr)


def shows():
    """Text says a fix with the line that it makes."""
    folder = folder_with(shop=WRONG)
    done = alidade.invoke("check", "--color", "never", cwd=folder)
    for said in (" 9 + metric pro = avg(app.amount where plan = 'pro' and user <> null)", "= help: write `unique(app.user)`"):
        check(f"text shows {said}", said in done.stderr, done.stderr)


def lists():
    done = alidade.invoke("explain")
    check("explain alone lists the codes", done.returncode == 0 and "  AL2041  whether a value is missing" in done.stdout and "\nlimits\n" in done.stdout, done.stdout)


def main():
    for test in (mends, keeps, imports, refuses, shows, lists):
        test()
    for failure in failures:
        print(failure)
    print(f"{len(failures)} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
