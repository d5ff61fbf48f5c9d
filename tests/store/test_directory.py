"""Readings of API users that break or stall."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import Engine, event, update
from sqlalchemy.exc import OperationalError

from synclead.store import schema
from synclead.store.directory import MOST_STALLED, Directory
from synclead.store.engine import writing
from synclead.store.errors import StoreError
from synclead.store.master_keys import MasterKeys

Declare = Callable[..., int]
LAST = "FROM master_key_check"
"""In the statement with which a reading ends."""


class Disturbed:
    """An engine whose readings a test breaks or holds up at their end, with all that they read."""

    def __init__(self, engine: Engine) -> None:
        self.to_break = 0
        self.to_hold = 0
        self.held = threading.Semaphore(0)
        self.go_on = threading.Event()
        event.listen(engine, "before_cursor_execute", self._meet)

    def _meet(self, connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        if LAST not in " ".join(statement.split()):
            return
        if self.to_break:
            self.to_break -= 1
            raise OperationalError(statement, None, Exception("the connection is lost"))
        if self.to_hold:
            self.to_hold -= 1
            self.held.release()
            self.go_on.wait(30)


@pytest.fixture
def disturbed(engine: Engine) -> Iterator[Disturbed]:
    """Nothing is held up when the test is over."""
    found = Disturbed(engine)
    yield found
    found.go_on.set()


def disable(engine: Engine) -> None:
    """Everybody, from now on."""
    with writing(engine) as connection:
        connection.execute(update(schema.api_user).values(disabled=True))


def test_a_reading_that_breaks_once_is_not_seen(
    engine: Engine, master_keys: MasterKeys, declare: Declare, disturbed: Disturbed
) -> None:
    """It is tried again, once; where it breaks twice all who wait are told."""
    declare(1)

    async def ask() -> None:
        directory = Directory(engine, master_keys)
        disturbed.to_break = 2
        answers = await asyncio.gather(*(directory.user("user1") for _ in range(3)), return_exceptions=True)
        assert [str(one) for one in answers] == ["the database did not answer"] * 3
        disturbed.to_break = 1
        assert all(await asyncio.gather(*(directory.user("user1") for _ in range(3))))
        await directory.close()

    asyncio.run(ask())


def test_a_reading_that_stalls_is_given_up_for_another(
    engine: Engine, master_keys: MasterKeys, declare: Declare, disturbed: Disturbed
) -> None:
    """What it read is too old: who was disabled meanwhile is disabled for all who wait, and stays so."""
    declare(1)

    async def ask() -> None:
        directory = Directory(engine, master_keys, fresh_seconds=1.0)
        disturbed.to_hold = 1
        waiting = [asyncio.create_task(directory.user("user1")) for _ in range(3)]
        assert await asyncio.to_thread(disturbed.held.acquire, timeout=20)
        disable(engine)
        assert [user and user.disabled for user in await asyncio.gather(*waiting)] == [True] * 3
        disturbed.go_on.set()
        await directory.close()
        assert directory._snapshot.users["user1"].disabled

    asyncio.run(ask())


def test_an_answer_that_came_too_late_is_asked_for_again(
    engine: Engine, master_keys: MasterKeys, declare: Declare, disturbed: Disturbed
) -> None:
    """A reading counts from its beginning: one that took longer than an answer may be old is nobody's answer."""
    declare(1)
    now = [100.0]

    async def ask() -> None:
        directory = Directory(engine, master_keys, clock=lambda: now[0])
        disturbed.to_hold = 1
        waiting = asyncio.create_task(directory.user("user1"))
        assert await asyncio.to_thread(disturbed.held.acquire, timeout=20)
        disable(engine)
        now[0] += 7.7
        disturbed.go_on.set()
        user = await waiting
        assert user is not None
        assert user.disabled
        await directory.close()

    asyncio.run(ask())


def test_a_database_that_goes_on_stalling_is_a_refusal(
    engine: Engine, master_keys: MasterKeys, declare: Declare, disturbed: Disturbed
) -> None:
    """In the time that a caller has; no more threads and connections are kept than are stated."""
    declare(1)

    async def ask() -> None:
        directory = Directory(engine, master_keys, fresh_seconds=0.1, wait_seconds=1.0)
        disturbed.to_hold = 1000
        for _ in range(2):
            with pytest.raises(StoreError, match="does not answer"):
                await directory.user("user1")
        assert disturbed.to_hold == 1000 - MOST_STALLED - 1
        disturbed.to_hold = 0
        disturbed.go_on.set()
        await directory.close()

    asyncio.run(ask())


def test_the_newest_is_not_what_a_reading_under_way_brings(
    engine: Engine, master_keys: MasterKeys, declare: Declare, disturbed: Disturbed
) -> None:
    """One that began too early for who asks now is followed by another."""
    declare(1)
    now = [100.0]

    async def ask() -> None:
        directory = Directory(engine, master_keys, clock=lambda: now[0])
        disturbed.to_hold = 1
        waiting = asyncio.create_task(directory.user("user1"))
        assert await asyncio.to_thread(disturbed.held.acquire, timeout=20)
        disable(engine)
        now[0] += 2
        newest = asyncio.create_task(directory.user("user1", newest=True))
        await asyncio.sleep(0)
        disturbed.go_on.set()
        found = await newest
        assert found is not None
        assert found.disabled
        await waiting
        await directory.close()

    asyncio.run(ask())
