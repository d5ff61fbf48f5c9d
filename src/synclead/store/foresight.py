"""What groups would do one after the other, without writing any of them."""

from synclead.leads.fields import Catalogue
from synclead.leads.lead import ForeignId, Lead, Visitor
from synclead.leads.plan import Counter, Plan
from synclead.leads.working_set import WorkingSet


class Foresight(WorkingSet):
    """A working set that stays for all groups: what one of them changed is never loaded over again.

    It holds every lead that the groups have met, so its memory grows with them.
    """

    def __init__(self) -> None:
        super().__init__(Counter(1, 1, 1), Catalogue())
        self._touched: set[int] = set()

    @property
    def touched(self) -> int:
        """How many leads are not as the database has them."""
        return len(self._touched)

    def begin(self, counter: Counter, catalogue: Catalogue) -> "Foresight":
        """For the next group: the numbers of the database, or those after what the groups before used."""
        own = self.counter
        self.counter = Counter(
            max(counter.next_lead_id, own.next_lead_id),
            max(counter.next_activity_id, own.next_activity_id),
            max(counter.next_change, own.next_change),
        )
        self.catalogue = catalogue
        return self

    def load_lead(self, lead: Lead) -> None:
        """See `WorkingSet`."""
        if lead.id not in self._touched:
            super().load_lead(lead)

    def load_visitor(self, visitor: Visitor) -> None:
        """See `WorkingSet`."""
        if visitor.id not in self.changes.visitors:
            super().load_visitor(visitor)

    def bind_foreign_id(self, foreign_id: ForeignId, lead_id: int) -> None:
        """See `WorkingSet`."""
        if foreign_id not in self.changes.foreign_ids:
            super().bind_foreign_id(foreign_id, lead_id)

    def bind_cookie(self, token: str, lead_id: int) -> None:
        """See `WorkingSet`."""
        if token not in self.changes.cookies:
            super().bind_cookie(token, lead_id)

    def apply(self, plan: Plan) -> None:
        """See `WorkingSet`."""
        lead_id = plan.outcome.lead.id
        if plan.outcome.changed:
            self._touched.discard(lead_id)  # what the plan makes of it must be taken in
            super().apply(plan)
            self._touched.update({lead_id, *(loser.id for loser in plan.losers)})
        self.changes.activities.clear()
