"""Reading every lead of one moment."""

import asyncio
import gc
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine

from synclead.leads.lead import ForeignId
from synclead.leads.record import RawAttribute, RawRecord
from synclead.store import export as module
from synclead.store.engine import writing
from synclead.store.errors import StoreError
from synclead.store.export import exporting
from synclead.store.forget import forget_lead
from synclead.store.writer import Writer

Declare = Callable[..., int]
Running = Callable[..., AbstractAsyncContextManager[Writer]]
NOW = datetime(2026, 8, 1, 12, 0, tzinfo=UTC)


def sync(writer: Running, *records: RawRecord, at: datetime = NOW, subscription: int = 1) -> None:
    """Calls, one after the other."""

    async def calls() -> None:
        async with writer(now=lambda: at) as door:
            for record in records:
                await door.sync(subscription, record)

    asyncio.run(calls())


def people(count: int) -> list[RawRecord]:
    """As many new people."""
    return [RawRecord(email=f"p{number}@example.com") for number in range(count)]


def test_every_lead_comes_once_in_the_order_of_its_id(
    engine: Engine, declare: Declare, writer: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pages end anywhere: seven leads in pages of three are seven leads, and those of others are not among them."""
    monkeypatch.setattr(module, "_LEADS_A_PAGE", 3)
    declare(1)
    declare(2)
    sync(writer, *people(7))
    sync(writer, *people(2), subscription=2)

    with exporting(engine, 1) as found:
        assert found.count == 7
        assert [(lead.id, lead.email.text if lead.email else "") for lead in found.leads] == [
            (number + 1, f"p{number}@example.com") for number in range(7)
        ]


def test_a_page_leaves_nothing_behind(
    engine: Engine, declare: Declare, writer: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No garbage cycles: of two million leads they took fifty megabytes before Python looked for them."""
    monkeypatch.setattr(module, "_LEADS_A_PAGE", 3)
    declare(1)
    sync(writer, *people(30))

    with exporting(engine, 1) as found:
        for _ in range(6):  # the first pages compile their statements
            next(found.leads)
        gc.collect()
        gc.disable()
        try:
            assert sum(1 for _ in found.leads) == 24
            assert gc.collect() == 0
        finally:
            gc.enable()


def test_a_lead_comes_with_its_keys_in_order(engine: Engine, declare: Declare, writer: Running) -> None:
    """Foreign ids as they were set, whatever they are called; cookies by their text; values; the last change."""
    declare(1)
    sync(
        writer,
        RawRecord(
            email="a@e.com", foreign_id="Z", cookie="_mch-example.com-b", attributes=(RawAttribute("City", "Ulm"),)
        ),
        RawRecord(id="1", foreign_id="A", foreign_type="NETSUITE", cookie="_mch-example.com-a"),
        RawRecord(id="1", foreign_id="M"),
        RawRecord(email="b@e.com"),
    )

    with exporting(engine, 1) as found:
        first, second = found.leads

    assert first.foreign_ids == (ForeignId("CUSTOM", "Z"), ForeignId("NETSUITE", "A"), ForeignId("CUSTOM", "M"))
    assert first.cookies == ("_mch-example.com-a", "_mch-example.com-b")
    assert first.values == {"City": "Ulm"}
    assert (first.change, second.change) == (3, 4)
    assert (second.foreign_ids, second.cookies) == ((), ())


def test_forgotten_leads_are_not_exported(engine: Engine, declare: Declare, writer: Running) -> None:
    """Who is forgotten is no lead any more."""
    declare(1)
    sync(writer, *people(3))
    with writing(engine) as connection:
        forget_lead(connection, 1, 2, NOW)

    with exporting(engine, 1) as found:
        assert (found.count, [lead.id for lead in found.leads]) == (2, [1, 3])


def test_only_what_changed_since(engine: Engine, declare: Declare, writer: Running) -> None:
    """A lead that changed at the very moment counts; one that changed before does not."""
    declare(1)
    sync(writer, *people(3))
    later = NOW + timedelta(hours=1)
    sync(writer, RawRecord(id="2", email="new@e.com"), RawRecord(id="3", email="p2@example.com"), at=later)

    with exporting(engine, 1, later) as found:
        assert (found.count, [lead.id for lead in found.leads]) == (1, [2])
    with exporting(engine, 1, later + timedelta(microseconds=1)) as found:
        assert (found.count, list(found.leads)) == (0, [])


def test_all_is_of_one_moment(
    engine: Engine, declare: Declare, writer: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is written during an export is not seen, on pages that are read later either, and does not wait for it."""
    monkeypatch.setattr(module, "_LEADS_A_PAGE", 2)
    declare(1)
    sync(writer, *people(5))

    with exporting(engine, 1) as found:
        seen = [next(found.leads)]
        sync(
            writer,
            RawRecord(id="5", email="changed@e.com", foreign_id="X", cookie="_mch-example.com-x"),
            *people(9)[5:],
        )
        seen += found.leads

    assert [lead.email.text if lead.email else "" for lead in seen] == [f"p{number}@example.com" for number in range(5)]
    assert [(lead.foreign_ids, lead.cookies) for lead in seen] == [((), ())] * 5
    with exporting(engine, 1) as found:
        assert found.count == 9


def test_a_subscription_that_is_gone_is_refused(engine: Engine, declare: Declare) -> None:
    """The command chose it a moment ago."""
    declare(1)
    with pytest.raises(StoreError, match="removed"), exporting(engine, 7):
        pass
