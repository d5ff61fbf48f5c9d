"""One subscription's configuration as a whole: read from its tables, and written where it changed."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field

from sqlalchemy import Connection, Table, delete, insert, select, update

from synclead.leads.fields import STANDARD, Field
from synclead.leads.places import Rule, Workspace
from synclead.leads.policy import Policy
from synclead.store import schema
from synclead.store.errors import MasterKeyError, StoreError
from synclead.store.request_log import lock_log
from synclead.store.secrets import MasterKey
from synclead.store.subscriptions import read_subscription


@dataclass(frozen=True, slots=True)
class UserSettings:
    """An API user with its encryption keys, newest first."""

    id: str
    disabled: bool = False
    demo: bool = False
    keys: tuple[bytes, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Configuration:
    """Everything that a declaration can say about one subscription."""

    name: str
    munchkin_account: str
    munchkin_aliases: tuple[str, ...] = ()
    workspaces_enabled: bool = False
    first_lead_id: int = 1
    time_zone: str = "UTC"
    policy: Policy = field(default_factory=Policy)
    limits: Mapping[str, int] = field(default_factory=dict)
    """Limits of calls that are set, by the names of `declared.LIMITS`."""
    demo: bool = False
    partitions: tuple[str, ...] = ()
    workspaces: tuple[Workspace, ...] = ()
    rules: tuple[Rule, ...] = ()
    fields: Mapping[str, Field] = field(default_factory=dict)
    """Custom fields by `Field.name`."""
    users: Mapping[str, UserSettings] = field(default_factory=dict)


def load(connection: Connection, key: MasterKey, subscription_id: int) -> Configuration:
    """The stored configuration of a subscription that exists, without encryption keys that do not open."""
    table = schema.subscription
    row = connection.execute(select(table).where(table.c.id == subscription_id)).one()
    rules = read_subscription(connection, subscription_id)
    if rules is None:
        raise StoreError(f"subscription {row.name} has no counter row: the database is damaged")
    return Configuration(
        name=row.name,
        munchkin_account=row.munchkin_account,
        munchkin_aliases=rules.munchkin_aliases,
        workspaces_enabled=row.workspaces_enabled,
        first_lead_id=row.first_lead_id,
        time_zone=row.time_zone,
        policy=rules.policy,
        limits=row.limits,
        demo=row.demo,
        partitions=rules.places.partitions,
        workspaces=rules.places.workspaces,
        rules=rules.places.rules,
        fields={field.name: field for field in rules.catalogue.fields if field not in STANDARD},
        users=_load_users(connection, key, subscription_id),
    )


def add_subscription(connection: Connection, new: Configuration) -> int:
    """Make the rows that every subscription has; gives its number. `store_changes` adds the rest."""
    subscription_id: int = connection.execute(
        insert(schema.subscription).values(**_subscription_row(new)).returning(schema.subscription.c.id)
    ).scalar_one()
    connection.execute(
        insert(schema.counter).values(
            subscription_id=subscription_id,
            next_lead_id=new.first_lead_id,
            next_activity_id=1,
            next_change=1,
            next_visitor_id=1,
            config_version=1,
        )
    )
    return subscription_id


def store_changes(
    connection: Connection, key: MasterKey, subscription_id: int, old: Configuration, new: Configuration
) -> None:
    """Write what differs. The caller holds the counter row and raises the config version."""
    if _subscription_row(old) != _subscription_row(new):
        connection.execute(
            update(schema.subscription)
            .where(schema.subscription.c.id == subscription_id)
            .values(**_subscription_row(new))
        )
    if old.partitions != new.partitions:
        rows = [{"name": name} for name in new.partitions]
        _replace(connection, schema.lead_partition, subscription_id, rows)
    if old.workspaces != new.workspaces:
        rows = [{"name": one.name, "primary_partition": one.primary_partition} for one in new.workspaces]
        _replace(connection, schema.workspace, subscription_id, rows)
    if old.rules != new.rules:
        _replace(connection, schema.assignment_rule, subscription_id, [_rule_row(rule) for rule in new.rules])
    for name in old.fields.keys() | new.fields.keys():
        if old.fields.get(name) != new.fields.get(name):
            store_field(connection, subscription_id, name, new.fields.get(name))
    for user_id in old.users.keys() | new.users.keys():
        if old.users.get(user_id) != new.users.get(user_id):
            _store_user(connection, key, subscription_id, user_id, new.users.get(user_id))


def remove_subscription(connection: Connection, subscription_id: int) -> None:
    """Delete everything that is stored under the subscription, whose counter must be locked."""
    lock_log(connection)  # calls that a process still holds are not written any more once it is gone
    for table in schema.metadata.sorted_tables:
        if "subscription_id" in table.c:
            connection.execute(delete(table).where(table.c.subscription_id == subscription_id))
    connection.execute(delete(schema.subscription).where(schema.subscription.c.id == subscription_id))


def _subscription_row(configuration: Configuration) -> dict[str, object]:
    return {
        "name": configuration.name,
        "munchkin_account": configuration.munchkin_account,
        "munchkin_aliases": list(configuration.munchkin_aliases),
        "workspaces_enabled": configuration.workspaces_enabled,
        "time_zone": configuration.time_zone,
        "policy": asdict(configuration.policy),
        "limits": dict(configuration.limits),
        "first_lead_id": configuration.first_lead_id,
        "demo": configuration.demo,
    }


def _rule_row(rule: Rule) -> dict[str, object]:
    conditions = [{"field": one.field, "test": one.test, "values": list(one.values)} for one in rule.when]
    return {"partition": rule.partition, "conditions": conditions}


def _replace(connection: Connection, table: Table, subscription_id: int, rows: Sequence[Mapping[str, object]]) -> None:
    """Make an ordered list of rows the whole list."""
    connection.execute(delete(table).where(table.c.subscription_id == subscription_id))
    for position, row in enumerate(rows, start=1):
        connection.execute(insert(table).values(subscription_id=subscription_id, position=position, **row))


def store_field(connection: Connection, subscription_id: int, name: str, new: Field | None) -> None:
    """Make the row of a custom field what `new` is; None removes it."""
    fields = schema.field
    connection.execute(delete(fields).where(fields.c.subscription_id == subscription_id, fields.c.name == name))
    if new is not None:
        connection.execute(insert(fields).values(subscription_id=subscription_id, **asdict(new)))


def _load_users(connection: Connection, key: MasterKey, subscription_id: int) -> dict[str, UserSettings]:
    users, keys = schema.api_user, schema.api_key
    sealed: dict[str, list[bytes]] = {}
    for row in connection.execute(select(keys).where(keys.c.subscription_id == subscription_id).order_by(keys.c.slot)):
        try:
            opened = key.open_api_key(row.sealed, subscription_id, row.user_id)
        except MasterKeyError:
            continue  # damaged: whoever declares the key anew must not be refused for that
        sealed.setdefault(row.user_id, []).append(opened)
    return {
        row.id: UserSettings(row.id, row.disabled, row.demo, tuple(sealed.get(row.id, ())))
        for row in connection.execute(
            select(users).where(users.c.subscription_id == subscription_id).order_by(users.c.id)
        )
    }


def _store_user(
    connection: Connection, key: MasterKey, subscription_id: int, user_id: str, new: UserSettings | None
) -> None:
    users, keys = schema.api_user, schema.api_key
    connection.execute(delete(keys).where(keys.c.subscription_id == subscription_id, keys.c.user_id == user_id))
    connection.execute(delete(users).where(users.c.subscription_id == subscription_id, users.c.id == user_id))
    if new is None:
        return
    connection.execute(
        insert(users).values(id=user_id, subscription_id=subscription_id, disabled=new.disabled, demo=new.demo)
    )
    for slot, plain in enumerate(new.keys, start=1):
        sealed = key.seal_api_key(plain, subscription_id, user_id)
        connection.execute(
            insert(keys).values(subscription_id=subscription_id, user_id=user_id, slot=slot, sealed=sealed)
        )
