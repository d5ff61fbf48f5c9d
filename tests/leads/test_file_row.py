"""What a row of a file may say beyond a call, and what it may not do."""

from contextlib import nullcontext
from datetime import UTC, datetime
from typing import Any

import pytest

from support.world import World, subscription, token
from synclead.leads.errors import InputError, LeadKeyRequiredError, LeadNotFoundError, LeadSyncFailedError
from synclead.leads.file_row import check_characters
from synclead.leads.keys import parse_foreign_id
from synclead.leads.lead import ForeignId
from synclead.leads.outcome import Outcome
from synclead.leads.places import Rule
from synclead.leads.record import RawAttribute, RawFileRow, RawRecord

CREATED = datetime(2020, 2, 3, 4, 5, 6, 789012, tzinfo=UTC)


def take(
    world: World,
    *,
    id: int | None = None,
    foreign: str | None = None,
    type: str | None = None,
    cookies: tuple[str, ...] = (),
    partition: str | None = None,
    keep: bool = False,
    created: str | None = None,
    updated: str | None = None,
    change: str | None = None,
    **values: str,
) -> Outcome:
    """Takes in one row; other keywords are its values."""
    return world.send(
        RawRecord(
            id=None if id is None else str(id),
            foreign_id=foreign,
            foreign_type=type,
            cookie="|".join(token(name) for name in cookies) or None,
            attributes=tuple(RawAttribute(name, value) for name, value in values.items()),
            row=RawFileRow(partition, keep, created, updated, change),
        )
    )


def places(**more: Any) -> World:
    """A world with three partitions."""
    return World(subscription(workspaces={"Default": "Default", "EMEA": "Europe"}, **more))


class TestSeveralKeys:
    """A row may have any number of foreign ids and cookies."""

    def test_a_new_lead_gets_all_of_them_in_their_order(self) -> None:
        """Foreign ids keep their order, each with a change of its own; cookies are all attached."""
        world = World()

        lead = take(world, foreign="A|B|C", cookies=("c", "d"), Email="a@e.com").lead

        assert lead.foreign_ids == (ForeignId("CUSTOM", "A"), ForeignId("CUSTOM", "B"), ForeignId("CUSTOM", "C"))
        assert [change for _, change, _ in world.plans[0].foreign_ids_set] == [1, 2, 3]
        assert (lead.change, world.known.counter.next_change) == (3, 4)
        assert lead.cookies == 2
        for name in ("c", "d"):
            assert world.call(cookie=name).lead.id == lead.id

    @pytest.mark.parametrize("foreign", ["A", "B", "A|Z", "Z|A", "Z|Y|B"])
    def test_any_of_them_finds_the_lead(self, foreign: str) -> None:
        """The first that a lead has identifies; those that nobody has are added."""
        world = World()
        world.lead(7, foreign=[("CUSTOM", "A"), ("CUSTOM", "B")])

        outcome = take(world, foreign=foreign)

        assert (outcome.lead.id, outcome.why.step) == (7, 2)
        assert {one.id for one in outcome.lead.foreign_ids} == {"A", "B", *foreign.split("|")}

    def test_the_same_row_again_changes_nothing(self) -> None:
        """Sent twice, it is the same one lead, unchanged."""
        world = World()
        first = take(world, foreign="A|B", type="SFDC|CUSTOM", cookies=("c", "d"), Email="a@e.com")

        again = take(world, foreign="A|B", type="SFDC|CUSTOM", cookies=("c", "d"), Email="a@e.com")

        assert (again.changed, again.lead) == (False, first.lead)

    def test_an_id_that_stands_twice_counts_once(self) -> None:
        """Also where its two forms are the same SFDC id."""
        short = "0031000000AAAAA"
        long = parse_foreign_id("SFDC", short)

        assert take(World(), foreign=f"{short}|{long.id}|{short}", type="sfdc").lead.foreign_ids == (long,)

    @pytest.mark.parametrize(
        ("types", "found"),
        [
            (None, ["CUSTOM", "CUSTOM"]),
            ("NETSUITE", ["NETSUITE", "NETSUITE"]),
            ("SFDC|netsuite", ["SFDC", "NETSUITE"]),
            ("SFDC|", ["SFDC", "CUSTOM"]),
        ],
    )
    def test_one_type_is_all_ids_or_there_is_one_an_id(self, types: str | None, found: list[str]) -> None:
        """An absent type is CUSTOM."""
        assert [one.type for one in take(World(), foreign="A|B", type=types).lead.foreign_ids] == found

    @pytest.mark.parametrize("types", ["SFDC|SFDC|SFDC", "SAP", "SFDC|SAP"])
    def test_types_that_do_not_fit_are_refused(self, types: str) -> None:
        """Neither one nor one an id, or none of the three."""
        with pytest.raises(InputError, match="ForeignSysType"):
            take(World(), foreign="A|B", type=types)

    def test_blank_parts_are_absent(self) -> None:
        """A separator too many means nothing."""
        world = World()

        assert [one.id for one in take(world, foreign="|A||B|").lead.foreign_ids] == ["A", "B"]

    def test_a_lead_of_the_email_must_fit_every_type(self) -> None:
        """A lead that has another id of one of the types is another person there."""
        world = World()
        world.lead(7, email="a@e.com", foreign=[("SFDC", "S")])

        outcome = take(world, foreign="N|T", type="NETSUITE|SFDC", Email="a@e.com")

        assert (outcome.status, outcome.why.email_shared_with) == ("CREATED", (7,))

    def test_every_visitor_is_merged(self) -> None:
        """Of several visitors the first becomes the lead, the others are merged into it."""
        world = World()
        world.visitor(1, "c", AnonymousIP="192.0.2.1")
        world.visitor(2, "d", AnonymousIP="192.0.2.2", InferredCountry="DE")

        lead = take(world, cookies=("c", "d", "e"), Email="a@e.com").lead

        assert (world.plans[0].outcome.status, lead.cookies) == ("UPDATED", 3)
        assert lead.values == {"AnonymousIP": "192.0.2.1", "InferredCountry": "DE"}
        assert world.known.changes.visitors == {1: lead.id, 2: lead.id}
        assert world.history(lead.id) == ["New Lead", "Merge Leads"]

    def test_the_history_names_the_source(self) -> None:
        """What a file changed is told from what a call changed."""
        world = World()
        lead = take(world, Email="a@e.com").lead
        world.call(email="a@e.com", FirstName="A")

        sources = [one.attributes["Source"] for one in world.known.changes.activities if one.lead_id == lead.id]

        assert sources == ["File import", "Web service API"]

    def test_a_call_has_one_of_each(self) -> None:
        """In a call the separator is a character as any other."""
        assert World().call(foreign="A|B").lead.foreign_ids == (ForeignId("CUSTOM", "A|B"),)


class TestOtherLeads:
    """Known leads are never merged, and a file moves no key."""

    @pytest.fixture
    def world(self) -> World:
        """Three known leads."""
        made = World()
        made.lead(7, foreign=[("CUSTOM", "A")], cookies=["c"])
        made.lead(8, email="eight@e.com", foreign=[("CUSTOM", "B"), ("SFDC", "S")], cookies=["d"])
        made.lead(9, email="nine@e.com")
        return made

    @pytest.mark.parametrize(
        ("row", "named"),
        [
            ({"foreign": "A|B"}, "lead 7, but foreign id CUSTOM 'B' is lead 8's"),
            ({"foreign": "N|B|A"}, "lead 8, but foreign id CUSTOM 'A' is lead 7's"),
            ({"cookies": ("c", "d")}, "is lead 8's"),
            ({"foreign": "A", "cookies": ("d",)}, "is lead 8's"),
            ({"Email": "nine@e.com", "cookies": ("d",)}, "lead 9, but cookie '_mch-exam…' is lead 8's"),
            ({"Email": "new@e.com", "cookies": ("d",)}, "a new lead, but"),
            ({"foreign": "N", "cookies": ("c",)}, "a new lead, but"),
        ],
    )
    def test_keys_of_different_leads_are_refused(self, world: World, row: dict[str, Any], named: str) -> None:
        """The refusal names the lead that the row means and those that have its keys; nothing changes."""
        before = world.known.counter

        with pytest.raises(LeadSyncFailedError) as refused:
            take(world, **row)

        assert named in refused.value.message
        assert world.known.counter == before

    def test_an_id_says_whose_the_keys_are(self, world: World) -> None:
        """With an Id its lead takes foreign ids and cookies from others, as by a call."""
        lead = take(world, id=9, foreign="A|B", cookies=("c", "d")).lead

        assert ([one.id for one in lead.foreign_ids], lead.cookies) == (["A", "B"], 2)
        assert (world.get(7).foreign_ids, world.get(7).cookies) == ((), 0)
        assert (world.get(8).foreign_ids, world.get(8).cookies) == ((ForeignId("SFDC", "S"),), 0)

    def test_several_keys_of_one_lead_move_together(self) -> None:
        """The lead that loses them has lost all of them."""
        world = World()
        world.lead(7, foreign=[("CUSTOM", "A"), ("CUSTOM", "B"), ("CUSTOM", "C")], cookies=["c", "d", "e"])
        world.lead(9)

        take(world, id=9, foreign="A|B", cookies=("c", "d"))

        assert (world.get(7).foreign_ids, world.get(7).cookies) == ((ForeignId("CUSTOM", "C"),), 1)

    def test_an_email_of_another_lead_is_stored_as_by_a_call(self, world: World) -> None:
        """Emails are not unique: the foreign id decides, and the outcome names the lead that has the Email, too."""
        outcome = take(world, foreign="A", Email="nine@e.com")

        assert (outcome.lead.id, outcome.why.email_shared_with) == (7, (9,))


class TestPartitions:
    """A new lead is made where the row says; a known one stays where it is."""

    def test_a_new_lead_is_made_there(self) -> None:
        """Before any rule; the spelling is the defined one."""
        world = places(rules=[Rule("Asia", ())])

        outcome = take(world, Email="a@e.com", partition=" europe ")

        assert (outcome.lead.partition, outcome.why.partition_rule) == ("Europe", "the column Partition")

    def test_without_one_the_rules_decide(self) -> None:
        """As for a call."""
        assert take(places(rules=[Rule("Asia", ())]), Email="a@e.com", partition="  ").lead.partition == "Asia"

    def test_a_visitor_becomes_known_there(self) -> None:
        """A visitor is no lead yet, so it may become one anywhere."""
        world = places()
        world.visitor(1, "c")

        assert take(world, cookies=("c",), partition="Europe").lead.partition == "Europe"

    def test_a_known_lead_may_be_named_where_it_is(self) -> None:
        """The partition it is in changes nothing."""
        world = places()
        world.lead(7, email="a@e.com", partition="Europe")

        assert not take(world, Email="a@e.com", partition="Europe").changed

    def test_a_known_lead_elsewhere_is_refused(self) -> None:
        """Updating never moves a lead."""
        world = places()
        world.lead(7, email="a@e.com", partition="Europe")

        with pytest.raises(LeadSyncFailedError, match="Lead 7 is in partition Europe, not in Asia"):
            take(world, Email="a@e.com", partition="Asia")

    def test_a_partition_that_nobody_defined_is_refused(self) -> None:
        """The refusal names it."""
        with pytest.raises(InputError, match="no partition is called 'Mars'"):
            take(places(), Email="a@e.com", partition="Mars")


class TestKeptIds:
    """A row that keeps its Id makes the lead of that Id."""

    def test_a_lead_is_made_as_it_was(self) -> None:
        """Id, times and number of the last change are the file's; read-only fields take its values."""
        world = World()

        outcome = take(
            world, id=500, keep=True, created="2020-02-03T04:05:06.789012Z", updated="2021-02-03 04:05:06+01:00",
            change="77", foreign="A|B", Email="a@e.com", inferredCity="Bonn", AnonymousIP="192.0.2.1", FirstName="A",
        )  # fmt: skip

        lead = outcome.lead
        assert (outcome.status, outcome.why.step, lead.id, lead.change) == ("CREATED", 1, 500, 77)
        assert (lead.created_at, lead.updated_at) == (CREATED, datetime(2021, 2, 3, 3, 5, 6, tzinfo=UTC))
        assert lead.values == {"inferredCity": "Bonn", "AnonymousIP": "192.0.2.1", "FirstName": "A"}
        assert [one.id for one in lead.foreign_ids] == ["A", "B"]

    def test_the_counter_is_lifted_above_what_was_used(self) -> None:
        """The next new lead has a higher Id and a later change than every lead that was moved in."""
        world = World()
        take(world, id=5000, keep=True, change="900", Email="a@e.com")
        take(world, id=10, keep=True, change="3", Email="b@e.com")

        lead = world.call(email="c@e.com").lead

        assert (lead.id, lead.change) == (5001, 902)

    def test_without_times_it_is_a_lead_of_now(self) -> None:
        """And its change the counter's next."""
        world = World()

        lead = take(world, id=10, keep=True, Email="a@e.com").lead

        assert (lead.created_at, lead.updated_at, lead.change) == (world.now, world.now, 1)

    def test_an_email_of_another_lead_does_not_hinder(self) -> None:
        """Emails are not unique: two leads of one Email stay two, and the last changed is meant by it."""
        world = World()
        take(world, id=10, keep=True, change="50", Email="a@e.com")

        outcome = take(world, id=11, keep=True, change="40", Email="A@e.com")

        assert (outcome.status, outcome.why.email_shared_with) == ("CREATED", (10,))
        assert world.call(email="a@e.com").lead.id == 10

    def test_a_lead_without_any_key_is_made(self) -> None:
        """There are such leads, and a move loses none."""
        assert take(World(), id=10, keep=True, FirstName="A").status == "CREATED"

    def test_the_same_row_again_changes_nothing(self) -> None:
        """Times and change of a lead that is there stay, whatever the file says."""
        world = World()
        row: dict[str, Any] = {"id": 10, "keep": True, "foreign": "A|B", "cookies": ("c", "d"), "inferredCity": "Bonn"}
        first = take(world, **row, change="5", created="2020-01-01T00:00:00Z", Email="a@e.com")

        again = take(world, **row, change="6", created="2021-01-01T00:00:00Z", Email="a@e.com")

        assert (again.changed, again.lead) == (False, first.lead)

    def test_a_known_lead_is_updated_by_the_rules(self) -> None:
        """Values and keys that nobody has are written, another value of a read-only field is refused."""
        world = World()
        world.lead(7, email="a@e.com", inferredCity="Bonn")

        lead = take(world, id=7, keep=True, foreign="A", FirstName="A").lead

        assert (lead.values["FirstName"], lead.foreign_ids) == ("A", (ForeignId("CUSTOM", "A"),))
        with pytest.raises(InputError, match="inferredCity"):
            take(world, id=7, keep=True, inferredCity="Rome")

    @pytest.mark.parametrize("id", [8, 9])
    def test_a_key_of_another_lead_is_refused(self, id: int) -> None:
        """Also where the Id is known: a move takes nothing from anybody."""
        world = World()
        world.lead(7, foreign=[("CUSTOM", "A")], cookies=["c"])
        world.lead(8)

        for key in ({"foreign": "A"}, {"cookies": ("c",)}):
            with pytest.raises(LeadSyncFailedError, match="is lead 7's"):
                take(world, id=id, keep=True, **key)

    def test_an_id_of_a_merged_or_forgotten_lead_is_refused(self) -> None:
        """A spent Id is never used again."""
        world = World()
        world.lead(7)
        world.known.alias(6, 7)
        world.known.forget(5)

        with pytest.raises(LeadNotFoundError, match="6 was merged into lead 7"):
            take(world, id=6, keep=True, Email="a@e.com")
        with pytest.raises(LeadNotFoundError, match="5 was forgotten"):
            take(world, id=5, keep=True, Email="a@e.com")

    def test_the_highest_id_can_be_kept(self) -> None:
        """Then no new lead can be made, as the refusal says."""
        world = World()
        take(world, id=2**31 - 1, keep=True, Email="a@e.com")

        with pytest.raises(LeadSyncFailedError, match="No lead Id is left"):
            world.call(email="b@e.com")

    def test_a_visitor_becomes_the_lead_of_the_id(self) -> None:
        """What the file says goes before what was seen of the browser."""
        world = World()
        world.visitor(1, "c", AnonymousIP="192.0.2.1", InferredCountry="DE")

        outcome = take(world, id=10, keep=True, cookies=("c",), AnonymousIP="192.0.2.9")

        assert (outcome.lead.id, outcome.why.became_known) == (10, 1)
        assert outcome.lead.values == {"AnonymousIP": "192.0.2.9", "InferredCountry": "DE"}

    def test_a_row_without_an_id_is_refused(self) -> None:
        """Nothing could be kept."""
        with pytest.raises(InputError, match="Id"):
            take(World(), keep=True, Email="a@e.com")

    @pytest.mark.parametrize(
        ("part", "value"),
        [
            ("created", "yesterday"),
            ("updated", "2020-02-30T00:00:00Z"),
            ("change", "0"),
            ("change", str(2**53)),
            ("change", "1.5"),
        ],
    )
    def test_a_time_or_change_that_is_none_is_refused(self, part: str, value: str) -> None:
        """The refusal names the column."""
        with pytest.raises(InputError, match=r"createdAt|updatedAt|lastChange"):
            take(World(), id=1, keep=True, **{part: value})  # type: ignore[arg-type]

    def test_without_keeping_an_unknown_id_is_nobodys(self) -> None:
        """An Id is a key, and never invented."""
        with pytest.raises(LeadNotFoundError):
            take(World(), id=10, Email="a@e.com")


class TestCookies:
    """Bad cookies of a row."""

    def test_a_bad_one_refuses_the_row(self) -> None:
        """As it does a call."""
        with pytest.raises(InputError, match="marketoCookie"):
            World().send(RawRecord(cookie=f"{token('c')}|nonsense", row=RawFileRow()))

    def test_a_bad_one_can_be_left_out(self) -> None:
        """Under `bad_cookie = "ignore"` the others count, and alone it does not."""
        world = World(subscription(policy={"bad_cookie": "ignore"}))
        world.lead(7, cookies=["c"])

        outcome = world.send(RawRecord(cookie=f"nonsense|{token('c')}", row=RawFileRow()))

        assert (outcome.lead.id, outcome.why.cookie_ignored is not None) == (7, True)
        with pytest.raises(InputError):
            world.send(RawRecord(cookie="nonsense|more", row=RawFileRow()))


def test_a_row_without_a_key_is_refused() -> None:
    """It means nobody."""
    with pytest.raises(LeadKeyRequiredError):
        take(World(), FirstName="A")


def test_a_character_that_xml_forbids_is_refused() -> None:
    """No answer to a call could show it."""
    with pytest.raises(InputError, match="FirstName: U\\+0001"):
        take(World(), Email="a@e.com", FirstName="a\x01")


def test_every_character_is_refused_that_xml_forbids() -> None:
    """And no other: `Char` in section 2.2 of the recommendation."""
    allowed = {0x9, 0xA, 0xD, *range(0x20, 0xD800), *range(0xE000, 0xFFFE), *range(0x10000, 0x110000)}
    for code in range(0x10000):
        record = RawRecord(attributes=(RawAttribute("FirstName", f"a{chr(code)}"),))
        with nullcontext() if code in allowed else pytest.raises(InputError):
            check_characters(record)
