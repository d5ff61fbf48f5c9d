"""The real server on a real PostgreSQL: the document's call, and two servers on one database."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from support.envelopes import Answer, Call, Credentials
from support.inside import USER
from support.orchard import DECLARATION, assert_no_defect
from support.postgres import Postgres
from support.server import Server

DEMO = Credentials("demo17_1_809934544BFABAE58E5D27", "27272727aa")


def new_server(postgres: Postgres, tmp_path: Path, url: str | None = None, *options: str) -> Server:
    """A server that does not run yet, on a new database without a table."""
    return Server(tmp_path, database_url=url or postgres.empty_database(), options=options)


@pytest.fixture
def server(postgres: Postgres, tmp_path: Path) -> Iterator[Server]:
    """A demo on a database that `synclead db upgrade` has made ready, not started."""
    server = new_server(postgres, tmp_path, None, "--demo")
    assert server.command_here("db", "upgrade").out == "the schema is now up to date\n"
    yield server
    server.close()


def test_the_documents_call_creates_and_updates(server: Server) -> None:
    """CREATED, then UPDATED, then UPDATED after a restart, all of one lead; commands read it meanwhile."""
    call = Call(email="t@t.com", attributes=(("FirstName", "George"), ("LastName", "of the Jungle")))
    server.start()
    with server.caller(DEMO) as caller:
        answers = [caller.sync(call) for _ in range(2)]
    shown = server.command_here("lead", "show", "t@t.com").out
    explained = server.command_here("sync", "--explain", "Email=t@t.com", "FirstName=Ada").out
    assert server.command_here("db", "upgrade").out == "the schema was up to date\n"
    assert server.stop() == 0
    server.start()
    with server.caller(DEMO) as caller:
        answers.append(caller.sync(call))
    assert server.stop() == 0

    assert [(one.lead_id, one.status) for one in answers] == [(1, "CREATED"), (1, "UPDATED"), (1, "UPDATED")]
    assert "of the Jungle" in shown
    assert "UPDATED: lead 1" in explained
    assert_no_defect(server)


def test_two_servers_make_one_lead_a_key(postgres: Postgres, tmp_path: Path) -> None:
    """Clients of two processes bring the same new keys at once: each key is one lead, created once."""
    servers = [new_server(postgres, tmp_path)]
    assert servers[0].command_here("db", "upgrade").code == 0
    servers[0].apply(DECLARATION)
    servers.append(new_server(postgres, tmp_path, servers[0].database_url))
    calls = [Call(email=f"{number}@orchard.example", foreign_id=f"tree-{number}") for number in range(30)]

    def work(server: Server) -> list[Answer]:
        with server.caller(USER) as caller:
            return [caller.sync(call) for call in calls]

    try:
        for server in servers:
            server.start()
        with ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(work, servers * 2))
    finally:
        codes = [server.stop() for server in servers]

    assert codes == [0, 0]
    for of_one_key in zip(*answers, strict=True):
        assert len({one.lead_id for one in of_one_key}) == 1
        assert sorted(one.status or "" for one in of_one_key) == ["CREATED", "UPDATED", "UPDATED", "UPDATED"]
    assert sorted(one.lead_id or 0 for one in answers[0]) == list(range(1, 31))


def test_a_start_that_must_not_be_says_why(postgres: Postgres, server: Server, tmp_path: Path) -> None:
    """No schema, no master key, unsafe durability: one sentence, exit code 1."""
    name = server.database_url.partition("@/")[2].partition("?")[0]
    unsafe = postgres.url(name, "-csynchronous_commit=off")
    keyless = Server(tmp_path, database_url=server.database_url, environment={})
    for refused, words in (
        (new_server(postgres, tmp_path), "run `synclead db upgrade`"),
        (keyless, "set SYNCLEAD_MASTER_KEY or SYNCLEAD_MASTER_KEY_FILE"),
        (new_server(postgres, tmp_path, unsafe), "synchronous_commit = off"),
    ):
        done = refused.command("serve", "--port", "0")
        assert (done.returncode, len(done.stderr.splitlines())) == (1, 1), done.stderr
        assert words in done.stderr

    accepted = new_server(postgres, tmp_path, unsafe, "--allow-unsafe-durability")
    accepted.start()
    assert accepted.stop() == 0
