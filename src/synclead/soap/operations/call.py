"""What every operation is given beside its input."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from synclead.leads.lookup import Found, LeadKey
from synclead.leads.outcome import Outcome
from synclead.leads.record import RawRecord
from synclead.leads.subscription import Subscription
from synclead.soap.client import Client
from synclead.soap.held import HeldBytes
from synclead.soap.messages import Message

ANSWERED = "ANSWERED"
"""The outcome of a call whose operation says none of its own."""


class Writer(Protocol):
    """What makes a record durable."""

    async def sync(self, subscription_id: int, raw: RawRecord, client: Client | None = None) -> Outcome:
        """The outcome, once it is durable. Raises SyncleadError when nothing was written.

        A call whose `client` has given up before it is begun is not carried out.
        """


class Reader(Protocol):
    """What finds leads, as of a moment after the call came."""

    async def find(self, subscription: Subscription, key: LeadKey, most_bytes: int) -> Found:
        """The leads of a key; none where it finds nobody.

        Raises SyncleadError: AnswerTooLargeError where they are more than so many bytes.
        """

    async def rules(self, subscription: Subscription) -> Subscription:
        """The rules as they are now, which may be newer than the call's. Raises SyncleadError."""


@dataclass(frozen=True, slots=True)
class Call:
    """One authenticated call."""

    subscription: Subscription
    workspace: str | None
    """The target workspace of the header, as sent; None without one."""
    writer: Writer
    reader: Reader
    facts: dict[str, Any] = field(default_factory=dict)
    """What the log line says about the outcome. An operation adds to it, and never a lead's values."""
    client: Client | None = None
    """Who waits for the answer; None where it is this process itself."""
    held: HeldBytes = field(default_factory=HeldBytes)
    """What this process keeps for others, and how much it may."""


class LargeAnswer(NamedTuple):
    """An answer that takes long to write: it is made and encoded beside the event loop."""

    make: Callable[[], Message]
    """In a thread. May raise SyncleadError."""
    size: int
    """Bytes of the values that are kept for it until it is made."""


LARGE = 256 * 1024
"""Bytes of values from which on an answer is large: to write them takes a millisecond or two."""
