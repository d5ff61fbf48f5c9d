"""What calls that read find, on either database: what was acknowledged, at once, or 20011 in time."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from typing import Any, TypeVar

import pytest
from sqlalchemy import Engine, insert, update

from support.world import subscription as rules_of_a_test
from synclead.leads.errors import AnswerTooLargeError
from synclead.leads.lead import ForeignId, Lead
from synclead.leads.lookup import MOST_LEADS, Found, LeadKey, read_lead_key
from synclead.leads.record import RawAttribute, RawRecord
from synclead.leads.subscription import Subscription
from synclead.store import schema
from synclead.store.engine import lock_counter, reading, writing
from synclead.store.errors import ServiceFailureError
from synclead.store.forget import forget_lead
from synclead.store.observer import Observer
from synclead.store.reader import Reader
from synclead.store.subscriptions import read_subscription
from synclead.store.transaction import Database, DatabaseLostError, Document, Row, Transaction
from synclead.store.visitors import add_visitor
from synclead.store.writer import Writer

Declare = Callable[..., int]
OpenDatabase = Callable[..., Database]
Running = Callable[..., AbstractAsyncContextManager[Writer]]
Result = TypeVar("Result")
NOW = datetime(2026, 8, 1, 12, 0, tzinfo=UTC)


def asked(open_database: OpenDatabase, ask: Callable[[Reader], Awaitable[Result]], **arguments: Any) -> Result:
    """What a reader of its own answers; keyword arguments are the database's."""

    async def run() -> Result:
        reader = Reader(open_database(**arguments))
        try:
            return await ask(reader)
        finally:
            await reader.close()

    return asyncio.run(run())


def rules(engine: Engine) -> Subscription:
    """Subscription 1 as it is now."""
    with reading(engine) as connection:
        found = read_subscription(connection, 1)
    assert found is not None
    return found


def find(
    open_database: OpenDatabase, engine: Engine, *keys: tuple[str, str], **arguments: Any
) -> list[tuple[Lead, ...]]:
    """The leads that each key finds."""
    known = rules(engine)

    async def ask(reader: Reader) -> list[tuple[Lead, ...]]:
        return [(await reader.find(known, read_lead_key(kind, value, known))).leads for kind, value in keys]

    return asked(open_database, ask, **arguments)


def sync(writer: Running, *records: RawRecord) -> None:
    """Writes records, one after the other."""

    async def calls() -> None:
        async with writer() as door:
            for record in records:
                await door.sync(1, record)

    asyncio.run(calls())


def test_every_key_finds_its_leads(
    engine: Engine, declare: Declare, writer: Running, open_database: OpenDatabase
) -> None:
    """Id, also of a merged lead, Email in any case, cookie, SFDC id in either length. Several by Id, the highest first."""
    declare(1)
    sync(
        writer,
        RawRecord(email="cox@e.com", foreign_id="003A000000abcde", foreign_type="SFDC", cookie="_mch-cox"),
        RawRecord(email="Cox@e.com", foreign_id="003A000000ABCDE", foreign_type="SFDC"),
        RawRecord(email="other@e.com", foreign_id="003A000000abcdeIAA"),
        RawRecord(id="1", foreign_id="7", foreign_type="NETSUITE"),
        RawRecord(id="1", foreign_id="X"),  # now lead 1 is the last changed
    )
    with writing(engine) as connection:
        lock_counter(connection, 1)
        lead = schema.lead
        connection.execute(update(lead).where(lead.c.id == 3).values(merged_into=2, email=None, email_key=None))

    found = find(
        open_database,
        engine,
        ("IDNUM", "2"),
        ("IDNUM", "3"),
        ("EMAIL", " COX@E.com "),
        ("COOKIE", "id:001-AAA-001&token:_mch-cox"),
        ("SFDCLEADID", "003A000000abcde"),
        ("SFDCCONTACTID", "003A000000ABCDEIA5"),
    )

    assert [[lead.id for lead in leads] for leads in found] == [[2], [2], [2, 1], [1], [1], [2]]
    # Whatever key found it, the foreign id that was set last is there to be shown.
    assert {leads[-1].foreign_ids[-1] for leads in found[2:5]} == {ForeignId("CUSTOM", "X")}


def test_a_key_without_a_known_lead_finds_nobody(
    engine: Engine, declare: Declare, writer: Running, open_database: OpenDatabase
) -> None:
    """Unknown keys, those of another subscription, of visitors and of forgotten leads, and forms that no lead has."""
    declare(1)
    declare(2)
    sync(writer, RawRecord(email="gone@e.com", foreign_id="003A000000abcde", foreign_type="SFDC", cookie="_mch-gone"))
    with writing(engine) as connection:
        add_visitor(connection, 1, "_mch-visitor", NOW)
        forget_lead(connection, 1, 1, NOW)

    async def write_elsewhere() -> None:
        async with writer() as door:
            await door.sync(2, RawRecord(email="a@e.com"))
            await door.sync(2, RawRecord(email="b@e.com"))

    asyncio.run(write_elsewhere())
    keys = [
        ("IDNUM", "1"),
        ("IDNUM", "2"),
        ("IDNUM", "one"),
        ("EMAIL", "gone@e.com"),
        ("EMAIL", "a@e.com"),
        ("EMAIL", "no address"),
        ("COOKIE", "_mch-gone"),
        ("COOKIE", "_mch-visitor"),
        ("COOKIE", "id:999-ZZZ-999&token:_mch-visitor"),
        ("SFDCLEADID", "003A000000abcde"),
        ("SFDCACCOUNTID", "003A000000abcde"),
        ("SFDCOPPTYID", "1"),
        ("SFDCLEADOWNERID", "1"),
        ("LEADOWNEREMAIL", "a@e.com"),
    ]

    assert find(open_database, engine, *keys) == [()] * len(keys)


def test_an_email_finds_a_thousand_leads(engine: Engine, declare: Declare, open_database: OpenDatabase) -> None:
    """Of more than those the last changed ones, in the order of their Ids."""
    declare(1)
    rows = [
        {
            "subscription_id": 1,
            "id": number,
            "partition": "Default",
            "email": "a@e.com",
            "email_key": "a@e.com",
            # Change numbers run against the Ids: the oldest Ids changed last.
            "change": 5000 - number,
            "created_at": 0,
            "updated_at": 0,
            "field_values": {},
        }
        for number in range(1, MOST_LEADS + 3)
    ]
    with writing(engine) as connection:
        connection.execute(insert(schema.lead), rows)

    (found,) = find(open_database, engine, ("EMAIL", "a@e.com"))
    assert [lead.id for lead in found] == list(range(MOST_LEADS, 0, -1))


def test_a_read_does_not_wait_for_a_writer(
    engine: Engine, declare: Declare, writer: Running, open_database: OpenDatabase
) -> None:
    """While somebody holds the lock and has written, it finds what was committed before."""
    declare(1)
    sync(writer, RawRecord(email="a@e.com"))
    with writing(engine) as connection:
        lock_counter(connection, 1)
        connection.execute(update(schema.lead).values(email=None, email_key=None))
        found = find(open_database, engine, ("EMAIL", "a@e.com"), lock_seconds=0.1)
    assert [lead.id for lead in found[0]] == [1]


def test_a_field_that_a_call_made_is_known_to_the_next_read(
    engine: Engine, declare: Declare, writer: Running, open_database: OpenDatabase
) -> None:
    """Whoever asks with older rules gets the leads with the fields of the same moment."""
    declare(1, policy={"unknown_fields": "create"})
    old = rules(engine)
    sync(writer, RawRecord(email="a@e.com", attributes=(RawAttribute("Hat", "top"),)))

    async def ask(reader: Reader) -> tuple[Found, Subscription]:
        return await reader.find(old, read_lead_key("IDNUM", "1", old)), await reader.rules(old)

    found, now = asked(open_database, ask)
    assert old.catalogue.get("Hat") is None
    for catalogue in (found.subscription.catalogue, now.catalogue):
        assert catalogue.get("Hat") is not None
    assert found.leads[0].values == {"Hat": "top"}


def test_more_reads_than_connections_are_all_answered(
    engine: Engine, declare: Declare, writer: Running, open_database: OpenDatabase
) -> None:
    """They take turns."""
    declare(1)
    sync(writer, RawRecord(email="a@e.com"))
    known = rules(engine)
    key = read_lead_key("IDNUM", "1", known)

    async def ask(reader: Reader) -> list[Found]:
        return await asyncio.gather(*(reader.find(known, key) for _ in range(12)))

    assert [one.leads[0].id for one in asked(open_database, ask, connections=2)] == [1] * 12


def test_a_subscription_that_went_is_a_service_failure(declare: Declare, open_database: OpenDatabase) -> None:
    """20011, and no doubt about the database."""
    gone = rules_of_a_test()

    async def ask(reader: Reader) -> None:
        with pytest.raises(ServiceFailureError) as caught:
            await reader.rules(gone)
        assert "not in the database any more" in caught.value.reason

    asked(open_database, ask)


class Failing:
    """A database whose first transactions fail, or whose every transaction takes for ever."""

    connections = 1
    turns_between_groups = 0

    def __init__(self, failures: int | None) -> None:
        """None: nothing is ever answered."""
        self.failures = failures
        self.begun = 0
        self.ended = 0
        self.ended_here: int | None = None
        """How many had ended soon after the answer, with the loop still running."""

    @asynccontextmanager
    async def transaction(self, *, read_only: bool = False) -> Any:
        assert read_only
        self.begun += 1
        try:
            yield self
        finally:
            self.ended += 1

    async def run(self, statements: Sequence[tuple[str, Document]], *, commit: bool = False) -> list[list[Row]]:
        if self.failures is None:
            await asyncio.Event().wait()
        elif self.failures >= self.begun:
            raise DatabaseLostError("the disk is gone")
        return [[(1, 1, 1, 1, 0.0)], *([] for _ in statements[1:])]

    async def close(self) -> None: ...


_: type[Transaction] = Failing


class Told(Observer):
    """Keeps the reasons of failures."""

    def __init__(self) -> None:
        self.failures: list[tuple[str, Exception | str]] = []

    def failed(self, reference: str, error: Exception | str) -> None:
        self.failures.append((reference, error))


def outcome(database: Failing, call_seconds: float = 25.0) -> tuple[str, Told, list[int]]:
    """What a caller hears, what the log is told, and of which subscriptions' writes there is doubt."""
    told, doubts = Told(), list[int]()
    known = rules_of_a_test()

    async def ask() -> str:
        reader = Reader(
            database, observer=told, call_seconds=call_seconds, doubt=doubts.append, new_reference=lambda: "ref"
        )
        try:
            found = await reader.find(known, LeadKey("IDNUM", "1", id=1))
        except ServiceFailureError as error:
            await asyncio.sleep(0)  # what was given up ends behind the answer
            database.ended_here = database.ended
            return error.message
        return f"{len(found.leads)} leads"

    return asyncio.run(ask()), told, doubts


def test_a_connection_lost_at_rest_is_not_heard_of() -> None:
    """A read is made again, once, where nobody can have seen the first."""
    database = Failing(1)
    said, told, doubts = outcome(database)
    assert (said, told.failures, doubts) == ("0 leads", [], [])
    assert (database.begun, database.ended) == (2, 2)


def test_a_database_that_stays_away_is_a_service_failure() -> None:
    """20011 says that it is safe to repeat, the log why, and the writer is told to look whether writes work."""
    said, told, doubts = outcome(Failing(2))
    assert said == "Internal error, reference ref, nothing was written, safe to repeat"
    assert told.failures == [("ref", "the disk is gone")]
    assert doubts == [1]


def test_a_read_that_takes_too_long_is_given_up() -> None:
    """The caller hears 20011 at the end of a call's time, and the transaction is over."""
    database = Failing(None)
    said, told, doubts = outcome(database, call_seconds=0.05)
    assert said.endswith("nothing was written, safe to repeat")
    assert told.failures == [("ref", "deadline of the call")]
    assert doubts == [1]
    assert (database.begun, database.ended_here) == (1, 1)


def test_what_is_read_for_one_answer_has_a_limit(
    engine: Engine, declare: Declare, writer: Running, open_database: OpenDatabase
) -> None:
    """In bytes of all leads together, which the database counts; one byte less, and it is a fault that names it."""
    declare(1)
    text = RawAttribute("UnsubscribedReason", "é" * 2_000)
    sync(writer, *[RawRecord(email="a@e.com", foreign_id=str(n), attributes=(text,)) for n in range(20)])
    known = rules(engine)

    async def ask(reader: Reader) -> tuple[int, list[int]]:
        async def size(key: LeadKey, most: int) -> int:
            return (await reader.find(known, key, most)).size

        email, one = read_lead_key("EMAIL", "a@e.com", known), read_lead_key("IDNUM", "7", known)
        whole = await size(email, 10**9)
        sizes = [await size(email, whole + 2_000), await size(one, 6_000)]
        for key, most in ((email, whole - 3_000), (email, 3_000), (one, 3_000)):
            with pytest.raises(AnswerTooLargeError, match=f"larger than the limit of {most:,} bytes"):
                await reader.find(known, key, most)
        return whole, sizes

    whole, sizes = asked(open_database, ask)
    assert 20 * 4_000 < whole == sizes[0] < 20 * 6_000
    assert 4_000 < sizes[1] < 6_000


def test_large_leads_leave_turns_to_others(
    engine: Engine, declare: Declare, writer: Running, open_database: OpenDatabase
) -> None:
    """Between some of them the event loop goes round."""
    declare(1)
    text = RawAttribute("UnsubscribedReason", "x" * 65_000)
    sync(writer, *[RawRecord(email="a@e.com", foreign_id=str(n), attributes=(text,)) for n in range(40)])
    known = rules(engine)

    async def ask(reader: Reader) -> int:
        turns = 0

        async def count() -> None:
            nonlocal turns
            while True:
                await asyncio.sleep(0)
                turns += 1

        counting = asyncio.create_task(count())
        found = await reader.find(known, read_lead_key("EMAIL", "a@e.com", known), 10**9)
        counting.cancel()
        return len(found.leads) if turns > 2 else 0

    assert asked(open_database, ask) == 40
