"""The declaration file: subscriptions as their owner wants them, read from TOML and checked.

What needs no database is checked here; what stands against the stored state is checked by `apply`.
"""

import re
import tomllib
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import get_args
from zoneinfo import ZoneInfo, available_timezones

from synclead.leads.fields import FieldType
from synclead.leads.places import TESTS
from synclead.leads.policy import Policy
from synclead.leads.text import fold
from synclead.store.declaration_table import DeclarationError, Table, shown
from synclead.store.declared import (
    LIMITS,
    DeclaredField,
    DeclaredPartition,
    DeclaredRule,
    DeclaredSubscription,
    DeclaredUser,
    DeclaredWorkspace,
)

FIRST_LEAD_IDS = (1, 2_147_483_647)
HIGHEST_LIMIT = 2_147_483_647
_ACCOUNT = re.compile(r"[0-9]{3}-[A-Za-z]{3}-[0-9]{3}")
_USER_ID = re.compile(r"[!-~]{1,255}")


def read_declaration_file(file: Path, environ: Mapping[str, str]) -> tuple[DeclaredSubscription, ...]:
    """Read the declaration of a file: see `read_declaration`, whose errors it raises, also where it cannot be read."""
    try:
        text = file.read_text("utf-8-sig")
    except UnicodeDecodeError:
        raise DeclarationError([f"{file} is not UTF-8 text"]) from None
    except OSError as error:
        raise DeclarationError([f"{file} cannot be read: {error.strerror}"]) from None
    return read_declaration(text, environ)


def read_declaration(text: str, environ: Mapping[str, str]) -> tuple[DeclaredSubscription, ...]:
    """Read a declaration. `environ` is where `encryption_key_env` is looked up.

    Raises DeclarationError with every mistake that can be seen without the database.
    """
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise DeclarationError([f"not a TOML file: {error}"]) from error
    except RecursionError:
        raise DeclarationError(["not a declaration: its lists are nested too deep"]) from None
    problems: list[str] = []
    file = Table(raw, "file", problems)
    tables = file.tables("subscription", "subscription", "name")
    if isinstance(raw.get("subscription"), dict):
        problems[:] = ["file: [subscription] is one table; write [[subscription]] with two brackets"]
    file.finish()
    if tables is None and not problems:
        problems.append("file: declares nothing; begin with [[subscription]]")
    read = [_subscription(table, environ) for table in tables or ()]
    found = [subscription for subscription in read if subscription is not None]
    for what, values in (
        ("subscription", [one.name for one in found]),
        ("munchkin_account", [one.munchkin_account for one in found]),
    ):
        problems += [f"file: {what} {shown(value)} stands twice; keep one" for value in _twice(values)]
    users = [user.id for one in found for user in {user.id: user for user in one.api_users}.values()]
    problems += [f"file: user {shown(value)} stands in two subscriptions; keep one" for value in _twice(users)]
    if problems:
        raise DeclarationError(problems)
    return tuple(found)


def _subscription(table: Table, environ: Mapping[str, str]) -> DeclaredSubscription | None:
    table.where = table.where.removeprefix("file, ")
    name = table.text("name", required=True)
    if name is not None:
        table.where = name
    account = table.text("munchkin_account", required=True)
    if account is not None and not _ACCOUNT.fullmatch(account):
        table.refuse("munchkin_account", "is not an account; write it as NNN-AAA-NNN, like 561-HYG-937")
        account = None
    declared = DeclaredSubscription(
        name=name or "",
        munchkin_account=(account or "").upper(),
        munchkin_aliases=_aliases(table),
        workspaces_enabled=table.flag("workspaces_enabled"),
        first_lead_id=table.number("first_lead_id", *FIRST_LEAD_IDS),
        time_zone=_time_zone(table),
        policy=_policy(table),
        limits=_limits(table),
        api_users=_users(table, environ),
        partitions=_partitions(table),
        workspaces=_workspaces(table),
        fields=_fields(table),
        assignment_rules=_rules(table),
        removed=table.flag("removed") or False,
    )
    table.finish()
    return None if name is None or account is None else declared


def _aliases(table: Table) -> tuple[str, ...] | None:
    aliases = table.texts("munchkin_aliases")
    for alias in aliases or ():
        if not _ACCOUNT.fullmatch(alias):
            table.note(f"munchkin_aliases: {shown(alias)} is not an account; write it as NNN-AAA-NNN")
    return None if aliases is None else tuple(dict.fromkeys(alias.upper() for alias in aliases))


def _time_zone(table: Table) -> str | None:
    name = table.text("time_zone")
    if name is None:
        return None
    try:
        ZoneInfo(name)
    except (OSError, ValueError, KeyError):
        close = get_close_matches(name, available_timezones(), n=1)
        hint = f"did you mean {shown(close[0])}?" if close else "use a name like Europe/Berlin"
        table.refuse("time_zone", f"is not a known time zone; {hint}")
        return None
    return name


def _policy(table: Table) -> Mapping[str, object] | None:
    policy = table.mapping("policy")
    if policy is not None:
        try:
            Policy.from_mapping(policy)
        except ValueError as error:
            table.note(str(error))
    return policy


def _limits(table: Table) -> Mapping[str, int] | None:
    entry = table.table("limits")
    if entry is None:
        return None
    limits = {key: entry.number(key, 1, HIGHEST_LIMIT) for key in LIMITS}
    entry.finish()
    return {key: limit for key, limit in limits.items() if limit is not None}


def _users(table: Table, environ: Mapping[str, str]) -> tuple[DeclaredUser, ...]:
    users: list[DeclaredUser] = []
    for entry in table.tables("api_users", "user", "id") or ():
        user_id = entry.text("id", required=True)
        if user_id is not None and not _USER_ID.fullmatch(user_id):
            entry.refuse("id", "is not a user id; use 1 to 255 ASCII characters without blanks")
            user_id = None
        keys = _keys(entry, environ)
        disabled, removed = entry.flag("disabled"), entry.flag("removed") or False
        entry.finish()
        if user_id is not None:
            users.append(DeclaredUser(user_id, keys, disabled, removed))
    _refuse_twice(table, "user", [user.id for user in users], exact=True)
    return tuple(users)


def _keys(entry: Table, environ: Mapping[str, str]) -> tuple[str, ...] | None:
    given = [key for key in ("encryption_key", "encryption_keys", "encryption_key_env") if entry.has(key)]
    if len(given) > 1:
        entry.note(f"{' and '.join(given)} stand together; keep one of them")
        return None
    keys: tuple[str, ...] | None
    if given == ["encryption_key_env"]:
        variable = entry.text("encryption_key_env")
        if variable is None:
            return None
        if variable not in environ:
            entry.note(f"the environment has no {variable}; set it to the encryption key of this user")
            return None
        keys = (environ[variable],)
    elif given == ["encryption_keys"]:
        keys = entry.texts("encryption_keys")
    elif given:
        key = entry.text("encryption_key")
        keys = None if key is None else (key,)
    else:
        return None
    if keys is None:
        return None
    if not 1 <= len(keys) <= 2 or len(set(keys)) < len(keys):
        entry.note("encryption_keys must be one key, or two different ones: [new, old]")
        return None
    if any(not key or key != key.strip() or len(key) > 255 or not key.isprintable() for key in keys):
        entry.note(
            "an encryption key is empty, longer than 255 characters, has white space around it "
            "or a character that cannot be printed"
        )
        return None
    return keys


def _partitions(table: Table) -> tuple[DeclaredPartition, ...]:
    partitions: list[DeclaredPartition] = []
    for entry in table.tables("partitions", "partition", "name", bare_names=True) or ():
        name, removed = entry.text("name", required=True), entry.flag("removed") or False
        entry.finish()
        if name is not None:
            partitions.append(DeclaredPartition(name, removed))
    _refuse_twice(table, "partition", [partition.name for partition in partitions])
    return tuple(partitions)


def _workspaces(table: Table) -> tuple[DeclaredWorkspace, ...]:
    workspaces: list[DeclaredWorkspace] = []
    for entry in table.tables("workspaces", "workspace", "name") or ():
        name, removed = entry.text("name", required=True), entry.flag("removed") or False
        primary = entry.text("primary_partition")
        entry.finish()
        if name is not None:
            workspaces.append(DeclaredWorkspace(name, primary, removed))
    _refuse_twice(table, "workspace", [workspace.name for workspace in workspaces])
    return tuple(workspaces)


def _fields(table: Table) -> tuple[DeclaredField, ...]:
    fields: list[DeclaredField] = []
    for entry in table.tables("fields", "field", "name") or ():
        name = entry.text("name", required=True)
        kind = entry.text("type")
        if kind is not None and kind not in get_args(FieldType):
            entry.refuse("type", f"is not a type; use one of {', '.join(get_args(FieldType))}")
            kind = None
        declared = DeclaredField(
            name or "",
            next((known for known in get_args(FieldType) if known == kind), None),
            entry.text("label"),
            entry.text("rest_name"),
            entry.number("max_length", 1, 65_535),
            entry.flag("removed") or False,
        )
        entry.finish()
        if name is not None:
            fields.append(declared)
    _refuse_twice(table, "field", [field.name for field in fields])
    return tuple(fields)


def _rules(table: Table) -> tuple[DeclaredRule, ...] | None:
    entries = table.tables("assignment_rules", "rule", "partition")
    if entries is None:
        return None
    rules: list[DeclaredRule] = []
    for place, entry in enumerate(entries, start=1):
        entry.where = f"{table.where}, rule {place}"
        partition = entry.text("partition", required=True)
        conditions = [_condition(one) for one in entry.tables("when", "condition", "field") or ()]
        entry.finish()
        if partition is not None:
            rules.append(DeclaredRule(partition, tuple(one for one in conditions if one is not None)))
    return tuple(rules)


def _condition(entry: Table) -> Mapping[str, object] | None:
    field = entry.text("field", required=True)
    tests = [test for test in TESTS if entry.has(test)]
    entry.finish()
    if not tests:
        entry.note(f"needs one of {', '.join(TESTS)}")
    return None if field is None else {"field": field, **{test: entry.raw[test] for test in tests}}


def _refuse_twice(table: Table, what: str, names: list[str], exact: bool = False) -> None:
    for name in _twice(names, exact):
        table.note(f"{what} {shown(name)} stands twice; keep one")


def _twice(names: Iterable[str], exact: bool = False) -> list[str]:
    """Names that stand more than once; letter case does not matter unless `exact`."""
    seen: dict[str, int] = {}
    spelled: dict[str, str] = {}
    for name in names:
        key = name if exact else fold(name)
        seen[key] = seen.get(key, 0) + 1
        spelled.setdefault(key, name)
    return [spelled[key] for key, count in seen.items() if count > 1]
