"""Stored leads as the JSON that commands give."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from synclead.store.reading import StoredLead


def lead_document(lead: "StoredLead") -> dict[str, Any]:
    """A lead with its keys and canonical values, times in UTC; without its history."""
    return {
        "id": lead.id,
        "email": lead.email.text if lead.email else None,
        "partition": lead.partition,
        "known": True,
        "created_at": shown_moment(lead.created_at),
        "updated_at": shown_moment(lead.updated_at),
        "foreign_ids": [{"type": one.type, "id": one.id} for one in lead.foreign_ids],
        "cookies": list(lead.cookies),
        "fields": dict(lead.values),
    }


def history_document(lead: "StoredLead") -> list[dict[str, Any]]:
    """A lead's history, in order."""
    return [
        {"id": one.id, "type": one.type, "at": shown_moment(one.at), "attributes": dict(one.attributes)}
        for one in lead.activities
    ]


def shown_moment(moment: datetime) -> str:
    """A moment in UTC for people and programs, to the millisecond."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
