"""A group of calls as one transaction: run again where the connection was lost, and singly where a record is to blame.

See design, "The way of one call", 3 to 6.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from datetime import datetime

from synclead.leads.errors import SyncleadError
from synclead.leads.subscription import Subscription
from synclead.standstill import resumed
from synclead.store.commits import CommitLog, Probe
from synclead.store.deadlines import Call
from synclead.store.group import Answer, PlannedGroup, SubscriptionGoneError, plan_group
from synclead.store.observer import Observer
from synclead.store.queue import GROUP_RECORDS
from synclead.store.refusals import Refusals
from synclead.store.transaction import (
    Database,
    DatabaseError,
    DatabaseLostError,
    DataRefusedError,
    OutcomeUnknownError,
    TooMuchReadError,
)

_GROWTH = 8
"""By an eighth grows what runs together, after it had been too much."""


class Committer:
    """Commits groups, each of one subscription. Belongs to one event loop."""

    def __init__(
        self,
        database: Database,
        commits: CommitLog,
        probe: Probe,
        *,
        now: Callable[[], datetime],
        observer: Observer,
        refusals: Refusals,
        expire: Callable[[], None],
    ) -> None:
        """`now` gives UTC; `expire` gives up the calls whose time is over at that moment."""
        self._database = database
        self._commits = commits
        self._probe = probe
        self._now = now
        self._observer = observer
        self._refusals = refusals
        self._expire = expire
        self._subscriptions: dict[int, Subscription] = {}
        self._most: dict[int, int] = {}
        """Calls that run together, of subscriptions with leads so large that it is fewer than GROUP_RECORDS."""

    async def run(self, subscription_id: int, calls: Sequence[Call]) -> list[Answer]:
        """One answer a call. Where their keys find more than can be read at once, they run in several parts."""
        answers: list[Answer] = []
        while len(answers) < len(calls):
            most = self._most.get(subscription_id, GROUP_RECORDS)
            part = calls[len(answers) : len(answers) + most]
            try:
                answers += await self._run_part(subscription_id, part)
            except TooMuchReadError:
                self._most[subscription_id] = len(part) // 2
            else:
                if len(part) == most < GROUP_RECORDS:
                    self._most[subscription_id] = most + most // _GROWTH + 1
        return answers

    async def _run_part(self, subscription_id: int, calls: Sequence[Call]) -> list[Answer]:
        """A data error costs the guilty record alone: the others run singly. Raises TooMuchReadError."""
        try:
            return await self._run_once_or_again(subscription_id, calls)
        except DataRefusedError as refusal:
            if len(calls) == 1:
                return [self._refusals.internal_error(refusal)]
        answers: list[Answer] = []
        for call in calls:
            answers += await self._run_part(subscription_id, [call])
        return answers

    async def _run_once_or_again(self, subscription_id: int, calls: Sequence[Call]) -> list[Answer]:
        """Runs the calls as one transaction; once more when the connection failed before its end."""
        outcome_known = True
        reason = ""
        for is_again in (False, True):
            planned: list[PlannedGroup] = []
            number = self._commits.next_number()
            try:
                await self._transact(subscription_id, calls, number, planned, is_again=is_again)
                return planned[0].answers
            except SubscriptionGoneError as error:
                return [self._refusals.service_failure(str(error)) for _ in calls]
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
            except (DataRefusedError, TooMuchReadError):
                raise
            except OutcomeUnknownError as error:
                reason, outcome_known = str(error), False
                self._probe.start(subscription_id)
                break
            except DatabaseError as error:
                reason = str(error)
                self._probe.start(subscription_id)
                break
        return [self._refusals.service_failure(reason, outcome_known=outcome_known) for _ in calls]

    async def _transact(
        self,
        subscription_id: int,
        calls: Sequence[Call],
        number: int,
        planned: list[PlannedGroup],
        *,
        is_again: bool,
    ) -> None:
        """Lock, reads, plans, writes, commit. `planned` has the group from when its writes are sent."""
        seconds = None
        async with self._database.transaction() as transaction:
            group = await plan_group(
                transaction,
                subscription_id,
                [call.raw for call in calls],
                cached=self._subscriptions.get(subscription_id),
                now=self._now(),
                refuse=self._refusals.internal_error,
                left_out=lambda: self._left_out(calls, is_again=is_again),
            )
            planned.append(group)
            if group.changed:
                number_rows = self._commits.store(subscription_id, number)
                began = time.monotonic()
                await transaction.run([*group.writes(), *number_rows], commit=True)
                seconds = time.monotonic() - began
        # Later: what is made of it must not turn what is durable into a failure.
        asyncio.get_running_loop().call_soon(self._observer.group_written, group, seconds)
        if group.known.changes.fields:
            self._subscriptions.pop(subscription_id, None)
        else:
            self._subscriptions[subscription_id] = group.subscription

    def _left_out(self, calls: Sequence[Call], *, is_again: bool) -> dict[int, SyncleadError]:
        """The calls that are not to be carried out any more, by their places, and why.

        Others may have had the lock since the group was begun, where its connection was lost or this process stood
        still. Who gave up meanwhile may have called again, and the newer call must not be overwritten. Asked under the
        lock, so that nobody else is answered between this and the commit.
        """
        went_on = resumed()
        if not is_again and all(call.arrived > went_on for call in calls):
            return {}
        self._expire()
        reasons = {place: reason for place, call in enumerate(calls) if (reason := call.why_not()) is not None}
        return {place: self._refusals.service_failure(reason) for place, reason in reasons.items()}
