"""Real servers on a real PostgreSQL, and between them a real PgBouncer in transaction mode with a small pool."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from time import monotonic

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from support.envelopes import Call
from support.inside import USER
from support.load import Load
from support.orchard import DECLARATION
from support.pgbouncer import PgBouncer, running_pgbouncer
from support.postgres import Postgres
from support.server import Server
from support.tools import needs
from synclead.store.errors import DatabaseUnavailableError
from synclead.store.upgrade import upgrade
from system.people import assert_all_there, person

pytestmark = needs("pgbouncer")

CLIENTS = 8  # of each server
POOL = 2  # connections: less than two servers open
WITHIN = 30.0  # seconds


@pytest.fixture(scope="module")
def database_url(postgres: Postgres) -> str:
    """A new database without a table."""
    return postgres.empty_database()


@pytest.fixture(scope="module")
def pooler(database_url: str) -> Iterator[PgBouncer]:
    """PgBouncer before it."""
    with running_pgbouncer(database_url, POOL) as running:
        yield running


@pytest.fixture(scope="module")
def servers(pooler: PgBouncer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Server]]:
    """Two servers that reach the database through PgBouncer alone, as do the commands that made it ready."""
    folder = tmp_path_factory.mktemp("pgbouncer")
    servers = [Server(folder, database_url=pooler.url) for _ in range(2)]
    assert servers[0].run("db", "upgrade") == "the schema is now up to date\n"
    servers[0].apply(DECLARATION)
    try:
        for server in servers:
            server.launch()
        for server in servers:
            server.await_ready()
        yield servers
        assert [server.stop() for server in servers] == [0, 0]
    finally:
        for server in servers:
            server.close()


def new_loads(servers: list[Server], round: int) -> list[Load]:
    """Clients of both servers, who bring some people of their own and some in common."""

    def script(place: int, number: int, turn: int) -> Call:
        return person(round, place * CLIENTS + number, turn)

    return [Load(server, USER, CLIENTS, partial(script, place)) for place, server in enumerate(servers)]


def clients_of(postgres: Postgres, database_url: str) -> int:
    """How many connections of others the PostgreSQL server has to a database."""
    name = conninfo_to_dict(database_url)["dbname"]
    with psycopg.connect(postgres.url("postgres")) as connection:
        row = connection.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = %s", (name,)).fetchone()
    return int(row[0]) if row else 0


def await_not_ready(server: Server) -> None:
    """Returns when the server has noticed that its database is gone."""
    deadline = monotonic() + WITHIN
    while server.get("/readyz") == 200:
        assert monotonic() < deadline


def test_two_servers_share_a_small_pool(
    postgres: Postgres, database_url: str, pooler: PgBouncer, servers: list[Server]
) -> None:
    """Under load of two servers all is written once over no more connections than the pool has; commands work beside."""
    loads = new_loads(servers, 1)
    with ExitStack() as running:
        for load in loads:
            running.enter_context(load.running())
        for load in loads:
            load.await_answers(100)
        connections = clients_of(postgres, database_url)
        shown = servers[0].command("lead", "show", "1", "--json")
        for load in loads:
            load.end()
    assert shown.returncode == 0, shown.stderr
    assert 1 <= connections <= POOL
    with psycopg.connect(pooler.url, prepare_threshold=None) as connection:
        left = "SELECT (SELECT count(*) FROM pg_prepared_statements), current_setting('enable_seqscan')"
        assert connection.execute(left).fetchone() == (0, "on")
    assert_all_there(Server(servers[0].directory, database_url=database_url), loads)


def test_a_restart_of_pgbouncer_loses_nothing(pooler: PgBouncer, servers: list[Server]) -> None:
    """Killed under load: 20011 and not ready while it is away, then all goes on; what was acknowledged is there once."""
    loads = new_loads(servers, 2)
    with ExitStack() as running:
        for load in loads:
            running.enter_context(load.running())
        for load in loads:
            load.await_answers(100)
        pooler.kill()
        for server in servers:
            await_not_ready(server)
        for load in loads:
            load.await_answers(load.total + 2 * CLIENTS)  # at most one of each client is older than that
        pooler.start()
        for server in servers:
            server.await_ready()
        for load in loads:
            load.await_answers(load.total + 100)
            load.end()
    assert_all_there(servers[0], loads, may_fail=True)
    for server, load in zip(servers, loads, strict=True):
        assert {answer.fault_code for answered in load.answered for _, answer in answered} == {None, "20011"}
        with server.caller(USER) as caller:
            assert caller.sync(person(3, 0, 0)).lead_id


@pytest.mark.parametrize(
    ("setting", "options", "reason"),
    [
        ("off", "?options=-cwork_mem%3D8MB", "unsupported startup parameter: options"),
        ("on", "", "session is read-only"),
    ],
    ids=["options in the URL", "a database that is read-only"],
)
def test_what_does_not_pass_is_refused(postgres: Postgres, setting: str, options: str, reason: str) -> None:
    """Our wish for a database that takes writes is heard behind PgBouncer, too; settings in the URL are not let in."""
    database_url = postgres.new_database()
    name = conninfo_to_dict(database_url)["dbname"]
    postgres.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = {setting}")
    with running_pgbouncer(database_url, POOL) as pooler, pytest.raises(DatabaseUnavailableError, match=reason):
        upgrade(pooler.url + options)
