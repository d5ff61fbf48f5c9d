"""The outcome of a commit is known, as long as anybody can say."""

import asyncio
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest
from sqlalchemy import Engine, func, insert, select, update

from support.unreliable import Unreliable
from synclead.leads.record import RawRecord
from synclead.store import schema
from synclead.store.engine import reading, writing
from synclead.store.errors import ServiceFailureError
from synclead.store.observer import Observer
from synclead.store.transaction import Database
from synclead.store.writer import Writer

Running = Callable[..., AbstractAsyncContextManager[Writer]]
OpenDatabase = Callable[..., Database]


class Quiet(Observer):
    """Says nothing."""

    def failed(self, reference: str, error: Exception | str) -> None:
        pass


def run(database: Unreliable, writer: Running, calls: int = 1) -> list[Any]:
    """The answers to equal calls, one after the other."""

    async def sync() -> list[Any]:
        async with writer(database, observer=Quiet()) as door:
            record = RawRecord(email="a@e.com")
            answers: list[Any] = []
            for _ in range(calls):
                answers += await asyncio.gather(door.sync(1, record), return_exceptions=True)
            return answers

    return asyncio.run(sync())


def leads(engine: Engine) -> int:
    """How many leads there are."""
    with reading(engine) as connection:
        return connection.execute(select(func.count()).select_from(schema.lead)).scalar_one()


@pytest.mark.parametrize(
    "failures",
    [
        ["lost"],
        ["lost after"],
        # the first group reads the configuration in a round trip of its own, then its records
        ["works", "lost"],
        ["works", "works", "works", "lost"],
        ["works", "works", "works", "lost after"],
    ],
)
def test_one_lost_connection_is_not_noticed(
    engine: Engine,
    declare: Callable[..., int],
    writer: Running,
    open_database: OpenDatabase,
    failures: list[str],
) -> None:
    """Wherever the connection is lost, before the COMMIT or after it: one lead, answered as created."""
    declare(1)

    (outcome,) = run(Unreliable(open_database(), failures), writer)

    assert (outcome.status, outcome.lead.id) == ("CREATED", 1)
    assert leads(engine) == 1


def test_a_database_that_stays_away_says_that_nothing_was_written(
    engine: Engine, declare: Callable[..., int], writer: Running, open_database: OpenDatabase
) -> None:
    """Two failures before any write: nothing was written, and a repeat works."""
    declare(1)

    failure, outcome = run(Unreliable(open_database(), ["lost", "lost"]), writer, calls=2)

    assert isinstance(failure, ServiceFailureError)
    assert failure.message.endswith("nothing was written, safe to repeat")
    assert outcome.status == "CREATED"


@pytest.mark.parametrize("commit", ["lost", "lost after"])
def test_a_commit_that_nobody_can_resolve_is_said_plainly(
    engine: Engine, declare: Callable[..., int], writer: Running, open_database: OpenDatabase, commit: str
) -> None:
    """The connection died during COMMIT and stays away: the outcome is not known; a repeat is safe."""
    declare(1)
    failures = ["works", "works", "works", commit, "lost"]

    failure, outcome = run(Unreliable(open_database(), failures), writer, calls=2)

    assert isinstance(failure, ServiceFailureError)
    assert failure.message.endswith("outcome not known, safe to repeat")
    assert outcome.status == {"lost": "CREATED", "lost after": "UPDATED"}[commit]
    assert leads(engine) == 1


def test_a_clean_end_leaves_no_row_of_the_process(
    engine: Engine, declare: Callable[..., int], writer: Running, open_database: OpenDatabase
) -> None:
    """Numbers of groups are kept while a process lives, not for ever."""
    declare(1)
    run(Unreliable(open_database(), ["lost"]), writer)

    with reading(engine) as connection:
        assert connection.execute(select(schema.group_commit)).all() == []


def test_the_row_of_a_process_that_is_gone_goes_after_a_day(
    engine: Engine, declare: Callable[..., int], writer: Running, open_database: OpenDatabase
) -> None:
    """It tells the outcome of a commit that nobody asks for any more. One of an older release ages from now on."""
    declare(1)
    hour, now = 3_600_000_000, round(time.time() * 1_000_000)
    ages = {"killed": 25 * hour, "alive": 23 * hour, "older release": None}
    with writing(engine) as connection:
        for process, age in ages.items():
            row = {"subscription_id": 1, "process": process, "number": 7, "at": None if age is None else now - age}
            connection.execute(insert(schema.group_commit).values(row))
    run(Unreliable(open_database(), []), writer)

    with reading(engine) as connection:
        rows = connection.execute(select(schema.group_commit).order_by(schema.group_commit.c.process)).all()
    assert [row.process for row in rows] == ["alive", "older release"]
    assert abs(rows[1].at - now) < hour


def test_a_process_that_lives_keeps_its_row_young(
    engine: Engine, declare: Callable[..., int], writer: Running, open_database: OpenDatabase
) -> None:
    """Each group that it commits counts."""
    declare(1)

    async def sync() -> None:
        async with writer(open_database(), process="me") as door:
            await door.sync(1, RawRecord(email="a@e.com"))
            with writing(engine) as connection:
                connection.execute(update(schema.group_commit).values(at=1))
            await door.sync(1, RawRecord(email="b@e.com"))
            with reading(engine) as connection:
                (row,) = connection.execute(select(schema.group_commit)).all()
            assert row.number == 2
            assert row.at > 1

    asyncio.run(sync())
