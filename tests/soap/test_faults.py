"""From errors to SOAP faults."""

from lxml import etree

from synclead.leads.errors import InputError, LeadNotFoundError
from synclead.soap.errors import RequestNotUnderstoodError
from synclead.soap.faults import LONGEST_MESSAGE, fault
from synclead.store.errors import InternalError, ServiceFailureError

SOAP = "{http://schemas.xmlsoap.org/soap/envelope/}"
MKTOWS = "{http://www.marketo.com/mktows/}"


def _read(body: bytes) -> dict[str, str]:
    root = etree.fromstring(body)
    inner = root.find(f"{SOAP}Body/{SOAP}Fault")
    assert inner is not None
    exception = inner.find(f"detail/{MKTOWS}serviceException")
    assert exception is not None
    return {child.tag: child.text or "" for child in [*inner, *exception] if child.tag != "detail"}


def test_fault_has_the_shape_that_clients_index() -> None:
    """Prefixes, names and order are those of the retired service; detail is always there."""
    answer = fault(LeadNotFoundError("No lead found with ID = 7"))
    assert answer.status == 500
    assert answer.body.decode() == (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<SOAP-ENV:Envelope xmlns:SOAP-ENV="http://schemas.xmlsoap.org/soap/envelope/"'
        ' xmlns:ns1="http://www.marketo.com/mktows/"><SOAP-ENV:Body><SOAP-ENV:Fault>'
        "<faultcode>SOAP-ENV:Client</faultcode><faultstring>20103 - Lead not found</faultstring>"
        "<detail><ns1:serviceException><name>mktServiceException</name>"
        "<message>No lead found with ID = 7 (20103)</message><code>20103</code>"
        "</ns1:serviceException></detail></SOAP-ENV:Fault></SOAP-ENV:Body></SOAP-ENV:Envelope>\n"
    )


def test_defects_show_a_reference_and_nothing_else() -> None:
    """A fault 10001 is the server's: it names the place in the log, not the cause."""
    found = _read(fault(InternalError("abc123")).body)
    assert found["faultcode"] == "SOAP-ENV:Server"
    assert found["message"] == "Internal error, reference abc123 (10001)"


def test_service_failures_say_whether_it_is_safe_to_repeat() -> None:
    """A fault 20011 shows the reference and ends with what became of the call."""
    found = _read(fault(ServiceFailureError("abc123", reason="disk full")).body)
    assert found["faultcode"] == "SOAP-ENV:Server"
    assert "abc123" in found["message"]
    assert "disk full" not in found["message"]
    assert found["message"].endswith("nothing was written, safe to repeat (20011)")


def test_errors_may_carry_fault_code_and_status() -> None:
    """A SOAP version of another kind and a body too large have answers of their own."""
    version = RequestNotUnderstoodError("SOAP 1.1 only", faultcode="VersionMismatch")
    assert _read(fault(version).body)["faultcode"] == "SOAP-ENV:VersionMismatch"
    assert fault(RequestNotUnderstoodError("too large", http_status=413)).status == 413


def test_echoed_values_cannot_break_the_envelope() -> None:
    """Markup is escaped and what XML forbids is replaced; the rest comes back as it was sent."""
    sent = "a<b>&c\x00\x0b\ud800\ufffe\U0001f600\r\n\té"
    found = _read(fault(InputError("Id", sent)).body)
    assert found["message"] == "Bad value for Id: a<b>&c\ufffd\ufffd\ufffd\ufffd\U0001f600\r\n\té (20110)"


def test_long_messages_are_cut_and_keep_their_code() -> None:
    """The end of the message is still the code that clients look for."""
    found = _read(fault(InputError("Id", "x" * 100_000)).body)
    assert len(found["message"]) == LONGEST_MESSAGE + len(" (20110)")
    assert found["message"].endswith("\u2026 (20110)")
