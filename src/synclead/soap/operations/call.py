"""What every operation is given beside its input."""

from dataclasses import dataclass, field
from typing import Any, Protocol

from synclead.leads.outcome import Outcome
from synclead.leads.record import RawRecord
from synclead.leads.subscription import Subscription


class Writer(Protocol):
    """What makes a record durable."""

    async def sync(self, subscription_id: int, raw: RawRecord) -> Outcome:
        """The outcome, once it is durable. Raises SyncleadError when nothing was written."""


@dataclass(frozen=True, slots=True)
class Call:
    """One authenticated call."""

    subscription: Subscription
    workspace: str | None
    """The target workspace of the header, as sent; None without one."""
    writer: Writer
    facts: dict[str, Any] = field(default_factory=dict)
    """What the log line says about the outcome. An operation adds to it, and never a lead's values."""
