"""What a subscription is to become: the stored configuration with a declaration laid over it. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from typing import TypeVar
from zoneinfo import ZoneInfo

from synclead.leads.conditions import read_rule
from synclead.leads.fields import Catalogue, Field, rest_name_of
from synclead.leads.places import DEFAULT_WORKSPACE, Places, Rule, Workspace
from synclead.leads.policy import Policy
from synclead.leads.text import fold
from synclead.store.configuration import Configuration, UserSettings
from synclead.store.declaration_table import shown
from synclead.store.declared import (
    DeclaredField,
    DeclaredPartition,
    DeclaredSubscription,
    DeclaredUser,
    DeclaredWorkspace,
)

T = TypeVar("T")

TEXT_TYPES = ("string", "phone", "url", "email", "text")
"""Field types whose length can be limited."""

DEFAULT_PARTITION = "Default"
"""The partition of a subscription that declares none."""


def merge(old: Configuration | None, declared: DeclaredSubscription, problems: list[str]) -> Configuration:
    """The configuration after the declaration; None stands for a subscription that is not stored yet.

    Every mistake that shows only beside what is stored is added to `problems`, and the old part stays.
    """
    before = old or Configuration(declared.name, declared.munchkin_account)
    mistakes: list[str] = []
    partitions = _partitions(before.partitions, declared.partitions, mistakes)
    new = replace(
        before,
        name=declared.name,
        munchkin_account=declared.munchkin_account,
        munchkin_aliases=_chosen(declared.munchkin_aliases, before.munchkin_aliases),
        workspaces_enabled=_chosen(declared.workspaces_enabled, before.workspaces_enabled),
        first_lead_id=_chosen(declared.first_lead_id, before.first_lead_id),
        time_zone=_chosen(declared.time_zone, before.time_zone),
        policy=_policy(before.policy, declared.policy),
        limits=_chosen(declared.limits, before.limits),
        partitions=partitions,
        workspaces=_workspaces(before.workspaces, declared.workspaces, partitions, mistakes),
        fields=_fields(before.fields, declared.fields, mistakes),
        users=_users(before.users, declared.api_users, mistakes),
    )
    new = _with_rules(new, declared, mistakes)
    if not mistakes:
        new = _with_places(new, mistakes)
    problems += [f"{declared.name}: {mistake}" for mistake in mistakes]
    return new


def merge_field(fields: Mapping[str, Field], declared: DeclaredField) -> Field:
    """The field that a declaration makes of the custom `fields`.

    Raises ValueError, naming the value, where a name is taken, a type is missing or takes no max_length.
    """
    old = _field_named(fields, declared.name)
    if old is not None:
        new = replace(old, type=declared.type or old.type, auto=False)
    elif declared.type is not None:
        new = Field(declared.name, declared.name, rest_name_of(declared.name), declared.name, declared.type)
    else:
        raise ValueError(f"field {shown(declared.name)} is new and has no type; add it")
    new = replace(
        new,
        label=declared.label or new.label,
        rest_name=declared.rest_name or new.rest_name,
        max_length=declared.max_length or new.max_length,
    )
    if new.max_length is not None and new.type not in TEXT_TYPES:
        raise ValueError(f"field {shown(new.name)}: max_length does not go with type {new.type}")
    others = [field for field in fields.values() if old is None or field.name != old.name]
    Catalogue(others).check(new)
    return new


def _chosen(declared: T | None, old: T) -> T:
    return old if declared is None else declared


def _policy(old: Policy, declared: Mapping[str, object] | None) -> Policy:
    """A preset decides every key; without one the keys that the file does not mention stay."""
    if declared is None:
        return old
    return Policy.from_mapping(declared if "preset" in declared else {**asdict(old), **declared})


def _partitions(old: tuple[str, ...], declared: Iterable[DeclaredPartition], mistakes: list[str]) -> tuple[str, ...]:
    names = {fold(name): name for name in old}
    for partition in declared:
        if partition.removed:
            names.pop(fold(partition.name), None)
        else:
            names.setdefault(fold(partition.name), partition.name)
    if old and not names:
        mistakes.append("no partition would be left; keep one")
    return tuple(names.values()) or (DEFAULT_PARTITION,)


def _workspaces(
    old: tuple[Workspace, ...],
    declared: Iterable[DeclaredWorkspace],
    partitions: tuple[str, ...],
    mistakes: list[str],
) -> tuple[Workspace, ...]:
    found = {fold(workspace.name): workspace for workspace in old}
    for one in declared:
        stored = found.get(fold(one.name))
        if one.removed:
            found.pop(fold(one.name), None)
        elif one.primary_partition is not None:
            name = one.name if stored is None else stored.name
            found[fold(one.name)] = Workspace(name, one.primary_partition)
        elif stored is None:
            mistakes.append(f"workspace {shown(one.name)} has no primary_partition; add it")
    if found or old:
        return tuple(found.values())
    primary = next((name for name in partitions if fold(name) == fold(DEFAULT_PARTITION)), partitions[0])
    if len(partitions) > 1 and fold(primary) != fold(DEFAULT_PARTITION):
        mistakes.append("several partitions and no workspaces; declare Default with its primary_partition")
    return (Workspace(DEFAULT_WORKSPACE, primary),)


def _field_named(fields: Mapping[str, Field], name: str) -> Field | None:
    return next((field for field in fields.values() if fold(field.name) == fold(name)), None)


def _fields(old: Mapping[str, Field], declared: Iterable[DeclaredField], mistakes: list[str]) -> dict[str, Field]:
    fields = dict(old)
    for one in declared:
        stored = _field_named(fields, one.name)
        if one.removed:
            if stored is not None:
                del fields[stored.name]
            elif Catalogue().bears(one.name):
                mistakes.append(f"field {shown(one.name)} is a standard field and cannot be removed")
            continue
        try:
            new = merge_field(fields, one)
        except ValueError as error:
            mistakes.append(str(error))
        else:
            fields[new.name] = new
    return fields


def _users(
    old: Mapping[str, UserSettings], declared: Iterable[DeclaredUser], mistakes: list[str]
) -> dict[str, UserSettings]:
    users = dict(old)
    for one in declared:
        if one.removed:
            users.pop(one.id, None)
            continue
        stored = users.get(one.id)
        if stored is None and one.keys is None:
            mistakes.append(f"user {shown(one.id)} is new and has no encryption key; add encryption_key_env")
            continue
        keys = None if one.keys is None else tuple(key.encode() for key in one.keys)
        before = stored or UserSettings(one.id)
        users[one.id] = replace(
            before, disabled=_chosen(one.disabled, before.disabled), keys=_chosen(keys, before.keys)
        )
    return users


def _with_rules(new: Configuration, declared: DeclaredSubscription, mistakes: list[str]) -> Configuration:
    catalogue = Catalogue(new.fields.values())
    if declared.assignment_rules is None:
        for rule in new.rules:
            mistakes += [
                f"field {shown(condition.field)} is used by an assignment rule; change the rules too"
                for condition in rule.when
                if catalogue.get(condition.field) is None
            ]
        return new
    rules: list[Rule] = []
    for number, one in enumerate(declared.assignment_rules, start=1):
        try:
            rules.append(read_rule(one.partition, one.when, catalogue, ZoneInfo(new.time_zone)))
        except ValueError as error:
            mistakes.append(f"rule {number}: {error}")
    return replace(new, rules=tuple(rules))


def _with_places(new: Configuration, mistakes: list[str]) -> Configuration:
    """The domain decides whether the places fit together, and spells their names."""
    try:
        places = Places(new.partitions, new.workspaces, new.workspaces_enabled, new.rules)
    except ValueError as error:
        mistakes.append(str(error))
        return new
    return replace(new, workspaces=places.workspaces, rules=places.rules)
