"""PostgreSQL: the writer's adapter, libpq's pipelines on the event loop.

On a connection to the server itself settings and prepared statements stay: planning a statement costs several times
what running it does. PgBouncer and its like may stand between, in transaction mode too: then nothing stays on a
connection between two transactions.
"""

import asyncio
from collections.abc import Sequence
from hashlib import sha256
from types import TracebackType
from typing import NamedTuple, Self

import psycopg
from msgspec.json import encode
from psycopg import AsyncConnection
from psycopg.types.json import set_json_loads

from synclead.store.engine import postgres_parameters
from synclead.store.pipeline import Command, Connection, Pipeline
from synclead.store.sql import load_statements
from synclead.store.transaction import (
    DatabaseError,
    DatabaseLostError,
    DataRefusedError,
    Document,
    LockTimeoutError,
    NotReplicatedError,
    Row,
    StatementTimeoutError,
)

CONNECTIONS = 4
"""Those that write."""
_GRACE_SECONDS = 2.0
_BEGIN_WRITE = Command(b"BEGIN ISOLATION LEVEL READ COMMITTED")
"""Not READ WRITE: who made the database read-only, as hosts do when its disk is nearly full, meant us too."""
_BEGIN_READ = Command(b"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
"""What is planned and not written is read as of one moment; a writer has the lock for that."""
_COMMIT, _ROLLBACK = Command(b"COMMIT"), Command(b"ROLLBACK")
_BACKEND = Command(b"SELECT pg_backend_pid()")


class _Statement(NamedTuple):
    """A statement of the folder of SQL."""

    text: bytes
    name: bytes
    """Made from the text: nobody who shares a connection with us has another statement of that name."""


class _Link(NamedTuple):
    """One connection."""

    connection: Connection
    pipeline: Pipeline
    is_direct: bool
    """Whether it is to the server itself, so that what is left on it is found again."""


class PostgresDatabase:
    """A PostgreSQL database as the writer needs it: a few connections, opened when they are needed."""

    turns_between_groups = 0
    """PostgreSQL works while this process does, so it is kept busy."""

    def __init__(
        self, url: str, *, lock_seconds: float = 10.0, statement_seconds: float = 20.0, connections: int = CONNECTIONS
    ) -> None:
        """`lock_seconds`: how long another writer may keep a subscription; `statement_seconds`: how long
        one statement may take. The database must have the current schema (`upgrade`)."""
        self.connections = connections
        self._parameters = postgres_parameters(url)
        self._lock_seconds = lock_seconds
        self._statement_seconds = statement_seconds
        self._statements = {
            name: _Statement(text.encode(), f"synclead_{sha256(text.encode()).hexdigest()[:16]}".encode())
            for name, text in load_statements("postgres").items()
        }
        self._limits = {
            "lock": lock_seconds,
            "statement": statement_seconds,
            # Frees the lock when this process stands still between two round trips ...
            "idle": statement_seconds,
            # ... and half way through one: then no statement runs and the transaction does not count as idle.
            "transaction": lock_seconds + 2 * statement_seconds,
        }
        self._limits_of_transaction = self._set_limits(is_local=True)
        self._prepares = True
        """Whether connections to the server itself keep what is prepared; false once one did not."""
        self._free = asyncio.Semaphore(connections)
        self._idle: list[_Link] = []

    def transaction(self, *, read_only: bool = False) -> "PostgresTransaction":
        """See `transaction.Database`."""
        return PostgresTransaction(self, read_only=read_only)

    async def setting(self, name: str) -> str:
        """A setting as a transaction of the writer sees it, for tests and `synclead doctor`."""
        async with self.transaction() as transaction:
            await transaction.run([])
            rows = await transaction.link.pipeline.run([Command(b"SELECT current_setting($1)", name.encode())])
        return str(rows[0][0][0])

    async def close(self) -> None:
        """See `transaction.Database`."""
        await self._drop_idle()

    def _set_limits(self, *, is_local: bool) -> Command:
        limits = {name: f"{max(1, round(seconds * 1000))}ms" for name, seconds in self._limits.items()}
        return Command(self._statements["set_limits"].text, encode({**limits, "local": is_local}))

    async def _take(self) -> _Link:
        await self._free.acquire()
        try:
            return self._idle.pop() if self._idle else await self._connect()
        except BaseException:
            self._free.release()
            raise

    async def _connect(self) -> _Link:
        try:
            async with asyncio.timeout(self._lock_seconds + _GRACE_SECONDS):
                connection: Connection = await AsyncConnection.connect(**self._parameters, autocommit=True)
                try:
                    pipeline = Pipeline(connection)
                except BaseException:
                    await connection.close()
                    raise
                try:
                    return await self._link(connection, pipeline)
                except BaseException:
                    await pipeline.close()
                    raise
        except (psycopg.Error, OSError) as error:  # of which a TimeoutError is one, and no file being left
            raise DatabaseLostError(f"the database cannot be reached: {error}") from error

    async def _link(self, connection: Connection, pipeline: Pipeline) -> _Link:
        # Decoded by who wants it, as on SQLite: megabytes of leads are read with turns of others between them.
        set_json_loads(_as_text, connection)
        # A pooler answers the start of a connection itself, with a number of its own.
        (((backend,),),) = await pipeline.run([_BACKEND])
        is_direct = self._prepares and backend == connection.info.backend_pid
        if is_direct:
            await pipeline.run([self._set_limits(is_local=False)])
        return _Link(connection, pipeline, is_direct)

    async def _give_back(self, link: _Link, *, is_clean: bool) -> None:
        """Keeps a connection for the next transaction, after a ROLLBACK where it is not clean."""
        try:
            if not is_clean:
                await link.pipeline.run([_ROLLBACK], seconds=_GRACE_SECONDS)
            self._idle.append(link)
        except BaseException as error:
            await link.pipeline.close()
            if not isinstance(error, psycopg.Error | TimeoutError):
                raise
        finally:
            self._free.release()

    async def _drop_idle(self) -> None:
        idle, self._idle = self._idle, []
        for link in idle:
            await link.pipeline.close()


class PostgresTransaction:
    """See `transaction.Transaction`. BEGIN and the deadlines travel with the first statements."""

    __slots__ = ("_begin", "_database", "_is_clean", "_link")

    def __init__(self, database: PostgresDatabase, *, read_only: bool) -> None:
        self._database = database
        self._begin: Command | None = _BEGIN_READ if read_only else _BEGIN_WRITE
        self._link: _Link | None = None
        self._is_clean = True

    @property
    def link(self) -> _Link:
        """The connection of this transaction. Raises DatabaseLostError."""
        if self._link is None:
            raise DatabaseLostError("the connection was lost in this transaction")
        return self._link

    async def __aenter__(self) -> Self:
        self._link = await self._database._take()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._link is not None:
            await self._database._give_back(self._link, is_clean=self._is_clean)

    async def run(self, statements: Sequence[tuple[str, Document]], *, commit: bool = False) -> list[list[Row]]:
        """See `transaction.Transaction`."""
        database, link = self._database, self.link
        seconds = (database._lock_seconds if self._begin else 0) + database._statement_seconds + _GRACE_SECONDS
        self._is_clean = False
        try:
            commands = self._commands(link, statements, commit)
            # The server ends a slow statement; a network that swallows everything ends nothing.
            answers = await link.pipeline.run(commands, seconds=seconds)
        except UnicodeError:
            raise DataRefusedError("half a surrogate pair cannot be stored") from None
        except TimeoutError as error:
            await self._lose()
            raise DatabaseLostError("the database does not answer") from error
        except psycopg.Error as error:
            refusal = _refusal(error, is_open=not link.connection.closed)
            if error.sqlstate in _NOT_KEPT:
                database._prepares = False
            if isinstance(refusal, DatabaseLostError):
                await self._lose()
            # Not from it: its details show the values of leads, and the chain is logged.
            raise refusal from None
        except BaseException:
            await self._lose()
            raise
        self._is_clean = commit
        answers = answers[len(commands) - len(statements) - commit : len(commands) - commit]
        if commit and link.pipeline.is_unreplicated:
            raise NotReplicatedError(answers)
        return answers

    def _commands(self, link: _Link, statements: Sequence[tuple[str, Document]], commit: bool) -> list[Command]:
        """A statement that fails takes all that follow with it, COMMIT too."""
        commands: list[Command] = []
        begin, self._begin = self._begin, None
        if begin is not None:
            commands.append(begin)
            if not link.is_direct:
                commands.append(self._database._limits_of_transaction)
        for name, document in statements:
            text, prepared_name = self._database._statements[name]
            commands.append(Command(text, encode(document), prepared_name if link.is_direct else None))
        if commit:
            commands.append(_COMMIT)
        return commands

    async def _lose(self) -> None:
        """Lets the connection go, and those at rest: most often the server went, not one of them."""
        link, self._link = self._link, None
        if link is not None:
            await link.pipeline.close()
            self._database._free.release()
        await self._database._drop_idle()


_DATA = ("22", "23", "44", "54", "P0")
"""Classes of SQLSTATE: data exceptions, constraints, views, limits of the program, triggers."""
_AGAIN = ("08", "25", "40", "57")
"""A connection that broke, a standby, a deadlock, a server that ends: worth another connection."""
_NOT_KEPT = ("26000", "42P05")
"""A prepared statement that is not there, or is there already: somebody shares the connection after all."""
_STALE = (*_NOT_KEPT, "0A000")
"""And one whose columns are others now: a table was changed. A new connection knows nothing yet."""


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
    if not state or not is_open or state[:2] in _AGAIN or state in _STALE:
        return DatabaseLostError(text)
    return DatabaseError(text)


def _text(error: psycopg.Error, state: str) -> str:
    """What happened, without the values that it happened to: this is logged."""
    parts = (type(error).__name__, state, error.diag.table_name, error.diag.constraint_name)
    named = " ".join(part for part in parts if part)
    # A data exception quotes the value in its first line, an error of the connection has nothing to quote.
    return named if state[:2] in _DATA else " ".join(f"{named}: {error.diag.message_primary or error}".split())


def _as_text(json: str | bytes) -> str:
    return json if isinstance(json, str) else json.decode()
