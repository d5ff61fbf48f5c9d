"""The values of a declaration file. None: the file does not mention it, what is stored stays."""

from collections.abc import Mapping
from dataclasses import dataclass

from synclead.leads.fields import FieldType

LIMITS = ("calls_per_day", "calls_per_20s", "concurrent_calls")
"""Limits of calls that a subscription can have."""


@dataclass(frozen=True, slots=True)
class DeclaredUser:
    """An API user; `keys` are its encryption keys, newest first, never shown."""

    id: str
    keys: tuple[str, ...] | None
    disabled: bool | None
    removed: bool

    def __repr__(self) -> str:
        return f"DeclaredUser({self.id!r})"


@dataclass(frozen=True, slots=True)
class DeclaredPartition:
    """A place where leads live."""

    name: str
    removed: bool = False


@dataclass(frozen=True, slots=True)
class DeclaredWorkspace:
    """A workspace and the partition that its new leads go to."""

    name: str
    primary_partition: str | None
    removed: bool = False


@dataclass(frozen=True, slots=True)
class DeclaredField:
    """A custom lead field; `name` is its SOAP name."""

    name: str
    type: FieldType | None = None
    label: str | None = None
    rest_name: str | None = None
    max_length: int | None = None
    removed: bool = False


@dataclass(frozen=True, slots=True)
class DeclaredRule:
    """An assignment rule: the partition of a new lead when all conditions hold."""

    partition: str
    when: tuple[Mapping[str, object], ...]
    """Tables as `leads.conditions.read_rule` takes them; it checks the fields and the values."""


@dataclass(frozen=True, slots=True)
class DeclaredSubscription:
    """One subscription of the file."""

    name: str
    munchkin_account: str
    munchkin_aliases: tuple[str, ...] | None = None
    workspaces_enabled: bool | None = None
    first_lead_id: int | None = None
    time_zone: str | None = None
    policy: Mapping[str, object] | None = None
    limits: Mapping[str, int] | None = None
    """By the names of `LIMITS`. A table that is there replaces the stored one; an empty one takes all limits away."""
    api_users: tuple[DeclaredUser, ...] = ()
    partitions: tuple[DeclaredPartition, ...] = ()
    workspaces: tuple[DeclaredWorkspace, ...] = ()
    fields: tuple[DeclaredField, ...] = ()
    assignment_rules: tuple[DeclaredRule, ...] | None = None
    """In order. A list that is there replaces the stored one: rules have no names to merge by."""
    removed: bool = False
