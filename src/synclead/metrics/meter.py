"""Counts what the calls and the writer of this process tell."""

import os
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from synclead import __version__
from synclead.leads.errors import SyncleadError
from synclead.leads.keys import MAX_LEAD_ID
from synclead.metrics import figures
from synclead.metrics.board import Board
from synclead.metrics.figures import Labels, Metric, Series, Snapshot
from synclead.soap.held import HeldBytes
from synclead.soap.observer import CallObserver
from synclead.soap.operations import HANDLERS
from synclead.store.group import PlannedGroup
from synclead.store.writer import Writer

UNKNOWN = "unknown"
"""The operation of a call that was refused before its operation was looked at."""


class Meter(CallObserver):
    """For one event loop: its numbers are shown on a board, where other threads and processes read them."""

    def __init__(self, board: Board, held: HeldBytes | None = None) -> None:
        """Goes on from what a process counted that had the same place on the board.

        `held` is what the bodies of requests hold, and tells which of them there was no room for.
        """
        self._board = board
        self.held = held or HeldBytes()
        self.held.refused = self.no_room
        self._in_progress = 0
        self._ids_left: dict[int, tuple[str, int]] = {}
        """By subscription: its name and the Ids it has left."""
        self._differences: list[float] = []
        self._ended: defaultdict[tuple[str, str | int | None, bool], list[float]] = defaultdict(list)
        """What calls told since the last `show`, at most a second ago: a call only leaves it, and does not count."""
        self._series: dict[str, Series] = {}
        self._before = board.own()
        operations: list[Labels] = [(name,) for name in HANDLERS]
        outcomes = [
            (name, outcome.lower()) for name, handler in HANDLERS.items() for outcome in (*handler.outcomes, "fault")
        ]
        self._calls = self._counted(figures.CALLS, *outcomes, (UNKNOWN, "fault"))
        self._faults = self._counted(figures.FAULTS, *((str(code),) for code in _codes(SyncleadError)))
        self._call_seconds = self._counted(figures.CALL_SECONDS, *operations, (UNKNOWN,))
        self._undelivered = self._counted(figures.UNDELIVERED, ("hung_up",), ("late",))
        self._no_room = self._counted(figures.NO_ROOM, ("unsigned",), ("all",), ("answers",))
        self._clock_seconds = self._counted(figures.CLOCK_SECONDS, ("ahead",), ("behind",))
        self._strays = self._counted(figures.STRAYS, ("path",), ("method",), ("page",), ("tls",))
        self._unrecorded = self._counted(figures.UNRECORDED, ("too_many",), ("refused",), ("shortened",))
        self._group_records = self._counted(figures.GROUP_RECORDS, ())
        self._group_seconds = self._counted(figures.GROUP_SECONDS, ())
        self._lock_seconds = self._counted(figures.LOCK_SECONDS, ())
        self._commit_seconds = self._counted(figures.COMMIT_SECONDS, ())

    def _counted(self, metric: Metric, *known: Labels) -> Series:
        """The series of a metric, of which some labels are `known` to come."""
        series = self._series[metric.name] = Series(metric.buckets, known)
        if self._before is not None:
            series.resume(self._before.numbers.get(metric.name, ()))
        return series

    # -- what calls tell ----------------------------------------------------------------------------

    def begun(self) -> None:
        """See CallObserver."""
        self._in_progress += 1

    def clock_difference(self, seconds: float) -> None:
        """See CallObserver."""
        self._differences.append(seconds)

    def ended(self, facts: Mapping[str, Any], seconds: float) -> None:
        """See CallObserver."""
        self._in_progress -= 1
        get = facts.get
        self._ended[get("operation", UNKNOWN), get("outcome"), get("delivered", True)].append(seconds)

    def no_room(self, limit: str) -> None:
        """See HeldBytes.refused."""
        self._no_room.add(limit)

    def strayed(self, kind: str) -> None:
        """See CallObserver."""
        self._strays.add(kind)

    def unrecorded(self, reason: str) -> None:
        """See CallObserver."""
        self._unrecorded.add(reason)

    # -- what the writer tells ----------------------------------------------------------------------

    def late(self) -> None:
        """An outcome came when its caller had heard something else."""
        self._undelivered.add("late")

    def group_written(self, group: PlannedGroup, seconds: float | None) -> None:
        """See store.observer.Observer."""
        self._lock_seconds.observe([group.lock_seconds])
        if seconds is not None:
            self._commit_seconds.observe([seconds])
        subscription = group.subscription
        self.next_lead_id(subscription.id, subscription.name, group.known.counter.next_lead_id)

    def group_ended(self, records: int, seconds: float) -> None:
        """See store.observer.Observer."""
        self._group_records.observe([records])
        self._group_seconds.observe([seconds])

    def next_lead_id(self, subscription_id: int, name: str, next_lead_id: int) -> None:
        """The Id that the next new lead of a subscription gets."""
        self._ids_left[subscription_id] = (name, MAX_LEAD_ID - next_lead_id + 1)

    # -- what is shown ------------------------------------------------------------------------------

    def show(self, writer: Writer) -> None:
        """Puts the numbers of this moment on the board."""
        self._count()
        numbers = {name: list(series.rows().items()) for name, series in self._series.items()}
        gauges: dict[str, list[tuple[Labels, float]]] = {
            figures.IN_PROGRESS.name: [((), self._in_progress)],
            figures.BODY_BYTES.name: [(("no",), self.held.unsigned), (("yes",), self.held.signed)],
            figures.ANSWER_BYTES.name: [((), self.held.answers)],
            figures.QUEUE_CALLS.name: [((), writer.waiting)],
            figures.QUEUE_BYTES.name: [((), writer.waiting_bytes)],
            figures.IDS_LEFT.name: [((name,), left) for name, left in self._ids_left.values()],
            figures.READY.name: [((), writer.ready)],
            figures.PROCESSES.name: [((), 1)],
            figures.BUILD.name: [((__version__,), 1)],
        }
        oldest = writer.oldest_arrival
        if oldest is not None:
            gauges[figures.QUEUE_AGE.name] = [((), oldest)]
        for name, values in gauges.items():
            numbers[name] = [(labels, [float(value)]) for labels, value in values]
        self._board.show(Snapshot(os.getpid(), numbers))

    def _count(self) -> None:
        """Counts what calls told since the last time."""
        self._clock_seconds.observe([seconds for seconds in self._differences if seconds > 0], "ahead")
        self._clock_seconds.observe([-seconds for seconds in self._differences if seconds <= 0], "behind")
        for (operation, outcome, delivered), seconds in self._ended.items():
            events = len(seconds)
            if outcome is None:
                self._calls.add(operation, "unanswered", events=events)
                continue
            if isinstance(outcome, int):
                self._faults.add(str(outcome), events=events)
            self._calls.add(operation, "fault" if isinstance(outcome, int) else outcome.lower(), events=events)
            self._call_seconds.observe(seconds, operation)
            if not delivered:
                self._undelivered.add("hung_up", events=events)
        self._differences.clear()
        self._ended.clear()


def _codes(error: type[SyncleadError]) -> set[int]:
    """The codes of every fault that this program can answer."""
    found = {error.code} if "code" in vars(error) else set()
    for child in error.__subclasses__():
        found.update(_codes(child))
    return found
