"""Statements to PostgreSQL in one round trip, by libpq's pipeline mode on the event loop.

psycopg opens the connection and reads the values. Its cursors are passed by: for eight statements in a transaction they
took 800 us of CPU, where libpq's own calls take 115.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from selectors import EVENT_READ, DefaultSelector
from typing import Any, NamedTuple

import psycopg
from psycopg import AsyncConnection, pq
from psycopg.adapt import Transformer
from psycopg.errors import Diagnostic, error_from_result
from psycopg.pq.abc import PGresult

from synclead.alarm import Alarm
from synclead.store.transaction import Row

Connection = AsyncConnection[tuple[Any, ...]]


def is_end_of_wait(notice: Diagnostic) -> bool:
    """Whether PostgreSQL warns that a commit does not wait for its standby any more.

    Such a commit counts as done, and no time-out ends the wait: somebody cancels it, or ends the connection. The words
    are in the server's language; what a function of the server's users raises is not it.
    """
    is_warning = notice.severity_nonlocalized == "WARNING" and notice.sqlstate in ("01000", "57P01")
    return is_warning and notice.source_function != "exec_stmt_raise"


class Command(NamedTuple):
    """A statement with its parameter `$1`, if it has one."""

    text: bytes
    parameter: bytes | None = None
    name: bytes | None = None
    """What it is called where it is prepared: the same name always means the same text. None: it is not prepared."""


class Pipeline:
    """The pipeline of one connection. One user at a time.

    A statement that failed leaves it usable; who is cancelled, or hears that the connection is gone, closes it.
    """

    def __init__(self, connection: Connection) -> None:
        """Takes the connection over, for the running loop: psycopg's own methods cannot be used on it any more."""
        self._connection = connection
        self._loop = asyncio.get_running_loop()
        self._libpq = connection.pgconn
        self._libpq.enter_pipeline_mode()
        # The loop watches libpq's socket for many answers: to begin and to end that takes eight system calls. By way of
        # a selector of our own, because uvloop takes a socket's first error for the end of the watching, and libpq
        # closes its socket as soon as the server goes, so that the next file has the number that the loop knows.
        self._selector = DefaultSelector()
        self._selector.register(self._libpq.socket, EVENT_READ)
        self._is_watched = False
        self._ready: asyncio.Future[None] | None = None
        """Set when the socket has something for who waits."""
        self._is_late = False
        """Whether the time of what runs is over."""
        self._deadline = Alarm(self._loop, self._expire)
        self._transformer = Transformer(connection)
        self._prepared: set[bytes] = set()
        self._received = 0
        """Results of what runs that have come so far."""
        self.is_unreplicated = False
        """Whether the COMMIT of the last `run` did not wait for the standby that it has to wait for."""
        self._wait_ended_at = -1
        connection.add_notice_handler(self._notice)

    async def close(self) -> None:
        """Closes the connection, whatever state it is in."""
        self._deadline.close()
        self._unwatch()
        self._selector.close()
        self._connection.remove_notice_handler(self._notice)
        with suppress(psycopg.Error):
            await self._connection.close()

    async def run(self, commands: Sequence[Command], *, seconds: float | None = None) -> list[list[Row]]:
        """Sends all and gives each one's rows. One that fails takes those that follow with it.

        Raises the psycopg.Error of the first that failed, an OperationalError where the connection is gone, or a
        TimeoutError where the answers took longer than `seconds`.
        """
        if seconds is None:
            return await self._run(commands)
        self._is_late = False
        self._deadline.set(seconds)
        try:
            return await self._run(commands)
        finally:
            self._deadline.cancel()

    async def _run(self, commands: Sequence[Command]) -> list[list[Row]]:
        libpq = self._libpq
        self._received, self._wait_ended_at = 0, -1
        prepares: list[bytes | None] = []
        """What each result is to be: of the preparing of that name, or of a command."""
        for text, parameter, name in commands:
            parameters = None if parameter is None else [parameter]
            if name is None:
                libpq.send_query_params(text, parameters)
            else:
                if name not in self._prepared and name not in prepares:
                    libpq.send_prepare(name, text)
                    prepares.append(name)
                libpq.send_query_prepared(name, parameters)
            prepares.append(None)
        libpq.pipeline_sync()
        results = await self._results()
        # A warning before it is that of a statement, of which a trigger may make any.
        self.is_unreplicated = self._wait_ended_at == len(results) - 1
        answers = []
        for prepared, result in zip(prepares, results, strict=True):
            if result.status not in (pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK):
                raise error_from_result(result)
            if prepared is None:
                answers.append(self._rows(result))
            else:
                self._prepared.add(prepared)
        return answers

    def _rows(self, result: PGresult) -> list[Row]:
        if not result.ntuples:
            return []
        self._transformer.set_pgresult(result)
        return [*self._transformer.load_rows(0, result.ntuples, tuple)]

    async def _results(self) -> list[PGresult]:
        """One for each thing that was sent. Where the connection breaks, the last one says why."""
        libpq = self._libpq
        results: list[PGresult] = []
        is_sent = libpq.flush() == 0
        while True:
            while not libpq.is_busy():
                result = libpq.get_result()
                if result is None:
                    if libpq.status == pq.ConnStatus.BAD:
                        raise psycopg.OperationalError("the connection is lost")
                elif result.status == pq.ExecStatus.PIPELINE_SYNC:
                    return results
                else:
                    results.append(result)
                    self._received += 1
            await self._until_ready(writing=not is_sent)
            try:
                # Also while sending: a server that waits for its answers to be read reads nothing.
                libpq.consume_input()
                is_sent = is_sent or libpq.flush() == 0
            except psycopg.OperationalError:
                for result in results:
                    if result.status == pq.ExecStatus.FATAL_ERROR:
                        raise error_from_result(result) from None
                raise

    def _notice(self, notice: Diagnostic) -> None:
        if is_end_of_wait(notice):
            self._wait_ended_at = self._received

    async def _until_ready(self, *, writing: bool) -> None:
        if self._is_late:
            raise TimeoutError
        loop, ready = self._loop, self._loop.create_future()
        self._ready = ready
        if not self._is_watched:
            loop.add_reader(self._selector.fileno(), self._wake)
            self._is_watched = True
        socket = self._libpq.socket
        if writing:
            loop.add_writer(socket, self._wake)
        try:
            await ready
        finally:
            self._ready = None
            if writing:
                loop.remove_writer(socket)

    def _wake(self) -> None:
        if self._ready is None:
            self._unwatch()  # nobody waits: what the server says is read with the next answer
        elif not self._ready.done():
            self._ready.set_result(None)

    def _unwatch(self) -> None:
        if self._is_watched:
            self._is_watched = False
            self._loop.remove_reader(self._selector.fileno())

    def _expire(self) -> None:
        self._is_late = True
        if self._ready is not None and not self._ready.done():
            self._ready.set_exception(TimeoutError())
