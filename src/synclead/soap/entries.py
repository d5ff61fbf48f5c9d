"""A call on its way into the log: kept as it came, then made into what people read."""

import json as json_of_python
from collections.abc import Mapping
from typing import Any, NamedTuple

from msgspec import json

from synclead.logs import get_logger
from synclead.soap.asked import asked, not_shown
from synclead.store.request_log import NewEntry
from synclead.visible import storable

_LONGEST_FACTS = 16 * 1024
"""Bytes of what is known of a call; of more the beginning of each list and text is kept."""
_MOST_NAMES = 50
"""Of such a list."""
_LONGEST_TEXT = 255
"""Characters of such a text."""
_LONGEST_MESSAGE = 2_000
"""Characters of a fault's message that are kept."""
_LEFT_OUT = frozenset({"subscription", "subscription_id", "partner", "lead"})
"""Facts of the log that stand in columns, or that a caller may fill with anything."""

_encode = json.Encoder(enc_hook=repr).encode
_log = get_logger()


class Kept(NamedTuple):
    """One call until it is written."""

    at: float
    facts: bytes
    """As JSON: a thousand calls may wait, and so each is one object and not twenty."""
    sent: bytes | None
    """The first bytes of its body; None where there was no room for them."""
    size: int
    """Of what was read of the body."""
    is_whole: bool
    """Whether that is all of it."""
    charset: str | None
    message: str | None
    """Why it was refused."""
    forgettings: int
    """How many leads were forgotten by then, as far as was known."""


class Before(NamedTuple):
    """Calls of the same subscription that no entry will tell of."""

    lost: int = 0
    """Faults that were too many to wait."""
    unstored: int = 0
    """Calls that the database refused."""


def as_json(facts: Mapping[str, Any]) -> bytes:
    """The facts of a call, bounded. Fails for nothing: the call that they tell of is done."""
    found = _as_json(facts)
    return found if len(found) <= _LONGEST_FACTS else _as_json({name: _shortened(one) for name, one in facts.items()})


def entry(subscription_id: int, failed: bool, before: Before, kept: Kept, *, show_values: bool) -> NewEntry:
    """What is written of a call. Fails for nothing: a call that cannot be made readable stands there without that."""
    facts: dict[str, Any] = {}
    try:
        facts = json.decode(kept.facts)
        document = {name: value for name, value in facts.items() if name not in _LEFT_OUT}
        if kept.message is not None:
            document["message"] = kept.message[:_LONGEST_MESSAGE]
        document |= {name: number for name, number in before._asdict().items() if number}
        document["asked"] = _asked(kept, show_values)
        if show_values:
            document["values"] = True
        lead_id = facts.get("lead")
        forgettings = kept.forgettings if show_values and lead_id is None else None
        at = round(kept.at * 1_000_000)
        return NewEntry(subscription_id, failed, at, lead_id, _storable(document), forgettings)
    except Exception as defect:
        _log.error("call recorded without what was asked", request=facts.get("request"), exc_info=defect)
        return unreadable(subscription_id, failed, before, kept)


def unreadable(subscription_id: int, failed: bool, before: Before, kept: Kept) -> NewEntry:
    """What is written of a call that cannot be made readable, for a reason that the server's log has."""
    facts: dict[str, Any] = json.decode(kept.facts)
    known = NewEntry(subscription_id, failed, round(kept.at * 1_000_000), None, facts | before._asdict())
    return bare(known, "the server's log says why")


def bare(refused: NewEntry, why: str) -> NewEntry:
    """The same call without anything that came from outside."""
    known = {name: value for name in ("outcome", "lost", "unstored") if (value := refused.document.get(name))}
    outcome = known.get("outcome")
    if isinstance(outcome, str):
        known["outcome"] = storable(outcome[:_LONGEST_TEXT])
    return NewEntry(refused.subscription_id, refused.failed, refused.at, None, known | {"asked": not_shown(why)})


def _asked(kept: Kept, show_values: bool) -> str:
    if not kept.is_whole and not kept.size and kept.message is not None:
        return not_shown(kept.message[:_LONGEST_MESSAGE])
    if kept.sent is None:
        return not_shown(f"{kept.size:,} bytes were sent while too many calls waited to be kept")
    return asked(kept.sent, kept.charset, size=kept.size, is_whole=kept.is_whole, show_values=show_values)


def _as_json(facts: Mapping[str, Any]) -> bytes:
    try:
        return _encode(facts)
    except Exception:  # half of a surrogate pair, which no request can bring, or a number that is too large
        return json_of_python.dumps(_storable(dict(facts)), default=repr).encode()


def _shortened(value: Any) -> Any:
    if isinstance(value, str):
        return value[:_LONGEST_TEXT]
    if isinstance(value, list | tuple):
        left_out = len(value) - _MOST_NAMES
        more = [f"and {left_out} more"] if left_out > 0 else []
        return [_shortened(one) for one in value[:_MOST_NAMES]] + more
    return value


def _storable(value: Any) -> Any:
    """The same with what no database holds marked, wherever it stands."""
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, list | tuple):
        return [_storable(one) for one in value]
    if isinstance(value, dict):
        return {storable(str(name)): _storable(one) for name, one in value.items()}
    return value
