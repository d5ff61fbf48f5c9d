"""Installs what the stacks need: Debian's packages where this is root, and each stack's own into `.conformance/`.

`make conformance-setup` runs it. Everything is tried three times, since package mirrors fail now and then.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from time import sleep

sys.path.insert(0, str(Path(__file__).parents[1]))

from conformance.stack import FOLDER, STACKS, installed

_TRIES = 3
_PAUSE_SECONDS = 5
PROXY = ["nginx-light"]
"""What the harness itself needs."""


def main() -> int:
    """The exit code: 0 when everything is there."""
    packages = sorted({package for stack in STACKS for package in stack.apt} | set(PROXY))
    if os.geteuid() == 0:
        quiet = {"DEBIAN_FRONTEND": "noninteractive"}
        _run(["apt-get", "update", "-qq"], quiet)
        _run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages], quiet)
    else:
        print("not root: install these yourself where they are missing:", *packages)
    for stack in STACKS:
        target = installed(stack)
        target.mkdir(parents=True, exist_ok=True)
        for command in stack.install:
            _run(command, {"INSTALLED": str(target)}, FOLDER / stack.folder)
    return 0


def _run(command: list[str], environment: dict[str, str], folder: Path = FOLDER) -> None:
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
