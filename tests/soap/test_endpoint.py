"""Calls on the SOAP path: their answers, their faults, and their lines in the log."""

import gzip
import hashlib
import hmac
from datetime import timedelta

import pytest
from lxml import etree

from support.endpoint import ANNA, CONTRACT, NOW, STAMP, Client, Response
from support.envelopes import Call, Credentials, envelope, read_answer, wrap
from synclead.leads.errors import LeadNotFoundError
from synclead.soap.body import BodyLimits
from synclead.soap.service import Parts
from synclead.store.errors import InternalError, ServiceFailureError, StoreError

GEORGE = Call(email="t@t.com", attributes=(("FirstName", "George"), ("LastName", "of the Jungle")))


class NoDatabase:
    async def user(self, user_id: str, *, newest: bool = False) -> None:
        raise StoreError("the database did not answer")


def _fault(response: Response) -> tuple[str | None, str | None]:
    found = read_answer(response.status, response.body)
    return found.fault_string, found.message


# Calls


def test_a_lead_is_created_then_updated() -> None:
    """The document's call creates George; sent again it answers UPDATED with the same id."""
    client = Client()
    first = client.sync(Call(**{**GEORGE.__dict__, "return_lead": False}))
    assert (first.status, first.headers["content-type"]) == (200, "text/xml; charset=utf-8")
    assert first.headers["content-length"] == str(len(first.body))
    created = read_answer(200, first.body)
    assert (created.status, created.record) == ("CREATED", None)
    updated = read_answer(200, client.sync(GEORGE).body)
    assert (updated.status, updated.lead_id) == ("UPDATED", created.lead_id)


def test_the_answer_has_the_shape_of_the_document() -> None:
    """Nil elements are there, descendants are in no namespace, and prefixes are as clients index them."""
    client = Client()
    response = client.sync(Call(email="t@t.com", return_lead=False))
    assert "<ns1:successSyncLead><result><leadId>" in response.text
    root = etree.fromstring(response.body)
    names = [str(element.tag) for element in root.iter() if "}" not in str(element.tag)]
    assert names == ["result", "leadId", "syncStatus", "leadId", "status", "error", "leadRecord"]
    nil = "{http://www.w3.org/2001/XMLSchema-instance}nil"
    assert [element.tag for element in root.iter() if element.get(nil) == "true"] == ["error", "leadRecord"]


def test_the_whole_lead_is_returned_when_asked_for() -> None:
    """Keys stand in their elements, every other value in the list, sorted by name, shown in the zone."""
    client = Client(zone="America/New_York")
    made = Call(
        email="T@t.com",
        foreign_id="X1",
        attributes=(("LastName", "of the Jungle"), ("Company", "Trees & <Sons>"), ("AnnualRevenue", "$1,000.50")),
    )
    record = read_answer(200, client.sync(made).body).record
    assert record is not None
    assert (record.email, record.foreign_id, record.foreign_type) == ("T@t.com", "X1", "CUSTOM")
    assert [name for name, _, _ in record.attributes] == ["AnnualRevenue", "Company", "LastName"]
    assert record.values == {"AnnualRevenue": "1000.5", "Company": "Trees & <Sons>", "LastName": "of the Jungle"}


def test_a_lead_without_values_has_no_list() -> None:
    """The list is nil, as are keys that the lead does not have."""
    client = Client()
    response = client.sync(Call(foreign_id="X1"))
    assert '<leadAttributeList xsi:nil="true"' in response.text
    assert '<Email xsi:nil="true"' in response.text


def test_a_record_of_an_answer_changes_nothing_when_sent_back() -> None:
    """The law of the specification: what was shown may be sent."""
    client = Client()
    record = read_answer(200, client.sync(GEORGE).body).record
    assert record is not None
    attributes = tuple((name, value) for name, _, value in record.attributes)
    again = read_answer(200, client.sync(Call(id=str(record.id), email=record.email, attributes=attributes)).body)
    assert again.record == record
    assert client.logged[-1]["changed"] is False


def test_created_fields_are_in_the_answer() -> None:
    """A field that the call itself made is shown with the others, in later answers too."""
    client = Client(policy={"unknown_fields": "create"})
    record = read_answer(200, client.sync(Call(email="t@t.com", attributes=(("pants", "red"),))).body).record
    assert record is not None
    assert record.values == {"pants": "red"}
    again = read_answer(200, client.sync(Call(email="t@t.com")).body).record
    assert again == record


def test_an_empty_value_and_a_missing_one_differ() -> None:
    """Blank clears the field, missing is a fault that names what is missing."""
    client = Client()
    client.sync(GEORGE)
    cleared = Call(email="t@t.com", attributes=(("FirstName", ""),))
    record = read_answer(200, client.sync(cleared).body).record
    assert record is not None
    assert "FirstName" not in record.values
    missing = wrap(
        "<ns1:paramsSyncLead><leadRecord><Email>t@t.com</Email><leadAttributeList><attribute><attrName>FirstName"
        "</attrName></attribute></leadAttributeList></leadRecord></ns1:paramsSyncLead>",
        ANNA,
        timestamp=STAMP,
    )
    assert _fault(client.post(missing))[0] == "20109 - Parameter required"


@pytest.mark.parametrize("header", [None, "default", " "])
def test_the_workspace_of_the_header_reaches_the_domain(header: str | None) -> None:
    """The name as sent; blank is absent."""
    client = Client()
    client.sync(Call(email="t@t.com", workspace=header))
    assert client.writer.received[0].workspace == ("default" if header == "default" else None)


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ("<ns1:paramsSyncLead/>", "20104 - Lead detail required"),
        ("<ns1:paramsSyncLead><typo>1</typo></ns1:paramsSyncLead>", "20104 - Lead detail required"),
        ("<ns1:paramsSyncLead><leadRecord/></ns1:paramsSyncLead>", "20101 - Lead key required"),
        ("<ns1:syncLead><leadRecord/></ns1:syncLead>", "20101 - Lead key required"),
        ("<ns1:paramsSyncLead><leadRecord><Id>7</Id></leadRecord></ns1:paramsSyncLead>", "20103 - Lead not found"),
        ("<ns1:paramsGetTags/>", "20019 - Unsupported operation"),
        ("<ns1:paramsMakeTea/>", "20019 - Unsupported operation"),
        ("", "20012 - Request not understood"),
    ],
)
def test_refusals_are_faults(body: str, fault: str) -> None:
    """Each is HTTP 500 with its code and text, whatever else is wrong further on."""
    response = Client().post(wrap(body, ANNA, timestamp=STAMP))
    assert (response.status, _fault(response)[0]) == (500, fault)
    assert response.headers["content-type"] == "text/xml; charset=utf-8"


def test_an_operation_without_a_handler_is_named() -> None:
    """The message says which operation is not there."""
    response = Client().post(wrap("<ns1:paramsGetTags/>", ANNA, timestamp=STAMP))
    assert "gettags is not supported (20019)" in (_fault(response)[1] or "").lower()


def test_authentication_comes_before_the_operation() -> None:
    """A stranger does not learn which operations there are."""
    response = Client().post(wrap("<ns1:paramsMakeTea/>", Credentials("anna_1", "wrong"), timestamp=STAMP))
    assert _fault(response)[0] == "20014 - Authentication failed"


@pytest.mark.parametrize("path", ["/soap/mktows/1_3", "/soap/mktows/3_1/", "/soap/mktows/2_7?x=1"])
def test_every_version_is_served(path: str) -> None:
    """One contract serves all versions, with a trailing slash too."""
    assert Client().post(envelope(GEORGE, ANNA, STAMP), path=path).status == 200


def test_compressed_calls_are_read() -> None:
    """A body sent as gzip is the body inside it."""
    body = gzip.compress(envelope(GEORGE, ANNA, STAMP))
    assert Client().post(body, content_encoding="gzip").status == 200


def test_the_charset_of_the_content_type_counts_without_a_declaration() -> None:
    """Old stacks name the encoding in the header alone."""
    client = Client()
    text = envelope(Call(email="t@t.com", attributes=(("FirstName", "Jürgen"),)), ANNA, STAMP).decode()
    body = text.partition("?>")[2].strip().encode("iso-8859-1")
    response = client.post(body, content_type='text/xml; charset="ISO-8859-1"')
    assert response.status == 200
    assert client.writer.received[0].attributes[0].value == "Jürgen"


def test_too_large_a_body_is_413_and_closes() -> None:
    """The answer names the limit; the client may read it while it is still sending."""
    response = Client(limits=BodyLimits(size=100)).post(b"x" * 101, cut=True)
    assert response.status == 413
    assert response.complete
    assert response.headers["connection"] == "close"
    assert "100 bytes" in (_fault(response)[1] or "")


# Failures of ours


def test_defects_show_a_reference_and_are_logged_under_it() -> None:
    """Nothing of an unexpected exception reaches the client; the log has it."""
    client = Client()
    client.writer.failure = RuntimeError("the secret inside")
    response = client.sync(GEORGE)
    assert _fault(response) == ("10001 - Internal error", "Internal error, reference ref-1 (10001)")
    assert "secret" not in response.text
    defect, call = client.logged
    assert (defect["log_level"], defect["reference"]) == ("error", "ref-1")
    assert defect["exc_info"] is client.writer.failure
    assert (call["outcome"], call["reference"]) == (10001, "ref-1")


def test_failures_of_the_store_keep_their_reference() -> None:
    """The id in the fault is the one that the store logged."""
    client = Client()
    client.writer.failure = InternalError("store-7")
    assert _fault(client.sync(GEORGE))[1] == "Internal error, reference store-7 (10001)"
    client.writer.failure = ServiceFailureError("store-8", reason="disk full")
    response = client.sync(GEORGE)
    assert "SOAP-ENV:Server" in response.text
    assert "disk full" not in response.text
    assert client.logged[-1]["reason"] == "disk full"


def test_users_that_cannot_be_read_are_a_service_failure() -> None:
    """A database that is away is 20011, not a wrong signature."""
    client = Client()
    client.parts = Parts(CONTRACT, NoDatabase(), client.writer, client.reader, lambda: NOW, timedelta(minutes=15))
    text, message = _fault(client.sync(GEORGE))
    assert text == "20011 - Internal error"
    assert message is not None
    assert message.endswith("nothing was written, safe to repeat (20011)")


# The log


def test_one_line_a_call_without_secrets_or_values() -> None:
    """The line says who, what and why; keys, signatures, cookies and values are not in it."""
    client = Client()
    token = "_mch-example.com-1234567890-98765"
    client.sync(Call(**{**GEORGE.__dict__, "cookie": f"id:100-AEK-913&token:{token}"}))
    [line] = client.logged
    assert line["event"] == "call"
    assert (line["user"], line["operation"], line["outcome"]) == ("anna_1", "syncLead", "CREATED")
    assert (line["subscription"], line["request"], line["key"]) == ("Example Corp", "ref-1", "none")
    assert line["ms"] >= 0
    seal = hmac.new(ANNA.key.encode(), (STAMP + ANNA.user).encode(), hashlib.sha1).hexdigest()
    for secret in (ANNA.key, seal, token, "t@t.com", "George"):
        assert secret not in str(line)


def test_the_line_says_between_which_changes_a_call_was_planned() -> None:
    """A success says so, and a refusal that was found by looking at stored leads."""
    client = Client()
    client.sync(GEORGE)
    client.sync(Call(email="g@g.com"))
    refusal = LeadNotFoundError("No lead found with ID = 7")
    refusal.planned = 3
    client.writer.failure = refusal
    client.sync(GEORGE)
    client.writer.failure = InternalError("store-7")
    client.sync(GEORGE)
    assert [line.get("planned") for line in client.logged] == [1, 2, 3, None]


@pytest.mark.parametrize("fit", ["7f3a9c", "a" * 64, "nginx-1.2:3_4", "0"])
def test_an_id_that_the_request_brings_is_its_id_in_the_log(fit: str) -> None:
    """X-Request-Id of the client or of a proxy before us, so that its log and ours can be laid side by side."""
    client = Client()
    client.writer.failure = RuntimeError("a defect")
    response = client.post(envelope(GEORGE, ANNA, STAMP), x_request_id=fit)
    assert [line.get("request", line.get("reference")) for line in client.logged] == [fit, fit]
    assert _fault(response)[1] == f"Internal error, reference {fit} (10001)"


@pytest.mark.parametrize("unfit", ["", "a" * 65, "two words", "a\nb", "ä", "<b>", '"'])
def test_an_id_that_is_not_fit_for_a_log_is_replaced(unfit: str) -> None:
    """Letters, digits and . _ : - alone, at most 64."""
    client = Client()
    client.post(envelope(GEORGE, ANNA, STAMP), x_request_id=unfit)
    [line] = client.logged
    assert line["request"] == "ref-1"


def test_refused_values_stay_out_of_the_log() -> None:
    """The line has the code, the class and the field, not the value that the fault repeats."""
    client = Client()
    response = client.sync(Call(email="t@t.com", attributes=(("AnnualRevenue", "s3cret"),)))
    assert "s3cret" in response.text
    [line] = client.logged
    assert (line["outcome"], line["field"]) == (20110, "AnnualRevenue")
    assert "s3cret" not in str(line)


def test_the_log_says_why_authentication_failed() -> None:
    """Reason and clock difference for the operator; of an unknown user's id only the beginning."""
    client = Client()
    client.sync(GEORGE, credentials=Credentials("a-key-in-the-wrong-place", "x"), timestamp="2024-05-01T07:20:00Z")
    client.sync(GEORGE, credentials=Credentials("anna_1", "x"))
    client.sync(GEORGE, timestamp="2024-05-01T06:30:00Z")
    unknown, wrong, late = client.logged
    assert (unknown["reason"], unknown["clock_difference"]) == ("unknown user", -600)
    assert unknown["unknown_user"] == "a-key-in"
    assert wrong["reason"] == "wrong signature"
    assert "user" not in wrong
    assert (late["user"], late["outcome"], late["clock_difference"]) == ("anna_1", 20016, -3600)


def test_a_client_that_hangs_up_after_sending_is_written() -> None:
    """The lead is there; the log says that the answer was not delivered."""
    client = Client()
    client.post(envelope(GEORGE, ANNA, STAMP), gone=True)
    assert len(client.writer.received) == 1
    assert client.logged[-1]["delivered"] is False
    client.sync(GEORGE)
    assert "delivered" not in client.logged[-1]


def test_a_client_that_hangs_up_while_sending_changes_nothing() -> None:
    """A request that was not received whole is not carried out, even when what came is whole XML."""
    client = Client()
    response = client.post(envelope(GEORGE, ANNA, STAMP), cut=True)
    assert client.writer.received == []
    assert response.status == 0
