"""A timer that is set far more often than it rings: every call has deadlines, and nearly every call is in time."""

import asyncio
from collections.abc import Callable


class Alarm:
    """Rings once when its time is over and it was not put off; belongs to one event loop.

    To set it and to put it off are two assignments: the loop's own timer stays, and looks again when it is due.
    uvloop makes a timer anew each time; three of them were a tenth of what a call alone takes.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, ring: Callable[[], None]) -> None:
        self._loop = loop
        self._ring = ring
        self._due: float | None = None
        self._looks_at = 0.0
        self._timer: asyncio.TimerHandle | None = None

    @property
    def is_set(self) -> bool:
        """Whether it will ring."""
        return self._due is not None

    def set(self, seconds: float) -> None:
        """Rings in so many seconds, and not when it was to ring before."""
        self._due = due = self._loop.time() + seconds
        if self._timer is not None:
            if self._looks_at <= due:
                return
            self._timer.cancel()
        self._look_in(seconds, due)

    def cancel(self) -> None:
        """Does not ring until it is set again. Named as what it stands for, `asyncio.TimerHandle`."""
        self._due = None

    def close(self) -> None:
        """Ends it, and lets go of who was to hear it: the two of them often know each other."""
        self._due = None
        self._ring = _nobody
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look_in(self, seconds: float, due: float) -> None:
        self._looks_at = due
        self._timer = self._loop.call_later(seconds, self._look)

    def _look(self) -> None:
        self._timer = None
        if self._due is None:
            return
        left = self._due - self._loop.time()
        if left > 0:
            self._look_in(left, self._due)
        else:
            self._due = None
            self._ring()


def _nobody() -> None:
    """Hears an alarm that was closed."""
