"""Reads leads for calls that change nothing, on a way to the database that the writer does not wait for."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar
from uuid import uuid4

from synclead.leads.errors import AnswerTooLargeError
from synclead.leads.lead import Lead
from synclead.leads.lookup import MOST_LEADS, Found, LeadKey
from synclead.leads.subscription import Subscription
from synclead.store.errors import ServiceFailureError
from synclead.store.group import SubscriptionGoneError, current_rules
from synclead.store.observer import Observer
from synclead.store.transaction import (
    Database,
    DatabaseError,
    DatabaseLostError,
    Row,
    TooMuchReadError,
    Transaction,
    row_bytes,
)
from synclead.store.working_set import Statement, leads_of
from synclead.store.writer import CALL_SECONDS

CONNECTIONS = 2
"""Of PostgreSQL, a process; SQLite has one."""

_TURN_BYTES = 1024 * 1024
"""Of leads that are read in one turn of the event loop: a few milliseconds."""

Answer = TypeVar("Answer")


class Reader:
    """Answers from the last commit before it was asked. One a process and database; belongs to one event loop."""

    def __init__(
        self,
        database: Database,
        *,
        observer: Observer | None = None,
        call_seconds: float = CALL_SECONDS,
        doubt: Callable[[int], None] = lambda subscription_id: None,
        new_reference: Callable[[], str] = lambda: uuid4().hex[:12],
    ) -> None:
        """`database` is the reader's alone. `doubt` hears the subscription of a call that the database failed."""
        self._database = database
        self._observer = observer or Observer()
        self._call_seconds = call_seconds
        self._doubt = doubt
        self._new_reference = new_reference

    async def close(self) -> None:
        """Closes the database."""
        await self._database.close()

    async def find(self, subscription: Subscription, key: LeadKey, most_bytes: int | None = None) -> Found:
        """The leads of a key; none where it finds nobody.

        Raises AnswerTooLargeError where they are more than so many bytes, and ServiceFailureError (20011).
        """
        reads = _reads_of(subscription.id, key, most_bytes)

        async def read(transaction: Transaction) -> tuple[Subscription, list[list[Row]]]:
            return await current_rules(transaction, subscription, reads)

        try:
            rules, answers = await self._answer(subscription.id, read)
            leads, size = await _leads(reads, answers)
        except TooMuchReadError:
            raise AnswerTooLargeError(most_bytes or 0) from None
        return Found(rules, tuple(sorted(leads, key=lambda lead: lead.id, reverse=True)), size)

    async def rules(self, subscription: Subscription) -> Subscription:
        """The subscription as the database holds it now. Raises ServiceFailureError (20011)."""

        async def read(transaction: Transaction) -> Subscription:
            rules, _ = await current_rules(transaction, subscription, [])
            return rules

        return await self._answer(subscription.id, read)

    async def _answer(self, subscription_id: int, read: Callable[[Transaction], Awaitable[Answer]]) -> Answer:
        """What `read` gives within the time of a call."""
        work = asyncio.get_running_loop().create_task(self._run(read))
        # What becomes of it when nobody waits any more is nobody's: never "unretrieved".
        work.add_done_callback(lambda task: task.cancelled() or task.exception())
        # Not a timeout around it: what is cancelled may have to wait for a disk before it ends.
        done, _ = await asyncio.wait((work,), timeout=self._call_seconds)
        try:
            if not done:
                work.cancel()
                raise DatabaseError("deadline of the call")
            return work.result()
        except TooMuchReadError:
            raise
        except (DatabaseError, SubscriptionGoneError) as error:
            if isinstance(error, DatabaseError):
                self._doubt(subscription_id)
            reference = self._new_reference()
            self._observer.failed(reference, str(error))
            raise ServiceFailureError(reference, reason=str(error)) from None

    async def _run(self, read: Callable[[Transaction], Awaitable[Answer]]) -> Answer:
        """Reads in one transaction; once more where the connection was lost, as one at rest often is."""
        try:
            return await self._run_once(read)
        except DatabaseLostError:
            return await self._run_once(read)

    async def _run_once(self, read: Callable[[Transaction], Awaitable[Answer]]) -> Answer:
        async with self._database.transaction(read_only=True) as transaction:
            return await read(transaction)


async def _leads(reads: Sequence[Statement], answers: Sequence[Sequence[Row]]) -> tuple[list[Lead], int]:
    """The leads in the answers, and their bytes. Raises TooMuchReadError."""
    leads: list[Lead] = []
    size, turn = 0, _TURN_BYTES
    for statement, rows in zip(reads, answers, strict=True):
        for row in rows:
            leads += leads_of(statement, (row,))
            size += row_bytes(row)
            if size > turn:  # others have their turns between large leads
                turn = size + _TURN_BYTES
                await asyncio.sleep(0)
    return leads, size


def _reads_of(subscription_id: int, key: LeadKey, most_bytes: int | None) -> list[Statement]:
    """The statement that finds the leads of a key; none for a key that finds nobody."""
    looked_up = {"find_ids": key.id, "find_foreign_ids": key.foreign_id, "find_cookies": key.cookie}
    reads: list[Statement] = [
        # Of the foreign ids of a lead the last one set of each type is enough to show the lead.
        (name, {"subscription": subscription_id, "limit": 1, "bytes": most_bytes, "keys": [value]})
        for name, value in looked_up.items()
        if value is not None
    ]
    if key.email is not None:
        found = {"subscription": subscription_id, "limit": MOST_LEADS, "bytes": most_bytes, "keys": [key.email.key]}
        reads.append(("find_emails", found))
    return reads
