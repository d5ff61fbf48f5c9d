"""`/metrics` of a real server after calls whose outcomes are known."""

from __future__ import annotations

import os
import signal
import socket
import sqlite3
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from support.envelopes import Call, Credentials, envelope, wrap
from support.inside import USER
from support.metrics import Samples, fetch, nonzero, until, url
from support.orchard import DECLARATION
from support.postgres import Postgres
from support.raw import connect
from support.server import Server, free_port

KEY = {"SYNCLEAD_MASTER_KEY": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="}


@pytest.fixture
def new_server(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Makes a server with one subscription that runs; options are those of `serve`."""
    made: list[Server] = []

    def make(*options: str, database_url: str | None = None) -> Server:
        server = Server(tmp_path, options=options, database_url=database_url, environment=KEY)
        made.append(server)
        server.apply(DECLARATION)
        server.start()
        return server

    yield make
    for server in made:
        server.close()


def stamp(seconds: float) -> str:
    """A timestamp so far ahead of now."""
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()


def test_every_call_is_counted_by_what_it_came_to(new_server: Callable[..., Server]) -> None:
    """Outcomes, faults by code, groups, clock differences and Ids left are exactly those of the calls made."""
    server = new_server()
    stranger = Credentials("nobody_of_ours", "no key")
    with server.caller(USER) as caller:
        made = [caller.sync(Call(email=email)).status for email in ("a@b.example", "c@d.example", "a@b.example")]
        refused = [
            caller.sync(Call(id="77")),
            caller.sync(Call(email="a@b.example", attributes=(("NoSuchField", "x"),))),
            caller.sync(Call(email="a@b.example", attributes=(("NoSuchField", "y"),))),
            caller.send(envelope(Call(email="a@b.example"), stranger)),
            caller.send(envelope(Call(email="a@b.example"), USER, stamp(-4000))),
            caller.send(wrap("<ns1:paramsGetTags/>", USER)),
            caller.send(wrap("<ns1:paramsOfNobody/>", USER)),
            caller.send(b"no XML"),
        ]
        skewed = caller.send(envelope(Call(email="e@f.example"), USER, stamp(100)))
        samples = fetch(url(server))

    assert (made, skewed.status) == (["CREATED", "CREATED", "UPDATED"], "CREATED")
    assert [one.fault_code for one in refused] == [
        "20103",
        "20105",
        "20105",
        "20014",
        "20016",
        "20019",
        "20019",
        "20012",
    ]
    assert nonzero(samples, "synclead_calls_total") == {
        "{operation=syncLead,outcome=created}": 3,
        "{operation=syncLead,outcome=updated}": 1,
        "{operation=syncLead,outcome=fault}": 3,
        "{operation=getTags,outcome=fault}": 1,
        "{operation=unknown,outcome=fault}": 4,
    }
    assert nonzero(samples, "synclead_faults_total") == {
        "{code=20012}": 1, "{code=20014}": 1, "{code=20016}": 1, "{code=20019}": 2, "{code=20103}": 1, "{code=20105}": 2,
    }  # fmt: skip
    assert nonzero(samples, "synclead_call_seconds_count") == {
        "{operation=syncLead}": 7, "{operation=getTags}": 1, "{operation=unknown}": 4,
    }  # fmt: skip
    assert nonzero(samples, "synclead_answers_undelivered_total") == {}
    # One after the other: every call that reached the writer was a group; three of them made a lead.
    counts = {name: samples[f"synclead_{name}"] for name in ("group_records_count", "group_records_sum")}
    assert counts == {"group_records_count": 7, "group_records_sum": 7}
    assert samples["synclead_group_seconds_count"] == 7
    assert samples["synclead_lock_wait_seconds_count"] == 7
    assert samples["synclead_commit_seconds_count"] == 3
    # Right signatures alone: not the stranger, and not what is no XML.
    ahead, behind = "synclead_clock_difference_seconds_{}{{direction=ahead{}}}", "{{direction=behind{}}}"
    assert samples[ahead.format("count", "")] == 1
    assert samples[ahead.format("bucket", ",le=60.0")] == 0
    assert samples[ahead.format("bucket", ",le=120.0")] == 1
    name = "synclead_clock_difference_seconds_"
    assert samples[f"{name}bucket{behind.format(',le=3600.0')}"] == 8
    assert samples[f"{name}bucket{behind.format(',le=7200.0')}"] == 9
    assert samples[f"{name}count{behind.format('')}"] == 9
    assert 4000 <= samples[f"{name}sum{behind.format('')}"] < 4100
    assert samples["synclead_lead_ids_left{subscription=Orchard}"] == 2147483647 - 3
    assert {name: samples[f"synclead_{name}"] for name in ("ready", "processes", "calls_in_progress")} == {
        "ready": 1, "processes": 1, "calls_in_progress": 0,
    }  # fmt: skip
    assert {name: samples[f"synclead_queue_{name}"] for name in ("calls", "bytes", "age_seconds")} == {
        "calls": 0, "bytes": 0, "age_seconds": 0,
    }  # fmt: skip


@contextmanager
def sqlite_locked(server: Server) -> Iterator[None]:
    with closing(sqlite3.connect(server.directory / "leads.db", isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("ROLLBACK")


@contextmanager
def postgres_locked(server: Server) -> Iterator[None]:
    with psycopg.connect(server.database_url) as connection:
        connection.execute("SELECT * FROM counter FOR UPDATE")
        yield


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_what_waits_is_shown_and_who_is_gone(
    kind: str, new_server: Callable[..., Server], request: pytest.FixtureRequest
) -> None:
    """While another writer has the lock: calls in progress, the queue, its age; then the wait, and who did not hear."""
    locked: Callable[[Server], AbstractContextManager[None]] = sqlite_locked
    database_url = None
    if kind == "postgres":
        postgres: Postgres = request.getfixturevalue("postgres")
        locked, database_url = postgres_locked, postgres.new_database()
    server = new_server(database_url=database_url)
    sockets: list[socket.socket] = []

    def call(email: str) -> None:
        body = envelope(Call(email=email), USER)
        head = f"POST /soap/mktows/2_1 HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n"
        sockets.append(connect(server.port))
        sockets[-1].sendall(head.encode() + body)

    with locked(server):
        call("first@b.example")
        first = until(server, lambda now: now["synclead_queue_age_seconds"] > 0)
        call("second@b.example")
        call("third@b.example")
        waiting = until(
            server, lambda now: now["synclead_queue_calls"] == 2 and now["synclead_queue_age_seconds"] > 0.3
        )
        sockets[-1].close()
    after = until(server, lambda now: now["synclead_calls_in_progress"] == 0)
    for one in sockets[:2]:
        assert one.recv(12) == b"HTTP/1.1 200"
        one.close()

    assert (first["synclead_calls_in_progress"], first["synclead_queue_calls"]) == (1, 0)
    assert (waiting["synclead_calls_in_progress"], waiting["synclead_queue_calls"]) == (3, 2)
    assert waiting["synclead_queue_bytes"] > 100
    assert (after["synclead_queue_calls"], after["synclead_queue_age_seconds"]) == (0, 0)
    assert nonzero(after, "synclead_answers_undelivered_total") == {"{reason=hung_up}": 1}
    assert nonzero(after, "synclead_calls_total") == {"{operation=syncLead,outcome=created}": 3}
    assert (after["synclead_group_records_count"], after["synclead_group_records_sum"]) == (2, 3)
    assert after["synclead_group_records_bucket{le=1.0}"] == 1
    # The first group waited for the lock and the second did not.
    assert after["synclead_lock_wait_seconds_count"] == 2
    assert after["synclead_lock_wait_seconds_bucket{le=0.1}"] == 1
    assert after["synclead_lock_wait_seconds_sum"] > 0.1


def refusal(address: str, **headers: str) -> tuple[int, str]:
    """Status and text of a request that is refused."""
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(urllib.request.Request(address, headers=headers), timeout=10)
    with caught.value as answer:
        return answer.code, answer.read().decode()


def test_metrics_have_a_port_of_their_own(new_server: Callable[..., Server]) -> None:
    """They are there, under their path alone, and not on the serving port, whose connections may be taken; a port
    that is taken is one sentence."""
    server = new_server("--metrics-port", "0", "--connection-limit", "4")
    shown = url(server)
    with server.caller(USER) as caller:
        assert caller.sync(Call(email="a@b.example")).status == "CREATED"
    samples = until(server, lambda now: now["synclead_calls_total{operation=syncLead,outcome=created}"])

    assert str(server.port) not in shown
    assert samples["synclead_calls_total{operation=syncLead,outcome=created}"] == 1
    assert samples["process_open_fds"] > 0
    assert refusal(shown.replace("/metrics", "/")) == (404, "There is nothing here. The metrics are at /metrics\n")
    assert server.get("/metrics") == 404
    with ExitStack() as held:
        for _ in range(4):
            held.enter_context(connect(server.port))
        assert server.get("/healthz") == 503
        assert fetch(shown)["synclead_ready"] == 1
    taken = shown.rpartition(":")[2].removesuffix("/metrics")
    done = server.command("serve", "--port", str(free_port()), "--metrics-port", taken)
    assert (done.returncode, done.stderr) == (
        1,
        f"synclead: cannot show metrics on 127.0.0.1 port {taken}: address already in use; "
        "name another with --metrics-port or SYNCLEAD_METRICS_PORT\n",
    )
    assert server.stop() == 0


def created(samples: Samples) -> float:
    return samples["synclead_calls_total{operation=syncLead,outcome=created}"]


@pytest.mark.long
@pytest.mark.parametrize("options", [(), ("--metrics-port", "0")], ids=["serving port", "own port"])
def test_one_scrape_shows_all_workers(
    options: tuple[str, ...], new_server: Callable[..., Server], postgres: Postgres
) -> None:
    """Whoever answers it; what a killed worker counted is kept, and the one in its place goes on from there."""
    server = new_server("--workers", "2", *options, database_url=postgres.new_database())
    until(server, lambda now: now["synclead_processes"] == 2)
    workers = [entry["pid"] for entry in server.log() if entry.get("event") == "serving"]
    answered: set[int] = set()
    number = 0
    # The system chooses who takes a connection.
    deadline = time.monotonic() + 60
    while len(answered) < 2:
        assert time.monotonic() < deadline
        number += 1
        with server.caller(USER) as caller:
            assert caller.sync(Call(email=f"{number}@b.example")).status == "CREATED"
        answered = {entry["pid"] for entry in server.log() if entry.get("event") == "call"}
    before = until(server, lambda now: created(now) == number)
    os.kill(workers[0], signal.SIGKILL)
    alone = until(server, lambda now: now["synclead_processes"] == 1)
    again = until(server, lambda now: now["synclead_processes"] == 2)
    with server.caller(USER) as caller:
        assert caller.sync(Call(email="last@b.example")).status == "CREATED"
    last = until(server, lambda now: created(now) == number + 1)

    assert before["synclead_lead_ids_left{subscription=Orchard}"] == 2147483647 - number
    assert before["synclead_ready"] == alone["synclead_ready"] == 1
    assert created(alone) == created(again) == number
    assert last["synclead_group_records_sum"] == number + 1
    assert last["synclead_calls_in_progress"] == 0
    assert server.stop() == 0
