"""A captured request, looked at without sending it: who made it, and what the server would answer now."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from synclead.leads.errors import SyncleadError
from synclead.leads.subscription import Subscription
from synclead.soap import authentication
from synclead.soap.authentication import UNREADABLE_TIMESTAMP, WRONG_SIGNATURE, AuthenticationFailedError, Credentials
from synclead.soap.envelope import parse
from synclead.soap.request import Request, SentRequest
from synclead.soap.service import Parts, carry_out, failure_facts
from synclead.soap.signature import parse_timestamp

_ANY_AGE = timedelta.max


@dataclass(slots=True)
class Captured:
    """What was found out."""

    credentials: Credentials | None = None
    signature_is_right: bool | None = None
    """None: nobody can tell here."""
    made_at: datetime | None = None
    """The moment of the timestamp; a captured one is always old, so that is no fault here."""
    subscription: Subscription | None = None
    operation: str | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    """As the log of the call would have them."""
    refusal: SyncleadError | None = None
    """Why the caller would not be let in, or the request not be read at all."""
    fault: SyncleadError | None = None
    """What is wrong with the rest, for whoever is let in."""

    @property
    def answer(self) -> SyncleadError | None:
        """The fault that the server would answer; None where it would accept the request."""
        return self.refusal or self.fault


async def examine(
    request: bytes,
    charset: str | None,
    parts: Parts,
    *,
    keys_are_known: bool,
    owner: Callable[[str], Subscription | None],
    workspace: str | None = None,
) -> Captured:
    """Looks at a request as the server does, with a writer in `parts` that writes nothing.

    Without `keys_are_known` no signature is compared, and nobody is refused for it. `owner` gives the subscription
    to go by for a user id, which may be empty; with None nothing behind the caller is looked at. `workspace` takes
    the place of the one that is named.
    """
    found = Captured()
    try:
        sent = SentRequest(parse(request, charset, parts.limits), parts.limits)
    except SyncleadError as error:
        found.refusal = error
        found.facts.update(failure_facts(error))
        return found
    operation = parts.contract.operation(sent.operation_name)
    found.operation = operation.name if operation else None
    try:
        await _authenticate(found, sent, parts, keys_are_known)
    except SyncleadError as error:
        found.refusal = error
        found.facts.update(failure_facts(error))
    found.subscription = owner(found.credentials.user_id if found.credentials else "")
    if found.subscription is None:
        return found
    facts: dict[str, Any] = {}
    try:
        await carry_out(sent, found.subscription, parts, facts, workspace=workspace)
    except SyncleadError as error:
        found.fault = error
        facts.update(failure_facts(error))
    found.facts = facts | found.facts
    return found


async def _authenticate(found: Captured, sent: Request, parts: Parts, keys_are_known: bool) -> None:
    credentials = sent.credentials
    found.credentials = credentials
    found.made_at = parse_timestamp(credentials.timestamp)
    if not keys_are_known:
        return
    try:
        await authentication.authenticate(credentials, parts.users, now=parts.now(), window=_ANY_AGE, demo=True)
    except AuthenticationFailedError as error:
        found.signature_is_right = {WRONG_SIGNATURE: False, UNREADABLE_TIMESTAMP: True}.get(error.reason)
        raise
    except SyncleadError:  # the user is disabled: that is looked at behind the signature
        found.signature_is_right = True
        raise
    found.signature_is_right = True
