"""The Python that is measured: the system's, in a virtual environment of its own. `.venv` has any Python at all.

The peers are a distribution's optimized builds, and so is the Python of most users. One that was compiled without
profile-guided optimization needs about a fifth more CPU for a call.

`python -m bench.python` says whether `make bench-setup` made it; exit 1 where it did not.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

from bench.errors import NotMeasuredError
from bench.place import BUILT, ROOT

SYSTEM = Path("/usr/bin/python3")
FOLDER = BUILT / "venv"
MARK = "stamp"
"""The file in it that says what it is made of; written last."""
REQUIREMENTS = ROOT / "requirements.txt"
_OLDEST = (3, 11)
_VERSION = "import platform; print(platform.python_version())"


def version() -> str:
    """Such as 3.11.2. Raises NotMeasuredError where it is missing, or too old for synclead."""
    try:
        done = subprocess.run([SYSTEM, "-c", _VERSION], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise NotMeasuredError(f"the benchmarks run on the system's Python, and {SYSTEM} does not start") from error
    found = done.stdout.strip()
    if tuple(map(int, found.split(".")[:2])) < _OLDEST:
        raise NotMeasuredError(f"the benchmarks run on the system's Python, and {SYSTEM} is {found}: 3.11 is needed")
    return found


def stamp(requirements: bytes, python: str) -> str:
    """What an environment is made of: these locked packages, for this version of Python."""
    return f"{hashlib.sha256(requirements).hexdigest()} {python}\n"


def is_made(wanted: str, folder: Path) -> bool:
    """Whether the environment is whole, and of this stamp."""
    mark = folder / MARK
    return (folder / "bin" / "python").exists() and mark.exists() and mark.read_text(encoding="utf-8") == wanted


def main() -> int:
    """The exit code: 0 where the benchmarks can run on it."""
    try:
        if is_made(stamp(REQUIREMENTS.read_bytes(), version()), FOLDER):
            return 0
        problem = "the benchmarks have a Python environment of their own, and it is missing or out of date"
    except NotMeasuredError as error:
        problem = str(error)
    print(f"{problem}: run make bench-setup first", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
