"""No figure of a database or disk that would lose an acknowledged lead."""

from pathlib import Path

import pytest

from bench.errors import NotMeasuredError, UnsafeError
from bench.place import check_disk, need
from bench.postgres import DURABLE, check_durable
from bench.server import SQLITE_DURABLE, check_sqlite


@pytest.mark.parametrize("name", DURABLE)
def test_an_unsafe_postgresql_is_refused(name: str) -> None:
    """With any of the three settings off nothing is printed."""
    check_durable(dict(DURABLE))
    with pytest.raises(UnsafeError, match=f"{name} = off"):
        check_durable(DURABLE | {name: "off"})


@pytest.mark.parametrize(("name", "value"), [("synchronous", 1), ("journal_mode", "memory")])
def test_an_unsafe_sqlite_is_refused(name: str, value: object) -> None:
    """SQLite must wait for the disk at every commit, with its log in a file."""
    check_sqlite(dict(SQLITE_DURABLE))
    with pytest.raises(UnsafeError, match=f"{name} = {value}"):
        check_sqlite(SQLITE_DURABLE | {name: value})


def test_a_disk_in_memory_is_refused() -> None:
    """A commit to memory costs nothing, so nothing is measured there."""
    mounts = "/dev/vda / ext4 rw 0 0\ntmpfs /ram tmpfs rw 0 0\n"
    check_disk(Path("/somewhere"), mounts)
    with pytest.raises(UnsafeError, match="tmpfs"):
        check_disk(Path("/ram/of/a/machine"), mounts)


def test_a_missing_program_is_said() -> None:
    """A tool that is not there is named, with what installs it."""
    need("sh", "/")
    with pytest.raises(NotMeasuredError, match="no-such-program is missing: run make bench-setup"):
        need("no-such-program")
    with pytest.raises(NotMeasuredError, match=r"no\.jar is missing"):
        need("/usr/share/nowhere/no.jar")
