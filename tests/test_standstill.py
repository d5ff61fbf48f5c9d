"""A process that stood still knows since when it goes on."""

import os
import signal
from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from synclead import standstill


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[float]]:
    """The time, in its only item; afterwards everything is as it was."""
    now = [100.0]
    monkeypatch.setattr(standstill, "_resumed", float("-inf"))
    monkeypatch.setattr(standstill, "_beat", float("inf"))
    monkeypatch.setattr(standstill, "time", SimpleNamespace(monotonic=lambda: now[0]))
    before = signal.getsignal(signal.SIGCONT)
    yield now
    signal.signal(signal.SIGCONT, before)


def test_a_signal_to_go_on_is_the_end_of_a_standstill(clock: list[float]) -> None:
    """However short it was; before the first there was none."""
    standstill.watch()
    assert standstill.resumed() == float("-inf")
    os.kill(os.getpid(), signal.SIGCONT)
    clock[0] = 200.0
    assert standstill.resumed() == 100.0


def test_a_beat_that_stays_away_is_a_standstill(clock: list[float]) -> None:
    """Which no signal ends: from the third second on, until the next beat and as of it."""
    standstill.beat()
    clock[0] = 103.0
    assert standstill.resumed() == float("-inf")
    clock[0] = 130.0
    assert standstill.resumed() == 130.0
    standstill.beat()
    clock[0] = 131.0
    standstill.beat()
    assert standstill.resumed() == 130.0


def test_a_server_that_has_ended_misses_no_beat(clock: list[float]) -> None:
    """Nor does a process that serves nobody."""
    standstill.beat()
    standstill.end()
    clock[0] = 500.0
    assert standstill.resumed() == float("-inf")
