"""Calls that wait too long are given up, each in its time."""

import asyncio
import time
from collections.abc import Awaitable, Callable

import pytest
import uvloop

from synclead.leads.record import RawRecord
from synclead.store.deadlines import Call, Deadlines

SECONDS = 0.2
LATE = 2.0
"""Seconds by which a machine under load may be late."""


class Waiting:
    """Calls that wait, and when each was given up."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._loop.set_exception_handler(lambda loop, context: None)
        self.given_up: dict[int, float] = {}
        self.fails_for: set[int] = set()
        self.deadlines = Deadlines(self._loop, SECONDS, self._give_up)

    def call(self, number: int, age: float = 0) -> Call:
        """One that came just now, or so many seconds ago."""
        call = Call(number, RawRecord(), self._loop.create_future(), time.monotonic() - age)
        self.deadlines.add(call)
        return call

    def answer(self, call: Call) -> None:
        """One was answered."""
        call.future.cancel()
        self.deadlines.forget_answered()

    def _give_up(self, call: Call) -> None:
        if call.subscription_id in self.fails_for:
            raise ValueError(call.subscription_id)
        self.given_up[call.subscription_id] = time.monotonic() - call.arrived
        call.future.cancel()


async def each_in_its_time(waiting: Waiting) -> None:
    """The second came later and waits as long as the first."""
    waiting.call(1)
    await asyncio.sleep(SECONDS / 2)
    waiting.call(2)
    await asyncio.sleep(SECONDS * 3)
    assert all(SECONDS <= waited < SECONDS + LATE for waited in waiting.given_up.values())
    assert list(waiting.given_up) == [1, 2]


async def not_the_answered(waiting: Waiting) -> None:
    """Whichever of them was answered first; and the next that comes has its whole time."""
    first, second, third = waiting.call(1), waiting.call(2), waiting.call(3)
    waiting.answer(second)
    waiting.answer(first)
    waiting.answer(third)
    await asyncio.sleep(SECONDS / 2)
    waiting.call(4)
    await asyncio.sleep(SECONDS * 3)
    assert list(waiting.given_up) == [4]
    assert waiting.given_up[4] >= SECONDS


async def the_others_where_one_fails(waiting: Waiting) -> None:
    """A defect while one is given up costs nobody else a deadline."""
    waiting.fails_for.add(1)
    for number in (1, 2):
        waiting.call(number)
    await asyncio.sleep(SECONDS / 4)
    waiting.call(3)
    await asyncio.sleep(SECONDS * 3)
    assert list(waiting.given_up) == [2, 3]


async def by_their_arrival(waiting: Waiting) -> None:
    """One that was read late has waited longer than those before it."""
    waiting.call(1)
    waiting.call(2, age=SECONDS / 2)
    waiting.call(3, age=SECONDS / 4)
    await asyncio.sleep(SECONDS * 3)
    assert list(waiting.given_up) == [2, 3, 1]


async def at_once_where_asked(waiting: Waiting) -> None:
    """Before the alarm has had its turn."""
    waiting.call(1, age=SECONDS)
    waiting.call(2)
    waiting.deadlines.expire()
    assert list(waiting.given_up) == [1]


async def nobody_after_the_end(waiting: Waiting) -> None:
    """Closed deadlines are nobody's."""
    waiting.call(1)
    waiting.deadlines.close()
    await asyncio.sleep(SECONDS * 2)
    assert waiting.given_up == {}


@pytest.mark.parametrize(
    "story",
    [
        each_in_its_time,
        not_the_answered,
        the_others_where_one_fails,
        by_their_arrival,
        at_once_where_asked,
        nobody_after_the_end,
    ],
)
def test_given_up(story: Callable[[Waiting], Awaitable[None]]) -> None:
    """On the loop that serves."""

    async def run() -> None:
        await story(Waiting())

    uvloop.run(run())
