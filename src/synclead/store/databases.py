"""Opens the adapter that a database URL names."""

from synclead.store.engine import sqlite_path
from synclead.store.serve_lock import is_served
from synclead.store.sqlite import SqliteDatabase
from synclead.store.sqlite_files import SqliteFiles
from synclead.store.transaction import Database

_LOG_LOCK_SECONDS = 0.2
"""Short, since the log can wait: whoever keeps the database locked writes leads."""
_LOG_STATEMENT_SECONDS = 5.0


def open_database(
    url: str,
    *,
    lock_seconds: float = 10.0,
    statement_seconds: float = 20.0,
    connections: int | None = None,
    files: SqliteFiles | None = None,
) -> Database:
    """A way to the database of `url`, for the writer if nothing else is said; its schema must be the current one.

    `lock_seconds`: how long another writer may keep the lock; `statement_seconds`: how long one
    statement may take; `connections`: how many there may be to PostgreSQL, and there is one to SQLite; `files`: what
    this process knows of an SQLite database that it has open already.
    Raises DatabaseUnavailableError for a URL of neither database.
    """
    path = sqlite_path(url)
    if path is not None:
        return SqliteDatabase(path, lock_seconds=lock_seconds, statement_seconds=statement_seconds, files=files)
    # The driver takes a tenth of a second to load: not for who serves from a file.
    from synclead.store.postgres import CONNECTIONS, PostgresDatabase

    return PostgresDatabase(
        url,
        lock_seconds=lock_seconds,
        statement_seconds=statement_seconds,
        connections=CONNECTIONS if connections is None else connections,
    )


def open_log_database(url: str, files: SqliteFiles | None = None) -> Database:
    """The way of the log of calls to the database of `url`: connections of its own, and no wait for the disk.

    `files`: see `open_database`.
    Raises DatabaseUnavailableError for a URL of neither database.
    """
    path = sqlite_path(url)
    if path is not None:
        return SqliteDatabase(
            path,
            lock_seconds=_LOG_LOCK_SECONDS,
            statement_seconds=_LOG_STATEMENT_SECONDS,
            durable=False,
            files=files,
        )
    return open_database(url, lock_seconds=_LOG_LOCK_SECONDS, statement_seconds=_LOG_STATEMENT_SECONDS, connections=1)


def may_starve_others(url: str) -> bool:
    """Whether a writer that never rests may keep a server from writing to the database of `url` now.

    Who waits for an SQLite file looks again now and then, and may look at the wrong moments for ever. Who waits for
    PostgreSQL's lock has it when it is free.
    """
    path = sqlite_path(url)
    return path is not None and is_served(path)
