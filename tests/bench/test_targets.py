"""Each target is judged by its own run, and one below its floor is a fault."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from bench import names
from bench.__main__ import PARTS
from bench.plan import FULL
from bench.results import Results
from bench.subject import Cell
from bench.targets import BEST_PEER, Row, Target, judge, load_targets

TARGET = Target("speed", "peers", names.POSTGRES, "per_second", "more", [64], [2.0], [1.4], to=BEST_PEER)


def results(*cells: Cell, missing: Mapping[str, str] | None = None, part: str = "peers") -> dict[str, Results]:
    """The results of a part."""
    found = Results(part, False, "2026-01-01", {}, {}, list(cells), dict(missing or {}))
    return {part: found}


def rounds(subject: str, *speeds: float, p99: float | None = None) -> list[Cell]:
    """Its cells at 64 connections."""
    return [Cell(subject, 64, number, speed, p99_ms=p99) for number, speed in enumerate(speeds, 1)]


def peers(best: float = 100) -> list[Cell]:
    """Three peers, of which Java is the best."""
    return [*rounds(names.PHP, best * 0.9), *rounds(names.JAVA, best), *rounds(names.NODE, best * 0.5)]


def only(rows: list[Row]) -> Row:
    """The one row."""
    (row,) = rows
    return row


# fmt: off
@pytest.mark.parametrize(("speed", "verdict", "is_fault"), [
    (250, "goal", False),
    (200, "goal", False),
    (199, "above the floor", False),
    (140, "above the floor", False),
    (139, "BELOW THE FLOOR", True),
])
def test_more_is_better(speed: float, verdict: str, is_fault: bool) -> None:
    """The result is the ratio to the fastest peer."""
    row = only(judge([TARGET], results(*peers(), *rounds(names.POSTGRES, speed))))
    assert (row.result, row.verdict, row.is_fault) == (speed / 100, verdict, is_fault)


def test_less_is_better() -> None:
    """A latency beyond its floor is a fault."""
    target = replace(TARGET, key="p99_ms", better="less", goal=[0.2], floor=[0.4])
    cells = [replace(cell, p99_ms=10.0) for cell in peers()]
    for p99, verdict in ((2.0, "goal"), (4.0, "above the floor"), (4.1, "BELOW THE FLOOR")):
        assert only(judge([target], results(*cells, *rounds(names.POSTGRES, 1, p99=p99)))).verdict == verdict


def test_ratios_are_taken_in_each_round() -> None:
    """A machine that gets slower between two rounds does not move the ratio."""
    target = replace(TARGET, to=names.UPSERT)
    cells = rounds(names.POSTGRES, 100, 50, 10) + rounds(names.UPSERT, 200, 100, 20)
    assert only(judge([target], results(*cells))).result == 0.5


def test_a_figure_can_stand_alone_or_beside_another_of_the_same_cell() -> None:
    """Memory is no ratio; the slowest calls are compared with the usual ones."""
    cells = [Cell(names.POSTGRES, 64, number, 1, p50_ms=5, p99_ms=10, rss_mib=80 + number) for number in (1, 2, 3)]
    memory = replace(TARGET, to="", key="rss_mib")
    latency = replace(TARGET, to=names.POSTGRES, key="p99_ms", to_key="p50_ms")
    assert [row.result for row in judge([memory, latency], results(*cells))] == [82, 2]


def test_what_was_not_measured_says_why() -> None:
    """A part that did not run, a missing peer or a failed one give no number, and no fault."""
    without_java = [cell for cell in peers() if cell.subject != names.JAVA] + rounds(names.POSTGRES, 200)
    missing = results(*without_java, missing={names.JAVA: "java is missing: run make bench-setup"})
    failed = results(*without_java)
    failed["peers"].failed.append(f"{names.JAVA}, warming: a lead is lost")
    for found, reason in (
        ({}, "run make bench PART=peers"),
        (missing, "java is missing: run make bench-setup"),
        (failed, "Java JAX-WS, warming: a lead is lost"),
    ):
        row = only(judge([TARGET], found))
        assert (row.result, row.is_fault, row.verdict) == (None, False, f"not measured: {reason}")


def test_rounds_must_be_the_same() -> None:
    """A ratio of figures from different rounds is none."""
    row = only(judge([replace(TARGET, to=names.UPSERT)], results(*rounds(names.POSTGRES, 1), *rounds(names.UPSERT, 1, 2))))
    assert row.result is None


def test_the_targets_name_what_is_measured() -> None:
    """Every part and subject of the file is one of ours, with a goal and a floor for each number of connections."""
    subjects = {value for name, value in vars(names).items() if name.isupper() and isinstance(value, str)}
    subjects |= {names.of_size(name, size) for name in (names.POSTGRES, names.SQLITE) for size in FULL.sizes}
    for target in load_targets():
        assert target.part in PARTS
        assert {target.of, target.to} <= subjects | {BEST_PEER, ""}
        assert target.better in ("more", "less")
        for goal, floor in zip(target.goal, target.floor, strict=True):
            assert (goal > floor) == (target.better == "more"), target.title
        assert len(target.at) == len(target.goal)
        assert target.at == [1] or target.part in ("calls", "sizes") or set(target.at) <= set(FULL.connections)
