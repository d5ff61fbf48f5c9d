"""Of each goal that was not reached the page says what stands in the way, by figures of the results."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from bench import names
from bench.obstacles import obstacles
from bench.results import FOLDER, Results, load
from bench.subject import Cell
from bench.targets import BEST_PEER, Target, judge, load_targets

SPEED = Target("speed", "peers", names.POSTGRES, "per_second", "more", [64], [2.0], [1.4], to=BEST_PEER)


def results(part: str = "peers", **cpu: Mapping[str, float]) -> dict[str, Results]:
    """Three rounds of synclead and its peers at 1 and 64 connections; synclead's calls cost so much CPU."""
    subjects = {names.POSTGRES: 150.0, names.PROCESS_A_CORE: 150.0} | dict.fromkeys(names.PEERS, 100.0)
    costs = cpu.get("cpu", {"synclead": 400.0, "PostgreSQL": 150.0, "wrk": 50.0})
    cells = [
        Cell(name, at, number, speed, 12.0, 20.0, cpu_us=costs)
        for number in (1, 2, 3)
        for at in (1, 64)
        for name, speed in subjects.items()
    ]
    return {part: Results(part, False, "2026-01-01", {"cores": 2}, {}, cells)}


def test_nothing_is_said_where_every_goal_was_reached() -> None:
    """And of what was not measured there is nothing to say."""
    assert obstacles(results(), [replace(SPEED, goal=[1.5])]) == ""
    assert obstacles({}, load_targets()) == ""


# fmt: off
@pytest.mark.parametrize(("subject", "at", "cpu", "thread", "cores"), [
    (names.POSTGRES, 1, {"synclead": 400.0, "PostgreSQL": 150.0, "wrk": 50.0}, "1,667", ""),
    (names.POSTGRES, 64, {"synclead": 400.0, "PostgreSQL": 150.0, "wrk": 50.0}, "2,500", "3,333"),
    (names.PROCESS_A_CORE, 64, {"synclead": 400.0, "PostgreSQL": 150.0, "wrk": 50.0}, "", "3,333"),
    (names.POSTGRES, 64, {}, "", ""),
])
def test_the_cpu_allows_no_more(subject: str, at: int, cpu: Mapping[str, float], thread: str, cores: str) -> None:
    """One call after the other; one thread; all cores."""
    text = obstacles(results(cpu=cpu), [replace(SPEED, of=subject, at=[at])])
    shown = ", ".join(f"{name} {cost:.0f}" for name, cost in cpu.items())
    assert f"| speed | {at} | 200 | 140 | {thread} | {cores} | 150 | {shown} |\n" in text


def test_a_tail_is_held_against_calls_that_take_equally_long() -> None:
    """64 connections at 150 calls a second: 427 ms each, if all were alike."""
    text = obstacles(results(), [replace(SPEED, key="p99_ms", better="less", goal=[0.2], floor=[0.4])])
    assert "| speed | 64 | 4.0 | 8.0 | 426.7 | 12.0 | 20.0 |\n" in text


def test_a_goal_of_which_nothing_is_known_is_named() -> None:
    """Rather than passed over."""
    memory = Target("memory", "peers", names.POSTGRES, "p50_ms", "less", [64], [1.0], [2.0])
    assert "- memory, 64: not known.\n" in obstacles(results(), [memory])


def test_of_every_committed_miss_something_is_known() -> None:
    """Each goal that the committed results miss has its figures on the page."""
    found = load(FOLDER)
    text = obstacles(found)
    missed = [row for row in judge(load_targets(), found) if row.result is not None and row.verdict != "goal"]
    assert bool(missed) == bool(text)
    assert "not known" not in text
