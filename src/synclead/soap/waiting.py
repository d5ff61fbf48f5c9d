"""The calls that wait to be written into the log: bounded, and which of them are next."""

from collections import deque
from collections.abc import Mapping

from synclead.soap.entries import Before, Kept
from synclead.soap.observer import CallObserver
from synclead.store.request_log import NewEntry

BATCH = 15
"""Calls that are written at once. While calls come without a pause, no more are written between two pauses: to make
one readable and to write it costs a fifth of what a call costs."""
BATCH_BYTES = 4 * 16 * 1024
"""Of their bodies, about: who sends the largest and oddest that are looked at gets fewer written, not more time."""
IN_ORDER = 4 * BATCH
"""Calls that wait and are written in the order in which they came. Of more the newest are written first, so that what
is seen is not of a minute ago."""
MOST_BYTES = 16 * 1024 * 1024
"""Of bodies that wait to be written."""

Taken = tuple[int, bool, Before, Kept]
"""A call with its subscription, whether it is a fault, and what no entry will tell of before it."""


class Waiting:
    """Of successes and of faults of each subscription the last ones."""

    def __init__(self, limits: Mapping[bool, int], observer: CallObserver) -> None:
        """`limits`: how many of either wait, by whether they are faults. `observer` hears of those that are let go."""
        self._limits = limits
        self._observer = observer
        self._calls: dict[tuple[int, bool], deque[Kept]] = {}
        """By subscription and whether they are faults; the newest last."""
        self._lost: dict[int, int] = {}
        """Faults of a subscription that were too many to wait."""
        self._unstored: dict[int, int] = {}
        """Calls of a subscription that the database refused."""
        self._bytes = 0

    @property
    def has_room(self) -> bool:
        """Whether another body may wait."""
        return self._bytes < MOST_BYTES

    def add(self, subscription_id: int, failed: bool, kept: Kept) -> None:
        """The newest call. One that has too many of its kind before it takes the place of the oldest."""
        calls = self._calls.get((subscription_id, failed))
        if calls is None:
            calls = self._calls[subscription_id, failed] = deque()
        elif len(calls) >= self._limits[failed]:
            self._bytes -= len(calls.popleft().sent or b"")
            if failed:
                self._lost[subscription_id] = self._lost.get(subscription_id, 0) + 1
            self._observer.unrecorded("too_many")
        self._bytes += len(kept.sent or b"")
        calls.append(kept)

    def lose(self, entry: NewEntry) -> None:
        """Nothing of an entry can be written: the next one of its subscription says so."""
        owner, document = entry.subscription_id, entry.document
        self._unstored[owner] = self._unstored.get(owner, 0) + 1 + document.get("unstored", 0)
        if lost := document.get("lost"):
            self._lost[owner] = self._lost.get(owner, 0) + lost
        self._observer.unrecorded("refused")

    def take(self) -> list[Taken]:
        """The next calls to write, in the order in which they came; none where none waits."""
        if sum(map(len, self._calls.values())) > IN_ORDER:
            return self._take_newest()
        taken: list[Taken] = []
        room = BATCH_BYTES
        while self._calls and len(taken) < BATCH and room > 0:
            key = min(self._calls, key=lambda key: self._calls[key][0].at)
            room -= len(self._calls[key][0].sent or b"")
            taken.append(self._taken(key, self._calls[key].popleft()))
        return taken

    def _take_newest(self) -> list[Taken]:
        """Of every subscription a share."""
        # Faults first: where there are more kinds than places, they are what somebody looks for.
        keys = sorted(self._calls, key=lambda key: not key[1])[:BATCH]
        share = max(1, BATCH // len(keys))
        taken: list[Taken] = []
        room = BATCH_BYTES
        for key in keys:
            calls = self._calls[key] = self._calls.pop(key)  # the last in line next time
            for _ in range(min(len(calls), share)):
                room -= len(calls[-1].sent or b"")
                taken.append(self._taken(key, calls.pop()))
                if room <= 0:
                    return sorted(taken, key=_at)
        return sorted(taken, key=_at)

    def _taken(self, key: tuple[int, bool], kept: Kept) -> Taken:
        subscription_id, failed = key
        self._bytes -= len(kept.sent or b"")
        if not self._calls[key]:
            del self._calls[key]
        lost = self._lost.pop(subscription_id, 0) if failed else 0
        return subscription_id, failed, Before(lost, self._unstored.pop(subscription_id, 0)), kept


def _at(one: Taken) -> float:
    return one[3].at
