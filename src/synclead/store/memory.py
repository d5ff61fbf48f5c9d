"""A database in the memory of this process: nothing of it is on the disk, and it ends with the process."""

import os
import sqlite3
from secrets import token_hex

from synclead.store.engine import open_engine, writing
from synclead.store.master_keys import MasterKeys
from synclead.store.secrets import MasterKey
from synclead.store.sqlite import SqliteDatabase
from synclead.store.upgrade import create


class MemoryDatabase:
    """SQLite with the current schema, shared by every connection of this process, and a master key of its own.

    SQLite's `memdb` locks as a file without a write-ahead log does: a reader waits for a writer, and a commit for the
    readers.
    """

    def __init__(self) -> None:
        self._uri = f"file:/synclead-{token_hex(8)}?vfs=memdb"
        # SQLite forgets the database with its last connection.
        self._keeper = sqlite3.connect(self._uri, uri=True, check_same_thread=False)
        self.engine = open_engine(f"sqlite:///{self._uri}&uri=true")
        key = MasterKey(os.urandom(32))
        self.master_keys = MasterKeys(lambda: [key])
        with writing(self.engine) as connection:
            create(connection)

    def open(self, *, lock_seconds: float, statement_seconds: float) -> SqliteDatabase:
        """The writer's way to it: see `databases.open_database`."""
        return SqliteDatabase(self._uri, lock_seconds=lock_seconds, statement_seconds=statement_seconds)

    def release(self) -> None:
        """Forgets everything, once the engine and the writer's adapter are closed too."""
        self._keeper.close()
