"""Every exchange in tests/messages, through the SOAP edge and the domain, and twice, and refused without a trace."""

from __future__ import annotations

import pytest

from support.contract import assert_keeps_contract
from support.envelopes import read_answer
from support.inside import NOW, Inside, Reply
from support.messages import MESSAGES, NAMES, READS, canonical, expected, request, status
from support.world import World


def known_leads() -> World:
    """Those that `support.messages` tells of."""
    world = World(now=NOW)
    world.lead(7, email="pippin@orchard.example", FirstName="Peter", LastName="Pippin")
    world.lead(9, email="cox@orchard.example", foreign=[("CUSTOM", "X")], LastName="Cox")
    world.lead(10, email="mulberry@orchard.example", foreign=[("SFDC", "003A000000abcdeIAA")], cookies=["known"])
    world.lead(
        11,
        email="Mulberry@orchard.example",
        foreign=[("SFDC", "003A000000ABCDEIA5")],
        FirstName="Mary Ann",
        AnnualRevenue="1250.5",
        DoNotCall="1",
    )
    world.visitor(1, "browser")
    return world


def post(name: str) -> Reply:
    """A request file posted to the known leads."""
    return Inside(known_leads()).post(request(name))


@pytest.mark.parametrize("name", NAMES)
def test_a_request_is_answered_as_its_file_says(name: str) -> None:
    """Answer, HTTP status and Content-Type are those of the exchange, and the answer keeps the WSDL."""
    reply = post(name)
    assert canonical(reply.body) == canonical(expected(name))
    assert reply.status == status(name)
    assert reply.headers[b"content-type"] == b"text/xml; charset=utf-8"
    assert_keeps_contract(reply.body)


@pytest.mark.parametrize("name", [name for name in NAMES if name not in READS and not name.startswith("fault-")])
def test_a_request_sent_again_means_the_same_lead_and_changes_nothing(name: str) -> None:
    """Whatever the client, the second call is UPDATED with the Id of the first, and no activity is written."""
    inside = Inside(known_leads())
    answers = []
    for _ in range(2):
        reply = inside.post(request(name))
        answers.append(read_answer(reply.status, reply.body))
    assert (answers[1].status, answers[1].lead_id) == ("UPDATED", answers[0].lead_id)
    assert not inside.world.plans[1].outcome.changed


@pytest.mark.parametrize("name", [name for name in READS if not name.startswith("fault-")])
def test_a_reading_request_changes_nothing(name: str) -> None:
    """Sent again it has the same answer, byte for byte, and nothing was planned."""
    inside = Inside(known_leads())
    assert inside.post(request(name)).body == inside.post(request(name)).body
    assert inside.world.plans == []


@pytest.mark.parametrize("name", [name for name in NAMES if name.startswith("fault-")])
def test_a_refused_request_changes_nothing(name: str) -> None:
    """A fault leaves no plan behind, and its name says its code."""
    inside = Inside(known_leads())
    reply = inside.post(request(name))
    assert read_answer(reply.status, reply.body).fault_code == name.split("-")[1]
    assert inside.world.plans == []


def test_every_file_has_its_partner() -> None:
    """No request without a response, no response without a request."""
    responses = {path.name.removesuffix(".response.xml") for path in MESSAGES.glob("*.response.xml")}
    assert responses == set(NAMES)
    assert len(NAMES) == len(list(MESSAGES.iterdir())) / 2


def test_the_answer_to_the_published_call_is_byte_for_byte_this() -> None:
    """Prefixes, their order, the declaration and nil elements are what clients that search texts rely on."""
    assert post("php-sample").body == (
        b'<?xml version="1.0" encoding="UTF-8"?>\n'
        b'<SOAP-ENV:Envelope xmlns:SOAP-ENV="http://schemas.xmlsoap.org/soap/envelope/"'
        b' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:ns1="http://www.marketo.com/mktows/">'
        b"<SOAP-ENV:Body><ns1:successSyncLead><result><leadId>1000</leadId><syncStatus><leadId>1000</leadId>"
        b'<status>CREATED</status><error xsi:nil="true"/></syncStatus><leadRecord xsi:nil="true"/></result>'
        b"</ns1:successSyncLead></SOAP-ENV:Body></SOAP-ENV:Envelope>\n"
    )


def test_a_disabled_user_is_refused_after_the_signature() -> None:
    """Only who signs rightly learns that the user is disabled."""
    assert b"20013 - Access denied" in Inside(known_leads(), disabled=True).post(request("php-sample")).body
    wrong = Inside(known_leads(), disabled=True).post(request("fault-20014-wrong-signature"))
    assert b"20014 - Authentication failed" in wrong.body
