"""A call as it was sent, and as it is understood."""

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct, field

from synclead.leads.forms import USUAL, Forms
from synclead.leads.lead import Email, ForeignId


class RawAttribute(Struct, frozen=True):
    """One attribute as sent. None: the element was missing. An empty text: present, but blank."""

    name: str | None
    value: str | None


class RawFileRow(Struct, frozen=True):
    """What a row of a file says that no call can say, as text; None stands for absent."""

    partition: str | None = None
    keeps_id: bool = False
    """Whether an Id that no lead has makes the lead of that Id, with the three below."""
    created_at: str | None = None
    updated_at: str | None = None
    last_change: str | None = None
    forms: Forms = USUAL
    """How its values are written."""


class RawRecord(Struct, frozen=True):
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
    row: RawFileRow | None = None
    """Where the record comes from a file: then foreign id, its type and cookie may be several (`leads.several`)."""


class Kept(Struct, frozen=True):
    """How a lead stood in the database that it comes from; None: as a new lead of this one."""

    created_at: datetime | None = None
    updated_at: datetime | None = None
    change: int | None = None


class FileRow(Struct, frozen=True):
    """What a row of a file says that no call can say."""

    foreign_ids: tuple[ForeignId, ...] = ()
    """Those after the first."""
    cookies: tuple[str, ...] = ()
    """The tokens after the first."""
    partition: str | None = None
    """Where the lead must be, or is made; in its defined spelling."""
    kept: Kept | None = None
    """Where an Id that no lead has makes the lead of that Id."""


class SyncRequest(Struct, frozen=True):
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
    row: FileRow | None = None
    """Where the request comes from a file and not from a call."""

    @property
    def foreign_ids(self) -> tuple[ForeignId, ...]:
        """The one of a call, or all of a row."""
        if self.foreign_id is None:
            return ()
        return (self.foreign_id,) if self.row is None else (self.foreign_id, *self.row.foreign_ids)

    @property
    def cookies(self) -> tuple[str, ...]:
        """The token of a call, or all of a row."""
        if self.cookie is None:
            return ()
        return (self.cookie,) if self.row is None else (self.cookie, *self.row.cookies)
