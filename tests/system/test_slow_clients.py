"""Slow, silent and deaf clients by the thousand: others go on being served, and the server lets go of them in time."""

from __future__ import annotations

import http.client
import select
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Event, Thread
from time import monotonic

import pytest

from support.certificates import certificate
from support.envelopes import Call, envelope
from support.inside import USER
from support.orchard import DECLARATION, assert_no_defect
from support.raw import connect, exchange, read_all
from support.server import PROGRAM, Server, free_port, running_server
from support.slow import Habit, SlowClients, allow_connections, await_that, memory, open_files
from synclead.protocol import TOLD

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="counts a process's files in /proc")

PATH = "/soap/mktows/2_1"
SLOW = 2_000
MOST_MEMORY = 100 * 1024 * 1024
"""What the server may use more, in bytes, for 2,000 slow clients."""
MOST_SECONDS = 10.0
"""What 99 of 100 calls of the other clients must stay below."""


def post(body: bytes, *lines: str) -> bytes:
    """A whole request."""
    head = "\r\n".join([f"POST {PATH} HTTP/1.1", "Host: a", f"Content-Length: {len(body)}", *lines, "", ""])
    return head.encode() + body


def habits() -> dict[str, Habit]:
    """Every way of holding a connection that we know of."""
    call = post(envelope(Call(email="slow@orchard.example", return_lead=False), USER))
    head = f"POST {PATH} HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n".encode()
    return {
        "says nothing": Habit(),
        "a byte of the head a second": Habit(b"POST ", b"x"),
        "no body after the head": Habit(head),
        "a byte of the body a second": Habit(head, b" "),
        "does not read its answer": Habit(call, reads=False),
        "idle after an answer": Habit(call),
        "blank lines after an answer": Habit(call, b"\n"),
        "a body that nobody asked for": Habit(
            b"GET /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: 99999\r\n\r\n", b" "
        ),
    }


class Others:
    """Clients as they should be: half of them keep their connection, half open one for each call."""

    def __init__(self, server: Server) -> None:
        self.seconds: list[float] = []
        self.failed: list[str] = []
        self._server = server
        self._stopping = Event()

    @contextmanager
    def calling(self) -> Iterator[None]:
        """They call for the length of the block."""
        threads = [Thread(target=self._work, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._stopping.set()
            for thread in threads:
                thread.join()

    def _work(self, number: int) -> None:
        turn = 0
        with ExitStack() as kept:
            caller = kept.enter_context(self._server.caller(USER))
            while not self._stopping.wait(0.05):
                call = Call(email=f"{number}-{turn // 2}@orchard.example", return_lead=False)
                began = monotonic()
                try:
                    answer = caller.sync(call)
                except (OSError, http.client.HTTPException) as error:
                    self.failed.append(f"{call.email}: {error!r}")
                    return
                self.seconds.append(monotonic() - began)
                if answer.status != ("UPDATED" if turn % 2 else "CREATED"):
                    self.failed.append(f"{call.email}: {answer.http_status} {answer.body[:200]}")
                turn += 1
                if number % 2:
                    kept.close()
                    caller = kept.enter_context(self._server.caller(USER))


def hold_and_let_go(directory: Path, options: Sequence[str], within: float) -> SlowClients:
    """2,000 slow clients beside others; all of them are gone after `within` seconds, and cost little."""
    with running_server(directory, DECLARATION, options=options) as server:
        before, used = open_files(server.pid), memory(server.pid)
        each = allow_connections(SLOW) // len(habits())
        slow, others = SlowClients(server.port, habits(), each), Others(server)
        with others.calling(), slow.running():
            held, more = [0], [0]

            def look() -> int:
                held.append(open_files(server.pid) - before)
                more.append(memory(server.pid) - used)
                return held[-1]

            # On a busy machine the first are gone before the last are taken in.
            await_that(lambda: look() >= slow.total * 3 // 4, 30, lambda: held[-20:])
            # A little room: the other clients have connections, too.
            await_that(lambda: look() <= 12, within, lambda: held[-20:])
            served = len(others.seconds)
            await_that(lambda: len(others.seconds) > served + 20, 30, lambda: "the other clients are not served")
        assert server.get("/readyz") == 200
        assert server.stop() == 0
        assert_no_defect(server)
    assert others.failed == []
    assert sorted(others.seconds)[len(others.seconds) * 99 // 100] < MOST_SECONDS
    assert max(more) < MOST_MEMORY
    assert all(slow.answered[name] == {"200": each} for name in habits() if "after an answer" in name), slow.answered
    assert slow.answered["a byte of the body a second"] == {"500": each}
    assert not slow.answered["says nothing"]
    return slow


@pytest.mark.long
def test_two_thousand_slow_clients_disturb_nobody(tmp_path: Path) -> None:
    """Whatever they do or leave undone, a time-out ends each; meanwhile every call of the others is answered in time."""
    options = [f"--{name}-timeout=10" for name in ("head", "body", "answer", "keep-alive")]
    hold_and_let_go(tmp_path, options, within=60)


@pytest.mark.long
@pytest.mark.timeout(400)
def test_two_thousand_slow_clients_are_gone_in_three_minutes(tmp_path: Path) -> None:
    """The time-outs that everybody has who sets none."""
    hold_and_let_go(tmp_path, [], within=180)


@contextmanager
def kept_connections(server: Server, count: int) -> Iterator[list[socket.socket]]:
    """Connections that the server has taken in: each has had an answer."""
    with ExitStack() as kept:
        connections = [kept.enter_context(connect(server.port)) for _ in range(count)]
        for connection in connections:
            connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
            assert connection.recv(4096).startswith(b"HTTP/1.1 200 ")
        yield connections


LONG_FIELDS = [f"Long{number}" for number in range(60)]
LONG_DECLARATION = (
    DECLARATION + "fields = [" + ", ".join(f'{{ name = "{name}", type = "text" }}' for name in LONG_FIELDS) + "]\n"
)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that serves twenty connections, for leads of four million characters."""
    # Nothing is recorded: that opens files behind the first answer, and these are counted.
    options = ["--connection-limit=20", "--answer-timeout=2", "--recorded-days=0"]
    with running_server(tmp_path_factory.mktemp("small"), LONG_DECLARATION, options=options) as server:
        yield server
        assert_no_defect(server)


def test_an_answer_that_nobody_reads_is_given_up(small: Server) -> None:
    """Of four megabytes the system holds some, and the server the rest, for the time that it is told to."""
    values = tuple((name, "x" * 65_535) for name in LONG_FIELDS)
    with small.caller(USER) as caller:
        assert caller.sync(Call(email="long@orchard.example", attributes=values)).status == "CREATED"
    call = post(envelope(Call(email="long@orchard.example"), USER))
    await_that(lambda: small.get("/healthz") == 200, 20, lambda: "still refused")
    before = open_files(small.pid)
    slow = SlowClients(small.port, {"does not read its answer": Habit(call, reads=False)}, each=10)
    with slow.running():
        await_that(lambda: open_files(small.pid) > before + 5, 20, lambda: open_files(small.pid))
        await_that(lambda: open_files(small.pid) <= before, 30, lambda: open_files(small.pid))


def test_a_connection_beyond_the_limit_hears_503(small: Server) -> None:
    """Who was there before is served, a new call is refused and not written, and served when there is room."""
    call = post(envelope(Call(email="late@orchard.example", return_lead=False), USER))
    with small.caller(USER) as early:
        assert early.sync(Call(email="early@orchard.example")).status == "CREATED"
        with kept_connections(small, 19), connect(small.port) as silent:
            refused = [exchange(small.port, call) for _ in range(3)]
            assert early.sync(Call(email="early@orchard.example")).status == "UPDATED"
            assert not select.select([silent], [], [], 0)[0]
    await_that(lambda: small.get("/healthz") == 200, 20, lambda: "still refused")
    with small.caller(USER) as late:
        assert late.sync(Call(email="late@orchard.example")).status == "CREATED"
    for answer in refused:
        head, _, body = answer.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 503 ")
        assert b"\r\nconnection: close" in head.lower()
        assert b"Try again" in body


def test_far_beyond_the_limit_connections_are_closed_at_once(small: Server) -> None:
    """Each is an open file, and the database needs some, too."""
    with ExitStack() as opened:
        before = open_files(small.pid)
        waiting = [opened.enter_context(connect(small.port)) for _ in range(200)]
        await_that(lambda: open_files(small.pid) >= before + 20 + TOLD, 20, lambda: open_files(small.pid))
        waiting[-1].settimeout(10)  # half of the time that a head may take
        assert read_all(waiting[-1]) == b""
        assert open_files(small.pid) <= before + 20 + TOLD
    await_that(lambda: small.get("/healthz") == 200, 20, lambda: "still refused")


@pytest.mark.long
@pytest.mark.timeout(200)
def test_a_tls_handshake_without_an_end_is_given_up(tmp_path: Path) -> None:
    """After a minute, both when nothing comes and when a part comes; others shake hands meanwhile."""
    cert_file, key_file = certificate(tmp_path)
    port = free_port()
    options = ["--port", str(port), "--tls-cert-file", str(cert_file), "--tls-key-file", str(key_file)]
    with ExitStack() as opened:
        process = opened.enter_context(
            subprocess.Popen([PROGRAM, "serve", *options], cwd=tmp_path, stderr=subprocess.PIPE, text=True)
        )
        opened.callback(process.kill)
        assert process.stderr is not None
        assert any('"serving"' in line for line in process.stderr)
        waiting = [opened.enter_context(connect(port)) for _ in range(50)]
        for connection in waiting[25:]:
            connection.sendall(b"\x16\x03\x01\x02")
        context = ssl.create_default_context(cafile=str(cert_file))
        other = http.client.HTTPSConnection("localhost", port, context=context, timeout=20)
        other.request("GET", "/readyz")
        assert other.getresponse().status == 200
        other.close()
        for connection in waiting:
            connection.settimeout(100)
            assert read_all(connection) == b""
