"""Starts `synclead serve --ephemeral`, and speaks with it: one object for calls and for control calls."""

import http.client
import json
import os
import subprocess
import sys
import tempfile
import threading
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from secrets import token_hex
from typing import IO, Any, cast
from urllib.parse import quote, urlsplit

from synclead.client import SyncleadClient
from synclead.store.declaration import read_declaration

_START_SECONDS = 30.0
_STOP_SECONDS = 20.0
_CONTROL_SECONDS = 30.0
_KEPT_LINES = 200
_KEY_VARIABLE = "TESTING_ENCRYPTION_KEY"


class DoubleError(Exception):
    """The server did not start, or is gone; the message has the end of its log."""


class ControlRefusedError(ValueError):
    """A control call was refused; the message names the value."""


class RunningServer:
    """A server that runs: where and as whom to call it, and what it is to do next."""

    def __init__(self, process: "_Process", account: str, user: str, key: str) -> None:
        self._process = process
        self.url = process.url
        """The SOAP address."""
        self.munchkin_account = account
        self.user = user
        """The API user of the first subscription that is declared."""
        self.key = key
        """Its encryption key."""

    def client(self, **options: Any) -> SyncleadClient:
        """A client for the API user, which signs with the server's time; `options` are SyncleadClient's."""
        return SyncleadClient(self.url, self.user, self.key, **({"now": self.now} | options))

    # -- what it is to do ---------------------------------------------------------------------------

    def reset(self) -> None:
        """As after the start: no leads, visitors, history, planned faults or counted calls; Ids and the clock anew.

        Subscriptions, users and fields stay, but those fields that calls made.
        """
        self._post("reset", {})

    def fail(self, code: int, calls: int = 1, *, written: bool = False, wait: float = 0.0) -> None:
        """The next `calls` authenticated calls answer fault 20011, 20015, 20016, 20023 or 20024.

        `written`, with 20011: each is carried out, and hears that its outcome is not known. `wait`: each answer
        comes so many seconds later. Raises ControlRefusedError.
        """
        self._post("faults", {"code": code, "calls": calls, "written": written, "wait": wait})

    def wait(self, seconds: float, calls: int = 1) -> None:
        """The answers of the next `calls` authenticated calls come so much later. Raises ControlRefusedError."""
        self._post("faults", {"wait": seconds, "calls": calls})

    def set_clock(self, now: datetime) -> None:
        """The server's clock stands at this aware moment, until it is moved. Raises ControlRefusedError."""
        self._post("clock", {"now": now.isoformat()})

    def advance(self, seconds: float) -> None:
        """The server's clock goes forward, or back. Raises ControlRefusedError."""
        self._post("clock", {"advance": seconds})

    # -- what it knows ------------------------------------------------------------------------------

    def now(self) -> datetime:
        """The server's time."""
        return datetime.fromisoformat(self._get("clock")["now"])

    def leads(self, *, email: str | None = None, subscription: str | None = None) -> list[dict[str, Any]]:
        """Every lead by Id, 1,000 at most, or those of an Email, the last changed first.

        Each as `synclead lead show --json` shows it. `subscription`: its name or account, where there are several.
        Raises ControlRefusedError.
        """
        found: list[dict[str, Any]] = self._get("leads", email=email, subscription=subscription)
        return found

    def lead(self, key: int | str, *, subscription: str | None = None) -> dict[str, Any] | None:
        """The lead of an Id, or the only one of an Email; None where there is none.

        Raises LookupError where several have the Email, and ControlRefusedError.
        """
        if isinstance(key, str):
            found = self.leads(email=key, subscription=subscription)
        else:
            found = self._get("leads", id=str(key), subscription=subscription)
        if len(found) > 1:
            raise LookupError(f"{len(found)} leads have the Email {key}: use leads(email=...)")
        return found[0] if found else None

    def calls(self) -> list[dict[str, Any]]:
        """The last calls, 1,000 at most, the oldest first: at, operation, user, outcome, fault, lead, injected, ms."""
        found: list[dict[str, Any]] = self._get("calls")
        return found

    def _get(self, name: str, **query: str | None) -> Any:
        given = "&".join(f"{key}={quote(value)}" for key, value in query.items() if value is not None)
        return self._control("GET", f"{name}?{given}" if given else name)

    def _post(self, name: str, body: Mapping[str, Any]) -> Any:
        return self._control("POST", name, json.dumps(body))

    def _control(self, method: str, path: str, body: str | None = None) -> Any:
        place = urlsplit(self.url)
        connection = http.client.HTTPConnection(str(place.hostname), place.port, timeout=_CONTROL_SECONDS)
        try:
            connection.request(method, f"/control/{path}", body)
            response = connection.getresponse()
            answer = json.loads(response.read())
        except (OSError, http.client.HTTPException) as error:
            raise DoubleError(f"the server did not answer: {error}{self._process.tail()}") from error
        finally:
            connection.close()
        if response.status != 200:
            raise ControlRefusedError(answer["error"])
        return answer


class _Process:
    """The process, and what it logs: somebody must read that, or it would stand still."""

    def __init__(self, options: Sequence[str], environment: Mapping[str, str]) -> None:
        self.url = ""
        self._lines: deque[str] = deque(maxlen=_KEPT_LINES)
        self._known = threading.Event()
        # -P: no module of the folder that the tests run in may take the place of a library.
        # Its standard input ends with this process, however that ends, and it with that.
        self._child = subprocess.Popen(  # noqa: S603 - our own program, without a shell
            [sys.executable, "-P", "-m", "synclead", "serve", "--ephemeral", "--end-with-stdin", "--port=0", *options],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, name="synclead-double", daemon=True)
        self._reader.start()

    def await_start(self) -> None:
        """Returns when it serves. Raises DoubleError."""
        if not self._known.wait(_START_SECONDS):
            raise DoubleError(f"the server did not start within {_START_SECONDS:g} seconds{self.tail()}")
        if not self.url:
            raise DoubleError(f"the server ended at its start{self.tail()}")

    def stop(self) -> None:
        """Ends it."""
        self._child.terminate()
        try:
            self._child.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
        self._reader.join()
        cast(IO[str], self._child.stdin).close()

    def tail(self) -> str:
        """The last lines of its log, for a message."""
        return "".join(f"\n{line}" for line in list(self._lines)[-20:])

    def _read(self) -> None:
        with cast(IO[str], self._child.stderr) as log:
            for line in log:
                self._lines.append(line.rstrip("\n"))
                if not self._known.is_set() and line.startswith("{"):
                    entry = json.loads(line)
                    if entry.get("event") == "serving":
                        self.url = entry["url"]
                        self._known.set()
        self._known.set()


@contextmanager
def running(
    declaration: str | None = None, *, clock: datetime | None = None, options: Sequence[str] = ()
) -> Iterator[RunningServer]:
    """A server for the length of a block, on a free port of this machine, with nothing on disk.

    `declaration` is the text of a file for `synclead apply`, with a subscription that has a user; without one there is
    a subscription with a user and a key that nobody knew before. `clock`, an aware moment: its clock stands there.
    `options`: more of `synclead serve`. Raises DoubleError, and store.declaration_table.DeclarationError, which names
    what is wrong with the declaration.
    """
    environment = dict(os.environ)
    if declaration is None:
        environment[_KEY_VARIABLE] = token_hex(20)
        declaration = _own_declaration()
    account, user, key = _first_user(declaration, environment)
    # What is set for a server of another kind must not reach this one; keys are named by the declaration.
    kept = {name: text for name, text in environment.items() if not name.startswith("SYNCLEAD_") or name in declaration}
    if clock is not None:
        options = (*options, f"--clock={clock.isoformat()}")
    with _started(declaration, options, kept) as process:
        yield RunningServer(process, account, user, key)


@contextmanager
def _started(declaration: str, options: Sequence[str], environment: Mapping[str, str]) -> Iterator[_Process]:
    with tempfile.TemporaryDirectory() as folder:  # of this process: for the start alone
        file = Path(folder, "subscriptions.toml")
        file.write_text(declaration, "utf-8")
        process = _Process([f"--apply={file}", *options], environment)
        try:
            process.await_start()
        except BaseException:
            process.stop()
            raise
    try:
        yield process
    finally:
        process.stop()


def _own_declaration() -> str:
    return (
        '[[subscription]]\nname = "Test"\nmunchkin_account = "100-TST-100"\n'
        f'api_users = [ {{ id = "test1_{token_hex(16).upper()}", encryption_key_env = "{_KEY_VARIABLE}" }} ]\n'
    )


def _first_user(declaration: str, environment: Mapping[str, str]) -> tuple[str, str, str]:
    """The account, the user and the key of the first user that has one. Raises DoubleError without any."""
    for subscription in read_declaration(declaration, environment):
        for user in subscription.api_users:
            if user.keys and not user.disabled:
                return subscription.munchkin_account, user.id, user.keys[0]
    raise DoubleError("the declaration has no API user: add api_users to a subscription")
