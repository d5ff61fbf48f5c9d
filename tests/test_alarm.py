"""The timer that is set far more often than it rings."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
import uvloop

from synclead.alarm import Alarm

LATEST = 2.0
"""Seconds after which a machine under load has rung all the same."""


class Rung:
    """An alarm, and when it rang."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.began = self.loop.time()
        self.rings: list[float] = []
        self._rang = asyncio.Event()
        self.alarm = Alarm(self.loop, self._ring)

    def _ring(self) -> None:
        self.rings.append(self.loop.time() - self.began)
        self._rang.set()

    async def first(self) -> float:
        """When it rang for the first time, in seconds from the beginning."""
        async with asyncio.timeout(LATEST + 5):
            await self._rang.wait()
        return self.rings[0]


async def rings_once(rung: Rung) -> None:
    """When its time is over, and then it is not set."""
    states = [rung.alarm.is_set]
    rung.alarm.set(0.05)
    states.append(rung.alarm.is_set)
    assert 0.045 <= await rung.first() < LATEST
    states.append(rung.alarm.is_set)
    assert states == [False, True, False]
    await asyncio.sleep(0.1)
    assert len(rung.rings) == 1


async def is_put_off(rung: Rung) -> None:
    """The last setting counts, when it is later than the first."""
    rung.alarm.set(0.05)
    rung.alarm.set(0.2)
    assert 0.195 <= await rung.first() < LATEST


async def is_brought_forward(rung: Rung) -> None:
    """And when it is earlier."""
    rung.alarm.set(60)
    rung.alarm.set(0.05)
    assert 0.045 <= await rung.first() < LATEST


async def is_cancelled(rung: Rung) -> None:
    """It does not ring, and can be set again while the loop's own timer stands."""
    rung.alarm.set(0.05)
    rung.alarm.cancel()
    await asyncio.sleep(0.15)
    assert rung.rings == []
    rung.alarm.set(0.2)
    rung.alarm.cancel()
    rung.alarm.set(0.3)
    assert 0.445 <= await rung.first() < LATEST


async def is_closed(rung: Rung) -> None:
    """It does not ring any more."""
    rung.alarm.set(0.05)
    rung.alarm.close()
    await asyncio.sleep(0.15)
    assert rung.rings == []


async def makes_few_timers(rung: Rung) -> None:
    """A thousand calls a second cost one timer of the loop, not a thousand."""
    made = 0
    later = rung.loop.call_later

    class Counting:
        time = rung.loop.time

        @staticmethod
        def call_later(seconds: float, look: Callable[[], None]) -> asyncio.TimerHandle:
            nonlocal made
            made += 1
            return later(seconds, look)

    alarm = Alarm(Counting(), rung.rings.clear)  # type: ignore[arg-type]
    for _ in range(1000):
        alarm.set(60)
        alarm.cancel()
    assert made == 1
    alarm.close()


@pytest.mark.parametrize(
    "story", [rings_once, is_put_off, is_brought_forward, is_cancelled, is_closed, makes_few_timers]
)
def test_an_alarm(story: Callable[[Rung], Awaitable[None]]) -> None:
    """On the loop that serves."""

    async def run() -> None:
        await story(Rung())

    uvloop.run(run())
