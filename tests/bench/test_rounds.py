"""Subjects are measured in turn, and what cannot or must not be measured has no figure."""

from __future__ import annotations

from collections.abc import Sequence

from bench.errors import CellFailedError, NotMeasuredError
from bench.rounds import Outcome, alternate
from bench.subject import Cell, Subject


class Fake(Subject):
    """Notes what is done with it."""

    def __init__(self, name: str, notes: list[str], *, missing: bool = False, fails_at: str = "") -> None:
        self.name = name
        self._notes = notes
        self._missing = missing
        self._fails_at = fails_at

    def open(self) -> None:
        if self._missing:
            raise NotMeasuredError("its tool is missing")
        if self._fails_at == "open":
            raise CellFailedError("it did not start")

    def measure(self, *, connections: int, seconds: float, cell: int, round_: int) -> Cell:
        self._notes.append(f"{self.name}{connections}")
        if self._fails_at == f"{round_}":
            raise CellFailedError("a lead is lost")
        return Cell(self.name, connections, round_, per_second=cell)

    def finish(self) -> None:
        if self._fails_at == "finish":
            raise CellFailedError("two leads have one Email")

    def close(self) -> None:
        self._notes.append(f"{self.name} closed")


def run(
    subjects: Sequence[Subject], notes: list[str], said: list[str], *, warm_cells: int = 0, turned: bool = False
) -> Outcome:
    """Two rounds at two numbers of connections."""
    return alternate(
        subjects,
        rounds=2,
        connections=(1, 16),
        seconds=1,
        warm_seconds=1 if warm_cells else 0,
        warm_cells=warm_cells,
        before_cell=lambda: notes.append("-"),
        say=said.append,
        turned=turned,
    )


def test_subjects_alternate() -> None:
    """A B A B, each after the same start, in every round; all are closed."""
    notes: list[str] = []
    outcome = run([Fake("A", notes), Fake("B", notes)], notes, [])
    turn = "- A1 - B1 - A16 - B16"
    assert " ".join(notes) == f"{turn} {turn} B closed A closed"
    assert [cell.round for cell in outcome.cells] == [1] * 4 + [2] * 4
    assert len({cell.per_second for cell in outcome.cells}) == 8  # no cell has another one's number


def test_subjects_may_turn() -> None:
    """A B, then B A: none is always the first."""
    notes: list[str] = []
    run([Fake("A", notes), Fake("B", notes)], notes, [], turned=True)
    assert " ".join(notes) == "- A1 - B1 - A16 - B16 - B1 - A1 - B16 - A16 B closed A closed"


def test_who_is_warmed_is_not_counted() -> None:
    """As often as asked for, in turn, before the first round; who fails then is not called again."""
    notes: list[str] = []
    outcome = run([Fake("A", notes), Fake("B", notes, fails_at="0")], notes, [], warm_cells=2)
    assert " ".join(notes) == "A16 B16 A16 - A1 - A16 - A1 - A16 B closed A closed"
    assert [cell.round for cell in outcome.cells] == [1, 1, 2, 2]
    assert outcome.failed == ["B, warming: a lead is lost"]


def test_a_missing_tool_is_said_loudly() -> None:
    """The others are measured, and its row has the reason."""
    said: list[str] = []
    notes: list[str] = []
    outcome = run([Fake("A", notes, missing=True), Fake("B", notes)], notes, said)
    assert outcome.not_measured == {"A": "its tool is missing"}
    assert {cell.subject for cell in outcome.cells} == {"B"}
    assert said[0] == "NOT MEASURED: A: its tool is missing"


def test_a_cell_that_fails_has_no_figure() -> None:
    """Its subject is not called again, and the failure is kept."""
    notes: list[str] = []
    said: list[str] = []
    outcome = run([Fake("A", notes, fails_at="2"), Fake("B", notes)], notes, said)
    assert outcome.failed == ["A, 1 connections, round 2: a lead is lost"]
    assert [(cell.connections, cell.round) for cell in outcome.cells if cell.subject == "A"] == [(1, 1), (16, 1)]
    assert "FAILED: A, 1 connections, round 2: a lead is lost" in said


def test_what_fails_at_the_end_takes_all_its_figures() -> None:
    """Two leads with one Email are found at the end, and nobody knows in which cell they came."""
    outcome = run([Fake("A", [], fails_at="finish"), Fake("B", [])], [], [])
    assert outcome.failed == ["A, at the end: two leads have one Email"]
    assert {cell.subject for cell in outcome.cells} == {"B"}


def test_a_server_that_does_not_start_is_a_failure() -> None:
    """It is not taken for one that is not installed."""
    outcome = run([Fake("A", [], fails_at="open")], [], [])
    assert outcome.failed == ["A, at its start: it did not start"]
    assert outcome.not_measured == {}
