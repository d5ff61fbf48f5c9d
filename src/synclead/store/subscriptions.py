"""The configuration as the database holds it: subscriptions and their rules."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select

from synclead.leads.fields import Catalogue, Field
from synclead.leads.places import Condition, Places, Rule, Workspace
from synclead.leads.policy import Policy
from synclead.leads.subscription import Subscription
from synclead.store import schema
from synclead.store.errors import StoreError

Rows = Sequence[Sequence[Any]]


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


def find_subscription(
    connection: Connection, name_or_account: str | None, *, option: str = "--subscription"
) -> Subscription:
    """The subscription of a name or Munchkin account (any letter case), or the only one.

    Raises StoreError saying what there is, and that `option` chooses among several.
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
        raise StoreError(f"there are several subscriptions, name one with {option}: {names}")
    raise StoreError(f"no subscription is called {name_or_account}; there are: {names}")


def subscription_of_user(connection: Connection, user_id: str) -> Subscription | None:
    """The subscription that an API user calls for; None where no user has the id. Raises StoreError."""
    user = schema.api_user.c
    found = connection.execute(select(user.subscription_id).where(user.id == user_id)).scalar_one_or_none()
    return None if found is None else _readable(connection, found)


def _readable(connection: Connection, subscription_id: int) -> Subscription:
    try:
        subscription = read_subscription(connection, subscription_id)
    except ValueError as error:
        raise StoreError(f"the configuration of subscription {subscription_id} is broken: {error}") from error
    if subscription is None:
        raise StoreError("the subscription is not in the database any more")
    return subscription


def from_json(value: Any) -> Any:
    """A JSON column's value: SQLite's driver gives text where others give values."""
    return json.loads(value) if isinstance(value, str) else value


def _conditions(stored: Sequence[Mapping[str, Any]]) -> tuple[Condition, ...]:
    return tuple(Condition(one["field"], one["test"], tuple(one["values"])) for one in stored)


def _field(row: Sequence[Any]) -> Field:
    name, soap_name, rest_name, label, type_, read_only, max_length, auto = row
    return Field(name, soap_name, rest_name, label, type_, bool(read_only), max_length, bool(auto))
