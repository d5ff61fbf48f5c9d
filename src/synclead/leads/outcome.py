"""What a call came to, and why."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from msgspec import Struct

from synclead.leads.fields import Catalogue, Field
from synclead.leads.lead import ForeignId, Lead

Status = Literal["CREATED", "UPDATED"]


class Activity(Struct, frozen=True):
    """One line of a lead's history. Belongs to a lead, or to a visitor while nobody knows who it is."""

    id: int
    lead_id: int
    type: str
    """Display name: `New Lead`, `Change Data Value`, `Merge Leads`, `Foreign Id Moved`, `Cookie Moved`."""
    at: datetime
    attributes: Mapping[str, str]


class Why(Struct, frozen=True):
    """The reasons behind an outcome, without values of leads: safe to log."""

    step: int
    """Row of the table in `resolve` that found the target, 1 to 6."""
    key: str
    """The key that matched: `Id`, `foreign id`, `cookie`, `Email`, `visitor`, `none`."""
    partition_rule: str = ""
    """What decided the partition of a new lead: `rule 2`, `workspace EMEA`, ..."""
    foreign_id_moved_from: int | None = None
    cookie_moved_from: int | None = None
    visitor_merged: int | None = None
    """Number of the visitor whose history became the target's."""
    became_known: int | None = None
    """Number of the visitor that became this lead."""
    email_shared_with: tuple[int, ...] = ()
    left_without_key: tuple[int, ...] = ()
    email_element_unused: bool = False
    email_not_renamed: bool = False
    skipped: tuple[str, ...] = ()
    cookie_ignored: str | None = None
    fields_created: tuple[str, ...] = ()


class Outcome(Struct, frozen=True):
    """The answer to one call, inside the program."""

    status: Status
    lead: Lead
    """The lead after the call."""
    shown_foreign_id: ForeignId | None
    """The one that the call named, else the one set last."""
    changed: bool
    """Whether anything at all was written."""
    planned: int
    """Number of the subscription's next change when the call was planned: its place in the order of calls. What
    was not changed was seen as it stood between that change and the one before."""
    why: Why
    catalogue: Catalogue
    """The fields that the call was read by: whoever shows the lead may know an older one."""
    changed_names: tuple[str, ...] = ()
    """Names of the fields and keys whose value is another one than before; of a new lead all that were given."""
    created_fields: tuple[Field, ...] = ()
    """Fields that the call made; not yet in `catalogue`."""
