"""The activities that a call leaves behind (sync-lead, section 5)."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from msgspec import Struct

from synclead.leads.lead import Visitor
from synclead.leads.outcome import Activity, Why

SOURCE = "Web service API"
FILE_SOURCE = "File import"


class ChangedValue(Struct, frozen=True):
    """One field that really changed; None is unset."""

    name: str
    old: str | None
    new: str | None


class KeyMove(Struct, frozen=True):
    """A key that another known lead lost to the target."""

    type: str
    """`Foreign Id Moved` or `Cookie Moved`."""
    key: str
    from_lead: int


def history_of(
    lead_id: int,
    *,
    is_new: bool,
    changed_values: Iterable[ChangedValue],
    moves: Sequence[KeyMove],
    merged: Sequence[Visitor],
    why: Why,
    source: str,
    first_id: int,
    at: datetime,
) -> tuple[Activity, ...]:
    """One `New Lead` for a lead that did not exist, one `Change Data Value` a field of one that did, `Merge Leads`
    for a visitor that was merged, and a move of a key on both leads. Ids run from `first_id`."""
    common = {"Source": source, "Reason": describe(why)}
    if is_new and not moves and not merged:
        return (Activity(first_id, lead_id, "New Lead", at, common),)
    written: list[Activity] = []

    def write(owner: int, type_: str, attributes: dict[str, str]) -> None:
        written.append(Activity(first_id + len(written), owner, type_, at, attributes))

    if is_new:
        write(lead_id, "New Lead", common)
    else:
        for value in changed_values:
            named = {
                "Attribute Name": value.name,
                "Old Value": value.old or "",
                "New Value": value.new or "",
            }
            write(lead_id, "Change Data Value", named | common)
    for visitor in merged:
        write(lead_id, "Merge Leads", {"Merged Visitor": str(visitor.id)} | common)
    for move in moves:
        named = {"Key": move.key, "From Lead": str(move.from_lead), "To Lead": str(lead_id)}
        write(move.from_lead, move.type, named | common)
        write(lead_id, move.type, named | common)
    return tuple(written)


def describe(why: Why) -> str:
    """The reasons of an outcome as one line for people: `step 4, Email; cookie of lead 7 moved`."""
    rule = f"; partition by {why.partition_rule}" if why.partition_rule else ""
    parts = [f"step {why.step}, {why.key}{rule}"]
    if why.became_known is not None:
        parts.append(f"visitor {why.became_known} became known")
    if why.visitor_merged is not None:
        parts.append(f"visitor {why.visitor_merged} merged")
    if why.foreign_id_moved_from is not None:
        parts.append(f"foreign id of lead {why.foreign_id_moved_from} moved")
    if why.cookie_moved_from is not None:
        parts.append(f"cookie of lead {why.cookie_moved_from} moved")
    if why.email_shared_with:
        parts.append("Email shared with lead " + ", ".join(map(str, why.email_shared_with)))
    if why.left_without_key:
        parts.append("left without a key: lead " + ", ".join(map(str, why.left_without_key)))
    if why.email_element_unused:
        parts.append("the Email element was not used")
    if why.email_not_renamed:
        parts.append("Email not renamed: both addresses are known")
    if why.skipped:
        parts.extend(f"skipped {reason}" for reason in why.skipped)
    if why.cookie_ignored:
        parts.append(f"cookie ignored: {why.cookie_ignored}")
    if why.fields_created:
        parts.append("fields created: " + ", ".join(why.fields_created))
    return parts[0] if len(parts) == 1 else "; ".join(parts)
