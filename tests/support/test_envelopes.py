"""The client of the tests signs and reads as the published examples do."""

from support.envelopes import Call, Credentials, Record, envelope, read_answer, signature

USER = Credentials("bigcorp1_461839624B16E06BA2D663", "899756834129871744AAEE88DDCC77CDEEDEC1AAAD66")


def test_the_published_signature_is_made() -> None:
    """The known user, key and timestamp give the known signature."""
    assert signature(USER, "2010-04-09T14:04:54-07:00") == "ffbff4d4bef354807481e66dc7540f7890523a87"


def test_absent_and_empty_elements_differ() -> None:
    """None leaves an element out; an empty text sends it empty."""
    body = envelope(Call(email="", attributes=(("FirstName", "<&>"),)), USER, "2010-04-09T14:04:54-07:00").decode()
    assert "<Email></Email>" in body
    assert "<Id>" not in body
    assert "<attrValue>&lt;&amp;&gt;</attrValue>" in body


def test_an_answer_is_read() -> None:
    """Status, lead id and a record with nil keys come out of a successful answer."""
    answer = read_answer(
        200,
        b"""<S:Envelope xmlns:S="http://schemas.xmlsoap.org/soap/envelope/"
          xmlns:x="http://www.w3.org/2001/XMLSchema-instance" xmlns:n="http://www.marketo.com/mktows/"><S:Body>
          <n:successSyncLead><result><leadId>7</leadId><syncStatus><leadId>7</leadId><status>CREATED</status>
          <error x:nil="true"/></syncStatus><leadRecord><Id>7</Id><Email>a@b</Email>
          <ForeignSysPersonId x:nil="true"/><ForeignSysType x:nil="true"/><leadAttributeList><attribute>
          <attrName>City</attrName><attrType>string</attrType><attrValue>Oslo</attrValue></attribute>
          </leadAttributeList></leadRecord></result></n:successSyncLead></S:Body></S:Envelope>""",
    )
    assert (answer.status, answer.lead_id) == ("CREATED", 7)
    assert answer.record == Record(7, "a@b", None, None, (("City", "string", "Oslo"),))


def test_a_fault_is_read() -> None:
    """Code, faultstring and message come out of a fault."""
    answer = read_answer(
        500,
        b"""<S:Envelope xmlns:S="http://schemas.xmlsoap.org/soap/envelope/"><S:Body><S:Fault>
          <faultcode>S:Client</faultcode><faultstring>20103 - Lead not found</faultstring><detail>
          <n:serviceException xmlns:n="http://www.marketo.com/mktows/"><name>mktServiceException</name>
          <message>No lead found with ID = 7 (20103)</message><code>20103</code></n:serviceException>
          </detail></S:Fault></S:Body></S:Envelope>""",
    )
    assert (answer.fault_code, answer.fault_string) == ("20103", "20103 - Lead not found")
    assert answer.message == "No lead found with ID = 7 (20103)"
