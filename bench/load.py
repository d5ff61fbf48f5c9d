"""wrk with its script: calls as fast as they are answered, and everything that was acknowledged."""

from __future__ import annotations

import os
import re
import resource
import subprocess
from dataclasses import dataclass
from pathlib import Path

from bench import call
from bench.errors import CellFailedError
from bench.place import need

SCRIPT = Path(__file__).with_name("load.lua")
_LEAST_TIMEOUT_SECONDS = 2


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """One call that was answered with success."""

    outcome: str
    lead_id: int
    email: str
    score: int


@dataclass(frozen=True, slots=True)
class Load:
    """What wrk saw of one cell."""

    acknowledged: list[Acknowledged]
    sent: int
    """Calls made; those beyond the acknowledged ones were under way at the end, a connection at most one."""
    seconds: float
    p50_ms: float
    p99_ms: float
    cpu_seconds: float
    """Of wrk itself, which shares the machine."""

    @property
    def per_second(self) -> float:
        """Acknowledged calls a second."""
        return len(self.acknowledged) / self.seconds


def run_wrk(port: int, *, connections: int, seconds: float, cell: int, known: int, folder: Path) -> Load:
    """Calls a server for some seconds. `cell` makes the Emails and scores those of this cell alone.

    Raises NotMeasuredError without wrk, and CellFailedError where any answer was not a success.
    """
    need("wrk")
    parts = call.signed()
    file = folder / "acknowledged.txt"
    environment = {
        "PATH": os.environ["PATH"],
        "BENCH_BEFORE": parts.before,
        "BENCH_BETWEEN": parts.between,
        "BENCH_AFTER": parts.after,
        "BENCH_CELL": str(cell),
        "BENCH_KNOWN": str(known),
        "BENCH_FIRST_SCORE": str(call.first_score(cell)),
        "BENCH_ACKNOWLEDGED": str(file),
    }
    used = _children_seconds()
    # One thread: it makes some 50,000 calls a second, and the count of what was sent is exact.
    command = ["wrk", "-t1", f"-c{connections}", f"-d{round(seconds)}s"]
    # A connection that is starved the whole time would not be among the latencies: it is a failure.
    command.append(f"--timeout={max(_LEAST_TIMEOUT_SECONDS, round(seconds) - 1)}s")
    command += ["-s", str(SCRIPT), f"http://127.0.0.1:{port}{call.PATH}"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, errors="replace", check=False)
    cpu = _children_seconds() - used
    if done.returncode != 0:
        raise CellFailedError(f"wrk: exit {done.returncode}: {done.stderr.strip()}")
    numbers = read_numbers(done.stdout)
    return Load(
        read_acknowledged(file.read_text(encoding="utf-8")),
        sent=numbers["sent"],
        seconds=numbers["microseconds"] / 1e6,
        p50_ms=numbers["p50"] / 1000,
        p99_ms=numbers["p99"] / 1000,
        cpu_seconds=cpu,
    )


def read_numbers(printed: str) -> dict[str, int]:
    """What the script printed at the end. Raises CellFailedError where an answer was wrong or a connection broke."""
    numbers = {name: int(value) for name, value in re.findall(r"^BENCH (\w+) (-?\d+)$", printed, re.MULTILINE)}
    first_wrong = re.search(r"^BENCH_WRONG (.*)$", printed, re.MULTILINE)
    if not numbers or first_wrong is None:
        raise CellFailedError(f"wrk ended without its numbers: {printed[-300:]}")
    for name in ("wrong", "status_errors", "socket_errors", "timeouts"):
        if numbers[name]:
            raise CellFailedError(f"{numbers[name]} calls ended as {name.replace('_', ' ')}; first: {first_wrong[1]}")
    if not numbers["requests"]:
        raise CellFailedError("no call was answered")
    return numbers


def read_acknowledged(text: str) -> list[Acknowledged]:
    """The lines that the script wrote, one for each success."""
    rows = [line.split(" ") for line in text.splitlines()]
    return [Acknowledged(outcome, int(lead), email, int(score)) for outcome, lead, email, score in rows]


def _children_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
