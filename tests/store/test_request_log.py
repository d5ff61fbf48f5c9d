"""The log of calls on both databases: order, bounds, several writers at once."""

import asyncio
import sqlite3
from collections.abc import Callable, Coroutine, Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from time import monotonic
from typing import Any

import pytest
from sqlalchemy import Engine, insert, select

from synclead.store import schema
from synclead.store.configuration import remove_subscription
from synclead.store.databases import open_log_database
from synclead.store.engine import lock_counter, reading, sqlite_path, writing
from synclead.store.forget import forget_lead
from synclead.store.request_log import NOBODY, Bounds, NewEntry, RequestLog, newest_id, read_entry, read_log
from synclead.store.schema import to_micros
from synclead.store.transaction import LockTimeoutError

from .conftest import NOW, Declare

AT = to_micros(NOW)
DAY = 86_400_000_000


def entry(subscription: int = 1, *, failed: bool = False, at: int = AT, lead: int | None = None) -> NewEntry:
    return NewEntry(subscription, failed, at, lead, {"outcome": 20103 if failed else "UPDATED", "asked": "<p>é</p>"})


def run(url: str, work: Callable[[RequestLog], Coroutine[Any, Any, None]], bounds: Bounds | None = None) -> None:
    """Does the work with a log of its own."""

    async def opened() -> None:
        log = RequestLog(open_log_database(url), bounds or Bounds())
        try:
            await work(log)
        finally:
            await log.close()

    asyncio.run(opened())


def write(url: str, *entries: NewEntry, bounds: Bounds | None = None, now: int = AT) -> None:
    """Writes one batch."""
    run(url, lambda log: log.write(entries, now), bounds)


def ids(engine: Engine, subscription: int = 1, **options: Any) -> list[int]:
    with reading(engine) as connection:
        return [one.id for one in read_log(connection, subscription, **({"limit": 100} | options))]


def test_entries_are_read_in_the_order_they_were_written(engine: Engine, url: str, declare: Declare) -> None:
    """With everything that was written of them; the last ones where there are more than asked for."""
    declare(1)
    write(url, entry(lead=7), entry(failed=True))
    write(url, entry(), entry())

    with reading(engine) as connection:
        first, second = read_log(connection, 1, limit=100)[:2]
        assert newest_id(connection) == 4
    assert (first.id, first.subscription, first.failed, first.at, first.lead_id) == (1, "Example 1", False, NOW, 7)
    assert first.document == {"outcome": "UPDATED", "asked": "<p>é</p>"}
    assert (second.id, second.failed, second.lead_id) == (2, True, None)
    assert ids(engine, limit=2) == [3, 4]
    assert ids(engine, failed_alone=True) == [2]
    assert ids(engine, after=2, limit=1) == [4]


def test_calls_are_read_in_the_order_of_their_times(engine: Engine, url: str, declare: Declare) -> None:
    """Whatever the order of their ids is: of many calls that come at once the last ones may be written first."""
    declare(1)
    write(url, entry(at=AT + 4), entry(at=AT + 5, failed=True))
    write(url, entry(at=AT + 2), entry(NOBODY, at=AT + 3, failed=True))
    write(url, entry(at=AT), entry(at=AT + 1, failed=True), entry(at=AT + 1, failed=True))

    assert ids(engine) == [5, 6, 7, 3, 4, 1, 2]
    assert ids(engine, limit=3) == [4, 1, 2]
    assert ids(engine, failed_alone=True) == [6, 7, 4, 2]
    assert ids(engine, failed_alone=True, limit=3) == [7, 4, 2]
    assert ids(engine, after=4) == [5, 6, 7]


def test_the_last_that_stay_are_the_last_in_time(engine: Engine, url: str, declare: Declare) -> None:
    """Also where they were written first."""
    declare(1)
    bounds = Bounds(successes=3, faults=2)
    for first in (40, 20, 0):
        entries = [entry(at=AT + first + number, failed=number % 2 == 0) for number in range(10)]
        write(url, *entries, bounds=bounds)

    with reading(engine) as connection:
        kept = [(to_micros(one.at) - AT, one.failed) for one in read_log(connection, 1, limit=100)]
    assert kept == [(45, False), (46, True), (47, False), (48, True), (49, False)]


def test_a_subscription_sees_its_own_calls_and_those_of_nobody(engine: Engine, url: str, declare: Declare) -> None:
    """Another's are not there, by list or by id."""
    declare(1)
    declare(2)
    write(url, entry(1), entry(2), entry(NOBODY, failed=True))

    assert (ids(engine, 1), ids(engine, 2)) == ([1, 3], [2, 3])
    with reading(engine) as connection:
        assert read_entry(connection, 1, 2) is None
        found = read_entry(connection, 1, 3)
        assert newest_id(connection) == 3
    assert found is not None
    assert found.subscription is None


def test_the_last_of_each_kind_of_each_subscription_stay(engine: Engine, url: str, declare: Declare) -> None:
    """A flood of one pushes out nothing of the others."""
    declare(1)
    declare(2)
    bounds = Bounds(successes=3, faults=2)
    write(url, entry(2), entry(1, failed=True), entry(NOBODY, failed=True), bounds=bounds)
    for _ in range(3):
        write(url, entry(1), entry(1), bounds=bounds)
    for _ in range(3):
        write(url, entry(NOBODY, failed=True), bounds=bounds)

    assert ids(engine, 1) == [2, 7, 8, 9, 11, 12]
    assert ids(engine, 2) == [1, 11, 12]


def test_what_is_too_old_goes(engine: Engine, url: str, declare: Declare) -> None:
    """Beside a writing, once an hour at most, and by itself."""
    declare(1)
    month = Bounds(days=30)
    write(url, entry(at=AT - 31 * DAY), entry(at=AT - 29 * DAY), bounds=month)
    assert ids(engine) == [2]

    run(url, lambda log: log.expire(AT + 2 * DAY), month)
    assert ids(engine) == []
    with reading(engine) as connection:
        assert newest_id(connection) == 0


def test_old_entries_are_not_looked_for_at_every_writing(engine: Engine, url: str, declare: Declare) -> None:
    """An hour later they are."""
    declare(1)
    old, hour = entry(at=AT - 31 * DAY), 3_600_000_000

    async def work(log: RequestLog) -> None:
        await log.write([entry()], AT)
        await log.write([old], AT + hour - 1)
        assert ids(engine) == [2, 1]
        await log.write([entry()], AT + hour)

    run(url, work)
    assert ids(engine) == [1, 3]


def test_processes_write_side_by_side(engine: Engine, url: str, declare: Declare) -> None:
    """Every entry of several writers is there, under an id of its own."""
    declare(1)

    async def work(log: RequestLog) -> None:
        others = [RequestLog(open_log_database(url), Bounds()) for _ in range(2)]

        async def many(writer: RequestLog, lead: int) -> None:
            for _ in range(10):
                while True:
                    try:
                        await writer.write([entry(lead=lead), entry(lead=lead)], AT)
                        break
                    except LockTimeoutError:
                        continue  # as the recorder does

        await asyncio.gather(*(many(writer, number) for number, writer in enumerate([log, *others])))
        for other in others:
            await other.close()

    run(url, work)

    assert ids(engine) == list(range(1, 61))
    with reading(engine) as connection:
        leads = [one.lead_id for one in read_log(connection, 1, limit=100)]
    assert [leads.count(number) for number in range(3)] == [20, 20, 20]


@contextmanager
def locked(engine: Engine, url: str) -> Iterator[None]:
    """Somebody keeps a subscription locked; on SQLite that is the whole database."""
    with writing(engine) as connection:
        lock_counter(connection, 1)
        yield


def test_a_lock_is_not_waited_for_long(engine: Engine, url: str, declare: Declare) -> None:
    """The log gives way to whoever writes leads on SQLite; on PostgreSQL it stands in nobody's way."""
    declare(1)
    began = monotonic()
    with locked(engine, url):
        if sqlite_path(url) is None:
            write(url, entry())
        else:
            with pytest.raises(LockTimeoutError):
                write(url, entry())
    assert monotonic() - began < 5
    write(url, entry())
    assert ids(engine)[0] == 1


def test_the_log_waits_for_no_disk_and_the_writer_does(url: str) -> None:
    """On SQLite the log's own connection is synchronous = NORMAL."""
    path = sqlite_path(url)
    if path is None:
        return

    async def level() -> object:
        database = open_log_database(url)
        try:
            return await database.pragma("synchronous")  # type: ignore[attr-defined]
        finally:
            await database.close()

    assert asyncio.run(level()) == 1
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_forgetting_a_lead_takes_its_calls_out(engine: Engine, url: str, declare: Declare) -> None:
    """What was recorded of other leads stays."""
    declare(1)
    declare(2)
    row = {"partition": "Default", "change": 1, "created_at": AT, "updated_at": AT, "field_values": {}}
    with writing(engine) as connection:
        connection.execute(insert(schema.lead).values(subscription_id=1, id=7, **row))
    write(url, entry(lead=7), entry(lead=8), entry(2, lead=7))

    with writing(engine) as connection:
        forget_lead(connection, 1, 7, NOW + timedelta(seconds=1))

    with reading(engine) as connection:
        left = connection.execute(select(schema.request_log.c.id).order_by("id")).scalars().all()
    assert left == [2, 3]


def test_removing_a_subscription_takes_its_calls_out(engine: Engine, url: str, declare: Declare) -> None:
    """The next one that gets its number does not see them."""
    declare(1)
    write(url, entry(), entry(NOBODY, failed=True))
    with writing(engine) as connection:
        remove_subscription(connection, 1)
    declare(1)

    assert ids(engine) == [2]
