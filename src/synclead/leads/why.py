"""Why a call came to what it came to: for the log, the history and `sync --explain`."""

from collections.abc import Iterable

from synclead.leads.draft import Draft
from synclead.leads.history import KeyMove
from synclead.leads.lead import Lead
from synclead.leads.outcome import Why
from synclead.leads.resolve import KnownLeads


def explain(draft: Draft, lead: Lead, known: KnownLeads, rule: str) -> Why:
    """Say why: which row and key matched, what moved, and what the caller may not expect."""
    found, before = draft.found, draft.before
    request, email = found.request, lead.email
    shared: tuple[int, ...] = ()
    if email and not (before and before.email and before.email.key == email.key):
        others = known.leads_of_email(email.key)
        shared = tuple([other.id for other in others if other.id != lead.id]) if others else ()
    unused = not_renamed = False
    element, attribute = request.email_element, request.email_attribute
    if element and attribute and element.key != attribute.key:
        unused = not (found.email_key == element and before and found.is_found_by_email(before))
        not_renamed = draft.row.step == 4 and found.email_key == attribute and found.element_is_known
    has_no_key = [loser.id for loser in draft.losers.values() if not has_key(loser)] if draft.losers else []
    if before and not has_key(lead) and has_key(before):
        has_no_key.append(lead.id)
    visitor = found.visitor.id if found.visitor else None
    moves = draft.moves
    return Why(
        step=draft.row.step,
        key=draft.row.key,
        partition_rule=rule,
        foreign_id_moved_from=moved_from(moves, "Foreign Id Moved") if moves else None,
        cookie_moved_from=moved_from(moves, "Cookie Moved") if moves else None,
        visitor_merged=visitor if before else None,
        became_known=None if before else visitor,
        email_shared_with=shared,
        left_without_key=tuple(has_no_key),
        email_element_unused=unused,
        email_not_renamed=not_renamed,
        skipped=(*request.skipped, *draft.skipped) if draft.skipped else request.skipped,
        cookie_ignored=request.cookie_ignored,
        fields_created=tuple([made.name for made in draft.fields]) if draft.fields else (),
    )


def moved_from(moves: Iterable[KeyMove], type_: str) -> int | None:
    """The lead that lost a key of this kind."""
    for move in moves:
        if move.type == type_:
            return move.from_lead
    return None


def has_key(lead: Lead) -> bool:
    """Whether anything but its Id still finds the lead."""
    return bool(lead.email or lead.foreign_ids or lead.cookies > 0)
