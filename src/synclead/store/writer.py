"""The one door through which leads are written: groups, deadlines, retries, known outcomes.

See design, "The way of one call", 3 to 7 and 10.
"""

import asyncio
import time
from collections.abc import Callable, Coroutine, Sequence
from datetime import datetime
from typing import Any
from uuid import uuid4

from synclead.leads.errors import SyncleadError
from synclead.leads.outcome import Outcome
from synclead.leads.record import RawRecord
from synclead.leads.subscription import Subscription
from synclead.store.commits import CommitLog, Probe
from synclead.store.deadlines import Call, Deadlines
from synclead.store.errors import InternalError, ServiceFailureError
from synclead.store.group import Answer, PlannedGroup, SubscriptionGoneError, plan_group
from synclead.store.observer import Observer
from synclead.store.queue import FairQueue, QueueFullError, QueueLimits, size_of
from synclead.store.transaction import (
    Database,
    DatabaseError,
    DatabaseLostError,
    DataRefusedError,
)

CALL_SECONDS = 25.0
"""From arrival to answer: below the time-outs of the known clients."""

_NOT_OPEN = "the server is not taking calls"


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
        self._queue: FairQueue[Call] = FairQueue(limits)
        self._observer = observer or Observer()
        self._call_seconds = call_seconds
        self._new_reference = new_reference
        process = process or uuid4().hex
        self._commits = CommitLog(database, process)
        self._probe = Probe(database, process)
        self._subscriptions: dict[int, Subscription] = {}
        self._busy: dict[int, float] = {}
        """Subscriptions with a group under way, and when its oldest call arrived."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._idle = asyncio.Event()
        self._idle.set()
        self._is_open = False
        self._is_gathering = False
        self._deadlines: Deadlines
        self._loop: asyncio.AbstractEventLoop
        """Asked for once: Python asks the system for the number of the process each time."""

    @property
    def ready(self) -> bool:
        """False from a failure of the database until a probe write works again."""
        return self._is_open and not self._probe.is_running

    async def until_ready(self) -> None:
        """Returns when a write has worked since the last failure."""
        await self._probe.wait()

    @property
    def waiting(self) -> int:
        """Calls that wait in the queue."""
        return len(self._queue)

    @property
    def waiting_bytes(self) -> int:
        """Their size."""
        return self._queue.bytes

    @property
    def oldest_arrival(self) -> float | None:
        """When the oldest call came that is in the queue or in a group under way, by time.monotonic(); or None."""
        arrivals = [call.arrived for call in self._queue.heads()]
        return min(arrivals + list(self._busy.values()), default=None)

    def doubt(self, subscription_id: int) -> None:
        """The database failed somebody else: not ready until a write works, tried for this subscription."""
        self._probe.start(subscription_id)

    async def start(self) -> None:
        """From here on calls are taken, in the running loop."""
        self._loop = asyncio.get_running_loop()
        self._deadlines = Deadlines(self._loop, self._call_seconds, self._give_up)
        self._is_open = True

    async def close(self) -> None:
        """Takes no more calls, answers those that wait, and closes the database."""
        self._is_open = False
        await self._idle.wait()
        self._deadlines.close()
        await self._probe.stop()
        await self._commits.drop()
        await self._database.close()

    async def sync(self, subscription_id: int, raw: RawRecord) -> Outcome:
        """Writes one record and gives its outcome once that is durable.

        Raises the SyncleadErrors of `leads`, ServiceFailureError (20011) or InternalError (10001). When
        the caller is cancelled the record is written all the same, and the observer told.
        """
        if not self._is_open:
            raise self._service_failure(_NOT_OPEN)
        call = Call(subscription_id, raw, self._loop.create_future(), time.monotonic())
        try:
            self._queue.put(subscription_id, call, size_of(raw))
        except QueueFullError as error:
            raise self._service_failure(str(error)) from None
        self._deadlines.add(call)
        if not self._is_gathering:
            self._pump()
        return await call.future

    # -- groups -------------------------------------------------------------------------------------

    def _gather(self) -> None:
        """Starts the next groups after the turns of the loop that the database wants between two.

        In these the calls come in that clients make who were just answered.
        """
        if not self._is_gathering:
            self._is_gathering = True
            self._after_turns(self._database.turns_between_groups)

    def _after_turns(self, turns: int) -> None:
        if turns:
            self._loop.call_soon(self._after_turns, turns - 1)
        else:
            self._is_gathering = False
            self._pump()

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

    def _start(self, subscription_id: int, calls: list[Call]) -> None:
        for call in calls:
            call.is_queued = False
        self._busy[subscription_id] = calls[0].arrived
        self._idle.clear()
        self._spawn(self._serve(subscription_id, calls))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _serve(self, subscription_id: int, calls: list[Call]) -> None:
        """Runs one group and answers it, whatever happens."""
        began = time.monotonic()
        try:
            try:
                answers = await self._run(subscription_id, [call.raw for call in calls])
            except Exception as defect:
                answers = [self._internal_error(defect) for _ in calls]
            for call, answer in zip(calls, answers, strict=True):
                self._answer(call, answer)
            self._deadlines.forget_answered()
            self._observer.group_ended(subscription_id, len(calls), time.monotonic() - began)
        finally:
            # Even where the observer fails: a subscription must not stay shut.
            del self._busy[subscription_id]
            if len(calls) > 1 or len(self._queue):
                self._gather()
            else:
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
            number = self._commits.next_number()
            try:
                await self._transact(subscription_id, records, number, planned)
                return planned[0].answers
            except SubscriptionGoneError as error:
                return [self._service_failure(str(error)) for _ in records]
            except DatabaseLostError as error:
                reason = str(error)
                self._probe.start(subscription_id)
                if not planned:
                    continue
                committed = await self._commits.is_committed(subscription_id, number)
                if committed:
                    return planned[0].answers
                if committed is None:
                    outcome_known = False
                    break
            except DataRefusedError:
                raise
            except DatabaseError as error:
                reason = str(error)
                self._probe.start(subscription_id)
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
        seconds = None
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
                number_row = self._commits.store(subscription_id, number)
                began = time.monotonic()
                await transaction.run([*group.writes(), number_row], commit=True)
                seconds = time.monotonic() - began
        # Later: what is made of it must not turn what is durable into a failure.
        self._loop.call_soon(self._observer.group_written, group, seconds)
        if group.known.changes.fields:
            self._subscriptions.pop(subscription_id, None)
        else:
            self._subscriptions[subscription_id] = group.subscription

    # -- answers ------------------------------------------------------------------------------------

    def _answer(self, call: Call, answer: Answer) -> None:
        if call.future.done():
            self._observer.undelivered(call.subscription_id, answer)
        elif isinstance(answer, Outcome):
            call.future.set_result(answer)
        else:
            call.future.set_exception(answer)

    def _give_up(self, call: Call) -> None:
        """The time of a call is over: it hears whether it was begun."""
        self._probe.start(call.subscription_id)
        call.future.set_exception(self._service_failure("deadline of the call", outcome_known=call.is_queued))
        call.is_queued = False

    def _service_failure(self, reason: str, *, outcome_known: bool = True) -> ServiceFailureError:
        reference = self._new_reference()
        self._observer.failed(reference, reason)
        return ServiceFailureError(reference, outcome_known=outcome_known, reason=reason)

    def _internal_error(self, defect: Exception) -> SyncleadError:
        reference = self._new_reference()
        self._observer.failed(reference, defect)
        return InternalError(reference)
