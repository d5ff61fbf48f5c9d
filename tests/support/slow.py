"""Clients that hold connections without being of use to anybody, thousands of them, in one thread."""

from __future__ import annotations

import asyncio
import os
import resource
import socket
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread
from time import monotonic

_PAUSE = 1.0
"""Seconds between two bytes."""
_AT_THE_DOOR = 200
"""Connections opened at once: fewer than a listener's queue holds."""


@dataclass(frozen=True)
class Habit:
    """What a client of one kind sends at once, what it sends a byte a second of, and whether it takes answers."""

    opening: bytes = b""
    trickle: bytes = b""
    reads: bool = True


@dataclass
class SlowClients:
    """So many clients of each habit, each on a connection of its own, which only the server ends."""

    port: int
    habits: Mapping[str, Habit]
    each: int
    opened: int = 0
    answered: dict[str, Counter[str]] = field(default_factory=dict)
    """Of each habit, how often an answer of which status came back."""

    @property
    def total(self) -> int:
        """How many there are."""
        return self.each * len(self.habits)

    @contextmanager
    def running(self) -> Iterator[None]:
        """All connections are open when the block begins; what is left of them is closed after it."""
        self.answered = {name: Counter() for name in self.habits}
        loop = asyncio.new_event_loop()
        thread = Thread(target=loop.run_forever)
        thread.start()
        everybody = asyncio.run_coroutine_threadsafe(self._live(), loop)
        try:
            await_that(lambda: self.opened == self.total or everybody.done(), 60, lambda: f"{self.opened} are open")
            yield
        finally:
            everybody.cancel()
            asyncio.run_coroutine_threadsafe(_settle(), loop).result(30)
            loop.call_soon_threadsafe(loop.stop)
            thread.join()
            loop.close()

    async def _live(self) -> None:
        door = asyncio.Semaphore(_AT_THE_DOOR)
        await asyncio.gather(*(self._one(name, door) for name in self.habits for _ in range(self.each)))

    async def _one(self, name: str, door: asyncio.Semaphore) -> None:
        loop, habit = asyncio.get_running_loop(), self.habits[name]
        with socket.socket() as connection:
            connection.setblocking(False)
            if not habit.reads:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            async with door:
                await loop.sock_connect(connection, ("127.0.0.1", self.port))
            self.opened += 1
            trickling = loop.create_task(_trickle(habit.trickle, connection))
            with suppress(OSError):  # closed by the server while bytes were on their way
                await loop.sock_sendall(connection, habit.opening)
                if not habit.reads:
                    await asyncio.Event().wait()
                while received := await loop.sock_recv(connection, 65536):
                    if received.startswith(b"HTTP/1.1 "):
                        self.answered[name][received[9:12].decode()] += 1
            trickling.cancel()


async def _trickle(some: bytes, connection: socket.socket) -> None:
    with suppress(OSError):
        while some:
            await asyncio.sleep(_PAUSE)
            await asyncio.get_running_loop().sock_sendall(connection, some[:1])


async def _settle() -> None:
    """Lets what was cancelled end."""
    rest = asyncio.all_tasks() - {asyncio.current_task()}
    for task in rest:
        task.cancel()
    await asyncio.gather(*rest, return_exceptions=True)


def await_that(condition: Callable[[], bool], within: float, state: Callable[[], object]) -> None:
    """Returns when the condition holds. AssertionError with the state after `within` seconds."""
    deadline = monotonic() + within
    while not condition():
        assert monotonic() < deadline, state()
        Event().wait(0.1)


def allow_connections(wanted: int) -> int:
    """How many connections this process may have at once, `wanted` at most; the limit of open files is raised."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = hard if hard != resource.RLIM_INFINITY else 65_536
    if soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    return min(wanted, most - 500)


def open_files(pid: int) -> int:
    """How many files a process has open, as the system sees it: each connection is one."""
    return len(os.listdir(f"/proc/{pid}/fd"))


def memory(pid: int) -> int:
    """Bytes of memory that a process uses (RSS)."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * resource.getpagesize()
