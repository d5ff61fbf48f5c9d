"""A server under test: its processes, what they cost and what they hold."""

from __future__ import annotations

import http.client
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread
from time import monotonic

import psutil  # type: ignore[import-untyped]  # the lock has no stubs of it

from bench.errors import CellFailedError

READY_SECONDS = 60.0
STOP_SECONDS = 20.0
_SAMPLE_SECONDS = 0.5


class Processes:
    """Commands that serve together, by their names; what they say goes into a file each."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str, command: Sequence[str], environment: Mapping[str, str]) -> None:
        """Starts one of them in the folder and returns at once."""
        with (self._folder / f"{name}.log").open("ab") as log:
            self._running[name] = subprocess.Popen(
                list(command),
                cwd=self._folder,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def await_ready(self, port: int, path: str) -> None:
        """Returns when something answers HTTP there, whatever the status. Raises CellFailedError with the logs."""
        deadline = monotonic() + READY_SECONDS
        while monotonic() < deadline:
            if _answers(port, path):
                return
            for name, process in self._running.items():
                with suppress(subprocess.TimeoutExpired):
                    code = process.wait(timeout=0.1)
                    raise CellFailedError(f"{name} ended with {code} at its start: {self._tail(name)}")
        raise CellFailedError("nothing answered in time: " + "; ".join(map(self._tail, self._running)))

    def roots(self) -> dict[str, int]:
        """The process ids by their names; what they start belongs to them."""
        return {name: process.pid for name, process in self._running.items()}

    def stop(self) -> None:
        """Ends all, as an operator does."""
        for process in self._running.values():
            with suppress(ProcessLookupError):
                process.send_signal(signal.SIGTERM)
        for process in self._running.values():
            try:
                process.wait(timeout=STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._running.clear()

    def _tail(self, name: str) -> str:
        text = (self._folder / f"{name}.log").read_text(encoding="utf-8", errors="replace")
        return " | ".join(text.splitlines()[-8:])


def _answers(port: int, path: str) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status > 0
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def cpu_seconds(root: int) -> float:
    """What a process, its children and those that it outlived have used of the CPU."""
    total = 0.0
    for process in _family(root):
        with suppress(psutil.Error):
            times = process.cpu_times()
            total += times.user + times.system + times.children_user + times.children_system
    return total


def thread_seconds(pid: int) -> tuple[float, float]:
    """CPU seconds of a process's main thread, and of all its others."""
    own = others = 0.0
    for thread in psutil.Process(pid).threads():
        seconds = thread.user_time + thread.system_time
        if thread.id == pid:
            own += seconds
        else:
            others += seconds
    return own, others


def resident(root: int) -> float:
    """RSS of a process and its children, in MiB: memory that they share is counted for each."""
    total = 0
    for process in _family(root):
        with suppress(psutil.Error):
            total += process.memory_info().rss
    return total / 2**20


def proportional(root: int) -> float:
    """PSS of a process and its children, in MiB: memory that they share is counted once."""
    total = 0
    for process in _family(root):
        with suppress(psutil.Error):
            total += process.memory_full_info().pss
    return total / 2**20


class Watch:
    """What a server, and the others that work for it, cost between `with` and its end.

    The CPU time of all, and the memory of the server alone: reading that of a database with its shared memory
    would disturb what is measured.
    """

    def __init__(self, server: Mapping[str, int], others: Mapping[str, int]) -> None:
        self._server = dict(server)
        self._roots = self._server | dict(others)
        self._over = Event()
        self._thread = Thread(target=self._sample, daemon=True)
        self._before: dict[str, float] = {}
        self.cpu: dict[str, float] = {}
        """Seconds, by name."""
        self.rss: dict[str, float] = dict.fromkeys(server, 0.0)
        """MiB, the highest."""
        self.pss: dict[str, float] = {}
        """MiB, at the end."""

    def __enter__(self) -> Watch:
        self._before = {name: cpu_seconds(root) for name, root in self._roots.items()}
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.cpu = {name: cpu_seconds(root) - self._before[name] for name, root in self._roots.items()}
        self._over.set()
        self._thread.join()
        self.pss = {name: proportional(root) for name, root in self._server.items()}

    def _sample(self) -> None:
        while True:
            for name, root in self._server.items():
                self.rss[name] = max(self.rss[name], resident(root))
            if self._over.wait(_SAMPLE_SECONDS):
                return


def _family(root: int) -> list[psutil.Process]:
    try:
        process = psutil.Process(root)
        return [process, *process.children(recursive=True)]
    except psutil.Error:
        return []
