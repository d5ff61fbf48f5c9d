"""Reads a CSV file strictly and in bounded memory; what is wrong with it is named by row and column."""

import csv
import hashlib
import io
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Final, NamedTuple

from synclead.cli.console import Refusal
from synclead.leads.fields import TEXT_LENGTH
from synclead.leads.text import quoted

ROW_LENGTH: Final = 4 * 1024 * 1024
"""Most characters of a row."""

_PIECE = 64 * 1024
_BLOCK = TEXT_LENGTH // 2
"""Characters that are taken as lines at once: a row that ends in the next block at the latest has no cell, and is not
itself, longer than any may be."""
_BAD_BYTES = re.compile("[\ud800-\udfff]")
_OTHER_DELIMITERS = {";": ";", "\t": "tab", "|": "|"}
"""What a header in one piece may hold, and how `--delimiter` names it."""

_MARKS = (
    (b"\xff\xfe\0\0", "utf-32"),
    (b"\0\0\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
"""Byte order marks, the longer ones first."""


class Signature(NamedTuple):
    """Tells a file that was changed or replaced."""

    device: int
    inode: int
    size: int
    changed: int


class _TooLongError(Exception):
    """A row has more characters than any may have."""


class _NulError(Exception):
    """A line has a NUL."""


class _BadBytesError(Exception):
    """A line has bytes that are no text in the encoding."""


class _UnusualError(Exception):
    """Something that has to be looked at row by row: a long row, or one that may be wrong."""


class _Hashed(io.RawIOBase):
    """A file whose bytes are hashed as they are read."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb", buffering=0)
        self.hash = hashlib.sha256()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "memoryview[int]") -> int:  # type: ignore[override]
        count = self._file.readinto(buffer) or 0
        self.hash.update(buffer[:count])
        return count

    def close(self) -> None:
        self._file.close()
        super().close()


@dataclass(slots=True)
class _Lines:
    """The lines of a file, for csv.reader; knows how much of a row it has given."""

    stream: io.TextIOBase
    parts: list[str] = field(default_factory=list)
    """The lines of the row under way."""
    length: int = 0

    def begin_row(self) -> None:
        """From here on the lines are another row's."""
        self.parts.clear()
        self.length = 0

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self.stream.readline(ROW_LENGTH - self.length + 1)
        if not line:
            raise StopIteration
        self.parts.append(line)
        self.length += len(line)
        if self.length > ROW_LENGTH:
            raise _TooLongError
        if "\0" in line:
            raise _NulError
        if not line.isascii() and _BAD_BYTES.search(line):
            raise _BadBytesError
        return line


def _blocks(stream: io.TextIOBase, rows: Callable[[], int]) -> Iterator[io.StringIO]:
    """The lines of a file for csv.reader, a block at a time. `rows` gives how many rows they came to so far.

    Raises _UnusualError for a row that is longer than a block, and for a character that may be none.
    """
    rest, rows_before = "", -1
    while block := stream.read(_BLOCK):
        if rows() == rows_before:  # no row ended in the block before
            raise _UnusualError
        rows_before = rows()
        if "\0" in block or (not block.isascii() and _BAD_BYTES.search(block)):
            raise _UnusualError
        block = rest + block
        # A line ends with LF, CR LF or CR; of a CR at the end of a block the LF may be still to come.
        end = max(block.rfind("\n"), block.rfind("\r", 0, -1)) + 1
        rest = block[end:]
        yield io.StringIO(block[:end], newline="")
    yield io.StringIO(rest, newline="")


class CsvSource:
    """A CSV file that is read several times. Every failure is a Refusal whose sentence says what to do."""

    def __init__(self, path: Path, *, delimiter: str = ",", encoding: str | None = None) -> None:
        """`encoding` is a codec's name; None is UTF-8, of which a byte order mark is dropped."""
        self.path = path
        self.delimiter = delimiter
        self.encoding = encoding
        self._header: list[str] = []
        self.digest = ""
        """SHA-256 of the bytes, in hex, once all rows were read."""
        csv.field_size_limit(2 * ROW_LENGTH)  # ours is the smaller one, and names row and column

    def signature(self) -> Signature:
        """What tells whether the file is still the same."""
        try:
            found = os.stat(self.path)
        except OSError as error:
            raise Refusal(f"{self.path} cannot be read: {error.strerror}") from None
        return Signature(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)

    def header(self) -> list[str]:
        """The first row. Refuses an empty file, and one that is not in the encoding or not cut by the delimiter."""
        self._check_encoding()
        first = next(self.rows(), None)
        if first is None:
            raise Refusal(f"{self.path} is empty: its first row must name the columns")
        self._header = first[1]
        if len(self._header) == 1:
            for other, name in _OTHER_DELIMITERS.items():
                if other in self._header[0] and other != self.delimiter:
                    raise Refusal(
                        f"{self.path} has one column, {quoted(self._header[0])}: "
                        f'if its cells are parted otherwise, say so with --delimiter "{name}"'
                    )
        return self._header

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Every row with its number, the header with 1; rows without any text count, but are left out.

        While all is plain, lines are looked at by the block, so that a row costs little beside its cells.
        """
        width = len(self._header)
        number = done = 0
        try:
            with self._opened() as (hashed, stream):
                lines = chain.from_iterable(_blocks(stream, lambda: number))
                for number, cells in enumerate(csv.reader(lines, delimiter=self.delimiter, strict=True), 1):
                    if any(map(str.strip, cells)):
                        if width and len(cells) != width:
                            raise _UnusualError
                        yield number, cells
                        done = number
                self.digest = hashed.hash.hexdigest()
                return
        except (_UnusualError, UnicodeError, csv.Error):
            pass
        # Once more up to where it is unusual, and from there with an eye on each line: that tells what is wrong and
        # where, if anything is.
        yield from self._watched_rows(after=done)

    def _watched_rows(self, after: int) -> Iterator[tuple[int, list[str]]]:
        """The rows after the one of a number. Raises a Refusal that says what is wrong with one, and where."""
        with self._opened() as (hashed, stream):
            lines = _Lines(stream)
            reader = csv.reader(lines, delimiter=self.delimiter, strict=True)
            number = 0
            while True:
                lines.begin_row()
                number += 1
                cells = self._next(reader, lines, number)
                if cells is None:
                    break
                if number > after and any(map(str.strip, cells)):
                    self._check(cells, number)
                    yield number, cells
            self.digest = hashed.hash.hexdigest()

    @contextmanager
    def _opened(self) -> Iterator[tuple[_Hashed, io.TextIOBase]]:
        """The file and its text. A file that cannot be opened, or be read to its end, is refused."""
        try:
            hashed = _Hashed(self.path)
            with io.TextIOWrapper(
                io.BufferedReader(hashed, _PIECE),
                encoding=self.encoding or "utf-8-sig",
                errors="surrogateescape",
                newline="",
            ) as stream:
                yield hashed, stream
        except OSError as error:
            raise Refusal(f"{self.path} cannot be read: {error.strerror}") from None

    def _next(self, reader: "Iterator[list[str]]", lines: _Lines, number: int) -> list[str] | None:
        """The next row; None at the end of the file."""
        where = f"{self.path}, row {number}"
        try:
            return next(reader, None)
        except _TooLongError:
            hint = "; is there a quote that is not closed?" if len(lines.parts) > 1 else ""
            raise Refusal(
                f"{where}, {self._column(lines)}: the row has more than {ROW_LENGTH} characters{hint}"
            ) from None
        except _NulError:
            raise Refusal(f"{where}, {self._column(lines, chr(0))}: a NUL is no text: take it out") from None
        except _BadBytesError:
            bad = _BAD_BYTES.search(lines.parts[-1])
            byte = f"byte 0x{ord(bad[0]) & 0xFF:02X}" if bad else "a byte"
            column = self._column(lines, bad[0] if bad else "")
            raise Refusal(
                f"{where}, {column}: {byte} is not {self.encoding or 'UTF-8'}: if the file is from a Western Windows, "
                "it is likely Windows-1252 or Latin-1; name it with --encoding cp1252 or --encoding latin-1"
            ) from None
        except UnicodeError as error:
            raise Refusal(
                f"{where}: the file is not {self.encoding or 'UTF-8'}: {error}; name it with --encoding"
            ) from None
        except csv.Error as error:
            if "unexpected end of data" in str(error):
                raise Refusal(
                    f"{where}, {self._column(lines)}: the quote that opens there is never closed: close it, "
                    "or write a quote within a cell twice"
                ) from None
            raise Refusal(
                f'{where}, {self._column(lines)}: not CSV: {error}; write a quote within a cell twice ("")'
            ) from None

    def _check(self, cells: list[str], number: int) -> None:
        """Refuses a row that has not one cell a column, or a cell that no field can hold."""
        if not self._header:
            return
        if len(cells) != len(self._header):
            raise Refusal(
                f"{self.path}, row {number}: {len(cells)} cells under {len(self._header)} columns: "
                "each row must have a cell for each column, empty or not"
            )
        if sum(map(len, cells)) > TEXT_LENGTH:
            for place, cell in enumerate(cells):
                if len(cell) > TEXT_LENGTH:
                    raise Refusal(
                        f"{self.path}, row {number}, {self._named(place)}: {len(cell)} characters, at most "
                        f"{TEXT_LENGTH} are allowed"
                    )

    def _column(self, lines: _Lines, until: str = "") -> str:
        """The column that a row has reached where it cannot be read on."""
        text = "".join(lines.parts)
        if until:
            text = text.partition(until)[0]
        try:
            cells = next(csv.reader([text], delimiter=self.delimiter), [])
        except csv.Error:
            cells = []
        return self._named(max(len(cells) - 1, 0))

    def _named(self, place: int) -> str:
        named = place < len(self._header)
        return f"column {quoted(self._header[place])}" if named else f"column {place + 1}"

    def _check_encoding(self) -> None:
        """Refuses UTF-16 and UTF-32 where they were not named: they would come out as nonsense."""
        if self.encoding is not None:
            return
        try:
            with self.path.open("rb") as file:
                start = file.read(1000)
        except OSError as error:
            raise Refusal(f"{self.path} cannot be read: {error.strerror}") from None
        looks = _looks_like(start)
        if looks is not None:
            raise Refusal(f"{self.path} looks like {looks.upper()}, not UTF-8: say so with --encoding {looks}")


def _looks_like(start: bytes) -> str | None:
    """The encoding of two or four bytes a character that a file begins in; None where it looks like none."""
    for mark, name in _MARKS:
        if start.startswith(mark):
            return name
    # Without a mark: of text in Western letters every other byte is 0.
    for first, name in ((0, "utf-16-be"), (1, "utf-16-le")):
        half = start[first::2]
        if len(half) > 1 and half.count(0) * 2 > len(half) and not start[1 - first :: 2].count(0):
            return name
    return None
