"""What is stored: leads, their keys, and anonymous visitors.

What every call makes, here and in the other modules of the domain, is a `Struct`: as frozen as a dataclass, but made
in C, since a dataclass sets each of its fields by a call of its own.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from msgspec import Struct


class ForeignId(NamedTuple):
    """A person's id in another system. Unique in a subscription, type and id together."""

    type: str
    """CUSTOM, SFDC or NETSUITE."""
    id: str


class Email(NamedTuple):
    """An address: the text that is stored and shown, and the key that it is matched by."""

    text: str
    key: str


class Lead(Struct, frozen=True):
    """One known person."""

    id: int
    partition: str
    email: Email | None
    change: int
    """Number of the last change, from the subscription's counter: never ties, no clock matters."""
    created_at: datetime
    updated_at: datetime
    """Both in UTC; for people, never compared by the rules."""
    values: Mapping[str, str]
    """Canonical values by field name (`fields.Field.name`), without Email; unset fields are absent."""
    foreign_ids: tuple[ForeignId, ...]
    """In the order they were set: the last one is shown."""
    cookies: int
    """How many Munchkin cookies identify this lead (counted up to a bound)."""


class Visitor(Struct, frozen=True):
    """An anonymous browser: no lead yet. Has a number of its own and one cookie."""

    id: int
    token: str
    values: Mapping[str, str]
    """First-visit facts under lead field names."""
