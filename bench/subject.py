"""What is measured: servers that wrk calls, each with a database of its own."""

from __future__ import annotations

import http.client
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from bench import call, verify
from bench.errors import CellFailedError
from bench.load import Load, run_wrk
from bench.postgres import Postgres, free_port
from bench.process import Processes, Watch, proportional, resident
from bench.spread import check_choice, chosen
from bench.verify import Stored

FIRST_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Cell:
    """One subject at one number of connections in one round."""

    subject: str
    connections: int
    round: int
    per_second: float
    """Calls, or transactions, a second."""
    p50_ms: float | None = None
    p99_ms: float | None = None
    cpu_us: Mapping[str, float] = field(default_factory=dict)
    """Microseconds of CPU time a call, by process."""
    rss_mib: float | None = None
    """The most that the server held while it was called; shared memory is counted once a process."""
    pss_mib: float | None = None
    """At the end of the cell; shared memory is counted once."""
    different: int | None = None
    """Leads that the calls for known ones went to; `spread` says how many they must be."""
    row_waits: float | None = None
    """Of the time of pgbench's connections, the part in which they waited for each other's rows; from 0 to 1."""

    def as_json(self) -> dict[str, Any]:
        """For the file of results, with a precision that means something."""
        rounded = asdict(self)
        rounded["per_second"] = round(self.per_second, 1)
        rounded["cpu_us"] = {name: round(value, 1) for name, value in self.cpu_us.items()}
        for name in ("p50_ms", "p99_ms", "rss_mib", "pss_mib", "row_waits"):
            if rounded[name] is not None:
                rounded[name] = round(rounded[name], 5)
        return rounded


class Subject(ABC):
    """Something that is started once, measured in every round, and stopped."""

    name: str
    """As the tables call it."""

    def open(self) -> None:  # noqa: B027 -- most have nothing to start
        """Starts it. Raises NotMeasuredError where something is missing."""

    @abstractmethod
    def measure(self, *, connections: int, seconds: float, cell: int, round_: int) -> Cell:
        """One cell. Raises CellFailedError where what was answered or stored was wrong."""

    def finish(self) -> None:  # noqa: B027 -- most have nothing more to check
        """What can only be checked once, at the end. Raises CellFailedError."""

    def close(self) -> None:  # noqa: B027
        """Stops it, whatever happened."""

    def facts(self) -> dict[str, Any]:
        """What else the results say of it."""
        return {}


class Served(Subject):
    """A server under test that stores leads."""

    def __init__(self, name: str, folder: Path, known: int, postgres: Postgres | None) -> None:
        """`known`: leads of its database that the calls choose from. `postgres`: who works for it."""
        self.name = name
        self.folder = folder
        self.known = known
        self.postgres = postgres
        self.port = free_port()
        self.processes = Processes(folder)
        self.first_answer = b""
        """To a call before the load: some servers need seconds for it."""
        self._rest: dict[str, float] = {}

    @abstractmethod
    def launch(self) -> None:
        """Makes its database and starts its processes. Raises NotMeasuredError."""

    @abstractmethod
    def stored(self, load: Load) -> Stored:
        """The leads that it has of what was acknowledged."""

    def open(self) -> None:
        """See Subject."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.launch()
        self.first_answer = self._first_call()
        roots = self.processes.roots().values()
        self._rest = {"rss_mib": sum(map(resident, roots)), "pss_mib": sum(map(proportional, roots))}

    def measure(self, *, connections: int, seconds: float, cell: int, round_: int) -> Cell:
        """See Subject."""
        others = {"PostgreSQL": self.postgres.pid} if self.postgres else {}
        with Watch(self.processes.roots(), others) as watch:
            load = self.load(connections=connections, seconds=seconds, cell=cell)
        different = self.check(load, cell=cell, connections=connections)
        calls = len(load.acknowledged)
        costs = watch.cpu | {"wrk": load.cpu_seconds}
        return Cell(
            subject=self.name,
            connections=connections,
            round=round_,
            per_second=load.per_second,
            p50_ms=load.p50_ms,
            p99_ms=load.p99_ms,
            cpu_us={name: used / calls * 1e6 for name, used in costs.items()},
            rss_mib=sum(watch.rss.values()),
            pss_mib=sum(watch.pss.values()),
            different=different,
        )

    def check(self, load: Load, *, cell: int, connections: int) -> int | None:
        """Whether every acknowledged lead is stored, once, and the calls were for as many leads as they should be.

        The different leads that were there before; None where nothing is stored. Raises CellFailedError.
        """
        verify.check(load, self.stored(load), cell=cell, connections=connections)
        made, updates, different = chosen(one.email for one in load.acknowledged)
        check_choice(made=made, updates=updates, different=different, known=self.known, connections=connections)
        return different

    def load(self, *, connections: int, seconds: float, cell: int) -> Load:
        """Calls it, and gives what wrk saw."""
        return run_wrk(
            self.port, connections=connections, seconds=seconds, cell=cell, known=self.known, folder=self.folder
        )

    def close(self) -> None:
        """See Subject."""
        self.processes.stop()

    def _first_call(self) -> bytes:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=FIRST_SECONDS)
        try:
            body = call.signed().whole(call.known_email(1), 1)
            connection.request("POST", call.PATH, body, {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": '""'})
            response = connection.getresponse()
            answer = response.read()
        except (OSError, http.client.HTTPException) as error:
            raise CellFailedError(f"the first call was not answered: {error}") from error
        finally:
            connection.close()
        if response.status != 200:
            raise CellFailedError(f"the first call was answered {response.status}: {answer[:300]!r}")
        return answer

    def facts(self) -> dict[str, Any]:
        """See Subject."""
        return {"at_rest": {name: round(value, 1) for name, value in self._rest.items()}}
