"""Clients that call a real server all at once, each on a connection of its own."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from support.envelopes import Answer, Call, Caller, Credentials
from support.server import Server

Script = Callable[[int, int], Call]
"""The call that client `number` makes as its `turn`."""


def all_at_once(
    server: Server, user: Credentials, clients: int, calls: list[Callable[[int], Call]]
) -> list[list[Answer]]:
    """The answers to each of the calls, made by all clients at the same moment, one call after the other."""
    gate = threading.Barrier(clients)

    def work(number: int) -> list[Answer]:
        with server.caller(user) as caller:
            answers = []
            for call in calls:
                gate.wait(timeout=60)
                answers.append(caller.sync(call(number)))
            return answers

    with ThreadPoolExecutor(clients) as pool:
        by_client = list(pool.map(work, range(clients)))
    return [list(answers) for answers in zip(*by_client, strict=True)]


class Load:
    """Clients that call without a pause until their connections break or the test ends them.

    `answered` has what each client was answered, in order; `unanswered` the call that broke off.
    """

    def __init__(self, server: Server, user: Credentials, clients: int, script: Script) -> None:
        self.answered: list[list[tuple[Call, Answer]]] = [[] for _ in range(clients)]
        self.unanswered: list[Call | None] = [None] * clients
        self._callers = [server.caller(user) for _ in range(clients)]
        self._script = script
        self._is_over = False
        self._total = 0
        self._progress = threading.Condition()
        self._threads = [
            threading.Thread(target=self._work, args=(number, caller)) for number, caller in enumerate(self._callers)
        ]

    def await_answers(self, count: int) -> None:
        """Returns when that many calls were answered; AssertionError when they stop coming."""
        with self._progress:
            done = self._progress.wait_for(lambda: self._total >= count, timeout=60)
        assert done, f"{self._total} of {count} calls were answered"

    @property
    def total(self) -> int:
        """How many calls were answered so far."""
        return self._total

    def end(self) -> None:
        """Each client stops when the call that it is in was answered."""
        self._is_over = True

    def _work(self, number: int, caller: Caller) -> None:
        turn = 0
        with caller:
            while not self._is_over:
                call = self._script(number, turn)
                self.unanswered[number] = call
                try:
                    answer = caller.sync(call)
                except (OSError, http.client.HTTPException):
                    break
                self.answered[number].append((call, answer))
                self.unanswered[number] = None
                turn += 1
                with self._progress:
                    self._total += 1
                    self._progress.notify()

    @contextmanager
    def running(self) -> Iterator[None]:
        """Starts the clients. The block must end the server or the load, else they never end."""
        for thread in self._threads:
            thread.start()
        try:
            yield
        except BaseException:
            self.end()
            raise
        finally:
            for thread in self._threads:
                thread.join(timeout=60)
            assert not any(thread.is_alive() for thread in self._threads), "a client still waits for its answer"
