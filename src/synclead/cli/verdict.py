"""What `synclead check` found out, in words and as JSON."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from synclead.cli.reasons import explain_outcome
from synclead.leads.errors import SyncleadError
from synclead.leads.outcome import Outcome
from synclead.soap.advice import advise
from synclead.soap.asked import asked, indented
from synclead.soap.captured import Captured
from synclead.soap.errors import RequestNotUnderstoodError


@dataclass(frozen=True, slots=True)
class Checked:
    """A captured request, and what came of looking at it."""

    captured: Captured
    outcome: Outcome | None
    """What a sync would come to; None where it would be a fault, or was none."""
    sent: bytes
    charset: str | None
    no_key: str | None
    """Why no signature can be compared; None where it can."""
    now: datetime


def lines(checked: Checked) -> Iterator[str]:
    """One line for each thing found out."""
    captured = checked.captured
    if isinstance(captured.refusal, RequestNotUnderstoodError):
        yield "the request cannot be read"
        yield from _fault(captured, captured.refusal)
        return
    yield "the request can be read"
    yield from _caller(checked)
    yield f"operation: {captured.operation or 'none that the contract knows'}"
    if captured.refusal is not None:
        yield from _fault(captured, captured.refusal)
    if captured.subscription is None:
        yield "which subscription it is for is not known, so nothing further is looked at: name one with --subscription"
        return
    if captured.refusal is not None:
        yield "once the caller is let in:"
    if captured.fault is not None:
        yield from _fault(captured, captured.fault)
    elif checked.outcome is not None:
        yield from explain_outcome(checked.outcome)
    if captured.answer is None:
        yield "the server would accept it, sent with a new timestamp and signature"


def request(checked: Checked) -> str:
    """The request itself as XML of many lines, without its credentials."""
    return indented(asked(checked.sent, checked.charset, show_values=True))


def document(checked: Checked) -> dict[str, Any]:
    """The same for programs."""
    captured, outcome = checked.captured, checked.outcome
    faults = [error for error in (captured.refusal, captured.fault) if error is not None]
    return {
        "accepted": captured.answer is None,
        "user": captured.credentials.user_id if captured.credentials else None,
        "subscription": captured.subscription.name if captured.subscription else None,
        "signature": {None: "not known", True: "right", False: "wrong"}[captured.signature_is_right],
        "seconds_old": None if captured.made_at is None else _age(checked),
        "operation": captured.operation,
        "explanation": list(explain_outcome(outcome)) if outcome is not None and not captured.fault else [],
        "faults": [
            {
                "code": error.code,
                "text": error.text,
                "message": error.message,
                "advice": advise(error.code, captured.facts),
            }
            for error in faults
        ],
    }


def _caller(checked: Checked) -> Iterator[str]:
    captured = checked.captured
    if captured.credentials is None:
        return
    owner = captured.subscription.name if captured.subscription else "no subscription"
    yield f"user {captured.credentials.user_id}, subscription {owner}"
    if checked.no_key is not None:
        yield f"whether the signature is right cannot be told: {checked.no_key}"
    elif captured.signature_is_right:
        yield "the signature is right"
    if captured.made_at is not None:
        yield (
            f"the timestamp is {_span(_age(checked))}; servers refuse one that is more than 15 minutes off (20016), "
            "so a captured request cannot be sent again as it is"
        )


def _fault(captured: Captured, error: SyncleadError) -> Iterator[str]:
    yield f"the server would answer {error.code} - {error.text}: {error.message}"
    reason = captured.facts.get("reason")
    if error is captured.refusal and reason:
        yield f"since: {reason}"
    yield f"what to change: {advise(error.code, captured.facts)}"


def _age(checked: Checked) -> float:
    made_at = checked.captured.made_at or checked.now
    return round((checked.now - made_at).total_seconds(), 1)


def _span(seconds: float) -> str:
    size, side = abs(seconds), "old" if seconds >= 0 else "in the future"
    for unit, length in (("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if size >= 2 * length:
            return f"{size / length:.0f} {unit} {side}"
    return f"{size:.0f} seconds {side}"
