"""The published request and answer of syncLead, and envelopes made for tests."""

from lxml import etree

from synclead.soap import envelope, references
from synclead.soap.contract import Contract
from synclead.soap.limits import ReadLimits
from synclead.soap.messages import Message

LIMITS = ReadLimits()
CONTRACT = Contract.load(LIMITS)
SYNC_LEAD = CONTRACT.operations["syncLead"]

REQUEST = """<?xml version="1.0" encoding="UTF-8"?>
<SOAP-ENV:Envelope xmlns:SOAP-ENV="http://schemas.xmlsoap.org/soap/envelope/" xmlns:ns1="http://www.marketo.com/mktows/">
  <SOAP-ENV:Header>
    <ns1:AuthenticationHeader>
      <mktowsUserId>bigcorp1_461839624B16E06BA2D663</mktowsUserId>
      <requestSignature>92f05a7be4838ae1c0e5aafe814891ee72968a08</requestSignature>
      <requestTimestamp>2013-07-31T12:38:47-07:00</requestTimestamp>
    </ns1:AuthenticationHeader>
  </SOAP-ENV:Header>
  <SOAP-ENV:Body>
    <ns1:paramsSyncLead>
      <leadRecord>
        <Email>t@t.com</Email>
        <leadAttributeList>
          <attribute>
            <attrName>FirstName</attrName>
            <attrValue>George</attrValue>
          </attribute>
          <attribute>
            <attrName>LastName</attrName>
            <attrValue>of the Jungle</attrValue>
          </attribute>
        </leadAttributeList>
      </leadRecord>
      <returnLead>false</returnLead>
    </ns1:paramsSyncLead>
  </SOAP-ENV:Body>
</SOAP-ENV:Envelope>
"""

ANSWER = """<?xml version="1.0" encoding="UTF-8"?>
<SOAP-ENV:Envelope xmlns:SOAP-ENV="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:ns1="http://www.marketo.com/mktows/">
  <SOAP-ENV:Body>
    <ns1:successSyncLead>
      <result>
        <leadId>1089965</leadId>
        <syncStatus>
          <leadId>1089965</leadId>
          <status>UPDATED</status>
          <error xsi:nil="true" />
        </syncStatus>
        <leadRecord xsi:nil="true" />
      </result>
    </ns1:successSyncLead>
  </SOAP-ENV:Body>
</SOAP-ENV:Envelope>
"""


def enveloped(body: str, header: str = "") -> str:
    """An envelope with the prefixes that the tests use."""
    return (
        '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:ns1="http://www.marketo.com/mktows/"'
        ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        f"<s:Header>{header}</s:Header><s:Body>{body}</s:Body></s:Envelope>"
    )


def parsed(text: str | bytes, charset: str | None = None, limits: ReadLimits = LIMITS) -> envelope.Envelope:
    """The envelope of a request, with its references resolved."""
    read = envelope.parse(text.encode() if isinstance(text, str) else text, charset, limits)
    if read.has_references:
        references.resolve(read.body, limits)
    return read


def decoded(body: str) -> Message:
    """The message of the element below Body."""
    read = parsed(enveloped(body))
    operation = CONTRACT.operation(read.operation_name)
    assert operation is not None
    return operation.decode(read.operation_element)


def canonical(text: str | bytes) -> bytes:
    """Canonical XML without the white space between elements."""
    parser = etree.XMLParser(remove_blank_text=True)
    return etree.tostring(etree.fromstring(text.encode() if isinstance(text, str) else text, parser), method="c14n")
