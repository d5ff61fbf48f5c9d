"""The server as a process: what uvicorn does for old clients, how it starts, and how it stops."""

import gzip
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

from support.envelopes import Call, Credentials, envelope, read_answer
from support.server import free_port
from synclead.client import FaultError, LeadToSync, ServerUnreachableError, SyncleadClient

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


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a demo server that all tests of this module share."""
    port = free_port()
    with _serving(tmp_path_factory.mktemp("demo"), f"demo=True, port={port}"):
        yield port


def _exchange(port: int, *parts: bytes) -> bytes:
    """Sends the parts on one connection and reads until the server closes it."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        for part in parts:
            connection.sendall(part)
        return _read_all(connection)


def _read_all(connection: socket.socket) -> bytes:
    received = b""
    while part := connection.recv(65536):
        received += part
    return received


def _read_until(connection: socket.socket, ending: bytes) -> bytes:
    received = b""
    while not received.endswith(ending):
        part = connection.recv(65536)
        assert part, received
        received += part
    return received


def _head(*lines: str, version: str = "1.1") -> bytes:
    return "\r\n".join([f"POST {PATH} HTTP/{version}", "Host: localhost", *lines, "", ""]).encode()


def _chunked(body: bytes, size: int) -> bytes:
    chunks = [body[start : start + size] for start in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in [*chunks, b""])


def _split(answer: bytes) -> tuple[str, bytes]:
    head, _, body = answer.partition(b"\r\n\r\n")
    return head.decode().lower(), body


def test_http_1_0_is_answered_and_closed(port: int) -> None:
    """Old stacks neither keep connections nor read chunks."""
    body = envelope(GEORGE, DEMO)
    head, answer = _split(_exchange(port, _head(f"Content-Length: {len(body)}", version="1.0"), body))
    assert "200 ok" in head
    assert f"content-length: {len(answer)}" in head
    assert read_answer(200, answer).lead_id is not None


def test_chunked_bodies_are_read(port: int) -> None:
    """Chunks may end anywhere, within a character too."""
    body = envelope(Call(email="t@t.com", attributes=(("FirstName", "Jürgen"),)), DEMO)
    head = _head("Transfer-Encoding: chunked", "Connection: close")
    record = read_answer(200, _split(_exchange(port, head, _chunked(body, 7)))[1]).record
    assert record is not None
    assert record.values["FirstName"] == "Jürgen"


def test_compressed_chunks_are_read(port: int) -> None:
    """Both encodings at once are undone in their order."""
    body = gzip.compress(envelope(GEORGE, DEMO))
    head = _head("Transfer-Encoding: chunked", "Content-Encoding: gzip", "Connection: close")
    assert read_answer(200, _split(_exchange(port, head, _chunked(body, 50)))[1]).status is not None


def test_expect_continue_is_answered_before_the_body(port: int) -> None:
    """PHP's and .NET's clients wait for it."""
    body = envelope(GEORGE, DEMO)
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(_head(f"Content-Length: {len(body)}", "Expect: 100-continue", "Connection: close"))
        assert _read_until(connection, b"\r\n\r\n").startswith(b"HTTP/1.1 100 ")
        connection.sendall(body)
        assert b"200 OK" in _read_all(connection)


def test_a_body_too_large_is_refused_without_asking_for_it(port: int) -> None:
    """A client that waits for `100 Continue` hears 413 at once."""
    head, body = _split(_exchange(port, _head("Content-Length: 10485761", "Expect: 100-continue")))
    assert head.startswith("http/1.1 413")
    assert "connection: close" in head
    assert read_answer(413, body).fault_code == "20012"


def test_a_client_that_sends_too_much_can_read_its_answer(port: int) -> None:
    """The answer is not lost to the bytes that are still on their way."""
    size = 30_000_000
    head, body = _split(_exchange(port, _head(f"Content-Length: {size}"), b" " * size))
    assert head.startswith("http/1.1 413")
    assert read_answer(413, body).fault_code == "20012"


def test_many_calls_share_a_connection(port: int) -> None:
    """Keep-alive works, after a fault too."""
    wrong = envelope(GEORGE, Credentials(DEMO.user, "wrong"))
    right = envelope(GEORGE, DEMO)
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        for body, status in [(right, b"200"), (wrong, b"500"), (right, b"200")]:
            connection.sendall(_head(f"Content-Length: {len(body)}") + body)
            assert _read_until(connection, b"Envelope>\n")[9:12] == status


def test_an_offer_of_http_2_is_declined(port: int) -> None:
    """Java's HttpClient offers it with its first call on a connection; that call and the next are answered."""
    body = envelope(GEORGE, DEMO)
    offer = _head(
        "Connection: Upgrade, HTTP2-Settings",
        "Upgrade: h2c",
        "HTTP2-Settings: AAEAAEAAAAIAAAAB",
        f"Content-Length: {len(body)}",
    )
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        for head in (offer, _head(f"Content-Length: {len(body)}")):
            connection.sendall(head)
            connection.sendall(body)
            assert b"200 OK" in _read_until(connection, b"Envelope>\n")


def test_a_head_without_an_end_is_refused(port: int) -> None:
    """Headers are not collected for ever."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(f"GET / HTTP/1.1\r\nX-Long: {'x' * 100_000}".encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 400")


def test_answers_do_not_say_what_serves(port: int) -> None:
    """Neither the server's name nor the insides of pages are shown."""
    for path in ("/", "/healthz", "/readyz", "/nothing", "/soap/nothing"):
        head, _ = _split(_exchange(port, f"GET {path} HTTP/1.0\r\n\r\n".encode()))
        assert ("404" if "nothing" in path else "200") in head.splitlines()[0]
        assert "uvicorn" not in head
        assert "\nserver:" not in head


def test_the_client_syncs_and_raises_faults(port: int) -> None:
    """The Python client gives typed results, and faults as errors."""
    client = SyncleadClient(f"http://127.0.0.1:{port}{PATH}", DEMO.user, DEMO.key)
    lead = LeadToSync(email="anna@example.com", foreign_id="X1", attributes={"LastName": "O'Hara & <Sons>"})
    first = client.sync_lead(lead, return_lead=True)
    assert first.status == "CREATED"
    assert first.lead is not None
    assert (first.lead.id, first.lead.foreign_id, first.lead.foreign_type) == (first.lead_id, "X1", "CUSTOM")
    assert first.lead.attributes == {"LastName": "O'Hara & <Sons>"}
    again = client.sync_lead(LeadToSync(id=first.lead_id, attributes={"LastName": ""}), return_lead=True)
    assert again.lead is not None
    assert (again.status, again.lead.attributes) == ("UPDATED", {})
    with pytest.raises(FaultError, match="No lead found with ID = 999") as caught:
        client.sync_lead(LeadToSync(id=999))
    assert caught.value.code == "20103"
    with pytest.raises(FaultError) as other:
        client.sync_lead(lead, workspace="Nowhere")
    assert other.value.code == "20110"


def test_the_client_says_when_nobody_answers() -> None:
    """A refused connection is one error with the host's name."""
    client = SyncleadClient(f"http://127.0.0.1:{free_port()}", DEMO.user, DEMO.key)
    with pytest.raises(ServerUnreachableError, match=r"127\.0\.0\.1"):
        client.sync_lead(LeadToSync(email="t@t.com"))


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
