"""What a group reads is bounded, however large the leads of its keys are."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest
from sqlalchemy import Engine

from synclead.leads.outcome import Outcome
from synclead.leads.read import read_record
from synclead.leads.record import RawAttribute, RawFileRow, RawRecord
from synclead.store.engine import reading
from synclead.store.importing import Importer
from synclead.store.observer import Observer
from synclead.store.progress import ImportKey
from synclead.store.queue import GROUP_BYTES
from synclead.store.reading import lead_by_id
from synclead.store.row_groups import SourceRow
from synclead.store.transaction import Database, Document, Row, row_bytes
from synclead.store.writer import Writer

from .conftest import NOW

Declare = Callable[..., int]
OpenDatabase = Callable[..., Database]
Running = Callable[..., AbstractAsyncContextManager[Writer]]

LEADS = 40
FIELDS = tuple(f"Large{number}" for number in range(5))
LARGE = "x" * 60_000
"""It compresses to nothing: what counts is what comes back."""


class Weighed:
    """A database, and the most bytes that came back in one round trip."""

    def __init__(self, real: Database) -> None:
        self._real = real
        self.connections = real.connections
        self.turns_between_groups = real.turns_between_groups
        self.most = 0

    @asynccontextmanager
    async def transaction(self, *, read_only: bool = False) -> Any:
        async with self._real.transaction(read_only=read_only) as transaction:
            yield _Weighing(self, transaction)

    async def close(self) -> None:
        await self._real.close()


class _Weighing:
    def __init__(self, owner: Weighed, real: Any) -> None:
        self._owner = owner
        self._real = real

    async def run(self, statements: Sequence[tuple[str, Document]], *, commit: bool = False) -> list[list[Row]]:
        answers: list[list[Row]] = await self._real.run(statements, commit=commit)
        weight = sum(row_bytes([str(column) for column in row]) for rows in answers for row in rows)
        self._owner.most = max(self._owner.most, weight)
        return answers


def large(email: str, **keys: Any) -> RawRecord:
    """A lead that fills 300 KB."""
    return RawRecord(email=email, attributes=tuple(RawAttribute(name, LARGE) for name in FIELDS), **keys)


@pytest.fixture
def fields(declare: Declare) -> None:
    """A subscription with fields that hold a lot."""
    declare(1, fields=[{"name": name, "type": "text"} for name in FIELDS])


def values(engine: Engine, lead_id: int) -> dict[str, str]:
    with reading(engine) as connection:
        found = lead_by_id(connection, 1, lead_id)
    assert found is not None
    return dict(found.values)


@pytest.mark.usefixtures("fields")
def test_calls_for_large_leads_run_in_parts(engine: Engine, writer: Running, open_database: OpenDatabase) -> None:
    """Each is answered as alone, in order, and no more than the bound was ever read at once."""
    database = Weighed(open_database())

    async def calls() -> list[Outcome]:
        async with writer(database, observer=Observer()) as door:
            await asyncio.gather(*(door.sync(1, large(f"{n}@e.com")) for n in range(LEADS)))
            changes = [
                door.sync(1, RawRecord(email=f"{n % LEADS}@e.com", attributes=(RawAttribute("City", str(n)),)))
                for n in range(2 * LEADS)
            ]
            return await asyncio.gather(*changes)

    outcomes = asyncio.run(calls())
    assert [one.status for one in outcomes] == ["UPDATED"] * 2 * LEADS
    assert len({one.lead.id for one in outcomes}) == LEADS
    for number, outcome in enumerate(outcomes[LEADS:], LEADS):
        assert values(engine, outcome.lead.id) == {"City": str(number), **dict.fromkeys(FIELDS, LARGE)}
    assert GROUP_BYTES / 4 < database.most <= GROUP_BYTES


@pytest.mark.usefixtures("fields")
def test_calls_for_one_email_of_many_large_leads_run_in_parts(
    engine: Engine, writer: Running, open_database: OpenDatabase
) -> None:
    """Of an Email a group reads as many leads as it has calls: that is bounded too, and one call alone is not."""
    database = Weighed(open_database())

    async def calls() -> list[Outcome]:
        async with writer(database, observer=Observer()) as door:
            for n in range(LEADS):
                await door.sync(1, large("many@e.com", foreign_id=f"X{n}"))
            return await asyncio.gather(
                *(
                    door.sync(1, RawRecord(email="many@e.com", attributes=(RawAttribute("City", str(n)),)))
                    for n in range(LEADS)
                )
            )

    outcomes = asyncio.run(calls())
    assert {one.lead.id for one in outcomes} == {LEADS}
    assert values(engine, LEADS)["City"] == str(LEADS - 1)
    assert database.most <= GROUP_BYTES


@pytest.mark.usefixtures("fields")
def test_rows_for_large_leads_are_imported_in_parts(
    engine: Engine, writer: Running, open_database: OpenDatabase
) -> None:
    """An import as well."""
    database = Weighed(open_database())

    async def calls() -> None:
        async with writer(observer=Observer()) as door:
            await asyncio.gather(*(door.sync(1, large(f"{n}@e.com")) for n in range(LEADS)))
        rows = [SourceRow(n + 2, [f"{n}@e.com", f"{n}"]) for n in range(LEADS)]

        def read(cells: Sequence[str], rules: Any) -> Any:
            record = RawRecord(
                email=cells[0], attributes=(RawAttribute("City", cells[1]),), row=RawFileRow(keeps_id=False)
            )
            return read_record(record, rules)

        class Nowhere:
            def cut(self, length: int) -> None:
                pass

            def write(self, refused: Any) -> int:
                raise AssertionError(refused)

        importer = Importer(
            database, ImportKey(1, "f", "o"), read, Nowhere(), lambda: NOW, asyncio.Event(),
            may_starve_others=lambda: False,
        )  # fmt: skip
        progress = await importer.run(rows, await importer.begin())
        assert (progress.position, progress.counts.updated) == (LEADS, LEADS)
        await database.close()

    asyncio.run(calls())
    assert values(engine, LEADS)["City"] == str(LEADS - 1)
    assert GROUP_BYTES / 4 < database.most <= GROUP_BYTES
