"""The one door through which leads are written: groups, deadlines, retries, known outcomes.

See design, "The way of one call", 3 to 7 and 10.
"""

import asyncio
import time
from collections.abc import Callable, Coroutine
from datetime import datetime
from typing import Any
from uuid import uuid4

from synclead.leads.outcome import Outcome
from synclead.leads.record import RawRecord
from synclead.store.commits import CommitLog, Probe
from synclead.store.committing import Committer
from synclead.store.deadlines import TIME_OVER, Call, Client, Deadlines
from synclead.store.group import Answer
from synclead.store.observer import Observer
from synclead.store.queue import FairQueue, QueueFullError, QueueLimits, size_of
from synclead.store.refusals import Refusals
from synclead.store.transaction import Database

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
        self._queue: FairQueue[Call] = FairQueue(limits)
        self._observer = observer or Observer()
        self._call_seconds = call_seconds
        self._refusals = Refusals(self._observer, new_reference)
        process = process or uuid4().hex
        self._commits = CommitLog(database, process)
        self._probe = Probe(database, process)
        self._committer = Committer(
            database,
            self._commits,
            self._probe,
            now=now,
            observer=self._observer,
            refusals=self._refusals,
            expire=lambda: self._deadlines.expire(),
        )
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

    async def sync(self, subscription_id: int, raw: RawRecord, client: Client | None = None) -> Outcome:
        """Writes one record and gives its outcome once that is durable.

        Raises the SyncleadErrors of `leads`, ServiceFailureError (20011) or InternalError (10001). When
        the caller is cancelled the record is written all the same, and the observer told. A call that is too old, or
        whose `client` has given up, is not begun; nor is it later, when its turn has come.
        """
        if not self._is_open:
            raise self._refusals.service_failure(_NOT_OPEN)
        arrived = time.monotonic() if client is None else client.arrived()
        call = Call(subscription_id, raw, self._loop.create_future(), arrived, client)
        self._refuse_old(call)
        try:
            self._queue.put(subscription_id, call, size_of(raw))
        except QueueFullError as error:
            raise self._refusals.service_failure(str(error)) from None
        self._deadlines.add(call)
        if not self._is_gathering:
            self._pump()
        return await call.future

    def _refuse_old(self, call: Call) -> None:
        """Raises ServiceFailureError for a call that came so long ago that it must not be queued."""
        if call.client is not None:
            is_over = time.monotonic() - call.arrived >= self._call_seconds
            reason = TIME_OVER if is_over else call.why_not()
            if reason is not None:
                raise self._refusals.service_failure(reason)

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
        self._deadlines.expire()
        while len(self._busy) < self._database.connections:
            taken = self._queue.take(self._busy)
            if taken is None:
                break
            subscription_id, group = taken
            # Calls that expired while they waited have their answer already.
            calls = [call for call in group if call.is_queued and self._is_wanted(call)]
            if calls:
                self._start(subscription_id, calls)
        if not self._busy and not len(self._queue):
            self._idle.set()

    def _is_wanted(self, call: Call) -> bool:
        """Whether a call is to be begun; one that is not hears why, if anybody does."""
        reason = call.why_not()
        if reason is None:
            return True
        call.is_queued = False
        self._answer(call, self._refusals.service_failure(reason))
        return False

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
                answers = await self._committer.run(subscription_id, calls)
            except Exception as defect:
                answers = [self._refusals.internal_error(defect) for _ in calls]
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
        call.future.set_exception(self._refusals.service_failure(TIME_OVER, outcome_known=call.is_queued))
        call.is_queued = False
