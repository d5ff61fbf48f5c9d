"""The one door through which leads are written: groups, deadlines, retries, known outcomes.

See design, "The way of one call", 3 to 7 and 10.
"""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from datetime import datetime
from typing import Any
from uuid import uuid4

from synclead.leads.errors import SyncleadError
from synclead.leads.outcome import Outcome
from synclead.leads.record import RawRecord
from synclead.leads.subscription import Subscription
from synclead.store.errors import InternalError, ServiceFailureError
from synclead.store.group import Answer, PlannedGroup, SubscriptionGoneError, plan_group
from synclead.store.observer import Observer
from synclead.store.queue import FairQueue, QueueFullError, QueueLimits, size_of
from synclead.store.transaction import (
    Database,
    DatabaseError,
    DatabaseLostError,
    DataRefusedError,
    Document,
)

CALL_SECONDS = 25.0
"""From arrival to answer: below the time-outs of the known clients."""

_NOT_OPEN = "the server is not taking calls"


class _Call:
    """One call from its arrival to its answer."""

    __slots__ = ("arrived", "deadline", "future", "is_queued", "raw")

    def __init__(self, raw: RawRecord, future: "asyncio.Future[Outcome]", arrived: float) -> None:
        self.raw = raw
        self.future = future
        self.arrived = arrived
        self.is_queued = True
        self.deadline: asyncio.TimerHandle | None = None


class Writer:
    """Writes calls in groups. One a process and database; belongs to one event loop."""

    def __init__(
        self,
        database: Database,
        *,
        now: Callable[[], datetime],
        limits: QueueLimits | None = None,
        observer: Observer | None = None,
        call_seconds: float = CALL_SECONDS,
        new_reference: Callable[[], str] = lambda: uuid4().hex[:12],
        process: str | None = None,
    ) -> None:
        """`now` gives UTC. `process` names this process in `group_commit`: no two may share it."""
        self._database = database
        self._now = now
        self._queue: FairQueue[_Call] = FairQueue(limits)
        self._observer = observer or Observer()
        self._call_seconds = call_seconds
        self._new_reference = new_reference
        self._process = process or uuid4().hex
        # A row of its own: the probe must not overwrite the number that tells a lost COMMIT's outcome.
        self._probe_process = f"{self._process} probe"
        self._numbers = 0
        self._subscriptions: dict[int, Subscription] = {}
        self._served: set[int] = set()
        self._busy: set[int] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._probe: asyncio.Task[None] | None = None
        self._idle = asyncio.Event()
        self._idle.set()
        self._is_open = False

    @property
    def ready(self) -> bool:
        """False from a failure of the database until a probe write works again."""
        return self._is_open and self._probe is None

    async def until_ready(self) -> None:
        """Returns when no probe is under way any more."""
        if self._probe is not None:
            await asyncio.wait((self._probe,))

    @property
    def waiting(self) -> int:
        """Calls that wait in the queue."""
        return len(self._queue)

    async def start(self) -> None:
        """From here on calls are taken."""
        self._is_open = True

    async def close(self) -> None:
        """Takes no more calls, answers those that wait, and closes the database."""
        self._is_open = False
        await self._idle.wait()
        if self._probe is not None:
            self._probe.cancel()
            await asyncio.gather(self._probe, return_exceptions=True)
        await self._drop_groups()
        await self._database.close()

    async def sync(self, subscription_id: int, raw: RawRecord) -> Outcome:
        """Writes one record and gives its outcome once that is durable.

        Raises the SyncleadErrors of `leads`, ServiceFailureError (20011) or InternalError (10001). When
        the caller is cancelled the record is written all the same, and the observer told.
        """
        if not self._is_open:
            raise self._service_failure(_NOT_OPEN)
        loop = asyncio.get_running_loop()
        call = _Call(raw, loop.create_future(), loop.time())
        try:
            self._queue.put(subscription_id, call, size_of(raw))
        except QueueFullError as error:
            raise self._service_failure(str(error)) from None
        call.deadline = loop.call_later(self._call_seconds, self._expire, call)
        self._pump()
        return await call.future

    # -- groups -------------------------------------------------------------------------------------

    def _pump(self) -> None:
        """Starts as many groups as there are connections and subscriptions that wait."""
        while len(self._busy) < self._database.connections:
            taken = self._queue.take(self._busy)
            if taken is None:
                break
            subscription_id, group = taken
            # Calls that expired while they waited have their answer already.
            calls = [call for call in group if call.is_queued]
            if calls:
                self._start(subscription_id, calls)
        if not self._busy and not len(self._queue):
            self._idle.set()

    def _start(self, subscription_id: int, calls: list[_Call]) -> None:
        for call in calls:
            call.is_queued = False
        self._busy.add(subscription_id)
        self._idle.clear()
        self._spawn(self._serve(subscription_id, calls))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _serve(self, subscription_id: int, calls: list[_Call]) -> None:
        """Runs one group and answers it, whatever happens."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            answers = await self._run(subscription_id, [call.raw for call in calls])
        except Exception as defect:
            answers = [self._internal_error(defect) for _ in calls]
        for call, answer in zip(calls, answers, strict=True):
            self._answer(subscription_id, call, answer)
        self._observer.group_ended(subscription_id, len(calls), loop.time() - began)
        self._busy.discard(subscription_id)
        self._pump()

    async def _run(self, subscription_id: int, records: Sequence[RawRecord]) -> list[Answer]:
        """One answer a record. A data error costs the guilty record alone: the others run singly."""
        try:
            return await self._run_once_or_again(subscription_id, records)
        except DataRefusedError as refusal:
            if len(records) == 1:
                return [self._internal_error(refusal)]
        answers: list[Answer] = []
        for record in records:
            answers += await self._run(subscription_id, [record])
        return answers

    async def _run_once_or_again(self, subscription_id: int, records: Sequence[RawRecord]) -> list[Answer]:
        """Runs the records as one transaction; once more when the connection failed before its end."""
        outcome_known = True
        reason = ""
        for _ in range(2):
            planned: list[PlannedGroup] = []
            self._numbers += 1
            number = self._numbers
            try:
                await self._transact(subscription_id, records, number, planned)
                return planned[0].answers
            except SubscriptionGoneError as error:
                return [self._service_failure(str(error)) for _ in records]
            except DatabaseLostError as error:
                reason = str(error)
                self._start_probe(subscription_id)
                if not planned:
                    continue
                committed = await self._is_committed(subscription_id, number)
                if committed:
                    return planned[0].answers
                if committed is None:
                    outcome_known = False
                    break
            except DataRefusedError:
                raise
            except DatabaseError as error:
                reason = str(error)
                self._start_probe(subscription_id)
                break
        return [self._service_failure(reason, outcome_known=outcome_known) for _ in records]

    async def _transact(
        self,
        subscription_id: int,
        records: Sequence[RawRecord],
        number: int,
        planned: list[PlannedGroup],
    ) -> None:
        """Lock, reads, plans, writes, commit. `planned` has the group from when its writes are sent."""
        async with self._database.transaction() as transaction:
            group = await plan_group(
                transaction,
                subscription_id,
                records,
                cached=self._subscriptions.get(subscription_id),
                now=self._now(),
                refuse=self._internal_error,
            )
            planned.append(group)
            if group.changed:
                self._served.add(subscription_id)
                own = ("store_group", self._group(subscription_id) | {"number": number})
                await transaction.run([*group.writes(), own], commit=True)
        if group.known.changes.fields:
            self._subscriptions.pop(subscription_id, None)
        else:
            self._subscriptions[subscription_id] = group.subscription

    async def _drop_groups(self) -> None:
        """Takes this process's rows away; one that stays all the same harms nobody."""
        for subscription_id in self._served:
            group = self._group(subscription_id)
            probe = group | {"process": self._probe_process}
            try:
                async with self._database.transaction() as transaction:
                    await transaction.run(
                        [("lock_counter", group), ("drop_group", group), ("drop_group", probe)], commit=True
                    )
            except DatabaseError:
                return

    async def _is_committed(self, subscription_id: int, number: int) -> bool | None:
        """Whether a group whose COMMIT was not answered is in the database; None when nobody can say."""
        group = self._group(subscription_id)
        try:
            async with self._database.transaction() as transaction:
                # The lock first: while it is free, the lost transaction is over, one way or the other.
                rows = await transaction.run([("lock_counter", group), ("read_group", group)])
        except DatabaseError:
            return None
        return bool(rows[1]) and rows[1][0][0] == number

    def _group(self, subscription_id: int) -> dict[str, Any]:
        return {"subscription": subscription_id, "process": self._process}

    # -- answers ------------------------------------------------------------------------------------

    def _answer(self, subscription_id: int, call: _Call, answer: Answer) -> None:
        if call.deadline is not None:
            call.deadline.cancel()
        if call.future.done():
            self._observer.undelivered(subscription_id, answer)
        elif isinstance(answer, Outcome):
            call.future.set_result(answer)
        else:
            call.future.set_exception(answer)

    def _expire(self, call: _Call) -> None:
        """The time of a call is over: it hears whether it was begun."""
        if not call.future.done():
            reason = "deadline of the call"
            call.future.set_exception(self._service_failure(reason, outcome_known=call.is_queued))
        call.is_queued = False

    def _service_failure(self, reason: str, *, outcome_known: bool = True) -> ServiceFailureError:
        reference = self._new_reference()
        self._observer.failed(reference, reason)
        return ServiceFailureError(reference, outcome_known=outcome_known, reason=reason)

    def _internal_error(self, defect: Exception) -> SyncleadError:
        reference = self._new_reference()
        self._observer.failed(reference, defect)
        return InternalError(reference)

    # -- readiness ----------------------------------------------------------------------------------

    def _start_probe(self, subscription_id: int) -> None:
        if self._probe is None:
            self._served.add(subscription_id)
            self._probe = self._spawn(self._probe_until_written(subscription_id))

    async def _probe_until_written(self, subscription_id: int) -> None:
        """Tries a real write, more and more rarely, until one is durable."""
        pause = 0.05
        while True:
            await asyncio.sleep(pause)
            pause = min(pause * 2, 5.0)
            self._numbers += 1
            group: Document = {
                "subscription": subscription_id,
                "process": self._probe_process,
                "number": self._numbers,
            }
            try:
                async with self._database.transaction() as transaction:
                    await transaction.run([("lock_counter", group), ("store_group", group)], commit=True)
            except DatabaseError:
                continue
            self._probe = None
            return
