"""API users by id, with their keys and subscriptions, as every call needs them: kept, and read anew in time."""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from sqlalchemy import Engine, select
from sqlalchemy.exc import DBAPIError

from synclead.leads.subscription import Subscription
from synclead.store import schema
from synclead.store.engine import reading
from synclead.store.errors import MasterKeyError, StoreError
from synclead.store.master_keys import MasterKeys
from synclead.store.subscriptions import read_subscriptions

_log = logging.getLogger("synclead.store")

FRESH_SECONDS = 5.0
"""No answer of the directory is older (design: "The way of one call", 10)."""
_RENEW_SECONDS = 2.5
_UNKNOWN_SECONDS = 1.0
_WAIT_SECONDS = 10.0
"""How long a caller waits for a reading: a network that swallows everything ends none."""


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
    makes at most one reading a second, so that a flood of wrong names costs the database nothing.
    """

    def __init__(self, engine: Engine, master_keys: MasterKeys, *, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` counts seconds."""
        self._engine = engine
        self._master_keys = master_keys
        self._clock = clock
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="synclead-directory")
        self._snapshot = _Snapshot({}, {}, {}, float("-inf"))
        self._renewal: asyncio.Task[None] | None = None

    async def user(self, user_id: str, *, newest: bool = False) -> ApiUser | None:
        """The API user of this id; None when there is none. Case-sensitive. With `newest` as known a second ago.

        Raises StoreError when the database does not answer and what is known is too old, and MasterKeyError then
        when none of the master keys is in use any more.
        """
        age = self._clock() - self._snapshot.read_at
        found = self._snapshot.users.get(user_id)
        if age >= FRESH_SECONDS or ((newest or found is None) and age >= _UNKNOWN_SECONDS):
            try:
                async with asyncio.timeout(_WAIT_SECONDS):
                    await asyncio.shield(self._renew())
            except TimeoutError:
                raise StoreError("the database does not answer") from None
            found = self._snapshot.users.get(user_id)
        elif age >= _RENEW_SECONDS:
            self._renew()
        return found

    async def close(self) -> None:
        """Waits for a reading under way and ends the thread."""
        if self._renewal is not None:
            await asyncio.gather(self._renewal, return_exceptions=True)
        self._thread.shutdown()

    def _renew(self) -> "asyncio.Task[None]":
        """The reading under way, or a new one."""
        if self._renewal is None or self._renewal.done():
            self._renewal = asyncio.get_running_loop().create_task(self._read())
            # A failure behind an answer is heard by the next caller who has to wait; never "unretrieved".
            self._renewal.add_done_callback(lambda task: task.cancelled() or task.exception())
        return self._renewal

    async def _read(self) -> None:
        began = self._clock()
        loop = asyncio.get_running_loop()
        try:
            self._snapshot = await loop.run_in_executor(self._thread, self._read_now, self._snapshot, began)
        except DBAPIError as error:
            raise StoreError("the database did not answer") from error

    def _read_now(self, before: _Snapshot, began: float) -> _Snapshot:
        with reading(self._engine) as connection:
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


def _skip(subscription_id: int, error: ValueError) -> None:
    """One tenant's broken configuration must not shut the others out."""
    _log.error("subscription %s left out, its configuration is broken: %s", subscription_id, error)
