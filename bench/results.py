"""The results of a part as a file: raw figures, and what they were measured on."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from bench.subject import Cell

FOLDER = Path(__file__).with_name("results")
"""What is committed; a quick run goes elsewhere."""


@dataclass(slots=True)
class Results:
    """One run of one part."""

    part: str
    quick: bool
    date: str
    """The day, UTC."""
    machine: dict[str, Any]
    plan: dict[str, Any]
    cells: list[Cell] = field(default_factory=list)
    not_measured: dict[str, str] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)
    """By subject, what it says of itself: the settings of its database as they were read, and memory at rest."""

    def subjects(self) -> list[str]:
        """Who was measured, in order."""
        return list(dict.fromkeys(cell.subject for cell in self.cells))

    def connections(self) -> list[int]:
        """At how many connections, in order."""
        return sorted({cell.connections for cell in self.cells})

    def rounds(self) -> int:
        """How many rounds were measured."""
        return max((cell.round for cell in self.cells), default=0)

    def values(self, subject: str, connections: int, key: str) -> list[float]:
        """A figure in each round, in their order; none where it was not measured."""
        found = [cell for cell in self.cells if cell.subject == subject and cell.connections == connections]
        figures = [getattr(cell, key) for cell in sorted(found, key=_round)]
        return [figure for figure in figures if figure is not None]

    def median(self, subject: str, connections: int, key: str) -> float | None:
        """The median over the rounds."""
        found = self.values(subject, connections, key)
        return median(found) if found else None

    def cpu(self, subject: str, connections: int) -> dict[str, float]:
        """Microseconds of CPU a call, by process, each the median over the rounds."""
        rounds = [cell.cpu_us for cell in self.cells if cell.subject == subject and cell.connections == connections]
        processes = dict.fromkeys(name for one in rounds for name in one)
        return {name: median(one.get(name, 0.0) for one in rounds) for name in processes}

    def save(self, folder: Path) -> None:
        """Writes the file of the part, in place of the last one."""
        folder.mkdir(parents=True, exist_ok=True)
        document = asdict(self) | {"cells": [cell.as_json() for cell in self.cells]}
        (folder / f"{self.part}.json").write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def load(folder: Path) -> dict[str, Results]:
    """The results in a folder, by part."""
    found = {}
    for path in sorted(folder.glob("*.json")):
        document = json.loads(path.read_text(encoding="utf-8"))
        document["cells"] = [Cell(**cell) for cell in document["cells"]]
        found[document["part"]] = Results(**document)
    return found


def _round(cell: Cell) -> int:
    return cell.round
