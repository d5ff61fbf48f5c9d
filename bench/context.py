"""What every part works with."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from bench import machine
from bench.place import scratch
from bench.plan import Plan
from bench.postgres import Postgres, running_postgres
from bench.results import Results
from bench.rounds import Outcome, alternate
from bench.subject import Subject


@dataclass(slots=True)
class Context:
    """A folder on a disk, a PostgreSQL, and how much is to be measured."""

    plan: Plan
    quick: bool
    folder: Path
    postgres: Postgres
    say: Callable[[str], None]

    def run(
        self,
        subjects: Sequence[Subject],
        *,
        rounds: int | None = None,
        connections: Sequence[int] | None = None,
        warm: float | None = None,
        warm_cells: int = 1,
        turned: bool = False,
    ) -> Outcome:
        """The alternating rounds of the plan, `turned` as `alternate` has it.

        Raises UnsafeError before and after them, with nothing printed.
        """
        self.postgres.settings()
        outcome = alternate(
            subjects,
            rounds=rounds or self.plan.rounds,
            connections=connections or self.plan.connections,
            seconds=self.plan.seconds,
            warm_seconds=self.plan.warm_seconds if warm is None else warm,
            warm_cells=warm_cells,
            before_cell=self.postgres.checkpoint,
            say=self.say,
            turned=turned,
        )
        self.postgres.settings()
        return outcome

    def results(self, part: str, outcome: Outcome) -> Results:
        """The file of a part."""
        return Results(
            part=part,
            quick=self.quick,
            date=datetime.now(UTC).date().isoformat(),
            machine=machine.facts(self.folder),
            plan=asdict(self.plan),
            cells=outcome.cells,
            not_measured=outcome.not_measured,
            failed=outcome.failed,
            facts=outcome.facts,
        )


@contextmanager
def prepared(plan: Plan, *, quick: bool, disk: Path | None, say: Callable[[str], None]) -> Iterator[Context]:
    """Everything that a part needs, gone after the block. Raises UnsafeError."""
    with scratch(disk) as folder:
        own = folder / "postgres"
        own.mkdir()
        with running_postgres(own) as postgres:
            yield Context(plan, quick, folder, postgres, say)
