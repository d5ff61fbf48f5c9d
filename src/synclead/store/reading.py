"""Stored leads with their keys and history, for people: `synclead lead show`, exports, tests."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import CompoundSelect, Connection, func, select, union_all
from sqlalchemy.engine import Row

from synclead.leads.lead import Email, ForeignId
from synclead.store import schema
from synclead.store.schema import from_micros


@dataclass(frozen=True, slots=True)
class StoredActivity:
    """One line of a lead's history; `visitor_id` where it was still an anonymous visitor's."""

    id: int
    type: str
    at: datetime
    attributes: Mapping[str, str]
    visitor_id: int | None = None


@dataclass(frozen=True, slots=True)
class StoredLead:
    """One known lead with all that is stored about it."""

    id: int
    partition: str
    email: Email | None
    change: int
    created_at: datetime
    updated_at: datetime
    values: Mapping[str, str]
    """Canonical values by field name, without Email."""
    foreign_ids: tuple[ForeignId, ...]
    """In the order they were set."""
    cookies: tuple[str, ...]
    """Tokens, sorted."""
    activities: tuple[StoredActivity, ...]
    """By id, which is the order they were committed in; those of its visitors among them."""


def lead_by_id(connection: Connection, subscription_id: int, lead_id: int) -> StoredLead | None:
    """The known lead of an Id, or of the Id of a lead that was merged into it; None when there is none."""
    lead = schema.lead
    target = (
        select(func.coalesce(lead.c.merged_into, lead.c.id))
        .where(lead.c.subscription_id == subscription_id, lead.c.id == lead_id)
        .scalar_subquery()
    )
    row = connection.execute(
        select(lead).where(
            lead.c.subscription_id == subscription_id, lead.c.id == target, lead.c.forgotten_at.is_(None)
        )
    ).one_or_none()
    return None if row is None else _stored(connection, row)


def leads_by_email(connection: Connection, subscription_id: int, email_key: str) -> list[StoredLead]:
    """The known leads of an Email key (`leads.lead.Email.key`), last changed first."""
    lead = schema.lead
    rows = connection.execute(
        select(lead)
        .where(lead.c.subscription_id == subscription_id, lead.c.email_key == email_key)
        .order_by(lead.c.change.desc(), lead.c.id.desc())
    ).all()
    return [_stored(connection, row) for row in rows]


def first_leads(connection: Connection, subscription_id: int, most: int) -> list[StoredLead]:
    """The known leads with the lowest Ids, `most` of them."""
    lead = schema.lead
    rows = connection.execute(
        select(lead)
        .where(lead.c.subscription_id == subscription_id, lead.c.merged_into.is_(None), lead.c.forgotten_at.is_(None))
        .order_by(lead.c.id)
        .limit(most)
    ).all()
    return [_stored(connection, row) for row in rows]


def _stored(connection: Connection, row: Row[Any]) -> StoredLead:
    held, cookie = schema.foreign_id, schema.cookie
    foreign_ids = connection.execute(
        select(held.c.type, held.c.id)
        .where(held.c.subscription_id == row.subscription_id, held.c.lead_id == row.id)
        .order_by(held.c.set_change)
    ).all()
    tokens = connection.execute(
        select(cookie.c.token)
        .where(cookie.c.subscription_id == row.subscription_id, cookie.c.lead_id == row.id)
        .order_by(cookie.c.token)
    ).scalars()
    history = tuple(
        StoredActivity(one.id, one.type, from_micros(one.at), one.attributes, one.visitor_id)
        for one in _activities(connection, row)
    )
    return stored_lead(row, [ForeignId(one.type, one.id) for one in foreign_ids], tokens, history)


def _activities(connection: Connection, row: Row[Any]) -> Sequence[Row[Any]]:
    activity = schema.activity
    theirs = activity.c.id.in_(history_ids(row.subscription_id, [row.id]))
    lines = select(activity).where(activity.c.subscription_id == row.subscription_id, theirs)
    return connection.execute(lines.order_by(activity.c.id)).all()


def history_ids(subscription_id: int, lead_ids: Sequence[int]) -> CompoundSelect[int]:
    """The ids of the lines of history of leads and of the visitors who became them.

    Ids alone, and one key after the other: each has an index that holds them. Asked for whole lines SQLite, and with
    OR either database, would read all history of the subscription instead.
    """
    visitor, activity = schema.visitor, schema.activity
    visitors = select(visitor.c.id).where(visitor.c.subscription_id == subscription_id, visitor.c.lead_id.in_(lead_ids))
    ids = select(activity.c.id).where(activity.c.subscription_id == subscription_id)
    return union_all(ids.where(activity.c.lead_id.in_(lead_ids)), ids.where(activity.c.visitor_id.in_(visitors)))


def stored_lead(
    row: Row[Any],
    foreign_ids: Iterable[ForeignId],
    cookies: Iterable[str],
    activities: tuple[StoredActivity, ...] = (),
) -> StoredLead:
    """The lead that a row of the table `lead` holds, with what the other tables hold of it."""
    return StoredLead(
        id=row.id,
        partition=row.partition,
        email=None if row.email_key is None else Email(row.email, row.email_key),
        change=row.change,
        created_at=from_micros(row.created_at),
        updated_at=from_micros(row.updated_at),
        values=row.field_values,
        foreign_ids=tuple(foreign_ids),
        cookies=tuple(cookies),
        activities=activities,
    )
