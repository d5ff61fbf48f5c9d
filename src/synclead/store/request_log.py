"""The log of calls in the database: written in batches, bounded in number and age, read by people."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, delete, func, insert, or_, select, text, update
from sqlalchemy.engine import Row

from synclead.store import schema
from synclead.store.schema import from_micros
from synclead.store.transaction import Database, NotReplicatedError
from synclead.store.working_set import Statement

NOBODY = 0
"""The subscription of calls whose caller is not known."""

_DAY_MICROS = 86_400_000_000
_HOUR_MICROS = 3_600_000_000
# Any number that no other program is likely to lock; released at the end of the transaction.
_LOCK = 0x73796E636C656166
_HIDDEN = "[cannot be shown: a lead was forgotten since]"
"""What stands for what a call asked that may have been that lead's."""


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
    """What is known of it, in values that JSON can hold; `values` is true where it has values of leads in it."""
    forgettings: int | None = None
    """How many leads were forgotten when the call came, as far as was known, where it may have values of a lead that
    it does not name. Is it another number by the time it is written, what was asked stays out."""


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

    forgettings = 0
    """How many leads were forgotten, as of the last writing."""

    def __init__(self, database: Database, bounds: Bounds, forgettings: int = 0) -> None:
        """`database` is opened for this alone: nothing here may stand before a call."""
        self._database = database
        self._bounds = bounds
        self._expired_at = 0
        self.forgettings = forgettings

    async def write(self, entries: Sequence[NewEntry], now: int) -> None:
        """Writes the entries in their order, and takes out what is beyond the bounds; `now` is in microseconds.

        None of a lead that is forgotten by now, or of a subscription that is gone. Raises DatabaseError; the entries
        are not written then, unless the connection broke during COMMIT.
        """
        statements: list[Statement] = [("lock_request_log", {"key": _LOCK})]
        rows = [
            (one.subscription_id, one.failed, one.at, one.lead_id, one.document, one.forgettings) for one in entries
        ]
        statements.append(("insert_requests", {"rows": rows, "hidden": _HIDDEN}))
        for subscription_id, failed in sorted({(one.subscription_id, one.failed) for one in entries}):
            keep = self._bounds.faults if failed else self._bounds.successes
            statements.append(("trim_requests", {"subscription": subscription_id, "failed": failed, "keep": keep}))
        is_due = now - self._expired_at >= _HOUR_MICROS
        if is_due:
            statements.append(self._expiry(now))
        statements.append(("read_forgetting", {"row": 1}))
        *_, ((self.forgettings,),) = await self._run(statements)
        if is_due:
            self._expired_at = now

    async def expire(self, now: int) -> None:
        """Takes out what is too old. Raises DatabaseError."""
        await self._run([("lock_request_log", {"key": _LOCK}), self._expiry(now)])
        self._expired_at = now

    async def close(self) -> None:
        """Lets go of the database."""
        await self._database.close()

    async def _run(self, statements: Sequence[Statement]) -> list[list[Any]]:
        async with self._database.transaction() as transaction:
            try:
                return await transaction.run(statements, commit=True)
            except NotReplicatedError as error:
                return error.answers  # nobody was promised a copy of it; to write it again would double it

    def _expiry(self, now: int) -> Statement:
        return "expire_requests", {"before": now - round(self._bounds.days * _DAY_MICROS)}


def read_log(
    connection: Connection, subscription_id: int, *, failed_alone: bool = False, after: int = 0, limit: int
) -> list[Entry]:
    """The last `limit` calls of a subscription and of nobody, of those with an id above `after`; the newest last.

    In the order of their times, which that of their ids is not: who writes many takes the newest first.
    """
    log = schema.request_log
    # Ids alone are put in order: a document may be large.
    last = select(log.c.subscription_id, log.c.id).where(_visible_to(subscription_id), log.c.id > after)
    if failed_alone:
        last = last.where(log.c.failed)
    last_ids = last.order_by(log.c.at.desc(), log.c.id.desc()).limit(limit).subquery()
    same = and_(last_ids.c.subscription_id == log.c.subscription_id, last_ids.c.id == log.c.id)
    wanted = _entries().join(last_ids, same).order_by(log.c.at, log.c.id)
    return _read(connection.execute(wanted))


def read_entry(connection: Connection, subscription_id: int, entry_id: int) -> Entry | None:
    """One call of a subscription or of nobody; None where no such call is kept."""
    wanted = _entries().where(_visible_to(subscription_id), schema.request_log.c.id == entry_id)
    return next(iter(_read(connection.execute(wanted))), None)


def newest_id(connection: Connection) -> int:
    """The id given last; 0 where nothing is kept."""
    return connection.execute(select(func.max(schema.request_log.c.id))).scalar_one() or 0


def forgettings(connection: Connection) -> int:
    """How many leads were forgotten."""
    return connection.execute(select(func.max(schema.forgetting.c.number))).scalar_one() or 0


def lock_log(connection: Connection) -> None:
    """Keeps everybody out who writes calls, until the transaction ends. On SQLite BEGIN IMMEDIATE has done it.

    Who locks a subscription's counter too does that first.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))


def forget_in_log(connection: Connection, subscription_id: int, lead_ids: Sequence[int]) -> None:
    """Takes out the calls that name one of the leads, and of calls that name none what values they have.

    So too of calls of nobody. The leads must be marked as forgotten in the same transaction: then calls that a
    process still holds are not written any more, since who writes them looks at that under the same lock.
    """
    lock_log(connection)
    log, counted = schema.request_log, schema.forgetting
    connection.execute(delete(log).where(log.c.subscription_id == subscription_id, log.c.lead_id.in_(lead_ids)))
    hiding = _HIDE[connection.dialect.name]
    connection.execute(text(hiding), {"subscription": subscription_id, "nobody": NOBODY, "hidden": _HIDDEN})
    if not connection.execute(update(counted).values(number=counted.c.number + 1)).rowcount:
        connection.execute(insert(counted).values(id=1, number=1))


_HIDE = {
    "sqlite": """
        UPDATE request_log SET document = json_replace(document, '$.asked', :hidden, '$.message', :hidden)
        WHERE subscription_id IN (:subscription, :nobody) AND lead_id IS NULL AND json_extract(document, '$.values')
    """,
    "postgresql": """
        UPDATE request_log
        SET document = jsonb_set(
            jsonb_set(document, '{asked}', to_jsonb(CAST(:hidden AS text)), false),
            '{message}', to_jsonb(CAST(:hidden AS text)), false
        )
        WHERE subscription_id IN (:subscription, :nobody) AND lead_id IS NULL AND document @> '{"values": true}'
    """,
}
"""By database: takes out what calls without a lead asked, where they were recorded with values."""


def _visible_to(subscription_id: int) -> ColumnElement[bool]:
    log = schema.request_log
    return or_(log.c.subscription_id == subscription_id, log.c.subscription_id == NOBODY)


def _entries() -> Select[Any]:
    log, owner = schema.request_log, schema.subscription
    return select(log.c.id, owner.c.name, log.c.failed, log.c.at, log.c.lead_id, log.c.document).select_from(
        log.outerjoin(owner, owner.c.id == log.c.subscription_id)
    )


def _read(rows: Iterable[Row[Any]]) -> list[Entry]:
    return [Entry(row.id, row.name, bool(row.failed), from_micros(row.at), row.lead_id, row.document) for row in rows]
