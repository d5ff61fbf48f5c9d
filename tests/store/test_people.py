"""Reading, explaining, forgetting; anonymous visitors."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Engine, insert, select, update

from synclead.leads.errors import LeadNotFoundError
from synclead.leads.lead import ForeignId
from synclead.leads.outcome import Outcome
from synclead.leads.record import RawAttribute, RawRecord
from synclead.store import schema
from synclead.store.engine import lock_counter, reading, writing
from synclead.store.errors import StoreError, UnknownLeadError, VisitorExistsError
from synclead.store.explain import explain
from synclead.store.forget import forget_lead
from synclead.store.reading import lead_by_id, leads_by_email
from synclead.store.transaction import Database
from synclead.store.visitors import add_visitor
from synclead.store.writer import Writer

Declare = Callable[..., int]
Running = Callable[..., AbstractAsyncContextManager[Writer]]
NOW = datetime(2026, 8, 1, 12, 0, tzinfo=UTC)
SECRETS = ("secret@e.com", "Secretname", "SECRETKEY", "_mch-secret")


def sync(writer: Running, *records: RawRecord) -> list[Outcome]:
    """The outcomes of calls, one after the other."""

    async def calls() -> list[Outcome]:
        async with writer() as door:
            return [await door.sync(1, record) for record in records]

    return asyncio.run(calls())


def whole_person() -> RawRecord:
    """A record with every kind of key, and a value."""
    return RawRecord(
        email="secret@e.com",
        foreign_id="SECRETKEY",
        cookie="_mch-secret",
        attributes=(RawAttribute("FirstName", "Secretname"),),
    )


def dump(engine: Engine) -> str:
    """Everything in the tables of leads, as text."""
    tables = (schema.lead, schema.foreign_id, schema.cookie, schema.visitor, schema.activity, schema.counter)
    with reading(engine) as connection:
        return repr([connection.execute(select(table)).all() for table in tables])


def test_a_forgotten_lead_leaves_its_id_alone(engine: Engine, declare: Declare, writer: Running) -> None:
    """Keys, values and the values of activities are gone; the Id answers 20103 and is not used again."""
    declare(1)
    rename = RawRecord(id="1", attributes=(RawAttribute("LastName", "Secretname"),))
    sync(writer, whole_person(), rename)

    with writing(engine) as connection:
        forget_lead(connection, 1, 1, NOW)

    assert not any(secret in dump(engine) for secret in SECRETS)
    with reading(engine) as connection:
        assert lead_by_id(connection, 1, 1) is None
    with pytest.raises(LeadNotFoundError):
        sync(writer, RawRecord(id="1"))
    (outcome,) = sync(writer, whole_person())
    assert (outcome.status, outcome.lead.id) == ("CREATED", 2)
    with writing(engine) as connection, pytest.raises(UnknownLeadError, match="Id 1"):
        forget_lead(connection, 1, 1, NOW)


def test_a_key_that_moved_is_forgotten_on_both_sides(engine: Engine, declare: Declare, writer: Running) -> None:
    """The history of the lead that lost a key still says that it lost one, but not which."""
    declare(1)
    sync(
        writer,
        RawRecord(email="old@e.com", foreign_id="SECRETKEY"),
        RawRecord(email="new@e.com"),
        RawRecord(id="2", foreign_id="SECRETKEY"),
    )

    with writing(engine) as connection:
        forget_lead(connection, 1, 2, NOW)

    assert "SECRETKEY" not in dump(engine)
    with reading(engine) as connection:
        old = lead_by_id(connection, 1, 1)
    assert old is not None
    assert [activity.type for activity in old.activities] == ["New Lead", "Foreign Id Moved"]
    assert old.activities[1].attributes["To Lead"] == "2"


def test_who_was_merged_into_a_lead_is_forgotten_with_it(engine: Engine, declare: Declare, writer: Running) -> None:
    """They are one person: the values and the history of the lead that is no more go, too."""
    declare(1)
    sync(writer, whole_person(), RawRecord(email="survivor@e.com"))
    with writing(engine) as connection:
        lead = schema.lead
        connection.execute(update(lead).where(lead.c.id == 1).values(merged_into=2, email=None, email_key=None))
        forget_lead(connection, 1, 2, NOW)

    assert not any(secret in dump(engine) for secret in (*SECRETS, "survivor@e.com"))


def test_forgetting_waits_for_the_lock(engine: Engine, declare: Declare) -> None:
    """An unknown subscription or lead is named."""
    declare(1)
    with writing(engine) as connection:
        with pytest.raises(UnknownLeadError):
            forget_lead(connection, 1, 7, NOW)
        with pytest.raises(StoreError, match="no subscription 9"):
            forget_lead(connection, 9, 7, NOW)


def test_a_lead_is_read_with_its_visitors_history(engine: Engine, declare: Declare, writer: Running) -> None:
    """What a browser did before it was known is part of the lead's history, under the visitor's number."""
    declare(1)
    with writing(engine) as connection:
        number = add_visitor(connection, 1, "_mch-secret", NOW)
        connection.execute(
            insert(schema.activity).values(
                subscription_id=1, id=0, visitor_id=number, type="Visit Webpage", at=0, attributes={}
            )
        )
    sync(writer, whole_person())

    with reading(engine) as connection:
        (stored,) = leads_by_email(connection, 1, "secret@e.com")
    assert [(one.type, one.visitor_id) for one in stored.activities] == [
        ("Visit Webpage", number),
        ("New Lead", None),
    ]
    with writing(engine) as connection:
        forget_lead(connection, 1, stored.id, NOW)
    assert not any(secret in dump(engine) for secret in SECRETS)


def test_a_token_is_one_visitors(engine: Engine, declare: Declare) -> None:
    """Numbers count up; a token that is taken is refused and spends none."""
    declare(1)
    with writing(engine) as connection:
        assert add_visitor(connection, 1, "_mch-a", NOW) == 1
        with pytest.raises(VisitorExistsError):
            add_visitor(connection, 1, "_mch-a", NOW)
        assert add_visitor(connection, 1, "_mch-b", NOW) == 2


def test_the_id_of_a_merged_lead_stands_for_the_survivor(engine: Engine, declare: Declare, writer: Running) -> None:
    """A call and a reading by the old Id reach the lead that it was merged into."""
    declare(1)
    sync(writer, RawRecord(email="a@e.com"), RawRecord(email="b@e.com"))
    with writing(engine) as connection:
        lock_counter(connection, 1)
        lead = schema.lead
        merged = update(lead).where(lead.c.id == 1)
        connection.execute(merged.values(merged_into=2, email=None, email_key=None))

    (outcome,) = sync(writer, RawRecord(id="1", foreign_id="X"))

    assert (outcome.lead.id, outcome.why.step) == (2, 1)
    with reading(engine) as connection:
        stored = lead_by_id(connection, 1, 1)
    assert stored is not None
    assert (stored.id, stored.foreign_ids) == (2, (ForeignId("CUSTOM", "X"),))


def test_explaining_writes_nothing(
    engine: Engine, declare: Declare, writer: Running, open_database: Callable[..., Database]
) -> None:
    """The outcome is the one that the call then has, and the database is as before, also under a lock."""
    declare(1)
    sync(writer, RawRecord(email="a@e.com", foreign_id="OTHER"))
    before = dump(engine)

    async def ask(record: RawRecord) -> Any:
        database = open_database(lock_seconds=0.1)
        try:
            return await explain(database, 1, record, NOW)
        finally:
            await database.close()

    with writing(engine) as connection:
        lock_counter(connection, 1)
        explained = asyncio.run(ask(whole_person()))
        with pytest.raises(LeadNotFoundError):
            asyncio.run(ask(RawRecord(id="9")))
    assert dump(engine) == before
    (real,) = sync(writer, whole_person())
    assert (explained.status, explained.lead, explained.why) == (real.status, real.lead, real.why)


def test_explaining_needs_a_subscription(open_database: Callable[..., Database]) -> None:
    """A subscription that is not there is named as a command's error."""

    async def ask() -> None:
        database = open_database()
        try:
            with pytest.raises(StoreError):
                await explain(database, 9, RawRecord(email="a@e.com"), NOW)
        finally:
            await database.close()

    asyncio.run(ask())
