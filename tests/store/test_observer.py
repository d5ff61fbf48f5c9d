"""What the writer tells of groups and of what waits."""

import asyncio
import threading
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from sqlalchemy import Engine

from synclead.leads.record import RawRecord
from synclead.store.engine import lock_counter, writing
from synclead.store.group import PlannedGroup
from synclead.store.observer import Observer
from synclead.store.writer import Writer

Declare = Callable[..., int]
Running = Callable[..., AbstractAsyncContextManager[Writer]]

ANNA = RawRecord(email="anna@t.com")


class Told(Observer):
    """Keeps what it is told of groups."""

    def __init__(self) -> None:
        self.groups: list[PlannedGroup] = []
        self.commits: list[float | None] = []

    def group_written(self, group: PlannedGroup, seconds: float | None) -> None:
        self.groups.append(group)
        self.commits.append(seconds)


def test_the_wait_for_a_lock_is_told(engine: Engine, declare: Declare, writer: Running) -> None:
    """It is as long as somebody else had the lock, without what was read and written then."""
    declare(1)
    told = Told()
    is_locked, may_go = threading.Event(), threading.Event()

    def hold() -> None:
        with writing(engine) as connection:
            lock_counter(connection, 1)
            is_locked.set()
            may_go.wait(30)

    async def call() -> float:
        async with writer(observer=told) as door:
            await door.sync(1, ANNA)
            holder = threading.Thread(target=hold)
            holder.start()
            is_locked.wait(30)
            began = time.monotonic()
            waiting = asyncio.create_task(door.sync(1, RawRecord(email="bob@t.com")))
            done, _ = await asyncio.wait((waiting,), timeout=0.4)
            assert not done
            may_go.set()
            await waiting
            holder.join()
            return time.monotonic() - began

    whole = asyncio.run(call())

    free, waited = (group.lock_seconds for group in told.groups)
    assert 0 <= free < waited
    assert 0.2 < waited < whole
    assert all(seconds is not None and 0 < seconds < whole for seconds in told.commits[1:])


def test_a_group_that_changes_nothing_has_no_commit(declare: Declare, writer: Running) -> None:
    """The same call again: the group is told of, without the time of a commit."""
    declare(1, first_lead_id=50)
    told = Told()

    async def calls() -> None:
        async with writer(observer=told) as door:
            await door.sync(1, ANNA)
            await door.sync(1, ANNA)

    asyncio.run(calls())

    assert [seconds is None for seconds in told.commits] == [False, True]
    assert [group.known.counter.next_lead_id for group in told.groups] == [51, 51]
    assert told.groups[0].subscription.name == "Example 1"


def test_an_observer_that_fails_spoils_no_answer(declare: Declare, writer: Running) -> None:
    """What is durable is answered as such."""
    declare(1)
    failures: list[object] = []

    class Failing(Told):
        def group_written(self, group: PlannedGroup, seconds: float | None) -> None:
            raise RuntimeError("no more room for figures")

    async def calls() -> list[str]:
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: failures.append(context["exception"]))
        async with writer(observer=Failing()) as door:
            return [(await door.sync(1, ANNA)).status for _ in range(2)]

    assert asyncio.run(calls()) == ["CREATED", "UPDATED"]
    assert len(failures) == 2


def test_the_oldest_call_is_looked_for_everywhere(engine: Engine, declare: Declare, writer: Running) -> None:
    """In the group under way first; nothing waits before and after."""
    declare(1)
    seen: list[float | None] = []

    async def calls() -> tuple[float, float]:
        async with writer(observer=Told()) as door:
            seen.append(door.oldest_arrival)
            with writing(engine) as connection:
                lock_counter(connection, 1)
                before = time.monotonic()
                waiting = [asyncio.create_task(door.sync(1, ANNA))]
                await asyncio.sleep(0)
                after = time.monotonic()
                waiting.append(asyncio.create_task(door.sync(1, RawRecord(email="bob@t.com"))))
                await asyncio.sleep(0)
                seen.append(door.oldest_arrival)
                assert (door.waiting, door.waiting_bytes > 256) == (1, True)
            await asyncio.gather(*waiting)
            seen.append(door.oldest_arrival)
            return before, after

    before, after = asyncio.run(calls())

    assert seen[1] is not None
    assert before <= seen[1] <= after
    assert (seen[0], seen[2]) == (None, None)
