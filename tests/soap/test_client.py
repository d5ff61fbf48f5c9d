"""Whose call is carried out, and whose is not any more."""

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest

from synclead.peer import Look
from synclead.soap import client as module
from synclead.soap.client import Client

NOW = 1000.0
NEVER = float("-inf")


@dataclass
class Peer:
    """The other end as a test wants it."""

    found: Look

    def look(self) -> Look:
        return self.found


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, in its only item."""
    clock = [NOW]
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    return clock


# fmt: off
CASES = [
    # silence, waited, is gone, resumed, given up
    (0.0, 0.0, False, NEVER, False),
    (30.0, 0.0, False, NEVER, False),  # it waited long for a process that was busy, and waits
    (0.0, 0.0, True, NEVER, False),  # it sends, and reads no answer
    (0.5, 0.2, True, NEVER, False),
    (1.1, 0.0, True, NEVER, True),  # before its bytes were read
    (0.0, 1.1, True, NEVER, True),  # after they were
    (0.1, 0.0, True, NOW, True),  # while the process was stopped
    (0.1, 0.0, True, NOW - 10, False),
    (0.1, 0.0, False, NOW, False),
]
# fmt: on


@pytest.mark.parametrize(("silence", "waited", "is_gone", "resumed", "given_up"), CASES)
def test_who_has_given_up(
    now: list[float],
    monkeypatch: pytest.MonkeyPatch,
    silence: float,
    waited: float,
    is_gone: bool,
    resumed: float,
    given_up: bool,
) -> None:
    """Who is gone, and came a second ago at least, or before this process went on after a stop."""
    monkeypatch.setattr(module, "resumed", lambda: resumed)
    peer: Any = Peer(Look(is_gone, silence))
    client = Client(peer)
    arrived = client.arrived()
    now[0] += waited
    assert client.has_given_up(arrived) is given_up


def test_a_call_arrives_with_its_last_byte(now: list[float]) -> None:
    """Not when it began to come, and not when it was read."""
    peer: Any = Peer(Look(False, 0.0))
    client = Client(peer)
    now[0] += 20
    client.heard()
    assert client.arrived() == NOW + 20
    now[0] += 12
    assert client.arrived() == NOW + 20
    peer.found = Look(False, 40.0)
    assert client.arrived() == NOW - 8


def test_a_client_of_which_nothing_is_known_waits(now: list[float]) -> None:
    """As one in this process does."""
    client = Client(None)
    now[0] += 60
    assert client.arrived() == NOW
    assert not client.has_given_up(NOW)
