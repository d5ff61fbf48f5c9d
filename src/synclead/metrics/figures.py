"""What a server counts: its metrics as a table, and their numbers in one process or in several together."""

import time
from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import msgspec

Labels = tuple[str, ...]
Numbers = Mapping[str, Mapping[Labels, list[float]]]
"""By metric and by its labels' values: one number, or a histogram's counts of its buckets and then its sum."""

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25)
_CLOCK_SECONDS = (0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 43200, 86400)
_RECORDS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric, as Prometheus will know it."""

    name: str
    kind: Literal["counter", "gauge", "age", "histogram"]
    """An age is a gauge too, kept as the moment it counts from by time.monotonic(), which all processes share."""
    text: str
    """What it means: one sentence."""
    labels: Labels = ()
    buckets: tuple[float, ...] = ()
    """Upper bounds of a histogram, without the infinite one."""
    of_all: Callable[[Iterable[float]], float] = sum
    """A gauge's value for all processes from that of each."""


CALLS = Metric(
    "synclead_calls_total",
    "counter",
    "Calls by operation and outcome: created, updated, answered, fault, or unanswered where the client was gone before "
    "its request was complete. The operation is unknown where a call was refused before it was looked at.",
    ("operation", "outcome"),
)
FAULTS = Metric("synclead_faults_total", "counter", "Faults answered, by code.", ("code",))
CALL_SECONDS = Metric(
    "synclead_call_seconds",
    "histogram",
    "From the headers of a call until its answer is ready to be sent.",
    ("operation",),
    _SECONDS,
)
IN_PROGRESS = Metric("synclead_calls_in_progress", "gauge", "Calls that have no answer yet.")
UNDELIVERED = Metric(
    "synclead_answers_undelivered_total",
    "counter",
    "Answers of calls that nobody heard: the client hung_up, or it had heard 20011 already, and the outcome came late.",
    ("reason",),
)
CLOCK_SECONDS = Metric(
    "synclead_clock_difference_seconds",
    "histogram",
    "By how much the timestamp of a call with a right signature was ahead of our clock, or behind it.",
    ("direction",),
    _CLOCK_SECONDS,
)
BODY_BYTES = Metric(
    "synclead_body_bytes",
    "gauge",
    "Bytes held for requests that are on their way, by whether their signature was checked.",
    ("signed",),
)
ANSWER_BYTES = Metric(
    "synclead_answer_bytes",
    "gauge",
    "Bytes of large answers that are to be written, or wait for their clients to take them.",
)
NO_ROOM = Metric(
    "synclead_bodies_refused_total",
    "counter",
    "Requests answered 503 for want of room, by the limit: unsigned before the signature was checked, all in all, "
    "answers where too many answers wait for their clients.",
    ("limit",),
)
QUEUE_CALLS = Metric(
    "synclead_queue_calls", "gauge", "Calls that wait to be written, without those of groups under way."
)
QUEUE_BYTES = Metric("synclead_queue_bytes", "gauge", "Size of the records that wait.")
QUEUE_AGE = Metric(
    "synclead_queue_age_seconds",
    "age",
    "Age of the oldest call that is not written yet, in the queue or in a group under way; 0 without one.",
)
GROUP_RECORDS = Metric("synclead_group_records", "histogram", "Records of a group.", buckets=_RECORDS)
GROUP_SECONDS = Metric(
    "synclead_group_seconds", "histogram", "From taking a group out of the queue until all its calls are answered.",
    buckets=_SECONDS,
)  # fmt: skip
LOCK_SECONDS = Metric(
    "synclead_lock_wait_seconds",
    "histogram",
    "How long a group waited for its subscription's lock, on SQLite the file's. Those that gave up are faults 20011.",
    buckets=_SECONDS,
)
COMMIT_SECONDS = Metric(
    "synclead_commit_seconds",
    "histogram",
    "From sending a group's writes until their commit is durable: one round trip.",
    buckets=_SECONDS,
)
IDS_LEFT = Metric(
    "synclead_lead_ids_left",
    "gauge",
    "Lead Ids that a subscription has left, as of the start or of the last group that was written here.",
    ("subscription",),
    of_all=min,
)
STRAYS = Metric(
    "synclead_strays_total",
    "counter",
    "Requests that are no calls: to a wrong path, by a wrong method, from a browser's page, or in tls to a port that "
    "speaks none. Of each kind the log and `synclead requests` show ten a minute.",
    ("reason",),
)
UNRECORDED = Metric(
    "synclead_calls_unrecorded_total",
    "counter",
    "Calls that `synclead requests` does not show: too_many came to be written beside them, or the database refused "
    "them; shortened are shown without what was asked, since the database refused that.",
    ("reason",),
)
READY = Metric(
    "synclead_ready", "gauge", "1 while writes work, as /readyz says; of several processes, in all.", of_all=min
)
PROCESSES = Metric("synclead_processes", "gauge", "Processes that serve.")
BUILD = Metric("synclead_build_info", "gauge", "Always 1; the version is its label.", ("version",), of_all=max)

METRICS = (
    CALLS,
    FAULTS,
    CALL_SECONDS,
    IN_PROGRESS,
    UNDELIVERED,
    CLOCK_SECONDS,
    BODY_BYTES,
    ANSWER_BYTES,
    NO_ROOM,
    QUEUE_CALLS,
    QUEUE_BYTES,
    QUEUE_AGE,
    GROUP_RECORDS,
    GROUP_SECONDS,
    LOCK_SECONDS,
    COMMIT_SECONDS,
    IDS_LEFT,
    STRAYS,
    UNRECORDED,
    READY,
    PROCESSES,
    BUILD,
)  # fmt: skip


class Series:
    """The numbers of one metric in this process."""

    __slots__ = ("_buckets", "_rows")

    def __init__(self, buckets: tuple[float, ...] = (), known: Iterable[Labels] = ()) -> None:
        """`buckets` are those of a histogram. Rows `known` to come begin with 0: so the first event is a rise."""
        self._buckets = buckets
        self._rows: dict[Labels, list[float]] = {}
        for labels in known:
            self._row(labels)

    def add(self, *labels: str, events: int = 1) -> None:
        """Counts events."""
        self._row(labels)[0] += events

    def observe(self, values: Sequence[float], *labels: str) -> None:
        """Counts values of a histogram."""
        row, buckets = self._row(labels), self._buckets
        for value in values:
            row[bisect_left(buckets, value)] += 1
        row[-1] += sum(values)

    def resume(self, rows: Iterable[tuple[Labels, list[float]]]) -> None:
        """Goes on from the numbers of a process that this one takes the place of."""
        for labels, numbers in rows:
            self._row(labels)[:] = numbers

    def rows(self) -> dict[Labels, list[float]]:
        """A copy of the numbers."""
        return {labels: list(row) for labels, row in self._rows.items()}

    def _row(self, labels: Labels) -> list[float]:
        row = self._rows.get(labels)
        if row is None:
            row = self._rows[labels] = [0.0] * (len(self._buckets) + 2 if self._buckets else 1)
        return row


class Snapshot(msgspec.Struct, frozen=True):
    """The numbers of one process at one moment."""

    pid: int
    numbers: dict[str, list[tuple[Labels, list[float]]]]


def together(snapshots: Iterable[Snapshot], is_alive: Callable[[int], bool]) -> Numbers:
    """One server's numbers: what was counted by all of its processes, gauges of those that live.

    An age is given in seconds.
    """
    collected: dict[str, dict[Labels, list[list[float]]]] = {metric.name: {} for metric in METRICS}
    for snapshot in snapshots:
        alive = is_alive(snapshot.pid)
        for metric in METRICS:
            if alive or metric.kind in ("counter", "histogram"):
                for labels, row in snapshot.numbers.get(metric.name, ()):
                    collected[metric.name].setdefault(labels, []).append(row)
    merged = {
        metric.name: {labels: _merged(metric, rows) for labels, rows in sorted(collected[metric.name].items())}
        for metric in METRICS
    }
    for metric in METRICS:
        if metric.kind == "age":
            moments = [row[0] for row in merged[metric.name].values()]
            merged[metric.name] = {(): [max(0.0, time.monotonic() - moments[0]) if moments else 0.0]}
    return merged


def _merged(metric: Metric, rows: list[list[float]]) -> list[float]:
    if metric.kind == "gauge":
        return [metric.of_all(row[0] for row in rows)]
    if metric.kind == "age":
        return [min(row[0] for row in rows)]
    return [sum(numbers) for numbers in zip(*rows, strict=True)]


def markdown() -> str:
    """The metrics as the table of docs/production.md."""
    lines = ["| metric | kind | labels | meaning |", "| --- | --- | --- | --- |"]
    for metric in METRICS:
        kind = "gauge" if metric.kind == "age" else metric.kind
        labels = ", ".join(f"`{label}`" for label in metric.labels)
        lines.append(f"| `{metric.name}` | {kind} | {labels} | {metric.text} |")
    return "\n".join(lines) + "\n"
