"""What waits to be written: fair between subscriptions, and bounded. Pure: no task, no clock."""

from collections import OrderedDict, deque
from collections.abc import Container
from dataclasses import dataclass
from typing import Generic, TypeVar

from synclead.leads.record import RawRecord

T = TypeVar("T")

GROUP_RECORDS = 512
GROUP_BYTES = 4 * 1024 * 1024
"""Of what a group brings, and again of the leads that its keys find."""


@dataclass(frozen=True, slots=True)
class QueueLimits:
    """How much may wait, in records and in bytes of their text."""

    records: int = 20_000
    bytes: int = 128 * 1024 * 1024
    subscription_records: int = 5_000
    subscription_bytes: int = 64 * 1024 * 1024


class QueueFullError(Exception):
    """A bound of the queue is reached; the message names it."""


@dataclass(slots=True)
class _Line(Generic[T]):
    """One subscription's waiting items with their sizes."""

    items: deque[tuple[T, int]]
    bytes: int = 0


class FairQueue(Generic[T]):
    """First in, first out within a subscription; subscriptions take turns."""

    def __init__(self, limits: QueueLimits | None = None) -> None:
        self._limits = limits or QueueLimits()
        self._lines: OrderedDict[int, _Line[T]] = OrderedDict()
        self.records = 0
        self.bytes = 0

    def put(self, subscription_id: int, item: T, size: int) -> None:
        """Adds an item of `size` bytes. Raises QueueFullError; an item too large for an empty queue may wait."""
        limits = self._limits
        line = self._lines.get(subscription_id)
        if self.records and (self.records >= limits.records or self.bytes + size > limits.bytes):
            raise QueueFullError("too many calls are waiting")
        if line is None:
            line = self._lines[subscription_id] = _Line(deque())
        elif len(line.items) >= limits.subscription_records or line.bytes + size > limits.subscription_bytes:
            raise QueueFullError("too many calls of this subscription are waiting")
        line.items.append((item, size))
        line.bytes += size
        self.records += 1
        self.bytes += size

    def take(self, busy: Container[int] = ()) -> tuple[int, list[T]] | None:
        """The next group: everything that waits of one subscription that is not `busy`, up to the bounds
        of a group; None when there is none. A subscription of which something stays goes last."""
        chosen = next((one for one in self._lines if one not in busy), None)
        if chosen is None:
            return None
        line = self._lines[chosen]
        group: list[T] = []
        taken = 0
        while line.items and len(group) < GROUP_RECORDS:
            item, size = line.items[0]
            if group and taken + size > GROUP_BYTES:
                break
            line.items.popleft()
            group.append(item)
            taken += size
        line.bytes -= taken
        self.records -= len(group)
        self.bytes -= taken
        if line.items:
            self._lines.move_to_end(chosen)
        else:
            del self._lines[chosen]
        return chosen, group

    def heads(self) -> list[T]:
        """What has waited longest, of each subscription that waits."""
        return [line.items[0][0] for line in self._lines.values()]

    def __len__(self) -> int:
        return self.records


def size_of(raw: RawRecord) -> int:
    """Bytes of a record's text, with a little for each part."""
    texts = [raw.id, raw.email, raw.foreign_id, raw.foreign_type, raw.cookie, raw.workspace]
    for attribute in raw.attributes:
        texts += (attribute.name, attribute.value)
    text = "".join(filter(None, texts))
    bytes_ = len(text) if text.isascii() else len(text.encode(errors="surrogatepass"))
    return 256 + 128 * len(raw.attributes) + bytes_
