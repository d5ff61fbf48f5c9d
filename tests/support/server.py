"""The real server as a process of its own, for tests that want what a user has."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import Any

from support.command import Ran, run_here
from support.envelopes import Caller, Credentials

PROGRAM = str(Path(sys.executable).with_name("synclead"))
READY_WITHIN = 30.0  # seconds, as the design promises for /readyz
STOPPED_WITHIN = 20.0  # seconds, as the design promises for SIGTERM
MASTER_KEY = {"SYNCLEAD_MASTER_KEY": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="}


class ServerFailedError(AssertionError):
    """The server or a command did not do what a test needs before it can begin; the text has the log."""


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on now. It stays the server's over restarts."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Server:
    """`synclead serve` on an SQLite database in `directory` or the one named, and the commands on the same database.

    On PostgreSQL it is given a master key where the test gives no environment of its own.
    """

    def __init__(
        self,
        directory: Path,
        *,
        options: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
        database_url: str | None = None,
        program: Sequence[str] = (PROGRAM,),
    ) -> None:
        self.directory = directory
        self.database_url = database_url or f"sqlite:///{directory / 'leads.db'}"
        self.program = list(program)
        self.port = free_port()
        self.options = list(options)
        if environment is None and not self.is_sqlite:
            environment = MASTER_KEY
        # Settings of whoever runs the tests must not reach the server under test.
        kept = {name: text for name, text in os.environ.items() if not name.startswith("SYNCLEAD_")}
        self.environment = kept | {"NO_COLOR": "1", "COLUMNS": "200"} | dict(environment or {})
        self.lines: list[str] = []
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None

    @property
    def is_sqlite(self) -> bool:
        """Whether the database is a file."""
        return self.database_url.startswith("sqlite:")

    # The commands

    def command(self, *words: str, input_text: str | None = None) -> subprocess.CompletedProcess[str]:
        """Runs a command on the server's database and gives back whatever came of it."""
        return subprocess.run(
            [PROGRAM, *words, "--database-url", self.database_url],
            env=self.environment,
            cwd=self.directory,
            input=input_text,
            stdin=subprocess.DEVNULL if input_text is None else None,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def run(self, *words: str) -> str:
        """The standard output of a command that must succeed."""
        done = self.command(*words)
        if done.returncode != 0:
            raise ServerFailedError(f"synclead {' '.join(words)}: exit {done.returncode}\n{done.stdout}\n{done.stderr}")
        return done.stdout

    def apply(self, declaration: str) -> str:
        """Declares subscriptions from the TOML text; what `synclead apply` says, run in this process."""
        path = self.directory / "subscriptions.toml"
        path.write_text(declaration, encoding="utf-8")
        done = self.command_here("apply", str(path))
        if done.code != 0:
            raise ServerFailedError(f"synclead apply: exit {done.code}\n{done.out}\n{done.err}")
        return done.out

    def command_here(self, *words: str) -> Ran:
        """Runs a command on the server's database in this process, and gives back whatever came of it."""
        words = (*words, "--database-url", self.database_url)
        return run_here(*words, environment=self.environment, directory=self.directory)

    # The process

    @property
    def pid(self) -> int:
        """The server's process id."""
        return self._running().pid

    def start(self) -> None:
        """Starts the server and returns when /readyz answers 200."""
        self.launch()
        self.await_ready()

    def launch(self) -> None:
        """Starts the server and returns at once."""
        if self._process is not None:
            raise ServerFailedError("the server runs already")
        process = subprocess.Popen(
            [*self.program, "serve", "--port", str(self.port), "--database-url", self.database_url, *self.options],
            env=self.environment,
            cwd=self.directory,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._process = process
        self._reader = threading.Thread(target=self._read_log, args=(process,), daemon=True)
        self._reader.start()

    def await_ready(self) -> None:
        """Returns when /readyz answers 200."""
        process = self._running()
        deadline = monotonic() + READY_WITHIN
        while monotonic() < deadline:
            try:
                if self.get("/readyz") == 200:
                    return
            except (OSError, http.client.HTTPException):
                pass
            try:  # the pause between two looks ends at once when the process does
                code = process.wait(timeout=0.05)
            except subprocess.TimeoutExpired:
                continue
            self._reap()
            raise ServerFailedError(f"the server ended with {code} at its start\n{self._tail()}")
        self.close()
        raise ServerFailedError(f"the server was not ready within {READY_WITHIN} s\n{self._tail()}")

    def stop(self) -> int:
        """Ends the server as an operator does, by SIGTERM; its exit code."""
        self.ask_to_stop()
        return self.wait()

    def ask_to_stop(self) -> None:
        """Sends SIGTERM and returns at once."""
        self._running().send_signal(signal.SIGTERM)

    def wait(self) -> int:
        """The exit code of a server that was asked to stop."""
        return self._reap()

    def kill(self) -> int:
        """Ends the server as a power failure does, by SIGKILL; its exit code."""
        self._running().kill()
        return self._reap()

    def restart(self) -> None:
        """Starts again on the same database and port, after stopping if it still runs."""
        if self._process is not None:
            self.stop()
        self.start()

    def close(self) -> None:
        """Leaves no process behind, whatever the test did."""
        if self._process is not None:
            self.kill()

    def get(self, path: str) -> int:
        """The HTTP status of a GET of the path."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("GET", path)
            return connection.getresponse().status
        finally:
            connection.close()

    def caller(self, credentials: Credentials) -> Caller:
        """A client of this server for one API user, on one kept connection."""
        return Caller("127.0.0.1", self.port, credentials)

    def log(self) -> list[dict[str, Any]]:
        """The lines of the log so far that are JSON objects, oldest first, over all starts."""
        entries = []
        for line in list(self.lines):
            try:
                entry = json.loads(line)
            except ValueError:
                continue
            if isinstance(entry, dict):
                entries.append(entry)
        return entries

    def await_log(self, event: str, **facts: object) -> None:
        """Returns when the log has a line of this event with these facts: it comes by a pipe, later than answers."""
        deadline = monotonic() + 30
        while not any(one.get("event") == event and facts.items() <= one.items() for one in self.log()):
            assert monotonic() < deadline, self.lines[-20:]
            sleep(0.02)

    def _running(self) -> subprocess.Popen[str]:
        if self._process is None:
            raise ServerFailedError("the server does not run")
        return self._process

    def _reap(self) -> int:
        process, reader = self._running(), self._reader
        try:
            code = process.wait(timeout=STOPPED_WITHIN)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise ServerFailedError(f"the server did not end within {STOPPED_WITHIN} s\n{self._tail()}") from None
        finally:
            self._process = self._reader = None
        if reader is not None:
            reader.join()  # so that the log is whole
        if code != 0:
            print(self._tail())  # pytest shows it beside a test that fails
        return code

    def _read_log(self, process: subprocess.Popen[str]) -> None:
        assert process.stderr is not None
        with process.stderr as stream:
            self.lines.extend(line.rstrip("\n") for line in stream)

    def _tail(self) -> str:
        return "\n".join(self.lines[-20:])


@contextmanager
def running_server(
    directory: Path,
    declaration: str,
    *,
    options: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
    database_url: str | None = None,
) -> Iterator[Server]:
    """A server with the declared subscriptions, ready; it is gone after the block."""
    server = Server(directory, options=options, environment=environment, database_url=database_url)
    server.apply(declaration)
    try:
        server.start()
        yield server
    finally:
        server.close()
