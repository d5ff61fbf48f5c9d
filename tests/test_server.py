"""The server as a process: how it starts, what it refuses, and how it stops."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from support.envelopes import Call, Credentials, envelope
from support.server import free_port
from synclead.client import LeadToSync, SyncleadClient

DEMO = Credentials("demo17_1_809934544BFABAE58E5D27", "27272727aa")
PATH = "/soap/mktows/2_7"
GEORGE = Call(email="t@t.com", attributes=(("FirstName", "George"),))
PROGRAM = "import sys\nfrom synclead.server import serve\nfrom synclead.settings import load_settings\n"


def _start(directory: Path, options: str) -> "subprocess.Popen[str]":
    """A server process with settings as keyword arguments; its log is in `log`."""
    kept = {name: text for name, text in os.environ.items() if not name.startswith("SYNCLEAD_")}
    with (directory / "log").open("w") as log:
        return subprocess.Popen(
            [sys.executable, "-c", f"{PROGRAM}sys.exit(serve(load_settings({options})))"],
            cwd=directory,
            env=kept,
            stderr=log,
            text=True,
        )


def _await_serving(process: "subprocess.Popen[str]", directory: Path) -> None:
    until = time.monotonic() + 30
    while '"serving"' not in (directory / "log").read_text():
        assert time.monotonic() < until, (directory / "log").read_text()
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.05)
            pytest.fail((directory / "log").read_text())


@contextmanager
def _serving(directory: Path, options: str) -> Iterator["subprocess.Popen[str]"]:
    process = _start(directory, options)
    try:
        _await_serving(process, directory)
        yield process
    finally:
        process.kill()
        process.wait()


def _read_all(connection: socket.socket) -> bytes:
    received = b""
    while part := connection.recv(65536):
        received += part
    return received


def _head(*lines: str, version: str = "1.1") -> bytes:
    return "\r\n".join([f"POST {PATH} HTTP/{version}", "Host: localhost", *lines, "", ""]).encode()


def test_sigterm_answers_what_was_accepted_and_exits_with_0(tmp_path: Path) -> None:
    """A call under way is answered, a new one is not taken, and the log ends in order."""
    port = free_port()
    body = envelope(GEORGE, DEMO)
    with _serving(tmp_path, f"demo=True, port={port}") as process:
        with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
            connection.sendall(_head(f"Content-Length: {len(body)}") + body[:100])
            # The answer to another call says that the server has read what came before it.
            SyncleadClient(f"http://127.0.0.1:{port}", DEMO.user, DEMO.key).sync_lead(LeadToSync(email="a@b"))
            process.send_signal(signal.SIGTERM)
            connection.sendall(body[100:])
            assert b"200 OK" in _read_all(connection)
        assert process.wait(20) == 0
    events = [json.loads(line)["event"] for line in (tmp_path / "log").read_text().splitlines()]
    assert events[-1] == "stopped"
    assert events.count("call") == 2
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", port), timeout=5)


def test_an_idle_connection_does_not_delay_the_end(tmp_path: Path) -> None:
    """Kept connections are closed at SIGTERM, also those that never sent anything."""
    port = free_port()
    with _serving(tmp_path, f"demo=True, port={port}, shutdown_timeout=15") as process:
        with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
            process.send_signal(signal.SIGTERM)
            assert connection.recv(1) == b""
        assert process.wait(5) == 0


def test_a_call_that_does_not_arrive_does_not_delay_the_end(tmp_path: Path) -> None:
    """Half a request is given up when the time for calls under way is over; nothing of it is written."""
    port = free_port()
    with (
        _serving(tmp_path, f"demo=True, port={port}, shutdown_timeout=1") as process,
        socket.create_connection(("127.0.0.1", port), timeout=20) as connection,
    ):
        connection.sendall(_head("Content-Length: 1000") + b"<half")
        SyncleadClient(f"http://127.0.0.1:{port}", DEMO.user, DEMO.key).sync_lead(LeadToSync(email="a@b"))
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
        assert b"200" not in _read_all(connection)
    assert "Traceback" not in (tmp_path / "log").read_text()


def _refusal(directory: Path, options: str) -> str:
    process = _start(directory, options)
    assert process.wait(30) == 1
    log = (directory / "log").read_text()
    assert "Traceback" not in log
    lines = [line for line in log.splitlines() if not line.startswith("{")]
    assert len(lines) == 1
    return lines[0]


def test_a_port_in_use_is_one_sentence(tmp_path: Path) -> None:
    """It names the port and the way out."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        sentence = _refusal(tmp_path, f"demo=True, port={port}")
    assert str(port) in sentence
    assert "--port" in sentence


def test_a_second_server_on_one_file_is_refused_until_the_first_is_killed(tmp_path: Path) -> None:
    """The lock is the system's: kill -9 drops it."""
    (tmp_path / "second").mkdir()
    url = f"database_url='sqlite:///{tmp_path}/one.db', port=0"
    with _serving(tmp_path, url):
        assert "serves" in _refusal(tmp_path / "second", url)
    with _serving(tmp_path, url) as process:
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0


def test_a_wrong_master_key_is_one_sentence(tmp_path: Path) -> None:
    """Nothing is served that could not read its secrets."""
    with _serving(tmp_path, "port=0, database_url='sqlite:///one.db'"):
        pass
    key = tmp_path / "one.db.master-key"
    key.write_text("QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWY=\n")
    assert "master key" in _refusal(tmp_path, "port=0, database_url='sqlite:///one.db'")


def test_a_database_that_cannot_be_is_one_sentence(tmp_path: Path) -> None:
    """A folder that is not there, a file that is no database."""
    assert "no-folder" in _refusal(tmp_path, "port=0, database_url='sqlite:///no-folder/one.db'")
    (tmp_path / "text.db").write_text("This is a letter to a friend, and no database at all. " * 30)
    assert "not an SQLite database" in _refusal(tmp_path, "port=0, database_url='sqlite:///text.db'")
