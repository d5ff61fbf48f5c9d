"""Answers of many megabytes: bounded each and together, and nobody waits for them."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from support.envelopes import Call, envelope, lead_key, read_answer, read_leads, wrap
from support.inside import USER
from support.metrics import until
from support.orchard import DECLARATION
from support.raw import connect, post, read_all
from support.server import Server
from support.slow import memory
from system.conftest import DATABASES

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads a process's figures in /proc")

MIB = 1024 * 1024
LEADS = 60
"""Of one Email, 260 KB each: 15.6 MB together."""
LONG = tuple((f"Long{one}", "x" * 65_000) for one in range(4))
FIELDS = ", ".join(f'{{ name = "{name}", type = "text", label = "{name}", rest_name = "{name}" }}' for name, _ in LONG)
MANY = 100
"""Calls at once."""
REFUSED = "synclead_bodies_refused_total{limit=answers}"
MOST_MEMORY = 250 * MIB
"""Two answers in the making, three that wait, and what was read for them."""


@pytest.fixture(scope="module", params=DATABASES)
def crowded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with many large leads of one Email."""
    folder: Path = tmp_path_factory.mktemp("crowded")
    url = None if request.param == "sqlite" else request.getfixturevalue("postgres").new_database()
    server = Server(folder, database_url=url, options=["--held-answers-limit", str(30 * MIB)])
    (folder / "declaration.toml").write_text(f"{DECLARATION}fields = [{FIELDS}]\n")
    if url is not None:
        server.command("db", "upgrade")
    server.command("apply", str(folder / "declaration.toml"))
    server.start()
    with server.caller(USER) as caller:
        for number in range(LEADS):
            call = Call(email="many@orchard.example", foreign_id=str(number), attributes=LONG, return_lead=False)
            assert caller.sync(call).status == "CREATED"
    yield server
    server.stop()


def request(kind: str = "EMAIL", value: str = "many@orchard.example") -> bytes:
    """A getLead."""
    return wrap(lead_key(kind, value), USER)


def raw(body: bytes) -> bytes:
    """The same with its head."""
    return f"POST /soap/mktows/2_1 HTTP/1.1\r\nHost: a\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


def test_answers_that_nobody_takes_have_a_sum(crowded: Server) -> None:
    """Three wait for clients that do not read; the next is 503 until they are gone. Calls that write are answered."""
    before = memory(crowded.pid)
    with ExitStack() as stack:
        for _ in range(3):
            connection = stack.enter_context(connect(crowded.port))
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.sendall(raw(request()))
        until(crowded, lambda found: found["synclead_answer_bytes"] >= 30 * MIB)
        status, answered = post(crowded.port, request())
        assert (status, read_answer(status, answered).fault_code) == (503, "20011")
        with crowded.caller(USER) as caller:
            assert caller.sync(Call(email="other@orchard.example")).lead_id
        assert memory(crowded.pid) - before < MOST_MEMORY
    until(crowded, lambda found: found["synclead_answer_bytes"] == 0)
    status, answered = post(crowded.port, request())
    assert (status, len(read_leads(answered))) == (200, LEADS)


def test_many_answers_at_once_have_the_same_sum(crowded: Server) -> None:
    """All are asked for before the first is there: those that find no room hear 503, and nothing is kept for them."""
    before = memory(crowded.pid)
    with ExitStack() as stack:
        for _ in range(MANY):
            connection = stack.enter_context(connect(crowded.port))
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.sendall(raw(request()))
        until(crowded, lambda found: found[REFUSED] > MANY // 2 and not found["synclead_calls_in_progress"])
        status = Path(f"/proc/{crowded.pid}/status").read_text()
        assert int(status.partition("VmHWM:")[2].split()[0]) * 1024 - before < MOST_MEMORY
    until(crowded, lambda found: found["synclead_answer_bytes"] == 0)


def test_one_answer_more_than_the_limit_is_a_fault(crowded: Server) -> None:
    """It names the limit; the leads are there one by one, and their writers are not touched."""
    with crowded.caller(USER) as caller:
        for number in range(LEADS, LEADS + 5):
            call = Call(email="many@orchard.example", foreign_id=str(number), attributes=LONG, return_lead=False)
            assert caller.sync(call).status == "CREATED"
    before = memory(crowded.pid)
    status, answered = post(crowded.port, request())
    answer = read_answer(status, answered)
    assert (status, answer.fault_code) == (500, "20110")
    assert "larger than the limit of 16,777,216 bytes of one answer" in (answer.message or "")
    assert memory(crowded.pid) - before < 64 * MIB
    status, answered = post(crowded.port, request("IDNUM", "3"))
    assert [len(lead.attributes) for lead in read_leads(answered)] == [len(LONG)]
    with connect(crowded.port) as connection:
        connection.sendall(
            raw(envelope(Call(email="many@orchard.example"), USER)).replace(
                b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1
            )
        )
        assert b"UPDATED" in read_all(connection)
