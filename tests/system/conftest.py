"""Databases of each kind, and one real server a kind for the tests that do not mind each other's leads."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from support.orchard import DECLARATION, assert_no_defect
from support.postgres import Postgres
from support.server import Server, running_server

DATABASES = ["sqlite", "postgres"]


@pytest.fixture(scope="module", params=DATABASES)
def new_url(request: pytest.FixtureRequest) -> Callable[[Path], str]:
    """Gives the URL of a new database, of each kind: an SQLite file of a folder, or a current PostgreSQL schema."""
    if request.param == "sqlite":
        return lambda folder: f"sqlite:///{folder / 'leads.db'}"
    postgres: Postgres = request.getfixturevalue("postgres")
    return lambda _: postgres.new_database()


@contextmanager
def running_orchard(folder: Path, database_url: str | None = None) -> Iterator[Server]:
    """A server with one subscription and the demo. At its end it stops in order, and its log has no defect of ours."""
    with running_server(folder, DECLARATION, options=["--demo"], database_url=database_url) as server:
        yield server
        assert server.get("/readyz") == 200
        assert server.stop() == 0
        assert_no_defect(server)


@pytest.fixture(scope="session")
def orchard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server on SQLite."""
    with running_orchard(tmp_path_factory.mktemp("orchard")) as server:
        yield server


@pytest.fixture(scope="session")
def orchard_on_postgres(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The same on PostgreSQL."""
    with running_orchard(tmp_path_factory.mktemp("orchard"), postgres.new_database()) as server:
        yield server


@pytest.fixture(scope="module", params=DATABASES)
def each_orchard(request: pytest.FixtureRequest) -> Server:
    """Both of them, one after the other."""
    server: Server = request.getfixturevalue("orchard" if request.param == "sqlite" else "orchard_on_postgres")
    return server
