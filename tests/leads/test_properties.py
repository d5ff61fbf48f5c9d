"""Laws of identity that hold for any calls in any order."""

from collections import Counter as Count

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support.world import World, raw, subscription
from synclead.leads.errors import SyncleadError
from synclead.leads.outcome import Outcome
from synclead.leads.places import Condition, Rule
from synclead.leads.record import RawAttribute, RawRecord
from synclead.leads.values import show_value

EMAILS = ["a@e.com", "A@E.com", "b@e.com", "c@e.com"]
RULES = [Rule(partition="Europe", when=(Condition(field="City", test="is", values=("Berlin",)),))]
SPACES = {"Default": "Default", "EMEA": "Europe"}


def calls(workspaces: bool) -> st.SearchStrategy[RawRecord]:
    """Any call on few keys, so that keys meet."""
    keys: dict[str, st.SearchStrategy[object]] = {
        "id": st.sampled_from([1000, 1001, 1002, 1005]),
        "email": st.sampled_from(EMAILS),
        "foreign": st.sampled_from(["X", "Y"]),
        "type": st.sampled_from(["CUSTOM", "SFDC"]),
        "cookie": st.sampled_from(["known-to-nobody", "visitor-1", "visitor-2"]),
        "Email": st.sampled_from([*EMAILS, ""]),
        "City": st.sampled_from(["Berlin", "Rome", ""]),
        "LeadScore": st.sampled_from(["1", "2"]),
    }
    if workspaces:
        keys["workspace"] = st.sampled_from(["default", "EMEA"])
    return st.fixed_dictionaries({}, optional=keys).map(lambda parts: raw(**parts))  # type: ignore[arg-type]


def world(workspaces: bool, policy: str) -> World:
    """Two anonymous visitors and no lead."""
    made = World(
        subscription(
            policy={"preset": policy},
            workspaces=SPACES if workspaces else None,
            rules=RULES if workspaces else [],
        )
    )
    made.visitor(1, "visitor-1", AnonymousIP="192.0.2.1")
    made.visitor(2, "visitor-2")
    return made


def answer(world: World, record: RawRecord) -> Outcome | type[SyncleadError]:
    """The outcome of a call, or the kind of its refusal."""
    try:
        return world.send(record)
    except SyncleadError as refusal:
        return type(refusal)


POLICIES = st.sampled_from(["document", "forgiving"])
law = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@law
@given(st.data(), st.booleans(), POLICIES)
def test_repeat_changes_nothing(data: st.DataObject, workspaces: bool, policy: str) -> None:
    """Whatever came before, the same call again leaves the same one lead, unchanged."""
    here = world(workspaces, policy)
    for record in data.draw(st.lists(calls(workspaces), max_size=8)):
        answer(here, record)
    record = data.draw(calls(workspaces))
    first = answer(here, record)
    history = list(here.known.changes.activities)

    again = answer(here, record)

    if isinstance(first, Outcome) and isinstance(again, Outcome):
        assert ("UPDATED", False, first.lead) == (again.status, again.changed, again.lead)
    assert history == here.known.changes.activities


@law
@given(st.data(), st.booleans(), POLICIES)
def test_unique_keys(data: st.DataObject, workspaces: bool, policy: str) -> None:
    """No order of calls gives two leads one foreign id, and none gives a foreign id or an Id to nobody."""
    here = world(workspaces, policy)
    for record in data.draw(st.lists(calls(workspaces), max_size=20)):
        answer(here, record)

    leads = [lead for lead in map(here.known.lead, range(1000, here.known.counter.next_lead_id)) if lead]
    owners = Count(foreign_id for lead in leads for foreign_id in lead.foreign_ids)
    assert all(times == 1 for times in owners.values())
    assert here.known.counter.next_lead_id - 1000 == len(leads)
    for lead in leads:
        for foreign_id in lead.foreign_ids:
            assert lead == here.known.lead_of_foreign_id(foreign_id)
        if lead.email:
            assert lead in here.known.leads_of_email(lead.email.key)
    bound = [lead_id for lead_id, _ in here.known.changes.cookies.values()]
    assert Count(bound) == Count({lead.id: lead.cookies for lead in leads if lead.cookies})


@law
@given(st.data(), st.booleans(), POLICIES)
def test_answer_sent_back_changes_nothing(data: st.DataObject, workspaces: bool, policy: str) -> None:
    """The leadRecord of an answer, sent back as it is, changes nothing."""
    here = world(workspaces, policy)
    outcome: Outcome | type[SyncleadError] | None = None
    for record in data.draw(st.lists(calls(workspaces), min_size=1, max_size=8)):
        outcome = answer(here, record)
    if not isinstance(outcome, Outcome):
        return
    lead, shown, zone = outcome.lead, outcome.shown_foreign_id, here.subscription.time_zone
    fields = {field.name: field for field in here.known.catalogue.fields}
    sent_back = RawRecord(
        id=str(lead.id),
        email=lead.email.text if lead.email else None,
        foreign_id=shown.id if shown else None,
        foreign_type=shown.type if shown else None,
        attributes=tuple(
            RawAttribute(name, show_value(fields[name], value, zone)) for name, value in sorted(lead.values.items())
        ),
    )

    again = answer(here, sent_back)

    assert isinstance(again, Outcome)
    assert (lead, False) == (again.lead, again.changed)
