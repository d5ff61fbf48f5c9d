"""What the README says of the speed: the picture, the ratios to the best peer, and what is below its floor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.place import ROOT
from bench.results import Results
from bench.targets import BEST_PEER, Row, load_targets

FILE = ROOT / "README.md"
_BEGIN = "<!-- from here on made from the results: make bench-page -->\n"
_END = "<!-- to here -->\n"
_NOTHING = "Nothing has been measured yet.\n"


def readme(file: Path, results: Mapping[str, Results], rows: Sequence[Row]) -> str:
    """The whole text of the README, with what is made from the results as they make it.

    Raises ValueError where the README has no place for that.
    """
    before, begin, rest = file.read_text(encoding="utf-8").partition(_BEGIN)
    _, end, after = rest.partition(_END)
    if not begin or not end:
        raise ValueError(f"{file.name} has no place for the results: {_BEGIN.strip()} … {_END.strip()}")
    return before + begin + _made(results, rows) + end + after


def _made(results: Mapping[str, Results], rows: Sequence[Row]) -> str:
    if "peers" not in results:
        return _NOTHING
    titles = [one.title for one in load_targets() if one.to == BEST_PEER and one.key == "per_second"]
    at = results["peers"].connections()
    text = "\n![Calls a second, more is better](docs/performance/peers-calls.svg)\n\n"
    text += f"| connections | {' | '.join(map(str, at))} |\n| --- |{' --: |' * len(at)}\n"
    for title in titles:
        found = {row.at: row for row in rows if row.title == title and row.result is not None}
        cells = [f"{found[count].result:.2f}" if count in found else "" for count in at]
        text += f"| {title} | {' | '.join(cells)} |\n"
    return f"{text}\n{_faults(rows)}"


def _faults(rows: Sequence[Row]) -> str:
    """A line for each target that was missed by so much that it is a fault."""
    faults = [row for row in rows if row.is_fault]
    if not faults:
        return "No target is below its floor.\n"
    lines = [f"- {row.title}, {row.at}: {row.result:.2f}, and the floor is {row.floor:g}\n" for row in faults]
    return f"Below the floors that we set, which counts as a fault:\n\n{''.join(lines)}"
