"""Installs what the benchmarks need: Debian's packages where this is root, and Node's own into `.bench/`.

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

from bench.peer import PEERS
from bench.place import BUILT

_TRIES = 3
_PAUSE_SECONDS = 5
PACKAGES = (
    *("wrk", "valgrind"),
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
    target = BUILT / "node"
    target.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(PEERS / "node" / name, target)
    _run(["npm", "ci", "--prefix", str(target), "--no-audit", "--no-fund"], {})
    return 0


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
