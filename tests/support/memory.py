"""What finds leads for reading calls, over leads in memory."""

from __future__ import annotations

from support.world import World
from synclead.leads.errors import AnswerTooLargeError
from synclead.leads.lead import Lead
from synclead.leads.lookup import Found, LeadKey
from synclead.leads.subscription import Subscription


class MemoryReader:
    """See soap.operations.call.Reader."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.failure: Exception | None = None

    async def find(self, subscription: Subscription, key: LeadKey, most_bytes: int) -> Found:
        """The leads that the key names, from the world's working set."""
        if self.failure is not None:
            raise self.failure
        known = self._world.known
        found: list[Lead | None] = []
        if key.id is not None:
            found = [known.lead(key.id)]
        elif key.foreign_id is not None:
            found = [known.lead_of_foreign_id(key.foreign_id)]
        elif key.cookie is not None:
            found = [known.lead_of_cookie(key.cookie)]
        elif key.email is not None:
            found = list(known.leads_of_email(key.email.key))
        leads = [lead for lead in found if lead is not None]
        size = sum([len(str(value)) for lead in leads for value in lead.values.values()])
        if size > most_bytes:
            raise AnswerTooLargeError(most_bytes)
        return Found(await self.rules(subscription), tuple(sorted(leads, key=lambda lead: -lead.id)), size)

    async def rules(self, subscription: Subscription) -> Subscription:
        """Those of the world."""
        if self.failure is not None:
            raise self.failure
        return self._world.subscription
