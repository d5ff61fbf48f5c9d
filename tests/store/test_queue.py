"""The queue: fair between subscriptions, bounded, groups within their bounds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synclead.leads.record import RawAttribute, RawRecord
from synclead.store.queue import (
    GROUP_BYTES,
    GROUP_RECORDS,
    FairQueue,
    QueueFullError,
    QueueLimits,
    size_of,
)


def test_a_group_is_everything_that_waits_of_one_subscription() -> None:
    """In the order it came, without what waits of others."""
    queue: FairQueue[str] = FairQueue()
    for subscription_id, item in ((1, "a"), (2, "x"), (1, "b"), (1, "c")):
        queue.put(subscription_id, item, 1)

    assert [queue.take(), queue.take(), queue.take()] == [(1, ["a", "b", "c"]), (2, ["x"]), None]


def test_subscriptions_take_turns() -> None:
    """One that always has more does not keep another one waiting for more than a group."""
    queue: FairQueue[int] = FairQueue()
    for number in range(GROUP_RECORDS * 3):
        queue.put(1, number, 1)
    queue.put(2, -1, 1)

    order = [taken[0] for taken in iter(queue.take, None)]
    assert order == [1, 2, 1, 1]


def test_a_busy_subscription_is_passed_over() -> None:
    """At most one group of a subscription is under way."""
    queue: FairQueue[str] = FairQueue()
    queue.put(1, "a", 1)
    queue.put(2, "x", 1)

    assert queue.take({1}) == (2, ["x"])
    assert queue.take({1}) is None


def test_a_group_is_bounded_in_bytes_and_a_larger_call_goes_alone() -> None:
    """What exceeds the bytes of a group waits for the next one; a single giant is a group."""
    queue: FairQueue[str] = FairQueue()
    for item, size in (("a", GROUP_BYTES - 1), ("b", 1), ("c", 1), ("giant", GROUP_BYTES + 1), ("d", 1)):
        queue.put(1, item, size)

    groups = [taken[1] for taken in iter(queue.take, None)]
    assert groups == [["a", "b"], ["c"], ["giant"], ["d"]]


@pytest.mark.parametrize(
    ("limits", "fitting"),
    [
        (QueueLimits(records=3), 3),
        (QueueLimits(bytes=35), 3),
        (QueueLimits(subscription_records=2), 2),
        (QueueLimits(subscription_bytes=25), 2),
    ],
)
def test_each_bound_refuses(limits: QueueLimits, fitting: int) -> None:
    """Records and bytes are bounded, for the process and for a subscription; taking makes room."""
    queue: FairQueue[int] = FairQueue(limits)
    for number in range(fitting):
        queue.put(1, number, 10)

    with pytest.raises(QueueFullError):
        queue.put(1, 9, 10)
    queue.take()
    queue.put(1, 9, 10)


def test_a_subscription_at_its_bound_leaves_room_for_others() -> None:
    """The bound of one subscription does not refuse another one."""
    queue: FairQueue[int] = FairQueue(QueueLimits(subscription_records=1))
    queue.put(1, 1, 10)
    queue.put(2, 2, 10)

    with pytest.raises(QueueFullError):
        queue.put(1, 3, 10)


@given(st.lists(st.tuples(st.integers(1, 4), st.integers(1, GROUP_BYTES)), max_size=60))
def test_nothing_is_lost_or_reordered(arrivals: list[tuple[int, int]]) -> None:
    """Whatever arrives is taken once, in order within its subscription, in groups within their bounds."""
    limits = QueueLimits(bytes=10**12, subscription_bytes=10**12)
    queue: FairQueue[tuple[int, int]] = FairQueue(limits)
    for number, (subscription_id, size) in enumerate(arrivals):
        queue.put(subscription_id, (number, size), size)

    taken: dict[int, list[int]] = {}
    for subscription_id, group in iter(queue.take, None):
        assert len(group) == 1 or sum(size for _, size in group) <= GROUP_BYTES
        taken.setdefault(subscription_id, []).extend(number for number, _ in group)
    expected: dict[int, list[int]] = {}
    for number, (subscription_id, _) in enumerate(arrivals):
        expected.setdefault(subscription_id, []).append(number)
    assert taken == expected
    assert (queue.records, queue.bytes) == (0, 0)


def test_the_size_of_a_record_counts_bytes() -> None:
    """Text beyond ASCII counts as it is sent."""
    plain = size_of(RawRecord(email="a", attributes=(RawAttribute("n", "vv"),)))

    assert size_of(RawRecord(email="ä", attributes=(RawAttribute("n", "v😀"),))) == plain + 4
