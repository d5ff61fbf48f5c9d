"""The steps of a call in microseconds, and in instructions, which do not depend on who else uses the machine."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from bench import machine, place
from bench.context import Context
from bench.errors import CellFailedError, NotMeasuredError
from bench.instructions import compare, count_steps, load_baseline
from bench.results import Results
from bench.rounds import Outcome
from bench.subject import Cell


def run(context: Context) -> Results:
    """Times of every step in alternating rounds, then their instructions beside the committed ones."""
    outcome = Outcome()
    for round_ in range(1, context.plan.loops + 1):
        for name, seconds in medians(context.folder).items():
            outcome.cells.append(Cell(name, 1, round_, per_second=1 / seconds, p50_ms=seconds * 1000))
    try:
        counts = count_steps()
    except NotMeasuredError as error:
        outcome.not_measured["instructions"] = str(error)
        context.say(f"NOT MEASURED: instructions: {error}")
    else:
        outcome.facts["instructions"] = counts
        versions = machine.facts(context.folder)
        for line in compare(counts, load_baseline(), versions):
            context.say(line.text)
            if line.is_regression:
                outcome.failed.append(line.text)
    return context.results("micro", outcome)


def medians(folder: Path) -> dict[str, float]:
    """Seconds of each step, by pytest-benchmark. `folder`: where its report may lie."""
    report = folder / "micro.json"
    # CPU time: what other processes do meanwhile does not count.
    options = ("--benchmark-timer=time.process_time", "--benchmark-max-time=0.2", f"--benchmark-json={report}")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:xdist", *options, "bench/test_micro.py"]
    done = subprocess.run(command, cwd=place.ROOT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise CellFailedError(f"pytest-benchmark: exit {done.returncode}: {done.stdout[-300:]}")
    measured = json.loads(report.read_text(encoding="utf-8"))["benchmarks"]
    return {one["params"]["name"]: one["stats"]["median"] for one in measured}
