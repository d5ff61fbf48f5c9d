"""Faults and waits that a test asks for: the next authenticated calls get them, where real ones come from."""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from synclead.leads.errors import SyncleadError
from synclead.soap.authentication import RequestExpiredError
from synclead.soap.limiting import ConcurrencyLimitError, RateLimitError, RequestLimitError
from synclead.store.errors import ServiceFailureError

REASON = "injected"
"""What the log gives as the reason of an injected 20011."""


# By user, limits of the subscription that are set, and reference. Where a limit is not set, the message names the one
# that the service documents.
_FAULTS: Mapping[int, Callable[[str, Mapping[str, int], str], SyncleadError]] = MappingProxyType(
    {
        20011: lambda user, limits, reference: ServiceFailureError(reference, reason=REASON),
        20015: lambda user, limits, reference: RequestLimitError(limits.get("calls_per_day", 10_000)),
        20016: lambda user, limits, reference: RequestExpiredError(user, 0.0),
        20023: lambda user, limits, reference: RateLimitError(limits.get("calls_per_20s", 100)),
        20024: lambda user, limits, reference: ConcurrencyLimitError(limits.get("concurrent_calls", 10)),
    }
)

CODES = tuple(_FAULTS)
"""Faults that can be injected."""


@dataclass(frozen=True, slots=True)
class Injection:
    """What happens to one call."""

    code: int | None = None
    """The fault that answers it, one of CODES; None: it is answered as always."""
    written: bool = False
    """With code 20011: the call is carried out, and hears that its outcome is not known."""
    wait: float = 0.0
    """Seconds by which its answer comes later, after it was carried out."""

    async def before(self, user_id: str, limits: Mapping[str, int], reference: str) -> None:
        """Comes before the call is carried out. Raises the fault of one that is not.

        `limits` are those of the subscription that are set; `reference` is the id that fault 20011 shows.
        """
        if self.code is not None and not self.written:
            await asyncio.sleep(self.wait)
            raise _FAULTS[self.code](user_id, limits, reference)

    async def after(self, reference: str) -> None:
        """Comes after the call was carried out. Raises the fault that says that it may not have been."""
        await asyncio.sleep(self.wait)
        if self.written:
            raise ServiceFailureError(reference, outcome_known=False, reason=REASON)


NOTHING = Injection()
"""What happens to a call for which nobody asked anything."""


class Injections:
    """What waits for the next authenticated calls, in the order it was asked for. For one event loop."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[Injection, int]] = deque()

    def add(self, injection: Injection, calls: int) -> None:
        """For so many calls, after those that have something waiting for them already."""
        self._waiting.append((injection, calls))

    def take(self) -> Injection:
        """What the call that comes now gets; NOTHING where nothing waits."""
        if not self._waiting:
            return NOTHING
        injection, calls = self._waiting.popleft()
        if calls > 1:
            self._waiting.appendleft((injection, calls - 1))
        return injection

    def clear(self) -> None:
        """Forgets what waits."""
        self._waiting.clear()

    @property
    def waiting(self) -> tuple[tuple[Injection, int], ...]:
        """What waits, and for how many calls."""
        return tuple(self._waiting)
