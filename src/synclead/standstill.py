"""When this process last went on after it had stood still: what came before that may be old, and look new to it."""

import signal
import time
from types import FrameType

BEAT_SECONDS = 1.0
"""How often somebody calls `beat`."""
_LATE_SECONDS = 3.0
"""So long after the last beat the process, or its event loop, stood still."""

_resumed = float("-inf")
_beat = float("inf")


def watch() -> None:
    """From now on a stop by a signal (SIGSTOP, Ctrl-Z) is noticed at once when it is over. For the main thread."""
    signal.signal(signal.SIGCONT, _go_on)


def beat() -> None:
    """The event loop is alive. Once it has been called, its absence tells of stops that no signal ends."""
    global _beat, _resumed
    _resumed = resumed()
    _beat = time.monotonic()


def end() -> None:
    """Nobody beats any more."""
    global _beat
    _beat = float("inf")


def resumed() -> float:
    """The end of the last standstill, by time.monotonic(); minus infinity where there was none."""
    now = time.monotonic()
    return now if now - _beat > _LATE_SECONDS else _resumed


def _go_on(number: int, frame: FrameType | None) -> None:
    global _resumed
    _resumed = time.monotonic()
