"""One group of calls of one subscription: read, planned in order, written in one transaction."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

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

Answer = Outcome | SyncleadError
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
    """What a group came to, before it is written."""

    subscription: Subscription
    """The rules it was planned by."""
    counter: Counter
    """The numbers as the lock read them."""
    known: WorkingSet
    answers: list[Answer]
    """One a record, in order."""
    lock_seconds: float
    """How long it waited for the lock."""

    @property
    def changed(self) -> bool:
        """Whether there is anything to write."""
        return self.known.counter != self.counter

    def writes(self) -> list[Statement]:
        """The statements that write it, the counter last."""
        counter, subscription = self.known.counter, self.subscription
        # Other processes read the fields anew that calls of this group made.
        version = subscription.config_version + bool(self.known.changes.fields)
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
    begin: Callable[[Counter, Catalogue], WorkingSet] = WorkingSet,
    gone: int = 0,
) -> PlannedGroup:
    """Locks, reads and plans; writes nothing.

    With the rules `cached` at hand, the lock and all reads are one round trip; were they changed since,
    they are read again under the lock, and the records by them. A plan that is not written can go on from
    an earlier one's working set with `begin`; `gone` are the leads that the earlier ones changed (`reads_of`).
    Raises SubscriptionGoneError and the errors of the transaction.
    """
    locking: list[Statement] = [(lock, {"subscription": subscription_id})]
    if cached is None:
        counter_row = _one((await transaction.run(locking))[0])
        subscription = await _read_subscription(transaction, subscription_id, counter_row[3])
        parsed = _parse(records, subscription, refuse)
        reads = reads_of(subscription_id, _valid(parsed), gone)
        answers = await transaction.run(reads) if reads else []
    else:
        subscription = cached
        parsed = _parse(records, subscription, refuse)
        reads = reads_of(subscription_id, _valid(parsed), gone)
        first, *answers = await transaction.run(locking + reads)
        counter_row = _one(first)
        if counter_row[3] != subscription.config_version:
            subscription = await _read_subscription(transaction, subscription_id, counter_row[3])
            parsed = _parse(records, subscription, refuse)
            reads = reads_of(subscription_id, _valid(parsed), gone)
            answers = await transaction.run(reads) if reads else []
    counter = Counter(*counter_row[:3])
    known = begin(counter, subscription.catalogue)
    load(known, reads, answers)
    planned = [_plan(request, known, subscription, now, refuse) for request in parsed]
    return PlannedGroup(subscription, counter, known, planned, counter_row[4])


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


def _parse(
    records: Sequence[RawRecord], subscription: Subscription, refuse: Refuse
) -> list[SyncRequest | SyncleadError]:
    """Each record as a request, or as the refusal that its caller hears."""
    parsed: list[SyncRequest | SyncleadError] = []
    for record in records:
        try:
            parsed.append(read_record(record, subscription))
        except SyncleadError as refusal:
            parsed.append(refusal)
        except Exception as defect:
            parsed.append(refuse(defect))
    return parsed


def _valid(parsed: Sequence[SyncRequest | SyncleadError]) -> list[SyncRequest]:
    return [request for request in parsed if isinstance(request, SyncRequest)]


def _plan(
    request: SyncRequest | SyncleadError,
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
