"""PostgreSQL itself dies or restarts under load: nothing acknowledged is lost or doubled, and the server comes back."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from support.inside import USER
from support.ledger import Ledger, await_readiness, clients_that_go_on
from support.postgres import Postgres, running_postgres
from support.server import Server
from support.share import of_share
from system.places import KEY, declare

CLIENTS = 8


@pytest.fixture(scope="module")
def own_postgres() -> Iterator[Postgres]:
    """A server of its own: it will be killed."""
    with running_postgres() as own:
        yield own


@pytest.fixture(scope="module")
def servers(own_postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Server]]:
    """Two servers on one database, for all tests here: each leaves them ready."""
    url = own_postgres.new_database()
    declare(url)
    running = [Server(tmp_path_factory.mktemp("own"), database_url=url, environment=KEY) for _ in range(2)]
    try:
        for server in running:
            server.start()
        yield running
        assert [server.stop() for server in running] == [0, 0]
    finally:
        for server in running:
            server.close()


@pytest.fixture(scope="module")
def ledger() -> Ledger:
    """What the clients of all tests here were told."""
    return Ledger(USER)


def kill_and_start(own_postgres: Postgres, servers: list[Server]) -> None:
    """A power failure of PostgreSQL: meanwhile no server is ready, and each is alive."""
    own_postgres.kill()
    for server in servers:
        await_readiness(server, 503)
        assert server.get("/healthz") == 200
    own_postgres.start()


def restart_fast(own_postgres: Postgres, servers: list[Server]) -> None:
    """What an operator does."""
    own_postgres.restart_fast()


def survive(
    own_postgres: Postgres, servers: list[Server], ledger: Ledger, rounds: int, fault: Callable[..., None]
) -> None:
    """Under load from clients that go on: the servers are ready again by themselves, and every answer was true."""
    with clients_that_go_on(ledger, servers, CLIENTS) as await_written:
        for _ in range(rounds):
            await_written(10 * CLIENTS)
            fault(own_postgres, servers)
            for server in servers:
                await_readiness(server, 200)
        await_written(10 * CLIENTS)
    ledger.assert_true(servers[0].database_url)


FAULTS = pytest.mark.parametrize("fault", [kill_and_start, restart_fast])


@FAULTS
def test_what_was_acknowledged_survives_the_end_of_postgresql(
    own_postgres: Postgres, servers: list[Server], ledger: Ledger, fault: Callable[..., None]
) -> None:
    """`kill -9` of all its processes, or a fast restart, under two servers with eight clients."""
    survive(own_postgres, servers, ledger, 1, fault)


@pytest.mark.long
@pytest.mark.timeout(900)
@FAULTS
def test_what_was_acknowledged_survives_many_ends_of_postgresql(
    own_postgres: Postgres, servers: list[Server], ledger: Ledger, fault: Callable[..., None]
) -> None:
    """The same, twenty times, or a share of that."""
    survive(own_postgres, servers, ledger, of_share(20), fault)
