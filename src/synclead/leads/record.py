"""A call as it was sent, and as it is understood."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from synclead.leads.lead import Email, ForeignId


@dataclass(frozen=True, slots=True)
class RawAttribute:
    """One attribute as sent. None: the element was missing. An empty text: present, but blank."""

    name: str | None
    value: str | None


@dataclass(frozen=True, slots=True)
class RawRecord:
    """The parts of one call that say which lead is meant and what to write, as text.

    None stands for absent, which blank is too (spec: sync-lead, section 1).
    """

    id: str | None = None
    email: str | None = None
    foreign_id: str | None = None
    foreign_type: str | None = None
    attributes: tuple[RawAttribute, ...] = ()
    cookie: str | None = None
    workspace: str | None = None


@dataclass(frozen=True, slots=True)
class SyncRequest:
    """One call, checked against the subscription's rules: every value in canonical form."""

    id: int | None = None
    foreign_id: ForeignId | None = None
    cookie: str | None = None
    """The token."""
    email_element: Email | None = None
    email_attribute: Email | None = None
    clears_email: bool = False
    """An empty Email attribute was sent."""
    workspace: str | None = None
    """The workspace of the header, in its defined spelling."""
    values: Mapping[str, str | None] = field(default_factory=dict)
    """Values to write by `Field.name`, None clears; without Email; in the order they were sent."""
    read_only: Mapping[str, str | None] = field(default_factory=dict)
    """Values sent for read-only fields: accepted when the lead has them already."""
    unknown: Mapping[str, str | None] = field(default_factory=dict)
    """Under `unknown_fields = "create"`: values by a name that no field bears yet; None makes none."""
    skipped: tuple[str, ...] = ()
    """Under `bad_value = "skip"`: what was left out and why, `FirstName: reason`, without values."""
    cookie_ignored: str | None = None
    """Under `bad_cookie = "ignore"`: why the cookie was left out."""
