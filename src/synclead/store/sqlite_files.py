"""The files of an SQLite database by their identity: what stands under their names must be what was opened.

SQLite looks at a name when it opens the file, and never again. Where somebody moves a backup over the file, or takes
its log away, it goes on writing to what has no name any more, and tells nobody.
"""

import os
import threading
import time
from contextlib import suppress
from pathlib import Path

from synclead.store.transaction import DatabaseLostError, FilesReplacedError

LOG, INDEX = "-wal", "-shm"
"""Endings of the names of SQLite's log, with the newest leads, and of the index of that log."""

MODE = 0o600
"""Of everything that holds leads. SQLite gives its log and its index the mode of the file."""

ADVICE = ': see docs/production.md, "When files of a running server are replaced"'

_SETTLED_NANOSECONDS = 1_000_000_000

Identity = tuple[int, int]
"""Of a file: its device and its number there, as long as somebody has it open."""


class SqliteFiles:
    """The file, its log and its index, as they were when connections of this process were opened.

    Whether they still are is one question to the system, as long as nobody changes any name in their folder, and
    three more otherwise. Once they were not, nothing is believed any more until the process ends: others may have
    written to one file by the log of another.
    """

    def __init__(self, path: Path) -> None:
        """`path` names the file, or a symbolic link to it. Nothing is opened."""
        real = os.path.realpath(path)
        self._names = (str(path), real + LOG, real + INDEX)
        self._known: list[Identity | None] = [None, None, None]
        # What a link leads to changes where the link stands.
        self._folder = None if os.path.islink(path) else os.path.dirname(os.path.abspath(path))
        self._untouched: tuple[int, int, int] | None = None
        """The folder, and when a name in it was last changed, if that was some time before all three were looked at."""
        self._connections = 0
        self._turn = threading.Lock()
        self._replaced: str | None = None

    @property
    def replaced(self) -> str | None:
        """What was seen to be another file; None as long as nothing was."""
        return self._replaced

    def opened(self) -> None:
        """A connection was opened, and has read. Raises FilesReplacedError."""
        with self._turn:
            self._connections += 1
            for place, name in enumerate(self._names):
                if self._known[place] is None:
                    with suppress(OSError):  # log and index come with the first connection that reads
                        self._known[place] = _identity(name)
        self.look()

    def closed(self) -> None:
        """A connection was closed. SQLite takes log and index away with the last one."""
        with self._turn:
            self._connections -= 1
            if not self._connections:
                self._known[1:] = None, None

    def look(self, *, thoroughly: bool = False) -> None:
        """Returns where all that is open is still under its name. Raises FilesReplacedError, and DatabaseLostError.

        `thoroughly`: also where no name was changed, as by a mount.
        """
        if self._replaced is None and (thoroughly or not self._is_untouched()):
            for name, known in zip(self._names, self._known, strict=True):
                if known is not None:
                    self._compare(name, known)
        if self._replaced is not None:
            raise FilesReplacedError(self._replaced)

    def _is_untouched(self) -> bool:
        """Whether no name in the folder was changed since all three were looked at."""
        if self._folder is None:
            return False
        try:
            status = os.stat(self._folder)
        except OSError:
            return False
        found = status.st_dev, status.st_ino, status.st_mtime_ns
        if found == self._untouched:
            return True
        # The clock of names is coarse: a moment ago there may be another change at the same time.
        self._untouched = found if time.time_ns() - status.st_mtime_ns > _SETTLED_NANOSECONDS else None
        return False

    def is_ours(self, ending: str) -> bool:
        """Whether the file, its log or its index is still under its name."""
        place = ("", LOG, INDEX).index(ending)
        try:
            return self._known[place] is not None and _identity(self._names[place]) == self._known[place]
        except OSError:
            return False

    def numbers(self) -> list[int | None]:
        """The numbers of the three files, for other processes."""
        return [None if known is None else known[1] for known in self._known]

    def _compare(self, name: str, known: Identity) -> None:
        try:
            found = _identity(name)
        except FileNotFoundError:
            self._replaced = f"{name} was deleted or moved away while it was open{ADVICE}"
        except OSError as error:
            raise DatabaseLostError(f"{name} cannot be looked at: {error.strerror}") from error
        else:
            if found != known:
                self._replaced = f"{name} was replaced by another file while it was open{ADVICE}"


def make_private(path: Path) -> None:
    """An empty file that this account alone may read, where there is none yet: SQLite would let others read it.

    What is in the way SQLite tells when it opens it.
    """
    with suppress(OSError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, MODE))


def open_to_others(path: Path) -> list[str]:
    """Which of the files other accounts may read or write."""
    real = os.path.realpath(path)
    found = []
    for name in (real, real + LOG, real + INDEX):
        with suppress(OSError):
            if os.stat(name).st_mode & ~MODE & 0o777:
                found.append(name)
    return found


def close_to_others(path: Path) -> list[str]:
    """Gives the files the mode that new ones have, as an older release did not; gives those that had another.

    Those of another account stay as they are.
    """
    changed = []
    for name in open_to_others(path):
        with suppress(OSError):
            os.chmod(name, MODE)
            changed.append(name)
    return changed


def _identity(name: str) -> Identity:
    status = os.stat(name)
    return status.st_dev, status.st_ino
