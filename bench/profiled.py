"""`synclead` under a sampling profiler: `profiled.py FILE serve ...` counts where the CPU time goes.

SIGUSR1 begins to count, SIGUSR2 writes the counts to FILE. The system's timer of CPU time asks for each sample, and
Python answers between two of its instructions in the main thread: time inside a C function counts for the Python code
that called it. A server that waits is not sampled.
"""

from __future__ import annotations

import json
import signal
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from synclead.cli.main import main

INTERVAL_SECONDS = 0.004
"""Of CPU time: the system's clock ticks no faster."""

PARTS = (
    ("/synclead/soap/authentication.py", "authentication"),
    ("/synclead/soap/signature.py", "authentication"),
    ("/synclead/store/directory.py", "authentication"),
    ("/synclead/soap/endpoint.py", "HTTP"),
    ("/synclead/soap/body.py", "HTTP"),
    ("/synclead/soap/inflate.py", "HTTP"),
    ("/synclead/soap/client.py", "HTTP"),
    ("/synclead/soap/held.py", "HTTP"),
    ("/synclead/soap/address.py", "HTTP"),
    ("/synclead/soap/limiting.py", "HTTP"),
    ("/synclead/soap/recorder.py", "logs and metrics"),
    ("/synclead/soap/asked.py", "logs and metrics"),
    ("/synclead/soap/entries.py", "logs and metrics"),
    ("/synclead/soap/waiting.py", "logs and metrics"),
    ("/synclead/soap/", "XML"),
    ("/synclead/leads/", "planning"),
    ("/synclead/store/group.py", "planning"),
    ("/synclead/store/request_log.py", "logs and metrics"),
    ("/synclead/store/", "SQL"),
    ("/psycopg", "SQL"),
    ("/synclead/logs.py", "logs and metrics"),
    ("/synclead/metrics/", "logs and metrics"),
    ("/logging/", "logs and metrics"),
    ("/prometheus_client/", "logs and metrics"),
    ("/synclead/protocol.py", "HTTP"),
    ("/synclead/peer.py", "HTTP"),
    ("/uvicorn/", "HTTP"),
)
"""A file belongs to the first part that is in its path; any other counts for its caller."""
LOOP = "HTTP"
"""What no other part called: the event loop, reading and writing sockets."""


def place_of(files: Sequence[str]) -> tuple[str, str]:
    """The part and the file that a sample belongs to; `files` are those of its frames, the innermost first."""
    for file in files:
        for pattern, part in PARTS:
            if pattern in file:
                return part, "/".join(file.split("/")[-2:])
    return LOOP, "event loop"


def _files(frame: FrameType | None) -> list[str]:
    found = []
    while frame is not None:
        found.append(frame.f_code.co_filename)
        frame = frame.f_back
    return found


def _install(target: Path) -> None:
    counts: Counter[tuple[str, ...]] = Counter()

    def sample(number: int, frame: FrameType | None) -> None:
        counts[tuple(_files(frame))] += 1

    def begin(number: int, frame: FrameType | None) -> None:
        counts.clear()
        signal.setitimer(signal.ITIMER_PROF, INTERVAL_SECONDS, INTERVAL_SECONDS)

    def end(number: int, frame: FrameType | None) -> None:
        signal.setitimer(signal.ITIMER_PROF, 0)
        places: Counter[str] = Counter()
        for files, times in counts.items():
            places[": ".join(place_of(files))] += times
        written = target.with_suffix(".part")
        written.write_text(json.dumps(places), encoding="utf-8")
        written.replace(target)

    signal.signal(signal.SIGPROF, sample)
    signal.siginterrupt(signal.SIGPROF, False)
    signal.signal(signal.SIGUSR1, begin)
    signal.signal(signal.SIGUSR2, end)


if __name__ == "__main__":
    _install(Path(sys.argv.pop(1)))
    main()
