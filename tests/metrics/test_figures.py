"""The numbers of several processes, put together."""

import time

import pytest

from synclead.metrics import figures
from synclead.metrics.figures import Numbers, Snapshot, together


def snapshot(pid: int, **numbers: float | list[float]) -> Snapshot:
    """Metrics without labels, by their names without what all begin with."""
    rows = {name: value if isinstance(value, list) else [float(value)] for name, value in numbers.items()}
    return Snapshot(pid, {f"synclead_{name}": [((), row)] for name, row in rows.items()})


def one(numbers: Numbers, name: str) -> list[float]:
    """A metric without labels."""
    return numbers[f"synclead_{name}"][()]


def test_counts_add_up_and_gauges_are_those_of_the_living() -> None:
    """What a dead process counted stays; what it had waiting, its readiness and itself do not."""
    numbers = together(
        [
            snapshot(1, calls_total=5, group_records=[1, 2, 9], queue_calls=3, ready=1, processes=1),
            snapshot(2, calls_total=7, group_records=[0, 1, 4], queue_calls=4, ready=1, processes=1),
            snapshot(3, calls_total=2, group_records=[3, 0, 3], queue_calls=8, ready=0, processes=1),
        ],
        lambda pid: pid != 3,
    )

    assert one(numbers, "calls_total") == [14]
    assert one(numbers, "group_records") == [4, 3, 16]
    assert [one(numbers, name) for name in ("queue_calls", "ready", "processes")] == [[7], [1], [2]]


def test_the_server_is_as_ready_as_its_least_ready_process() -> None:
    """So are Ids left: the process that wrote last knows best."""
    both = [snapshot(1, ready=1), snapshot(2, ready=0)]
    rows = [Snapshot(pid, {"synclead_lead_ids_left": [(("Orchard",), [left])]}) for pid, left in ((1, 70.0), (2, 60.0))]

    assert one(together(both, bool), "ready") == [0]
    assert together(rows, bool)["synclead_lead_ids_left"] == {("Orchard",): [60]}


def test_an_age_goes_on_while_its_process_stands_still(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is that of the oldest of all; without anything that waits it is 0."""
    monkeypatch.setattr(time, "monotonic", lambda: 100.0)
    waiting = [snapshot(1, queue_age_seconds=99), snapshot(2, queue_age_seconds=90), snapshot(3, queue_age_seconds=1)]

    assert one(together(waiting, lambda pid: pid != 3), "queue_age_seconds") == [10]
    monkeypatch.setattr(time, "monotonic", lambda: 107.0)
    assert one(together(waiting, lambda pid: pid != 3), "queue_age_seconds") == [17]
    assert one(together([snapshot(1)], bool), "queue_age_seconds") == [0]


def test_names_follow_the_conventions_of_prometheus() -> None:
    """Counters end in _total and nothing else does; labels are few and named."""
    for metric in figures.METRICS:
        assert metric.name.startswith("synclead_")
        assert metric.name.endswith("_total") == (metric.kind == "counter")
        assert bool(metric.buckets) == (metric.kind == "histogram")
        known = {"operation", "outcome", "code", "reason", "direction", "subscription", "version", "signed", "limit"}
        assert set(metric.labels) <= known
        assert metric.text.endswith(".")
