"""Limits of a subscription on its calls: at once, in 20 seconds, a day. Counted in this process's memory."""

import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from zoneinfo import ZoneInfo

from synclead.leads.errors import SyncleadError

US_CENTRAL = ZoneInfo("America/Chicago")
"""The zone whose midnight begins a new day of calls (spec: sync-lead, section 2)."""

WINDOW_SECONDS = 20


class RequestLimitError(SyncleadError):
    """The subscription had all its calls of the day."""

    code, text = 20015, "Request limit exceeded"

    def __init__(self, limit: int) -> None:
        super().__init__(f"Request limit of {limit} per day exceeded")


class RateLimitError(SyncleadError):
    """The subscription had all its calls of these 20 seconds."""

    code, text = 20023, "Rate limit exceeded"

    def __init__(self, limit: int) -> None:
        super().__init__(f"More than {limit} calls in {WINDOW_SECONDS} seconds")


class ConcurrencyLimitError(SyncleadError):
    """As many calls of the subscription as it may have at once are under way."""

    code, text = 20024, "Concurrency limit exceeded"

    def __init__(self, limit: int) -> None:
        super().__init__(f"More than {limit} concurrent calls")


class CallLimiter:
    """Counts the authenticated calls of every subscription, and refuses those beyond its limits.

    For one event loop. What is counted does not depend on a limit's size, so that changing one begins no count anew.
    """

    def __init__(self, seconds: Callable[[], float] = time.monotonic) -> None:
        """`seconds` is a clock that never steps back: nobody is locked out, or let in, when a machine's time is set."""
        self._seconds = seconds
        self._under_way: dict[int, int] = {}
        self._windows: dict[int, deque[float]] = {}
        """When each subscription made its calls of the last 20 seconds."""
        self._days: dict[int, int] = {}
        """Calls of each subscription today."""
        self._today: date | None = None

    def forget(self) -> None:
        """Begins all counts anew; what is under way goes on counting."""
        self._windows.clear()
        self._days.clear()
        self._today = None

    @contextmanager
    def call(self, subscription_id: int, limits: Mapping[str, int], now: datetime) -> Iterator[None]:
        """Counts a call, which is under way until the block is left, however that happens.

        `limits` has those of `concurrent_calls`, `calls_per_20s` and `calls_per_day` that are set;
        `now` is aware and says which day it is in the US Central zone. Raises ConcurrencyLimitError,
        RateLimitError, RequestLimitError, in this order.
        """
        running = self._under_way.get(subscription_id, 0)
        at_once = limits.get("concurrent_calls")
        if at_once is not None and running >= at_once:
            raise ConcurrencyLimitError(at_once)
        if limits:
            self._count(subscription_id, limits, now.astimezone(US_CENTRAL).date())
        self._under_way[subscription_id] = running + 1
        try:
            yield
        finally:
            left = self._under_way[subscription_id] - 1
            if left:
                self._under_way[subscription_id] = left
            else:
                del self._under_way[subscription_id]

    def _count(self, subscription_id: int, limits: Mapping[str, int], today: date) -> None:
        if today != self._today:
            self._begin_day(today)
        rate = limits.get("calls_per_20s")
        if rate is not None:
            window = self._windows.setdefault(subscription_id, deque())
            now = self._seconds()
            _let_go(window, now)
            if len(window) >= rate:
                raise RateLimitError(rate)
            window.append(now)
        per_day = limits.get("calls_per_day")
        if per_day is not None:
            made = self._days.get(subscription_id, 0)
            if made >= per_day:
                raise RequestLimitError(per_day)
            self._days[subscription_id] = made + 1

    def _begin_day(self, today: date) -> None:
        """Drops the counts of another day, and windows without calls: those of removed subscriptions among them."""
        self._today = today
        self._days.clear()
        now = self._seconds()
        for subscription_id, window in list(self._windows.items()):
            _let_go(window, now)
            if not window:
                del self._windows[subscription_id]


def _let_go(window: deque[float], now: float) -> None:
    while window and window[0] <= now - WINDOW_SECONDS:
        window.popleft()
