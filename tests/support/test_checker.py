"""The checker of histories: what it explains, and what it does not."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from math import inf
from typing import Any

import pytest

from support import replay
from support.checker import check
from support.envelopes import Answer
from support.history import History, IllegalHistoryError, Made, answer_of
from support.replay import SearchTooLongError
from support.stored import ActivityRow, Stored, stored_of
from support.world import EPOCH, raw, subscription, token
from synclead.leads.errors import SyncleadError
from synclead.leads.lead import Visitor
from synclead.leads.plan import Counter, Plan, plan
from synclead.leads.read import read_record
from synclead.leads.record import RawRecord
from synclead.leads.working_set import WorkingSet
from synclead.soap.operations.sync_lead import outcome_facts

RULES = subscription(policy={"unknown_fields": "create"})
VISITOR = Visitor(1, token("visitor"), {})
NOTHING = Stored(Counter(1, 1, 1), {}, {}, {}, {}, frozenset(), {})
NOT_KNOWN = Answer(fault_code="20011", message="Internal error, reference 1, outcome not known, safe to repeat (20011)")
NOT_WRITTEN = Answer(fault_code="20011", message="Internal error, reference 1, nothing was written (20011)")
UNAVAILABLE = {"outcome": 20011}


@dataclass
class Server:
    """Makes calls one after the other, as a server without a bug would."""

    known: WorkingSet = field(default_factory=lambda: WorkingSet(NOTHING.counter, RULES.catalogue))
    calls: list[Made] = field(default_factory=list)
    activities: dict[int, ActivityRow] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.known.load_visitor(VISITOR)

    def call(self, record: RawRecord, **seen: Any) -> Made:
        """Makes a call a second after the one before; `seen` is what else became known of it."""
        rules, place = replace(RULES, catalogue=self.known.catalogue), self.known.counter.next_change
        planned: Plan | SyncleadError
        try:
            request = read_record(record, rules)
        except SyncleadError as refusal:
            planned, logged = refusal, {"outcome": refusal.code}
        else:
            try:
                planned = plan(request, self.known, rules, EPOCH)
                self.known.apply(planned)
                logged = outcome_facts(planned.outcome)
                self.activities |= {
                    one.id: ActivityRow(one.lead_id, one.type, one.attributes) for one in planned.activities
                }
            except SyncleadError as refusal:
                planned, logged = refusal, {"outcome": refusal.code, "planned": place}
        number = len(self.calls)
        made = Made(
            name=str(number),
            raw=record,
            began=number,
            ended=number + 0.5,
            answer=answer_of(planned, return_lead=True, zone=RULES.time_zone),
            logged=logged,
            return_lead=True,
        )
        self.calls.append(replace(made, **seen))
        return self.calls[-1]

    @property
    def stored(self) -> Stored:
        """What is in the database now."""
        return stored_of(self.known, frozenset(), dict(self.activities))

    def history(self, *instead: Made, after: Stored | None = None) -> History:
        """What was recorded; `instead` are calls that take the place of those with their names."""
        named = {made.name: made for made in instead}
        calls = [named.get(made.name, made) for made in self.calls]
        return History(calls, NOTHING, after or self.stored, RULES, [VISITOR])


def people() -> Server:
    """Four calls: somebody new, the same again without a change, one who moves a key, one that is refused."""
    server = Server()
    server.call(raw(email="ada@e.com", foreign="A", cookie="1", FirstName="Ada"))
    server.call(raw(email="ada@e.com", FirstName="Ada"))
    server.call(raw(email="ben@e.com", cookie="visitor", Pants="blue"))
    server.call(raw(id=2, foreign="A", cookie="1", Pants=""))
    server.call(raw(id=9))
    server.call(raw(email="nobody"))
    return server


DIED: dict[str, Any] = {"ended": inf, "answer": None, "logged": None}
"""Of a call whose server died before it could log and answer."""


def assert_illegal(history: History, words: str) -> None:
    """The checker finds it, and says where."""
    with pytest.raises(IllegalHistoryError) as found:
        check(history)
    assert words in str(found.value)


# Legal


def test_calls_one_after_the_other_are_legal() -> None:
    """Creations, changes, moved keys, a visitor, a field made and cleared, and refusals with and without a place."""
    server = people()
    assert [made.planned for made in server.calls] == [1, 2, 2, 3, 4, None]
    assert check(server.history()) == 0


def test_the_order_of_answers_says_nothing_of_calls_at_one_time() -> None:
    """Clients who call at once may hear in any order; the log alone says who came first."""
    server = people()
    at_once = [replace(made, began=0.0, ended=10.0 - number) for number, made in enumerate(server.calls)]
    assert check(replace(server.history(), calls=at_once[::-1])) == 0


def test_calls_without_an_outcome_may_have_happened() -> None:
    """The server died after COMMIT, or could not tell; what is stored says that they happened."""
    server = Server()
    server.call(raw(email="ada@e.com", FirstName="Ada"), **DIED)
    server.call(raw(email="ada@e.com", FirstName="Eve"), answer=NOT_KNOWN, logged=UNAVAILABLE)
    server.call(raw(email="ada@e.com", LastName="L"))
    assert check(server.history()) == 2


def test_calls_without_an_outcome_may_not_have_happened() -> None:
    """Nothing is stored of them."""
    server = people()
    lost = Made("lost", raw(email="new@e.com", FirstName="N"), began=1.0)
    unavailable = Made("busy", raw(email="new@e.com"), 1.0, 2.0, NOT_WRITTEN, UNAVAILABLE)
    assert check(replace(server.history(), calls=[lost, *server.calls, unavailable])) == 0


def two_that_could_have_made_the_lead() -> History:
    """The last answer shows that it was the second."""
    server = Server()
    first = Made("first", raw(email="ada@e.com", LastName="X"), began=0.0)
    server.call(raw(email="ada@e.com", LastName="Y"), **DIED)
    server.call(raw(email="ada@e.com", FirstName="F"))
    return replace(server.history(), calls=[first, *server.calls])


def test_the_search_goes_back_where_a_later_answer_contradicts() -> None:
    """Two calls without an outcome fit a change; only one of them leads on."""
    assert check(two_that_could_have_made_the_lead()) == 1


def test_the_search_gives_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """It says so: it has shown nothing."""
    monkeypatch.setattr(replay, "PLANS", 1)
    with pytest.raises(SearchTooLongError, match="gave up at change 2, 2 calls have no outcome"):
        check(two_that_could_have_made_the_lead())


def test_whom_an_email_is_shared_with_is_told_as_far_as_a_group_had_read() -> None:
    """A group reads a bounded number of an Email's leads; the texts of history may name fewer than there are."""
    server = Server()
    for name in "ABC":
        server.call(raw(email="ada@e.com", foreign=name))
    assert "Email shared with lead 2, 1" in server.activities[3].attributes["Reason"]
    fewer = dict(server.activities[3].attributes)
    fewer["Reason"] = fewer["Reason"].replace("lead 2, 1", "lead 2")
    activities = {**server.activities, 3: server.activities[3]._replace(attributes=fewer)}
    assert check(server.history(after=replace(server.stored, activities=activities))) == 0


# Illegal


def test_a_lost_change_is_illegal() -> None:
    """The last call was acknowledged, and the database ends before it."""
    server = people()
    before = server.stored
    server.call(raw(email="new@e.com"))
    assert_illegal(server.history(after=before), "was acknowledged; stored are changes 1 to 3")


def test_a_lost_change_that_others_followed_is_illegal() -> None:
    """Another call took the place of the one that was lost."""
    server, other = people(), people()
    lost = server.call(raw(email="new@e.com"))
    other.call(raw(email="other@e.com"), began=lost.began, ended=lost.ended)
    calls = [*other.calls, replace(lost, name="lost")]
    assert_illegal(replace(other.history(), calls=calls), "has the place of another change")


def test_an_order_that_time_contradicts_is_illegal() -> None:
    """A call saw what was before another one that was answered before it began."""
    server = people()
    stale = replace(server.calls[1], logged={**(server.calls[1].logged or {}), "planned": 1})
    assert_illegal(server.history(stale), "began after this one was answered")


def test_a_call_that_ran_twice_is_illegal() -> None:
    """The second run is the one that was answered; nobody made the change of the first."""
    server = people()
    twice = server.call(raw(id=1, FirstName="B"), **DIED)
    server.call(twice.raw)
    calls = [made for made in server.calls if made is not twice]
    assert_illegal(replace(server.history(), calls=calls), "change 4 was made by no call\n  stored of it: lead 1")


def test_a_change_of_a_call_that_began_later_is_illegal() -> None:
    """A call without an outcome cannot have made a change before those that were answered before it began."""
    server = people()
    lost = replace(server.calls[0], name="lost", began=9.0, **DIED)
    calls = [lost, *server.calls[1:]]
    assert_illegal(replace(server.history(), calls=calls), "change 1 was made by no call")


def test_a_call_that_was_refused_and_written_is_illegal() -> None:
    """`Nothing was written` was said, and it was."""
    server = people()
    made = replace(server.calls[3], answer=NOT_WRITTEN, logged=UNAVAILABLE)
    assert_illegal(server.history(made), "change 3 was made by no call")


@pytest.mark.parametrize(
    ("number", "wrong"),
    [
        (0, {"status": "UPDATED"}),
        (1, {"status": "CREATED"}),
        (2, {"lead_id": 1}),
        (3, {"record": None}),
        (4, {"fault_code": "20101"}),
        (4, {"message": "No lead found with ID = 8 (20103)"}),
        (5, {"fault_code": "20101"}),
    ],
)
def test_a_wrong_answer_is_illegal(number: int, wrong: dict[str, Any]) -> None:
    """Each part of it counts."""
    server = people()
    made = server.calls[number]
    assert made.answer is not None
    told = replace(made, answer=replace(made.answer, **wrong))
    assert_illegal(server.history(told), f"call {number}")


@pytest.mark.parametrize("wrong", [{"outcome": "UPDATED"}, {"lead": 7}, {"step": 4}, {"key": "Id"}])
def test_a_wrong_line_of_the_log_is_illegal(wrong: dict[str, Any]) -> None:
    """Also of a call that nobody heard an answer of."""
    server = people()
    made = replace(server.calls[0], answer=None, ended=inf, logged={**(server.calls[0].logged or {}), **wrong})
    assert_illegal(server.history(made), "logged: ")


def test_an_answer_without_a_line_in_the_log_is_illegal() -> None:
    """The line comes before the answer."""
    server = people()
    assert_illegal(server.history(replace(server.calls[1], logged=None)), "was answered and not logged")


def test_a_defect_is_illegal() -> None:
    """10001 is never the answer to a call that can be read."""
    server = people()
    made = Made("x", raw(email="x@e.com"), 1.0, 2.0, Answer(fault_code="10001"), {"outcome": 10001})
    assert_illegal(replace(server.history(), calls=[*server.calls, made]), "can be read, and was answered")


def test_a_wrong_end_is_illegal() -> None:
    """Each table counts."""
    server = people()
    stored = server.stored
    moved = {**stored.activities, 9: stored.activities[1]}
    ada = stored.leads[1]
    counted = (stored.counter.next_activity_id, stored.counter.next_change)
    for after, words in (
        (replace(stored, leads={**stored.leads, 1: ada._replace(values={})}), "domain: lead 1"),
        (replace(stored, leads={**stored.leads, 3: ada._replace(change=9)}), "leads at the end"),
        (replace(stored, foreign_ids={}), "foreign_ids at the end"),
        (replace(stored, cookies={**stored.cookies, "x": 1}), "cookies at the end"),
        (replace(stored, visitors={}), "visitors at the end"),
        (replace(stored, fields=frozenset()), "fields at the end"),
        (replace(stored, counter=Counter(9, *counted)), "counter at the end"),
        (replace(stored, activities={**stored.activities, 2: stored.activities[1]}), "activities from 2 on"),
        (replace(stored, activities=moved), "activities of no change: [9]"),
    ):
        assert_illegal(server.history(after=after), words)
