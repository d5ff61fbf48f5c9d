"""Answers against the WSDL, by libxml2's own schema validation and none of our code."""

from functools import cache

from lxml import etree

from support.envelopes import SOAP
from synclead.soap import wsdl

SCHEMA = "{http://www.w3.org/2001/XMLSchema}schema"


@cache
def _schema() -> etree.XMLSchema:
    embedded = next(etree.fromstring(wsdl.source()).iter(SCHEMA))
    # Parsed anew, so that the prefixes that the WSDL binds outside are bound inside.
    return etree.XMLSchema(etree.fromstring(etree.tostring(embedded)))


def assert_keeps_contract(answer: bytes) -> None:
    """An AssertionError that says where an envelope leaves SOAP 1.1 or the WSDL's schema."""
    root = etree.fromstring(answer)
    assert root.tag == f"{{{SOAP}}}Envelope"
    assert root.prefix == "SOAP-ENV"
    (body,) = root
    assert body.tag == f"{{{SOAP}}}Body"
    (content,) = body
    if content.tag == f"{{{SOAP}}}Fault":
        assert [child.tag for child in content] == ["faultcode", "faultstring", "detail"]
        _assert_is_service_exception(content)
        return
    assert content.prefix == "ns1"
    schema = _schema()
    assert schema.validate(etree.ElementTree(content)), str(schema.error_log)


def _assert_is_service_exception(fault: etree._Element) -> None:
    """Faults are not in the schema; clients index this shape by name and prefix."""
    (exception,) = fault[2]
    assert (exception.prefix, etree.QName(exception).localname) == ("ns1", "serviceException")
    name, message, code = exception
    assert [child.tag for child in exception] == ["name", "message", "code"]
    assert name.text == "mktServiceException"
    assert (message.text or "").endswith(f" ({code.text})")
    assert (fault[1].text or "").startswith(f"{code.text} - ")
