"""Where a call's CPU time goes, and whether a second server process pays."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from time import monotonic, sleep
from typing import Any

from bench import names, profiled
from bench.context import Context
from bench.errors import CellFailedError
from bench.load import Load
from bench.process import thread_seconds
from bench.results import Results
from bench.server import Synclead
from bench.subject import Subject

_CONNECTIONS = 64
_SHOWN_FILES = 12
_WRITTEN_SECONDS = 10.0
_CORES_FOR_TWO = 4
"""Two for the processes, two for the load and the database."""


def run(context: Context) -> Results:
    """synclead alone: its CPU time a call by what it is spent on."""
    folder, postgres, known = context.folder / "calls", context.postgres, context.plan.known
    subjects: list[Subject] = [
        Synclead(names.POSTGRES, folder / "postgres", leads=known, postgres=postgres),
        Synclead(names.SQLITE, folder / "sqlite", leads=known),
        Profiled(names.POSTGRES_PROFILED, folder / "profiled-postgres", leads=known, postgres=postgres),
        Profiled(names.SQLITE_PROFILED, folder / "profiled-sqlite", leads=known),
    ]
    has_cores = (os.cpu_count() or 1) >= _CORES_FOR_TWO
    if has_cores:
        two = Synclead(names.TWO_PROCESSES, folder / "two", leads=known, postgres=postgres, workers=2)
        subjects.append(two)
    outcome = context.run(subjects, connections=(_CONNECTIONS,))
    if not has_cores:
        outcome.not_measured[names.TWO_PROCESSES] = (
            f"two processes, the database and the load want {_CORES_FOR_TWO} cores, and here are {os.cpu_count()}"
        )
    return context.results("calls", outcome)


class Profiled(Synclead):
    """The same server under the sampling profiler; its speed is not compared with anything."""

    def __init__(self, name: str, folder: Path, **options: Any) -> None:
        self._file = folder / "samples.json"
        program: Sequence[str] = (sys.executable, profiled.__file__, str(self._file))
        super().__init__(name, folder, program=program, **options)
        self._split: list[dict[str, float]] = []
        self._files: Counter[str] = Counter()

    def load(self, *, connections: int, seconds: float, cell: int) -> Load:
        """See Served: with the profiler at work."""
        pid = self.processes.roots()["synclead"]
        self._file.unlink(missing_ok=True)
        main, others = thread_seconds(pid)
        os.kill(pid, signal.SIGUSR1)
        load = super().load(connections=connections, seconds=seconds, cell=cell)
        os.kill(pid, signal.SIGUSR2)
        main_now, others_now = thread_seconds(pid)
        samples = _await(self._file)
        self._files.update(samples)
        self._split.append(split(samples, main_now - main, others_now - others, len(load.acknowledged)))
        return load

    def facts(self) -> dict[str, Any]:
        """See Subject."""
        total = self._files.total()
        shares = {place: round(count / total, 3) for place, count in self._files.most_common(_SHOWN_FILES)}
        return super().facts() | {"cpu_split_us": self._split[1:] or self._split, "cpu_files": shares}


def split(samples: dict[str, int], main: float, others: float, calls: int) -> dict[str, float]:
    """Microseconds of CPU time a call by what they are spent on.

    `samples` are of the main thread by part and file; its CPU seconds are shared out by them. `others` are those of the
    other threads: SQLite's, and what keeps the last calls. Raises CellFailedError without samples.
    """
    total = sum(samples.values())
    if not total:
        raise CellFailedError("the profiler took no sample")
    found: defaultdict[str, float] = defaultdict(float, {"other threads": others})
    for place, count in samples.items():
        found[place.partition(": ")[0]] += main * count / total
    return {part: round(seconds / calls * 1e6, 1) for part, seconds in sorted(found.items())}


def _await(file: Path) -> dict[str, int]:
    deadline = monotonic() + _WRITTEN_SECONDS
    while not file.exists():
        if monotonic() > deadline:
            raise CellFailedError("the profiler wrote no samples")
        sleep(0.05)
    found: dict[str, int] = json.loads(file.read_text(encoding="utf-8"))
    return found
