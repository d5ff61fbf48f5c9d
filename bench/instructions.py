"""Instructions of the steps, counted by valgrind, beside those that are committed: a regression, or noise.

`python -m bench.instructions` compares; exit 1 where a step has more. `--write` writes `instructions.toml` anew.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import machine, names, place
from bench.errors import CellFailedError, NotMeasuredError

FILE = Path(__file__).with_name("instructions.toml")
TOLERANCE = 0.05
"""Counts of the same code were seen to differ by up to 2 %; what is more than this is a change."""
_SAME = ("CPU", "Python")
_SAME_PACKAGES = ("lxml", "msgspec")
"""What must be the same for counts to be comparable: a C library chooses its code by the CPU."""
COUNTED = (names.PARSE, names.DECODE, names.READ, names.ENCODE, names.VERIFY, names.PLAN)
_TIMES = 300
"""Repetitions under valgrind."""
_HEAD = """\
# Instructions of each step of a call, by valgrind, on the machine and versions named. `make instructions` compares;
# after a change that is meant, `python -m bench.instructions --write` writes this file anew.

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


def count_steps() -> dict[str, int]:
    """Instructions of one repetition of each step. Raises NotMeasuredError without valgrind."""
    place.need("valgrind")
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        start = pool.submit(_count, COUNTED[0], 0)
        counted = {step: pool.submit(_count, step, _TIMES) for step in COUNTED}
        return {step: round((found.result() - start.result()) / _TIMES) for step, found in counted.items()}


def read_count(printed: str) -> int:
    """The number in valgrind's last words. Raises CellFailedError."""
    found = re.search(r"Collected\s*:\s*(\d+)", printed)
    if found is None:
        raise CellFailedError(f"valgrind ended without its count: {printed[-300:]}")
    return int(found[1])


def _count(step: str, times: int) -> int:
    valgrind = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"]
    command = [*valgrind, sys.executable, "-m", "bench.steps", step, str(times)]
    # The same hashes and no bytecode to be written: else the counts differ between runs.
    environment = os.environ | {"PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, cwd=place.ROOT, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise NotMeasuredError(f"valgrind cannot run Python here: exit {done.returncode}")
    return read_count(done.stderr)


def main(words: list[str]) -> int:
    """Compares or writes; 1 for a regression. Where valgrind is missing it says so, and that is none."""
    try:
        counts = count_steps()
    except NotMeasuredError as error:
        print(f"NOT MEASURED: {error}", file=sys.stderr)
        return 0
    facts = machine.facts(Path.cwd())
    if words == ["--write"]:
        FILE.write_text(text(counts, facts), encoding="utf-8")
        return 0
    lines = list(compare(counts, load_baseline(), facts))
    for line in lines:
        print(line.text)
    return 1 if any(line.is_regression for line in lines) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
