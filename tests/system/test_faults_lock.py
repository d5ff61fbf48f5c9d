"""The lock of a subscription is kept by somebody else for longer than calls can wait, and clients that hang up."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.database import leads_at, locked
from support.envelopes import Call, Credentials, envelope
from support.inside import USER
from support.ledger import NOTHING_WRITTEN, Ledger, await_readiness
from support.orchard import DECLARATION
from support.postgres import Postgres
from support.raw import connect
from support.server import Server
from system.places import KINDS, new_server

OTHER = Credentials("meadow_demo_43", "k3y-for-meadow-demo")
TWO = f"""{DECLARATION}
[[subscription]]
name = "Meadow"
munchkin_account = "100-AEK-915"
api_users = [ {{ id = "{OTHER.user}", encryption_key = "{OTHER.key}" }} ]
"""


@dataclass(frozen=True)
class Pair:
    """Servers of one kind of database: one gives locks up soon, the other calls."""

    lock: Server
    call: Server


@pytest.fixture(scope="module", params=KINDS)
def pair(
    request: pytest.FixtureRequest, postgres: Postgres, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Pair]:
    """Each on a database of its own, for all tests here: they bring people of their own and leave them ready."""
    options = [("--lock-timeout", "0.5"), ("--call-timeout", "4")]
    folders = [tmp_path_factory.mktemp("lock") for _ in options]
    servers = [
        new_server(request.param, postgres, folder, *words, declaration=TWO)
        for folder, words in zip(folders, options, strict=True)
    ]
    try:
        for server in servers:
            server.start()
        yield Pair(*servers)
    finally:
        for server in servers:
            server.close()


def hear_of_a_lock(server: Server, within: float) -> None:
    """While the lock is kept a call hears in time that nothing was written; afterwards it works."""
    ledger = Ledger(USER)
    assert ledger.attempt(server, "early").written
    with locked(server, 1):
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


def test_a_lock_kept_too_long_is_a_service_failure(pair: Pair) -> None:
    """Beyond --lock-timeout a call hears that nothing was written, and readiness is red until a write works."""
    hear_of_a_lock(pair.lock, within=20)


@pytest.mark.long
@pytest.mark.parametrize("kind", KINDS)
def test_a_lock_kept_too_long_is_answered_before_clients_give_up(postgres: Postgres, tmp_path: Path, kind: str) -> None:
    """The same with the defaults: 10 s for a lock, and never more than 25 s for a call."""
    server = new_server(kind, postgres, tmp_path)
    try:
        server.start()
        hear_of_a_lock(server, within=25)
    finally:
        server.close()


def test_a_call_whose_time_is_over_hears_what_is_known(pair: Pair) -> None:
    """Beyond --call-timeout: the call under way hears that its outcome is not known, the one that waits that
    nothing was written. The first is written when the lock is free, and the log says that nobody was told."""
    server, ledger = pair.call, Ledger(USER)
    with locked(server, 1), ThreadPoolExecutor(2) as pool:
        attempts = list(pool.map(lambda person: ledger.attempt(server, person), ["a", "b"]))
        assert server.get("/readyz") == 503
    (denied,) = [one for one in attempts if one.written is False]
    (untold,) = [one for one in attempts if one.written is None]
    assert untold.answer is not None
    server.await_log("answer not delivered")
    await_readiness(server, 200)
    stored = {lead.email: lead.id for lead in leads_at(server.database_url).values()}
    assert f"{denied.person}@orchard.example" not in stored
    server.await_log("answer not delivered", lead=stored[f"{untold.person}@orchard.example"])
    assert ledger.attempt(server, denied.person).written
    ledger.assert_true(server.database_url)


def test_other_subscriptions_are_served_while_one_is_locked(pair: Pair) -> None:
    """On PostgreSQL the lock is one subscription's: calls of another are answered while its calls wait.

    An SQLite file has one lock: there the other's calls wait too, and are answered when it is free.
    """
    server, ledgers = pair.call, (Ledger(USER), Ledger(OTHER))
    is_file = server.database_url.startswith("sqlite:")
    with ThreadPoolExecutor(2) as pool, locked(server, 1):
        waiting = pool.submit(ledgers[0].attempt, server, "orchard")
        other = pool.submit(ledgers[1].attempt, server, "meadow")
        if is_file:
            assert not wait([waiting, other], timeout=0.2).done
        else:
            assert other.result().written
            assert not waiting.done()
            assert server.get("/readyz") == 200
    assert waiting.result().written
    assert other.result().written


def test_a_client_that_hangs_up_is_written_all_the_same(pair: Pair) -> None:
    """Its call was queued: it is written, and the log says that the answer was not delivered."""
    server = pair.call
    request = envelope(Call(email="gone@orchard.example", return_lead=False), USER)
    head = f"POST /soap/mktows/2_1 HTTP/1.1\r\nHost: a\r\nContent-Length: {len(request)}\r\n\r\n"
    with locked(server, 1):
        with connect(server.port) as connection:
            connection.sendall(head.encode() + request)
            # What was sent before this request was read before it is answered.
            assert server.get("/healthz") == 200
        assert server.get("/healthz") == 200
    server.await_log("call", outcome="CREATED", delivered=False)
    assert "gone@orchard.example" in {lead.email for lead in leads_at(server.database_url).values()}
