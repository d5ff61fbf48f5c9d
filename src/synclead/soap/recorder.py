"""Keeps the last calls for people: in memory on the way of a call, in the database half a second later."""

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any

from synclead.leads.errors import SyncleadError
from synclead.logs import get_logger
from synclead.soap import interned
from synclead.soap.asked import MOST_BYTES
from synclead.soap.entries import Kept, as_json, bare, entry, unreadable
from synclead.soap.observer import CallObserver, CallRecorder
from synclead.soap.waiting import Taken, Waiting
from synclead.store.request_log import NOBODY, Bounds, NewEntry, RequestLog
from synclead.store.transaction import DatabaseError, DataRefusedError, LockTimeoutError
from synclead.store.worker_thread import WorkerThread

_PAUSE_SECONDS = 0.4
"""Between the first call that waits and its writing, and between two writings while calls come."""
_LONGEST_PAUSE_SECONDS = 5.0
"""Between two tries while the database refuses."""
_MOST_WAITING = 1_000
"""Calls of one kind of one subscription that wait to be written: of more the oldest are let go."""
_TRIES = 3
"""Of writing a batch, before each of its entries is tried alone: it may be one of them that the database fails on."""
_CLOSING_SECONDS = 1.5
_IDLE_SECONDS = 3600.0
"""How often old entries are looked for while no call comes."""

_REFUSED = "the database refused it, and the server's log says why"

_log = get_logger()


class Recorder(CallRecorder):
    """Of successes and of faults of each subscription the last ones.

    For one event loop. An entry that the database does not take costs itself alone. While calls come faster than they
    can be written beside the calls themselves, some successes are passed over; faults too, but they are counted and
    the next one says how many.
    """

    def __init__(
        self,
        log: RequestLog,
        bounds: Bounds,
        *,
        show_values: bool = False,
        clock: Callable[[], float] = time.time,
        observer: CallObserver | None = None,
    ) -> None:
        """With `show_values` what is kept has values of leads in it. `clock` gives seconds since 1970. `observer`
        hears of calls that no entry will tell of."""
        self._request_log = log
        is_on = bounds.days > 0
        self._limits = {
            False: min(bounds.successes, _MOST_WAITING) if is_on else 0,
            True: min(bounds.faults, _MOST_WAITING) if is_on else 0,
        }
        self._show_values = show_values
        self._clock = clock
        self._observer = observer or CallObserver()
        self._waiting = Waiting(self._limits, self._observer)
        self._came = 0
        """Calls so far: whether any came while a batch was written."""
        self._unwritten: list[NewEntry] = []
        """A batch that the database refused."""
        self._failures = 0
        """How often in a row."""
        self._wake = asyncio.Event()
        self._stop = asyncio.Event()
        self._thread: WorkerThread | None = None
        self._task: asyncio.Task[None] | None = None
        self._is_told = False
        """Whether the log has heard that the database refuses."""

    def answered(
        self,
        facts: Mapping[str, Any],
        seconds: float,
        sent: bytes,
        charset: str | None,
        error: SyncleadError | None,
        *,
        is_whole: bool = True,
    ) -> None:
        """See CallRecorder."""
        self._came += 1
        failed = error is not None
        if not self._limits[failed]:
            return
        beginning = sent[:MOST_BYTES] if self._waiting.has_room else None
        message = None if error is None else error.message if self._show_values else error.public
        forgettings = self._request_log.forgettings
        kept = Kept(self._clock(), as_json(facts), beginning, len(sent), is_whole, charset, message, forgettings)
        self._waiting.add(facts.get("subscription_id", NOBODY), failed, kept)
        self._wake.set()

    def start(self) -> None:
        """From here on calls are written."""
        self._thread = WorkerThread("synclead-recorder")
        self._task = asyncio.get_running_loop().create_task(self._work(self._thread))

    async def close(self) -> None:
        """Writes what waits, as far as a second and a half allows, and lets go of the database."""
        self._stop.set()
        self._wake.set()
        if self._task is not None:
            _, late = await asyncio.wait([self._task], timeout=_CLOSING_SECONDS)
            for task in late:
                task.cancel()
        if self._thread is not None:
            self._thread.close()
        await self._request_log.close()

    # -- behind the answers -------------------------------------------------------------------------

    async def _work(self, thread: WorkerThread) -> None:
        pause = _PAUSE_SECONDS
        while not self._stop.is_set():
            if await _within(self._wake, _IDLE_SECONDS):
                await _within(self._stop, pause)
            pause = _PAUSE_SECONDS if await self._tried(thread) else min(pause * 2, _LONGEST_PAUSE_SECONDS)
        await self._tried(thread)

    async def _tried(self, thread: WorkerThread) -> bool:
        try:
            await self._write_waiting(thread)
        except Exception as error:
            self._tell(error)
            return False
        self._is_told = False
        return True

    async def _write_waiting(self, thread: WorkerThread) -> None:
        """One batch, and all that wait where no call came meanwhile. Raises DatabaseError."""
        if not self._wake.is_set() and not self._stop.is_set():
            await self._request_log.expire(self._now())
        while self._wake.is_set():
            came = self._came
            if not self._unwritten:
                taken = self._waiting.take()
                if not taken:
                    self._wake.clear()
                    return
                self._unwritten = await thread.run(self._readable, taken)
            await self._write()
            if came != self._came and not self._stop.is_set():
                return

    async def _write(self) -> None:
        """Writes the batch. An entry that cannot be written costs itself alone. Raises DatabaseError."""
        try:
            await self._request_log.write(self._unwritten, self._now())
        except LockTimeoutError:
            raise
        except Exception as error:
            self._failures += 1
            if _is_away(error) and self._failures % _TRIES:
                raise
            while self._unwritten:
                await self._write_alone(self._unwritten[0])
                del self._unwritten[0]
        self._unwritten = []
        self._failures = 0

    async def _write_alone(self, one: NewEntry) -> None:
        """Writes an entry, or what is left of it. Raises DatabaseError where the database takes nothing at all."""
        for _ in range(2):
            try:
                await self._request_log.write([one], self._now())
                return
            except LockTimeoutError:
                raise
            except Exception as refusal:
                error = refusal
            if not _is_away(error):
                break
            await self._request_log.expire(self._now())  # fails where it is the database's fault and not the entry's
        try:
            await self._request_log.write([bare(one, _REFUSED)], self._now())
            self._observer.unrecorded("shortened")
            event = "call recorded without what was asked"
        except Exception as refusal:
            if _is_away(refusal):
                raise
            self._waiting.lose(one)
            event = "call not recorded"
        _log.warning(event, request=one.document.get("request"), reason=_reason(error))

    def _tell(self, error: Exception) -> None:
        """Once for each time that the database refuses."""
        if not self._is_told:
            self._is_told = True
            _log.warning("calls are not recorded", reason=_reason(error))

    def _now(self) -> int:
        return round(self._clock() * 1_000_000)

    # -- in the thread ------------------------------------------------------------------------------

    def _readable(self, taken: list[Taken]) -> list[NewEntry]:
        """In a thread that ends here, so that no name that was sent is remembered (`interned`)."""
        try:
            return interned.apart(lambda: [entry(*one, show_values=self._show_values) for one in taken])
        except Exception as error:  # no further thread can be had
            _log.error("calls recorded without what was asked", exc_info=error)
            return [unreadable(*one) for one in taken]


def _is_away(error: Exception) -> bool:
    """Whether the database may have refused anything else just as well."""
    return isinstance(error, DatabaseError) and not isinstance(error, DataRefusedError)


def _reason(error: Exception) -> str:
    """Without values."""
    return str(error) if isinstance(error, DatabaseError) else type(error).__name__


async def _within(event: asyncio.Event, seconds: float) -> bool:
    """Whether the event came in that time."""
    try:
        async with asyncio.timeout(seconds):
            return await event.wait()
    except TimeoutError:
        return False
