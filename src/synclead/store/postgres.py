"""PostgreSQL: the writer's adapter, psycopg's pipelines on the event loop.

Nothing is kept on a connection between two transactions (no prepared statements, no settings of the
session), so that PgBouncer may stand between, in transaction mode too.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

import psycopg
from msgspec.json import decode, encode
from psycopg import AsyncConnection, AsyncRawCursor
from psycopg.types.json import set_json_loads

from synclead.store.engine import postgres_parameters
from synclead.store.sql import load_statements
from synclead.store.transaction import (
    DatabaseError,
    DatabaseLostError,
    DataRefusedError,
    Document,
    LockTimeoutError,
    Row,
    StatementTimeoutError,
)

CONNECTIONS = 4
"""Those that write."""
_GRACE_SECONDS = 2.0
_BEGIN_WRITE = "BEGIN ISOLATION LEVEL READ COMMITTED"
"""Not READ WRITE: who made the database read-only, as hosts do when its disk is nearly full, meant us too."""
_BEGIN_READ = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
"""What is planned and not written is read as of one moment; a writer has the lock for that."""

_Connection = AsyncConnection[tuple[Any, ...]]


class PostgresDatabase:
    """A PostgreSQL database as the writer needs it: a few connections, opened when they are needed."""

    def __init__(
        self, url: str, *, lock_seconds: float = 10.0, statement_seconds: float = 20.0, connections: int = CONNECTIONS
    ) -> None:
        """`lock_seconds`: how long another writer may keep a subscription; `statement_seconds`: how long
        one statement may take. The database must have the current schema (`upgrade`)."""
        self.connections = connections
        self._parameters = postgres_parameters(url)
        self._lock_seconds = lock_seconds
        self._statement_seconds = statement_seconds
        statements = load_statements("postgres")
        self._statements = {name: text.encode() for name, text in statements.items()}
        limits = {
            "lock": lock_seconds,
            "statement": statement_seconds,
            # Frees the lock when this process stands still between two round trips ...
            "idle": statement_seconds,
            # ... and half way through one: then no statement runs and the transaction does not count as idle.
            "transaction": lock_seconds + 2 * statement_seconds,
        }
        self._limits = encode({name: f"{max(1, round(seconds * 1000))}ms" for name, seconds in limits.items()})
        self._free = asyncio.Semaphore(connections)
        self._idle: list[_Connection] = []

    def transaction(self, *, read_only: bool = False) -> "PostgresTransaction":
        """See `transaction.Database`."""
        return PostgresTransaction(self, read_only=read_only)

    async def setting(self, name: str) -> str:
        """A setting as a transaction of the writer sees it, for tests and `synclead doctor`."""
        async with self.transaction() as transaction:
            await transaction.run([])
            connection = transaction.connection
            cursor = await connection.execute("SELECT current_setting(%s)", (name,))
            row = await cursor.fetchone()
        return str(row[0]) if row else ""

    async def close(self) -> None:
        """See `transaction.Database`."""
        await self._drop_idle()

    async def _take(self) -> _Connection:
        await self._free.acquire()
        try:
            return self._idle.pop() if self._idle else await self._connect()
        except BaseException:
            self._free.release()
            raise

    async def _connect(self) -> _Connection:
        try:
            async with asyncio.timeout(self._lock_seconds + _GRACE_SECONDS):
                connection = await AsyncConnection.connect(**self._parameters, autocommit=True)
        except (psycopg.Error, TimeoutError) as error:
            raise DatabaseLostError(f"the database cannot be reached: {error}") from error
        set_json_loads(decode, connection)
        return connection

    async def _give_back(self, connection: _Connection, *, is_clean: bool) -> None:
        """Keeps a connection for the next transaction, after a ROLLBACK where it is not clean."""
        try:
            if not is_clean:
                async with asyncio.timeout(_GRACE_SECONDS):
                    await connection.execute("ROLLBACK")
            self._idle.append(connection)
        except BaseException as error:
            await _close(connection)
            if not isinstance(error, psycopg.Error | TimeoutError):
                raise
        finally:
            self._free.release()

    async def _drop_idle(self) -> None:
        idle, self._idle = self._idle, []
        for connection in idle:
            await _close(connection)


class PostgresTransaction:
    """See `transaction.Transaction`. BEGIN and the deadlines travel with the first statements."""

    __slots__ = ("_begin", "_connection", "_database", "_is_clean")

    def __init__(self, database: PostgresDatabase, *, read_only: bool) -> None:
        self._database = database
        self._begin: str | None = _BEGIN_READ if read_only else _BEGIN_WRITE
        self._connection: _Connection | None = None
        self._is_clean = True

    @property
    def connection(self) -> _Connection:
        """The connection of this transaction."""
        if self._connection is None:
            raise DatabaseLostError("the connection was lost in this transaction")
        return self._connection

    async def __aenter__(self) -> Self:
        self._connection = await self._database._take()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._connection is not None:
            await self._database._give_back(self._connection, is_clean=self._is_clean)

    async def run(self, statements: Sequence[tuple[str, Document]], *, commit: bool = False) -> list[list[Row]]:
        """See `transaction.Transaction`."""
        database, connection = self._database, self.connection
        seconds = (database._lock_seconds if self._begin else 0) + database._statement_seconds + _GRACE_SECONDS
        self._is_clean = False
        try:
            # The server ends a slow statement; a network that swallows everything ends nothing.
            async with asyncio.timeout(seconds):
                answers = await self._send(connection, statements, commit)
        except UnicodeError:
            raise DataRefusedError("half a surrogate pair cannot be stored") from None
        except TimeoutError as error:
            await self._lose()
            raise DatabaseLostError("the database does not answer") from error
        except psycopg.Error as error:
            refusal = _refusal(error, is_open=not connection.closed)
            if isinstance(refusal, DatabaseLostError):
                await self._lose()
            # Not from it: its details show the values of leads, and the chain is logged.
            raise refusal from None
        except BaseException:
            await self._lose()
            raise
        self._is_clean = commit
        return answers

    async def _send(
        self, connection: _Connection, statements: Sequence[tuple[str, Document]], commit: bool
    ) -> list[list[Row]]:
        """One round trip. A statement that fails takes all that follow with it, COMMIT too."""
        texts = self._database._statements
        documents = [(texts[name], encode(document).decode()) for name, document in statements]
        begin, self._begin = self._begin, None
        cursors = []
        async with connection.pipeline():
            if begin is not None:
                await connection.execute(begin)
                await AsyncRawCursor(connection).execute(texts["set_limits"], (self._database._limits.decode(),))
            for text, document in documents:
                cursor = AsyncRawCursor(connection)
                cursors.append(cursor)
                await cursor.execute(text, (document,))
            if commit:
                await connection.execute("COMMIT")
        return [list(await cursor.fetchall()) if cursor.description else [] for cursor in cursors]

    async def _lose(self) -> None:
        """Lets the connection go, and those at rest: most often the server went, not one of them."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await _close(connection)
            self._database._free.release()
        await self._database._drop_idle()


async def _close(connection: _Connection) -> None:
    with suppress(psycopg.Error):
        await connection.close()


_DATA = ("22", "23", "44", "54", "P0")
"""Classes of SQLSTATE: data exceptions, constraints, views, limits of the program, triggers."""
_AGAIN = ("08", "25", "40", "57")
"""A connection that broke, a standby, a deadlock, a server that ends: worth another connection."""


def _refusal(error: psycopg.Error, *, is_open: bool) -> DatabaseError:
    """Which of our errors it is; the transaction is over, except where it is a DatabaseLostError."""
    state = error.sqlstate or ""
    text = _text(error, state)
    if isinstance(error, psycopg.errors.LockNotAvailable):
        return LockTimeoutError("another writer keeps the subscription locked")
    if isinstance(error, psycopg.errors.QueryCanceled):
        return StatementTimeoutError("a statement took too long")
    if state[:2] in _DATA or (is_open and not state and isinstance(error, psycopg.DataError)):
        return DataRefusedError(text)
    if not state or not is_open or state[:2] in _AGAIN:
        return DatabaseLostError(text)
    return DatabaseError(text)


def _text(error: psycopg.Error, state: str) -> str:
    """What happened, without the values that it happened to: this is logged."""
    parts = (type(error).__name__, state, error.diag.table_name, error.diag.constraint_name)
    named = " ".join(part for part in parts if part)
    # A data exception quotes the value in its first line, an error of the connection has nothing to quote.
    return named if state[:2] in _DATA else " ".join(f"{named}: {error.diag.message_primary or error}".split())
