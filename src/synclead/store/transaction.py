"""What the writer needs of a database: a transaction that runs a list of statements in one round trip.

An adapter (`sqlite`, `postgres`) gives this and a folder of SQL; everything else exists once.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

Document = Mapping[str, Any]
"""The one parameter of a statement: values that JSON can hold. `bytes` bounds what a reading of leads may give; with
None, or without it, nothing does."""
Row = Sequence[Any]
"""A row of an answer. JSON columns may be text or values (`subscriptions.from_json`)."""


class DatabaseError(Exception):
    """Root of what a transaction can end with; it is rolled back, unless the child says otherwise."""


class LockTimeoutError(DatabaseError):
    """Another writer kept the lock longer than the deadline of a lock. Nothing was written."""


class StatementTimeoutError(DatabaseError):
    """A statement took longer than its deadline. Nothing was written."""


class DataRefusedError(DatabaseError):
    """The database refused a value: a constraint, a limit, a trigger. Nothing was written."""


class TooMuchReadError(DatabaseError):
    """What was asked for is more than the `bytes` of its document. Nothing was written."""


class DatabaseLostError(DatabaseError):
    """The connection or the disk failed. If a COMMIT was under way its outcome is not known."""


TOO_MUCH_READ = "the leads of these keys are more than can be read at once"

ROW_BYTES = 256
"""What a row counts beside its texts."""


def row_bytes(row: Row) -> int:
    """The size of a row of an answer."""
    texts = [column for column in row if isinstance(column, str)]
    return ROW_BYTES + sum([len(text) if text.isascii() else len(text.encode()) for text in texts])


class FilesReplacedError(DatabaseError):
    """What is open of an SQLite database is not what its name leads to any more. Nothing was written."""


class OutcomeUnknownError(DatabaseError):
    """It is committed, where it may not last: nobody can say whether it does."""


class NotReplicatedError(OutcomeUnknownError):
    """It is committed on this server alone: the wait for the standby that has to have it too was cancelled."""

    def __init__(self, answers: list[list[Row]]) -> None:
        super().__init__("it is committed, and perhaps not on the standby that has to have it")
        self.answers = answers
        """What the statements gave."""


class Transaction(Protocol):
    """One transaction, from the first `run` until `commit` or the end of its block."""

    async def run(self, statements: Sequence[tuple[str, Document]], *, commit: bool = False) -> list[list[Row]]:
        """Runs named statements in order, in one round trip, and gives each one's rows.

        With `commit` the same round trip ends with COMMIT. Raises the children of DatabaseError.
        """
        ...


class Database(Protocol):
    """A database as an adapter opens it."""

    connections: int
    """How many transactions may be under way at once."""
    turns_between_groups: int
    """Turns of the event loop that the writer lets pass between two groups, so that calls which are on their way join
    the second one. They take microseconds where nothing comes."""

    def transaction(self, *, read_only: bool = False) -> AbstractAsyncContextManager[Transaction]:
        """A transaction; what was not committed at the end of the block is rolled back.

        The first statement of one that writes is `lock_counter` (design: "The way of one call", 4).
        """
        ...

    async def close(self) -> None:
        """Ends the connections."""
        ...
