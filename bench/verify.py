"""Whether every acknowledged lead is in the database exactly once, as the last call to it left it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from bench.call import SCORES_A_CELL, first_score
from bench.errors import CellFailedError
from bench.load import Load

Stored = Mapping[str, Sequence[tuple[int, int]]]
"""By Email: the Ids of the leads that have it, each with its score."""

_SHOWN = 3


def check(load: Load, stored: Stored, *, cell: int, connections: int) -> None:
    """Returns where everything acknowledged is stored once. Raises CellFailedError saying what is not.

    `stored` holds every lead of the acknowledged Emails. A call that was under way at the end may be written or
    not, one a connection.
    """
    new = [one for one in load.acknowledged if one.email.startswith("new-")]
    problems = {
        "answered and not stored": [one.email for one in load.acknowledged if not stored.get(one.email)],
        "stored more than once": [email for email, leads in stored.items() if len(leads) > 1],
        "answered with an Id that is not stored": [
            one.email for one in load.acknowledged if all(one.lead_id != lead for lead, _ in stored.get(one.email, ()))
        ],
        "new and answered UPDATED": [one.email for one in new if one.outcome != "CREATED"],
        "answered twice as new": [email for email, times in Counter(one.email for one in new).items() if times > 1],
        "stored with values of no call of this cell": _foreign_scores(load, stored, cell),
    }
    for problem, emails in problems.items():
        if emails:
            raise CellFailedError(f"{len(set(emails))} leads are {problem}: {', '.join(sorted(set(emails))[:_SHOWN])}")
    unanswered = _unanswered(load, stored)
    if unanswered > connections:
        raise CellFailedError(
            f"{unanswered} leads hold values of calls that were not answered, with {connections} connections"
        )


def _foreign_scores(load: Load, stored: Stored, cell: int) -> list[str]:
    """Leads whose acknowledged update is gone: they show what was there before this cell."""
    first = first_score(cell)
    emails = {one.email for one in load.acknowledged}
    return [
        email
        for email in emails
        for _, score in stored.get(email, ())
        if not first < score <= min(first + load.sent, first + SCORES_A_CELL)
    ]


def _unanswered(load: Load, stored: Stored) -> int:
    answered = defaultdict(set)
    for one in load.acknowledged:
        answered[one.email].add(one.score)
    return sum(score not in answered[email] for email, leads in stored.items() for _, score in leads)
