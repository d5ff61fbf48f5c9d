"""What every database does for the writer: unique keys, one writer at a time, nothing acknowledged lost."""

import asyncio
import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine, insert
from sqlalchemy.exc import IntegrityError

from synclead.leads.record import RawRecord
from synclead.store import schema
from synclead.store.databases import open_database
from synclead.store.engine import reading, writing
from synclead.store.reading import leads_by_email
from synclead.store.transaction import DataRefusedError
from synclead.store.writer import Writer


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("insert_leads", [[1, "Default", None, None, 1, 0, 0, {}]]),
        ("insert_foreign_ids", [["CUSTOM", "X", 1, 1]]),
        ("insert_cookies", [["tok", 1]]),
        ("insert_activities", [[1, 1, "New Lead", 0, {}]]),
        ("insert_fields", [["Pants", "Pants", "pants", "Pants", "string", False, None, True]]),
    ],
)
def test_the_database_enforces_unique_keys(url: str, name: str, rows: list[list[object]]) -> None:
    """The same key a second time is refused by the database, and nothing of its transaction stays."""

    async def ask() -> None:
        database = open_database(url)
        statement = (name, {"subscription": 1, "rows": rows})
        async with database.transaction() as transaction:
            await transaction.run([statement], commit=True)
        with pytest.raises(DataRefusedError):
            async with database.transaction() as transaction:
                await transaction.run([statement], commit=True)
        async with database.transaction() as transaction:
            await transaction.run([(name, {"subscription": 2, "rows": rows})], commit=True)
        await database.close()

    asyncio.run(ask())


def test_a_foreign_id_is_unique_with_its_type(engine: Engine) -> None:
    """The same id under another type, or in another letter case, is another one."""
    row = {"subscription_id": 1, "type": "CUSTOM", "id": "x", "lead_id": 1, "set_change": 1}
    with writing(engine) as connection:
        connection.execute(insert(schema.foreign_id), [row, row | {"type": "SFDC"}, row | {"id": "X"}])
    with pytest.raises(IntegrityError), writing(engine) as connection:
        connection.execute(insert(schema.foreign_id), [row | {"lead_id": 2}])


def _sync_many(url: str) -> list[tuple[str, int]]:
    async def calls() -> list[tuple[str, int]]:
        writer = Writer(open_database(url), now=lambda: datetime.now(UTC))
        await writer.start()
        records = [RawRecord(email=f"{n}@e.com", foreign_id=str(n)) for n in range(60)]
        singly = [await writer.sync(1, record) for record in records[:30]]
        together = await asyncio.gather(*(writer.sync(1, record) for record in records[30:]))
        await writer.close()
        return [(outcome.status, outcome.lead.id) for outcome in (*singly, *together)]

    return asyncio.run(calls())


def test_two_processes_never_make_one_person_twice(url: str, engine: Engine, declare: Callable[..., int]) -> None:
    """Two processes race for the same new keys: each key is created once, both hear the same Ids."""
    declare(1)

    with multiprocessing.get_context("spawn").Pool(2) as pool:
        first, second = pool.map(_sync_many, [url] * 2, chunksize=1)

    assert [lead_id for _, lead_id in first] == [lead_id for _, lead_id in second]
    assert sorted(lead_id for _, lead_id in first) == list(range(1, 61))
    assert sum(status == "CREATED" for status, _ in (*first, *second)) == 60


def test_an_acknowledged_lead_survives_kill_9(url: str, engine: Engine, declare: Callable[..., int]) -> None:
    """Every lead whose answer left before the process was killed is in the database."""
    declare(1)
    program = (
        "import asyncio, sys\n"
        "from datetime import UTC, datetime\n"
        "from synclead.leads.record import RawRecord\n"
        "from synclead.store.databases import open_database\n"
        "from synclead.store.writer import Writer\n"
        "async def calls():\n"
        "    writer = Writer(open_database(sys.argv[1]), now=lambda: datetime.now(UTC))\n"
        "    await writer.start()\n"
        "    async def one(n):\n"
        "        await writer.sync(1, RawRecord(email=f'{n}@e.com'))\n"
        "        print(n, flush=True)\n"
        "    for n in range(0, 100000, 8):\n"
        "        await asyncio.gather(*map(one, range(n, n + 8)))\n"
        "asyncio.run(calls())\n"
    )
    process = subprocess.Popen([sys.executable, "-c", program, url], stdout=subprocess.PIPE)
    assert process.stdout is not None
    answered = [int(process.stdout.readline()) for _ in range(100)]
    os.kill(process.pid, signal.SIGKILL)
    answered += [int(line) for line in process.communicate()[0].split(b"\n")[:-1]]

    with reading(engine) as connection:
        assert all(len(leads_by_email(connection, 1, f"{n}@e.com")) == 1 for n in answered)
