"""An acknowledged lead is never lost: not when a process is killed, not when it is stopped."""

from __future__ import annotations

import http.client
import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest

from support.database import intact, leads, locked
from support.envelopes import Call, envelope
from support.inside import USER
from support.load import Load
from support.orchard import DECLARATION, assert_no_defect
from support.raw import connect, read_all
from support.server import Server, running_server
from support.share import of_share
from system.people import assert_all_there, person

CLIENTS = 16  # in all


@pytest.fixture
def servers(tmp_path: Path, new_url: Callable[[Path], str]) -> Iterator[list[Server]]:
    """All that may serve one database: one process on SQLite, two on PostgreSQL. They will be killed."""
    with running_server(tmp_path, DECLARATION, database_url=new_url(tmp_path)) as first:
        second = Server(tmp_path, database_url=first.database_url)
        try:
            if not first.is_sqlite:
                second.start()
            yield [first] if first.is_sqlite else [first, second]
        finally:
            second.close()


def new_loads(servers: list[Server], round: int) -> list[Load]:
    """Clients of each server; they bring people of their own, and some that all of them bring."""
    share = CLIENTS // len(servers)

    def script(place: int, number: int, turn: int) -> Call:
        return person(round, place * share + number, turn)

    return [Load(server, USER, share, partial(script, place)) for place, server in enumerate(servers)]


def kill_under_load(servers: list[Server], round: int) -> list[Load]:
    """One power failure: all that was acknowledged is there before and after the next start; other servers go on."""
    loads = new_loads(servers, round)
    victim, of_victim = servers[round % len(servers)], loads[round % len(servers)]
    others = [load for load in loads if load is not of_victim]
    with ExitStack() as running:
        for load in loads:
            running.enter_context(load.running())
        of_victim.await_answers(random.Random(round).randint(20, 400))
        victim.kill()
        for load in others:
            load.await_answers(load.total + 50)
            load.end()
    victim.launch()
    assert_all_there(servers[0], loads)
    victim.await_ready()
    assert intact(victim) == "ok"
    assert_all_there(servers[0], loads)
    assert all(call is None for load in others for call in load.unanswered)
    repeat(victim, of_victim)
    return loads


def repeat(server: Server, load: Load) -> None:
    """The keys work: whoever repeats the last call, answered or not, finds the person or makes them once."""
    with server.caller(USER) as caller:
        for answered, broken in zip(load.answered, load.unanswered, strict=True):
            if broken is None or (answered and answered[-1][0].email != broken.email):
                call, answer = answered[-1]
                again = caller.sync(call)
                assert (again.status, again.lead_id) == ("UPDATED", answer.lead_id)
            if broken is not None:
                first, second = caller.sync(broken), caller.sync(broken)
                assert (second.status, second.lead_id) == ("UPDATED", first.lead_id)
                answered += [(broken, first), (broken, second)]


def kill_often(servers: list[Server], times: int) -> None:
    """That many power failures; at the end everything that was ever acknowledged is there."""
    loads = [load for round in range(times) for load in kill_under_load(servers, round)]
    assert_all_there(servers[0], loads)
    for server in servers:
        assert server.stop() == 0
        assert_no_defect(server)


def test_what_was_acknowledged_survives_a_kill(servers: list[Server]) -> None:
    """Three times killed under load and started again on the same database."""
    kill_often(servers, 3)


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_what_was_acknowledged_survives_a_hundred_kills(servers: list[Server]) -> None:
    """The same, a hundred times."""
    kill_often(servers, of_share(100, least=3))


def test_what_was_accepted_is_answered_before_a_stop(servers: list[Server]) -> None:
    """SIGTERM under load: exit 0 in time, and nothing is written that its caller was not told of."""
    loads = new_loads(servers, 0)
    with ExitStack() as running:
        for load in loads:
            running.enter_context(load.running())
            load.await_answers(100)
        for server in servers:
            assert server.stop() == 0
    assert_all_there(servers[0], loads)
    stored = leads(servers[0])
    assert set(stored) == {answer.lead_id for load in loads for answered in load.answered for _, answer in answered}
    by_email = {lead.email: lead for lead in stored.values()}
    for answered in (answered for load in loads for answered in load.answered):
        last = {call.email: call for call, _ in answered}
        assert all(by_email[email].values["City"] == dict(call.attributes)["City"] for email, call in last.items())
    for server in servers:
        assert_no_defect(server)


def test_calls_that_wait_for_the_database_are_answered_after_sigterm(servers: list[Server]) -> None:
    """They were accepted: while another writer holds the lock the server stops accepting, then it answers them all."""
    server = servers[0]
    calls = [person(0, number, 0) for number in range(CLIENTS)]
    with ExitStack() as open_things:
        lock = open_things.enter_context(ExitStack())
        lock.enter_context(locked(server))
        waiting = [open_things.enter_context(connect(server.port)) for _ in calls]
        for connection, call in zip(waiting, calls, strict=True):
            request = envelope(call, USER)
            head = f"POST /soap/mktows/2_1 HTTP/1.1\r\nHost: a\r\nContent-Length: {len(request)}\r\n\r\n"
            connection.sendall(head.encode() + request)
        # What was sent before this request was read before it is answered.
        assert server.get("/healthz") == 200
        server.ask_to_stop()
        while accepts(server):
            pass
        lock.close()
        answered = [read_all(connection) for connection in waiting]
    assert server.wait() == 0
    assert [one.split(b"\r\n")[0] for one in answered] == [b"HTTP/1.1 200 OK"] * CLIENTS
    assert all(b"<status>CREATED</status>" in one for one in answered)
    assert {lead.email for lead in leads(server).values()} == {call.email for call in calls}
    assert_no_defect(server)


def accepts(server: Server) -> bool:
    """Whether the server takes new calls."""
    try:
        return server.get("/readyz") == 200
    except (OSError, http.client.HTTPException):
        return False
