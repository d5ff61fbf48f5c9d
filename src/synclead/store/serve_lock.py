"""One process serves an SQLite file, by whatever name, and says which files it has open."""

import fcntl
import os
import sqlite3
import stat
import struct
import time
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import msgspec

from synclead.store.errors import AlreadyServedError, DatabaseUnavailableError
from synclead.store.sqlite_files import ADVICE, INDEX, LOG, SqliteFiles, close_to_others, make_private

_PAUSES: tuple[float | None, ...] = (0.05, 0.1, None)
_OWN_BYTE = 0x4000_1000
"""Of the file: beyond those that SQLite locks, from 0x40000000 on. No file need be so long."""
_NOTE_BYTES = 256
"""Of the lock file: a note is always as long, so that nobody reads half of one."""


class Note(NamedTuple):
    """What the lock file says of the last process that served."""

    serves: bool
    """False while it starts, and where it ended in peace."""
    file_number: int | None
    log_number: int | None
    index_number: int | None
    """Of the files that it had open; log and index are gone where it ended in peace."""


class ServeLock:
    """Lets one process at a time serve an SQLite file. The system drops it at the process's end."""

    def __init__(self, database: Path) -> None:
        """Takes the lock; makes an empty file where there is none yet. Raises AlreadyServedError when another process
        has it, by this name, through a symbolic or a hard link; DatabaseUnavailableError, and OSError."""
        self._path = Path(os.path.realpath(database))
        self._keeper: sqlite3.Connection | None = None
        self.files = SqliteFiles(database)
        """The database as this process has it open, from `keep` on."""
        # A file of its own, since others may ask for it.
        self._handle = os.open(_lock_file(database), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._file: int | None = None
        try:
            _lock(self._handle, database)
            note = _read(self._handle)
            if note is not None:  # its process was killed
                _write(self._handle, note._replace(serves=False))
            self._file = self._lock_itself(database)
        except BaseException:
            self._close()
            raise

    def keep(self) -> list[str]:
        """Keeps the files open until `release`: so log and index stay the same ones. Their schema is current.

        Gives the names of those that other accounts could read until now.
        """
        closed = close_to_others(self._path)
        # mode=rw: a file that went away must not come back empty.
        uri = f"{self._path.as_uri()}?mode=rw"
        self._keeper = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False)
        self._keeper.execute("PRAGMA journal_mode = WAL")
        self._keeper.execute("PRAGMA schema_version").fetchone()
        self.files.opened()
        _write(self._handle, Note(True, *self.files.numbers()))
        return closed

    def release(self) -> None:
        """Lets another process serve, once nothing else uses the database any more."""
        is_left = not self.files.is_ours("") and self.files.is_ours(LOG)
        if self._keeper is not None:
            self._keeper.close()
            self._keeper = None
            if is_left:
                self._set_aside()
            with suppress(OSError):
                _write(self._handle, Note(False, self.files.numbers()[0], None, None))
        self._close()

    def _lock_itself(self, database: Path) -> int | None:
        """Locks the file that the name leads to: a hard link and a mount have other names."""
        if not os.path.lexists(self._path):
            check_names(database)
            make_private(self._path)
        try:
            handle = os.open(self._path, os.O_RDWR | os.O_CLOEXEC)
        except OSError:
            return None  # who opens it as a database says why that is not possible
        # Held as long as this process has it open: to close any descriptor of it would drop SQLite's own locks.
        if hasattr(fcntl, "F_OFD_SETLK"):
            wanted = struct.pack("hhqqi", fcntl.F_WRLCK, os.SEEK_SET, _OWN_BYTE, 1, 0)
            try:
                fcntl.fcntl(handle, fcntl.F_OFD_SETLK, wanted)
            except (BlockingIOError, PermissionError):
                os.close(handle)
                raise _served(database) from None
            except OSError:
                return handle  # a file system without such locks
        return handle

    def _set_aside(self) -> None:
        """The log of a file that is not under this name any more: the next one there must not be read by it."""
        moved = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        log, index = str(self._path) + LOG, str(self._path) + INDEX
        with suppress(OSError):
            if os.path.exists(log):
                os.rename(log, f"{log}.{moved}")
            if self.files.is_ours(INDEX):
                os.unlink(index)

    def _close(self) -> None:
        for handle in (self._file, self._handle):
            if handle is not None:
                os.close(handle)


def is_served(database: Path) -> bool:
    """Whether a process serves the SQLite file now. Makes no file; lets go at once of what it takes to know."""
    try:
        handle = os.open(_lock_file(database), os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        return _is_locked(handle)
    finally:
        os.close(handle)


def check_names(database: Path) -> None:
    """Returns where the database may be opened by this name; opens none of its files.

    Raises DatabaseUnavailableError where that would damage it, or where it is not what a server has open.
    """
    path = os.path.realpath(database)
    note, serves = _noted(database)
    log = _status(path + LOG)
    status = _status(path)
    if serves and note is not None:
        _compare(path, note, (status, log, _status(path + INDEX)))
    if status is None:
        if log is not None and log.st_size:
            raise DatabaseUnavailableError(
                f"there is no {path}, but {path}{LOG} is there, which may hold the newest leads of a file that was "
                f"moved or deleted: put that file back, or move {path}{LOG} away"
            )
        return
    was_served = note is not None and note.file_number == status.st_ino
    if stat.S_ISREG(status.st_mode) and status.st_nlink > 1 and not was_served:
        raise DatabaseUnavailableError(
            f"the file {path} has {status.st_nlink} names, and SQLite keeps its newest leads in a file beside one of "
            f"them: use the name that it was served by, which `find / -samefile {path}` shows, or remove all others"
        )
    holds_leads = note is not None and log is not None and log.st_size > 0 and log.st_ino == note.log_number
    if holds_leads and note is not None and status.st_ino != note.file_number:
        raise DatabaseUnavailableError(
            f"{path}{LOG} belongs to another file than the one that is {path} now, which would be damaged by it: "
            f"move {path}{LOG} away, or put the file back that it belongs to"
        )


def _compare(path: str, note: Note, found: tuple[os.stat_result | None, ...]) -> None:
    """What a server has open must be what is under the names."""
    opened = (note.file_number, note.log_number, note.index_number)
    for ending, number, status in zip(("", LOG, INDEX), opened, found, strict=True):
        if number is not None and (status is None or status.st_ino != number):
            what = "deleted or moved away" if status is None else "replaced by another file"
            raise DatabaseUnavailableError(
                f"{path}{ending} was {what} while a server has it open{ADVICE}, before you stop the server"
            )


def _noted(database: Path) -> tuple[Note | None, bool]:
    """What the lock file says, and whether the process that wrote it serves now."""
    try:
        handle = os.open(_lock_file(database), os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None, False
    try:
        note = _read(handle)
        return note, note is not None and note.serves and _is_locked(handle)
    finally:
        os.close(handle)


def _lock(handle: int, database: Path) -> None:
    # Whoever asks `is_served` holds the lock for that moment.
    for pause in _PAUSES:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            if pause is None:
                raise _served(database) from None
            time.sleep(pause)
        else:
            return


def _is_locked(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    fcntl.flock(handle, fcntl.LOCK_UN)
    return False


def _served(database: Path) -> AlreadyServedError:
    return AlreadyServedError(f"another process serves {database} already")


def _read(handle: int) -> Note | None:
    try:
        serves, *numbers = msgspec.json.decode(os.pread(handle, _NOTE_BYTES, 0))
        return Note(serves, *numbers)
    except (OSError, msgspec.DecodeError, TypeError, ValueError):
        return None


def _write(handle: int, note: Note) -> None:
    os.pwrite(handle, msgspec.json.encode(note).ljust(_NOTE_BYTES), 0)


def _status(name: str) -> os.stat_result | None:
    try:
        return os.stat(name)
    except OSError:
        return None


def _lock_file(database: Path) -> Path:
    """Beside the file itself: a symbolic link has the same one."""
    path = Path(os.path.realpath(database))
    return path.with_name(path.name + ".serve-lock")
