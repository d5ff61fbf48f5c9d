"""PostgreSQL has to wait for a standby that is not there: what does not wait for it is never acknowledged."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from support.database import leads_at, reading
from support.inside import USER
from support.ledger import Ledger, await_readiness
from support.postgres import Postgres
from support.server import Server
from system.places import new_server

END = "SELECT pg_{how}_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"


@contextmanager
def absent_standby(postgres: Postgres) -> Iterator[None]:
    """From here on every commit waits for it, until the end of the block."""
    postgres.execute("ALTER SYSTEM SET synchronous_standby_names = 'absent'")
    postgres.execute("SELECT pg_reload_conf()")
    try:
        _await_effect(postgres)
        yield
    finally:
        postgres.execute("ALTER SYSTEM RESET synchronous_standby_names")
        postgres.execute("SELECT pg_reload_conf()")


def _await_effect(postgres: Postgres) -> None:
    """PostgreSQL tells its processes one after the other: returns when a commit has waited."""
    with psycopg.connect(postgres.url("postgres"), autocommit=True) as writer, ThreadPoolExecutor(1) as pool:
        warned: list[Any] = []
        writer.add_notice_handler(warned.append)
        while not warned:
            ending_waits(
                postgres, "cancel", pool.submit(writer.execute, "SELECT pg_logical_emit_message(true, '', '')")
            )


def ending_waits(postgres: Postgres, how: str, waiting: Future[Any]) -> Any:
    """What comes of something, while every wait for the standby is ended as an operator can."""
    with psycopg.connect(postgres.url("postgres"), autocommit=True) as connection:
        while not waiting.done():
            connection.execute(END.format(how=how).encode())
    return waiting.result()


@pytest.fixture
def new(postgres: Postgres, tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Starts a server on a new database."""
    servers: list[Server] = []

    def start(*options: str) -> Server:
        servers.append(new_server("postgres", postgres, tmp_path, *options))
        servers[-1].start()
        return servers[-1]

    yield start
    for server in servers:
        server.close()


@pytest.mark.parametrize("how", ["cancel", "terminate"])
def test_a_commit_that_does_not_wait_for_its_standby_is_not_acknowledged(
    postgres: Postgres, new: Callable[..., Server], how: str
) -> None:
    """However the wait is ended: the client hears that the outcome is not known, and readiness is red until the standby
    is back, or not waited for any more. The log of calls is not doubled."""
    server = new()
    ledger = Ledger(USER)
    assert ledger.attempt(server, "early").written
    with absent_standby(postgres), ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(ledger.attempt, server, "late")
        attempt = ending_waits(postgres, how, waiting)
        assert attempt.answer is not None
        assert attempt.written is None, attempt.answer
        assert server.get("/readyz") == 503
    await_readiness(server, 200)
    assert ledger.attempt(server, "late").written
    ledger.assert_true(server.database_url)
    assert server.stop() == 0
    with reading(server) as ask:
        assert ask("SELECT count(*), count(DISTINCT CAST(document AS TEXT)) FROM request_log") == [(3, 3)]


def test_a_command_that_does_not_wait_for_the_standby_says_so(postgres: Postgres, new: Callable[..., Server]) -> None:
    """It is refused in one sentence, which says that the thing is done; an import is not, and can be run again."""
    server = new()
    file = server.directory / "leads.csv"
    file.write_text("Email,City\na@orchard.example,Bremen\n")
    with ThreadPoolExecutor(1) as pool:
        with absent_standby(postgres):
            visitor = pool.submit(server.command, "visitor", "add", "_mch-orchard.example-1-1")
            refused = ending_waits(postgres, "cancel", visitor)
            imported = ending_waits(postgres, "cancel", pool.submit(server.command, "import", str(file)))
        assert (refused.returncode, len(refused.stderr.splitlines())) == (1, 1), refused.stderr
        assert "look after the standby" in refused.stderr
        assert imported.returncode == 1
        assert "standby" in imported.stderr
    assert server.command("import", str(file)).returncode == 0
    assert [lead.email for lead in leads_at(server.database_url).values()] == ["a@orchard.example"]
