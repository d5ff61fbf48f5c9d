"""Forgetting a person: what identifies and describes them is erased, the Id stays spent."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, and_, delete, select, update

from synclead.store import schema
from synclead.store.engine import lock_counter
from synclead.store.errors import StoreError, UnknownLeadError
from synclead.store.reading import history_ids
from synclead.store.request_log import forget_in_log
from synclead.store.schema import to_micros

KEY_MOVES = ("Foreign Id Moved", "Cookie Moved")


def forget_lead(connection: Connection, subscription_id: int, lead_id: int, now: datetime) -> None:
    """Erases keys, values and the values of activities of a lead, those of its visitors, and the log of its calls.

    `connection` is in a transaction of `engine.writing`. Afterwards the Id answers 20103 and is never
    used again, the keys are free, and what is left of the history says when something happened and of
    what type. Raises UnknownLeadError when no known lead has the Id.
    """
    if lock_counter(connection, subscription_id) is None:
        raise StoreError(f"there is no subscription {subscription_id}")
    lead, visitor, activity = schema.lead, schema.visitor, schema.activity
    known = connection.execute(
        select(lead.c.id).where(
            lead.c.subscription_id == subscription_id,
            lead.c.id == lead_id,
            lead.c.merged_into.is_(None),
            lead.c.forgotten_at.is_(None),
        )
    ).one_or_none()
    if known is None:
        raise UnknownLeadError(f"no lead has the Id {lead_id}")
    merged = select(lead.c.id).where(lead.c.subscription_id == subscription_id, lead.c.merged_into == lead_id)
    same = [lead_id, *connection.execute(merged).scalars()]  # those that were merged into it are the same person
    for keys in (schema.foreign_id, schema.cookie):
        connection.execute(delete(keys).where(keys.c.subscription_id == subscription_id, keys.c.lead_id.in_(same)))
    connection.execute(
        update(lead)
        .where(lead.c.subscription_id == subscription_id, lead.c.id.in_(same))
        .values(email=None, email_key=None, field_values={}, forgotten_at=to_micros(now))
    )
    forget_in_log(connection, subscription_id, same)
    connection.execute(
        update(visitor)
        .where(visitor.c.subscription_id == subscription_id, visitor.c.lead_id.in_(same))
        .values(field_values={})
    )
    theirs = and_(activity.c.subscription_id == subscription_id, activity.c.id.in_(history_ids(subscription_id, same)))
    moves = select(activity.c.id).where(theirs, activity.c.type.in_(KEY_MOVES))
    _erase_moved_keys(connection, subscription_id, connection.execute(moves).scalars().all())
    connection.execute(update(activity).where(theirs).values(attributes={}))


def _erase_moved_keys(connection: Connection, subscription_id: int, moves: Sequence[int]) -> None:
    """A key that moved stands in the history of two leads, under neighbouring numbers (`leads.history`)."""
    activity = schema.activity
    for number in moves:
        pair = connection.execute(
            select(activity.c.id, activity.c.type, activity.c.attributes).where(
                activity.c.subscription_id == subscription_id,
                activity.c.id.in_((number - 1, number, number + 1)),
            )
        ).all()
        own = next(one for one in pair if one.id == number)
        for one in pair:
            if one.type == own.type and one.attributes.get("Key") == own.attributes.get("Key"):
                kept = {name: value for name, value in one.attributes.items() if name != "Key"}
                connection.execute(
                    update(activity)
                    .where(activity.c.subscription_id == subscription_id, activity.c.id == one.id)
                    .values(attributes=kept)
                )
