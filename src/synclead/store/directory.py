"""API users by id, with their keys and subscriptions, as every call needs them: kept, and read anew in time."""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from sqlalchemy import Engine, select, text
from sqlalchemy.exc import DBAPIError

from synclead.leads.subscription import Subscription
from synclead.store import schema
from synclead.store.engine import reading
from synclead.store.errors import MasterKeyError, StoreError
from synclead.store.master_keys import MasterKeys
from synclead.store.subscriptions import read_subscriptions
from synclead.store.worker_thread import WorkerThread

_log = logging.getLogger("synclead.store")

FRESH_SECONDS = 5.0
"""No answer of the directory is older (design: "The way of one call", 10), from when its reading was begun."""
_UNKNOWN_SECONDS = 1.0
WAIT_SECONDS = 10.0
"""How long a caller waits for a reading: a network that swallows everything ends none."""
MOST_STALLED = 2
"""Readings that are given up and not over yet. Each keeps a thread and a connection, until its network gives up."""


@dataclass(frozen=True, slots=True)
class ApiUser:
    """Who may call, and for whom."""

    id: str
    subscription_id: int
    disabled: bool
    demo: bool
    """Made by `serve --demo`: may authenticate only there."""
    keys: tuple[bytes, ...] = field(repr=False)
    """Encryption keys in clear, the newest first; two while they are rotated."""
    subscription: Subscription = field(repr=False)
    limits: Mapping[str, int] = field(default_factory=dict)
    """Limits of the subscription that are set: `calls_per_day`, `calls_per_20s`, `concurrent_calls`."""


@dataclass(frozen=True, slots=True)
class _Snapshot:
    users: Mapping[str, ApiUser]
    subscriptions: Mapping[int, Subscription]
    opened: Mapping[tuple[int, str, bytes], bytes]
    read_at: float


class Directory:
    """API users by id, at most five seconds old, read in a thread of its own.

    Nothing runs while nobody asks. A half-old snapshot is renewed behind the answer; an unknown user
    makes at most one reading a second, so that a flood of wrong names costs the database nothing. A reading
    that fails is tried again, once; one that stalls is given up for another on another connection.
    """

    def __init__(
        self,
        engine: Engine,
        master_keys: MasterKeys,
        *,
        clock: Callable[[], float] = time.monotonic,
        fresh_seconds: float = FRESH_SECONDS,
        wait_seconds: float = WAIT_SECONDS,
    ) -> None:
        """`clock` counts seconds. `fresh_seconds`: how old an answer may be, and how long a reading may take;
        `wait_seconds`: how long a caller waits for one."""
        self._engine = engine
        self._master_keys = master_keys
        self._clock = clock
        self._fresh_seconds = fresh_seconds
        self._wait_seconds = wait_seconds
        self._thread = _new_thread()
        self._snapshot = _Snapshot({}, {}, {}, float("-inf"))
        self._reading: asyncio.Task[None] | None = None
        """The last one that was begun."""
        self._began = 0.0
        """When that was."""
        self._stalled: set[asyncio.Task[None]] = set()

    async def user(self, user_id: str, *, newest: bool = False) -> ApiUser | None:
        """The API user of this id; None when there is none. Case-sensitive. With `newest` as known a second ago.

        Raises StoreError when the database does not answer and what is known is too old, and MasterKeyError then
        when none of the master keys is in use any more.
        """
        asked = self._clock()
        age = asked - self._snapshot.read_at
        found = self._snapshot.users.get(user_id)
        is_unsure = newest or found is None
        if age >= self._fresh_seconds or (is_unsure and age >= _UNKNOWN_SECONDS):
            await self._wait(asked - _UNKNOWN_SECONDS if is_unsure else float("-inf"))
            found = self._snapshot.users.get(user_id)
        elif age >= self._fresh_seconds / 2:
            self._renew()
        return found

    async def close(self) -> None:
        """Waits for a reading under way and ends the thread."""
        if self._reading is not None:
            await asyncio.wait((self._reading,))
        self._thread.close()

    async def _wait(self, since: float) -> None:
        """Returns when what is known is fresh, and was read after `since`. Raises StoreError where that takes too long.

        A reading that was under way already, or took long, may bring what is too old: then another one must.
        """
        deadline = self._clock() + self._wait_seconds
        while not self._is_known(since):
            left = deadline - self._clock()
            reading_ = self._renew() if left > 0 else None
            if reading_ is None:
                raise StoreError("the database does not answer")
            await asyncio.wait((reading_,), timeout=min(left, self._began + self._fresh_seconds - self._clock()))
            failure = reading_.exception() if reading_.done() else None
            if failure is not None:
                # A copy each: an error remembers who was told of it.
                raise type(failure)(*failure.args)

    def _is_known(self, since: float) -> bool:
        read_at = self._snapshot.read_at
        return read_at > since and self._clock() - read_at < self._fresh_seconds

    def _renew(self) -> "asyncio.Task[None] | None":
        """The reading under way, or a new one; None where too many have stalled."""
        if self._reading is not None and not self._reading.done():
            if self._clock() - self._began < self._fresh_seconds:
                return self._reading
            if len(self._stalled) >= MOST_STALLED:
                return None
            self._stalled.add(self._reading)
            self._reading.add_done_callback(self._stalled.discard)
            self._thread.close()
            self._thread = _new_thread()
        self._began = self._clock()
        self._reading = asyncio.get_running_loop().create_task(self._read(self._thread))
        # A failure behind an answer is heard by the next caller who has to wait; never "unretrieved".
        self._reading.add_done_callback(lambda task: task.cancelled() or task.exception())
        return self._reading

    async def _read(self, thread: WorkerThread) -> None:
        try:
            found = await thread.run(self._read_once_or_again, self._snapshot)
        except DBAPIError as error:
            raise StoreError("the database did not answer") from error
        if found.read_at > self._snapshot.read_at:  # one that had stalled comes late
            self._snapshot = found

    def _read_once_or_again(self, before: _Snapshot) -> _Snapshot:
        try:
            return self._read_now(before)
        except DBAPIError:
            # As writer and reader do: most often a connection was lost that nobody had missed yet.
            return self._read_now(before)

    def _read_now(self, before: _Snapshot) -> _Snapshot:
        began = self._clock()
        with reading(self._engine) as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text(f"SET LOCAL statement_timeout = {round(self._fresh_seconds * 1000)}"))
            subscriptions = {
                subscription.id: subscription
                for subscription in read_subscriptions(connection, before.subscriptions, skip=_skip)
            }
            limits = {row.id: row.limits for row in connection.execute(select(schema.subscription))}
            sealed: dict[str, list[bytes]] = {}
            for key in connection.execute(select(schema.api_key).order_by(schema.api_key.c.slot)):
                sealed.setdefault(key.user_id, []).append(key.sealed)
            rows = connection.execute(select(schema.api_user)).all()
            # After the sealed keys: whoever sees one that was sealed anew also sees with what.
            self._master_keys.in_use(connection)
        users: dict[str, ApiUser] = {}
        opened: dict[tuple[int, str, bytes], bytes] = {}
        for row in rows:
            if row.subscription_id not in subscriptions:
                continue
            keys = []
            for secret in sealed.get(row.id, ()):
                place = (row.subscription_id, row.id, secret)
                try:
                    opened[place] = before.opened.get(place) or self._master_keys.open_api_key(
                        secret, row.subscription_id, row.id
                    )
                except MasterKeyError as error:
                    _log.error("encryption key of API user %s left out: %s", row.id, error)
                    continue
                keys.append(opened[place])
            users[row.id] = ApiUser(
                id=row.id,
                subscription_id=row.subscription_id,
                disabled=row.disabled,
                demo=row.demo,
                keys=tuple(keys),
                subscription=subscriptions[row.subscription_id],
                limits=limits[row.subscription_id],
            )
        return _Snapshot(users, subscriptions, opened, began)


def _new_thread() -> WorkerThread:
    return WorkerThread("synclead-directory")


def _skip(subscription_id: int, error: ValueError) -> None:
    """One tenant's broken configuration must not shut the others out."""
    _log.error("subscription %s left out, its configuration is broken: %s", subscription_id, error)
