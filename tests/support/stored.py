"""Everything that calls can change in one subscription, read from either database when nobody writes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Table, select

from synclead.leads.lead import ForeignId, Lead
from synclead.leads.plan import Counter
from synclead.leads.working_set import WorkingSet
from synclead.store import schema
from synclead.store.engine import lock_counter, opened, writing


class LeadRow(NamedTuple):
    """A lead without its times."""

    partition: str
    email: str | None
    email_key: str | None
    change: int
    values: Mapping[str, str]


class ActivityRow(NamedTuple):
    """A line of history without its time."""

    lead_id: int
    type: str
    attributes: Mapping[str, str]


@dataclass(frozen=True)
class Stored:
    """The rows by what they are found by."""

    counter: Counter
    leads: Mapping[int, LeadRow]
    foreign_ids: Mapping[ForeignId, tuple[int, int]]
    """The lead, and the number of the change that set it."""
    cookies: Mapping[str, int]
    """Those of known leads."""
    visitors: Mapping[int, int]
    """The leads that visitors became."""
    fields: frozenset[str]
    """The subscription's own."""
    activities: Mapping[int, ActivityRow]


def read_stored(url: str, subscription_id: int) -> Stored:
    """What is stored, read under the lock, so that no transaction is half way through."""
    with opened(url) as engine, writing(engine) as connection:
        counter = lock_counter(connection, subscription_id)
        assert counter is not None

        def rows(table: Table) -> Any:
            return connection.execute(select(table).where(table.c.subscription_id == subscription_id))

        return Stored(
            counter=Counter(counter.next_lead_id, counter.next_activity_id, counter.next_change),
            leads={
                row.id: LeadRow(row.partition, row.email, row.email_key, row.change, row.field_values)
                for row in rows(schema.lead)
            },
            foreign_ids={ForeignId(row.type, row.id): (row.lead_id, row.set_change) for row in rows(schema.foreign_id)},
            cookies={row.token: row.lead_id for row in rows(schema.cookie) if row.lead_id is not None},
            visitors={row.id: row.lead_id for row in rows(schema.visitor) if row.lead_id is not None},
            fields=frozenset(row.name for row in rows(schema.field)),
            activities={row.id: ActivityRow(row.lead_id, row.type, row.attributes) for row in rows(schema.activity)},
        )


def lead_row(lead: Lead) -> LeadRow:
    """How a lead of the domain is stored."""
    email = lead.email
    return LeadRow(lead.partition, email and email.text, email and email.key, lead.change, dict(lead.values))


def stored_of(known: WorkingSet, fields: frozenset[str], activities: Mapping[int, ActivityRow]) -> Stored:
    """What a working set that began without leads would leave behind, beside the fields and activities given."""
    changes = known.changes
    return Stored(
        counter=known.counter,
        leads={id: lead_row(lead) for id, lead in changes.new_leads.items()},
        foreign_ids={key: (lead_id, change) for key, (lead_id, change, _) in changes.foreign_ids.items()},
        cookies={token: lead_id for token, (lead_id, _) in changes.cookies.items()},
        visitors=dict(changes.visitors),
        fields=fields | {made.name for made in changes.fields},
        activities=activities,
    )
