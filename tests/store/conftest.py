"""A database for every adapter of the suite, and what the tests put into it."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, insert

from support.postgres import Postgres
from synclead.store import databases, schema
from synclead.store.engine import open_engine, writing
from synclead.store.master_keys import MasterKeys
from synclead.store.secrets import MasterKey
from synclead.store.transaction import Database
from synclead.store.upgrade import upgrade
from synclead.store.writer import Writer

MASTER_KEY = MasterKey(bytes(range(32)))

Declare = Callable[..., int]


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A new database with the current schema, of each kind."""
    if request.param == "postgres":
        postgres: Postgres = request.getfixturevalue("postgres")
        return postgres.new_database()
    url = f"sqlite:///{tmp_path}/leads.db"
    upgrade(url)
    return url


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    """The administration's way to the database."""
    engine = open_engine(url)
    yield engine
    engine.dispose()


@pytest.fixture
def master_keys() -> MasterKeys:
    """A process that knows the one master key."""
    return MasterKeys(lambda: [MASTER_KEY])


@pytest.fixture
def declare(engine: Engine) -> Declare:
    """Makes a subscription with one user; `policy`, `fields` and others as columns of the tables."""

    def make(subscription_id: int = 1, *, first_lead_id: int = 1, **columns: Any) -> int:
        fields = columns.pop("fields", [])
        with writing(engine) as connection:
            row = {
                "id": subscription_id,
                "name": f"Example {subscription_id}",
                "munchkin_account": f"{subscription_id:03}-AAA-001",
                "munchkin_aliases": [],
                "workspaces_enabled": False,
                "time_zone": "UTC",
                "policy": {},
                "first_lead_id": first_lead_id,
            }
            connection.execute(insert(schema.subscription).values(row | columns))
            connection.execute(
                insert(schema.lead_partition).values(subscription_id=subscription_id, name="Default", position=0)
            )
            connection.execute(
                insert(schema.workspace).values(
                    subscription_id=subscription_id, name="Default", primary_partition="Default", position=0
                )
            )
            for field in fields:
                connection.execute(
                    insert(schema.field).values(
                        {
                            "subscription_id": subscription_id,
                            "soap_name": field["name"],
                            "rest_name": field["name"].lower(),
                            "label": field["name"],
                            "type": "string",
                            "read_only": False,
                            "max_length": None,
                            "auto": False,
                        }
                        | field
                    )
                )
            user = f"user{subscription_id}"
            connection.execute(
                insert(schema.api_user).values(id=user, subscription_id=subscription_id, disabled=False, demo=False)
            )
            connection.execute(
                insert(schema.api_key).values(
                    subscription_id=subscription_id,
                    user_id=user,
                    slot=0,
                    sealed=MASTER_KEY.seal_api_key(b"key", subscription_id, user),
                )
            )
            connection.execute(
                insert(schema.counter).values(
                    subscription_id=subscription_id,
                    next_lead_id=first_lead_id,
                    next_activity_id=1,
                    next_change=1,
                    next_visitor_id=1,
                    config_version=1,
                )
            )
        return subscription_id

    return make


NOW = datetime(2026, 8, 1, 12, 0, tzinfo=UTC)

OpenDatabase = Callable[..., Database]


@pytest.fixture
def open_database(url: str) -> OpenDatabase:
    """Opens the adapter under test; keyword arguments are its deadlines."""

    return partial(databases.open_database, url)


@pytest.fixture
def writer(open_database: OpenDatabase) -> Callable[..., AbstractAsyncContextManager[Writer]]:
    """A running writer for the length of a block; keyword arguments are the writer's."""

    @asynccontextmanager
    async def running(database: Database | None = None, **arguments: Any) -> AsyncIterator[Writer]:
        writer = Writer(database or open_database(), **({"now": lambda: NOW} | arguments))
        await writer.start()
        try:
            yield writer
        finally:
            await writer.close()

    return running
