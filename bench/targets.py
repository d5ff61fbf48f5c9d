"""What is aimed at, what is a fault, and what was reached: the rows of `targets.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench import names
from bench.errors import NotMeasuredError
from bench.results import Results

FILE = Path(__file__).with_name("targets.toml")
BEST_PEER = "best peer"
"""The one with the most calls a second at the same number of connections."""


@dataclass(frozen=True, slots=True)
class Target:
    """A line of the file: one figure, at one or several numbers of connections."""

    title: str
    part: str
    of: str
    """The subject."""
    key: str
    """The figure of its cells."""
    better: str
    """`more` or `less`."""
    at: list[int]
    """Connections."""
    goal: list[float]
    floor: list[float]
    """Beyond it is a fault."""
    to: str = ""
    """The subject that it is divided by, in each round; empty: it is no ratio."""
    to_key: str = ""
    """The figure that it is divided by, where it is another one."""
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A target at one number of connections, and what it came to."""

    title: str
    at: int
    goal: float
    floor: float
    better: str
    unit: str
    result: float | None
    reason: str = ""
    """Why there is no result."""

    @property
    def verdict(self) -> str:
        """`goal`, `above the floor`, `BELOW THE FLOOR`, or why it was not measured."""
        if self.result is None:
            return f"not measured: {self.reason}"
        if self._reaches(self.goal):
            return "goal"
        return "above the floor" if self._reaches(self.floor) else "BELOW THE FLOOR"

    @property
    def is_fault(self) -> bool:
        """Whether it was measured and is below its floor."""
        return self.result is not None and not self._reaches(self.floor)

    def _reaches(self, bound: float) -> bool:
        assert self.result is not None
        return self.result >= bound if self.better == "more" else self.result <= bound


def load_targets(file: Path = FILE) -> list[Target]:
    """The targets in their order."""
    return [Target(**row) for row in tomllib.loads(file.read_text(encoding="utf-8"))["target"]]


def judge(targets: list[Target], results: Mapping[str, Results]) -> list[Row]:
    """Every target with its result, or with the reason why there is none."""
    return [row for target in targets for row in _rows(target, results)]


def _rows(target: Target, results: Mapping[str, Results]) -> Iterator[Row]:
    for at, goal, floor in zip(target.at, target.goal, target.floor, strict=True):
        try:
            result, reason = figure(target, at, results), ""
        except NotMeasuredError as error:
            result, reason = None, str(error)
        yield Row(target.title, at, goal, floor, target.better, target.unit, result, reason)


def figure(target: Target, at: int, results: Mapping[str, Results]) -> float:
    """The median over the rounds; a ratio is taken in each round. Raises NotMeasuredError with the reason."""
    found = results.get(target.part)
    if found is None:
        raise NotMeasuredError(f"run make bench PART={target.part}")
    own = _values(found, target.of, at, target.key)
    if not target.to:
        return median(own)
    other = best_peer(found, at) if target.to == BEST_PEER else target.to
    others = _values(found, other, at, target.to_key or target.key)
    if len(own) != len(others):
        raise NotMeasuredError(f"{target.of} and {other} were not measured in the same rounds")
    return median(one / two for one, two in zip(own, others, strict=True))


def best_peer(results: Results, connections: int) -> str:
    """Its name. Raises NotMeasuredError where any peer is missing: it could have been the best."""
    speeds = {peer: median(_values(results, peer, connections, "per_second")) for peer in names.PEERS}
    return max(speeds, key=speeds.__getitem__)


def _values(results: Results, subject: str, connections: int, key: str) -> list[float]:
    values = results.values(subject, connections, key)
    if not values:
        failed = next((text for text in results.failed if text.startswith(f"{subject}, ")), "")
        reason = results.not_measured.get(subject) or failed or f"no figure of {subject}"
        raise NotMeasuredError(reason)
    return values
