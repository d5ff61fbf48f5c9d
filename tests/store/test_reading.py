"""What is looked up of one lead costs the same, however many others there are."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, insert, text

from synclead.store import schema
from synclead.store.engine import writing
from synclead.store.forget import forget_lead
from synclead.store.reading import lead_by_id, leads_by_email

Declare = Callable[..., int]
NOW = datetime(2026, 8, 1, 12, 0, tzinfo=UTC)
FEW, MANY = 30, 3_000

LOOK_UPS: dict[str, Callable[[Connection, int], object]] = {
    "by Id": lambda connection, lead_id: lead_by_id(connection, 1, lead_id),
    "by Email": lambda connection, lead_id: leads_by_email(connection, 1, f"p{lead_id}@e.com"),
    "to forget it": lambda connection, lead_id: forget_lead(connection, 1, lead_id, NOW),
}


@pytest.mark.parametrize("name", LOOK_UPS)
def test_one_lead_is_found_without_reading_the_others(engine: Engine, declare: Declare, name: str) -> None:
    """Neither the leads nor their history are read through: not even on tables that nobody analysed."""
    declare()
    add_people(engine, range(1, FEW + 1))
    among_few = cost(engine, LOOK_UPS[name], 3)
    add_people(engine, range(FEW + 1, MANY + 1))

    assert among_few > 0
    assert cost(engine, LOOK_UPS[name], 4) < among_few + 2 * FEW * _STEPS[engine.dialect.name]


def test_the_history_of_a_leads_visitors_is_its_own(engine: Engine, declare: Declare) -> None:
    """What a browser did before somebody knew whose it is stands between the lead's own lines, in their order."""
    declare()
    add_people(engine, range(1, FEW + 1))
    with writing(engine) as connection:
        connection.execute(
            insert(schema.visitor),
            [{"subscription_id": 1, "id": i, "lead_id": i + 1, "created_at": 0, "field_values": {}} for i in (1, 2)],
        )
        lines = [(101, None, 1), (102, 2, None), (103, None, 2), (104, None, 1), (105, None, 3)]
        connection.execute(insert(schema.activity), [line_of_history(*line) for line in lines])
        found = lead_by_id(connection, 1, 2)

    assert found is not None
    assert [(one.id, one.visitor_id) for one in found.activities] == [(2, None), (101, 1), (102, None), (104, 1)]


def add_people(engine: Engine, ids: range) -> None:
    """Leads with an Email and one line of history each."""
    people: list[dict[str, Any]] = [
        {
            "subscription_id": 1,
            "id": i,
            "partition": "Default",
            "email": f"p{i}@e.com",
            "email_key": f"p{i}@e.com",
            "change": i,
            "created_at": 0,
            "updated_at": 0,
            "field_values": {},
        }
        for i in ids
    ]
    with writing(engine) as connection:
        connection.execute(insert(schema.lead), people)
        connection.execute(insert(schema.activity), [line_of_history(i, i, None) for i in ids])


def line_of_history(number: int, lead_id: int | None, visitor_id: int | None) -> dict[str, Any]:
    """A row of the table `activity`."""
    return {
        "subscription_id": 1,
        "id": number,
        "lead_id": lead_id,
        "visitor_id": visitor_id,
        "type": "New Lead",
        "at": 0,
        "attributes": {},
    }


_STEPS = {"postgresql": 1, "sqlite": 5}
"""What a row that is read and left out costs at least, as `cost` counts."""


def cost(engine: Engine, look_up: Callable[[Connection, int], object], lead_id: int) -> int:
    """Rows that PostgreSQL fetched for it, or steps of SQLite's machine."""
    with writing(engine) as connection, _counted(connection) as count:
        look_up(connection, lead_id)
        return count()


@contextmanager
def _counted(connection: Connection) -> Iterator[Callable[[], int]]:
    if connection.dialect.name == "postgresql":

        def rows() -> int:
            fetched = "SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0)) FROM pg_stat_xact_user_tables"
            return int(connection.execute(text(fetched)).scalar_one())

        before = rows()
        yield lambda: rows() - before
        return
    steps = 0

    def step() -> int:
        nonlocal steps
        steps += 1
        return 0

    driver: Any = connection.connection.driver_connection
    driver.set_progress_handler(step, 1)
    try:
        yield lambda: steps
    finally:
        driver.set_progress_handler(None, 1)
