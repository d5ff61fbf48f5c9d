"""An outcome in words: which step and key found the lead, what moves, what is left out."""

from collections.abc import Iterator

from synclead.leads.outcome import Outcome, Why

_STEPS = {
    1: "by Id",
    2: "by foreign id",
    3: "by the cookie of a known lead",
    4: "by Email",
    5: "by the cookie of an anonymous visitor, who becomes known",
    6: "nobody is meant yet, so a new lead",
}
"""The steps of the table of identity (`leads.resolve`)."""


def explain_outcome(outcome: Outcome) -> Iterator[str]:
    """One line for each thing that the call would come to, the first one its answer."""
    why, lead = outcome.why, outcome.lead
    yield f"{outcome.status}: lead {lead.id} in partition {lead.partition}"
    yield f"step {why.step}: {_STEPS[why.step]} (key: {why.key})"
    if why.partition_rule:
        yield f"partition {lead.partition}: decided by {why.partition_rule}"
    yield from _moves(why, lead.id)
    yield from _hints(why)
    if not outcome.changed:
        yield "nothing would change"


def _moves(why: Why, lead_id: int) -> Iterator[str]:
    if why.foreign_id_moved_from is not None:
        yield f"the foreign id would move from lead {why.foreign_id_moved_from} to lead {lead_id}"
    if why.cookie_moved_from is not None:
        yield f"the cookie would move from lead {why.cookie_moved_from} to lead {lead_id}"
    if why.visitor_merged is not None:
        yield f"visitor {why.visitor_merged} would be merged into lead {lead_id}"
    if why.became_known is not None:
        yield f"visitor {why.became_known} would become lead {lead_id}"


def _hints(why: Why) -> Iterator[str]:
    if why.email_shared_with:
        yield f"the Email would stand on these leads too: {_numbers(why.email_shared_with)}"
    if why.left_without_key:
        yield f"left without a key: {_numbers(why.left_without_key)}"
    if why.email_element_unused:
        yield "the Email element is neither a key nor stored"
    if why.email_not_renamed:
        yield "both addresses are known, so the lead is not renamed"
    for skipped in why.skipped:
        yield f"left out: {skipped}"
    if why.cookie_ignored is not None:
        yield f"the cookie is ignored: {why.cookie_ignored}"
    if why.fields_created:
        yield f"fields would be made: {', '.join(why.fields_created)}"


def _numbers(ids: tuple[int, ...]) -> str:
    return ", ".join(str(one) for one in ids)
