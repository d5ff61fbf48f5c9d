"""The log of calls in the database: written in batches, bounded in number and age, read by people."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, func, or_, select
from sqlalchemy.engine import Row

from synclead.store import schema
from synclead.store.schema import from_micros
from synclead.store.transaction import Database
from synclead.store.working_set import Statement

NOBODY = 0
"""The subscription of calls whose caller is not known."""

_DAY_MICROS = 86_400_000_000
_HOUR_MICROS = 3_600_000_000
# Any number that no other program is likely to lock; released at the end of the transaction.
_LOCK = 0x73796E636C656166


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much is kept; 0 of anything keeps none of it."""

    successes: int = 1_000
    """Calls of a subscription that were answered."""
    faults: int = 10_000
    """Calls of a subscription that were refused."""
    days: float = 30
    """The age at which either goes."""


@dataclass(frozen=True, slots=True)
class NewEntry:
    """A call as it is written."""

    subscription_id: int
    failed: bool
    at: int
    """Microseconds since 1970, UTC."""
    lead_id: int | None
    document: Mapping[str, Any]
    """What is known of it, in values that JSON can hold."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A call as it was written."""

    id: int
    subscription: str | None
    """Its name; None where the caller is not known."""
    failed: bool
    at: datetime
    lead_id: int | None
    document: Mapping[str, Any]


class RequestLog:
    """Writes the log, beside other processes that do. For one task of one event loop."""

    def __init__(self, database: Database, bounds: Bounds) -> None:
        """`database` is opened for this alone: nothing here may stand before a call."""
        self._database = database
        self._bounds = bounds
        self._expired_at = 0

    async def write(self, entries: Sequence[NewEntry], now: int) -> None:
        """Writes the entries in their order, and takes out what is beyond the bounds; `now` is in microseconds.

        Raises DatabaseError; the entries are not written then, unless the connection broke during COMMIT.
        """
        statements: list[Statement] = [("lock_request_log", {"key": _LOCK})]
        rows = [(one.subscription_id, one.failed, one.at, one.lead_id, one.document) for one in entries]
        statements.append(("insert_requests", {"rows": rows}))
        for subscription_id, failed in sorted({(one.subscription_id, one.failed) for one in entries}):
            keep = self._bounds.faults if failed else self._bounds.successes
            statements.append(("trim_requests", {"subscription": subscription_id, "failed": failed, "keep": keep}))
        is_due = now - self._expired_at >= _HOUR_MICROS
        if is_due:
            statements.append(self._expiry(now))
        await self._run(statements)
        if is_due:
            self._expired_at = now

    async def expire(self, now: int) -> None:
        """Takes out what is too old. Raises DatabaseError."""
        await self._run([("lock_request_log", {"key": _LOCK}), self._expiry(now)])
        self._expired_at = now

    async def close(self) -> None:
        """Lets go of the database."""
        await self._database.close()

    async def _run(self, statements: Sequence[Statement]) -> None:
        async with self._database.transaction() as transaction:
            await transaction.run(statements, commit=True)

    def _expiry(self, now: int) -> Statement:
        return "expire_requests", {"before": now - round(self._bounds.days * _DAY_MICROS)}


def read_log(
    connection: Connection, subscription_id: int, *, failed_alone: bool = False, after: int = 0, limit: int
) -> list[Entry]:
    """The last `limit` calls of a subscription and of nobody, of those with an id above `after`; the newest last."""
    log = schema.request_log.c
    wanted = _entries(subscription_id).where(log.id > after)
    if failed_alone:
        wanted = wanted.where(log.failed)
    return _read(reversed(connection.execute(wanted.order_by(log.id.desc()).limit(limit)).all()))


def read_entry(connection: Connection, subscription_id: int, entry_id: int) -> Entry | None:
    """One call of a subscription or of nobody; None where no such call is kept."""
    wanted = _entries(subscription_id).where(schema.request_log.c.id == entry_id)
    return next(iter(_read(connection.execute(wanted))), None)


def newest_id(connection: Connection) -> int:
    """The id given last; 0 where nothing is kept."""
    return connection.execute(select(func.max(schema.request_log.c.id))).scalar_one() or 0


def _entries(subscription_id: int) -> Select[Any]:
    log, owner = schema.request_log, schema.subscription
    return (
        select(log.c.id, owner.c.name, log.c.failed, log.c.at, log.c.lead_id, log.c.document)
        .select_from(log.outerjoin(owner, owner.c.id == log.c.subscription_id))
        .where(or_(log.c.subscription_id == subscription_id, log.c.subscription_id == NOBODY))
    )


def _read(rows: Iterable[Row[Any]]) -> list[Entry]:
    return [Entry(row.id, row.name, bool(row.failed), from_micros(row.at), row.lead_id, row.document) for row in rows]
