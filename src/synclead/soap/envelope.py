"""From the bytes of a request to the header blocks and the operation element of a SOAP 1.1 envelope."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from lxml import etree

from synclead.leads.errors import InputError
from synclead.soap import interned, markup, scan
from synclead.soap.causes import Cause
from synclead.soap.errors import LONGEST_NAME, RequestNotUnderstoodError
from synclead.soap.limits import ReadLimits
from synclead.soap.tolerances import children, has_content, join_surrogates, local_name, shown

SOAP_1_1 = "http://schemas.xmlsoap.org/soap/envelope/"
_ENVELOPE = f"{{{SOAP_1_1}}}Envelope"
_PLACES: Mapping[object, str] = {f"{{{SOAP_1_1}}}{name}": name for name in ("Header", "Body")}
_ACTOR = f"{{{SOAP_1_1}}}actor"
_OUR_ACTORS = frozenset({"", "http://schemas.xmlsoap.org/soap/actor/next"})
_MUST_UNDERSTAND = f"{{{SOAP_1_1}}}mustUnderstand"
_PARSER = markup.parser()
_KNOWN_HEADERS = frozenset({"AuthenticationHeader", "MktowsContextHeader"})


class Envelope(NamedTuple):
    """A request as sent."""

    headers: tuple[etree._Element, ...]
    operation_element: etree._Element
    body: etree._Element
    has_references: bool
    """Whether elements of the Body may stand for others (`references`)."""

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
        raise RequestNotUnderstoodError(message, http_status=413, cause=Cause.TOO_LARGE)
    source = join_surrogates(markup.as_utf8(body, charset))
    markup.check(source, limits)
    if interned.DICTIONARY.admits(source):
        return _read(source, _PARSER, limits)
    # A parser keeps the dictionary of the thread that used it last, so this one is as new as its thread.
    return interned.apart(lambda: _read(source, markup.parser(), limits))


def parse_here(body: bytes, charset: str | None, limits: ReadLimits) -> Envelope:
    """See `parse`: in the thread of the caller, which ends with the request (see `interned`)."""
    source = join_surrogates(markup.as_utf8(body, charset))
    markup.check(source, limits)
    return _read(source, markup.parser(), limits)


def _read(source: bytes, parser: etree.XMLParser[etree._Element], limits: ReadLimits) -> Envelope:
    headers, body = _parts(markup.parse(source, parser, limits))
    _check_understood(headers)
    return Envelope(headers, _operation(body), body, scan.find(source, b"href") >= 0)


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


def headers_of(root: etree._Element) -> Sequence[etree._Element]:
    """The header blocks of an envelope that may have no Body. Raises as `parse` does."""
    _check_root(root)
    return [block for child in root if local_name(child) == "Header" for block in child]


def _check_root(root: etree._Element) -> None:
    """Raises RequestNotUnderstoodError where it is no Envelope of SOAP 1.1."""
    if root.tag == _ENVELOPE:
        return
    if local_name(root) != "Envelope":
        cause = Cause.HTML if local_name(root).lower() == "html" else Cause.ENVELOPE
        raise RequestNotUnderstoodError(f"The root element is {shown(root)}, not a SOAP Envelope", cause=cause)
    namespace = etree.QName(root).namespace or ""
    message = f"The envelope is of the namespace '{namespace[:LONGEST_NAME]}', not of SOAP 1.1"
    raise RequestNotUnderstoodError(message, faultcode="VersionMismatch", cause=Cause.SOAP_VERSION)


def _parts(root: etree._Element) -> tuple[tuple[etree._Element, ...], etree._Element]:
    """The header blocks and the Body."""
    _check_root(root)
    headers: Sequence[etree._Element] | None = None
    body: etree._Element | None = None
    for child in children(root):
        name = _PLACES.get(child.tag) or local_name(child)
        if name == "Header":
            if headers is not None:
                raise RequestNotUnderstoodError("The envelope has two Headers")
            headers = children(child)
        elif name == "Body":
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
        # A block for somebody else on its way is not ours to understand (SOAP 1.1, section 4.2.2).
        is_ours = (block.get(_ACTOR) or "").strip() in _OUR_ACTORS
        if is_ours and (block.get(_MUST_UNDERSTAND) or "").strip() in {"1", "true"}:
            message = f"The header block {_full_name(block)} is not understood"
            raise RequestNotUnderstoodError(message, faultcode="MustUnderstand", cause=Cause.HEADER_BLOCK)


def _full_name(block: etree._Element) -> str:
    namespace = etree.QName(block).namespace
    return f"{shown(block)} of the namespace '{namespace[:LONGEST_NAME]}'" if namespace else shown(block)


def _operation(body: etree._Element) -> etree._Element:
    """The one element below Body. Those that only references lead to may stand beside it."""
    first: etree._Element | None = None
    for child in children(body):
        if first is None:
            first = child
        elif child.get("id") is None:
            message = f"The Body has two elements, {shown(first)} and {shown(child)}"
            raise RequestNotUnderstoodError(message)
    if first is None:
        raise RequestNotUnderstoodError("The Body is empty")
    return first
