"""Which lead a call means: the table of identity, in one place.

Everything that decides the target stands in `TABLE`; what then happens to the target stands in `plan`.
`docs/identity.md` is printed from this table. Source of every row: sync-lead, section 3; [S] restates the
user's document, [O] is ours where it is silent.

Keys in order of precedence: Id, foreign id (type and id together), Munchkin cookie, Email.
All but Email are unique in a subscription, so Email alone can find several leads.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from msgspec import Struct

from synclead.leads.errors import LeadKeyRequiredError, LeadNotFoundError
from synclead.leads.lead import Email, ForeignId, Lead, Visitor
from synclead.leads.policy import Policy
from synclead.leads.record import Kept, SyncRequest


class KnownLeads(Protocol):
    """Where the keys of a call are looked up."""

    def lead(self, lead_id: int) -> Lead | None: ...
    def lead_of_foreign_id(self, foreign_id: ForeignId) -> Lead | None: ...
    def lead_of_cookie(self, token: str) -> Lead | None: ...
    def visitor_of_cookie(self, token: str) -> Visitor | None: ...
    def leads_of_email(self, key: str) -> tuple[Lead, ...]: ...
    def is_forgotten(self, lead_id: int) -> bool: ...


class Found(Struct, frozen=True):
    """What the keys of one call find, before any row of the table is asked."""

    request: SyncRequest
    policy: Policy
    id_lead: Lead | None
    """I: the lead of the Id."""
    foreign_leads: Mapping[ForeignId, Lead]
    """The leads of the foreign ids that leads have; a call names one foreign id at most, a row of a file several."""
    cookie_leads: Mapping[str, Lead]
    """The known leads of the cookies that known leads have, by token."""
    visitors: tuple[Visitor, ...]
    """The anonymous visitors of the cookies."""
    email_leads: tuple[Lead, ...]
    """E: the known leads of the Email, best first (last changed, then highest Id)."""
    email_key: Email | None
    """The address that E was looked up by: the attribute's, unless only the element's is known."""
    element_is_known: bool
    """Two different addresses were sent, and leads have the element's."""
    email: Email | None
    """The Email to store: the attribute's value, else the element's."""
    foreign_lead: Lead | None
    """F: the lead of the foreign id, the first one's that a lead has."""
    cookie_lead: Lead | None
    """K: the known lead of the cookie, the first one's that a lead has."""
    visitor: Visitor | None
    """V: the anonymous visitor of the cookie, the first one's that has one."""

    @property
    def kept(self) -> Kept | None:
        """How the lead stood, where a row of a file may make it under its own Id."""
        return None if self.request.row is None else self.request.row.kept

    def fits_foreign_id(self, lead: Lead) -> bool:
        """A lead fits when no foreign id is given or when it has none of that type [O]."""
        if not lead.foreign_ids:
            return True
        return not any(own.type == given.type for given in self.request.foreign_ids for own in lead.foreign_ids)

    def is_found_by_email(self, lead: Lead) -> bool:
        """Whether the lead is one of E."""
        return any(lead.id == other.id for other in self.email_leads)


class NewLead:
    """The target of step 6: nobody yet."""


NEW_LEAD = NewLead()
Target = Lead | Visitor | NewLead


@dataclass(frozen=True, slots=True)
class Row:
    """One step: the target it names, when it applies, and where the rule comes from."""

    step: int
    key: str
    target: str
    when: str
    source: str
    find: Callable[[Found], Target | None]


def by_id(found: Found) -> Target | None:
    """The Id takes precedence over all other keys [S]; an Id is never invented [O], but a file may keep its own."""
    if found.request.id is None or found.id_lead is not None:
        return found.id_lead
    if found.kept is not None:
        return NEW_LEAD
    if found.policy.unknown_id == "fault":
        raise LeadNotFoundError(f"No lead found with ID = {found.request.id}")
    return None


def by_foreign_id(found: Found) -> Target | None:
    """A foreign id is used as a unique identifier [S], also where the Email names another lead [S]."""
    return found.foreign_lead


def by_cookie(found: Found) -> Target | None:
    """The cookie is a key [S], unless foreign id or Email say that another person sits there [O]."""
    lead = found.cookie_lead
    if lead is None or not found.fits_foreign_id(lead):
        return None
    same_person = (
        found.email is None
        or found.is_found_by_email(lead)
        or (lead.email is None and not found.email_leads)
        or found.policy.cookie_conflict == "update"
    )
    return lead if same_person else None


def by_email(found: Found) -> Target | None:
    """Email is a key, the only one that is not unique [S]; the lead that changed last stands for all [O]."""
    for lead in found.email_leads:
        if found.fits_foreign_id(lead):
            return lead
    return None


def by_visitor(found: Found) -> Target | None:
    """An anonymous lead can be updated by its cookie and becomes known [S]."""
    return found.visitor


def by_creation(found: Found) -> Target | None:
    """Without a match the call inserts [S]; a lead needs an Email or a foreign id to be found again [O]."""
    if found.email is not None or found.request.foreign_id is not None:
        return NEW_LEAD
    return None


TABLE: tuple[Row, ...] = (
    Row(
        1,
        "Id",
        "the lead of the Id",
        'an Id is given. No such lead: fault 20103; with `unknown_id = "next_key"` the other keys decide, and '
        "without another key it is 20103",
        "document: the Id takes precedence over all other keys; ours: an Id is never invented",
        by_id,
    ),
    Row(
        2,
        "foreign id",
        "the lead of the foreign id (type and id together)",
        "a foreign id is given and a lead has it, whatever Email is given",
        "document: it is used as a unique identifier and takes precedence over Email",
        by_foreign_id,
    ),
    Row(
        3,
        "cookie",
        "the known lead of the cookie",
        "it has no other foreign id of the given type, and: no Email is given, or the Email finds this lead too, or "
        'this lead has no Email and nobody has the given one. With `cookie_conflict = "update"` the condition on '
        "Email falls away",
        "document: the cookie is a key; ours: another Email is another person at the same browser",
        by_cookie,
    ),
    Row(
        4,
        "Email",
        "of the leads of the Email the one last changed, then the one with the highest Id",
        "it has no other foreign id of the given type",
        "document: Email is a key; ours: a lead with another foreign id of that type is another person there",
        by_email,
    ),
    Row(
        5,
        "visitor",
        "the anonymous visitor of the cookie, who becomes a known lead",
        "the cookie is an anonymous visitor's",
        "document: anonymous leads become known upon update",
        by_visitor,
    ),
    Row(
        6,
        "none",
        "a new lead",
        "an Email or a foreign id is given; otherwise fault 20101",
        "document: without a match the call inserts",
        by_creation,
    ),
)


def look_up(request: SyncRequest, known: KnownLeads, policy: Policy) -> Found:
    """Ask every key of the call what it finds."""
    foreign_leads: dict[ForeignId, Lead] = {}
    cookie_leads: dict[str, Lead] = {}
    visitors: list[Visitor] = []
    if request.foreign_id is not None:
        for foreign_id in request.foreign_ids:
            lead = known.lead_of_foreign_id(foreign_id)
            if lead is not None:
                foreign_leads[foreign_id] = lead
    if request.cookie is not None:
        for token in request.cookies:
            lead, visitor = known.lead_of_cookie(token), known.visitor_of_cookie(token)
            if lead is not None:
                cookie_leads[token] = lead
            if visitor is not None:
                visitors.append(visitor)
    element, attribute = request.email_element, request.email_attribute
    email = key = attribute or element
    leads = known.leads_of_email(key.key) if key else ()
    element_is_known = False
    if element and attribute and element.key != attribute.key:
        # Both and different: whoever has the attribute's address already was renamed by an earlier call, so that
        # a repeat finds the lead that was renamed; only when nobody has it the element's address decides.
        leads_of_element = known.leads_of_email(element.key)
        element_is_known = bool(leads_of_element)
        if not leads:
            leads, key = leads_of_element, element
    return Found(
        request=request,
        policy=policy,
        id_lead=None if request.id is None else known.lead(request.id),
        foreign_leads=foreign_leads,
        cookie_leads=cookie_leads,
        visitors=tuple(visitors),
        email_leads=leads,
        email_key=key,
        element_is_known=element_is_known,
        email=email,
        foreign_lead=next(iter(foreign_leads.values())) if foreign_leads else None,
        cookie_lead=next(iter(cookie_leads.values())) if cookie_leads else None,
        visitor=visitors[0] if visitors else None,
    )


def resolve(found: Found) -> tuple[Row, Target]:
    """The first row that names a target, and the target.

    Raises LeadNotFoundError (20103) for an Id that nobody has, LeadKeyRequiredError (20101) when no key names
    or makes a lead.
    """
    for row in TABLE:
        target = row.find(found)
        if target is not None:
            return row, target
    if found.request.id is not None:
        raise LeadNotFoundError(f"No lead found with ID = {found.request.id}")
    raise LeadKeyRequiredError("leadRecord needs Id, Email or ForeignSysPersonId")
