"""Opens the database that the settings name, and adds the subscriptions that they declare."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy import Engine

from synclead.logs import get_logger
from synclead.settings import Settings
from synclead.store.databases import open_database
from synclead.store.durability import check_durability
from synclead.store.engine import open_engine, sqlite_path
from synclead.store.errors import DatabaseUnavailableError
from synclead.store.master_keys import MasterKeys, open_master_keys
from synclead.store.memory import MemoryDatabase
from synclead.store.serve_lock import ServeLock
from synclead.store.sqlite_files import SqliteFiles
from synclead.store.transaction import Database
from synclead.store.upgrade import prepare

_log = get_logger()


class Hold(Protocol):
    """What a process holds while it serves: the lock of an SQLite file, or a database in memory."""

    def release(self) -> None:
        """Lets go of it, once nothing uses the database any more."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A database with the current schema."""

    engine: Engine
    master_keys: MasterKeys
    hold: Hold | None
    """PostgreSQL serves any number of processes."""
    settings: Settings

    def connect(self, *, connections: int | None = None) -> Database:
        """A way to it for calls: see `databases.open_database`."""
        lock, statement = self.settings.lock_timeout, self.settings.statement_timeout
        if isinstance(self.hold, MemoryDatabase):
            return self.hold.open(lock_seconds=lock, statement_seconds=statement)
        url, files = self.settings.database, self.files
        return open_database(url, lock_seconds=lock, statement_seconds=statement, connections=connections, files=files)

    @property
    def files(self) -> SqliteFiles | None:
        """The files that are open; None where it is no SQLite file."""
        return self.hold.files if isinstance(self.hold, ServeLock) else None


@contextmanager
def opened(settings: Settings) -> Iterator[Opened]:
    """The database, for a block that puts it to use; let go of where that fails. Raises StoreError."""
    hold: Hold | None = MemoryDatabase() if settings.ephemeral else _serve_lock(settings.database)
    try:
        if isinstance(hold, MemoryDatabase):
            # It is to be lost: nobody asks how durable it is.
            found = Opened(hold.engine, hold.master_keys, hold, settings)
        else:
            found = _open_lasting(settings, hold)
        _declare(found.engine, found.master_keys, settings)
        yield found
    except BaseException:
        if hold is not None:
            hold.release()
        raise


def _open_lasting(settings: Settings, hold: Hold | None) -> Opened:
    url = settings.database
    prepare(url)
    engine = open_engine(url, _keep(hold))
    if not settings.allow_unsafe_durability:
        check_durability(engine)
    return Opened(engine, open_master_keys(engine, url, os.environ), hold, settings)


def _keep(hold: Hold | None) -> SqliteFiles | None:
    """The files of an SQLite database, kept open from here on."""
    if not isinstance(hold, ServeLock):
        return None
    for name in hold.keep():
        _log.warning("other accounts could read a file with leads: they cannot any more", file=name)
    return hold.files


def _declare(engine: Engine, keys: MasterKeys, settings: Settings) -> None:
    """The subscriptions that a start adds. What that takes is loaded where it is asked for."""
    if settings.demo:
        from synclead.store.demo import add_demo

        add_demo(engine, keys)
    if settings.apply is not None:
        from synclead.store.apply import apply_declaration
        from synclead.store.declaration import read_declaration_file

        apply_declaration(engine, keys, read_declaration_file(settings.apply, os.environ))


def _serve_lock(url: str) -> ServeLock | None:
    path = sqlite_path(url)
    if path is None:
        return None
    try:
        return ServeLock(path)
    except OSError as error:
        raise DatabaseUnavailableError(f"the database {path} cannot be opened: {error.strerror}") from error
