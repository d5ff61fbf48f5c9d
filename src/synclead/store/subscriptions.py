"""The configuration as the database holds it: subscriptions, their rules, and API users."""

import asyncio
import json
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Engine, select
from sqlalchemy.exc import DBAPIError

from synclead.leads.fields import Catalogue, Field
from synclead.leads.places import Condition, Places, Rule, Workspace
from synclead.leads.policy import Policy
from synclead.leads.subscription import Subscription
from synclead.store import schema
from synclead.store.engine import reading
from synclead.store.errors import MasterKeyError, StoreError
from synclead.store.master_keys import MasterKeys

_log = logging.getLogger("synclead.store")

Rows = Sequence[Sequence[Any]]

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


def read_subscriptions(
    connection: Connection,
    known: Mapping[int, Subscription] | None = None,
    *,
    skip: Callable[[int, ValueError], None] | None = None,
) -> list[Subscription]:
    """Every subscription, by id. One of `known` is taken as it is when its config version still holds.

    One whose rows contradict each other raises ValueError, or is told to `skip` and left out.
    """
    versions = select(schema.counter.c.subscription_id, schema.counter.c.config_version)
    found = []
    for subscription_id, version in connection.execute(versions.order_by("subscription_id")).all():
        subscription = (known or {}).get(subscription_id)
        if subscription is None or subscription.config_version != version:
            try:
                subscription = read_subscription(connection, subscription_id)
            except ValueError as error:
                if skip is None:
                    raise
                skip(subscription_id, error)
                continue
        if subscription is not None:
            found.append(subscription)
    return found


def read_subscription(connection: Connection, subscription_id: int) -> Subscription | None:
    """One subscription with all its rules; None when there is no such subscription."""
    version = connection.execute(
        select(schema.counter.c.config_version).where(schema.counter.c.subscription_id == subscription_id)
    ).scalar_one_or_none()
    if version is None:
        return None
    own, places, rules, fields = schema.subscription, schema.workspace, schema.assignment_rule, schema.field
    partitions = schema.lead_partition
    selects = [
        select(
            own.c.id,
            own.c.name,
            own.c.munchkin_account,
            own.c.munchkin_aliases,
            own.c.workspaces_enabled,
            own.c.time_zone,
            own.c.policy,
        ).where(own.c.id == subscription_id),
        select(partitions.c.name)
        .where(partitions.c.subscription_id == subscription_id)
        .order_by(partitions.c.position),
        select(places.c.name, places.c.primary_partition)
        .where(places.c.subscription_id == subscription_id)
        .order_by(places.c.position),
        select(rules.c.partition, rules.c.conditions)
        .where(rules.c.subscription_id == subscription_id)
        .order_by(rules.c.position),
        select(
            fields.c.name,
            fields.c.soap_name,
            fields.c.rest_name,
            fields.c.label,
            fields.c.type,
            fields.c.read_only,
            fields.c.max_length,
            fields.c.auto,
        )
        .where(fields.c.subscription_id == subscription_id)
        .order_by(fields.c.name),
    ]
    return build_subscription(version, [connection.execute(query).all() for query in selects])


def build_subscription(config_version: int, answers: Sequence[Rows]) -> Subscription | None:
    """A subscription from rows: its own, partitions, workspaces, rules, custom fields, in this order.

    JSON columns may be text or values. None when the first has no row.
    Raises ValueError where the rows contradict each other (`leads.places`).
    """
    own, partitions, workspaces, rules, fields = answers
    if not own:
        return None
    subscription_id, name, account, aliases, enabled, zone, policy = own[0]
    return Subscription(
        id=subscription_id,
        name=name,
        munchkin_account=account,
        munchkin_aliases=tuple(from_json(aliases)),
        time_zone=ZoneInfo(zone),
        places=Places(
            partitions=tuple(row[0] for row in partitions),
            workspaces=tuple(Workspace(row[0], row[1]) for row in workspaces),
            enabled=bool(enabled),
            rules=tuple(Rule(row[0], _conditions(from_json(row[1]))) for row in rules),
        ),
        catalogue=Catalogue(_field(row) for row in fields),
        policy=Policy.from_mapping(from_json(policy)),
        config_version=config_version,
    )


def find_subscription(connection: Connection, name_or_account: str | None) -> Subscription:
    """The subscription of a name or Munchkin account (any letter case), or the only one.

    Raises StoreError saying what there is.
    """
    own = schema.subscription.c
    every = connection.execute(select(own.id, own.name, own.munchkin_account).order_by(own.id)).all()
    wanted = None if name_or_account is None else name_or_account.casefold()
    found = [
        subscription_id
        for subscription_id, name, account in every
        if wanted is None or wanted in (name.casefold(), account.casefold())
    ]
    if len(found) == 1:
        return _readable(connection, found[0])
    if not every:
        raise StoreError("there is no subscription yet: declare one with `synclead apply FILE.toml`")
    names = ", ".join(one.name for one in every)
    if name_or_account is None:
        raise StoreError(f"there are several subscriptions, name one with --subscription: {names}")
    raise StoreError(f"no subscription is called {name_or_account}; there are: {names}")


def _readable(connection: Connection, subscription_id: int) -> Subscription:
    try:
        subscription = read_subscription(connection, subscription_id)
    except ValueError as error:
        raise StoreError(f"the configuration of subscription {subscription_id} is broken: {error}") from error
    if subscription is None:
        raise StoreError("the subscription is not in the database any more")
    return subscription


def _skip(subscription_id: int, error: ValueError) -> None:
    """One tenant's broken configuration must not shut the others out."""
    _log.error("subscription %s left out, its configuration is broken: %s", subscription_id, error)


def from_json(value: Any) -> Any:
    """A JSON column's value: SQLite's driver gives text where others give values."""
    return json.loads(value) if isinstance(value, str) else value


def _conditions(stored: Sequence[Mapping[str, Any]]) -> tuple[Condition, ...]:
    return tuple(Condition(one["field"], one["test"], tuple(one["values"])) for one in stored)


def _field(row: Sequence[Any]) -> Field:
    name, soap_name, rest_name, label, type_, read_only, max_length, auto = row
    return Field(name, soap_name, rest_name, label, type_, bool(read_only), max_length, bool(auto))
