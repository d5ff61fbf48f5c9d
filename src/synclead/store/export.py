"""Every known lead of a subscription as it was at one moment, in the order of their Ids and in bounded memory."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Connection, Engine, and_, bindparam, func, select

from synclead.leads.lead import ForeignId
from synclead.leads.subscription import Subscription
from synclead.store import schema
from synclead.store.errors import StoreError
from synclead.store.reading import StoredLead, stored_lead
from synclead.store.schema import to_micros
from synclead.store.subscriptions import read_subscription

Key = TypeVar("Key")

_LEADS_A_PAGE = 500


@dataclass(frozen=True, slots=True)
class Export:
    """The leads of one moment; to be read within the block of `exporting`."""

    subscription: Subscription
    """With the fields of the same moment."""
    count: int
    """How many leads there are."""
    leads: Iterator[StoredLead]
    """In the order of their Ids, without their history."""


@contextmanager
def exporting(engine: Engine, subscription_id: int, changed_since: datetime | None = None) -> Iterator[Export]:
    """Opens one reading transaction: what servers write meanwhile is not seen, and they do not wait for it.

    `changed_since` leaves out the leads that did not change at that moment or later. Raises StoreError where the
    subscription is gone.
    """
    with _snapshot(engine) as connection:
        subscription = read_subscription(connection, subscription_id)
        if subscription is None:
            raise StoreError("the subscription was removed meanwhile")
        wanted = _wanted(subscription_id, changed_since)
        count = connection.execute(select(func.count()).where(wanted)).scalar_one()
        yield Export(subscription, count, _leads(connection, subscription_id, wanted))


@contextmanager
def _snapshot(engine: Engine) -> Iterator[Connection]:
    """A transaction in which every statement sees the same moment, as on SQLite any does."""
    with engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        with connection.begin():
            yield connection


def _wanted(subscription_id: int, changed_since: datetime | None) -> ColumnElement[bool]:
    lead = schema.lead.c
    known = and_(lead.subscription_id == subscription_id, lead.merged_into.is_(None), lead.forgotten_at.is_(None))
    return known if changed_since is None else and_(known, lead.updated_at >= to_micros(changed_since))


def _leads(connection: Connection, subscription_id: int, wanted: ColumnElement[bool]) -> Iterator[StoredLead]:
    # Made once: each statement is a garbage cycle that holds what was asked for, and pages are many.
    lead, held, cookie = schema.lead, schema.foreign_id.c, schema.cookie.c
    ids: ColumnElement[Any] = bindparam("ids", expanding=True)
    next_leads = select(lead).where(wanted, lead.c.id > bindparam("last")).order_by(lead.c.id).limit(_LEADS_A_PAGE)
    their_foreign_ids = (
        select(held.lead_id, held.type, held.id)
        .where(held.subscription_id == subscription_id, held.lead_id.in_(ids))
        .order_by(held.lead_id, held.set_change)
    )
    their_cookies = (
        select(cookie.lead_id, cookie.token)
        .where(cookie.subscription_id == subscription_id, cookie.lead_id.in_(ids))
        .order_by(cookie.lead_id, cookie.token)
    )
    last = 0
    while rows := connection.execute(next_leads, {"last": last}).all():
        last = rows[-1].id
        page = {"ids": [row.id for row in rows]}
        foreign_ids = _by_lead(connection.execute(their_foreign_ids, page), lambda row: ForeignId(row[1], row[2]))
        tokens = _by_lead(connection.execute(their_cookies, page), lambda row: str(row[1]))
        for row in rows:
            yield stored_lead(row, foreign_ids.get(row.id, ()), tokens.get(row.id, ()))


def _by_lead(rows: Iterable[Sequence[Any]], read: Callable[[Sequence[Any]], Key]) -> dict[int, list[Key]]:
    found: dict[int, list[Key]] = {}
    for row in rows:
        found.setdefault(row[0], []).append(read(row))
    return found
