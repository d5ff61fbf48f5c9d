"""Where the processes of one server show their figures to each other and to whoever asks for them."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from synclead.logs import get_logger
from synclead.metrics.figures import Snapshot

_decode = msgspec.json.Decoder(Snapshot).decode
_encode = msgspec.json.Encoder().encode
_log = get_logger()


class BoardError(Exception):
    """There is no place for the figures of several processes; the message is a sentence for the operator."""


class Board:
    """The latest figures of each process: in memory, or, with a folder that several share, a file a place.

    Not prometheus-client's files of several processes: they cost a call ten times as much, and their gauges
    cannot say how long a call has waited when its process stands still.
    """

    def __init__(self, folder: Path | None = None, place: str = "") -> None:
        """A process that takes the `place` of one that ended goes on from its counters. "" only looks."""
        self.folder = folder
        """None: in memory."""
        self._file = folder / place if folder is not None and place else None
        self._latest: Snapshot | None = None
        self._failed = False

    def own(self) -> Snapshot | None:
        """What stands in this place."""
        return self._latest if self._file is None else _read(self._file)

    def show(self, snapshot: Snapshot) -> None:
        """Replaces what stands in this place. A disk that is full fails no call: it is logged once."""
        self._latest = snapshot
        if self._file is None:
            return
        try:
            written = self._file.with_name(f".{self._file.name}")
            written.write_bytes(_encode(snapshot))
            written.replace(self._file)
            self._failed = False
        except OSError as error:
            if not self._failed:
                _log.warning("metrics are not up to date", reason=error.strerror)
            self._failed = True

    def all(self) -> list[Snapshot]:
        """The latest figures of every place. For any thread."""
        if self.folder is None:
            return [] if self._latest is None else [self._latest]
        found = (_read(path) for path in sorted(self.folder.glob("[!.]*")))
        return [snapshot for snapshot in found if snapshot is not None]


@contextmanager
def opened_board(processes: int) -> Iterator[Board]:
    """The board of so many processes for the length of a block. Raises BoardError."""
    if processes == 1:
        yield Board()
        return
    try:
        folder = TemporaryDirectory(prefix="synclead-", ignore_cleanup_errors=True)
    except OSError as error:
        raise BoardError(f"no temporary folder can be made, set TMPDIR to a place for it: {error.strerror}") from error
    with folder as path:
        yield Board(Path(path))


def is_alive(pid: int) -> bool:
    """Whether a process of this server runs."""
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def _read(path: Path) -> Snapshot | None:
    try:
        return _decode(path.read_bytes())
    except (OSError, msgspec.MsgspecError):
        return None
