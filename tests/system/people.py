"""People that clients bring while servers fail, and what must be stored of them whatever happens."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from support.database import StoredLead, leads
from support.envelopes import Answer, Call
from support.load import Load
from support.server import Server

History = list[tuple[Call, Answer | None]]
"""What was sent about one person, in each client's order; None where nobody knows what came of it."""


def person(round: int, number: int, turn: int) -> Call:
    """In turn: somebody new with every kind of key, a change of them, and somebody whom every client brings."""
    name = f"{round}-all-{turn}" if turn % 3 == 2 else f"{round}-{number}-{turn // 3}"
    return Call(
        email=f"{name}@orchard.example",
        foreign_id=f"tree-{name}",
        cookie=f"_mch-orchard.example-{name}",
        attributes=(("FirstName", name), ("City", f"turn {turn}")),
        return_lead=False,
    )


def assert_all_there(server: Server, loads: Iterable[Load], *, may_fail: bool = False) -> None:
    """Everything acknowledged is stored once; what nobody knows of is there as a whole or not at all.

    `may_fail`: 20011 is an answer as well, and says no more than a connection that broke.
    """
    by_email: dict[str | None, list[StoredLead]] = {}
    for lead in leads(server).values():
        by_email.setdefault(lead.email, []).append(lead)
    assert all(len(same) == 1 for same in by_email.values())
    for email, history in _histories(loads, may_fail).items():
        acknowledged = [place for place, (_, answer) in enumerate(history) if answer is not None]
        stored = by_email.get(email)
        if stored is None:
            assert not acknowledged, f"lost: {email}"
        else:
            assert_explained(stored[0], history, acknowledged)


def assert_explained(lead: StoredLead, history: History, acknowledged: Sequence[int]) -> None:
    """A lead is complete, and has what the last acknowledged call or one that nobody knows of has brought."""
    answers = [answer for _, answer in history if answer is not None]
    assert {answer.lead_id for answer in answers} <= {lead.id}, history
    created = [answer.status for answer in answers].count("CREATED")
    assert created == 1 or (created == 0 and len(answers) < len(history)), history
    name = dict(history[0][0].attributes)["FirstName"]
    assert lead.values["FirstName"] == name
    assert lead.foreign_ids == (f"tree-{name}",)
    assert lead.cookies == (f"_mch-orchard.example-{name}",)
    cities = [dict(call.attributes)["City"] for call, _ in history]
    assert lead.values["City"] in cities[acknowledged[-1] if acknowledged else 0 :], history
    # What is known to be written is told by an activity; what may have been written may have been the first to be.
    changed = ("New Lead", "Change Data Value")
    if lead.values["City"] == cities[0]:
        assert lead.activities == ("New Lead",)
    elif history[0][1] is not None:
        assert lead.activities == changed
    else:
        assert lead.activities in (changed, changed[:1])


def _histories(loads: Iterable[Load], may_fail: bool) -> dict[str | None, History]:
    found: dict[str | None, History] = {}
    for load in loads:
        for answered, broken in zip(load.answered, load.unanswered, strict=True):
            for call, answer in answered:
                assert answer.fault_code is None or (may_fail and answer.fault_code == "20011"), answer.body
                found.setdefault(call.email, []).append((call, answer if answer.fault_code is None else None))
            if broken is not None:
                found.setdefault(broken.email, []).append((broken, None))
    return found
