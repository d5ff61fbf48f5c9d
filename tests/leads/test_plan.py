"""What a call changes: keys, values, places and history (sync-lead, sections 3 to 5)."""

import pytest

from support.world import World, subscription
from synclead.leads.errors import FieldLimitError, InputError, LeadSyncFailedError
from synclead.leads.fields import Field, auto_field
from synclead.leads.lead import ForeignId
from synclead.leads.places import Condition, Rule

SPACES = {"Default": "Default", "EMEA": "Europe", "APAC": "Asia"}
GERMANS = Rule(partition="Europe", when=(Condition(field="Country", test="is", values=("Germany", "France")),))


class TestEmail:
    """The Email on the target."""

    @pytest.mark.parametrize(
        "call",
        [dict(id=7), dict(foreign="X"), dict(cookie="free")],
        ids=["by Id", "by foreign id", "by cookie"],
    )
    def test_is_stored(self, call: dict[str, object]) -> None:
        """The Email given is stored on a lead found by another key."""
        world = World()
        world.lead(7, email=None if "cookie" in call else "old@e.com", foreign=[("CUSTOM", "X")], cookies=["free"])

        outcome = world.call(email="new@e.com", **call)

        assert world.get(7).email.text == "new@e.com"  # type: ignore[union-attr]
        assert world.history(7) == ["Change Data Value"]
        assert outcome.status == "UPDATED"

    def test_same_address_changes_nothing(self) -> None:
        """An Email that is equal under the matching rule changes nothing, not even its letter case."""
        world = World()
        world.lead(7, email="a@e.com")

        outcome = world.call(id=7, email="A@E.com")

        assert (outcome.status, outcome.changed, outcome.lead.email.text) == ("UPDATED", False, "a@e.com")  # type: ignore[union-attr]
        assert world.history(7) == []

    def test_rename_by_attribute(self) -> None:
        """Element and attribute differ: the lead of the element's address gets the attribute's; a repeat finds it."""
        world = World()
        world.lead(7, email="old@e.com")

        first = world.call(email="old@e.com", Email="new@e.com")
        again = world.call(email="old@e.com", Email="new@e.com")

        assert (first.lead.id, first.lead.email.text, first.changed) == (7, "new@e.com", True)  # type: ignore[union-attr]
        assert (again.lead.id, again.changed) == (7, False)
        assert again.why.email_element_unused
        assert not first.why.email_element_unused

    def test_not_renamed_when_both_are_known(self) -> None:
        """Both addresses are known: the attribute's lead is updated, and the outcome says that nobody was renamed."""
        world = World()
        world.lead(7, email="old@e.com")
        world.lead(8, email="new@e.com")

        outcome = world.call(email="old@e.com", Email="new@e.com", FirstName="George")

        assert outcome.lead.id == 8
        assert outcome.why.email_not_renamed
        assert world.get(7).email.text == "old@e.com"  # type: ignore[union-attr]

    @pytest.mark.parametrize("call", [dict(id=7), dict(foreign="X"), dict(cookie="c")])
    def test_cleared(self, call: dict[str, object]) -> None:
        """An empty Email attribute clears the Email of a lead found by Id, foreign id or cookie."""
        world = World()
        world.lead(7, email="a@e.com", foreign=[("CUSTOM", "X")], cookies=["c"])

        outcome = world.call(Email="", **call)

        assert outcome.lead.email is None
        assert world.call(email="a@e.com").lead.id == 1001 - 1

    def test_shared(self) -> None:
        """An Email that comes to stand on two leads is allowed, and the outcome says with whom."""
        world = World()
        world.lead(7, email="a@e.com")
        world.lead(8)

        assert world.call(id=8, email="a@e.com").why.email_shared_with == (7,)


class TestForeignId:
    """The foreign id on the target."""

    def test_is_added(self) -> None:
        """A lead can have several foreign ids of one type; each goes on naming it; the last set is shown."""
        world = World()
        world.lead(7, foreign=[("CUSTOM", "X")])

        outcome = world.call(id=7, foreign="Y")

        assert ForeignId("CUSTOM", "Y") == outcome.shown_foreign_id
        assert world.call(foreign="X").lead.id == 7
        assert ForeignId("CUSTOM", "Y") == world.call(id=7).shown_foreign_id

    def test_naming_an_own_one_shows_it_and_changes_nothing(self) -> None:
        """The answer shows the foreign id that the call named; naming one that the lead has does not set it again."""
        world = World()
        world.lead(7, foreign=[("CUSTOM", "X"), ("CUSTOM", "Y")])

        outcome = world.call(id=7, foreign="X")

        assert (ForeignId("CUSTOM", "X"), False) == (outcome.shown_foreign_id, outcome.changed)
        assert ForeignId("CUSTOM", "Y") == world.call(id=7).shown_foreign_id

    def test_moves_to_the_lead_of_the_id(self) -> None:
        """A foreign id of another lead moves to the lead of the Id, with an activity on both; only the gainer changed."""
        world = World()
        world.lead(7)
        world.lead(8, foreign=[("CUSTOM", "X")], email="a@e.com")

        outcome = world.call(id=7, foreign="X")

        assert outcome.why.foreign_id_moved_from == 8
        assert (world.history(7), world.history(8)) == (["Foreign Id Moved"], ["Foreign Id Moved"])
        assert (world.get(8).foreign_ids, world.get(8).change) == ((), 8)
        assert world.call(foreign="X").lead.id == 7

    def test_last_key_lost(self) -> None:
        """A lead that loses its last key stays, and the outcome names it."""
        world = World()
        world.lead(7)
        world.lead(8, foreign=[("CUSTOM", "X")])

        assert world.call(id=7, foreign="X").why.left_without_key == (8,)
        assert world.call(id=8).lead.id == 8


class TestCookie:
    """The cookie on the target."""

    def test_unknown_one_is_attached(self) -> None:
        """An unknown cookie is attached to the target and names it from then on."""
        world = World()
        world.lead(7, email="a@e.com")

        assert world.call(email="a@e.com", cookie="c").changed
        assert ((again := world.call(cookie="c")).lead.id, again.why.step) == (7, 3)

    def test_moves(self) -> None:
        """A cookie of another known lead moves, with an activity on both; the other lead keeps its name."""
        world = World()
        world.lead(7, email="a@e.com", cookies=["c"], FirstName="Ada")

        outcome = world.call(email="b@e.com", cookie="c")

        assert (outcome.status, outcome.why.cookie_moved_from) == ("CREATED", 7)
        assert world.history(7) == ["Cookie Moved"]
        assert world.history(outcome.lead.id) == ["New Lead", "Cookie Moved"]
        assert world.get(7).values["FirstName"] == "Ada"
        assert outcome.lead.id == world.call(cookie="c").lead.id

    def test_visitor_is_merged(self) -> None:
        """A visitor that is not the target is merged into it, and its first-visit facts fill what is empty."""
        world = World()
        world.lead(7, email="a@e.com", FirstName="Ada")
        world.visitor(3, "c", AnonymousIP="192.0.2.1", FirstName="Nobody")

        outcome = world.call(email="a@e.com", cookie="c")

        assert outcome.why.visitor_merged == 3
        assert world.history(7) == ["Change Data Value", "Merge Leads"]
        assert outcome.lead.values == {"AnonymousIP": "192.0.2.1", "FirstName": "Ada"}
        assert world.known.changes.visitors == {3: 7}

    def test_visitor_becomes_known(self) -> None:
        """A visitor that becomes known answers UPDATED, with a lead Id of its own and New Lead in its history."""
        world = World()
        world.visitor(3, "c", AnonymousIP="192.0.2.1")

        outcome = world.call(email="a@e.com", cookie="c", FirstName="Ada")

        assert (outcome.status, outcome.lead.id, outcome.why.became_known) == ("UPDATED", 1000, 3)
        assert world.history(1000) == ["New Lead"]
        assert outcome.lead.values == {"AnonymousIP": "192.0.2.1", "FirstName": "Ada"}
        assert ((again := world.call(cookie="c")).lead.id, again.why.step) == (1000, 3)


class TestValues:
    """Fields of the target."""

    def test_only_real_changes_are_noted(self) -> None:
        """One Change Data Value for each field of an existing lead that really changed, with old and new value."""
        world = World()
        world.lead(7, FirstName="Ada", LastName="Byron")

        world.call(id=7, FirstName="Ada", LastName="Lovelace", City="London")

        assert [
            (row.attributes["Attribute Name"], row.attributes["Old Value"], row.attributes["New Value"])
            for row in world.known.changes.activities
        ] == [("LastName", "Byron", "Lovelace"), ("City", "", "London")]

    def test_blank_clears(self) -> None:
        """A blank value clears the field; fields not named stay."""
        world = World()
        world.lead(7, FirstName="Ada", City="London")

        assert world.call(id=7, FirstName="").lead.values == {"City": "London"}

    def test_repeat_changes_nothing(self) -> None:
        """The same call again answers UPDATED, writes no activity, and moves neither change number nor time."""
        world = World()
        first = world.call(email="a@e.com", FirstName="Ada", cookie="c", foreign="X")
        written = len(world.known.changes.activities)

        again = world.call(email="a@e.com", FirstName="Ada", cookie="c", foreign="X")

        assert (first.status, again.status) == ("CREATED", "UPDATED")
        assert first.lead == again.lead
        assert written == len(world.known.changes.activities)

    def test_read_only(self) -> None:
        """A read-only field is accepted with the value that the lead has, refused with another."""
        world = World()
        world.lead(7, AnonymousIP="192.0.2.1")

        assert not world.call(id=7, AnonymousIP="192.0.2.1").changed
        with pytest.raises(InputError, match="AnonymousIP"):
            world.call(id=7, AnonymousIP="192.0.2.2")

    def test_read_only_skipped(self) -> None:
        """With bad_value = "skip" a read-only field stays as it is, and the outcome names it."""
        world = World(subscription(policy={"bad_value": "skip"}))
        world.lead(7, AnonymousIP="192.0.2.1")

        outcome = world.call(id=7, AnonymousIP="192.0.2.2", FirstName="Ada")

        assert outcome.lead.values == {"AnonymousIP": "192.0.2.1", "FirstName": "Ada"}
        assert "AnonymousIP" in outcome.why.skipped[0]
        assert "AnonymousIP" in world.known.changes.activities[-1].attributes["Reason"]

    def test_unknown_field_is_made(self) -> None:
        """With unknown_fields = "create" a string field is made once, also for two calls of one group."""
        world = World(subscription(policy={"unknown_fields": "create"}))

        first = world.call(email="a@e.com", Shoe="42")
        again = world.call(email="b@e.com", shoe="43")

        assert (first.lead.values["Shoe"], again.lead.values["Shoe"]) == ("42", "43")
        assert [made.name for made in world.known.changes.fields] == ["Shoe"]

    def test_fields_that_calls_make_have_a_bound(self) -> None:
        """Beyond it the call is refused, makes nothing and says why; fields that are there, and blanks, go on."""
        own = Field("Own", "Own", "own", "Own", "string")
        policy = {"unknown_fields": "create", "created_fields_limit": 2}
        world = World(subscription(policy=policy, fields=[own, auto_field("Old")]))
        world.call(email="a@e.com", One="1")

        with pytest.raises(FieldLimitError) as refused:
            world.call(email="a@e.com", Two="2", Three="3", Four="")

        assert refused.value.code == 20105
        assert refused.value.message == (
            "syncLead operation failed: unknown fields for import: Two, Three; "
            "calls may make no more than 2 fields (created_fields_limit)"
        )
        assert world.call(email="a@e.com", One="11", Old="22", Own="33", Four="").lead.values == {
            "One": "11",
            "Old": "22",
            "Own": "33",
        }
        assert [made.name for made in world.known.changes.fields] == ["One"]

    def test_no_id_left(self) -> None:
        """The highest lead Id that the contract can carry is handed out; after it a new lead is refused."""
        world = World()
        world.lead(2**31 - 2, email="z@e.com")

        assert world.call(email="a@e.com").lead.id == 2**31 - 1
        with pytest.raises(LeadSyncFailedError, match="No lead Id is left"):
            world.call(email="b@e.com")

    def test_refused_calls_spend_no_id(self) -> None:
        """Ids are handed out in order, never spent on updates or refused calls."""
        world = World()
        first = world.call(email="a@e.com").lead.id
        world.call(email="a@e.com", FirstName="Ada")
        with pytest.raises(InputError):
            world.call(email="b@e.com", AnonymousIP="192.0.2.2")

        assert first + 1 == world.call(email="c@e.com").lead.id


class TestPlaces:
    """Workspaces, partitions and assignment rules."""

    @pytest.mark.parametrize(
        ("enabled", "workspace", "country", "partition"),
        [
            (True, "emea", "Spain", "Europe"),
            (True, "APAC", "Germany", "Europe"),
            (True, None, "Spain", "Default"),
            (True, None, "germany", "Europe"),
            (False, "default", "Germany", "Default"),
            (False, None, "Germany", "Default"),
        ],
        ids=[
            "W named: its primary partition",
            "W named and a rule holds: the rule's partition",
            "no header: the primary partition of Default",
            "no header and a rule holds: the rule's partition",
            "not enabled, Default named: the one partition",
            "not enabled, no header: the one partition",
        ],
    )
    @pytest.mark.parametrize("visitor", [False, True], ids=["new lead", "visitor"])
    def test_new_lead(self, enabled: bool, workspace: str | None, country: str, partition: str, visitor: bool) -> None:
        """Where a new lead, or a visitor that becomes known, is put."""
        world = World(subscription(workspaces=SPACES if enabled else None, rules=[GERMANS] if enabled else []))
        if visitor:
            world.visitor(1, "c")

        outcome = world.call(email="a@e.com", Country=country, workspace=workspace, cookie="c")

        assert partition == outcome.lead.partition

    @pytest.mark.parametrize("workspace", ["Nowhere", ""], ids=["undefined", "blank"])
    def test_undefined(self, workspace: str) -> None:
        """A workspace that nobody defined is refused by name; a blank one never reaches the rules."""
        world = World(subscription(workspaces=SPACES))
        if not workspace:
            assert world.call(email="a@e.com", workspace=None).lead.partition == "Default"
            return
        with pytest.raises(InputError, match="Nowhere"):
            world.call(email="a@e.com", workspace=workspace)

    def test_not_enabled_names_another(self) -> None:
        """Where workspaces are not enabled, another name than Default is refused."""
        with pytest.raises(InputError, match="EMEA"):
            World().call(email="a@e.com", workspace="EMEA")

    @pytest.mark.parametrize(
        ("call", "reached"),
        [
            (dict(id=7), False),
            (dict(foreign="X"), False),
            (dict(cookie="c"), False),
            (dict(email="a@e.com"), True),
            (dict(id=7, email="a@e.com"), False),
            (dict(foreign="X", email="a@e.com"), True),
            (dict(cookie="c", email="a@e.com"), True),
        ],
        ids=[
            "by Id: out of reach",
            "by foreign id: out of reach",
            "by cookie: out of reach",
            "by Email: W is ignored",
            "by Id, with its Email: out of reach",
            "by foreign id, and the Email finds it too: W is ignored",
            "by cookie, and the Email finds it too: W is ignored",
        ],
    )
    def test_existing_lead_elsewhere(self, call: dict[str, object], reached: bool) -> None:
        """A lead outside of W's primary partition is reached by Email alone."""
        world = World(subscription(workspaces=SPACES))
        world.lead(7, email="a@e.com", foreign=[("CUSTOM", "X")], cookies=["c"], partition="Asia")

        if reached:
            assert world.call(workspace="EMEA", FirstName="Ada", **call).lead.partition == "Asia"
            return
        with pytest.raises(LeadSyncFailedError, match=r"Lead 7 is in partition Asia.*workspace EMEA"):
            world.call(workspace="EMEA", FirstName="Ada", **call)
        assert world.get(7).values == {}

    @pytest.mark.parametrize("call", [dict(id=7), dict(foreign="X"), dict(cookie="c"), dict(email="a@e.com")])
    def test_existing_lead_without_header(self, call: dict[str, object]) -> None:
        """Without a header an existing lead is updated where it is, and never moves, though a rule would hold."""
        world = World(subscription(workspaces=SPACES, rules=[GERMANS]))
        world.lead(7, email="a@e.com", foreign=[("CUSTOM", "X")], cookies=["c"], partition="Asia")

        assert world.call(Country="Germany", **call).lead.partition == "Asia"

    def test_reached_in_its_own_workspace(self) -> None:
        """A lead in W's primary partition is reached by every key."""
        world = World(subscription(workspaces=SPACES))
        world.lead(7, foreign=[("CUSTOM", "X")], partition="Asia")

        assert world.call(workspace="apac", foreign="X").lead.id == 7

    def test_mismatch_update(self) -> None:
        """With workspace_mismatch = "update" a lead elsewhere is updated where it is, and foreign ids move from there."""
        world = World(subscription(workspaces=SPACES, policy={"workspace_mismatch": "update"}))
        world.lead(7, partition="Asia")
        world.lead(8, foreign=[("CUSTOM", "X")], partition="Asia")

        assert world.call(id=7, foreign="X", workspace="EMEA").lead.partition == "Asia"

    def test_foreign_id_moves_from_reach_only(self) -> None:
        """With W named, a foreign id moves only from a lead in W's primary partition; a cookie moves anyway."""
        world = World(subscription(workspaces=SPACES))
        world.lead(7, partition="Europe")
        world.lead(8, foreign=[("CUSTOM", "X")], cookies=["c"], email="a@e.com", partition="Asia")

        with pytest.raises(LeadSyncFailedError, match="lead 8 in partition Asia"):
            world.call(id=7, foreign="X", workspace="EMEA")
        assert world.call(id=7, cookie="c", workspace="EMEA").why.cookie_moved_from == 8

    @pytest.mark.parametrize("visitor", [False, True], ids=["CREATED", "UPDATED where a visitor became known"])
    def test_out_of_reach_after_a_rule(self, visitor: bool) -> None:
        """A lead that a rule placed elsewhere is out of reach of W's Id afterwards, also for who created it."""
        world = World(subscription(workspaces=SPACES, rules=[GERMANS]))
        if visitor:
            world.visitor(1, "c")

        made = world.call(email="a@e.com", Country="Germany", cookie="c", workspace="APAC")

        assert ("UPDATED" if visitor else "CREATED", "Europe") == (made.status, made.lead.partition)
        with pytest.raises(LeadSyncFailedError):
            world.call(id=made.lead.id, FirstName="Ada", workspace="APAC")


def test_worked_cases() -> None:
    """The worked cases of section 7, one after the other."""
    world = World()
    world.lead(7)
    world.call(id=7, foreign="X")
    assert world.call(foreign="X", email="new@e.com").lead.email.text == "new@e.com"  # type: ignore[union-attr]
    assert ((made := world.call(email="OLD@E.com")).status, made.lead.id) == ("CREATED", 1000)
    world.visitor(1, "visit")
    assert world.call(email="old@e.com", cookie="visit").lead.id == 1000
    moved = world.call(foreign="Y", cookie="visit")
    assert moved.lead.id == 1000  # the lead of the cookie has no CUSTOM id yet: it fits
    other = world.call(foreign="Z", cookie="visit")
    assert (other.status, other.why.cookie_moved_from) == ("CREATED", 1000)
    last = world.call(cookie="visit", email="b@e.com")
    assert other.lead.id == last.lead.id  # it had no Email and nobody had this one
