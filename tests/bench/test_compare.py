"""Two checkouts are compared round by round, and a loss of speed fails."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench import compare, names
from bench.compare import main, program_of, ratios, slower, subject_name, table
from bench.errors import NotMeasuredError
from bench.subject import Cell


def cell(version: str, round_: int, calls: float, *, database: str = names.SQLITE) -> Cell:
    """A cell at 16 connections; its call takes a tenth of a second of all, and p99 is twice the mean."""
    each = 1e6 / calls
    return Cell(subject_name(database, version), 16, round_, calls, 1.0, each / 500, cpu_us={"synclead": each / 10})


def cells(*pairs: tuple[float, float]) -> list[Cell]:
    """Calls a second of old and new, in each round."""
    return [
        one
        for round_, (old, new) in enumerate(pairs, start=1)
        for one in (cell("old", round_, old), cell("new", round_, new))
    ]


def test_the_ratio_is_taken_in_each_round() -> None:
    """Its median is no ratio of medians: what slows both down in a round says nothing."""
    calls, cpu, p99 = ratios(cells((1000, 900), (100, 101), (2000, 2020)))
    assert calls.rounds == (0.9, 1.01, 1.01)
    assert (calls.old, calls.new, calls.middle) == (1000, 900, 1.01)
    assert (cpu.figure, round(cpu.middle, 3)) == ("CPU µs", 0.99)
    assert (p99.figure, round(p99.middle, 3)) == ("p99 ms", 0.99)
    shown = table([calls]).splitlines()[1]
    assert shown.split() == [
        "synclead,",
        "SQLite",
        "16",
        "calls/s",
        "1,000.0",
        "900.0",
        "1.010",
        "0.900-1.010",
        "0.900-1.010",
    ]


def test_a_round_counts_where_both_were_measured() -> None:
    """Nothing is compared with a cell that failed, nor with another database."""
    half = [*cells((1000, 1000)), cell("old", 2, 5000), cell("new", 2, 1, database=names.POSTGRES)]
    assert [one.rounds for one in ratios(half)] == [(1.0,)] * 3
    assert ratios([cell("old", 1, 5000)]) == []


def test_a_loss_is_named() -> None:
    """Of calls a second alone, where it is more than what may be lost."""
    found = ratios(cells((1000, 949), (1000, 940), (1000, 1100)))
    assert slower(found, 0.05) == ["synclead, SQLite, 16 connections: 0.949 of the calls a second"]
    assert slower(found, 0.06) == []


def test_a_checkout_without_its_program_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The sentence says how to make it."""
    with pytest.raises(NotMeasuredError, match="run make setup in"):
        program_of(tmp_path)
    assert main([str(tmp_path), str(tmp_path)]) == 1
    said = capsys.readouterr()
    assert "REFUSED: " in said.err
    assert said.out == ""


@pytest.mark.parametrize("words", [["one"], ["one", "two", "--connections", "many"], ["one", "two", "--rounds", "x"]])
def test_wrong_words_are_refused(words: list[str]) -> None:
    """With the usage, and exit 2."""
    with pytest.raises(SystemExit, match="2"):
        compare.main(words)
