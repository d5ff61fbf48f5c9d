"""The calls that nobody has answered yet, and the moment from which each waits no longer."""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from typing import Protocol

from synclead.alarm import Alarm
from synclead.leads.outcome import Outcome
from synclead.leads.record import RawRecord

TIME_OVER = "deadline of the call"
HUNG_UP = "the client hung up before its call was begun"


class Client(Protocol):
    """Who waits for an answer."""

    def arrived(self) -> float:
        """When the call came, as far as can be known, by time.monotonic()."""

    def has_given_up(self, arrived: float) -> bool:
        """Whether nobody waits any more for a call that came then, and it may have been made again since."""


class Call:
    """One call from its arrival to its answer."""

    __slots__ = ("arrived", "client", "future", "is_queued", "raw", "subscription_id")

    def __init__(
        self,
        subscription_id: int,
        raw: RawRecord,
        future: "asyncio.Future[Outcome]",
        arrived: float,
        client: Client | None = None,
    ) -> None:
        """`arrived` by time.monotonic()."""
        self.subscription_id = subscription_id
        self.raw = raw
        self.future = future
        self.arrived = arrived
        self.client = client
        self.is_queued = True

    def why_not(self) -> str | None:
        """Why it is not to be begun any more, or again; None where it is. Who was cancelled is served all the same."""
        if self.future.done() and not self.future.cancelled():
            return TIME_OVER
        if self.client is not None and self.client.has_given_up(self.arrived):
            return HUNG_UP
        return None


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
        """A call begins to wait; its time counts from its arrival."""
        self._insert(call)
        if not self._alarm.is_set or self._unanswered[0] is call:
            self._alarm.set(call.arrived + self._seconds - time.monotonic())

    def forget_answered(self) -> None:
        """Some calls were answered."""
        if self._oldest() is None:
            self._alarm.cancel()

    def close(self) -> None:
        """Gives up nobody any more."""
        self._alarm.close()

    def expire(self) -> None:
        """Gives up those whose time is over now: a process that was stopped may go on with others before it looks."""
        over = time.monotonic() - self._seconds
        while (oldest := self._oldest()) is not None and oldest.arrived <= over:
            self._unanswered.popleft()
            self._give_up(oldest)

    def _ring(self) -> None:
        try:
            self.expire()
        finally:
            # Even where that failed: the others have their deadlines all the same.
            if (oldest := self._oldest()) is not None:
                self._alarm.set(oldest.arrived + self._seconds - time.monotonic())

    def _insert(self, call: Call) -> None:
        """Most came last; one whose bytes were read late came before others."""
        unanswered = self._unanswered
        later = []
        while unanswered and unanswered[-1].arrived > call.arrived:
            later.append(unanswered.pop())
        unanswered.append(call)
        unanswered.extend(reversed(later))

    def _oldest(self) -> Call | None:
        unanswered = self._unanswered
        while unanswered and unanswered[0].future.done():
            unanswered.popleft()
        return unanswered[0] if unanswered else None
