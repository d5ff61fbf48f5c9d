"""One thread that runs blocking functions for an event loop, in order."""

import asyncio
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, TypeVar

T = TypeVar("T")


class WorkerThread:
    """An executor of one thread. The standard one costs a call three times as much time to hand over.

    A daemon: a disk that does not answer must not keep the process from ending.
    """

    def __init__(self, name: str) -> None:
        self._jobs: SimpleQueue[tuple[asyncio.Future[Any], Callable[..., Any], tuple[Any, ...]] | None]
        self._jobs = SimpleQueue()
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._thread.start()

    def run(self, function: Callable[..., T], *arguments: object) -> "asyncio.Future[T]":
        """The result of `function` when its turn has come. Belongs to the running loop."""
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._jobs.put((future, function, arguments))
        return future

    def close(self) -> None:
        """Ends the thread after the jobs that were handed over."""
        self._jobs.put(None)

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            future, function, arguments = job
            result, error = None, None
            try:
                result = function(*arguments)
            except BaseException as raised:  # the caller's to judge, as in any executor
                error = raised
            try:
                future.get_loop().call_soon_threadsafe(_finish, future, result, error)
            except RuntimeError:
                continue  # the loop is closed: nobody waits any more


def _finish(future: "asyncio.Future[Any]", result: object, error: BaseException | None) -> None:
    if future.done():
        return
    if error is None:
        future.set_result(result)
    else:
        future.set_exception(error)
