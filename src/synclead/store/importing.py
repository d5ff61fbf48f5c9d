"""Imports rows of a file in groups, each with its progress in one transaction, while servers run."""

import asyncio
import time
from collections.abc import Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Protocol, TypeVar

from synclead.leads.errors import SyncleadError
from synclead.leads.plan import Counter
from synclead.leads.subscription import Subscription
from synclead.store.errors import StoreError
from synclead.store.foresight import Foresight
from synclead.store.group import Answer, PlannedGroup, SubscriptionGoneError, read_group
from synclead.store.progress import ImportKey, ImportProgress, stored
from synclead.store.row_groups import ReadCells, RowGroup, RowGroups, RowRefusedError, SourceRow, refuse
from synclead.store.transaction import (
    Database,
    DatabaseError,
    DataRefusedError,
    FilesReplacedError,
    OutcomeUnknownError,
    TooMuchReadError,
    Transaction,
)
from synclead.store.working_set import Statement

_PAUSES_SECONDS = (0.1, 1.0, 5.0)
"""Before each attempt to ask a database that was lost what it has committed."""

FIRST_PART_ROWS = 128
"""How many rows of a group are planned before the database begins to write."""

T = TypeVar("T")


class RefusedRows(Protocol):
    """Where refused rows go, with their reasons."""

    def cut(self, length: int) -> None:
        """Goes back to a length in bytes that was stored."""
        ...

    def write(self, refused: Sequence[tuple[SourceRow, str]]) -> int:
        """Adds rows durably; gives the length after them."""
        ...


@dataclass(slots=True)
class Importer:
    """One run of an import. Belongs to one event loop."""

    database: Database
    key: ImportKey
    read: ReadCells
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
    _groups: RowGroups = field(init=False)
    """What is imported."""

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
        self._groups = RowGroups(rows, self.read)
        while group := self._groups.take():
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

    async def _group(self, group: RowGroup, progress: ImportProgress, refusal: str | None = None) -> ImportProgress:
        """One group, and once more where the connection was lost. A data error costs the guilty row alone; rows whose
        leads are too much to be read at once run in two parts.

        `refusal`: why the database refused the one row, of which nothing but this is to be written.
        """
        for attempt in range(2):
            try:
                return await self._transact(group, progress, refusal)
            except SubscriptionGoneError as error:
                raise StoreError(str(error)) from error
            except TooMuchReadError:
                half = len(group.rows) // 2
                for rows in (group.rows[:half], group.rows[half:]):
                    progress = await self._group(RowGroup(rows, self.read), progress)
                return progress
            except DataRefusedError as error:
                if refusal is not None:
                    raise _unanswered(error, progress) from error
                if len(group.rows) == 1:
                    return await self._group(group, progress, str(error))
                break
            except (FilesReplacedError, OutcomeUnknownError) as error:
                raise _unanswered(error, progress) from error
            except DatabaseError as error:
                if self.foresight is not None:
                    raise StoreError(f"the database did not answer: {error}") from error
                found = await self._committed(progress, error)
                if found.position == progress.position + len(group.rows):
                    return found
                if found.position != progress.position:
                    raise _another() from error
                if attempt:
                    raise _unanswered(error, progress) from error
        for row in group.rows:
            progress = await self._group(RowGroup([row], self.read), progress)
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

    async def _transact(self, group: RowGroup, progress: ImportProgress, refusal: str | None) -> ImportProgress:
        """Lock, reads, plans, refused rows, writes and progress, commit."""
        rows, dry, moment = group.rows, self.foresight, self.now()
        async with self.database.transaction(read_only=dry is not None) as transaction:
            if dry is not None:
                planned = await self._foresee(transaction, group, dry, moment)
                return progress.after(planned.answers, self._note_refused(rows, planned.answers, progress))
            planned = await read_group(
                transaction,
                self.key.subscription_id,
                group.parse if refusal is None else lambda subscription: [],
                cached=self.subscription,
                beside=[self.key.read()],
            )
            self._others_write = self._left not in (None, planned.counter)
            found = stored(planned.beside[0])
            if found is None or found.position != progress.position:
                raise _another()
            writes = await self._plan(transaction, planned, moment)
            answers = planned.answers or [RowRefusedError(f"The database refused the row: {refusal}")]
            # Before the commit: what is stored is at least in the file, and the next run cuts off what is more.
            self.refused.cut(progress.refused_bytes)
            progress = progress.after(answers, self._note_refused(rows, answers, progress))
            await _while(
                transaction.run([*writes, progress.store(self.key)], commit=True),
                lambda: self._groups.read_ahead(planned.subscription),
            )
        self.subscription, self._left = planned.subscription, planned.known.counter
        return progress

    async def _plan(self, transaction: Transaction, group: PlannedGroup, moment: datetime) -> list[Statement]:
        """Plans, each part of the group while the one before it is written; gives what is left to write."""
        rows, writes = FIRST_PART_ROWS, list[Statement]()

        def plan() -> None:
            nonlocal rows, writes
            group.plan(moment, refuse, rows)
            rows *= 2  # to write a row takes at least twice as long as to plan one
            writes = group.next_writes() if not group.is_planned else group.writes() if group.changed else []

        plan()
        while not group.is_planned:
            await _while(transaction.run(writes), plan)
        return writes

    async def _foresee(
        self, transaction: Transaction, group: RowGroup, dry: Foresight, moment: datetime
    ) -> PlannedGroup:
        planned = await read_group(
            transaction,
            self.key.subscription_id,
            group.parse,
            cached=None,
            lock="read_counter",
            begin=dry.begin,
            gone=dry.touched,
        )
        planned.plan(moment, refuse)
        return planned

    def _note_refused(self, rows: Sequence[SourceRow], answers: Sequence[Answer], progress: ImportProgress) -> int:
        refused = [
            (row, f"row {row.number}: {answer.message} ({answer.code})")
            for row, answer in zip(rows, answers, strict=True)
            if isinstance(answer, SyncleadError)
        ]
        return self.refused.write(refused) if refused else progress.refused_bytes


async def _while(running: Coroutine[Any, Any, T], work: Callable[[], None]) -> T:
    """Does some work while the database does what it was sent; gives what that came to."""
    task = asyncio.ensure_future(running)
    await asyncio.sleep(0)  # until it is sent
    try:
        work()
    finally:
        answer = await task
    return answer


def _another() -> StoreError:
    return StoreError("another import of the same file is under way: wait for its end")


def _unanswered(error: Exception, progress: ImportProgress) -> StoreError:
    return StoreError(
        f"the database did not answer: {error}; the first {progress.position} rows are done: run the same command "
        "again to go on after them"
    )
