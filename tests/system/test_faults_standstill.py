"""A process stands still while clients give up, call again, and are answered elsewhere."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager

import pytest

from support.database import leads_at, locked
from support.envelopes import Call, envelope
from support.inside import USER
from support.postgres import Postgres
from support.raw import connect, read_all
from support.server import Server
from system.places import KINDS, new_server

PEOPLE = ("under-way", "queued", "unread", "kept")
OPTIONS = ("--statement-timeout", "2")
"""PostgreSQL ends the transaction of a process that stands still so soon."""


@pytest.fixture(scope="module", params=KINDS)
def server(
    request: pytest.FixtureRequest, postgres: Postgres, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """One process that serves, on each database."""
    server = new_server(request.param, postgres, tmp_path_factory.mktemp("standstill"), *OPTIONS)
    try:
        server.start()
        yield server
    finally:
        server.close()


@contextmanager
def standing_still(server: Server) -> Iterator[None]:
    """SIGSTOP, and at the end SIGCONT."""
    os.kill(server.pid, signal.SIGSTOP)
    os.waitid(os.P_PID, server.pid, os.WSTOPPED)
    try:
        yield
    finally:
        os.kill(server.pid, signal.SIGCONT)


def request(person: str, city: str, call_id: str) -> bytes:
    """A whole request, as its client sends it in one piece."""
    body = envelope(Call(email=f"{person}@orchard.example", attributes=(("City", city),), return_lead=False), USER)
    head = (
        f"POST /soap/mktows/2_1 HTTP/1.1\r\nHost: a\r\nX-Request-Id: {call_id}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def import_newer(server: Server, people: Sequence[str]) -> None:
    """A newer value for each, by a command: it says so when they are on the disk."""
    file = server.directory / "newer.csv"
    file.write_text("Email,City\n" + "".join(f"{one}@orchard.example,newer\n" for one in people))
    server.run("import", str(file))


def cities(server: Server) -> dict[str | None, str]:
    """What is stored, by Email."""
    return {lead.email: lead.values["City"] for lead in leads_at(server.database_url).values()}


def test_an_old_call_whose_client_hung_up_is_not_written(server: Server) -> None:
    """Wherever the standstill met it: in its group, in the queue, or before it was read, on a new connection or a kept
    one. What was acknowledged meanwhile stays; the log says that the old call was refused, with nothing written."""
    with (
        closing(connect(server.port)) as kept,
        closing(connect(server.port)) as busy,
        closing(connect(server.port)) as two,
    ):
        kept.sendall(request("kept", "first", "first"))
        server.await_log("call", request="first", outcome="CREATED")
        with locked(server):
            busy.sendall(request("under-way", "old", "old-under-way"))
            assert server.get("/healthz") == 200  # what was sent before was read before
            two.sendall(request("queued", "old", "old-queued"))
            assert server.get("/healthz") == 200
            os.kill(server.pid, signal.SIGSTOP)
            os.waitid(os.P_PID, server.pid, os.WSTOPPED)
        try:
            with closing(connect(server.port)) as unread:
                unread.sendall(request("unread", "old", "old-unread"))
            kept.sendall(request("kept", "old", "old-kept"))
            for one in (kept, busy, two):
                one.close()
            import_newer(server, PEOPLE)
        finally:
            os.kill(server.pid, signal.SIGCONT)
    for person in PEOPLE:
        server.await_log("call", request=f"old-{person}")
    assert cities(server) == {f"{person}@orchard.example": "newer" for person in PEOPLE}
    refused = [one for one in server.log() if str(one.get("request", "")).startswith("old-")]
    assert {one["outcome"] for one in refused} <= {20011, "the client hung up before its request was complete"}


def test_who_still_waits_is_answered(server: Server) -> None:
    """A standstill alone refuses nobody: a client that is there hears what its call came to."""
    with closing(connect(server.port)) as waiting:
        with standing_still(server):
            waiting.sendall(request("patient", "late", "late").replace(b"Host: a", b"Host: a\r\nConnection: close"))
        assert b"CREATED" in read_all(waiting)
    assert cities(server)["patient@orchard.example"] == "late"
