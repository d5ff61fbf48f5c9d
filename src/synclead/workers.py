"""The parent of several serving processes: starts them on one listener, replaces those that end, stops them all.

Not uvicorn's own supervisor: it kills a child that does not answer for seconds, gives up when one cannot start,
waits without end for one that does not stop, and leaves all of them running when it is killed itself.
"""

import asyncio
import signal
import socket
import sys
from collections.abc import Awaitable
from contextlib import suppress

from synclead.app import CLOSING_SECONDS
from synclead.logs import get_logger
from synclead.metrics.board import Board
from synclead.settings import Settings, write_settings

_FIRST_PAUSE_SECONDS = 0.5
_LONGEST_PAUSE_SECONDS = 8.0
_STEADY_SECONDS = 30.0
"""A worker that lived so long did not die of its start: the next one comes after the first pause."""
_KILL_AFTER_SECONDS = 0.7
"""Beyond the time that a worker's own end may take; with the longest of it still within 20 s of SIGTERM."""

_log = get_logger()


def supervise(settings: Settings, listener: socket.socket, board: Board) -> int:
    """Serves with `settings.workers` processes until SIGTERM or SIGINT; gives the exit code, 0.

    `listener` is bound, and closed here when the end begins. Every process opens a database of its own,
    and shows its figures on `board`.
    """
    asyncio.run(_supervise(settings, listener, board))
    return 0


async def _supervise(settings: Settings, listener: socket.socket, board: Board) -> None:
    stop = asyncio.Event()
    for one in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(one, stop.set)
    async with asyncio.TaskGroup() as group:
        for number in range(1, settings.workers + 1):
            group.create_task(_Worker(number, settings, listener, board, stop).keep())
        await stop.wait()
        _log.info("stopping")
        listener.close()  # or the system would go on taking connections
    _log.info("stopped")


class _Worker:
    """One place among the serving processes: its process, and the next one when that has ended."""

    def __init__(
        self, number: int, settings: Settings, listener: socket.socket, board: Board, stop: asyncio.Event
    ) -> None:
        self._number = number
        self._settings = settings
        self._listener = listener
        self._board = board
        self._stop = stop
        self._end_seconds = settings.shutdown_timeout + CLOSING_SECONDS + _KILL_AFTER_SECONDS

    async def keep(self) -> None:
        """Keeps the place filled until the end."""
        loop = asyncio.get_running_loop()
        pause = _FIRST_PAUSE_SECONDS
        while not self._stop.is_set():
            started = loop.time()
            how = await self._run()
            if self._stop.is_set():
                return
            if loop.time() - started >= _STEADY_SECONDS:
                pause = _FIRST_PAUSE_SECONDS
            _log.error("worker ended", worker=self._number, how=how, next_in_seconds=pause)
            await _first(self._stop.wait(), asyncio.sleep(pause))
            pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)

    async def _run(self) -> str:
        """One process from its start to its end; says how it ended."""
        try:
            process = await self._start()
        except OSError as error:
            return f"not started: {error.strerror or error}"
        _log.info("worker started", worker=self._number, pid=process.pid)
        await _first(process.wait(), self._stop.wait())
        if process.returncode is None:
            await self._end(process)
        return _ending(process.returncode)

    async def _start(self) -> asyncio.subprocess.Process:
        descriptor = self._listener.fileno()
        process = await asyncio.create_subprocess_exec(
            # -P: no module of the folder that we were started in may take the place of a library.
            *(
                sys.executable,
                "-P",
                "-m",
                "synclead.worker",
                str(self._number),
                str(descriptor),
                str(self._board.folder),
            ),
            # Stays open while this process lives: its end tells the worker that nobody is there to stop it.
            stdin=asyncio.subprocess.PIPE,
            pass_fds=(descriptor,),
            # A terminal's Ctrl-C is for this process alone: the worker would take a second one as an order to hurry.
            start_new_session=True,
        )
        if process.stdin is not None:
            # Not as arguments: the database URL may have a password in it, and every user sees those.
            process.stdin.write(write_settings(self._settings) + b"\n")
        return process

    async def _end(self, process: asyncio.subprocess.Process) -> None:
        with suppress(ProcessLookupError):
            process.terminate()
        await _first(process.wait(), asyncio.sleep(self._end_seconds))
        if process.returncode is None:
            _log.error("worker did not end in time and is killed", worker=self._number, pid=process.pid)
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()


def _ending(code: int | None) -> str:
    return f"exit code {code}" if code is None or code >= 0 else f"signal {signal.Signals(-code).name}"


async def _first(*waits: Awaitable[object]) -> None:
    """Returns when one of them is done, and ends the others."""
    tasks = [asyncio.ensure_future(one) for one in waits]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()
