"""Alternating rounds: every subject in turn, at every number of connections, again and again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from bench.errors import CellFailedError, NotMeasuredError
from bench.subject import Cell, Subject

_WARM_CONNECTIONS = 16


@dataclass(slots=True)
class Outcome:
    """What the rounds came to."""

    cells: list[Cell] = field(default_factory=list)
    not_measured: dict[str, str] = field(default_factory=dict)
    """Subjects that something is missing for, and what."""
    failed: list[str] = field(default_factory=list)
    """Cells that were wrong, each with its reason: their figures are not among the cells."""
    facts: dict[str, dict[str, Any]] = field(default_factory=dict)
    """What the subjects say of themselves."""


def alternate(
    subjects: Sequence[Subject],
    *,
    rounds: int,
    connections: Sequence[int],
    seconds: float,
    warm_seconds: float,
    warm_cells: int = 1,
    before_cell: Callable[[], None],
    say: Callable[[str], None],
    turned: bool = False,
) -> Outcome:
    """Measures all subjects, A B C A B C ... at each number of connections; `turned`: A B C C B A.

    All of them run all the time, and only one is called: so a warm one stays warm. `before_cell` gives each cell
    the same start. A subject that fails a check is not called again.
    """
    outcome = Outcome()
    cell = 0
    with ExitStack() as stack:
        running = [one for one in subjects if _opened(one, stack, outcome, say)]
        for _ in range(warm_cells if warm_seconds else 0):
            for one in list(running):
                cell += 1
                if not _warmed(one, warm_seconds, cell, outcome, say):
                    running.remove(one)
        for round_ in range(1, rounds + 1):
            for count in connections:
                for one in running[::-1] if turned and round_ % 2 == 0 else running[:]:
                    cell += 1
                    before_cell()
                    try:
                        found = one.measure(connections=count, seconds=seconds, cell=cell, round_=round_)
                    except CellFailedError as error:
                        _failed(outcome, f"{one.name}, {count} connections, round {round_}: {error}", say)
                        running.remove(one)
                        continue
                    outcome.cells.append(found)
                    say(f"round {round_}  {count:4} connections  {one.name:28} {found.per_second:9.0f}/s")
        for one in running:
            try:
                one.finish()
            except CellFailedError as error:
                _failed(outcome, f"{one.name}, at the end: {error}", say)
                outcome.cells = [found for found in outcome.cells if found.subject != one.name]
            outcome.facts[one.name] = one.facts()
    return outcome


def _opened(one: Subject, stack: ExitStack, outcome: Outcome, say: Callable[[str], None]) -> bool:
    stack.callback(one.close)
    try:
        one.open()
    except NotMeasuredError as error:
        outcome.not_measured[one.name] = str(error)
        say(f"NOT MEASURED: {one.name}: {error}")
        return False
    except CellFailedError as error:
        _failed(outcome, f"{one.name}, at its start: {error}", say)
        return False
    return True


def _warmed(one: Subject, seconds: float, cell: int, outcome: Outcome, say: Callable[[str], None]) -> bool:
    try:
        one.measure(connections=_WARM_CONNECTIONS, seconds=seconds, cell=cell, round_=0)
    except CellFailedError as error:
        _failed(outcome, f"{one.name}, warming: {error}", say)
        return False
    except NotMeasuredError as error:
        outcome.not_measured[one.name] = str(error)
        say(f"NOT MEASURED: {one.name}: {error}")
        return False
    return True


def _failed(outcome: Outcome, text: str, say: Callable[[str], None]) -> None:
    outcome.failed.append(text)
    say(f"FAILED: {text}")
