"""What is SQLite's own: settings, locks of the system, the shape of the statements."""

import asyncio
import multiprocessing
import os
import signal
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, insert
from sqlalchemy.exc import IntegrityError

from synclead.leads.record import RawRecord
from synclead.store import schema
from synclead.store.engine import reading, writing
from synclead.store.errors import AlreadyServedError
from synclead.store.reading import leads_by_email
from synclead.store.sql import load_statements, parse
from synclead.store.sqlite import ServeLock, SqliteDatabase
from synclead.store.transaction import DatabaseLostError, DataRefusedError
from synclead.store.writer import Writer


def test_the_writers_connection_is_durable(url: str, tmp_path: Path) -> None:
    """Write-ahead log, and synchronous = FULL (2): a commit is on the disk before its answer leaves."""

    async def ask() -> list[object]:
        database = SqliteDatabase(tmp_path / "leads.db")
        found = [await database.pragma(name) for name in ("journal_mode", "synchronous")]
        await database.close()
        return found

    assert asyncio.run(ask()) == ["wal", 2]


def test_a_missing_file_is_not_made(tmp_path: Path) -> None:
    """A database that went away must not come back empty."""

    async def ask() -> None:
        database = SqliteDatabase(tmp_path / "gone.db")
        with pytest.raises(DatabaseLostError):
            async with database.transaction() as transaction:
                await transaction.run([("read_counter", {"subscription": 1})])
        await database.close()

    asyncio.run(ask())
    assert not (tmp_path / "gone.db").exists()


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
def test_the_database_enforces_unique_keys(url: str, tmp_path: Path, name: str, rows: list[list[object]]) -> None:
    """The same key a second time is refused by the database, and nothing of its transaction stays."""

    async def ask() -> None:
        database = SqliteDatabase(tmp_path / "leads.db")
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


def test_every_statement_finds_leads_by_a_whole_key(url: str, tmp_path: Path) -> None:
    """No table of leads is scanned, nor all rows of a subscription, nor sorted beyond an index."""
    tables = {"lead", "foreign_id", "cookie", "visitor", "activity", "l", "given", "held", "v", "own"}
    tables |= {"candidate"}
    connection = sqlite3.connect(tmp_path / "leads.db")
    for name, statement in load_statements("sqlite").items():
        plan = connection.execute(f"EXPLAIN QUERY PLAN {statement}", {"document": "{}"}).fetchall()
        for step in (row[3] for row in plan):
            wide = step.startswith("SCAN ") or step.endswith("(subscription_id=?)")
            assert not (wide and step.split()[1] in tables), f"{name}: {step}"
            assert "TEMP B-TREE" not in step or name.startswith("read_"), f"{name}: {step}"


def test_every_statement_says_what_it_is_for() -> None:
    """A statement without its line of purpose, or SQL without a name, is an error at start."""
    with pytest.raises(ValueError, match="before the first name"):
        parse("-- name: x\nSELECT 1\n")
    assert parse("-- name: x\n-- Gives one.\nSELECT 1;\n") == [("name", "x", "SELECT 1")]


def test_one_process_serves(tmp_path: Path) -> None:
    """A second one is refused, until the first lets go."""
    lock = ServeLock(tmp_path / "a.db")
    with pytest.raises(AlreadyServedError):
        ServeLock(tmp_path / "a.db")
    lock.release()
    ServeLock(tmp_path / "a.db").release()


def test_a_killed_process_serves_no_more(tmp_path: Path) -> None:
    """The system drops the lock at kill -9."""
    program = (
        "import pathlib, sys\n"
        "from synclead.store.sqlite import ServeLock\n"
        "lock = ServeLock(pathlib.Path(sys.argv[1]))\n"
        "print('locked', flush=True)\n"
        "sys.stdin.read()\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path / "a.db")], stdout=subprocess.PIPE, stdin=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"locked\n"
    with pytest.raises(AlreadyServedError):
        ServeLock(tmp_path / "a.db")
    process.kill()
    process.communicate()
    ServeLock(tmp_path / "a.db").release()


def _sync_many(path: str) -> list[tuple[str, int]]:
    async def calls() -> list[tuple[str, int]]:
        writer = Writer(SqliteDatabase(Path(path)), now=lambda: datetime.now(UTC))
        await writer.start()
        records = [RawRecord(email=f"{n}@e.com", foreign_id=str(n)) for n in range(60)]
        singly = [await writer.sync(1, record) for record in records[:30]]
        together = await asyncio.gather(*(writer.sync(1, record) for record in records[30:]))
        await writer.close()
        return [(outcome.status, outcome.lead.id) for outcome in (*singly, *together)]

    return asyncio.run(calls())


def test_two_processes_never_make_one_person_twice(engine: Engine, declare: object, tmp_path: Path) -> None:
    """Two processes race for the same new keys: each key is created once, both hear the same Ids."""
    assert callable(declare)
    declare(1)

    with multiprocessing.get_context("spawn").Pool(2) as pool:
        first, second = pool.map(_sync_many, [str(tmp_path / "leads.db")] * 2, chunksize=1)

    assert [lead_id for _, lead_id in first] == [lead_id for _, lead_id in second]
    assert sorted(lead_id for _, lead_id in first) == list(range(1, 61))
    assert sum(status == "CREATED" for status, _ in (*first, *second)) == 60


def test_an_acknowledged_lead_survives_kill_9(engine: Engine, declare: object, tmp_path: Path) -> None:
    """Every lead whose answer left before the process was killed is in the database."""
    assert callable(declare)
    declare(1)
    program = (
        "import asyncio, pathlib, sys\n"
        "from datetime import UTC, datetime\n"
        "from synclead.leads.record import RawRecord\n"
        "from synclead.store.sqlite import SqliteDatabase\n"
        "from synclead.store.writer import Writer\n"
        "async def calls():\n"
        "    writer = Writer(SqliteDatabase(pathlib.Path(sys.argv[1])), now=lambda: datetime.now(UTC))\n"
        "    await writer.start()\n"
        "    async def one(n):\n"
        "        await writer.sync(1, RawRecord(email=f'{n}@e.com'))\n"
        "        print(n, flush=True)\n"
        "    for n in range(0, 100000, 8):\n"
        "        await asyncio.gather(*map(one, range(n, n + 8)))\n"
        "asyncio.run(calls())\n"
    )
    process = subprocess.Popen([sys.executable, "-c", program, str(tmp_path / "leads.db")], stdout=subprocess.PIPE)
    assert process.stdout is not None
    answered = [int(process.stdout.readline()) for _ in range(100)]
    os.kill(process.pid, signal.SIGKILL)
    answered += [int(line) for line in process.communicate()[0].split(b"\n")[:-1]]

    with reading(engine) as connection:
        assert all(len(leads_by_email(connection, 1, f"{n}@e.com")) == 1 for n in answered)
