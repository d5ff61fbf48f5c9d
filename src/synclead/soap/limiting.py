"""Limits of a subscription on its calls: at once, in 20 seconds, a day. Counted in this process's memory."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from functools import cached_property
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from synclead.leads.errors import SyncleadError

if TYPE_CHECKING:
    from limits.storage import MemoryStorage

US_CENTRAL = ZoneInfo("America/Chicago")
"""The zone whose midnight begins a new day of calls (spec: sync-lead, section 2)."""

WINDOW_SECONDS = 20

_LONGEST_DAY_SECONDS = 26 * 3600
"""Longer than any day of the zone: the one that ends summer time has 25 hours."""


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

    For one event loop. Keys are ours and without the limit's size, so that changing a limit begins no count anew.
    """

    def __init__(self) -> None:
        self._under_way: dict[int, int] = {}
        self._counted: dict[int, date] = {}
        """The day of the last counted call of each subscription that the storage may know."""
        self._today: date | None = None

    @cached_property
    def _storage(self) -> "MemoryStorage":
        # The library is loaded at the first call of a subscription with limits, and not at every start.
        from limits.storage import MemoryStorage

        return MemoryStorage()

    def forget(self) -> None:
        """Begins all counts anew; what is under way goes on counting."""
        self._storage.reset()
        self._counted.clear()
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
            self._forget_other_days(today)
        self._counted[subscription_id] = today
        rate = limits.get("calls_per_20s")
        if rate is not None and not self._storage.acquire_entry(_window_key(subscription_id), rate, WINDOW_SECONDS):
            raise RateLimitError(rate)
        per_day = limits.get("calls_per_day")
        if per_day is not None:
            key = _day_key(subscription_id, today)
            if self._storage.get(key) >= per_day:
                raise RequestLimitError(per_day)
            self._storage.incr(key, _LONGEST_DAY_SECONDS)

    def _forget_other_days(self, today: date) -> None:
        """Drops counts of other days, and subscriptions that do not call any more, removed ones among them."""
        self._today = today
        for subscription_id, day in list(self._counted.items()):
            self._storage.clear(_day_key(subscription_id, day))
            window = _window_key(subscription_id)
            # A window reaches over midnight; one that still holds calls is dropped a day later.
            if not self._storage.get_moving_window(window, 1, WINDOW_SECONDS)[1]:
                self._storage.clear(window)
                del self._counted[subscription_id]


def _window_key(subscription_id: int) -> str:
    return f"window/{subscription_id}"


def _day_key(subscription_id: int, day: date) -> str:
    return f"day/{subscription_id}/{day}"
