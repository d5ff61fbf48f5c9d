"""Whether some order of the calls of a subscription explains all answers and the final state: linearizability.

The order is known, so that the check is linear: each call is logged with the number of the next change as it found it
under the lock (`planned`), its place. Change 17 was made by the one call that is logged with 17 and `changed`; all
others with 17 changed nothing, and saw what change 16 had left. `replay` plans the calls in this order by the pure
domain and compares every answer, every line of the log, every activity, and what is stored at the end; times aside.
A call that was answered before another began has its place before it. What was refused without looking at stored leads
has no place, and is compared with what the domain reads.

Only where nobody was told an outcome must it search: a server was killed, or could not tell. Such an open call may have
happened or not, at any place after those that were answered before it began. Each change that no logged call made is
one of theirs. The first is tried of those that would leave the activities, the lead and the foreign id that are stored
of this change; where a later answer contradicts, the next one. `replay.PLANS` bounds this.
"""

from __future__ import annotations

from collections.abc import Iterable

from support.history import History, IllegalHistoryError, Made, answer_of
from support.replay import Replay
from synclead.leads.errors import SyncleadError
from synclead.leads.read import read_record


def check(history: History) -> int:
    """How many open calls have happened. Raises IllegalHistoryError, or SearchTooLongError."""
    first, last = history.before.counter.next_change, history.after.counter.next_change
    earliest = _earliest(history.calls)
    changes: dict[int, Made] = {}
    others: dict[int, list[Made]] = {}
    open: list[tuple[Made, int]] = []
    refused: list[Made] = []
    for made in history.calls:
        not_before, because = earliest[made.name]
        if made.is_open:
            open.append((made, not_before))
        elif made.logged is None:
            raise IllegalHistoryError(f"{made}\n  was answered and not logged: {made.answer}")
        elif made.planned is None:
            refused.append(made)
        elif made.planned < not_before:
            raise IllegalHistoryError(f"{made}\n  began after this one was answered:\n  {because}")
        elif not first <= made.planned <= last - made.changed:
            raise IllegalHistoryError(f"{made}\n  was acknowledged; stored are changes {first} to {last - 1}")
        elif not made.changed:
            others.setdefault(made.planned, []).append(made)
        elif made.planned in changes:
            raise IllegalHistoryError(f"{made}\n  has the place of another change:\n  {changes[made.planned]}")
        else:
            changes[made.planned] = made
    happened = Replay(history, changes, others, open).run()
    for made in refused:
        _check_refused(history, made)
    return happened


def _earliest(calls: Iterable[Made]) -> dict[str, tuple[int, Made | None]]:
    """By name of a call, the first place that it can have, since another was answered before it began."""
    answered = sorted((made for made in calls if made.planned is not None), key=lambda made: made.ended, reverse=True)
    place, because = 0, None
    found = {}
    for made in sorted(calls, key=lambda made: made.began):
        while answered and answered[-1].ended < made.began:
            before = answered.pop()
            if before.planned is not None and before.planned + before.changed > place:
                place, because = before.planned + before.changed, before
        found[made.name] = (place, because)
    return found


def _check_refused(history: History, made: Made) -> None:
    """A call without a place could not be read, or the database was away and nothing was written."""
    assert made.logged is not None
    if made.logged.get("outcome") == 20011:
        return
    try:
        read_record(made.raw, history.subscription)
    except SyncleadError as refusal:
        expected = answer_of(refusal, return_lead=False, zone=history.subscription.time_zone)
        if (made.answer or expected) == expected and made.logged.get("outcome") == refusal.code:
            return
        raise IllegalHistoryError(f"{made}\n  heard:  {made.answer}\n  domain: {expected}") from None
    raise IllegalHistoryError(f"{made}\n  can be read, and was answered: {made.answer}; logged: {made.logged}")
