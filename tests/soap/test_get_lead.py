"""getLead, from the bytes of a request to the answer."""

import sys
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.endpoint import ANNA, STAMP, Client
from support.envelopes import Call, Record, envelope, lead_key, read_answer, read_leads, wrap
from support.inside import TIMESTAMP, USER, Inside
from support.logs import capture_logs
from support.world import World, subscription, token
from synclead.leads.fields import Catalogue, Field
from synclead.leads.record import RawAttribute, RawRecord
from synclead.soap.messages import LeadRecord


def inside(**rules: Any) -> Inside:
    """A subscription of its own."""
    return Inside(World(subscription(**rules)))


def found(at: Inside, kind: str, value: str) -> list[Record]:
    """The leads of a key, none where it is 20103."""
    reply = at.post(wrap(lead_key(kind, value), USER, timestamp=TIMESTAMP))
    if reply.status == 500:
        assert read_answer(reply.status, reply.body).fault_code == "20103"
        return []
    return read_leads(reply.body)


SFDC = "003A000000abcdeIAA"
people = st.sampled_from(["a@e.com", "b@e.com", "B@E.com"])
calls = st.builds(
    Call,
    email=people,
    foreign_id=st.sampled_from([None, SFDC, "003A000000ABCDEIA5"]),
    foreign_type=st.just("SFDC"),
    cookie=st.sampled_from([None, token("one"), token("two")]),
    attributes=st.dictionaries(
        st.sampled_from(["FirstName", "AnnualRevenue", "DoNotCall", "DateofBirth"]), st.sampled_from(["", "1"]), max_size=2
    ).map(lambda given: tuple(given.items())),
)  # fmt: skip


@settings(max_examples=20, deadline=None, derandomize=True, database=None)
@given(st.lists(calls, min_size=1, max_size=5))
def test_a_lead_is_found_as_sync_lead_showed_it(made: list[Call]) -> None:
    """By each key that a call gave, the lead that the call answered is there, the same in every value."""
    at = inside(policy={"bad_value": "skip"})
    for call in made:
        answer = at.sync_lead(call)
        shown = answer.record
        assert shown is not None
        assert found(at, "IDNUM", str(answer.lead_id)) == [shown]
        assert shown in found(at, "EMAIL", call.email or "")
        if call.foreign_id is not None:
            assert found(at, "SFDCLEADID", call.foreign_id) == [shown]
            assert found(at, "SFDCCONTACTID", call.foreign_id[:15]) == [shown]
        if call.cookie is not None:
            assert found(at, "COOKIE", call.cookie) == [shown]
        ids = [one.id for one in found(at, "EMAIL", call.email or "")]
        assert ids == sorted(ids, reverse=True)


def test_the_foreign_id_set_last_is_shown() -> None:
    """Whichever key found the lead, and though syncLead shows the one that its call named."""
    at = inside()
    for foreign, kind in ((SFDC, "SFDC"), ("X", "CUSTOM"), (SFDC, "SFDC")):
        answer = at.sync_lead(Call(email="a@e.com", foreign_id=foreign, foreign_type=kind))
    assert answer.record is not None
    assert answer.record.foreign_id == SFDC
    (lead,) = found(at, "SFDCLEADID", SFDC)
    assert (lead.foreign_id, lead.foreign_type) == ("X", "CUSTOM")


def test_times_are_shown_in_the_subscriptions_zone() -> None:
    """As syncLead shows them."""
    seen = Field("Seen", "Seen", "seen", "Seen", "datetime")
    rules = replace(subscription(zone="America/Chicago"), catalogue=Catalogue([seen]))
    at = Inside(World(rules))
    at.world.lead(5, email="a@e.com", Seen="2012-10-15T19:01:26Z", createdAt="2012-10-15T19:01:26Z")
    (lead,) = found(at, "IDNUM", "5")
    assert lead.attributes == (("Seen", "datetime", "2012-10-15T14:01:26-05:00"),)  # createdAt has no SOAP name


def test_the_log_says_how_many_were_found_and_not_who() -> None:
    """Neither key nor values stand in the line of the log."""
    at = inside()
    at.sync_lead(Call(email="cox@e.com", attributes=(("LastName", "Cox"),)))
    with capture_logs() as logged:
        found(at, "EMAIL", "cox@e.com")
        found(at, "EMAIL", "nobody@e.com")
    assert [(line["operation"], line["outcome"]) for line in logged] == [("getLead", "ANSWERED"), ("getLead", 20103)]
    assert logged[0]["found"] == 1
    assert not any("cox" in str(line).lower() or "nobody" in str(line) for line in logged)


@pytest.mark.parametrize(
    ("content", "fault", "message"),
    [
        ("", "20101", "leadKey is required"),
        ("<leadKey/>", "20101", "leadKey is required"),
        ("<typo>1</typo>", "20101", "leadKey is required"),
        ("<leadKey><keyValue>7</keyValue></leadKey>", "20101", "leadKey is required, with its keyType"),
        ("<leadKey><keyType>IDNUM</keyType><keyValue> </keyValue></leadKey>", "20101", "with its keyValue"),
        ("<leadKey><keyType>PHONE</keyType></leadKey>", "20101", "with its keyValue"),
        (
            "<leadKey><keyType> PHONE </keyType><keyValue>7</keyValue></leadKey>",
            "20102",
            "PHONE is not a lead key type",
        ),
        (f"<leadKey><keyType>{'A' * 200}</keyType><keyValue>7</keyValue></leadKey>", "20102", "A" * 100 + " is not"),
    ],
)
def test_a_key_that_is_not_whole_is_refused(content: str, fault: str, message: str) -> None:
    """What is missing before what is wrong."""
    body = f"<ns1:paramsGetLead>{content}</ns1:paramsGetLead>"
    reply = inside().post(wrap(body, USER, timestamp=TIMESTAMP))
    answer = read_answer(reply.status, reply.body)
    assert answer.fault_code == fault
    assert message in (answer.message or "")


def test_the_type_of_a_key_may_be_in_any_case() -> None:
    """Where it matches one; the fault has the contract's spelling."""
    at = inside()
    at.world.lead(5, email="a@e.com")
    assert [one.id for one in found(at, " idNum ", "5")] == [5]
    reply = at.post(wrap(lead_key("email", "b@e.com"), USER, timestamp=TIMESTAMP))
    assert "No lead found with EMAIL = b@e.com (20103)" in reply.body.decode()


def _long_leads(client: Client, number: int, value: str) -> bytes:
    """A getLead of an Email of which there are so many leads with such a value."""
    for lead in range(number):
        attributes = (RawAttribute("Long", value),)
        client.writer.world.send(RawRecord(email="many@e.com", foreign_id=str(lead), attributes=attributes))
    return wrap(lead_key("EMAIL", "many@e.com"), ANNA, timestamp=STAMP)


LONG = Field("Long", "Long", "long", "Long", "text")


@pytest.mark.parametrize(
    ("value", "leads", "limit", "answered"),
    [
        ("x" * 60_000, 10, 700_000, True),
        ("x" * 60_000, 10, 599_000, False),  # what is stored
        ("&" * 60_000, 10, 700_000, False),  # five bytes each in XML
        ("é" * 60_000, 10, 700_000, False),  # two
    ],
)
def test_an_answer_has_a_limit_in_bytes(value: str, leads: int, limit: int, answered: bool) -> None:
    """Of what is read for it, and of what it would be as XML; the fault names the limit."""
    client = Client(fields=[LONG])
    client.parts.held.most_answer = limit
    response = client.post(_long_leads(client, leads, value))
    if answered:
        assert len(read_leads(response.body)) == leads
    else:
        fault = read_answer(response.status, response.body)
        assert fault.fault_code == "20110"
        assert f"larger than the limit of {limit:,} bytes of one answer" in (fault.message or "")


@pytest.mark.parametrize("size", [10, 60_000])
def test_where_answers_wait_no_more_are_made(size: int) -> None:
    """503 at once, safe to repeat; a call that writes is answered as ever."""
    client = Client(fields=[LONG])
    request = _long_leads(client, 5, "x" * size)
    client.parts.held.answers = client.parts.held.most_answers
    response = client.post(request)
    assert (response.status, response.headers["retry-after"]) == (503, "60")
    assert read_answer(response.status, response.body).fault_code == "20011"
    assert client.sync(Call(email="many@e.com", foreign_id="1")).status == 200
    client.parts.held.answers -= 1
    assert client.post(request).status == 200


def test_what_is_found_counts_before_it_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that calls which wait for their turn do not hold more leads than answers may; afterwards nothing counts."""
    client = Client(fields=[LONG])
    request = _long_leads(client, 10, "x" * 60_000)
    held = client.parts.held
    seen: list[int] = []

    def written_size(records: list[LeadRecord]) -> int:
        seen.append(held.answers)
        return 0

    monkeypatch.setattr(sys.modules["synclead.soap.operations.get_lead"], "written_size", written_size)
    assert client.post(request).status == 200
    assert 600_000 <= seen[0] < 610_000
    assert held.answers == 0


def test_a_call_that_wants_its_lead_back_has_twice_the_room() -> None:
    """Beyond that it is 503 before anything is written; one that does not want it is answered as ever."""
    client = Client()
    wants, does_not = (Call(email="new@e.com", return_lead=wants) for wants in (True, False))
    client.parts.held.answers = 2 * client.parts.held.most_answers
    response = client.sync(wants)
    assert (response.status, response.headers["retry-after"]) == (503, "60")
    statuses = []
    for call in (does_not, wants):
        answered = client.sync(call)
        statuses.append(read_answer(answered.status, answered.body).status)
        client.parts.held.answers -= 1
    assert statuses == ["CREATED", "UPDATED"]


def test_large_answers_are_what_small_ones_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that are written beside the event loop have the same bytes, of getLead and of syncLead."""
    client = Client(fields=[LONG, *[Field(f"F{n}", f"F{n}", f"f{n}", f"F{n}", "text") for n in range(70)]])
    attributes = tuple(RawAttribute(f"F{n}", "é<&" * 20) for n in range(70))
    client.writer.world.send(RawRecord(email="one@e.com", attributes=attributes))
    requests = [
        wrap(lead_key("EMAIL", "one@e.com"), ANNA, timestamp=STAMP),
        envelope(Call(email="one@e.com", return_lead=True), ANNA, STAMP),
    ]
    small = [client.post(request).body for request in requests]
    for name in ("get_lead", "sync_lead"):
        monkeypatch.setattr(sys.modules[f"synclead.soap.operations.{name}"], "LARGE", 1)
    assert [client.post(request).body for request in requests] == small
