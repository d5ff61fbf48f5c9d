"""A database that is lost at the round trip that a test says."""

from collections.abc import Sequence
from contextlib import asynccontextmanager
from typing import Any

from synclead.store.transaction import Database, DatabaseLostError, Document, Row, Transaction


class Unreliable:
    """A database whose round trips fail in order: each `works`, is `lost` before it is sent, or `lost after` it."""

    connections = 1
    turns_between_groups = 0

    def __init__(self, real: Database, failures: Sequence[str]) -> None:
        self._real = real
        self.failures = list(failures)

    @asynccontextmanager
    async def transaction(self, *, read_only: bool = False) -> Any:
        async with self._real.transaction(read_only=read_only) as transaction:
            yield _UnreliableTransaction(self, transaction)

    async def close(self) -> None:
        await self._real.close()


class _UnreliableTransaction:
    def __init__(self, database: Unreliable, real: Transaction) -> None:
        self._database = database
        self._real = real

    async def run(self, statements: Sequence[tuple[str, Document]], *, commit: bool = False) -> list[list[Row]]:
        failure = self._database.failures.pop(0) if self._database.failures else "works"
        if failure == "lost":
            raise DatabaseLostError("gone before it was sent")
        answers = await self._real.run(statements, commit=commit)
        if failure == "lost after":
            raise DatabaseLostError("gone before the answer")
        return answers
