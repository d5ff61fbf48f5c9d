"""`python -m bench` says what each target came to, and its exit code whether all is well."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bench import __main__ as program
from bench import names
from bench.context import Context
from bench.errors import CellFailedError, UnsafeError
from bench.results import Results
from bench.subject import Cell


def micro(ratio: float, failed: list[str]) -> Results:
    """Results of the part `micro` in which decoding and encoding take `ratio` times as long as parsing."""
    cells = [Cell(names.PARSE, 1, 1, 1, p50_ms=1), Cell(names.DECODE_AND_ENCODE, 1, 1, 1, p50_ms=ratio)]
    return Results("micro", True, "2026-01-01", {}, {}, cells, failed=failed)


@pytest.fixture
def measure(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[Callable[[], Results]], int]:
    """Runs the program with a part that does not measure."""

    @contextmanager
    def nothing(*_: object, **__: object) -> Iterator[None]:
        yield

    def run(part: Callable[[], Results]) -> int:
        def replaced(context: Context) -> Results:
            return part()

        monkeypatch.setattr(program, "prepared", nothing)
        monkeypatch.setitem(program.PARTS, "micro", replaced)
        return program.main(["--quick", "--part", "micro", "--results", str(tmp_path)])

    return run


@pytest.mark.parametrize(
    ("ratio", "failed", "code", "said"),
    [
        (4.0, [], 0, "   4.00  goal"),
        (5.5, [], 0, "   5.50  above the floor"),
        (6.5, [], 1, "   6.50  BELOW THE FLOOR"),
        (4.0, ["plan: 400 instructions, +20.0% of 333"], 1, "FAILED: plan: 400 instructions"),
    ],
)
def test_the_exit_code_says_whether_all_is_well(
    measure: Callable[[Callable[[], Results]], int],
    capsys: pytest.CaptureFixture[str],
    ratio: float,
    failed: list[str],
    code: int,
    said: str,
) -> None:
    """Below the goal is no fault; below the floor, or with a failed check, it is."""
    assert measure(lambda: micro(ratio, failed)) == code
    assert said in capsys.readouterr().out


@pytest.mark.parametrize(
    ("error", "out"),
    [
        (UnsafeError("PostgreSQL has fsync = off instead of on"), False),
        (CellFailedError("a lead is lost"), True),
    ],
)
def test_what_is_unsafe_or_wrong_fails(
    measure: Callable[[Callable[[], Results]], int], capsys: pytest.CaptureFixture[str], error: Exception, out: bool
) -> None:
    """Of an unsafe database no table is printed at all; a part that failed has no result."""

    def part() -> Results:
        raise error

    assert measure(part) == 1
    said = capsys.readouterr()
    assert str(error) in said.err
    assert bool(said.out) is out
    assert "not measured" in said.out or not out
