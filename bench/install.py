"""Installs what the benchmarks need: Debian's packages where this is root; Python's and Node's own into `.bench/`.

`make bench-setup` runs it. Everything is tried three times, since package mirrors fail now and then.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from time import sleep

from bench import python
from bench.errors import NotMeasuredError
from bench.peer import PEERS
from bench.place import BUILT, ROOT

_TRIES = 3
_PAUSE_SECONDS = 5
PACKAGES = (
    *("wrk", "valgrind", "python3-venv"),
    *("nginx-light", "php-fpm", "php-soap", "php-pgsql"),
    *("default-jdk-headless", "libjaxws-java", "libhikaricp-java", "libpostgresql-jdbc-java"),
    *("libjackson2-databind-java", "libslf4j-java"),
    *("nodejs", "npm"),
)
"""Of Debian, in the versions of its release; the results name those that were used."""


def main() -> int:
    """The exit code: 0 when everything is there."""
    if os.geteuid() == 0:
        quiet = {"DEBIAN_FRONTEND": "noninteractive"}
        _run(["apt-get", "update", "-qq"], quiet)
        _run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", *_wanted()], quiet)
    else:
        print("not root: install these yourself where they are missing:", *PACKAGES)
    make_python(python.FOLDER)
    target = BUILT / "node"
    target.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(PEERS / "node" / name, target)
    _run(["npm", "ci", "--prefix", str(target), "--no-audit", "--no-fund"], {})
    return 0


def make_python(folder: Path) -> None:
    """The environment that is measured, as `make setup` makes `.venv`; nothing where it is as it should be."""
    try:
        wanted = python.stamp(python.REQUIREMENTS.read_bytes(), python.version())
    except NotMeasuredError as error:
        raise SystemExit(str(error)) from error
    if python.is_made(wanted, folder):
        return
    # --clear takes away the stamp, too: what is half made is made anew.
    if subprocess.run([python.SYSTEM, "-m", "venv", "--clear", folder], check=False).returncode != 0:
        raise SystemExit(
            "Python could not make a virtual environment. On Debian and Ubuntu its package is python3-venv."
        )
    pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    _run([*pip, "--require-hashes", "-r", str(python.REQUIREMENTS)], {}, ROOT)
    _run([*pip, "--no-deps", "--no-build-isolation", "--editable", "."], {}, ROOT)
    (folder / python.MARK).write_text(wanted, encoding="utf-8")


def _wanted() -> list[str]:
    """Without Node where another source brought it: Debian's npm would replace it."""
    has_node = shutil.which("node") is not None and shutil.which("npm") is not None
    return [package for package in PACKAGES if not (has_node and package in ("nodejs", "npm"))]


def _run(command: list[str], environment: Mapping[str, str], folder: Path = PEERS) -> None:
    for tried in range(1, _TRIES + 1):
        print("+", *command, flush=True)
        code = subprocess.run(command, cwd=folder, env=os.environ | environment, check=False).returncode
        if code == 0:
            return
        if tried < _TRIES:
            sleep(_PAUSE_SECONDS)
    raise SystemExit(f"{' '.join(command)}: exit {code}, {_TRIES} times")


if __name__ == "__main__":
    sys.exit(main())
