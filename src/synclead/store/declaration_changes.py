"""Says in words what a declaration changes: one line a change, never a secret."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict

from synclead.store.configuration import Configuration, UserSettings
from synclead.store.declaration_table import shown
from synclead.store.declared import LIMITS

_SETTINGS = ("munchkin_account", "munchkin_aliases", "workspaces_enabled", "first_lead_id", "time_zone")


def describe(old: Configuration, new: Configuration) -> Iterator[str]:
    """One line for each difference, in the order of a declaration file."""
    where = new.name
    if old.name != new.name:
        yield f"{where}: changed name from {shown(old.name)} to {shown(new.name)}"
    for key in _SETTINGS:
        before, after = getattr(old, key), getattr(new, key)
        if before != after:
            yield f"{where}: changed {key} from {_listed(before)} to {_listed(after)}"
    policy = asdict(old.policy)
    for key, after in asdict(new.policy).items():
        if policy[key] != after:
            yield f"{where}: changed policy {key} from {shown(policy[key])} to {shown(after)}"
    for key in LIMITS:
        limit, limit_now = (shown(one.limits[key]) if key in one.limits else "none" for one in (old, new))
        if limit != limit_now:
            yield f"{where}: changed limit {key} from {limit} to {limit_now}"
    for line in (
        *_users(old.users, new.users),
        *_named("partition", dict.fromkeys(old.partitions), dict.fromkeys(new.partitions)),
        *_named(
            "workspace",
            {one.name: one.primary_partition for one in old.workspaces},
            {one.name: one.primary_partition for one in new.workspaces},
        ),
        *_named("field", old.fields, new.fields),
    ):
        yield f"{where}: {line}"
    if old.rules != new.rules:
        yield f"{where}: changed assignment rules, there are {len(new.rules)} now"


def _listed(value: object) -> str:
    return f"[{', '.join(shown(one) for one in value)}]" if isinstance(value, tuple) else shown(value)


def _named(what: str, old: Mapping[str, object], new: Mapping[str, object]) -> Iterator[str]:
    for name, after in new.items():
        if name not in old:
            yield f"added {what} {name}"
        elif old[name] != after:
            yield f"changed {what} {name}"
    for name in old:
        if name not in new:
            yield f"removed {what} {name}"


def _users(old: Mapping[str, UserSettings], new: Mapping[str, UserSettings]) -> Iterator[str]:
    yield from _named("user", dict.fromkeys(old), dict.fromkeys(new))
    for user_id, after in new.items():
        before = old.get(user_id)
        if before is not None and before.keys != after.keys:
            yield f"changed the keys of user {user_id}"
        if after.disabled != (before is not None and before.disabled):
            yield f"{'disabled' if after.disabled else 'enabled'} user {user_id}"
