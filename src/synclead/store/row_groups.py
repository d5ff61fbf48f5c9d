"""Rows of a file in the groups in which they are imported, and their reading ahead of their turn."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from synclead.leads.errors import SyncleadError
from synclead.leads.record import SyncRequest
from synclead.leads.subscription import Subscription
from synclead.store.group import Request, parse_records
from synclead.store.queue import GROUP_BYTES, GROUP_RECORDS


class SourceRow(NamedTuple):
    """A row of the file."""

    number: int
    """As a spreadsheet counts: the header is row 1."""
    cells: Sequence[str]


ReadCells = Callable[[Sequence[str], Subscription], SyncRequest]
"""Reads the cells of a row by a subscription's rules. Raises a refusal."""


class RowRefusedError(SyncleadError):
    """A row met a defect, or the database refused it."""

    code, text = 10001, "Internal error"


@dataclass(slots=True)
class RowGroup:
    """Rows that are imported in one transaction."""

    rows: Sequence[SourceRow]
    read: ReadCells
    _requests: list[Request] = field(default_factory=list)
    _rules: Subscription | None = None
    """By which the requests were read."""

    def parse(self, subscription: Subscription) -> list[Request]:
        """The rows as requests, or as refusals; read once as long as the rules stay."""
        if self._rules is not subscription:
            self._requests = parse_records([row.cells for row in self.rows], subscription, self.read, refuse)
            self._rules = subscription
        return self._requests


class RowGroups:
    """The groups of a file, in order; the next one can be read while the one before it is written."""

    def __init__(self, rows: Iterable[SourceRow], read: ReadCells) -> None:
        self._groups = (RowGroup(group, read) for group in grouped(rows))
        self._ahead: list[RowGroup | None] = []
        """The next group, once it is read; None is the end."""
        self._failure: Exception | None = None
        """What reading ahead ended with."""

    def read_ahead(self, subscription: Subscription) -> None:
        """Reads the next group by rules that are likely to be those of its turn. Raises nothing: `take` does."""
        if self._ahead or self._failure:
            return
        try:
            group = next(self._groups, None)
            self._ahead.append(group)
            if group is not None:
                group.parse(subscription)
        except Exception as failure:
            self._failure = failure

    def take(self) -> RowGroup | None:
        """The next group; None at the end. Raises what the rows raise."""
        if self._failure:
            raise self._failure
        return self._ahead.pop() if self._ahead else next(self._groups, None)


def grouped(rows: Iterable[SourceRow]) -> Iterator[list[SourceRow]]:
    """Rows in groups of the size that the writer's have."""
    group: list[SourceRow] = []
    size = 0
    for row in rows:
        bytes_ = _size_of(row)
        if group and (len(group) >= GROUP_RECORDS or size + bytes_ > GROUP_BYTES):
            yield group
            group, size = [], 0
        group.append(row)
        size += bytes_
    if group:
        yield group


def _size_of(row: SourceRow) -> int:
    """Bytes of a row's text, with a little for each part, as `queue.size_of` counts those of a call."""
    text = "".join(row.cells)
    bytes_ = len(text) if text.isascii() else len(text.encode(errors="surrogatepass"))
    return 256 + 128 * len(row.cells) + bytes_


def refuse(defect: Exception) -> SyncleadError:
    """What is said of a row that met a defect."""
    error = RowRefusedError(
        f"A defect of synclead stopped the row, please report it: {type(defect).__name__}: {defect}"
    )
    error.__cause__ = defect
    return error
