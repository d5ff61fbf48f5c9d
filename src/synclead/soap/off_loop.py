"""Work beside the event loop, in a thread that ends with it."""

import asyncio
import threading
from collections.abc import Callable
from functools import partial
from typing import TypeVar

T = TypeVar("T")


async def in_thread(work: Callable[[], T]) -> T:
    """What `work` gives or raises. Its thread ends with it, so that no name that was sent is remembered (`interned`).

    Where who waits is cancelled, the work goes on and nobody hears of it.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()
    threading.Thread(target=_run, args=(work, loop, done), name="reader of a request", daemon=True).start()
    try:
        return await done
    finally:
        # It holds the error, whose traceback holds this frame.
        del done


def _run(work: Callable[[], T], loop: asyncio.AbstractEventLoop, done: "asyncio.Future[T]") -> None:
    tell: Callable[[], None]
    try:
        tell = partial(_give, done, work())
    except BaseException as error:
        tell = partial(_fail, done, error.with_traceback(None))
    try:
        loop.call_soon_threadsafe(tell)
    except RuntimeError:  # the loop is closed: the server has stopped
        return


def _give(done: "asyncio.Future[T]", found: T) -> None:
    if not done.done():
        done.set_result(found)


def _fail(done: "asyncio.Future[T]", error: BaseException) -> None:
    if not done.done():
        done.set_exception(error)
