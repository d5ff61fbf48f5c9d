"""From the bytes of a request to the header blocks and the operation element of a SOAP 1.1 envelope."""

from collections.abc import Sequence
from dataclasses import dataclass

from lxml import etree

from synclead.leads.errors import InputError
from synclead.soap import markup, references
from synclead.soap.errors import LONGEST_NAME, RequestNotUnderstoodError
from synclead.soap.limits import ReadLimits
from synclead.soap.tolerances import has_content, local_name, shown

SOAP_1_1 = "http://schemas.xmlsoap.org/soap/envelope/"
_ENVELOPE = f"{{{SOAP_1_1}}}Envelope"
_HEADER = f"{{{SOAP_1_1}}}Header"
_BODY = f"{{{SOAP_1_1}}}Body"
_MUST_UNDERSTAND = f"{{{SOAP_1_1}}}mustUnderstand"
_KNOWN_HEADERS = frozenset({"AuthenticationHeader", "MktowsContextHeader"})


@dataclass(frozen=True, slots=True)
class Envelope:
    """A request as sent, with references resolved."""

    headers: tuple[etree._Element, ...]
    operation_element: etree._Element

    @property
    def operation_name(self) -> str:
        """Local name of the element below Body: it alone names the operation."""
        return local_name(self.operation_element)


def parse(body: bytes, charset: str | None, limits: ReadLimits) -> Envelope:
    """The envelope of a request.

    `body` is inflated; `charset` is that of Content-Type, used when neither a byte order mark nor
    the XML declaration names one. No entity is ever expanded and nothing is fetched.
    Raises RequestNotUnderstoodError (20012) saying what is wrong or which limit is passed.
    """
    if len(body) > limits.body:
        message = f"The request is larger than the limit of {limits.body} bytes"
        raise RequestNotUnderstoodError(message, http_status=413)
    source = markup.as_utf8(body, charset)
    root = markup.parse(source, limits)
    headers, soap_body = _parts(root)
    _check_understood(headers)
    operation = _operation(soap_body)
    if b"href" in source:
        references.resolve(soap_body, limits)
    return Envelope(headers, operation)


def read_workspace(envelope: Envelope, limits: ReadLimits) -> str | None:
    """The workspace that the MktowsContextHeader names, trimmed; None when absent or blank.

    Raises InputError (20110) when it is given twice or is longer than any value may be.
    """
    found: str | None = None
    for block in envelope.headers:
        if local_name(block) != "MktowsContextHeader":
            continue
        for child in block:
            if local_name(child) != "targetWorkspace" or not has_content(child):
                continue
            if found is not None:
                raise InputError("targetWorkspace", "given more than once")
            found = "".join(child.itertext()).strip()
    if found is not None and len(found) > limits.value:
        raise InputError("targetWorkspace", f"longer than {limits.value:,} characters")
    return found


def _parts(root: etree._Element) -> tuple[tuple[etree._Element, ...], etree._Element]:
    """The header blocks and the Body."""
    if root.tag != _ENVELOPE:
        if local_name(root) != "Envelope":
            raise RequestNotUnderstoodError(f"The root element is {shown(root)}, not a SOAP Envelope")
        namespace = etree.QName(root).namespace or ""
        message = f"The envelope is of the namespace '{namespace[:LONGEST_NAME]}', not of SOAP 1.1"
        raise RequestNotUnderstoodError(message, faultcode="VersionMismatch")
    headers: Sequence[etree._Element] | None = None
    body: etree._Element | None = None
    for child in root:
        if child.tag == _HEADER or local_name(child) == "Header":
            if headers is not None:
                raise RequestNotUnderstoodError("The envelope has two Headers")
            headers = list(child)
        elif child.tag == _BODY or local_name(child) == "Body":
            if body is not None:
                raise RequestNotUnderstoodError("The envelope has two Bodies")
            body = child
    if body is None:
        raise RequestNotUnderstoodError("The envelope has no Body")
    return tuple(headers or ()), body


def _check_understood(headers: Sequence[etree._Element]) -> None:
    for block in headers:
        if not block.keys() or local_name(block) in _KNOWN_HEADERS:
            continue
        if (block.get(_MUST_UNDERSTAND) or "").strip() in {"1", "true"}:
            message = f"The header block {shown(block)} is not understood"
            raise RequestNotUnderstoodError(message, faultcode="MustUnderstand")


def _operation(body: etree._Element) -> etree._Element:
    """The one element below Body. Those that only references lead to may stand beside it."""
    first: etree._Element | None = None
    for child in body:
        if first is None:
            first = child
        elif child.get("id") is None:
            message = f"The Body has two elements, {shown(first)} and {shown(child)}"
            raise RequestNotUnderstoodError(message)
    if first is None:
        raise RequestNotUnderstoodError("The Body is empty")
    return first
