"""A real PgBouncer before one database of the tests, with the settings that docs/production.md names."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from configparser import ConfigParser
from contextlib import contextmanager
from pathlib import Path
from time import monotonic

from psycopg.conninfo import conninfo_to_dict

from support.server import free_port

DOCUMENT = Path(__file__).parents[2] / "docs" / "production.md"
READY_WITHIN = 30.0  # seconds


def documented() -> ConfigParser:
    """The settings that operators are told to make."""
    (block,) = re.findall(r"^```ini\n(\[pgbouncer\]\n.*?)^```$", DOCUMENT.read_text(), re.DOTALL | re.MULTILINE)
    settings = ConfigParser(interpolation=None)
    settings.read_string(block)
    return settings


class PgBouncer:
    """The pooler on a port of its own, which it keeps when it is started again."""

    def __init__(self, folder: Path, database_url: str, pool_size: int) -> None:
        """`pool_size`: how many connections to the server all clients share."""
        target = conninfo_to_dict(database_url)
        user, name, host = target["user"], target["dbname"], str(target["host"])
        self.port = free_port()
        self.url = f"postgresql://{user}@127.0.0.1:{self.port}/{name}"
        users, file = folder / "users.txt", folder / "pgbouncer.ini"
        users.write_text(f'"{user}" ""\n')
        settings = documented()
        settings["databases"] = {str(name): f"host={host} dbname={name}"}
        settings["pgbouncer"].update(
            listen_addr="127.0.0.1",
            listen_port=str(self.port),
            unix_socket_dir="",
            auth_type="trust",
            auth_file=str(users),
            default_pool_size=str(pool_size),
        )
        with file.open("w") as text:
            settings.write(text)
        # It does not run as root; the owner of the socket's folder may use the socket.
        identity = ["--user", Path(host).owner()] if os.geteuid() == 0 else []
        self._command = ["pgbouncer", "--quiet", *identity, str(file)]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Starts it and returns when it takes connections."""
        self._process = process = subprocess.Popen(self._command, stdin=subprocess.DEVNULL)
        deadline = monotonic() + READY_WITHIN
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=READY_WITHIN).close()
                return
            except OSError:
                assert monotonic() < deadline, f"not ready within {READY_WITHIN} s"
            try:  # the pause between two looks ends at once when the process does
                code = process.wait(timeout=0.05)
            except subprocess.TimeoutExpired:
                continue
            raise AssertionError(f"PgBouncer ended with {code} at its start")

    def kill(self) -> None:
        """Ends it by SIGKILL, and all connections with it."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


@contextmanager
def running_pgbouncer(database_url: str, pool_size: int) -> Iterator[PgBouncer]:
    """A pooler before the database for the length of a block."""
    # Not a folder of pytest's: those are closed to every user but one.
    folder = Path(tempfile.mkdtemp(prefix="synclead-pgbouncer-"))
    folder.chmod(0o755)
    pooler = PgBouncer(folder, database_url, pool_size)
    try:
        pooler.start()
        yield pooler
    finally:
        pooler.kill()
        shutil.rmtree(folder)
