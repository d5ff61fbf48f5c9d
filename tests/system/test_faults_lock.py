"""The lock of a subscription is kept by somebody else for longer than calls can wait, and clients that hang up."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from support.database import leads_at
from support.envelopes import Call, Credentials, envelope
from support.inside import USER
from support.ledger import NOT_KNOWN, NOTHING_WRITTEN, Ledger, await_readiness
from support.orchard import DECLARATION
from support.postgres import Postgres
from support.raw import connect
from support.server import Server
from system.places import KINDS, locked, new_server

OTHER = Credentials("meadow_demo_43", "k3y-for-meadow-demo")
TWO = f"""{DECLARATION}
[[subscription]]
name = "Meadow"
munchkin_account = "100-AEK-915"
api_users = [ {{ id = "{OTHER.user}", encryption_key = "{OTHER.key}" }} ]
"""

Start = Callable[..., Server]


@pytest.fixture
def start(postgres: Postgres, tmp_path: Path) -> Iterator[Start]:
    """Starts a server on a new database of a kind."""
    with ExitStack() as stack:

        def start(kind: str, *options: str, declaration: str = DECLARATION) -> Server:
            server = new_server(kind, postgres, tmp_path, *options, declaration=declaration)
            stack.callback(server.close)
            server.start()
            return server

        yield start


def await_log(server: Server, event: str, **facts: object) -> None:
    """Returns when the log has a line of this event with these facts."""
    deadline = time.monotonic() + 30
    while not any(one.get("event") == event and facts.items() <= one.items() for one in server.log()):
        assert time.monotonic() < deadline, server.lines[-20:]
        time.sleep(0.02)


def hear_of_a_lock(server: Server, within: float) -> None:
    """While the lock is kept a call hears in time that nothing was written; afterwards it works."""
    ledger = Ledger(USER)
    assert ledger.attempt(server, "early").written
    with locked(server.database_url):
        began = time.monotonic()
        answer = ledger.attempt(server, "late").answer
        assert time.monotonic() - began < within
        assert answer is not None
        assert answer.message is not None
        assert answer.message.endswith(NOTHING_WRITTEN)
        assert server.get("/readyz") == 503
        assert server.get("/healthz") == 200
    await_readiness(server, 200)
    assert ledger.attempt(server, "late").written
    ledger.assert_true(server.database_url)


@pytest.mark.parametrize("kind", KINDS)
def test_a_lock_kept_too_long_is_a_service_failure(start: Start, kind: str) -> None:
    """Beyond --lock-timeout a call hears that nothing was written, and readiness is red until a write works."""
    hear_of_a_lock(start(kind, "--lock-timeout", "0.5"), within=20)


@pytest.mark.long
@pytest.mark.parametrize("kind", KINDS)
def test_a_lock_kept_too_long_is_answered_before_clients_give_up(start: Start, kind: str) -> None:
    """The same with the defaults: 10 s for a lock, and never more than 25 s for a call."""
    hear_of_a_lock(start(kind), within=25)


@pytest.mark.parametrize("kind", KINDS)
def test_a_call_whose_time_is_over_hears_what_is_known(start: Start, kind: str) -> None:
    """Beyond --call-timeout: the call under way hears that its outcome is not known, the one that waits that
    nothing was written. The first is written when the lock is free, and the log says that nobody was told."""
    server = start(kind, "--call-timeout", "1")
    ledger = Ledger(USER)
    with locked(server.database_url), ThreadPoolExecutor(2) as pool:
        attempts = list(pool.map(lambda person: ledger.attempt(server, person), ["a", "b"]))
        endings = {
            one.answer.message.partition(", ")[2].partition(", ")[2]: one
            for one in attempts
            if one.answer and one.answer.message
        }
    assert set(endings) == {NOT_KNOWN, NOTHING_WRITTEN}
    await_log(server, "answer not delivered", lead=1)
    (lead,) = leads_at(server.database_url).values()
    assert lead.email == f"{endings[NOT_KNOWN].person}@orchard.example"
    assert ledger.attempt(server, endings[NOTHING_WRITTEN].person).written
    ledger.assert_true(server.database_url)


def test_other_subscriptions_are_served_while_one_is_locked(start: Start) -> None:
    """On PostgreSQL the lock is one subscription's: calls of another are answered while its calls wait."""
    server = start("postgres", declaration=TWO)
    ledgers = Ledger(USER), Ledger(OTHER)
    with ThreadPoolExecutor(1) as pool, locked(server.database_url):
        waiting = pool.submit(ledgers[0].attempt, server, "orchard")
        for _ in range(20):
            assert ledgers[1].attempt(server, "meadow").written
        assert not waiting.done()
        assert server.get("/readyz") == 200
    assert waiting.result().written


@pytest.mark.parametrize("kind", KINDS)
def test_a_client_that_hangs_up_is_written_all_the_same(start: Start, kind: str) -> None:
    """Its call was queued: it is written, and the log says that the answer was not delivered."""
    server = start(kind)
    request = envelope(Call(email="gone@orchard.example", return_lead=False), USER)
    head = f"POST /soap/mktows/2_1 HTTP/1.1\r\nHost: a\r\nContent-Length: {len(request)}\r\n\r\n"
    with locked(server.database_url):
        with connect(server.port) as connection:
            connection.sendall(head.encode() + request)
            # What was sent before this request was read before it is answered.
            assert server.get("/healthz") == 200
        assert server.get("/healthz") == 200
    await_log(server, "call", outcome="CREATED", lead=1, delivered=False)
    assert [lead.email for lead in leads_at(server.database_url).values()] == ["gone@orchard.example"]
    assert server.stop() == 0
