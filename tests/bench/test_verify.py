"""A cell counts only where every acknowledged lead is stored once, as it was answered."""

import pytest

from bench.errors import CellFailedError
from bench.load import Acknowledged, Load
from bench.verify import Stored, check

CELL = 7
FIRST = 7_000_000
NEW, KNOWN = "new-7-1@bench.example", "known-3@bench.example"
ANSWERS = [Acknowledged("CREATED", 11, NEW, FIRST + 1), Acknowledged("UPDATED", 3, KNOWN, FIRST + 2)]
STORED: dict[str, list[tuple[int, int]]] = {NEW: [(11, FIRST + 1)], KNOWN: [(3, FIRST + 2)]}


def run(stored: Stored, answers: list[Acknowledged] = ANSWERS, *, connections: int = 1) -> None:
    """Checks a cell that sent four calls."""
    load = Load(list(answers), sent=4, seconds=1, p50_ms=1, p99_ms=1, cpu_seconds=0)
    check(load, stored, cell=CELL, connections=connections)


def test_a_cell_that_is_stored_as_answered_counts() -> None:
    """What was answered is there."""
    run(STORED)


def test_a_call_that_was_under_way_at_the_end_may_be_written() -> None:
    """The last update of a lead may be one whose answer nobody waited for."""
    run(STORED | {KNOWN: [(3, FIRST + 4)]})


# fmt: off
@pytest.mark.parametrize(("stored", "answers", "problem"), [
    ({KNOWN: [(3, FIRST + 2)]}, ANSWERS, "answered and not stored"),
    (STORED | {NEW: [(11, FIRST + 1), (12, FIRST + 1)]}, ANSWERS, "stored more than once"),
    (STORED | {NEW: [(12, FIRST + 1)]}, ANSWERS, "answered with an Id that is not stored"),
    (STORED | {KNOWN: [(3, 0)]}, ANSWERS, "values of no call of this cell"),
    (STORED | {KNOWN: [(3, FIRST + 5)]}, ANSWERS, "values of no call of this cell"),
    (STORED | {KNOWN: [(3, FIRST)]}, ANSWERS, "values of no call of this cell"),
    (STORED, [Acknowledged("UPDATED", 11, NEW, FIRST + 1)], "new and answered UPDATED"),
    (STORED, [*ANSWERS, Acknowledged("CREATED", 11, NEW, FIRST + 1)], "answered twice as new"),
])
def test_what_is_not_as_it_was_answered_fails(stored: Stored, answers: list[Acknowledged], problem: str) -> None:
    """A lead that is lost, doubled, under another Id or without its update makes the cell a failure."""
    with pytest.raises(CellFailedError, match=problem):
        run(stored, answers)


def test_more_unanswered_writes_than_connections_fail() -> None:
    """A connection has one call under way: more leads with values of unanswered calls were answered wrongly."""
    changed = STORED | {NEW: [(11, FIRST + 3)], KNOWN: [(3, FIRST + 4)]}
    run(changed, connections=2)
    with pytest.raises(CellFailedError, match="2 leads hold values of calls that were not answered"):
        run(changed, connections=1)
