"""Which lead a call means: every row of section 3, and every pair of keys that could name different leads."""

import pytest

from support.world import World, subscription, token
from synclead.leads.errors import InputError, LeadKeyRequiredError, LeadNotFoundError, SyncleadError
from synclead.leads.lead import ForeignId
from synclead.leads.record import RawAttribute, RawRecord

X, Y = ("CUSTOM", "X"), ("CUSTOM", "Y")
NEW = 1000

# (the rule as a sentence, leads and visitors that exist, the call, lead that answers, step that matched)
CASES = [
    ("an Id alone names its lead", [dict(id=7)], dict(id=7), 7, 1),
    ("an Id goes before a foreign id of another lead", [dict(id=7), dict(id=8, foreign=[X])], dict(id=7, foreign="X"), 7, 1),
    ("an Id goes before a cookie of another lead", [dict(id=7), dict(id=8, cookies=["c"])], dict(id=7, cookie="c"), 7, 1),
    ("an Id goes before the Email of another lead", [dict(id=7), dict(id=8, email="a@e.com")], dict(id=7, email="a@e.com"), 7, 1),
    ("an Id goes before a visitor's cookie", [dict(id=7), dict(visitor=1, cookie="c")], dict(id=7, cookie="c"), 7, 1),
    ("a foreign id alone names its lead", [dict(id=7, foreign=[X])], dict(foreign="X"), 7, 2),
    ("a foreign id goes before the Email of another lead", [dict(id=7, foreign=[X]), dict(id=8, email="a@e.com")],
     dict(foreign="X", email="a@e.com"), 7, 2),
    ("a foreign id goes before the cookie of another lead", [dict(id=7, foreign=[X]), dict(id=8, cookies=["c"])],
     dict(foreign="X", cookie="c"), 7, 2),
    ("a foreign id goes before a visitor's cookie", [dict(id=7, foreign=[X]), dict(visitor=1, cookie="c")],
     dict(foreign="X", cookie="c"), 7, 2),
    ("a foreign id of another type is another id", [dict(id=7, foreign=[X])], dict(foreign="X", type="NETSUITE"), NEW, 6),
    ("a foreign id is case-sensitive", [dict(id=7, foreign=[X])], dict(foreign="x"), NEW, 6),
    ("a cookie alone names its known lead", [dict(id=7, cookies=["c"])], dict(cookie="c"), 7, 3),
    ("a cookie and the Email of the same lead name it", [dict(id=7, email="a@e.com", cookies=["c"])],
     dict(cookie="c", email="A@E.com"), 7, 3),
    ("a cookie goes before the best lead of the Email when it is one of them",
     [dict(id=7, email="a@e.com", cookies=["c"]), dict(id=8, email="a@e.com")], dict(cookie="c", email="a@e.com"), 7, 3),
    ("a cookie yields to the Email of another lead", [dict(id=7, cookies=["c"]), dict(id=8, email="a@e.com")],
     dict(cookie="c", email="a@e.com"), 8, 4),
    ("a cookie of a lead without Email takes an Email that nobody has", [dict(id=7, cookies=["c"])],
     dict(cookie="c", email="a@e.com"), 7, 3),
    ("a cookie of a lead with another Email is another person's", [dict(id=7, email="b@e.com", cookies=["c"])],
     dict(cookie="c", email="a@e.com"), NEW, 6),
    ("a cookie of a lead without a foreign id of that type fits a new foreign id", [dict(id=7, cookies=["c"])],
     dict(cookie="c", foreign="X"), 7, 3),
    ("a cookie of a lead with another foreign id of that type does not fit", [dict(id=7, foreign=[X], cookies=["c"])],
     dict(cookie="c", foreign="Y"), NEW, 6),
    ("a cookie of a lead with a foreign id of another type fits",
     [dict(id=7, foreign=[("SFDC", "Z")], cookies=["c"])], dict(cookie="c", foreign="Y"), 7, 3),
    ("a cookie that does not fit the foreign id leaves the Email to decide",
     [dict(id=7, foreign=[X], cookies=["c"]), dict(id=8, email="a@e.com")],
     dict(cookie="c", foreign="Y", email="a@e.com"), 8, 4),
    ("an Email alone names its lead", [dict(id=7, email="a@e.com")], dict(email="a@e.com"), 7, 4),
    ("an Email is matched without regard to case and blanks", [dict(id=7, email="a@e.com")], dict(email=" A@E.Com "), 7, 4),
    ("of two leads of one Email the last changed is meant",
     [dict(id=7, email="a@e.com", change=9), dict(id=8, email="a@e.com", change=3)], dict(email="a@e.com"), 7, 4),
    ("of leads changed at the same number the highest Id is meant",
     [dict(id=7, email="a@e.com", change=3), dict(id=8, email="a@e.com", change=3)], dict(email="a@e.com"), 8, 4),
    ("a lead of the Email without a foreign id takes the given one", [dict(id=7, email="a@e.com")],
     dict(email="a@e.com", foreign="X"), 7, 4),
    ("a lead of the Email with another foreign id of that type is another person",
     [dict(id=7, email="a@e.com", foreign=[X])], dict(email="a@e.com", foreign="Y"), NEW, 6),
    ("of the leads of the Email one that fits the foreign id is meant, though another changed last",
     [dict(id=7, email="a@e.com"), dict(id=8, email="a@e.com", foreign=[X])], dict(email="a@e.com", foreign="Y"), 7, 4),
    ("a known Email goes before a visitor's cookie", [dict(id=7, email="a@e.com"), dict(visitor=1, cookie="c")],
     dict(email="a@e.com", cookie="c"), 7, 4),
    ("a visitor's cookie alone makes the visitor known", [dict(visitor=1, cookie="c")], dict(cookie="c"), NEW, 5),
    ("a visitor becomes the person of an unknown Email", [dict(visitor=1, cookie="c")],
     dict(cookie="c", email="a@e.com"), NEW, 5),
    ("a visitor becomes the person of an unknown foreign id", [dict(visitor=1, cookie="c")],
     dict(cookie="c", foreign="X"), NEW, 5),
    ("an unknown Email makes a lead", [dict(id=7, email="b@e.com")], dict(email="a@e.com"), NEW, 6),
    ("an unknown foreign id makes a lead", [], dict(foreign="X"), NEW, 6),
    ("an unknown cookie beside an Email makes a lead", [], dict(email="a@e.com", cookie="c"), NEW, 6),
    ("an Email attribute alone is the key too", [dict(id=7, email="a@e.com")], dict(Email="a@e.com"), 7, 4),
    ("of two addresses the attribute's is asked first",
     [dict(id=7, email="new@e.com"), dict(id=8, email="old@e.com")], dict(email="old@e.com", Email="new@e.com"), 7, 4),
    ("of two addresses the element's is asked when nobody has the attribute's",
     [dict(id=8, email="old@e.com")], dict(email="old@e.com", Email="new@e.com"), 8, 4),
    ("leads of the attribute's address that do not fit are not replaced by those of the element's",
     [dict(id=7, email="new@e.com", foreign=[X]), dict(id=8, email="old@e.com")],
     dict(email="old@e.com", Email="new@e.com", foreign="Y"), NEW, 6),
]  # fmt: skip


@pytest.mark.parametrize(("sentence", "existing", "call", "lead_id", "step"), CASES, ids=[case[0] for case in CASES])
def test_target(
    sentence: str, existing: list[dict[str, object]], call: dict[str, object], lead_id: int, step: int
) -> None:
    """The keys of a call name one target, by the first row that holds."""
    world = World()
    for kept in existing:
        kept = dict(kept)
        if "visitor" in kept:
            world.visitor(kept["visitor"], kept["cookie"])  # type: ignore[arg-type]
        else:
            world.lead(**kept)  # type: ignore[arg-type]
    outcome = world.call(**call)

    assert (lead_id, step) == (outcome.lead.id, outcome.why.step)


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (dict(id=9), LeadNotFoundError),
        (dict(id=9, email="a@e.com"), LeadNotFoundError),
        ({}, LeadKeyRequiredError),
        (dict(FirstName="George"), LeadKeyRequiredError),
        (dict(cookie="unknown"), LeadKeyRequiredError),
        (dict(Email=""), LeadKeyRequiredError),
    ],
    ids=[
        "an Id that nobody has is refused",
        "an Id that nobody has is refused though the Email is known",
        "no key at all is refused",
        "values without a key are refused",
        "a cookie that identifies nobody is no key",
        "an empty Email attribute is no key",
    ],
)  # fmt: skip
def test_refused(call: dict[str, object], error: type[SyncleadError]) -> None:
    """A call that names nobody is refused and leaves everything as it was."""
    world = World()
    world.lead(7, email="a@e.com")

    with pytest.raises(error):
        world.call(**call)
    assert world.known.changes.activities == []


def test_unknown_id_wording() -> None:
    """The message of an unknown Id has the recorded wording."""
    with pytest.raises(LeadNotFoundError, match=r"^No lead found with ID = 7$"):
        World().call(id=7)


def test_unknown_id_next_key() -> None:
    """With unknown_id = "next_key" the other keys decide when nobody has the Id."""
    world = World(subscription(policy={"unknown_id": "next_key"}))
    world.lead(7, email="a@e.com")

    assert world.call(id=9, email="a@e.com").lead.id == 7
    assert world.call(id=9, email="new@e.com").lead.id == 1000
    with pytest.raises(LeadNotFoundError, match="ID = 9"):
        world.call(id=9)
    with pytest.raises(LeadNotFoundError, match="ID = 9"):
        world.call(id=9, cookie="unknown")


def test_cookie_conflict_update() -> None:
    """With cookie_conflict = "update" the lead of the cookie takes the new Email, but still must fit the foreign id."""
    world = World(subscription(policy={"cookie_conflict": "update"}))
    world.lead(7, email="b@e.com", cookies=["c"], foreign=[X])

    outcome = world.call(cookie="c", email="a@e.com")

    assert (outcome.lead.id, outcome.why.step) == (7, 3)
    assert world.get(7).email.text == "a@e.com"  # type: ignore[union-attr]
    assert world.call(cookie="c", foreign="Y").lead.id == 1000


def test_merged_lead_stands_for_its_survivor() -> None:
    """The Id of a merged lead names the lead that it was merged into."""
    world = World()
    world.lead(7, email="a@e.com")
    world.known.alias(5, 7)

    assert world.call(id=5).lead.id == 7


def test_sfdc_id_is_one_key_in_both_lengths() -> None:
    """The 15 characters of an SFDC id and its 18 name one lead."""
    world = World()
    first = world.call(foreign="0013000000abcDE", type="SFDC")
    again = world.call(foreign=first.lead.foreign_ids[0].id, type="sfdc")

    assert first.lead.id == again.lead.id
    assert len(first.lead.foreign_ids[0].id) == 18


def test_email_attribute_by_rest_name() -> None:
    """The Email attribute is the key under its REST name too."""
    world = World()
    world.lead(7, email="a@e.com")

    assert world.send(RawRecord(attributes=(RawAttribute("email", "a@e.com"),))).lead.id == 7


def test_token_is_case_sensitive() -> None:
    """Two tokens that differ in case are two cookies."""
    world = World()
    world.lead(7, cookies=["abc"])

    with pytest.raises(LeadKeyRequiredError):
        world.call(cookie="ABC")
    assert token("abc") != token("ABC")


def test_shared_foreign_id_text_of_two_types() -> None:
    """One text under two types is two foreign ids of one lead when the Id says so."""
    world = World()
    world.lead(7, foreign=[X])

    world.call(id=7, foreign="X", type="NETSUITE")

    assert (ForeignId("CUSTOM", "X"), ForeignId("NETSUITE", "X")) == world.get(7).foreign_ids


def test_bad_key_is_an_input_error() -> None:
    """A key that cannot be one is refused by name before anything is looked up."""
    with pytest.raises(InputError, match="Bad value for Id"):
        World().call(id="1.0")
