"""Why a call came to what it came to: for the log, the history and `sync --explain`."""

from collections.abc import Iterable

from synclead.leads.draft import Draft
from synclead.leads.history import KeyMove
from synclead.leads.lead import Lead
from synclead.leads.outcome import Why
from synclead.leads.resolve import KnownLeads


def explain(draft: Draft, lead: Lead, known: KnownLeads, rule: str) -> Why:
    """Say why: which row and key matched, what moved, and what the caller may not expect."""
    found, request = draft.found, draft.found.request
    before_key = draft.before.email.key if draft.before and draft.before.email else None
    shared: tuple[int, ...] = ()
    if lead.email and lead.email.key != before_key:
        shared = tuple(other.id for other in known.leads_of_email(lead.email.key) if other.id != lead.id)
    element, attribute = request.email_element, request.email_attribute
    two = bool(element and attribute and element.key != attribute.key)
    element_found_it = found.email_key == element and draft.before and found.is_found_by_email(draft.before)
    has_no_key = [leads.id for leads in draft.losers.values() if not has_key(leads)]
    if draft.before and has_key(draft.before) and not has_key(lead):
        has_no_key.append(lead.id)
    visitor = found.visitor.id if found.visitor else None
    return Why(
        step=draft.row.step,
        key=draft.row.key,
        partition_rule=rule,
        foreign_id_moved_from=moved_from(draft.moves, "Foreign Id Moved"),
        cookie_moved_from=moved_from(draft.moves, "Cookie Moved"),
        visitor_merged=visitor if draft.before else None,
        became_known=None if draft.before else visitor,
        email_shared_with=shared,
        left_without_key=tuple(has_no_key),
        email_element_unused=two and not element_found_it,
        email_not_renamed=two and draft.row.step == 4 and found.email_key == attribute and found.element_is_known,
        skipped=(*request.skipped, *draft.skipped),
        cookie_ignored=request.cookie_ignored,
        fields_created=tuple(made.name for made in draft.fields),
    )


def moved_from(moves: Iterable[KeyMove], type_: str) -> int | None:
    """The lead that lost a key of this kind."""
    return next((move.from_lead for move in moves if move.type == type_), None)


def has_key(lead: Lead) -> bool:
    """Whether anything but its Id still finds the lead."""
    return bool(lead.email or lead.foreign_ids or lead.cookies > 0)
