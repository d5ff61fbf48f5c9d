"""What is kept of the past: whose history it is, and that a call is kept whole or not at all."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime

import pytest
from sqlalchemy import Connection, Engine, func, insert, select

from support.constraints import allow_inserts, refuse_inserts
from synclead.leads.outcome import Outcome
from synclead.leads.record import RawAttribute, RawRecord
from synclead.store import schema
from synclead.store.engine import reading, writing
from synclead.store.errors import InternalError
from synclead.store.reading import lead_by_id
from synclead.store.visitors import add_visitor
from synclead.store.writer import Writer

Declare = Callable[..., int]
Running = Callable[..., AbstractAsyncContextManager[Writer]]
NOW = datetime(2026, 8, 1, 12, 0, tzinfo=UTC)
TOKEN = "_mch-example.com-1"


def sync(writer: Running, *records: RawRecord) -> list[Outcome]:
    """The outcomes of calls, one after the other."""

    async def calls() -> list[Outcome]:
        async with writer() as door:
            return [await door.sync(1, record) for record in records]

    return asyncio.run(calls())


def add_visit(connection: Connection, number: int) -> None:
    """A visit that a browser made while nobody knew whose it was."""
    row = {"subscription_id": 1, "id": 0, "visitor_id": number, "type": "Visit Webpage", "at": 0, "attributes": {}}
    connection.execute(insert(schema.activity).values(row))


def history(engine: Engine, lead_id: int) -> list[str]:
    """The types of a lead's activities, oldest first."""
    with reading(engine) as connection:
        stored = lead_by_id(connection, 1, lead_id)
    assert stored is not None
    return [activity.type for activity in stored.activities]


def test_the_visits_of_a_merged_visitor_are_the_leads(engine: Engine, declare: Declare, writer: Running) -> None:
    """A known Email beside a visitor's cookie: what the browser did is from now on that lead's history."""
    declare(1)
    sync(writer, RawRecord(email="a@e.com"))
    with writing(engine) as connection:
        add_visit(connection, add_visitor(connection, 1, TOKEN, NOW))

    sync(writer, RawRecord(email="a@e.com", cookie=TOKEN))

    assert sorted(history(engine, 1)) == ["Merge Leads", "New Lead", "Visit Webpage"]


def test_visits_stay_when_the_cookie_moves(engine: Engine, declare: Declare, writer: Running) -> None:
    """Another person at the same browser takes the cookie, and not what the first one did there."""
    declare(1)
    with writing(engine) as connection:
        add_visit(connection, add_visitor(connection, 1, TOKEN, NOW))
    sync(writer, RawRecord(email="a@e.com", cookie=TOKEN), RawRecord(email="b@e.com", cookie=TOKEN))

    assert history(engine, 1) == ["Visit Webpage", "New Lead", "Cookie Moved"]
    assert history(engine, 2) == ["New Lead", "Cookie Moved"]
    assert sync(writer, RawRecord(cookie=TOKEN))[0].lead.id == 2


def test_a_call_is_kept_whole_or_not_at_all(engine: Engine, declare: Declare, writer: Running) -> None:
    """Where its last rows are refused, lead, keys and numbers are as before; the next call has the same Id."""
    declare(1)
    with writing(engine) as connection:
        refuse_inserts(connection, "activity")
    record = RawRecord(email="a@e.com", foreign_id="X", cookie=TOKEN, attributes=(RawAttribute("FirstName", "Ada"),))

    with pytest.raises(InternalError):
        sync(writer, record)

    with reading(engine) as connection:
        for table in (schema.lead, schema.foreign_id, schema.cookie, schema.activity):
            assert connection.execute(select(func.count()).select_from(table)).scalar_one() == 0, table.name
    with writing(engine) as connection:
        allow_inserts(connection, "activity")
    (outcome,) = sync(writer, record)
    assert (outcome.status, outcome.lead.id, outcome.lead.change) == ("CREATED", 1, 1)
