"""SQLite: the writer's adapter, one connection of the standard driver in one thread."""

import asyncio
import sqlite3
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from msgspec.json import encode

from synclead.alarm import Alarm
from synclead.store.sql import load_statements
from synclead.store.sqlite_files import SqliteFiles
from synclead.store.transaction import (
    TOO_MUCH_READ,
    DatabaseError,
    DatabaseLostError,
    DataRefusedError,
    Document,
    FilesReplacedError,
    LockTimeoutError,
    OutcomeUnknownError,
    Row,
    StatementTimeoutError,
    TooMuchReadError,
    row_bytes,
)
from synclead.store.worker_thread import WorkerThread

_INSTRUCTIONS_BETWEEN_LOOKS = 10_000
"""Of SQLite's virtual machine: less than a millisecond apart, too rare to be measured."""
_GRACE_SECONDS = 2.0


class SqliteDatabase:
    """An SQLite file as the writer needs it: WAL, every commit on the disk, our own BEGIN and COMMIT."""

    connections = 1
    turns_between_groups = 6
    """Enough for the next calls of clients that were answered a moment ago. The thread that writes and the loop take
    turns at Python, so nothing is gained by keeping it busy, and fewer groups cost less."""

    def __init__(
        self,
        place: Path | str,
        *,
        lock_seconds: float = 10.0,
        statement_seconds: float = 20.0,
        durable: bool = True,
        files: SqliteFiles | None = None,
    ) -> None:
        """`place`: a file, or the URI of a database in memory (`memory`); `lock_seconds`: how long another writer may
        keep the database; `statement_seconds`: how long one statement may take. Not `durable`: the last commits may be
        lost when the power fails, and none waits for the disk. It must exist with the current schema (`upgrade`).
        `files`: what this process knows of them already, where it has other connections."""
        # mode=rw: a file that went away must not come back empty.
        self._uri = place if isinstance(place, str) else f"{place.absolute().as_uri()}?mode=rw"
        self._files = SqliteFiles(place) if files is None and isinstance(place, Path) else files
        self._lock_seconds = lock_seconds
        self._statement_seconds = statement_seconds
        self._synchronous = "FULL" if durable else "NORMAL"
        self._statements = load_statements("sqlite")
        self._thread = WorkerThread("synclead-sqlite")
        self._turn = asyncio.Lock()
        self._connection: sqlite3.Connection | None = None
        self._job: asyncio.Future[Any] | None = None
        self._guard: Alarm | None = None
        self._deadline = 0.0
        self._lock_wait = 0.0

    def transaction(self, *, read_only: bool = False) -> "SqliteTransaction":
        """See `transaction.Database`. Transactions of one process take turns."""
        return SqliteTransaction(self, read_only=read_only)

    async def pragma(self, name: str) -> object:
        """A setting of the writer's own connection, for tests and `synclead doctor`."""
        async with self._turn:
            return await self._thread.run(
                lambda: self._connect().execute(f"PRAGMA {name}").fetchone()[0],
            )

    async def close(self) -> None:
        """See `transaction.Database`."""
        async with self._turn:
            await self._thread.run(self._drop)
        self._thread.close()
        if self._guard is not None:
            self._guard.close()

    def _guard_job(self, job: "asyncio.Future[Any]", seconds: float) -> None:
        """Gives up a job of the thread in so many seconds. One at a time: transactions take turns."""
        self._job = job
        if self._guard is None:
            self._guard = Alarm(job.get_loop(), self._give_up)
        self._guard.set(seconds)

    def _leave_job(self) -> None:
        self._job = None  # its answer may be large
        if self._guard is not None:
            self._guard.cancel()

    def _give_up(self) -> None:
        if self._job is not None and not self._job.done():
            self._job.set_exception(DatabaseLostError("the disk does not answer"))

    # -- in the thread ------------------------------------------------------------------------------

    def _connect(self) -> sqlite3.Connection:
        if self._connection is None:
            self._look()
            connection = sqlite3.connect(
                self._uri,
                uri=True,
                timeout=self._lock_seconds,
                isolation_level=None,
                check_same_thread=False,
            )
            try:
                connection.execute("PRAGMA journal_mode = WAL")
                connection.execute(f"PRAGMA synchronous = {self._synchronous}")
                connection.execute("PRAGMA schema_version").fetchone()  # opens log and index
            except sqlite3.Error:
                connection.close()
                raise
            connection.create_function("lock_wait", 0, lambda: self._lock_wait)
            connection.set_progress_handler(self._is_late, _INSTRUCTIONS_BETWEEN_LOOKS)
            self._connection = connection
            if self._files is not None:
                self._files.opened()
        return self._connection

    def _look(self) -> None:
        if self._files is not None:
            self._files.look()

    def _is_late(self) -> bool:
        return time.monotonic() > self._deadline

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
            if self._files is not None:
                self._files.closed()

    def _begin(self, mode: str) -> None:
        connection = self._connect()
        began = time.monotonic()
        self._deadline = began + self._lock_seconds + self._statement_seconds
        connection.execute(f"BEGIN {mode}")
        self._lock_wait = time.monotonic() - began

    def _execute(self, name: str, document: Document) -> list[Row]:
        self._deadline = time.monotonic() + self._statement_seconds
        text = encode(document).decode()
        found = self._connect().execute(self._statements[name], {"document": text})
        most = document.get("bytes")
        return found.fetchall() if most is None else _within(found, most)

    def _run(self, begin: str | None, statements: Sequence[tuple[str, Document]], commit: bool) -> list[list[Row]]:
        try:
            if begin is not None:
                self._begin(begin)
            answers = [self._execute(name, document) for name, document in statements]
            if commit:
                self._commit()
            return answers
        except (sqlite3.Error, OverflowError, UnicodeError, DatabaseError) as error:
            raise self._fail(error) from error

    def _commit(self) -> None:
        """COMMIT, where the database is still what its name leads to; and nobody is told where it is not afterwards."""
        self._look()
        self._connect().execute("COMMIT")
        try:
            self._look()
        except FilesReplacedError as error:
            raise OutcomeUnknownError(str(error)) from error

    def _end(self, was_good: bool) -> None:
        """Of a transaction that wrote nothing: what it read is told to nobody either where it is not the database."""
        self._rollback()
        if was_good:
            self._look()

    def _fail(self, error: Exception) -> DatabaseError:
        """Rolls back, and says which of our errors it is."""
        self._rollback()
        if isinstance(error, DatabaseError):
            return error
        if isinstance(error, (sqlite3.IntegrityError, sqlite3.DataError, OverflowError, UnicodeError)):
            return DataRefusedError(str(error))
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code == sqlite3.SQLITE_BUSY:
            return LockTimeoutError("another writer keeps the database locked")
        if code == sqlite3.SQLITE_INTERRUPT:
            return StatementTimeoutError("a statement took too long")
        self._drop()
        return DatabaseLostError(str(error))

    def _rollback(self) -> None:
        self._deadline = float("inf")
        try:
            if self._connection is not None and self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
        except sqlite3.Error:
            self._drop()


def _within(found: sqlite3.Cursor, most: int) -> list[Row]:
    """The rows, as long as they are `most` bytes at most. SQLite makes one when it is asked for, so no more is held."""
    rows: list[Row] = []
    for row in found:
        most -= row_bytes(row)
        if most < 0:
            raise TooMuchReadError(TOO_MUCH_READ)
        rows.append(row)
    return rows


class SqliteTransaction:
    """See `transaction.Transaction`. BEGIN travels with the first statements."""

    __slots__ = ("_begin", "_database", "_is_open")

    def __init__(self, database: SqliteDatabase, *, read_only: bool) -> None:
        self._database = database
        self._begin: str | None = "DEFERRED" if read_only else "IMMEDIATE"
        self._is_open = False

    async def __aenter__(self) -> Self:
        await self._database._turn.acquire()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        database = self._database
        try:
            if self._is_open:
                await database._thread.run(database._end, kind is None)
        finally:
            database._turn.release()

    async def run(self, statements: Sequence[tuple[str, Document]], *, commit: bool = False) -> list[list[Row]]:
        """See `transaction.Transaction`."""
        database = self._database
        begin, self._begin = self._begin, None
        self._is_open = True
        seconds = (database._lock_seconds if begin else 0) + database._statement_seconds + _GRACE_SECONDS
        job = database._thread.run(database._run, begin, statements, commit)
        # The progress handler ends a slow statement; a disk that does not answer ends nothing.
        database._guard_job(job, seconds)
        try:
            answers = await job
        except DatabaseError:
            self._is_open = False
            raise
        finally:
            database._leave_job()
        self._is_open = not commit
        return answers
