"""The database in memory: the same guarantees between connections, and nothing on the disk."""

import asyncio
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from synclead.leads.record import RawRecord
from synclead.store.demo import add_demo
from synclead.store.engine import reading, writing
from synclead.store.memory import MemoryDatabase
from synclead.store.reading import leads_by_email
from synclead.store.transaction import LockTimeoutError
from synclead.store.writer import Writer

NOW = datetime(2026, 8, 1, tzinfo=UTC)


@pytest.fixture
def memory() -> Iterator[MemoryDatabase]:
    """A database in memory with the demo's subscription."""
    memory = MemoryDatabase()
    add_demo(memory.engine, memory.master_keys)
    yield memory
    memory.engine.dispose()
    memory.release()


def test_what_calls_write_the_administration_reads(
    memory: MemoryDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The writer and the engine see one database; not even a temporary file of it is open."""
    monkeypatch.chdir(tmp_path)

    async def call() -> int:
        writer = Writer(memory.open(lock_seconds=1, statement_seconds=1), now=lambda: NOW)
        await writer.start()
        outcome = await writer.sync(1, RawRecord(email="t@t.com"))
        await writer.close()
        return outcome.lead.id

    lead_id = asyncio.run(call())
    with reading(memory.engine) as connection:
        assert [one.id for one in leads_by_email(connection, 1, "t@t.com")] == [lead_id]
    assert not list(tmp_path.iterdir())
    assert not [one for one in Path("/proc/self/fd").iterdir() if "synclead-" in _target(one)]


def test_a_writer_keeps_the_others_out(memory: MemoryDatabase) -> None:
    """While the administration writes, a call waits for the lock, and no longer than it may."""

    async def lock() -> None:
        database = memory.open(lock_seconds=0.1, statement_seconds=1)
        try:
            async with database.transaction() as transaction:
                await transaction.run([("lock_counter", {"subscription": 1})])
        finally:
            await database.close()

    with writing(memory.engine), pytest.raises(LockTimeoutError):
        asyncio.run(lock())
    asyncio.run(lock())


def test_two_databases_in_memory_are_two(memory: MemoryDatabase) -> None:
    """What one has the other has not, in one process too."""
    other = MemoryDatabase()
    try:
        assert add_demo(other.engine, other.master_keys)
        assert not add_demo(memory.engine, memory.master_keys)
    finally:
        other.engine.dispose()
        other.release()


def _target(link: Path) -> str:
    try:
        return os.readlink(link)
    except OSError:  # closed meanwhile
        return ""
