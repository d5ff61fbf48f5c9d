"""`python -m bench.compare OLD NEW`: whether calls have become slower from one checkout to another.

Each checkout serves by its own `.venv`, which `make setup` makes, on the same PostgreSQL and on an SQLite file. Old and
new are called in turn, old first in one round and new first in the next, and the ratio is taken in each round.

Exit 0: no median of calls a second fell by more than `--loss`. 1: one did, or a cell failed. 2: wrong usage.
"""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

from bench import names
from bench.__main__ import stop
from bench.context import Context, prepared
from bench.errors import NotMeasuredError, UnsafeError
from bench.plan import FULL, KNOWN_LEADS, Plan
from bench.rounds import Outcome
from bench.server import Synclead
from bench.subject import Cell

_PYTHON = "import platform; print(platform.python_version(), *platform.python_build(), platform.python_compiler())"
_CALLS, _CPU, _P99 = _FIGURES = ("calls/s", "CPU µs", "p99 ms")
_ROUNDS, _SECONDS, _WARM_SECONDS, _CONNECTIONS, _LOSS = 8, 4.0, 10.0, (16, 64), 0.05


@dataclass(frozen=True, slots=True)
class Ratios:
    """New to old of one figure on one database at one number of connections, one a round."""

    database: str
    connections: int
    figure: str
    old: float
    """The median."""
    new: float
    rounds: tuple[float, ...]

    @property
    def middle(self) -> float:
        """The median of the ratios."""
        return median(self.rounds)


def main(words: list[str]) -> int:
    """The exit code."""
    options = _options(words)
    plan = replace(
        FULL,
        rounds=options.rounds,
        seconds=options.seconds,
        warm_seconds=options.warm,
        connections=options.connections,
        known=options.leads,
    )
    try:
        programs = [program_of(checkout) for checkout in (options.old, options.new)]
        with prepared(plan, quick=False, disk=options.disk, say=_say) as context:
            outcome = _measure(context, programs, plan)
    except (NotMeasuredError, UnsafeError) as error:
        _say(f"REFUSED: {error}")
        return 1
    found = ratios(outcome.cells)
    print(table(found))
    problems = [*outcome.failed, *(f"{name}: {why}" for name, why in outcome.not_measured.items())]
    problems += [] if found or problems else ["nothing was measured"]
    problems += slower(found, options.loss)
    for problem in problems:
        print(f"FAILED: {problem}")
    return 1 if problems else 0


def program_of(checkout: Path) -> tuple[Path, str]:
    """The program of a checkout, and the build of its Python. Raises NotMeasuredError where there is none."""
    program = checkout.resolve() / ".venv" / "bin" / "synclead"
    if not program.exists():
        raise NotMeasuredError(f"{program} is missing: run make setup in {checkout}")
    found = subprocess.run([program.with_name("python"), "-c", _PYTHON], capture_output=True, text=True, check=True)
    return program, found.stdout.strip()


def _measure(context: Context, programs: Sequence[tuple[Path, str]], plan: Plan) -> Outcome:
    (old, its_python), (new, other_python) = programs
    if its_python != other_python:
        raise NotMeasuredError(f"the checkouts have different Pythons: {its_python} and {other_python}")
    subjects = [
        Synclead(
            subject_name(kind, version),
            context.folder / "compare" / f"{version}-{kind[-6:].lower()}",
            leads=plan.known,
            postgres=context.postgres if kind == names.POSTGRES else None,
            program=(str(program),),
            tool=(str(program),),
        )
        for kind in (names.POSTGRES, names.SQLITE)
        for version, program in (("old", old), ("new", new))
    ]
    return context.run(subjects, turned=True)


def subject_name(database: str, version: str) -> str:
    """What a cell of `old` or `new` is called."""
    return f"{database}, {version}"


def ratios(cells: Sequence[Cell]) -> list[Ratios]:
    """Of calls a second, the CPU time of a call and the time in which 99 % are answered.

    A round counts where both were measured in it.
    """
    found = []
    by_place = {(one.subject, one.connections, one.round): one for one in cells}
    for database in (names.POSTGRES, names.SQLITE):
        for connections in sorted({one.connections for one in cells}):
            pairs = [
                (old, new)
                for round_ in sorted({one.round for one in cells})
                if (old := by_place.get((subject_name(database, "old"), connections, round_)))
                and (new := by_place.get((subject_name(database, "new"), connections, round_)))
            ]
            for figure in _FIGURES if pairs else ():
                values = [(_value(old, figure), _value(new, figure)) for old, new in pairs]
                before, after = (median(one) for one in zip(*values, strict=True))
                rounds = tuple(new / old for old, new in values)
                found.append(Ratios(database, connections, figure, before, after, rounds))
    return found


def _value(cell: Cell, figure: str) -> float:
    if figure == _CALLS:
        return cell.per_second
    return cell.cpu_us["synclead"] if figure == _CPU else cell.p99_ms or 0.0


def slower(found: Sequence[Ratios], loss: float) -> list[str]:
    """A line for each number of calls a second that fell by more than `loss`, a part of one."""
    return [
        f"{one.database}, {one.connections} connections: {one.middle:.3f} of the calls a second"
        for one in found
        if one.figure == _CALLS and one.middle < 1 - loss
    ]


def table(found: Sequence[Ratios]) -> str:
    """For a terminal: the median of the ratios, the middle half of them, and the lowest and highest."""
    lines = [f"{'new to old':22} {'at':>4} {'figure':8} {'old':>9} {'new':>9} {'ratio':>7}  middle half   all rounds"]
    for one in found:
        lowest, *_, highest = ordered = sorted(one.rounds) * (1 if len(one.rounds) > 1 else 2)
        quarter = len(ordered) // 4
        half = f"{ordered[quarter]:.3f}-{ordered[-1 - quarter]:.3f}"
        lines.append(
            f"{one.database:22} {one.connections:4} {one.figure:8} {one.old:9,.1f} {one.new:9,.1f} {one.middle:7.3f}"
            f"  {half:12}  {lowest:.3f}-{highest:.3f}"
        )
    return "\n".join(lines)


def _options(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.compare", description="Compares the speed of two checkouts.")
    parser.add_argument("old", type=Path, help="a checkout with its .venv")
    parser.add_argument("new", type=Path, help="another one")
    parser.add_argument("--connections", type=_numbers, default=_CONNECTIONS, help="such as 16,64")
    parser.add_argument("--rounds", type=int, default=_ROUNDS)
    parser.add_argument("--seconds", type=float, default=_SECONDS, help="whole ones, a cell")
    parser.add_argument("--warm", type=float, default=_WARM_SECONDS, help="seconds of load that nobody counts")
    parser.add_argument("--leads", type=int, default=KNOWN_LEADS, help="stored before the first call")
    parser.add_argument("--loss", type=float, default=_LOSS, help="the part of the calls a second that may be lost")
    parser.add_argument(
        "--disk", type=Path, help="a folder on the disk to measure; default: the folder of temporary files"
    )
    return parser.parse_args(words)


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(number) for number in text.split(","))


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, stop)
    sys.exit(main(sys.argv[1:]))
