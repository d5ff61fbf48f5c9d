"""An acknowledged lead is never lost: not when the process is killed, not when it is stopped."""

from __future__ import annotations

import http.client
import random
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from support.database import StoredLead, intact, leads
from support.envelopes import Answer, Call, envelope
from support.inside import USER
from support.load import Load
from support.orchard import DECLARATION, assert_no_defect
from support.raw import connect, read_all
from support.server import Server, running_server

CLIENTS = 16


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A server of its own: it will be killed."""
    with running_server(tmp_path, DECLARATION) as running:
        yield running


def person(round: int, number: int, turn: int) -> Call:
    """Even turns bring somebody new with every kind of key, odd ones change the one of the turn before."""
    name = f"{round}-{number}-{turn // 2}"
    return Call(
        email=f"{name}@orchard.example",
        foreign_id=f"tree-{name}" if turn % 2 == 0 else None,
        cookie=f"_mch-orchard.example-{name}" if turn % 2 == 0 else None,
        attributes=(("FirstName", name), ("City", f"turn {turn}")),
        return_lead=False,
    )


def assert_holds(stored: StoredLead, call: Call, *, changed: bool) -> None:
    """A lead is complete: values, keys, and the activities that belong to them."""
    name = dict(call.attributes)["FirstName"]
    assert stored.email == call.email
    assert stored.values["FirstName"] == name
    assert stored.foreign_ids == (f"tree-{name}",)
    assert stored.cookies == (f"_mch-orchard.example-{name}",)
    assert stored.activities == (("New Lead", "Change Data Value") if changed else ("New Lead",))


def assert_all_there(server: Server, load: Load) -> None:
    """Everything acknowledged is stored once; a call that broke off is there as a whole or not at all."""
    stored = leads(server)
    by_email: dict[str | None, list[StoredLead]] = {}
    for lead in stored.values():
        by_email.setdefault(lead.email, []).append(lead)
    assert all(len(same) == 1 for same in by_email.values())
    for answered, broken in zip(load.answered, load.unanswered, strict=True):
        last: dict[str | None, tuple[Call, Answer]] = {}
        for turn, (call, answer) in enumerate(answered):
            assert answer.status == ("CREATED" if turn % 2 == 0 else "UPDATED"), answer.body
            last[call.email] = (call, answer)
        for email, (call, answer) in last.items():
            (lead,) = by_email[email]
            assert lead.id == answer.lead_id
            city = lead.values["City"]
            possible = {dict(one.attributes)["City"] for one in (call, broken) if one and one.email == email}
            assert city in possible
            assert_holds(lead, call, changed=int(city.removeprefix("turn ")) % 2 == 1)
        if broken is not None and broken.email not in last:
            for lead in by_email.get(broken.email, []):
                assert_holds(lead, broken, changed=False)


def kill_under_load(server: Server, round: int) -> None:
    """One power failure: everything that was acknowledged is there before and after the next start."""
    load = Load(server, USER, CLIENTS, lambda number, turn: person(round, number, turn))
    with load.running():
        load.await_answers(random.Random(round).randint(20, 400))
        server.kill()
    assert_all_there(server, load)
    server.start()
    assert intact(server) == "ok"
    assert_all_there(server, load)
    # The keys work: whoever repeats the last call, answered or not, finds the person or makes them once.
    with server.caller(USER) as caller:
        for answered, broken in zip(load.answered, load.unanswered, strict=True):
            if answered:
                assert caller.sync(answered[-1][0]).lead_id == answered[-1][1].lead_id
            if broken is not None:
                first, second = caller.sync(broken), caller.sync(broken)
                assert second.status == "UPDATED"
                assert first.lead_id == second.lead_id


def test_what_was_acknowledged_survives_a_kill(server: Server) -> None:
    """Three times killed under load and started again on the same file."""
    for round in range(3):
        kill_under_load(server, round)
    assert server.stop() == 0
    assert_no_defect(server)


@pytest.mark.long
@pytest.mark.timeout(900)
def test_what_was_acknowledged_survives_twenty_kills(server: Server) -> None:
    """The same, twenty times."""
    for round in range(20):
        kill_under_load(server, round)
    assert server.stop() == 0
    assert_no_defect(server)


def test_what_was_accepted_is_answered_before_a_stop(server: Server) -> None:
    """SIGTERM under load: exit 0 in time, and nothing is written that its caller was not told of."""
    load = Load(server, USER, CLIENTS, lambda number, turn: person(0, number, turn))
    with load.running():
        load.await_answers(100)
        assert server.stop() == 0
    assert_all_there(server, load)
    told = {answer.lead_id for answered in load.answered for _, answer in answered}
    assert set(leads(server)) == told
    for answered in load.answered:
        last = {call.email: call for call, _ in answered}
        stored = {lead.email: lead for lead in leads(server).values()}
        assert all(stored[email].values["City"] == dict(call.attributes)["City"] for email, call in last.items())
    assert_no_defect(server)


def test_calls_that_wait_for_the_database_are_answered_after_sigterm(server: Server) -> None:
    """They were accepted: while another writer holds the lock the server stops accepting, then it answers them all."""
    calls = [person(0, number, 0) for number in range(CLIENTS)]
    with ExitStack() as open_things:
        lock = open_things.enter_context(closing(sqlite3.connect(server.directory / "leads.db", isolation_level=None)))
        lock.execute("BEGIN IMMEDIATE")
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
        lock.execute("ROLLBACK")
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
