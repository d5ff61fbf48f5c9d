"""Forgetting a lead while calls of it come: its Id is spent, and nothing that is still held of them is written."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest
from sqlalchemy import Engine, insert, text, update

from synclead.leads.record import RawRecord
from synclead.store import schema
from synclead.store.configuration import remove_subscription
from synclead.store.databases import open_log_database
from synclead.store.engine import lock_counter, open_engine, reading, writing
from synclead.store.forget import forget_lead
from synclead.store.request_log import NOBODY, Bounds, Entry, NewEntry, RequestLog, forgettings, read_log
from synclead.store.schema import to_micros
from synclead.store.transaction import LockTimeoutError
from synclead.store.writer import Writer

from .conftest import NOW, Declare

AT = to_micros(NOW)
HIDDEN = "[cannot be shown: a lead was forgotten since]"
ASKED = {"outcome": 20110, "asked": "<Email>secret@t.com</Email>", "message": "secret", "values": True}


def add_lead(engine: Engine, lead_id: int) -> None:
    row = {"partition": "Default", "change": 1, "created_at": AT, "updated_at": AT, "field_values": {}}
    with writing(engine) as connection:
        connection.execute(insert(schema.lead).values(subscription_id=1, id=lead_id, **row))


def forget(engine: Engine, lead_id: int) -> None:
    with writing(engine) as connection:
        forget_lead(connection, 1, lead_id, NOW)


def logged(engine: Engine) -> list[Entry]:
    with reading(engine) as connection:
        return read_log(connection, 1, limit=1_000)


def in_log(url: str, work: Callable[[RequestLog], Coroutine[Any, Any, None]]) -> None:
    """Does the work with the log of a process."""

    async def opened() -> None:
        log = RequestLog(open_log_database(url), Bounds())
        try:
            await work(log)
        finally:
            await log.close()

    asyncio.run(opened())


def write(url: str, *entries: NewEntry) -> None:
    in_log(url, lambda log: log.write(entries, AT))


def test_calls_that_a_process_holds_are_not_written_once_their_lead_is_forgotten(
    engine: Engine, url: str, declare: Declare
) -> None:
    """Neither those of the lead nor those of one that was merged into it; those of others are."""
    declare(1)
    declare(2)
    for lead_id in (7, 8, 9):
        add_lead(engine, lead_id)
    with writing(engine) as connection:
        connection.execute(update(schema.lead).where(schema.lead.c.id == 9).values(merged_into=7))
    held = [NewEntry(1, False, AT, lead, {"outcome": "UPDATED", "n": lead}) for lead in (7, 8, 9, None)]

    forget(engine, 7)
    write(url, *held, NewEntry(2, False, AT, 7, {"outcome": "UPDATED", "n": 2}))

    assert [one.document["n"] for one in logged(engine)] == [8, None]
    with reading(engine) as connection:
        assert [one.document["n"] for one in read_log(connection, 2, limit=9)] == [2]


def test_a_call_that_is_being_written_at_that_moment_goes_too(engine: Engine, url: str, declare: Declare) -> None:
    """Forgetting waits for the end of a writing that has begun, which did not know of it."""
    declare(1)
    add_lead(engine, 7)
    statements: list[Any] = []

    class Held(RequestLog):
        async def _run(self, given: Any) -> Any:
            statements.extend(given)
            return [[(0,)]]

    in_log(url, lambda log: Held(log._database, Bounds()).write([NewEntry(1, False, AT, 7, ASKED)], AT))
    forgetting = threading.Thread(target=forget, args=(engine, 7))

    async def work(log: RequestLog) -> None:
        async with log._database.transaction() as transaction:
            await transaction.run(statements)
            forgetting.start()
            await asyncio.to_thread(until_it_waits, engine, forgetting)
            await transaction.run([], commit=True)

    in_log(url, work)
    forgetting.join()

    assert logged(engine) == []


def until_it_waits(engine: Engine, thread: threading.Thread) -> None:
    """Returns when the thread waits for a lock of PostgreSQL, or is done; SQLite has one lock for everything."""
    if engine.dialect.name == "sqlite":
        return
    waiting = text(
        "SELECT count(*) FROM pg_locks WHERE NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    )
    watching = open_engine(str(engine.url.render_as_string(hide_password=False)))
    while thread.is_alive():
        with reading(watching) as connection:
            if connection.execute(waiting).scalar_one():
                break
    watching.dispose()


def test_what_calls_without_a_lead_asked_goes_where_it_was_recorded(engine: Engine, url: str, declare: Declare) -> None:
    """Of refused calls and of those that read, whose values may be the lead's: of its subscription and of nobody.

    What was recorded without values stays, and so do the calls themselves.
    """
    declare(1)
    declare(2)
    add_lead(engine, 7)
    masked = {"outcome": 20110, "asked": "<Email>[address, 12 characters]</Email>", "message": "Bad value for Email"}
    read = {"outcome": "ANSWERED", "asked": "<keyValue>secret@t.com</keyValue>", "values": True}
    write(
        url,
        NewEntry(1, True, AT, None, ASKED),
        NewEntry(NOBODY, True, AT, None, ASKED),
        NewEntry(1, False, AT, None, read),
        NewEntry(1, True, AT, None, masked),
        NewEntry(1, False, AT, 8, {**ASKED, "outcome": "UPDATED"}),
        NewEntry(2, True, AT, None, ASKED),
    )

    forget(engine, 7)

    found = [one.document for one in logged(engine)]
    assert found[0] == found[1] == {**ASKED, "asked": HIDDEN, "message": HIDDEN}
    assert found[2] == {**read, "asked": HIDDEN}
    assert found[3] == masked
    assert found[4] == {**ASKED, "outcome": "UPDATED"}
    with reading(engine) as connection:
        assert read_log(connection, 2, limit=9)[-1].document == ASKED


def test_what_a_process_holds_of_calls_without_a_lead_is_written_without_what_was_asked(
    engine: Engine, url: str, declare: Declare
) -> None:
    """Where the process had not heard of a forgetting when they came; later calls are whole again."""
    declare(1)
    add_lead(engine, 7)
    read = {"outcome": "ANSWERED", "asked": "<keyValue>secret@t.com</keyValue>", "values": True}

    async def work(log: RequestLog) -> None:
        def came(document: dict[str, Any], failed: bool = True) -> NewEntry:
            return NewEntry(1, failed, AT, None, document, log.forgettings)

        await log.write([came(ASKED)], AT)
        held = [
            came(ASKED),
            came(read, failed=False),
            NewEntry(1, True, AT, None, {"outcome": 20110, "asked": "masked"}),
        ]
        forget(engine, 7)
        await log.write(held, AT)
        await log.write([came(ASKED)], AT)

    in_log(url, work)

    assert [one.document["asked"] for one in logged(engine)] == [HIDDEN, HIDDEN, HIDDEN, "masked", ASKED["asked"]]
    assert "secret" not in repr(logged(engine)[:4])
    with reading(engine) as connection:
        assert forgettings(connection) == 1


def test_forgettings_are_counted(engine: Engine, declare: Declare) -> None:
    """Each makes the number another one."""
    declare(1)
    found = []
    for lead_id in (7, 8, 9):
        add_lead(engine, lead_id)
        forget(engine, lead_id)
        with reading(engine) as connection:
            found.append(forgettings(connection))

    assert found == [1, 2, 3]


def test_calls_of_a_subscription_that_is_gone_are_not_written(engine: Engine, url: str, declare: Declare) -> None:
    """The next one that gets its number does not see them."""
    declare(1)
    with writing(engine) as connection:
        lock_counter(connection, 1)
        remove_subscription(connection, 1)
    write(url, NewEntry(1, False, AT, None, {}), NewEntry(NOBODY, True, AT, None, {"n": 1}))
    declare(1)

    assert [one.document for one in logged(engine)] == [{"n": 1}]


@pytest.mark.parametrize("writers", [1, 3])
def test_no_call_is_recorded_of_a_lead_that_is_forgotten_meanwhile(
    engine: Engine, url: str, declare: Declare, writers: int
) -> None:
    """Whatever the order in which several processes write and leads are forgotten."""
    declare(1)
    leads = range(10, 30)
    for lead_id in leads:
        add_lead(engine, lead_id)

    def forget_all() -> None:
        for lead_id in leads:
            forget(engine, lead_id)

    forgetting = threading.Thread(target=forget_all)

    async def work(log: RequestLog) -> None:
        others = [RequestLog(open_log_database(url), Bounds()) for _ in range(writers - 1)]

        async def many(writer: RequestLog) -> None:
            while forgetting.is_alive():
                entries = [NewEntry(1, False, AT, lead_id, {"n": lead_id}) for lead_id in (*leads, 99)]
                try:
                    await writer.write(entries, AT)
                except LockTimeoutError:
                    continue  # as the recorder does

        forgetting.start()
        await asyncio.gather(*map(many, [log, *others]))
        for other in others:
            await other.close()

    in_log(url, work)
    forgetting.join()

    assert {one.lead_id for one in logged(engine)} <= {99}


Running = Callable[..., AbstractAsyncContextManager[Writer]]


def test_the_id_of_a_forgotten_lead_is_spent(engine: Engine, declare: Declare, writer: Running) -> None:
    """No call that comes after it is forgotten hears its Id, however many are under way and by whatever key."""
    declare(1)
    records = [
        RawRecord(email="a@t.com", foreign_id="A", cookie="_mch-example.com-1772443800000-48151"),
        RawRecord(foreign_id="A"),
        RawRecord(email="a@t.com"),
        RawRecord(cookie="_mch-example.com-1772443800000-48151", email="A@t.com"),
    ]
    forgotten: set[int] = set()
    heard: list[int] = []

    async def call(door: Writer, number: int) -> None:
        gone = set(forgotten)  # before it comes
        lead_id = (await door.sync(1, records[number % len(records)])).lead.id
        heard.append(lead_id)
        assert lead_id not in gone

    async def work() -> None:
        async with writer() as door:
            under_way: set[asyncio.Task[None]] = set()
            for turn in range(60):
                lead_id = (await door.sync(1, records[turn % len(records)])).lead.id
                under_way = {asyncio.create_task(call(door, turn + number)) for number in range(8)}
                await asyncio.to_thread(forget, engine, lead_id)
                forgotten.add(lead_id)
                await asyncio.gather(call(door, turn), *under_way)

    asyncio.run(work())

    assert len(forgotten) == 60
    assert len(heard) == 9 * 60
