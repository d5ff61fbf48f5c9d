"""What a row of a file says beyond a call: how it is read, and what it may not do to stored leads."""

import re
from datetime import datetime
from typing import Final

from synclead.leads.draft import Draft
from synclead.leads.errors import InputError, LeadNotFoundError, LeadSyncFailedError
from synclead.leads.forms import Forms
from synclead.leads.keys import masked
from synclead.leads.lead import ForeignId
from synclead.leads.record import FileRow, Kept, RawFileRow, RawRecord
from synclead.leads.resolve import KnownLeads
from synclead.leads.subscription import Subscription
from synclead.leads.text import quoted, trim

HIGHEST_CHANGE: Final = 2**53 - 1
"""Highest number of a change that a file can bring: what every program that reads JSON can hold."""

_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_CHANGE = re.compile(r"0*([1-9][0-9]{0,15})")


def read_file_row(
    raw: RawFileRow,
    lead_id: int | None,
    foreign_ids: tuple[ForeignId, ...],
    cookies: tuple[str, ...],
    subscription: Subscription,
) -> FileRow:
    """The row, checked; `foreign_ids` and `cookies` are those after the first.

    Raises InputError for a missing Id that was to be kept, a partition that nobody defined, a moment or a number that
    is none.
    """
    kept = None
    if raw.keeps_id:
        if lead_id is None:
            raise InputError("Id", "the row has none, and leads are to keep their Ids")
        kept = Kept(
            _moment("createdAt", raw.created_at, raw.forms, subscription),
            _moment("updatedAt", raw.updated_at, raw.forms, subscription),
            _change(raw.last_change),
        )
    return FileRow(foreign_ids, cookies, subscription.places.partition(raw.partition), kept)


def check_characters(raw: RawRecord) -> None:
    """Raises InputError for a value with a character that XML forbids: no answer to a call could show it."""
    for attribute in raw.attributes:
        found = _forbidden(attribute.value or "")
        if found:
            raise InputError(attribute.name or "", f"U+{ord(found[0]):04X} is a character that XML cannot carry")


def check_not_rounded(foreign_id: str) -> None:
    """Raises InputError for an id that a spreadsheet has rounded: what is left of it is the id of many."""
    if "+" not in foreign_id:
        return
    from synclead.leads.number_forms import is_rounded  # its expressions are made where a file is read

    if is_rounded(trim(foreign_id)):
        why = "is a number that a spreadsheet has rounded, so that its last digits are lost"
        raise InputError("ForeignSysPersonId", f"{quoted(trim(foreign_id))} {why}", why=why)


def has_forbidden(text: str) -> bool:
    """Whether XML forbids a character of a text."""
    return _forbidden(text) is not None


def _forbidden(text: str) -> re.Match[str] | None:
    # None of the forbidden characters is printable.
    return None if text.isprintable() else _FORBIDDEN.search(text)


def _moment(name: str, text: str | None, forms: Forms, subscription: Subscription) -> datetime | None:
    if text is None or not trim(text):
        return None
    try:
        return forms.moment(name, trim(text), subscription.time_zone)
    except ValueError as fault:
        raise InputError(name, f"{quoted(trim(text))} {fault}") from None


def _change(text: str | None) -> int | None:
    if text is None or not trim(text):
        return None
    match = _CHANGE.fullmatch(trim(text))
    if match is None or int(match[1]) > HIGHEST_CHANGE:
        raise InputError("lastChange", f"{quoted(trim(text))} is not a whole number from 1 to {HIGHEST_CHANGE}")
    return int(match[1])


def check_row(draft: Draft, row: FileRow, known: KnownLeads) -> None:
    """Raises a refusal for a row of a file that would move a lead or a key, or use a spent Id again.

    A file is what somebody believed once, so it moves nothing: a lead stays in its partition, and a key with its
    lead, except where an Id says to whom it belongs (section 3, step 1).
    """
    before = draft.before
    if row.kept:
        _check_kept_id(draft, known)
    if row.partition and before and before.partition != row.partition:
        raise LeadSyncFailedError(
            f"Lead {before.id} is in partition {before.partition}, not in {row.partition}: a file moves no lead"
        )
    if row.kept or draft.row.step != 1:
        _check_keys(draft)


def _check_kept_id(draft: Draft, known: KnownLeads) -> None:
    lead_id, before = draft.found.request.id, draft.before
    if before and before.id != lead_id:
        raise LeadNotFoundError(f"Lead {lead_id} was merged into lead {before.id}: its Id is not used again")
    if lead_id is not None and known.is_forgotten(lead_id):
        raise LeadNotFoundError(f"Lead {lead_id} was forgotten: its Id is not used again")


def _check_keys(draft: Draft) -> None:
    """Keys of one row that belong to other leads than the one it means."""
    found, own = draft.found, draft.before.id if draft.before else None
    if not found.foreign_leads and not found.cookie_leads:
        return
    owned = [(f"foreign id {one.type} {quoted(one.id)}", lead) for one, lead in found.foreign_leads.items()]
    owned += [(f"cookie {masked(token)}", lead) for token, lead in found.cookie_leads.items()]
    others = [f"{key} is lead {lead.id}'s" for key, lead in owned if lead.id != own]
    if others:
        meant = f"the row means lead {own}" if own else "the row means a new lead"
        raise LeadSyncFailedError(f"{meant}, but {', '.join(others)}: a file moves no key and merges no leads")
