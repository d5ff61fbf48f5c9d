"""The leads that the keys of a group could mean, in memory, as earlier calls of the group left them."""

from dataclasses import dataclass, field

from synclead.leads.fields import Catalogue, Field
from synclead.leads.lead import ForeignId, Lead, Visitor
from synclead.leads.outcome import Activity
from synclead.leads.plan import Counter, Plan


@dataclass(slots=True)
class Changes:
    """What a group changes, folded: each row once, as the last call of the group left it."""

    new_leads: dict[int, Lead] = field(default_factory=dict)
    changed_leads: dict[int, Lead] = field(default_factory=dict)
    foreign_ids: dict[ForeignId, tuple[int, int, bool]] = field(default_factory=dict)
    """Lead id, number of the change that set it, and whether the row is new."""
    cookies: dict[str, tuple[int, bool]] = field(default_factory=dict)
    """By token: lead id, and whether the row is new."""
    visitors: dict[int, int] = field(default_factory=dict)
    """Visitors that became somebody: visitor number to lead id."""
    activities: list[Activity] = field(default_factory=list)
    fields: list[Field] = field(default_factory=list)


class WorkingSet:
    """Answers the questions of `resolve` and `plan`; changes only by `apply`.

    It must hold every lead that a key of the group names and, of each Email, the most lately changed
    ones: one more than the group has calls, among all leads of the Email and again among those without
    a foreign id of the type that a call gives. Then no call of the group can use up what was loaded.
    """

    def __init__(self, counter: Counter, catalogue: Catalogue) -> None:
        self.counter = counter
        self.catalogue = catalogue
        self.changes = Changes()
        self._leads: dict[int, Lead] = {}
        self._survivors: dict[int, int] = {}
        self._foreign_ids: dict[ForeignId, int] = {}
        self._cookies: dict[str, int] = {}
        self._visitors: dict[str, Visitor] = {}
        self._emails: dict[str, set[int]] = {}
        self._forgotten: set[int] = set()

    # -- loading ------------------------------------------------------------------------------------

    def load_lead(self, lead: Lead) -> None:
        """Take in a stored lead with its foreign ids."""
        self._leads[lead.id] = lead
        for foreign_id in lead.foreign_ids:
            self._foreign_ids[foreign_id] = lead.id
        if lead.email:
            self._emails.setdefault(lead.email.key, set()).add(lead.id)

    def load_visitor(self, visitor: Visitor) -> None:
        """Take in an anonymous visitor, found by its cookie."""
        self._visitors[visitor.token] = visitor

    def bind_foreign_id(self, foreign_id: ForeignId, lead_id: int) -> None:
        """Say which lead has a foreign id that is not among those loaded with the lead."""
        self._foreign_ids[foreign_id] = lead_id

    def bind_cookie(self, token: str, lead_id: int) -> None:
        """Say which known lead a cookie identifies."""
        self._cookies[token] = lead_id

    def alias(self, lead_id: int, survivor_id: int) -> None:
        """Let the Id of a merged lead stand for the lead that it was merged into."""
        self._survivors[lead_id] = survivor_id

    def forget(self, lead_id: int) -> None:
        """Say that the lead of an Id was forgotten."""
        self._forgotten.add(lead_id)

    # -- questions ----------------------------------------------------------------------------------

    def lead(self, lead_id: int) -> Lead | None:
        """The known lead of an Id, or of the Id of a lead that was merged into it."""
        return self._leads.get(self._survivors.get(lead_id, lead_id))

    def lead_of_foreign_id(self, foreign_id: ForeignId) -> Lead | None:
        """The known lead that has this foreign id."""
        lead_id = self._foreign_ids.get(foreign_id)
        return None if lead_id is None else self.lead(lead_id)

    def lead_of_cookie(self, token: str) -> Lead | None:
        """The known lead that this cookie identifies."""
        lead_id = self._cookies.get(token)
        return None if lead_id is None else self.lead(lead_id)

    def visitor_of_cookie(self, token: str) -> Visitor | None:
        """The anonymous visitor that this cookie identifies."""
        return self._visitors.get(token)

    def leads_of_email(self, key: str) -> tuple[Lead, ...]:
        """The known leads of an Email key, best first: last changed, then highest Id."""
        ids = self._emails.get(key)
        if not ids:
            return ()
        leads = [self._leads[lead_id] for lead_id in ids]
        if len(leads) > 1:
            leads.sort(key=lambda lead: (lead.change, lead.id), reverse=True)
        return tuple(leads)

    def is_forgotten(self, lead_id: int) -> bool:
        """Whether the Id is a forgotten lead's; known of Ids that rows of a file keep."""
        return lead_id in self._forgotten

    def take_changes(self) -> Changes:
        """What was noted for the database since the last time: who takes it writes it before what comes after."""
        taken, self.changes = self.changes, Changes()
        return taken

    # -- what a plan does ---------------------------------------------------------------------------

    def apply(self, plan: Plan) -> None:
        """Let the next call of the group see what this one did, and note it for the database."""
        self.counter = plan.counter
        changes = self.changes
        changes.activities.extend(plan.activities)
        if plan.fields:
            changes.fields.extend(plan.fields)
            self.catalogue = self.catalogue.with_fields(plan.fields)
        if not plan.outcome.changed:
            return
        lead = plan.outcome.lead
        for loser in plan.losers:
            self._leads[loser.id] = loser
            # A row that this group writes anyway must not bring back the key that the lead lost.
            for rows in (changes.new_leads, changes.changed_leads):
                if loser.id in rows:
                    rows[loser.id] = loser
        before = self._leads.get(lead.id)
        if before and before.email and (lead.email is None or lead.email.key != before.email.key):
            self._emails[before.email.key].discard(lead.id)
        self.load_lead(lead)
        if plan.is_new or lead.id in changes.new_leads:
            changes.new_leads[lead.id] = lead
        else:
            changes.changed_leads[lead.id] = lead
        for foreign_id, change, is_new in plan.foreign_ids_set:
            was = changes.foreign_ids.get(foreign_id)
            changes.foreign_ids[foreign_id] = (lead.id, change, was[2] if was else is_new)
        for token, is_new in plan.cookies_bound:
            known = changes.cookies.get(token)
            changes.cookies[token] = (lead.id, known[1] if known else is_new)
            self._cookies[token] = lead.id
        for visitor in plan.visitors:
            changes.visitors[visitor.id] = lead.id
            del self._visitors[visitor.token]
