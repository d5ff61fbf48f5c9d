"""What the stacks came to, kept until the page of the clients is made of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

FOLDER = Path(__file__).parents[2] / ".conformance" / "results"


@dataclass(frozen=True)
class Result:
    """One run of a stack that was as it should be."""

    folder: str
    variant: str
    version: str
    steps: Mapping[str, str]
    """Each step and whether it is `ok` or one that the stack `cannot` do."""


def save(result: Result) -> None:
    """Keeps a result, in place of the last one of the same stack and variant."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    path = FOLDER / f"{result.folder}-{result.variant}.json"
    path.write_text(json.dumps(asdict(result)), encoding="utf-8")


def saved() -> list[Result]:
    """Every result kept."""
    return [Result(**json.loads(path.read_text(encoding="utf-8"))) for path in sorted(FOLDER.glob("*.json"))]
