"""The lines of a file of text for csv.reader: by the block while all is plain, one by one where something is wrong."""

import hashlib
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from synclead.leads.fields import TEXT_LENGTH

ROW_LENGTH: Final = 4 * 1024 * 1024
"""Most characters of a row."""
BLOCK: Final = TEXT_LENGTH // 2
"""Characters that are taken as lines at once: a row that ends in the next block at the latest has no cell, and is not
itself, longer than any may be."""
BAD_BYTES: Final = re.compile("[\ud800-\udfff]")
"""What bytes that are no text in the encoding are read as."""


class TooLongError(Exception):
    """A row has more characters than any may have."""


class NulError(Exception):
    """A line has a NUL."""


class BadBytesError(Exception):
    """A line has bytes that are no text in the encoding."""


class UnusualError(Exception):
    """Something that has to be looked at row by row: a long row, or one that may be wrong."""


class Hashed(io.RawIOBase):
    """A file whose bytes are hashed as they are read."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb", buffering=0)
        self.hash = hashlib.sha256()

    def readable(self) -> bool:
        """See io.RawIOBase."""
        return True

    def readinto(self, buffer: "memoryview[int]") -> int:  # type: ignore[override]
        """See io.RawIOBase."""
        count = self._file.readinto(buffer) or 0
        self.hash.update(buffer[:count])
        return count

    def close(self) -> None:
        """See io.RawIOBase."""
        self._file.close()
        super().close()


@dataclass(slots=True)
class Lines:
    """The lines of a file one by one; knows how much of a row it has given."""

    stream: io.TextIOBase
    skipped: int
    """Characters at the beginning that are left out."""
    parts: list[str] = field(default_factory=list)
    """The lines of the row under way."""
    length: int = 0

    def begin_row(self) -> None:
        """From here on the lines are another row's."""
        self.parts.clear()
        self.length = 0

    def __iter__(self) -> "Lines":
        return self

    def __next__(self) -> str:
        if self.skipped:
            self.stream.read(self.skipped)
            self.skipped = 0
        line = self.stream.readline(ROW_LENGTH - self.length + 1)
        if not line:
            raise StopIteration
        self.parts.append(line)
        self.length += len(line)
        if self.length > ROW_LENGTH:
            raise TooLongError
        if "\0" in line:
            raise NulError
        if not line.isascii() and BAD_BYTES.search(line):
            raise BadBytesError
        return line


@dataclass(slots=True)
class Blocks:
    """The lines of a file a block at a time. Iterating raises UnusualError for a row that is longer than a block, and
    for a character that may be none."""

    stream: io.TextIOBase
    skipped: int
    """Characters at the beginning that are left out."""
    rows: Callable[[], int]
    """How many rows the lines came to so far."""
    has_exponent: bool = False
    """Whether the row that was read last may have an exponent as spreadsheets write it."""

    def __iter__(self) -> Iterator[io.StringIO]:
        rest, rows_before, had_exponent = "", -1, False
        self.stream.read(self.skipped)
        while block := self.stream.read(BLOCK):
            if self.rows() == rows_before:  # no row ended in the block before
                raise UnusualError
            rows_before = self.rows()
            if "\0" in block or (not block.isascii() and BAD_BYTES.search(block)):
                raise UnusualError
            block = rest + block
            # A line ends with LF, CR LF or CR; of a CR at the end of a block the LF may be still to come.
            end = max(block.rfind("\n"), block.rfind("\r", 0, -1)) + 1
            rest = block[end:]
            has_exponent = "E+" in block or "e+" in block
            self.has_exponent = has_exponent or had_exponent  # a row may have begun in the block before
            had_exponent = has_exponent
            yield io.StringIO(block[:end], newline="")
        yield io.StringIO(rest, newline="")
