"""Forgetting all that calls wrote, on each database."""

import asyncio
from collections.abc import Callable
from typing import Any

from sqlalchemy import Engine, func, insert, select

from synclead.leads.record import RawAttribute, RawRecord
from synclead.store import schema
from synclead.store.engine import reading, writing
from synclead.store.reset import forget_calls


def _record(email: str, *, cookie: str | None = None) -> RawRecord:
    return RawRecord(
        email=email,
        foreign_id=f"{email}!",
        cookie=cookie,
        attributes=(RawAttribute("Made", "x"), RawAttribute("Own", "y")),
    )


def test_a_running_server_begins_anew(engine: Engine, declare: Callable[..., int], writer: Callable[..., Any]) -> None:
    """Leads, keys, visitors and history are gone, Ids begin where they were declared to, a field is made again."""
    declare(1, first_lead_id=1000, policy={"unknown_fields": "create"}, fields=[{"name": "Own"}])
    declare(2)

    async def calls() -> list[Any]:
        async with writer() as door:
            before = [
                await door.sync(
                    1, _record(f"{n}@t.com", cookie=f"id:001-AAA-001&token:_mch-example.com-160000000000{n}-1234{n}")
                )
                for n in range(3)
            ]
            await door.sync(2, RawRecord(email="t@t.com"))
            with writing(engine) as connection:
                connection.execute(
                    insert(schema.visitor).values(subscription_id=1, id=1, created_at=1, field_values={})
                )
            forget_calls(engine)
            left = _left(engine)
            return [
                *before,
                left,
                await door.sync(1, _record("0@t.com")),
                await door.sync(2, RawRecord(email="t@t.com")),
            ]

    first, _, third, left, again, other = asyncio.run(calls())
    assert (first.lead.id, third.lead.id) == (1000, 1002)
    assert left == {"lead": 0, "foreign_id": 0, "cookie": 0, "visitor": 0, "activity": 0, "field": ["Own"]}
    assert (again.status, again.lead.id, [one.name for one in again.created_fields]) == ("CREATED", 1000, ["Made"])
    assert (other.status, other.lead.id) == ("CREATED", 1)


def _left(engine: Engine) -> dict[str, Any]:
    tables = (schema.lead, schema.foreign_id, schema.cookie, schema.visitor, schema.activity)
    with reading(engine) as connection:
        found: dict[str, Any] = {
            table.name: connection.execute(select(func.count()).select_from(table)).scalar_one() for table in tables
        }
        found["field"] = list(connection.execute(select(schema.field.c.name)).scalars())
    return found
