"""What is SQLite's own: settings, locks of the system, the shape of the statements."""

import asyncio
import sqlite3
from pathlib import Path

import pytest

from synclead.store.sql import load_statements, parse
from synclead.store.sqlite import SqliteDatabase
from synclead.store.transaction import DatabaseLostError
from synclead.store.upgrade import upgrade


@pytest.fixture
def url(tmp_path: Path) -> str:
    """A new file with the current schema."""
    url = f"sqlite:///{tmp_path}/leads.db"
    upgrade(url)
    return url


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


def test_every_statement_finds_leads_by_a_whole_key(url: str, tmp_path: Path) -> None:
    """No table of leads is scanned, nor all rows of a subscription, nor sorted beyond an index."""
    tables = {"lead", "foreign_id", "cookie", "visitor", "activity", "l", "given", "held", "v", "own"}
    tables |= {"candidate"}
    connection = sqlite3.connect(tmp_path / "leads.db")
    connection.create_function("lock_wait", 0, lambda: 0.0)  # the adapter's own
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
