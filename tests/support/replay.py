"""The calls of a history, planned anew by the pure domain in the order of their places (see `checker`)."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from support.history import History, IllegalHistoryError, Made, answer_of
from support.stored import ActivityRow, lead_row, stored_of
from synclead.leads.errors import SyncleadError
from synclead.leads.plan import Plan, plan
from synclead.leads.read import read_record
from synclead.leads.record import RawRecord
from synclead.leads.working_set import WorkingSet
from synclead.soap.operations.sync_lead import outcome_facts

PLANS = 50
"""How many plans the search may make for each call of the history before it gives up."""

_NOW = datetime(2026, 1, 1, tzinfo=UTC)
_LOGGED = ("outcome", "lead", "changed", "step", "key")
_SHARED = re.compile(r"; Email shared with lead [0-9, ]+")
"""Whom an Email is shared with is told as far as the group had read, and how far that is depends on its size."""


class SearchTooLongError(AssertionError):
    """There are too many open calls: the history was shown to be neither legal nor illegal."""


@dataclass
class _Choice:
    """A change that several open calls could have made."""

    known: WorkingSet
    taken: frozenset[str]
    rest: list[tuple[Made, Plan]]


class Replay:
    """One way through a history, and the way back where it does not lead on."""

    def __init__(
        self,
        history: History,
        changes: Mapping[int, Made],
        others: Mapping[int, Sequence[Made]],
        open: Sequence[tuple[Made, int]],
    ) -> None:
        """`changes` and `others` by their place; `open` calls with the first place that each can have."""
        self._history = history
        self._changes = changes
        self._others = others
        self._open = open
        after = history.after
        self._lead_of_change = {row.change: id for id, row in after.leads.items()}
        self._key_of_change = {change: key for key, (_, change) in after.foreign_ids.items()}
        self._known = WorkingSet(history.before.counter, history.subscription.catalogue)
        for visitor in history.visitors:
            self._known.load_visitor(visitor)
        self._taken: frozenset[str] = frozenset()
        self._choices: list[_Choice] = []
        self._plans_left = PLANS * len(history.calls)

    @property
    def _place(self) -> int:
        return self._known.counter.next_change

    def run(self) -> int:
        """How many of the open calls have happened. Raises IllegalHistoryError or SearchTooLongError."""
        furthest, reason = -1, ""
        while True:
            try:
                self._go_on()
                self._check_end()
                return len(self._taken)
            except IllegalHistoryError as illegal:
                if self._place > furthest:
                    furthest, reason = self._place, str(illegal)
            while self._choices and not self._choices[-1].rest:
                self._choices.pop()
            if not self._choices:
                raise IllegalHistoryError(reason)
            self._take_next(self._choices[-1])

    def _go_on(self) -> None:
        last = self._history.after.counter.next_change
        while True:
            for made in self._others.get(self._place, ()):
                self._check(made, self._plan(made.raw))
            if self._place >= last:
                return
            made_by = self._changes.get(self._place)
            if made_by is None:
                self._guess()
                continue
            planned = self._plan(made_by.raw)
            self._check(made_by, planned)
            assert isinstance(planned, Plan)
            wrong = self._misfit(planned)
            if wrong:
                raise IllegalHistoryError(f"{made_by}\n  {wrong}")
            self._apply(planned)

    # A change that no logged call made

    def _guess(self) -> None:
        fitting, others = [], []
        for made, first in self._open:
            if made.name in self._taken or first > self._place:
                continue
            planned = self._plan(made.raw)
            wrong = self._misfit(planned) if isinstance(planned, Plan) else f"refused: {planned}"
            if isinstance(planned, Plan) and not wrong:
                fitting.append((made, planned))
            else:
                others.append(f"  not {made}\n    {wrong}")
        if not fitting:
            raise IllegalHistoryError("\n".join([self._unexplained(), *others[:5]]))
        choice = _Choice(self._known, self._taken, fitting)
        if len(fitting) > 1:
            self._choices.append(choice)
        self._take_next(choice)

    def _unexplained(self) -> str:
        after, first = self._history.after, self._known.counter.next_activity_id
        lead_id = self._lead_of_change.get(self._place)
        lead = "" if lead_id is None else f"\n  stored of it: lead {lead_id} {after.leads[lead_id]}"
        key = self._key_of_change.get(self._place)
        foreign_id = "" if key is None else f"\n  stored of it: {key}"
        activity = f"\n  stored after the change before: activity {first} {after.activities.get(first)}"
        return f"change {self._place} was made by no call{lead}{foreign_id}{activity}"

    def _take_next(self, choice: _Choice) -> None:
        made, planned = choice.rest.pop(0)
        self._known = _copied(choice.known) if choice.rest else choice.known
        self._taken = choice.taken | {made.name}
        self._apply(planned)

    # One call

    def _plan(self, raw: RawRecord) -> Plan | SyncleadError:
        if self._plans_left == 0:
            raise SearchTooLongError(f"gave up at change {self._place}, {len(self._open)} calls have no outcome")
        self._plans_left -= 1
        rules = replace(self._history.subscription, catalogue=self._known.catalogue)
        try:
            return plan(read_record(raw, rules), self._known, rules, _NOW)
        except SyncleadError as refusal:
            return refusal

    def _apply(self, planned: Plan) -> None:
        self._known.apply(planned)
        # They were compared already.
        self._known.changes.activities.clear()

    def _check(self, made: Made, planned: Plan | SyncleadError) -> None:
        """What was heard and logged is what the domain says."""
        if made.answer is not None:
            expected = answer_of(planned, made.return_lead, self._history.subscription.time_zone)
            if made.answer != expected:
                raise IllegalHistoryError(f"{made}\n  heard:  {made.answer}\n  domain: {expected}")
        facts = {"outcome": planned.code} if isinstance(planned, SyncleadError) else outcome_facts(planned.outcome)
        domain = {name: facts.get(name) for name in _LOGGED}
        logged = {name: (made.logged or {}).get(name) for name in _LOGGED}
        if logged != domain:
            raise IllegalHistoryError(f"{made}\n  logged: {logged}\n  domain: {domain}")

    def _misfit(self, planned: Plan) -> str:
        """Where the change as planned is not the one that is stored, as far as that can be told already."""
        if not planned.outcome.changed:
            return "changes nothing"
        after, lead = self._history.after, planned.outcome.lead
        ids = range(self._known.counter.next_activity_id, planned.counter.next_activity_id)
        domain = [ActivityRow(one.lead_id, one.type, one.attributes) for one in planned.activities]
        stored = [after.activities[id] for id in ids if id in after.activities]
        if _comparable(domain) != _comparable(stored):
            return f"activities from {ids.start} on\n  domain: {domain}\n  stored: {stored}"
        lead_id = self._lead_of_change.get(self._place, lead.id)
        row = after.leads.get(lead_id)
        if row is not None and row.change == self._place and (lead_id, row) != (lead.id, lead_row(lead)):
            return f"change {self._place}\n  domain: lead {lead.id} {lead_row(lead)}\n  stored: lead {lead_id} {row}"
        key = self._key_of_change.get(self._place)
        set_here = planned.foreign_ids_set[0][0] if planned.foreign_ids_set else None
        if key is not None and key != set_here:
            return f"change {self._place}\n  domain: sets {set_here}\n  stored: sets {key}"
        return ""

    def _check_end(self) -> None:
        after = self._history.after
        domain = stored_of(self._known, self._history.before.fields, after.activities)
        for name in ("counter", "leads", "foreign_ids", "cookies", "visitors", "fields"):
            if getattr(domain, name) != getattr(after, name):
                raise IllegalHistoryError(
                    f"{name} at the end: {_difference(getattr(domain, name), getattr(after, name))}"
                )
        beyond = [id for id in after.activities if id >= self._known.counter.next_activity_id]
        if beyond:
            raise IllegalHistoryError(f"activities of no change: {beyond}")


def _comparable(rows: Sequence[ActivityRow]) -> list[str]:
    """The order of the activities of one call says nothing."""
    return sorted(
        str((row.lead_id, row.type, sorted((name, _SHARED.sub("", text)) for name, text in row.attributes.items())))
        for row in rows
    )


def _copied(known: WorkingSet) -> WorkingSet:
    """Another working set with the same leads: what it holds is never changed, only replaced."""
    twin = copy.copy(known)
    for name, held in vars(known).items():
        if isinstance(held, dict):
            setattr(twin, name, {key: set(one) if isinstance(one, set) else one for key, one in held.items()})
    changes = known.changes
    twin.changes = replace(changes, **{name: copy.copy(getattr(changes, name)) for name in changes.__slots__})
    return twin


def _difference(domain: Any, stored: Any) -> str:
    if isinstance(domain, Mapping):
        keys = sorted(key for key in domain.keys() | stored.keys() if domain.get(key) != stored.get(key))
        return "".join(f"\n  {key}\n    domain: {domain.get(key)}\n    stored: {stored.get(key)}" for key in keys[:5])
    return f"\n  domain: {domain}\n  stored: {stored}"
