"""Where the benchmarks keep their databases and programs: on a real disk, with the tools they need."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.errors import NotMeasuredError, UnsafeError

ROOT = Path(__file__).parents[1]
BUILT = ROOT / ".bench"
"""What `make bench-setup` installs, and what is compiled: kept between runs."""

_IN_MEMORY = frozenset({"tmpfs", "ramfs"})


@contextmanager
def scratch(disk: Path | None = None) -> Iterator[Path]:
    """A folder for databases that is gone after the block. Raises UnsafeError where it is no disk."""
    folder = Path(tempfile.mkdtemp(prefix="synclead-bench-", dir=disk))
    try:
        check_disk(folder)
        folder.chmod(0o755)  # the database server runs as a user of its own
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def check_disk(folder: Path, mounts: str | None = None) -> None:
    """Raises UnsafeError where the folder is kept in memory: a commit there costs nothing."""
    kind = file_system(folder, mounts)
    if kind in _IN_MEMORY:
        raise UnsafeError(f"the databases would be on {kind}, in memory: name a folder on a disk with --disk")


def file_system(folder: Path, mounts: str | None = None) -> str:
    """The kind of the file system that a folder is on; `mounts` is what /proc/self/mounts says."""
    text = Path("/proc/self/mounts").read_text(encoding="utf-8") if mounts is None else mounts
    place, best, kind = str(folder.resolve()), "", "unknown"
    for line in text.splitlines():
        point, found = line.split()[1:3]
        inside = place == point or place.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= len(best):
            best, kind = point, found
    return kind


def need(*programs: str) -> None:
    """Raises NotMeasuredError for the first program that is not there; a path must exist, a name be on the PATH."""
    for program in programs:
        if (shutil.which(program) if os.sep not in program else Path(program).exists()) in (None, False):
            raise NotMeasuredError(f"{Path(program).name} is missing: run make bench-setup")
