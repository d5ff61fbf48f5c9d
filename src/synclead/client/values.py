"""What calls are given, and what they give back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal


@dataclass(frozen=True, slots=True)
class LeadToSync:
    """One lead as a call names it: at least one key, and the values to set. An empty value clears."""

    id: int | str | None = None
    email: str | None = None
    foreign_id: str | None = None
    foreign_type: str | None = None
    """CUSTOM, SFDC or NETSUITE."""
    cookie: str | None = None
    """A Munchkin cookie's value."""
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ReturnedLead:
    """A complete lead as the server shows it; None where it has no such key."""

    id: int
    email: str | None
    foreign_id: str | None
    foreign_type: str | None
    attributes: Mapping[str, str]
    """Every other value by SOAP name, sorted by name."""


@dataclass(frozen=True, slots=True)
class SyncedLead:
    """What a call of syncLead came to."""

    lead_id: int
    status: Literal["CREATED", "UPDATED"]
    lead: ReturnedLead | None
    """When it was asked for."""


@dataclass(frozen=True, slots=True)
class DescribedField:
    """One field of an object."""

    name: str
    """The one that calls use."""
    label: str | None
    type: str
    """`string`, `integer`, `datetime`, ..."""
    size: int | None
    """Most characters of a text."""
    read_only: bool
    custom: bool
    key: bool
    """Whether the object is found by it."""
    in_attributes: bool
    """Whether it travels among a lead's attributes, and not as an element of its own."""
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class DescribedObject:
    """An object with its fields, in the order of the answer."""

    name: str
    fields: tuple[DescribedField, ...]
    updated_at: datetime
