"""Applies a declaration: everything in one transaction, or nothing."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Row,
    String,
    Table,
    column,
    exists,
    func,
    literal,
    select,
    update,
)

from synclead.leads.text import fold
from synclead.store import schema
from synclead.store.configuration import (
    Configuration,
    UserSettings,
    add_subscription,
    load,
    remove_subscription,
    store_changes,
)
from synclead.store.declaration_changes import describe
from synclead.store.declaration_merge import merge
from synclead.store.declaration_table import DeclarationError, shown
from synclead.store.declared import DeclaredSubscription
from synclead.store.demo import DEMO_KEY, DEMO_USER
from synclead.store.engine import bump_config_version, lock_configuration, lock_counter, reading, writing
from synclead.store.master_keys import MasterKeys
from synclead.store.secrets import MasterKey


class _Stored(NamedTuple):
    id: int
    name: str


class _DryRunError(Exception):
    """Takes a dry run's transaction back."""


def apply_declaration(
    engine: Engine, keys: MasterKeys, declared: Sequence[DeclaredSubscription], dry_run: bool = False
) -> tuple[str, ...]:
    """Make the database say what the declaration says; gives one line for each change.

    With `dry_run` nothing is written. Raises DeclarationError, with nothing written, where a
    subscription cannot become what it is declared to be, and MasterKeyError.
    """
    changes: list[str] = []
    problems: list[str] = []
    try:
        with writing(engine) as connection:
            lock_configuration(connection)
            key = keys.in_use(connection)
            for one in declared:
                changes += _apply_one(connection, key, one, problems)
            if problems:
                raise DeclarationError(problems)
            if dry_run:
                raise _DryRunError
    except _DryRunError:
        pass
    return tuple(changes)


def has_secrets(engine: Engine) -> bool:
    """Whether a master key has sealed anything here."""
    with reading(engine) as connection:
        return connection.execute(select(schema.master_key_check.c.id)).first() is not None


def _apply_one(
    connection: Connection, key: MasterKey, declared: DeclaredSubscription, problems: list[str]
) -> Iterator[str]:
    found = len(problems)
    row = _stored_row(connection, declared, problems)
    if len(problems) > found:
        return
    if declared.removed:
        if row is not None and _may_remove(connection, row, problems):
            remove_subscription(connection, row.id)
            yield f"removed subscription {row.name}"
        return
    if row is None:
        new = merge(None, declared, problems)
        empty = Configuration(new.name, new.munchkin_account)
        problems += _user_problems(connection, None, empty, new)
        if len(problems) == found:
            number = add_subscription(connection, new)
            store_changes(connection, key, number, replace(new, **_EMPTY_PARTS), new)
            yield f"added subscription {new.name}"
            yield from describe(replace(new, **_EMPTY_PARTS), new)
        return
    counter = lock_counter(connection, row.id)
    old = load(connection, key, row.id)
    new = merge(old, declared, problems)
    problems += _user_problems(connection, row.id, old, new)
    problems += _lead_problems(connection, row.id, old, new)
    if counter is not None and old.first_lead_id != new.first_lead_id:
        problems += _move_counter(connection, counter, old, new)
    if len(problems) == found and old != new:
        store_changes(connection, key, row.id, old, new)
        bump_config_version(connection, row.id)
        yield from describe(old, new)


_EMPTY_PARTS: dict[str, Any] = {"partitions": (), "workspaces": (), "rules": (), "fields": {}, "users": {}}
"""What a subscription is before anything is added to it."""


def _stored_row(connection: Connection, declared: DeclaredSubscription, problems: list[str]) -> _Stored | None:
    """The stored subscription that is meant: by account, else by name."""
    table = schema.subscription
    by_account: list[_Stored] = []
    by_name: list[_Stored] = []
    for number, name, account in connection.execute(select(table.c.id, table.c.name, table.c.munchkin_account)):
        if account == declared.munchkin_account:
            by_account.append(_Stored(number, name))
        if fold(name) == fold(declared.name):
            by_name.append(_Stored(number, name))
    if by_account and by_name and by_account[0].id != by_name[0].id:
        problems.append(
            f"{declared.name}: munchkin_account {shown(declared.munchkin_account)} belongs to "
            f"subscription {shown(by_account[0].name)}; correct the name or the account"
        )
    return next(iter(by_account + by_name), None)


def _may_remove(connection: Connection, row: _Stored, problems: list[str]) -> bool:
    lock_counter(connection, row.id)
    count = connection.execute(_leads(row.id, func.count())).scalar_one()
    if count:
        problems.append(f"{row.name}: still has {count} leads and cannot be removed; forget them first")
    return not count


def _leads(subscription_id: int, what: Any) -> Any:
    """A query over the leads that exist: neither merged into another nor forgotten."""
    lead = schema.lead
    return (
        select(what)
        .select_from(lead)
        .where(
            lead.c.subscription_id == subscription_id,
            lead.c.merged_into.is_(None),
            lead.c.forgotten_at.is_(None),
        )
    )


def _user_problems(
    connection: Connection, subscription_id: int | None, old: Configuration, new: Configuration
) -> Iterator[str]:
    """User ids are one set for the whole database; the published demo key opens the demo alone."""
    users = schema.api_user
    for user_id, user in new.users.items():
        before = old.users.get(user_id)
        if before is None:
            owner = connection.execute(
                select(users.c.subscription_id).where(users.c.id == user_id)
            ).scalar_one_or_none()
            if owner is not None and owner != subscription_id:
                yield f"{new.name}: user {shown(user_id)} belongs to another subscription; choose another id"
        if not user.demo and user_id == DEMO_USER and DEMO_KEY in user.keys:
            yield f"{new.name}: user {shown(user_id)} has the published demo key; choose another key"
        if user.demo and before is not None and _settings(before) != _settings(user):
            yield f"{new.name}: user {shown(user_id)} is the demo's own and cannot be changed"


def _settings(user: UserSettings) -> tuple[bool, tuple[bytes, ...]]:
    return user.disabled, user.keys


def _lead_problems(
    connection: Connection, subscription_id: int, old: Configuration, new: Configuration
) -> Iterator[str]:
    """What is removed, or becomes another type, while leads still need it."""
    lead = schema.lead
    for name in set(old.partitions) - set(new.partitions):
        count = connection.execute(_leads(subscription_id, func.count()).where(lead.c.partition == name)).scalar_one()
        if count:
            yield f"{new.name}: partition {shown(name)} still has {count} leads and cannot be removed"
    for name, field in old.fields.items():
        after = new.fields.get(name)
        if (after is None or after.type != field.type) and _has_values(connection, subscription_id, name):
            what = "be removed" if after is None else f"become {shown(after.type)}"
            yield f"{new.name}: field {shown(name)} still has values of leads and cannot {what}"


def _has_values(connection: Connection, subscription_id: int, name: str) -> bool:
    return any(
        connection.execute(_with_value(connection, table, subscription_id, name)).first()
        for table in (schema.lead, schema.visitor)
    )


def _with_value(connection: Connection, table: Table, subscription_id: int, name: str) -> Any:
    """One row of the table whose values have the name; names may hold quotes, so no JSON path is made."""
    values = table.c.field_values
    has: ColumnElement[bool]
    if connection.dialect.name == "postgresql":
        has = func.jsonb_exists(values, name)
    else:
        entry = func.json_each(values).table_valued(column("key", String))
        has = exists(select(literal(1)).select_from(entry).where(entry.c.key == name))
    return select(literal(1)).select_from(table).where(table.c.subscription_id == subscription_id, has).limit(1)


def _move_counter(connection: Connection, counter: Row[Any], old: Configuration, new: Configuration) -> Iterator[str]:
    """First Ids move freely until one is handed out, later only upwards: no Id is used twice."""
    unused = counter.next_lead_id == old.first_lead_id
    if new.first_lead_id < counter.next_lead_id and not unused:
        yield (
            f"{new.name}: first_lead_id = {new.first_lead_id} is too low, Ids up to "
            f"{counter.next_lead_id - 1} are handed out; give {counter.next_lead_id} or more"
        )
        return
    table = schema.counter
    connection.execute(
        update(table).where(table.c.subscription_id == counter.subscription_id).values(next_lead_id=new.first_lead_id)
    )
