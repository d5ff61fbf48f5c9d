"""What the writer tells its owner."""

import logging

from synclead.leads.outcome import Outcome
from synclead.store.group import Answer, PlannedGroup

_log = logging.getLogger("synclead.store")


class Observer:
    """The methods log; override them to log otherwise, or to count."""

    def undelivered(self, subscription_id: int, answer: Answer) -> None:
        """A caller hung up, or its time was over, after its call was queued: what it would have heard."""
        what = f"lead {answer.lead.id}" if isinstance(answer, Outcome) else f"fault {answer.code}"
        _log.warning("answer not delivered: subscription %s, %s", subscription_id, what)

    def failed(self, reference: str, error: Exception | str) -> None:
        """A call was answered with 10001 or 20011 under this reference, because of `error`."""
        trace = error if isinstance(error, Exception) else None
        _log.error("call failed: reference %s: %s", reference, error, exc_info=trace)

    def group_written(self, group: PlannedGroup, seconds: float | None) -> None:
        """A group is durable; its writes and commit took so long. None: it had nothing to write."""

    def group_ended(self, subscription_id: int, records: int, seconds: float) -> None:
        """A group of so many records was answered so long after it was begun."""
