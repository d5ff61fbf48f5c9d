"""A recorded call in words: as a row, as lines, as JSON."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from synclead.leads.history import describe
from synclead.leads.outcome import Why
from synclead.store.documents import shown_moment

if TYPE_CHECKING:
    from synclead.store.request_log import Entry

UNKNOWN_CALLER = "unknown caller"

_WHY = Why.__struct_fields__
_SHOWN = 120
"""Characters of a message in a row."""


def row_of(entry: "Entry") -> tuple[str, ...]:
    """Id, time, operation, outcome, lead, why, and what changed or what was wrong."""
    document = entry.document
    what = _one_line(document.get("message", "")) if entry.failed else changes_of(document)
    if entry.subscription is None:
        what = f"[{UNKNOWN_CALLER}] {what}"
    if document.get("left_out"):
        what = f"[{document['left_out']} like this one before it are left out] {what}"
    if document.get("lost"):
        what = f"[{document['lost']} faults before this one were too many to record] {what}"
    if document.get("unstored"):
        what = f"[{document['unstored']} calls before this one were refused by the database] {what}"
    return (
        str(entry.id),
        shown_moment(entry.at),
        document.get("operation", ""),
        str(document.get("outcome", "")),
        "" if entry.lead_id is None else str(entry.lead_id),
        why_of(document),
        what,
    )


def facts_of(entry: "Entry") -> Iterator[tuple[str, str]]:
    """Names and values of everything that is known of a call, but for what was asked."""
    document = entry.document
    yield "Time", shown_moment(entry.at)
    yield "Subscription", entry.subscription or f"none: {UNKNOWN_CALLER}"
    for title, name in _FACTS.items():
        if document.get(name) is not None:
            yield title, str(document[name])
    if entry.lead_id is not None:
        yield "Lead", str(entry.lead_id)
    if why := why_of(document):
        yield "Why", why
    if not entry.failed:
        yield "Changed", changes_of(document)
    if "clock_difference" in document:
        yield "Clock", f"{document['clock_difference']} s ahead of this server's"
    if document.get("delivered") is False:
        yield "Answer", "the client hung up before it was sent"
    if document.get("lost"):
        yield "Not recorded", f"{document['lost']} faults before this one"
    if document.get("unstored"):
        yield "Refused by the database", f"{document['unstored']} calls before this one"
    if entry.failed:
        yield "Message", document.get("message", "")
        yield "What to change", advice_of(entry)


def document_of(entry: "Entry") -> dict[str, Any]:
    """The call as JSON gives it."""
    known = {
        "id": entry.id,
        "at": shown_moment(entry.at),
        "subscription": entry.subscription,
        "failed": entry.failed,
        "lead": entry.lead_id,
        **entry.document,
    }
    return known | {"advice": advice_of(entry)} if entry.failed else known


def advice_of(entry: "Entry") -> str:
    """What to change, for a fault."""
    from synclead.soap.advice import advise

    code = entry.document.get("outcome")
    if not isinstance(code, int):  # no call: it has a cause alone
        code = 20012 if "cause" in entry.document else 0
    return advise(code, entry.document)


def why_of(document: Mapping[str, Any]) -> str:
    """Which step and key decided, and what moved; empty where it did not come to that."""
    if "step" not in document:
        return ""
    parts = {name: document[name] for name in _WHY if name in document}
    return describe(Why(**parts))


def changes_of(document: Mapping[str, Any]) -> str:
    """The names of the fields and keys that changed."""
    if names := document.get("changed_names"):
        return ", ".join(names)
    return "nothing" if document.get("changed") is False else ""


_FACTS = {
    "Request": "request",
    "Client": "client",
    "User": "user",
    "Unknown user": "unknown_user",
    "Operation": "operation",
    "Outcome": "outcome",
    "Reason": "reason",
    "Milliseconds": "ms",
}


def _one_line(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
