"""Imports rows of a file in groups, each with its progress in one transaction, while servers run."""

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple, Protocol

from synclead.leads.errors import SyncleadError
from synclead.leads.plan import Counter
from synclead.leads.record import RawRecord
from synclead.leads.subscription import Subscription
from synclead.store.errors import StoreError
from synclead.store.foresight import Foresight
from synclead.store.group import Answer, PlannedGroup, SubscriptionGoneError, plan_group
from synclead.store.progress import ImportKey, ImportProgress, stored
from synclead.store.queue import GROUP_BYTES, GROUP_RECORDS, size_of
from synclead.store.transaction import Database, DatabaseError, DataRefusedError, Transaction

_PAUSES_SECONDS = (0.1, 1.0, 5.0)
"""Before each attempt to ask a database that was lost what it has committed."""


class SourceRow(NamedTuple):
    """A row of the file."""

    number: int
    """As a spreadsheet counts: the header is row 1."""
    cells: Sequence[str]
    record: RawRecord


class RefusedRows(Protocol):
    """Where refused rows go, with their reasons."""

    def cut(self, length: int) -> None:
        """Goes back to a length in bytes that was stored."""
        ...

    def write(self, refused: Sequence[tuple[SourceRow, str]]) -> int:
        """Adds rows durably; gives the length after them."""
        ...


class RowRefusedError(SyncleadError):
    """A row met a defect, or the database refused it."""

    code, text = 10001, "Internal error"


@dataclass(slots=True)
class Importer:
    """One run of an import. Belongs to one event loop."""

    database: Database
    key: ImportKey
    refused: RefusedRows
    now: Callable[[], datetime]
    """Gives UTC."""
    stop: asyncio.Event
    """Set from outside: ends the run after the group under way."""
    report: Callable[[ImportProgress], None] = lambda progress: None
    """Told after each group."""
    check: Callable[[], None] = lambda: None
    """Called before each group; what it raises ends the run."""
    may_starve_others: Callable[[], bool] = lambda: True
    """Whether servers could wait in vain if it never rested."""
    foresight: Foresight | None = None
    """With it nothing is written: each group is planned upon what the ones before would have done."""
    subscription: Subscription | None = None
    """The rules as the last group had them."""
    _left: Counter | None = None
    """The subscription's numbers as the last group left them."""
    _others_write: bool = False
    """Whether the last group found them moved."""

    async def begin(self, *, again: bool = False) -> ImportProgress:
        """How far the import is, from an earlier run; with `again` a finished one is begun anew.

        Raises StoreError where the database does not answer or the subscription is gone.
        """
        if self.foresight is not None:
            return ImportProgress(self.now())
        lock = ("lock_counter", self.key.row())
        try:
            async with self.database.transaction() as transaction:
                counter, rows = await transaction.run([lock, self.key.read()])
                if not counter:
                    raise StoreError("the subscription is not in the database any more")
                progress = stored(rows)
                if progress is not None and not (again and progress.finished_at):
                    return progress
                progress = ImportProgress(self.now())
                await transaction.run([progress.store(self.key)], commit=True)
                return progress
        except DatabaseError as error:
            raise StoreError(f"the database did not answer: {error}") from error

    async def run(self, rows: Iterable[SourceRow], progress: ImportProgress) -> ImportProgress:
        """Imports rows from `progress` on, which must be the first's place; gives where it stands at the end.

        Raises StoreError where the database does not answer, or another import of the file goes on meanwhile; what
        was committed before stays, and the next run goes on after it.
        """
        for group in grouped(rows):
            if self.stop.is_set():
                return progress
            self.check()
            began = time.monotonic()
            progress = await self._group(group, progress)
            self.report(progress)
            if self.foresight is None and (self._others_write or self.may_starve_others()):
                # As long as it took, so that others write as much as this does.
                await self._rest(time.monotonic() - began)
        return await self._finish(progress)

    async def _rest(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self.stop.wait(), seconds)
        except TimeoutError:
            return

    async def _finish(self, progress: ImportProgress) -> ImportProgress:
        """Notes that the last row is done; once more where the connection was lost, since twice is as good as once."""
        progress = replace(progress, finished_at=self.now())
        if self.foresight is not None:
            return progress
        lock = ("lock_counter", self.key.row())
        for pause in _PAUSES_SECONDS:
            try:
                async with self.database.transaction() as transaction:
                    await transaction.run([lock, progress.store(self.key)], commit=True)
                return progress
            except DatabaseError as error:
                lost = error
            await asyncio.sleep(pause)
        raise _unanswered(lost, progress)

    async def _group(
        self, rows: Sequence[SourceRow], progress: ImportProgress, refusal: str | None = None
    ) -> ImportProgress:
        """One group, and once more where the connection was lost. A data error costs the guilty row alone.

        `refusal`: why the database refused the one row, of which nothing but this is to be written.
        """
        for attempt in range(2):
            try:
                return await self._transact(rows, progress, refusal)
            except SubscriptionGoneError as error:
                raise StoreError(str(error)) from error
            except DataRefusedError as error:
                if refusal is not None:
                    raise _unanswered(error, progress) from error
                if len(rows) == 1:
                    return await self._group(rows, progress, str(error))
                break
            except DatabaseError as error:
                if self.foresight is not None:
                    raise StoreError(f"the database did not answer: {error}") from error
                found = await self._committed(progress, error)
                if found.position == progress.position + len(rows):
                    return found
                if found.position != progress.position:
                    raise _another() from error
                if attempt:
                    raise _unanswered(error, progress) from error
        for row in rows:
            progress = await self._group([row], progress)
        return progress

    async def _committed(self, progress: ImportProgress, lost: DatabaseError) -> ImportProgress:
        """What the database has, once it answers: tells whether a COMMIT that was not answered took place."""
        for pause in _PAUSES_SECONDS:
            await asyncio.sleep(pause)
            try:
                async with self.database.transaction() as transaction:
                    # The lock first: while it is free, the lost transaction is over, one way or the other.
                    lock = ("lock_counter", self.key.row())
                    return stored((await transaction.run([lock, self.key.read()]))[1]) or progress
            except DatabaseError:
                continue
        raise _unanswered(lost, progress)

    async def _transact(
        self, rows: Sequence[SourceRow], progress: ImportProgress, refusal: str | None
    ) -> ImportProgress:
        """Lock, reads, plans, refused rows, writes and progress, commit."""
        dry = self.foresight
        async with self.database.transaction(read_only=dry is not None) as transaction:
            if dry is not None:
                group = await self._foresee(transaction, rows, dry)
                return progress.after(group.answers, self._note_refused(rows, group.answers, progress))
            group = await plan_group(
                transaction,
                self.key.subscription_id,
                [row.record for row in rows] if refusal is None else [],
                cached=self.subscription,
                now=self.now(),
                refuse=_refuse,
            )
            self._others_write = self._left not in (None, group.counter)
            answers = group.answers or [RowRefusedError(f"The database refused the row: {refusal}")]
            found = stored((await transaction.run([self.key.read()]))[0])
            if found is None or found.position != progress.position:
                raise _another()
            # Before the commit: what is stored is at least in the file, and the next run cuts off what is more.
            self.refused.cut(progress.refused_bytes)
            progress = progress.after(answers, self._note_refused(rows, answers, progress))
            writes = group.writes() if group.changed else []
            await transaction.run([*writes, progress.store(self.key)], commit=True)
        self.subscription, self._left = group.subscription, group.known.counter
        return progress

    async def _foresee(self, transaction: Transaction, rows: Sequence[SourceRow], dry: Foresight) -> PlannedGroup:
        return await plan_group(
            transaction,
            self.key.subscription_id,
            [row.record for row in rows],
            cached=None,
            now=self.now(),
            refuse=_refuse,
            lock="read_counter",
            begin=dry.begin,
            gone=dry.touched,
        )

    def _note_refused(self, rows: Sequence[SourceRow], answers: Sequence[Answer], progress: ImportProgress) -> int:
        refused = [
            (row, f"row {row.number}: {answer.message} ({answer.code})")
            for row, answer in zip(rows, answers, strict=True)
            if isinstance(answer, SyncleadError)
        ]
        return self.refused.write(refused) if refused else progress.refused_bytes


def grouped(rows: Iterable[SourceRow]) -> Iterator[list[SourceRow]]:
    """Rows in groups of the size that the writer's have."""
    group: list[SourceRow] = []
    size = 0
    for row in rows:
        bytes_ = size_of(row.record)
        if group and (len(group) >= GROUP_RECORDS or size + bytes_ > GROUP_BYTES):
            yield group
            group, size = [], 0
        group.append(row)
        size += bytes_
    if group:
        yield group


def _refuse(defect: Exception) -> SyncleadError:
    error = RowRefusedError(
        f"A defect of synclead stopped the row, please report it: {type(defect).__name__}: {defect}"
    )
    error.__cause__ = defect
    return error


def _another() -> StoreError:
    return StoreError("another import of the same file is under way: wait for its end")


def _unanswered(error: Exception, progress: ImportProgress) -> StoreError:
    return StoreError(
        f"the database did not answer: {error}; the first {progress.position} rows are done: run the same command "
        "again to go on after them"
    )
