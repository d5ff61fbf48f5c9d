"""Anonymous visitors: browsers that a call can make a known lead of."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from synclead.store import schema
from synclead.store.engine import lock_counter
from synclead.store.errors import StoreError, VisitorExistsError
from synclead.store.schema import to_micros


def add_visitor(
    connection: Connection,
    subscription_id: int,
    token: str,
    now: datetime,
    values: Mapping[str, str] | None = None,
) -> int:
    """Makes an anonymous visitor of a cookie token and gives its number.

    `connection` is in a transaction of `engine.writing`; `values` are first-visit facts by field name.
    Raises VisitorExistsError when a visitor or a lead has the token.
    """
    row = lock_counter(connection, subscription_id)
    if row is None:
        raise StoreError(f"there is no subscription {subscription_id}")
    cookie = schema.cookie
    taken = connection.execute(
        select(cookie.c.token).where(cookie.c.subscription_id == subscription_id, cookie.c.token == token)
    ).one_or_none()
    if taken is not None:
        raise VisitorExistsError("a visitor or a lead has this cookie token already")
    number = int(row.next_visitor_id)
    connection.execute(
        insert(schema.visitor).values(
            subscription_id=subscription_id,
            id=number,
            created_at=to_micros(now),
            field_values=dict(values or {}),
        )
    )
    connection.execute(insert(cookie).values(subscription_id=subscription_id, token=token, visitor_id=number))
    connection.execute(
        update(schema.counter)
        .where(schema.counter.c.subscription_id == subscription_id)
        .values(next_visitor_id=number + 1)
    )
    return number
