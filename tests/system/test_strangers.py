"""What strangers send costs a server next to nothing, and its callers do not notice."""

from __future__ import annotations

import os
import socket
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from support.envelopes import Call, Credentials, read_answer
from support.inside import USER
from support.metrics import until
from support.payloads import Payload, catalogue, fill, with_body
from support.raw import XML, connect, post, read_all
from support.server import Server
from support.slow import memory

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads a process's figures in /proc")

STRANGER = Credentials(USER.user, "a key that nobody has")
PATH = "/soap/mktows/2_1"
MIB = 1024 * 1024
SIZE = 2 * MIB
TICKS = os.sysconf("SC_CLK_TCK")
MOST_SECONDS = 0.06
"""Of the processor, for one request, of the thread that answers all calls: 50 ms, and a tick of the system's clock."""
MOST_MEMORY = 96 * MIB
"""By which the server may have grown, whatever was sent to it."""
WAITING = 32
"""Connections that keep back the last byte."""


def cpu_seconds(server: Server) -> float:
    """What the server's first thread, that of its event loop, has used of the processor."""
    fields = Path(f"/proc/{server.pid}/task/{server.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def test_no_request_of_a_stranger_costs_much(each_orchard: Server) -> None:
    """Two megabytes of everything: each is refused, in little time and memory, and the next call is answered."""
    before = memory(each_orchard.pid)
    dear: dict[str, float] = {}
    with each_orchard.caller(USER) as caller:
        caller.sync(Call(email="friend@orchard.example"))
        for payload in catalogue(SIZE, STRANGER):
            seconds = cpu_seconds(each_orchard)
            status, answered = _post(each_orchard, payload)
            assert status in (413, 500), (payload.name, status)
            assert read_answer(status, answered).fault_code in ("20012", "20014"), payload.name
            if (spent := cpu_seconds(each_orchard) - seconds) > MOST_SECONDS:
                dear[payload.name] = spent
        assert caller.sync(Call(email="friend@orchard.example")).status == "UPDATED"
    assert not dear
    assert memory(each_orchard.pid) - before < MOST_MEMORY


def test_a_few_bytes_again_and_again_leave_nothing(each_orchard: Server) -> None:
    """Some hundred small requests that inflate to as much as is read before a signature do not fill the memory."""
    before = memory(each_orchard.pid)
    names = " ".join(f"a{number}=''" for number in range(5_000))
    payload = f"<a {names}/>".encode()
    for _ in range(300):
        post(each_orchard.port, payload, XML)
    assert memory(each_orchard.pid) - before < MOST_MEMORY


def test_bodies_that_keep_back_their_last_byte_have_a_sum(each_orchard: Server) -> None:
    """Thirty-two of ten megabytes hold a few of them; their callers' neighbours are served, and so are they at last."""
    before = memory(each_orchard.pid)
    body = with_body(STRANGER, fill(" ", 10_000_000))
    head = f"POST {PATH} HTTP/1.1\r\nHost: a\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    with ExitStack() as stack:
        waiting = [stack.enter_context(connect(each_orchard.port)) for _ in range(WAITING)]
        for connection in waiting:
            _send(connection, head + body[:-1])
        with each_orchard.caller(USER) as caller:
            assert caller.sync(Call(email="friend@orchard.example")).lead_id
        assert memory(each_orchard.pid) - before < MOST_MEMORY
        for connection in waiting:
            assert read_all(connection).startswith(b"HTTP/1.1 500 ")


def test_bodies_of_callers_have_a_sum_too(each_orchard: Server) -> None:
    """Signed ones are kept as they come, up to the limit of all; beyond it 503 at once, which the metrics count."""
    body = with_body(USER, fill(" ", 10_000_000))
    head = f"POST {PATH} HTTP/1.1\r\nHost: a\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    with ExitStack() as stack:
        waiting = [stack.enter_context(connect(each_orchard.port)) for _ in range(WAITING)]
        for connection in waiting:
            _send(connection, head + body[:-1])
        refused = [read_all(connection) for connection in waiting[-4:]]
        with each_orchard.caller(USER) as caller:
            assert caller.sync(Call(email="friend@orchard.example")).lead_id
    for answered in refused:
        assert answered.startswith(b"HTTP/1.1 503 ")
        assert b"retry-after: 60" in answered
        assert b"20011 - Internal error" in answered
        assert b"nothing was written, safe to repeat" in answered
    until(each_orchard, lambda found: found["synclead_bodies_refused_total{limit=all}"] >= len(refused))


def _post(server: Server, payload: Payload) -> tuple[int, bytes]:
    return post(server.port, payload.body, {**XML, **payload.headers})


def _send(connection: socket.socket, data: bytes) -> None:
    """As much as the other side takes: it may have answered by now."""
    try:
        connection.sendall(data)
    except OSError:
        return
