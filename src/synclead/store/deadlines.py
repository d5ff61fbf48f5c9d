"""The calls that nobody has answered yet, and the moment from which each waits no longer."""

import asyncio
import time
from collections import deque
from collections.abc import Callable

from synclead.alarm import Alarm
from synclead.leads.outcome import Outcome
from synclead.leads.record import RawRecord


class Call:
    """One call from its arrival to its answer."""

    __slots__ = ("arrived", "future", "is_queued", "raw", "subscription_id")

    def __init__(self, subscription_id: int, raw: RawRecord, future: "asyncio.Future[Outcome]", arrived: float) -> None:
        """`arrived` by time.monotonic()."""
        self.subscription_id = subscription_id
        self.raw = raw
        self.future = future
        self.arrived = arrived
        self.is_queued = True


class Deadlines:
    """Gives up calls that wait too long, in the order in which they came: all wait equally long, so one alarm does."""

    def __init__(self, loop: asyncio.AbstractEventLoop, seconds: float, give_up: Callable[[Call], None]) -> None:
        """`give_up` answers a call whose time is over."""
        self._seconds = seconds
        self._give_up = give_up
        self._unanswered: deque[Call] = deque()
        """In order; those that were answered stay until those before them were."""
        self._alarm = Alarm(loop, self._ring)

    def add(self, call: Call) -> None:
        """A call begins to wait."""
        self._unanswered.append(call)
        if not self._alarm.is_set:
            self._alarm.set(self._seconds)

    def forget_answered(self) -> None:
        """Some calls were answered."""
        if self._oldest() is None:
            self._alarm.cancel()

    def close(self) -> None:
        """Gives up nobody any more."""
        self._alarm.close()

    def _ring(self) -> None:
        over = time.monotonic() - self._seconds
        try:
            while (oldest := self._oldest()) is not None and oldest.arrived <= over:
                self._unanswered.popleft()
                self._give_up(oldest)
        finally:
            # Even where that failed: the others have their deadlines all the same.
            if (oldest := self._oldest()) is not None:
                self._alarm.set(oldest.arrived - over)

    def _oldest(self) -> Call | None:
        unanswered = self._unanswered
        while unanswered and unanswered[0].future.done():
            unanswered.popleft()
        return unanswered[0] if unanswered else None
