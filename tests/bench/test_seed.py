"""Seeded leads are what calls would have left."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bench import call
from bench.errors import CellFailedError
from bench.seed import seed_synclead
from bench.stored import check_unique, stored_by_synclead
from support.command import run_here
from support.postgres import Postgres
from support.server import MASTER_KEY
from support.stored import read_stored
from synclead.leads.record import RawAttribute, RawRecord
from synclead.store.databases import open_database
from synclead.store.upgrade import upgrade
from synclead.store.writer import Writer

NewDatabase = Callable[[], str]


@pytest.fixture(params=["sqlite", "postgres"])
def new_database(request: pytest.FixtureRequest, tmp_path: Path) -> NewDatabase:
    """Makes a database with the subscription of the benchmarks."""
    made = 0

    def make() -> str:
        nonlocal made
        made += 1
        if request.param == "postgres":
            postgres: Postgres = request.getfixturevalue("postgres")
            url = postgres.new_database()
        else:
            url = f"sqlite:///{tmp_path}/{made}.db"
            upgrade(url)
        (tmp_path / "bench.toml").write_text(call.DECLARATION, encoding="utf-8")
        environment = MASTER_KEY if request.param == "postgres" else {}
        done = run_here("apply", "bench.toml", "--database-url", url, environment=environment, directory=tmp_path)
        assert done.code == 0, done.err
        return url

    return make


async def call_for(url: str, emails: list[str], score: int = 0) -> None:
    """Syncs a lead of each Email."""
    writer = Writer(open_database(url), now=lambda: datetime.now(UTC))
    await writer.start()
    try:
        for email in emails:
            values = {**call.VALUES, "LeadScore": str(score)}
            attributes = tuple(RawAttribute(name, value) for name, value in values.items())
            await writer.sync(1, RawRecord(email=email, attributes=attributes))
    finally:
        await writer.close()


def test_seeded_leads_are_as_calls_make_them(new_database: NewDatabase) -> None:
    """Leads, history and counter of a seed are those of the calls, but for the times."""
    called, seeded = new_database(), new_database()
    asyncio.run(call_for(called, [call.known_email(number) for number in (1, 2, 3)]))
    seed_synclead(seeded, 3)
    assert read_stored(seeded, 1) == read_stored(called, 1)


def test_what_is_stored_is_found_by_its_email(new_database: NewDatabase) -> None:
    """The harness finds a lead's Id and score, nothing for an Email that nobody has, and what belongs to several."""
    url = new_database()
    seed_synclead(url, 2)
    asyncio.run(call_for(url, [call.known_email(2), "new-1-1@bench.example"], score=77))
    wanted = [call.known_email(1), call.known_email(2), "new-1-1@bench.example", "nobody@bench.example"]
    assert dict(stored_by_synclead(url, wanted)) == {
        wanted[0]: [(1, 0)], wanted[1]: [(2, 77)], wanted[2]: [(3, 77)],
    }  # fmt: skip
    check_unique(url, "email_key")
    with pytest.raises(CellFailedError, match="1 Emails belong to more than one lead"):
        check_unique(url, "partition")  # which all three share, as two leads may share an Email
