"""A copy of an SQLite database, whole and of one moment, while servers write to it."""

import contextlib
import os
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

from synclead.store.engine import LOCK_SECONDS, sqlite_path
from synclead.store.errors import BackupError
from synclead.store.serve_lock import check_names
from synclead.store.upgrade import require_ours

_PAGES_A_STEP = 1024
"""4 MiB of the usual pages: a step is a few milliseconds."""
_BESIDE = ("", "-journal", "-wal", "-shm")

Progress = Callable[[int, int], None]
"""Told how many pages are copied, and how many there are."""


def back_up(url: str, target: Path, *, progress: Progress, pages: int = _PAGES_A_STEP) -> None:
    """Copies the database of `url` to `target`: everything that was committed before the call, nothing half.

    `target` appears when the copy is whole, checked and on the disk (mode 0600); before that there is only a
    file of another name beside it, which a refusal removes. The database itself is copied as it is, also
    with an older schema. `pages`: how many are copied in one step.
    Raises BackupError, ForeignDatabaseError where the database is not ours, and DatabaseUnavailableError where it must
    not be opened.
    """
    source = sqlite_path(url)
    if source is None:
        raise BackupError("a PostgreSQL database is not copied here: use pg_dump, which copies it while servers run")
    check_names(source)
    if not source.exists():
        raise BackupError(f"there is no database {source}")
    if os.path.lexists(target):
        raise BackupError(f"{target} exists already: name a file that does not")
    require_ours(url)
    try:
        with _unfinished(target) as copy:
            _copy(source, copy, progress, pages)
            _check(copy)
            _sync(copy)
            # A link, unlike a rename, never replaces what somebody else put there meanwhile.
            os.link(copy, target)
        _sync(target.parent)
    except FileExistsError:
        raise BackupError(f"{target} exists already: name a file that does not") from None
    except (OSError, sqlite3.Error) as error:
        reason = (isinstance(error, OSError) and error.strerror) or error
        raise BackupError(f"the copy {target} could not be made: {reason}") from error


@contextlib.contextmanager
def _unfinished(target: Path) -> Iterator[Path]:
    """An empty file beside the target, gone at the end with all that SQLite puts beside it."""
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)  # mkstemp makes it 0600
    os.close(handle)
    try:
        yield Path(name)
    finally:
        for ending in _BESIDE:
            Path(name + ending).unlink(missing_ok=True)


def _copy(source: Path, copy: Path, progress: Progress, pages: int) -> None:
    uri = f"{source.absolute().as_uri()}?mode=rw"  # rw: a file that went away must not come back empty
    with (
        closing(sqlite3.connect(uri, uri=True, timeout=LOCK_SECONDS, isolation_level=None)) as reader,
        closing(sqlite3.connect(copy, isolation_level=None)) as writer,
    ):
        # Without a transaction of the reader's own, each commit of a server would start the copy anew.
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM sqlite_master").fetchone()
        writer.execute("PRAGMA synchronous = OFF")  # the whole file is synced once, at the end
        reader.backup(writer, pages=pages, progress=lambda _status, left, total: progress(total - left, total))
        reader.execute("ROLLBACK")


def _check(copy: Path) -> None:
    with closing(sqlite3.connect(copy, isolation_level=None)) as connection:
        found = [row[0] for row in connection.execute("PRAGMA quick_check(1)")]
    if found != ["ok"]:
        raise BackupError(f"the copy is damaged, so the database may be too: {found[0]}")


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
