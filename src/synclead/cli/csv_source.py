"""Reads a CSV file strictly and in bounded memory; what is wrong with it is named by row and column."""

import csv
import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Final, NamedTuple

from synclead.cli.console import Refusal
from synclead.cli.csv_faults import explain, named
from synclead.cli.csv_lines import ROW_LENGTH, Blocks, Hashed, Lines, UnusualError
from synclead.cli.file_kind import Kind, kind_of
from synclead.leads.fields import TEXT_LENGTH
from synclead.leads.text import quoted

RAGGED_NAMED: Final = 20
"""How many ragged rows are named; of more it is said how many."""

_PIECE = 64 * 1024
_OTHER_DELIMITERS = {";": ";", "\t": "tab", "|": "|"}
"""What a header in one piece may hold, and how `--delimiter` names it."""


class Signature(NamedTuple):
    """Tells a file that was changed or replaced."""

    device: int
    inode: int
    size: int
    changed: int


@dataclass(slots=True)
class Ragged:
    """Rows that have not one cell a column."""

    count: int = 0
    first: list[tuple[int, int]] = field(default_factory=list)
    """Numbers of the first ones, and of their cells."""

    def add(self, number: int, cells: int) -> None:
        """One more."""
        self.count += 1
        if len(self.first) < RAGGED_NAMED:
            self.first.append((number, cells))


class CsvSource:
    """A CSV file that is read several times. Every failure is a Refusal whose sentence says what to do."""

    def __init__(self, path: Path, *, delimiter: str | None = None, encoding: str | None = None) -> None:
        """`encoding` is a codec's name, None is UTF-8; a byte order mark decides over it.

        `delimiter` None is what a line `sep=` says, else the comma.
        """
        self.path = path
        self.encoding = encoding
        self._given_delimiter = delimiter
        self._kind: Kind | None = None
        self._header: list[str] = []
        self.ragged = Ragged()
        """Those of the last reading."""
        self.digest = ""
        """SHA-256 of the bytes, in hex, once all rows were read."""
        self.blocks: Blocks | None = None
        """What is being read by the block; None where it is not."""
        csv.field_size_limit(2 * ROW_LENGTH)  # ours is the smaller one, and names row and column

    @property
    def kind(self) -> Kind:
        """How the file is read. Raises Refusal where it is no text."""
        if self._kind is None:
            self._kind = kind_of(self.path, self.encoding)
        return self._kind

    @property
    def delimiter(self) -> str:
        """What parts the cells."""
        return self._given_delimiter or self.kind.separator or ","

    def signature(self) -> Signature:
        """What tells whether the file is still the same."""
        try:
            found = os.stat(self.path)
        except OSError as error:
            raise Refusal(f"{self.path} cannot be read: {error.strerror}") from None
        return Signature(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)

    def header(self) -> list[str]:
        """The first row, up to its last cell with a text: empty columns behind that one are none.

        Refuses an empty file, and one that is not in the encoding or not cut by the delimiter.
        """
        first = next(self.rows(), None)
        if first is None:
            raise Refusal(f"{self.path} is empty: its first row must name the columns")
        header = first[1]
        while header and not header[-1].strip():
            header.pop()
        self._header = header
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

        Empty cells behind the last column are left out, too. A row that has not one cell a column otherwise is given
        as it is, and noted in `ragged`. While all is plain, lines are looked at by the block, so that a row costs
        little beside its cells.
        """
        width = len(self._header)
        number = done = 0
        self.ragged = Ragged()
        try:
            with self._opened() as (hashed, stream):
                self.blocks = Blocks(stream, self.kind.skipped, lambda: number)
                lines = chain.from_iterable(self.blocks)
                for number, cells in enumerate(csv.reader(lines, delimiter=self.delimiter, strict=True), 1):
                    if any(map(str.strip, cells)):
                        yield number, cells if len(cells) == width or not width else self._shaped(number, cells)
                        done = number
                self.digest = hashed.hash.hexdigest()
                return
        except (UnusualError, UnicodeError, csv.Error):
            pass
        # Once more up to where it is unusual, and from there with an eye on each line: that tells what is wrong and
        # where, if anything is.
        yield from self._watched_rows(after=done)

    def _watched_rows(self, after: int) -> Iterator[tuple[int, list[str]]]:
        """The rows after the one of a number. Raises a Refusal that says what is wrong with one, and where."""
        self.blocks = None
        with self._opened() as (hashed, stream):
            lines = Lines(stream, self.kind.skipped)
            reader = csv.reader(lines, delimiter=self.delimiter, strict=True)
            number = 0
            while True:
                lines.begin_row()
                number += 1
                cells = self._next(reader, lines, number)
                if cells is None:
                    break
                if number > after and any(map(str.strip, cells)):
                    yield number, self._checked(number, cells)
            self.digest = hashed.hash.hexdigest()

    @contextmanager
    def _opened(self) -> Iterator[tuple[Hashed, io.TextIOBase]]:
        """The file and its text. A file that cannot be opened, or be read to its end, is refused."""
        try:
            hashed = Hashed(self.path)
            with io.TextIOWrapper(
                io.BufferedReader(hashed, _PIECE), encoding=self.kind.encoding, errors="surrogateescape", newline=""
            ) as stream:
                yield hashed, stream
        except OSError as error:
            raise Refusal(f"{self.path} cannot be read: {error.strerror}") from None

    def _next(self, reader: "Iterator[list[str]]", lines: Lines, number: int) -> list[str] | None:
        """The next row; None at the end of the file."""
        try:
            return next(reader, None)
        except Exception as fault:
            sentence = explain(fault, lines, self.kind.encoding, self.delimiter, self._header)
            if sentence is None:
                raise
            raise Refusal(f"{self.path}, row {number}{sentence}") from None

    def _checked(self, number: int, cells: list[str]) -> list[str]:
        """The cells under the columns. Refuses a cell that no field can hold."""
        width = len(self._header)
        if not width:
            return cells
        if sum(map(len, cells)) > TEXT_LENGTH:
            for place, cell in enumerate(cells):
                if len(cell) > TEXT_LENGTH:
                    raise Refusal(
                        f"{self.path}, row {number}, {named(self._header, place)}: {len(cell)} characters, at most "
                        f"{TEXT_LENGTH} are allowed"
                    )
        return cells if len(cells) == width else self._shaped(number, cells)

    def _shaped(self, number: int, cells: list[str]) -> list[str]:
        """The cells of a row of another width than the header's: without empty ones behind, or as they are."""
        width = len(self._header)
        if len(cells) > width and not any(map(str.strip, cells[width:])):
            return cells[:width]
        self.ragged.add(number, len(cells))
        return cells
