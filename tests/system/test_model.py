"""The model itself: the worked cases of the specification, so that it may judge the server."""

from __future__ import annotations

from dataclasses import replace

import pytest

from support.envelopes import Answer, Call
from system.model import CHANGE, KEY_MOVED, MERGE, NEW_LEAD, Model
from system.model_reading import FORGIVING, FieldKind, Rule, Setup

NAME = FieldKind("FirstName", "string")
PLAIN = Setup("561-HYG-937", fields=(NAME, FieldKind("Country", "string")))
TWO_PLACES = replace(
    PLAIN,
    workspaces_enabled=True,
    workspaces={"Default": "Default", "EMEA": "Europe"},
    rules=(Rule("South", (("Country", "is", ("Italy",)),)),),
)


@pytest.fixture
def model() -> Model:
    """A subscription without workspaces, all policies at their defaults."""
    return Model(PLAIN)


def of(answer: Answer) -> tuple[str | None, int | None]:
    """What an answer comes to, without its record."""
    return answer.fault_code or answer.status, answer.lead_id


def test_the_document_s_request_creates_once(model: Model) -> None:
    """George is created; the same call again is an update that changes nothing."""
    call = Call(email="t@t.com", attributes=(("FirstName", "George"),))
    assert of(model.sync(call)) == ("CREATED", 1)
    before = repr(model.leads)
    assert of(model.sync(call)) == ("UPDATED", 1)
    assert repr(model.leads) == before


def test_a_foreign_id_follows_its_lead(model: Model) -> None:
    """It is gained by Id, finds the lead for a new Email, and the old Email is another person afterwards."""
    model.sync(Call(email="old@e"))
    assert of(model.sync(Call(id="1", foreign_id="X"))) == ("UPDATED", 1)
    assert of(model.sync(Call(foreign_id="X", email="new@e"))) == ("UPDATED", 1)
    assert of(model.sync(Call(email="OLD@E"))) == ("CREATED", 2)
    assert model.leads[1].activities == [NEW_LEAD, CHANGE]


def test_a_visitor_becomes_the_known_lead_of_the_email(model: Model) -> None:
    """The lead is updated and the visitor merged into it."""
    model.sync(Call(email="a@e"))
    model.add_visitor("_mch-one")
    assert of(model.sync(Call(email="a@e", cookie="_mch-one"))) == ("UPDATED", 1)
    assert model.leads[1].activities == [NEW_LEAD, MERGE]


def test_a_visitor_becomes_known(model: Model) -> None:
    """With an Email that nobody has the visitor itself becomes that lead, which is an update."""
    model.add_visitor("_mch-one")
    assert of(model.sync(Call(email="a@e", cookie="_mch-one"))) == ("UPDATED", 1)
    assert model.leads[1].activities == [NEW_LEAD]


def test_another_person_at_the_same_browser_takes_the_cookie(model: Model) -> None:
    """By a foreign id and by an Email the cookie moves and nobody is renamed."""
    model.sync(Call(foreign_id="X", cookie="id:561-HYG-937&token:_mch-one", email="a@e"))
    assert of(model.sync(Call(foreign_id="Y", cookie="_mch-one"))) == ("CREATED", 2)
    model.sync(Call(id="2", email="y@e"))
    assert of(model.sync(Call(email="b@e", cookie="_mch-one"))) == ("CREATED", 3)
    assert [(lead.email, lead.cookies) for lead in model.leads.values()] == [
        ("a@e", set()),
        ("y@e", set()),
        ("b@e", {"_mch-one"}),
    ]
    assert model.leads[2].activities == [NEW_LEAD, KEY_MOVED, CHANGE, KEY_MOVED]


def test_a_lead_placed_by_a_rule_is_out_of_its_workspace_s_reach() -> None:
    """CREATED, then 20106 by the foreign id, while the Email reaches it everywhere."""
    model = Model(TWO_PLACES)
    call = Call(foreign_id="X", attributes=(("Country", "italy"),), workspace="emea")
    assert of(model.sync(call)) == ("CREATED", 1)
    assert model.leads[1].partition == "South"
    assert of(model.sync(call)) == ("20106", None)
    assert of(model.sync(Call(id="1", email="a@e"))) == ("UPDATED", 1)
    assert of(model.sync(Call(foreign_id="X", email="a@e", workspace="emea"))) == ("UPDATED", 1)


def test_an_unknown_id_is_refused_unless_another_key_may_decide() -> None:
    """20103 by default; the forgiving preset asks the next key."""
    assert of(Model(PLAIN).sync(Call(id="7", email="a@e"))) == ("20103", None)
    forgiving = Model(replace(PLAIN, policy=FORGIVING))
    assert of(forgiving.sync(Call(id="7", email="a@e"))) == ("CREATED", 1)
    assert of(forgiving.sync(Call(id="7"))) == ("20103", None)
