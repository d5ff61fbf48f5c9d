"""Keeps the last calls for people: in memory on the way of a call, in the database half a second later."""

import asyncio
import json as json_of_python
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from msgspec import json

from synclead.leads.errors import SyncleadError
from synclead.logs import get_logger
from synclead.soap import interned
from synclead.soap.asked import asked
from synclead.soap.observer import CallRecorder
from synclead.store.request_log import NOBODY, Bounds, NewEntry, RequestLog
from synclead.store.transaction import DatabaseError
from synclead.store.worker_thread import WorkerThread

_PAUSE_SECONDS = 0.4
"""Between the first call that waits and its writing, and between two writings while calls come."""
_LONGEST_PAUSE_SECONDS = 5.0
"""Between two tries while the database refuses."""
_BATCH = 15
"""Calls that are written at once. While calls come without a pause, no more are written in `_PAUSE_SECONDS`: to make
one readable and to write it costs a fifth of what a call costs."""
_MOST_WAITING = 1_000
"""Calls of one kind of one subscription that wait to be written: of more the oldest are let go."""
_MOST_BYTES = 16 * 1024 * 1024
"""Of bodies that wait to be written."""
_LARGEST_BYTES = 1024 * 1024
"""Of a body that is kept."""
_LONGEST_MESSAGE = 2_000
"""Characters of a fault's message that are kept."""
_CLOSING_SECONDS = 1.5
_IDLE_SECONDS = 3600.0
"""How often old entries are looked for while no call comes."""
_LEFT_OUT = frozenset({"subscription", "subscription_id", "partner", "lead"})
"""Facts of the log that stand in columns, or that a caller may fill with anything."""

_encode = json.Encoder(enc_hook=repr).encode
_log = get_logger()


class _Kept(NamedTuple):
    """One call until it is written."""

    at: float
    facts: bytes
    """As JSON: a thousand calls may wait, and so each is one object and not twenty."""
    sent: bytes | None
    size: int | None
    charset: str | None
    message: str | None
    """Why it was refused."""


class Recorder(CallRecorder):
    """Of successes and of faults of each subscription the last ones, the newest written first.

    For one event loop. While calls come faster than they can be written beside the calls themselves, some successes
    are passed over; faults too, but they are counted and the next one says how many.
    """

    def __init__(
        self,
        log: RequestLog,
        bounds: Bounds,
        *,
        show_values: bool = False,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """With `show_values` what is kept has values of leads in it. `clock` gives seconds since 1970."""
        self._request_log = log
        is_on = bounds.days > 0
        self._limits = {
            False: min(bounds.successes, _MOST_WAITING) if is_on else 0,
            True: min(bounds.faults, _MOST_WAITING) if is_on else 0,
        }
        self._show_values = show_values
        self._clock = clock
        self._waiting: dict[tuple[int, bool], deque[_Kept]] = {}
        """By subscription and whether they are faults; the newest last."""
        self._lost: dict[int, int] = {}
        """Faults of a subscription that no entry will tell of."""
        self._bytes = 0
        self._came = 0
        """Calls so far: whether any came while a batch was written."""
        self._unwritten: list[NewEntry] = []
        """A batch that the database refused."""
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
        sent: bytes | None,
        charset: str | None,
        error: SyncleadError | None,
    ) -> None:
        """See CallRecorder."""
        self._came += 1
        failed = error is not None
        limit = self._limits[failed]
        if not limit:
            return
        subscription_id = facts.get("subscription_id", NOBODY)
        key = subscription_id, failed
        waiting = self._waiting.get(key)
        if waiting is None:
            waiting = self._waiting[key] = deque()
        elif len(waiting) >= limit:
            self._bytes -= len(waiting.popleft().sent or b"")
            if failed:
                self._lost[subscription_id] = self._lost.get(subscription_id, 0) + 1
        size = None if sent is None else len(sent)
        if size is not None and (size > _LARGEST_BYTES or self._bytes + size > _MOST_BYTES):
            sent = None
        self._bytes += len(sent or b"")
        message = None if error is None else error.message if self._show_values else error.public
        waiting.append(_Kept(self._clock(), _as_json(facts), sent, size, charset, message))
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
                taken = self._take()
                if not taken:
                    self._wake.clear()
                    return
                self._unwritten = await thread.run(self._readable, taken)
            await self._request_log.write(self._unwritten, self._now())
            self._unwritten = []
            if came != self._came and not self._stop.is_set():
                return

    def _take(self) -> list[tuple[int, bool, int, _Kept]]:
        """The newest calls, of every subscription a share, in the order in which they came.

        Each with its subscription, whether it is a fault, and how many faults were lost before it.
        """
        # Faults first: where there are more kinds than places, they are what somebody looks for.
        waiting = sorted(self._waiting, key=lambda key: not key[1])[:_BATCH]
        taken = []
        for key in waiting:
            kept = self._waiting[key] = self._waiting.pop(key)  # the last in line next time
            lost = self._lost.pop(key[0], 0) if key[1] else 0
            for _ in range(min(len(kept), max(1, _BATCH // len(waiting)))):
                one = kept.pop()
                self._bytes -= len(one.sent or b"")
                taken.append((*key, lost, one))
                lost = 0
            if not kept:
                del self._waiting[key]
        return sorted(taken, key=lambda entry: entry[3].at)

    def _tell(self, error: Exception) -> None:
        """Once for each time that the database refuses; what is no matter of the database would fail again."""
        if not isinstance(error, DatabaseError):
            self._unwritten = []
        if not self._is_told:
            self._is_told = True
            _log.warning("calls are not recorded", reason=str(error) if isinstance(error, DatabaseError) else None)

    def _now(self) -> int:
        return round(self._clock() * 1_000_000)

    # -- in the thread ------------------------------------------------------------------------------

    def _readable(self, taken: list[tuple[int, bool, int, _Kept]]) -> list[NewEntry]:
        """In a thread that ends here, so that no name that was sent is remembered (`interned`)."""
        return interned.apart(lambda: [self._entry(*one) for one in taken])

    def _entry(self, subscription_id: int, failed: bool, lost: int, kept: _Kept) -> NewEntry:
        facts: dict[str, Any] = json.decode(kept.facts)
        lead_id = facts.get("lead")
        document = {name: value for name, value in facts.items() if name not in _LEFT_OUT}
        if kept.message is not None:
            document["message"] = kept.message[:_LONGEST_MESSAGE]
        if lost:
            document["lost"] = lost
        if kept.sent is not None:
            document["asked"] = asked(kept.sent, kept.charset, show_values=self._show_values)
        elif kept.size is not None:
            document["asked"] = f"[{kept.size} bytes were sent, too many to keep]"
        return NewEntry(subscription_id, failed, round(kept.at * 1_000_000), lead_id, document)


async def _within(event: asyncio.Event, seconds: float) -> bool:
    """Whether the event came in that time."""
    try:
        async with asyncio.timeout(seconds):
            return await event.wait()
    except TimeoutError:
        return False


def _as_json(facts: Mapping[str, Any]) -> bytes:
    """Fails for nothing: the call that it tells of is done."""
    try:
        return _encode(facts)
    except UnicodeEncodeError:  # half of a surrogate pair, which no request can bring
        return json_of_python.dumps(dict(facts), default=repr, ensure_ascii=False).encode(errors="replace")
