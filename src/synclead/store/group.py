"""One group of calls of one subscription: read, planned in order, written in one transaction."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from synclead.leads.errors import SyncleadError
from synclead.leads.fields import Catalogue
from synclead.leads.outcome import Outcome
from synclead.leads.plan import Counter, plan
from synclead.leads.read import read_record
from synclead.leads.record import RawRecord, SyncRequest
from synclead.leads.subscription import Subscription
from synclead.leads.working_set import WorkingSet
from synclead.store.subscriptions import build_subscription
from synclead.store.transaction import Row, Transaction
from synclead.store.working_set import Statement, load, reads_of, writes_of

T = TypeVar("T")
Answer = Outcome | SyncleadError
Request = SyncRequest | SyncleadError
"""A record as it is understood, or why it is not."""
Refuse = Callable[[Exception], SyncleadError]
"""Turns a defect met while one record was read or planned into that caller's answer."""

_CONFIGURATION = (
    "read_subscription",
    "read_partitions",
    "read_workspaces",
    "read_rules",
    "read_fields",
)


class SubscriptionGoneError(Exception):
    """The subscription of a call is not in the database any more."""


@dataclass(slots=True)
class PlannedGroup:
    """A group that was read under the lock, and what it came to so far as it is planned; nothing is written yet."""

    subscription: Subscription
    """The rules it is planned by."""
    counter: Counter
    """The numbers as the lock read them."""
    known: WorkingSet
    requests: Sequence[Request]
    """One a record, in order."""
    lock_seconds: float
    """How long it waited for the lock."""
    beside: Sequence[list[Row]] = ()
    """The answers to what was asked beside."""
    answers: list[Answer] = field(default_factory=list)
    """One a request that is planned, in order."""
    _has_new_fields: bool = False
    """Whether what was taken to be written by `next_writes` made fields."""

    @property
    def is_planned(self) -> bool:
        """Whether all requests are."""
        return len(self.answers) == len(self.requests)

    @property
    def changed(self) -> bool:
        """Whether there is anything to write."""
        return self.known.counter != self.counter

    def leave_out(self, refused: Mapping[int, SyncleadError]) -> None:
        """Requests that are not to be planned, by their places, with their answers."""
        if refused:
            self.requests = [refused.get(place, request) for place, request in enumerate(self.requests)]

    def plan(self, now: datetime, refuse: Refuse, at_most: int | None = None) -> None:
        """Plans the next requests."""
        done = len(self.answers)
        end = None if at_most is None else done + at_most
        known, subscription = self.known, self.subscription
        self.answers += [_plan(request, known, subscription, now, refuse) for request in self.requests[done:end]]

    def next_writes(self) -> list[Statement]:
        """The statements that write what was planned since the last ones, for all but the last part of a group."""
        changes = self.known.take_changes()
        self._has_new_fields |= bool(changes.fields)
        return writes_of(self.subscription.id, changes)

    def writes(self) -> list[Statement]:
        """The statements that write it, or what is left of it, the counter last."""
        counter, subscription = self.known.counter, self.subscription
        # Other processes read the fields anew that calls of this group made.
        version = subscription.config_version + bool(self._has_new_fields or self.known.changes.fields)
        stored = {
            "subscription": subscription.id,
            "next_lead_id": counter.next_lead_id,
            "next_activity_id": counter.next_activity_id,
            "next_change": counter.next_change,
            "config_version": version,
        }
        return [*writes_of(subscription.id, self.known.changes), ("store_counter", stored)]


async def plan_group(
    transaction: Transaction,
    subscription_id: int,
    records: Sequence[RawRecord],
    *,
    cached: Subscription | None,
    now: datetime,
    refuse: Refuse,
    lock: str = "lock_counter",
    left_out: Callable[[], Mapping[int, SyncleadError]] = dict,
) -> PlannedGroup:
    """Locks, reads and plans; writes nothing. See `read_group`.

    `left_out` says under the lock which records are not to be carried out after all, by their places, and why.
    """

    def parse(subscription: Subscription) -> list[Request]:
        return parse_records(records, subscription, read_record, refuse)

    group = await read_group(transaction, subscription_id, parse, cached=cached, lock=lock)
    group.leave_out(left_out())
    group.plan(now, refuse)
    return group


async def read_group(
    transaction: Transaction,
    subscription_id: int,
    parse: Callable[[Subscription], Sequence[Request]],
    *,
    cached: Subscription | None,
    lock: str = "lock_counter",
    begin: Callable[[Counter, Catalogue], WorkingSet] = WorkingSet,
    gone: int = 0,
    beside: Sequence[Statement] = (),
) -> PlannedGroup:
    """Locks, and reads the leads that the group could mean; plans and writes nothing.

    With the rules `cached` at hand, the lock and all reads are one round trip; were they changed since,
    they are read again under the lock, and the records by them. A plan that is not written can go on from
    an earlier one's working set with `begin`; `gone` are the leads that the earlier ones changed (`reads_of`).
    `beside`: what else is asked under the lock.
    Raises SubscriptionGoneError and the errors of the transaction.
    """
    locking: list[Statement] = [(lock, {"subscription": subscription_id}), *beside]
    if cached is None:
        first, *asked = await transaction.run(locking)
        counter_row = _one(first)
        subscription = await _read_subscription(transaction, subscription_id, counter_row[3])
        parsed = parse(subscription)
        reads = reads_of(subscription_id, _valid(parsed), gone)
        answers = await transaction.run(reads) if reads else []
    else:
        subscription = cached
        parsed = parse(subscription)
        reads = reads_of(subscription_id, _valid(parsed), gone)
        first, *answers = await transaction.run(locking + reads)
        asked, answers = answers[: len(beside)], answers[len(beside) :]
        counter_row = _one(first)
        if counter_row[3] != subscription.config_version:
            subscription = await _read_subscription(transaction, subscription_id, counter_row[3])
            parsed = parse(subscription)
            reads = reads_of(subscription_id, _valid(parsed), gone)
            answers = await transaction.run(reads) if reads else []
    counter = Counter(*counter_row[:3])
    known = begin(counter, subscription.catalogue)
    load(known, reads, answers)
    return PlannedGroup(subscription, counter, known, parsed, counter_row[4], asked)


async def current_rules(
    transaction: Transaction, cached: Subscription, reads: Sequence[Statement]
) -> tuple[Subscription, list[list[Row]]]:
    """The rules of the moment at which `reads` are answered, with the answers; takes no lock.

    Rules that did not change since they were `cached` cost no round trip of their own. Raises SubscriptionGoneError
    and the errors of the transaction.
    """
    first, *answers = await transaction.run([("read_counter", {"subscription": cached.id}), *reads])
    version = _one(first)[3]
    if version == cached.config_version:
        return cached, answers
    return await _read_subscription(transaction, cached.id, version), answers


def _one(rows: Sequence[Row]) -> Row:
    if not rows:
        raise SubscriptionGoneError("the subscription is not in the database any more")
    return rows[0]


async def _read_subscription(transaction: Transaction, subscription_id: int, config_version: Any) -> Subscription:
    document = {"subscription": subscription_id}
    rows = await transaction.run([(name, document) for name in _CONFIGURATION])
    subscription = build_subscription(config_version, rows)
    if subscription is None:
        raise SubscriptionGoneError("the subscription is not in the database any more")
    return subscription


def parse_records(
    records: Sequence[T], subscription: Subscription, read: Callable[[T, Subscription], SyncRequest], refuse: Refuse
) -> list[Request]:
    """Each record as a request, or as the refusal that its caller hears; `read` makes or refuses one."""
    parsed: list[Request] = []
    for record in records:
        try:
            parsed.append(read(record, subscription))
        except SyncleadError as refusal:
            parsed.append(refusal)
        except Exception as defect:
            parsed.append(refuse(defect))
    return parsed


def _valid(parsed: Sequence[Request]) -> list[SyncRequest]:
    return [request for request in parsed if isinstance(request, SyncRequest)]


def _plan(
    request: Request,
    known: WorkingSet,
    subscription: Subscription,
    now: datetime,
    refuse: Refuse,
) -> Answer:
    """The outcome of one request, which the next ones of the group see; a refusal changes nothing."""
    if isinstance(request, SyncleadError):
        return request
    try:
        planned = plan(request, known, subscription, now)
    except SyncleadError as refusal:
        refusal.planned = known.counter.next_change
        return refusal
    except Exception as defect:
        return refuse(defect)
    known.apply(planned)
    return planned.outcome
