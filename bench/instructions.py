"""Instructions of the steps beside those that are committed: a regression, or noise.

`python -m bench.instructions [FOLDER]` writes `instructions.toml` anew from the last results of the part `micro`.
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.results import FOLDER, load

FILE = Path(__file__).with_name("instructions.toml")
TOLERANCE = 0.05
"""Counts of the same code were seen to differ by up to 2 %; what is more than this is a change."""
_SAME = ("CPU", "Python")
_SAME_PACKAGES = ("lxml", "msgspec")
"""What must be the same for counts to be comparable: a C library chooses its code by the CPU."""
_HEAD = """\
# Instructions of each step of a call, by valgrind, on the machine and versions named. `make bench PART=micro` compares;
# after a change that is meant, `python -m bench.instructions` writes this file anew.

"""


@dataclass(frozen=True, slots=True)
class Line:
    """What is said of one step."""

    text: str
    is_regression: bool = False


def load_baseline(file: Path = FILE) -> dict[str, Any]:
    """What is committed: `steps`, and the facts that they depend on; empty where nothing is."""
    return tomllib.loads(file.read_text(encoding="utf-8")) if file.exists() else {}


def compare(counts: Mapping[str, int], baseline: Mapping[str, Any], facts: Mapping[str, Any]) -> Iterator[Line]:
    """A line a step; one alone where there is no baseline, or one of another machine or other versions."""
    if not baseline:
        yield Line("NOT MEASURED: instructions are not compared, there is no baseline")
        return
    packages = baseline["packages"]
    different = [name for name in _SAME if baseline[name] != facts[name]]
    different += [name for name in _SAME_PACKAGES if packages.get(name) != facts["packages"][name]]
    if different:
        yield Line(f"NOT MEASURED: instructions are not compared, the baseline has another {', '.join(different)}")
        return
    for step, count in counts.items():
        committed = baseline["steps"].get(step)
        if committed is None:
            yield Line(f"{step} has no instructions in the baseline", is_regression=True)
            continue
        change = count / committed - 1
        text = f"{step}: {count:,} instructions, {change:+.1%} of {committed:,}"
        yield Line(text, is_regression=change > TOLERANCE)


def text(counts: Mapping[str, int], facts: Mapping[str, Any]) -> str:
    """The file for these counts."""
    lines = [f'CPU = "{facts["CPU"]}"', f'Python = "{facts["Python"]}"', "", "[packages]"]
    lines += [f'{name} = "{facts["packages"][name]}"' for name in _SAME_PACKAGES]
    lines += ["", "[steps]", *(f'"{step}" = {count}' for step, count in counts.items())]
    return _HEAD + "\n".join(lines) + "\n"


def main(words: list[str]) -> int:
    """Writes the baseline from the results in a folder; 1 where there is none to write it from."""
    results = load(Path(words[0]) if words else FOLDER).get("micro")
    if results is None or "instructions" not in results.facts:
        print("there are no counts: run make bench PART=micro where valgrind is installed", file=sys.stderr)
        return 1
    FILE.write_text(text(results.facts["instructions"], results.machine), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
