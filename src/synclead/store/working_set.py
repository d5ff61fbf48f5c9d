"""Rows to the domain's working set, and its changes to rows: the statements of one group."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from msgspec.json import Decoder

from synclead.leads.lead import Email, ForeignId, Lead, Visitor
from synclead.leads.record import SyncRequest
from synclead.leads.working_set import Changes, WorkingSet
from synclead.store.queue import GROUP_BYTES
from synclead.store.schema import from_micros, to_micros
from synclead.store.transaction import TOO_MUCH_READ, Document, Row, TooMuchReadError

Statement = tuple[str, Document]

_decode = Decoder().decode
_micros = lru_cache(100)(to_micros)
"""Most moments that are written are the one at which a group was planned."""


def reads_of(subscription_id: int, requests: Sequence[SyncRequest], gone: int = 0) -> list[Statement]:
    """The statements that find every lead the keys of a group could mean; none for keys not given.

    Of what can be many (an Email's leads, a lead's foreign ids) one more than the group has calls, and more for each
    further key that a row of a file names. `gone`: how many leads may have changed since, unseen by the database.
    Of several requests all that is read is GROUP_BYTES at most, or a TooMuchReadError: then fewer are to be asked for
    at once. One alone is read whatever its leads hold.
    """
    ids: set[int] = set()
    kept: set[int] = set()
    foreign_ids: set[ForeignId] = set()
    cookies: set[str] = set()
    emails: set[str] = set()
    emails_without_type: set[tuple[str, str]] = set()
    emails_without_types: set[tuple[str, ...]] = set()
    further = 0
    for request in requests:
        if request.id is not None:
            ids.add(request.id)
        if request.cookie is not None:
            cookies.update(request.cookies)
        own = request.foreign_ids if request.foreign_id is not None else ()
        if own:
            foreign_ids.update(own)
        if request.row:
            further += len(request.row.foreign_ids) + len(request.row.cookies)
            if request.row.kept and request.id is not None:
                kept.add(request.id)
        for email in (request.email_element, request.email_attribute):
            if email is None:
                continue
            emails.add(email.key)
            types = sorted({one.type for one in own}) if own else ()
            if len(types) == 1:
                emails_without_type.add((email.key, types[0]))
            elif types:
                emails_without_types.add((email.key, *types, *types[-1:] * (3 - len(types))))
    keys: dict[str, set[Any]] = {
        "find_ids": ids,
        "find_forgotten": kept,
        "find_foreign_ids": foreign_ids,
        "find_cookies": cookies,
        "find_emails": emails,
        "find_emails_without_type": emails_without_type,
        "find_emails_without_types": emails_without_types,
        "find_visitors": cookies,
    }
    limit = len(requests) + 1 + further + gone
    finding = sum(bool(keys[name]) for name in _KEY_COLUMNS)
    most = GROUP_BYTES // finding if finding and len(requests) > 1 else None
    return [
        (name, {"subscription": subscription_id, "limit": limit, "bytes": most, "keys": sorted(wanted)})
        for name, wanted in keys.items()
        if wanted
    ]


def load(known: WorkingSet, reads: Sequence[Statement], answers: Sequence[Sequence[Row]]) -> None:
    """Puts the answers to `reads` into the domain's working set. Raises TooMuchReadError."""
    leads: dict[int, Lead] = {}
    for (name, _), rows in zip(reads, answers, strict=True):
        if name == "find_visitors":
            for token, visitor_id, values in rows:
                known.load_visitor(Visitor(visitor_id, token, _value(values)))
            continue
        if name == "find_forgotten":
            for (lead_id,) in rows:
                known.forget(lead_id)
            continue
        width = _KEY_COLUMNS[name]
        for row in rows:
            lead_id = row[width]
            lead = leads.get(lead_id)  # one lead is often found by several keys
            if lead is None:
                lead = leads[lead_id] = lead_of(row[width:])
                known.load_lead(lead)
            if width:
                _bind(known, name, row, lead_id)


def leads_of(read: Statement, rows: Sequence[Row]) -> list[Lead]:
    """The leads in the answer to one of the statements that find leads. Raises TooMuchReadError."""
    width = _KEY_COLUMNS[read[0]]
    return [lead_of(row[width:]) for row in rows]


def writes_of(subscription_id: int, changes: Changes) -> list[Statement]:
    """The statements that write what a group changes; none for what did not change."""
    foreign_ids, cookies = changes.foreign_ids.items(), changes.cookies.items()
    rows: dict[str, list[Any]] = {
        "insert_fields": [
            (f.name, f.soap_name, f.rest_name, f.label, f.type, f.read_only, f.max_length, f.auto)
            for f in changes.fields
        ],
        "insert_leads": _lead_rows(changes.new_leads.values()),
        "update_leads": _lead_rows(changes.changed_leads.values()),
        "insert_foreign_ids": [(*key, lead, change) for key, (lead, change, is_new) in foreign_ids if is_new],
        "move_foreign_ids": [(*key, lead, change) for key, (lead, change, is_new) in foreign_ids if not is_new],
        "insert_cookies": [(token, lead) for token, (lead, is_new) in cookies if is_new],
        "move_cookies": [(token, lead) for token, (lead, is_new) in cookies if not is_new],
        "know_visitors": list(changes.visitors.items()),
        "insert_activities": [(a.id, a.lead_id, a.type, _micros(a.at), a.attributes) for a in changes.activities],
    }
    return [(name, {"subscription": subscription_id, "rows": wanted}) for name, wanted in rows.items() if wanted]


def lead_of(row: Row) -> Lead:
    """The lead that the columns of the part `lead` hold (`sql/*/reads.sql`). Raises TooMuchReadError."""
    lead_id, partition, email, email_key, change, created_at, updated_at, values, foreign_ids, cookies = row
    if values is None:
        raise TooMuchReadError(TOO_MUCH_READ)
    held = _value(foreign_ids)
    if len(held) > 1:
        held = sorted(held, key=_set_change)
    return Lead(
        id=lead_id,
        partition=partition,
        email=None if email_key is None else Email(email, email_key),
        change=change,
        created_at=from_micros(created_at),
        updated_at=from_micros(updated_at),
        values=_value(values),
        foreign_ids=tuple([ForeignId(type_, id_) for type_, id_, _ in held]) if held else (),
        cookies=cookies,
    )


def _set_change(held: Sequence[Any]) -> int:
    change: int = held[2]
    return change


def _bind(known: WorkingSet, name: str, row: Row, lead_id: int) -> None:
    """Notes by which key a lead was found; its Email stands in the lead itself."""
    if name == "find_ids":
        if row[0] != lead_id:
            known.alias(row[0], lead_id)
    elif name == "find_foreign_ids":
        known.bind_foreign_id(ForeignId(row[0], row[1]), lead_id)
    elif name == "find_cookies":
        known.bind_cookie(row[0], lead_id)


_KEY_COLUMNS = {
    "find_ids": 1,
    "find_foreign_ids": 2,
    "find_cookies": 1,
    "find_emails": 0,
    "find_emails_without_type": 0,
    "find_emails_without_types": 0,
}
"""How many columns of a statement name the key, before those of the lead."""


def _lead_rows(leads: Iterable[Lead]) -> list[tuple[Any, ...]]:
    return [
        (
            lead.id,
            lead.partition,
            lead.email.text if lead.email else None,
            lead.email.key if lead.email else None,
            lead.change,
            _micros(lead.created_at),
            _micros(lead.updated_at),
            lead.values,
        )
        for lead in leads
    ]


def _value(column: Any) -> Any:
    return _decode(column) if isinstance(column, str) else column
