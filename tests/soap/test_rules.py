"""Rules that only a whole call shows, from the bytes of a request to the answer and what is kept."""

import hmac
from dataclasses import replace
from typing import Any

import pytest
from lxml import etree

from support.envelopes import Answer, Call, read_answer, wrap
from support.inside import TIMESTAMP, USER, Inside, Reply
from support.logs import capture_logs
from support.world import World, subscription, token
from synclead.leads.places import Condition, Rule
from synclead.soap import signature

NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"
SPACES = {"Default": "Default", "EMEA": "Europe"}


def inside(**rules: Any) -> Inside:
    """A subscription of its own."""
    return Inside(World(subscription(**rules)))


def params(record: str, more: str = "<returnLead>true</returnLead>") -> bytes:
    """A signed request around the inside of a leadRecord."""
    content = f"<ns1:paramsSyncLead><leadRecord>{record}</leadRecord>{more}</ns1:paramsSyncLead>"
    return wrap(content, USER, timestamp=TIMESTAMP)


def answered(reply: Reply) -> Answer:
    return read_answer(reply.status, reply.body)


def attribute(name: str, value: str, more: str = "") -> str:
    return (
        "<leadAttributeList><attribute>"
        f"<attrName>{name}</attrName>{more}<attrValue>{value}</attrValue>"
        "</attribute></leadAttributeList>"
    )


# The call (section 1)


def test_the_partner_is_logged() -> None:
    """`partnerId` changes nothing about the call and stands in its line of the log."""
    body = params("<Email>a@e.com</Email>").replace(b"</mktowsUserId>", b"</mktowsUserId><partnerId>shop</partnerId>")
    with capture_logs() as logged:
        assert answered(inside().post(body)).status == "CREATED"
    assert [line["partner"] for line in logged] == ["shop"]


@pytest.mark.parametrize("kind", ["<attrType>integer</attrType>", "<attrType>no such type</attrType>", "<attrType/>"])
def test_the_type_of_an_attribute_is_ignored(kind: str) -> None:
    """The field's own type counts, whatever `attrType` says."""
    record = answered(inside().post(params("<Email>a@e.com</Email>" + attribute("FirstName", "7b", kind)))).record
    assert record is not None
    assert record.attributes == (("FirstName", "string", "7b"),)


@pytest.mark.parametrize(
    ("more", "shown"),
    [
        ("", False),
        ("<returnLead></returnLead>", False),
        ("<returnLead>false</returnLead>", False),
        ("<returnLead>0</returnLead>", False),
        ("<returnLead>False</returnLead>", False),
        ("<returnLead>true</returnLead>", True),
        ("<returnLead> TRUE </returnLead>", True),
        ("<returnLead>1</returnLead>", True),
    ],
)
def test_the_lead_is_returned_on_request_alone(more: str, shown: bool) -> None:
    """True, false, 1 and 0 in any case; an absent or blank `returnLead` is false; on creation too."""
    answer = answered(inside().post(params("<Email>a@e.com</Email>", more)))
    assert (answer.status, answer.record is not None) == ("CREATED", shown)


def test_another_return_lead_is_refused() -> None:
    """What is neither true nor false is an input error that names the element."""
    here = inside()
    answer = answered(here.post(params("<Email>a@e.com</Email>", "<returnLead>yes</returnLead>")))
    assert answer.fault_code == "20110"
    assert "returnLead" in (answer.message or "")
    assert here.world.plans == []


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [(b"soapaction", b"")],
        [(b"soapaction", b'"getLead"'), (b"content-type", b"application/x-www-form-urlencoded")],
        [(b"content-type", b"application/soap+xml; charset=utf-8; action=x")],
    ],
    ids=["none", "an empty action", "another action, a form", "SOAP 1.2's type"],
)
def test_the_body_element_alone_names_the_operation(headers: list[tuple[bytes, bytes]]) -> None:
    """Neither SOAPAction nor Content-Type is looked at for that."""
    assert answered(inside().post(params("<Email>a@e.com</Email>"), headers)).status == "CREATED"


def test_any_prefix_will_do() -> None:
    """Prefixes are the client's own."""
    body = params("<Email>a@e.com</Email>").replace(b"ns1", b"m").replace(b"SOAP-ENV", b"S")
    assert b"xmlns:S=" in body
    assert answered(inside().post(body)).status == "CREATED"


@pytest.mark.parametrize(
    "record",
    [
        "<leadAttributeList><attribute><attrValue>Ada</attrValue><attrName>FirstName</attrName></attribute>"
        "</leadAttributeList><Email>a@e.com</Email>",
        '<m:Email xmlns:m="urn:other">a@e.com</m:Email><ns1:leadAttributeList><attribute>'
        "<ns1:attrName>FirstName</ns1:attrName><attrValue>Ada</attrValue></attribute></ns1:leadAttributeList>",
        "<email>a@e.com</email><LeadAttributeList><Attribute><AttrName>FirstName</AttrName>"
        "<AttrValue>Ada</AttrValue></Attribute></LeadAttributeList>",
    ],
    ids=["any order", "any namespace", "first letters in the other case"],
)
def test_elements_are_known_by_local_name(record: str) -> None:
    """Order, namespaces and, inside the record, the first letter's case do not matter."""
    record_shown = answered(inside().post(params(record))).record
    assert record_shown is not None
    assert (record_shown.email, record_shown.values) == ("a@e.com", {"FirstName": "Ada"})


def test_the_document_s_spelling_of_the_foreign_id_is_read() -> None:
    """`foreignSysPersonId` and `foreignSysType`, with a small first letter."""
    record = "<foreignSysPersonId>X</foreignSysPersonId><foreignSysType>sfdc</foreignSysType>"
    shown = answered(inside().post(params(record))).record
    assert shown is not None
    assert (shown.foreign_id, shown.foreign_type) == ("X", "SFDC")


def test_lead_id_is_read_as_id() -> None:
    """`leadId` in the record names the lead; beside an `Id` with content it is a repeat."""
    here = inside()
    here.world.lead(7)
    assert answered(here.post(params("<leadId>7</leadId>"))).lead_id == 7
    assert answered(here.post(params("<Id></Id><leadId>7</leadId>"))).lead_id == 7
    assert answered(here.post(params("<Id>7</Id><leadId>7</leadId>"))).fault_code == "20110"


def test_the_operation_s_own_name_is_a_body_element() -> None:
    """`syncLead` below Body is `paramsSyncLead`."""
    body = params("<Email>a@e.com</Email>").replace(b"paramsSyncLead", b"syncLead")
    assert answered(inside().post(body)).status == "CREATED"


@pytest.mark.parametrize(
    "blank", ["<{}/>", "<{}> \n</{}>", '<{} xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:nil="true"/>']
)
def test_blank_elements_are_absent(blank: str) -> None:
    """Empty, white space or nil: as if it were not there."""
    record = "".join(blank.replace("{}", name) for name in ("Id", "ForeignSysPersonId", "ForeignSysType"))
    cookie = blank.replace("{}", "marketoCookie")
    answer = answered(inside().post(params(record + "<Email>a@e.com</Email>", cookie)))
    assert answer.status == "CREATED"


@pytest.mark.parametrize(
    "blank",
    [
        "<attrValue/>",
        "<attrValue> </attrValue>",
        '<attrValue xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:nil="true"/>',
    ],
)
def test_a_blank_value_clears(blank: str) -> None:
    """Blank or nil is a value: the field is unset afterwards."""
    here = inside()
    here.world.lead(7, FirstName="Ada", City="London")
    pair = f"<attribute><attrName>FirstName</attrName>{blank}</attribute>"
    record = answered(here.post(params(f"<Id>7</Id><leadAttributeList>{pair}</leadAttributeList>"))).record
    assert record is not None
    assert record.values == {"City": "London"}


def test_the_missing_value_is_named() -> None:
    """An attribute without a value's element is 20109 with the field's name."""
    pair = "<leadAttributeList><attribute><attrName>FirstName</attrName></attribute></leadAttributeList>"
    answer = answered(inside().post(params("<Id>x</Id>" + pair)))
    assert answer.message == "Required parameter missing: attrValue of FirstName (20109)"


@pytest.mark.parametrize(
    ("record", "more", "name"),
    [
        ("<Email>a@e.com</Email><Idd>7</Idd>", "", "Idd"),
        ("<Email>a@e.com</Email><x><y>7</y></x>", "", "x"),
        ("<Email>a@e.com</Email>" + attribute("City", "x", "<attrLabel>y</attrLabel>"), "", "attrLabel"),
        ("<Email>a@e.com</Email>", "<marketocookie>_mch-e-1</marketocookie>", "marketocookie"),
        ("<Email>a@e.com</Email><email>b@e.com</email>", "", "email"),
        ("<Email>a@e.com</Email>", "<returnLead>true</returnLead><returnLead>true</returnLead>", "returnLead"),
    ],
    ids=["a misspelt key", "an element inside", "beside a value", "beside the record", "twice", "the same twice"],
)
def test_nothing_is_dropped_in_silence(record: str, more: str, name: str) -> None:
    """Unknown elements with content, and what comes twice with content, are 20110 naming them; nothing is kept."""
    here = inside()
    answer = answered(here.post(params(record, more)))
    assert answer.fault_code == "20110"
    assert f" {name}:" in (answer.message or "")
    assert here.world.plans == []


def test_blank_unknown_elements_are_ignored() -> None:
    """They carry nothing that could be lost."""
    body = params("<Email>a@e.com</Email><lastCreatedAt/><more><inside> </inside></more>")
    assert answered(inside().post(body)).status == "CREATED"


def test_references_are_resolved() -> None:
    """An object that PHP writes once and uses twice stands in both places; a circle is refused."""
    record = (
        '<Email>a@e.com</Email><leadAttributeList><attribute><attrName>FirstName</attrName><attrValue id="ref1">Ada'
        '</attrValue></attribute><attribute><attrName>LastName</attrName><attrValue href="#ref1"/></attribute>'
        "</leadAttributeList>"
    )
    shown = answered(inside().post(params(record))).record
    assert shown is not None
    assert shown.values == {"FirstName": "Ada", "LastName": "Ada"}
    circle = '<a id="r1"><b href="#r2"/></a><c id="r2"><d href="#r1"/></c><Email>a@e.com</Email>'
    assert answered(inside().post(params(circle))).fault_code == "20012"


def test_more_than_a_thousand_references_are_refused() -> None:
    """One thousand are followed; one more is 20012."""

    def record(number: int) -> str:
        pairs = '<attribute href="#r"/>' * number
        first = '<attribute id="r"><attrName>City</attrName><attrValue>x</attrValue></attribute>'
        return f"<Email>a@e.com</Email><leadAttributeList>{first}{pairs}</leadAttributeList>"

    refused = answered(inside().post(params(record(1_001))))
    assert refused.fault_code == "20012"
    assert "1,000 references" in (refused.message or "")
    # A thousand are followed: what is wrong then is only that the record has more than 1,000 attributes.
    assert answered(inside().post(params(record(1_000)))).fault_code == "20110"


def test_text_is_all_of_an_element() -> None:
    """Comments, instructions and CDATA sections split no value."""
    record = "<Email>a@<!-- x -->e<?x y?>.com</Email>" + attribute("City", "Lon<!-- -->d<![CDATA[o<n]]>")
    shown = answered(inside().post(params(record))).record
    assert shown is not None
    assert (shown.email, shown.values["City"]) == ("a@e.com", "Londo<n")


@pytest.mark.parametrize(
    ("record", "limit"),
    [
        (f"<Email>a@e.com</Email>{attribute('Address', 'x' * 65_536)}", "65,535 characters"),
        (
            "<Email>a@e.com</Email><leadAttributeList>"
            + "<attribute><attrName>City</attrName><attrValue>x</attrValue></attribute>" * 1_001
            + "</leadAttributeList>",
            "1,000 attributes",
        ),
    ],
    ids=["a value", "attributes"],
)
def test_limits_inside_a_record_are_named(record: str, limit: str) -> None:
    """65,535 characters a value and 1,000 attributes a record; beyond them 20110 with the number."""
    answer = answered(inside().post(params(record)))
    assert answer.fault_code == "20110"
    assert limit in (answer.message or "")


# Authentication (section 2)


@pytest.mark.parametrize("keys", [[], [b"one"], [b"new", b"old"]], ids=["unknown user", "one key", "two keys"])
def test_every_signature_costs_the_same(keys: list[bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    """As many digests are made and compared in constant time for an unknown user as for one with two keys."""
    compared: list[int] = []

    def compare(first: bytes, second: bytes) -> bool:
        compared.append(len(first))
        return hmac.compare_digest(first, second)

    class Watched:
        new = staticmethod(hmac.new)
        compare_digest = staticmethod(compare)

    monkeypatch.setattr(signature, "hmac", Watched)
    signature.matches(keys, "00" * 20, TIMESTAMP, "anna")
    assert compared == [20, 20]


# Keys (section 3)


def test_a_visitor_takes_the_email_of_the_call() -> None:
    """The address is stored on a visitor who becomes known, and finds it from then on."""
    here = inside()
    here.world.visitor(3, "c")
    made = here.sync_lead(Call(email="Ada@e.com", cookie=token("c")))
    assert made.record is not None
    assert (made.status, made.record.email) == ("UPDATED", "Ada@e.com")
    assert here.sync_lead(Call(email="ada@e.com")).lead_id == made.lead_id


def test_a_foreign_id_is_never_deleted() -> None:
    """An empty `ForeignSysPersonId` is absent: the lead keeps what it has."""
    here = inside()
    here.world.lead(7, foreign=[("CUSTOM", "X")])
    assert here.sync_lead(Call(id="7", foreign_id="", foreign_type="CUSTOM")).status == "UPDATED"
    assert here.sync_lead(Call(foreign_id="X")).lead_id == 7


def test_an_ignored_cookie_is_told_of() -> None:
    """With bad_cookie = "ignore" the log and the activity say that the cookie was ignored, and why."""
    here = inside(policy={"bad_cookie": "ignore"})
    with capture_logs() as logged:
        assert here.sync_lead(Call(email="a@e.com", cookie="hello")).status == "CREATED"
    assert "is not id:ACCOUNT&token:TOKEN" in logged[-1]["cookie_ignored"]
    (activity,) = here.world.known.changes.activities
    assert "cookie ignored: " in activity.attributes["Reason"]


def test_the_fault_of_a_key_names_it() -> None:
    """A bad key is 20110 with its name, before any lead is looked up."""
    here = inside()
    for call, name in [
        (Call(id="1.0"), "Id"),
        (Call(email="nobody"), "Email"),
        (Call(foreign_id="x" * 256), "ForeignSysPersonId"),
        (Call(foreign_id="x", foreign_type="SAP"), "ForeignSysType"),
        (Call(email="a@e.com", cookie="hello"), "marketoCookie"),
    ]:
        answer = here.sync_lead(call)
        assert (answer.fault_code, answer.fault_string) == ("20110", "20110 - Input error")
        assert (answer.message or "").startswith(f"Bad value for {name}: ")


# Places (section 4)


def test_conditions_see_the_lead_after_the_call() -> None:
    """A rule is asked about canonical values as the call leaves them, the visitor's facts among them."""
    rule = Rule("Europe", (Condition("DoNotCall", "is", ("1",)), Condition("AnonymousIP", "starts_with", ("192.",))))
    here = inside(workspaces=SPACES, rules=[rule])
    here.world.visitor(3, "c", AnonymousIP="192.0.2.1")
    here.sync_lead(Call(email="a@e.com", cookie=token("c"), attributes=(("DoNotCall", "Yes"),)))
    here.sync_lead(Call(email="b@e.com", attributes=(("DoNotCall", "Yes"),)))
    assert [plan.outcome.lead.partition for plan in here.world.plans] == ["Europe", "Default"]


def test_a_lead_out_of_reach_is_named() -> None:
    """20106 names lead, partition and workspace, and nothing of the call is kept."""
    here = inside(workspaces=SPACES)
    here.world.lead(7, email="a@e.com")
    answer = here.sync_lead(Call(id="7", workspace="emea", attributes=(("City", "x"),)))
    assert (answer.fault_code, answer.fault_string) == ("20106", "20106 - Lead sync failed")
    assert all(name in (answer.message or "") for name in ("7", "Default", "EMEA"))
    assert here.world.get(7).values == {}


def test_leads_are_within_reach_where_workspaces_are_not_enabled() -> None:
    """Naming `Default` or nothing reaches every lead by every key; another name is 20110 for it too."""
    here = inside()
    here.world.lead(7, email="a@e.com", foreign=[("CUSTOM", "X")], cookies=["c"])
    for workspace in (None, "default"):
        for call in (Call(id="7"), Call(foreign_id="X"), Call(cookie=token("c")), Call(email="a@e.com")):
            assert here.sync_lead(replace(call, workspace=workspace)).lead_id == 7
    assert here.sync_lead(Call(id="7", workspace="EMEA")).fault_code == "20110"
    assert here.world.get(7).partition == "Default"


# What is written (section 5)


def test_unknown_fields_have_the_recorded_wording() -> None:
    """Faultstring and message are those of the retired service, with all unknown names."""
    here = inside()
    answer = here.sync_lead(Call(email="a@e.com", attributes=(("pants", "1"), ("City", "x"), ("hat", "2"))))
    assert (answer.fault_string, answer.message) == (
        "20105 - Unknown lead field",
        "syncLead operation failed: unknown fields for import: pants, hat (20105)",
    )
    assert here.world.plans == []


def test_faults_of_the_envelope_come_first() -> None:
    """20104, then elements, then the workspace, then what the record says."""
    here = inside()

    def fault(record: str, more: str = "") -> str | None:
        body = f"<ns1:paramsSyncLead>{record}{more}</ns1:paramsSyncLead>"
        return answered(here.post(wrap(body, USER, timestamp=TIMESTAMP, workspace="Mars"))).message

    assert fault("", "<typo>1</typo>") == "leadRecord is required (20104)"
    assert "typo" in (fault("<leadRecord><Id>x</Id></leadRecord>", "<typo>1</typo>") or "")
    assert "Mars" in (fault("<leadRecord><Id>x</Id></leadRecord>") or "")


def test_faults_that_need_leads_come_last() -> None:
    """A bad value before an unknown Id; that before the workspace's reach; that before a read-only value."""
    here = inside(workspaces=SPACES)
    here.world.lead(7)
    read_only = ("AnonymousIP", "192.0.2.1")
    bad = Call(id="9", workspace="EMEA", attributes=(read_only, ("LeadScore", "x")))
    assert here.sync_lead(bad).fault_code == "20110"
    assert here.sync_lead(Call(id="9", workspace="EMEA", attributes=(read_only,))).fault_code == "20103"
    assert here.sync_lead(Call(id="7", workspace="EMEA", attributes=(read_only,))).fault_code == "20106"
    assert here.sync_lead(Call(id="7", attributes=(read_only,))).fault_code == "20110"


def test_every_text_comes_back_as_it_was_sent() -> None:
    """Markup, combining marks, other planes, right-to-left text, tabs and line ends that a reference writes."""
    text = "<a> & 'b' \u202e\u05d0 e\u0301 \U0001f98d \u200b \ufffd \x85x\ty\nz"
    here = inside()
    record = here.sync_lead(Call(email="a@e.com", attributes=(("Address", text),))).record
    assert record is not None
    assert record.values["Address"] == text
    carriage = answered(here.post(params("<Email>a@e.com</Email>" + attribute("Address", "a&#13;&#10;b")))).record
    assert carriage is not None
    assert carriage.values["Address"] == "a\r\nb"


def test_a_record_sent_back_to_the_workspace_that_holds_it_changes_nothing() -> None:
    """With a header, too, where its primary partition holds the lead."""
    here = inside(workspaces=SPACES)
    call = Call(
        email="a@e.com",
        foreign_id="X",
        workspace="EMEA",
        attributes=(("AnnualRevenue", "$1,000.50"), ("DateofBirth", "1/2/1990"), ("DoNotCall", "yes")),
    )
    record = here.sync_lead(call).record
    assert record is not None
    back = Call(
        id=str(record.id),
        email=record.email,
        foreign_id=record.foreign_id,
        foreign_type=record.foreign_type,
        attributes=tuple((name, value) for name, _, value in record.attributes),
        workspace="EMEA",
    )
    assert here.sync_lead(back).record == record
    assert not here.world.plans[-1].outcome.changed


def test_changes_move_the_number_and_losses_do_not() -> None:
    """A field or a key gained is a change of the lead; losing a key to another lead and a repeat are none."""
    here = inside()
    here.world.lead(7, email="a@e.com")
    here.world.lead(8, email="b@e.com", cookies=["c"])

    def numbers() -> tuple[int, int]:
        return here.world.get(7).change, here.world.get(8).change

    start = numbers()
    here.sync_lead(Call(email="a@e.com", cookie=token("c")))
    moved = numbers()
    assert moved[0] > max(start)
    assert moved[1] == start[1]
    assert here.world.get(8).updated_at < here.world.get(7).updated_at
    here.sync_lead(Call(email="a@e.com", cookie=token("c")))
    assert numbers() == moved
    here.sync_lead(Call(email="b@e.com", attributes=(("City", "x"),)))
    assert numbers()[1] > moved[0]


def test_activities_are_numbered_in_order() -> None:
    """Ids run on without gaps over calls, and a call that changes nothing spends none."""
    here = inside()
    for call in [
        Call(email="a@e.com"),
        Call(email="a@e.com"),
        Call(email="a@e.com", attributes=(("City", "x"), ("State", "y"))),
        Call(email="b@e.com"),
    ]:
        here.sync_lead(call)
    assert [activity.id for activity in here.world.known.changes.activities] == [1, 2, 3, 4]
    assert [activity.attributes["Source"] for activity in here.world.known.changes.activities] == [
        "Web service API"
    ] * 4


def test_a_skipped_field_is_told_of() -> None:
    """With bad_value = "skip" the log and the activity name the field that stayed as it was, without its value."""
    here = inside(policy={"bad_value": "skip"})
    here.world.lead(7, LeadScore="5")
    with capture_logs() as logged:
        here.sync_lead(Call(id="7", attributes=(("LeadScore", "many"), ("City", "x"))))
    assert here.world.get(7).values == {"LeadScore": "5", "City": "x"}
    (activity,) = here.world.known.changes.activities
    for told in (str(logged[-1]["skipped"]), activity.attributes["Reason"]):
        assert "LeadScore" in told
        assert "many" not in told


def test_a_made_field_is_logged() -> None:
    """With unknown_fields = "create" the line of the call names the fields that it made."""
    here = inside(policy={"unknown_fields": "create"})
    with capture_logs() as logged:
        here.sync_lead(Call(email="a@e.com", attributes=(("pants", "blue"), ("hat", ""))))
    assert logged[-1]["fields_created"] == ("pants",)


# The answer (section 6)


def test_the_record_of_an_answer_is_complete() -> None:
    """Every field with a SOAP name but Email, by code point of the name, with type and value."""
    here = inside(policy={"unknown_fields": "create"})
    names = (
        ("priority", "3"),
        ("apple", "z"),
        ("Title", "x"),
        ("City", "y"),
        ("AnnualRevenue", "1,000"),
        ("Äpfel", "w"),
    )
    answer = here.sync_lead(Call(email="a@e.com", attributes=names))
    assert answer.record is not None
    assert answer.record.attributes == (
        ("AnnualRevenue", "currency", "1000"),
        ("City", "string", "y"),
        ("Title", "string", "x"),
        ("apple", "string", "z"),
        ("Äpfel", "string", "w"),
    )
    assert here.world.get(1000).values["priority"] == "3"


def test_nil_stands_for_what_is_not_there() -> None:
    """Email, foreign id and list of a lead without them are nil, and so is the status's error."""
    here = inside()
    here.world.lead(7)
    root = etree.fromstring(here.post(params("<Id>7</Id>")).body)
    empty = [element.tag for element in root.iter() if element.get(NIL) == "true"]
    assert empty == ["error", "Email", "ForeignSysPersonId", "ForeignSysType", "leadAttributeList"]


# Why (section 6)


def test_the_reasons_are_logged_and_kept() -> None:
    """Step, key and moves are in the line of the log, and with every activity of the call."""
    here = inside()
    here.world.lead(7)
    here.world.lead(8, foreign=[("CUSTOM", "X")])
    with capture_logs() as logged:
        here.sync_lead(Call(id="7", foreign_id="X"))
    line = logged[-1]
    assert (line["step"], line["foreign_id_moved_from"], line["left_without_key"]) == (1, 8, (8,))
    reasons = {activity.attributes["Reason"] for activity in here.world.known.changes.activities}
    assert reasons == {"step 1, Id; foreign id of lead 8 moved; left without a key: lead 8"}
