"""What a call would do, without writing anything."""

from datetime import datetime
from uuid import uuid4

from synclead.leads.errors import SyncleadError
from synclead.leads.outcome import Outcome
from synclead.leads.record import RawRecord
from synclead.store.errors import InternalError, StoreError
from synclead.store.group import SubscriptionGoneError, plan_group
from synclead.store.transaction import Database


class Foreteller:
    """A writer that writes nothing: what it is asked to sync it explains. For one call."""

    def __init__(self, database: Database, now: datetime) -> None:
        """`now` is in UTC."""
        self._database = database
        self._now = now
        self.outcome: Outcome | None = None
        """What the call would have come to."""

    async def sync(self, subscription_id: int, raw: RawRecord, client: object = None) -> Outcome:
        """See `explain`."""
        self.outcome = await explain(self._database, subscription_id, raw, self._now)
        return self.outcome


async def explain(database: Database, subscription_id: int, raw: RawRecord, now: datetime) -> Outcome:
    """The outcome that `Writer.sync` would give for this record now. Needs no lock and leaves no trace.

    Raises the same SyncleadErrors as the call, and StoreError when there is no such subscription.
    """

    def refuse(defect: Exception) -> SyncleadError:
        error = InternalError(uuid4().hex[:12])
        error.__cause__ = defect
        return error

    try:
        async with database.transaction(read_only=True) as transaction:
            group = await plan_group(
                transaction, subscription_id, [raw], cached=None, now=now, refuse=refuse, lock="read_counter"
            )
    except SubscriptionGoneError as error:
        raise StoreError(str(error)) from error
    answer = group.answers[0]
    if isinstance(answer, Outcome):
        return answer
    raise answer
