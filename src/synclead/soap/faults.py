"""From an error to the SOAP fault that answers it: the one place where faults are written."""

import re
from dataclasses import dataclass

from synclead.leads.errors import SyncleadError
from synclead.soap.errors import RequestNotUnderstoodError
from synclead.soap.held import TooBusyError

LONGEST_MESSAGE = 32_000
"""Characters of a message that reach a client: values are echoed, and a value may be long."""

_SERVER_CODES = frozenset({10001, 20011})

# XML 1.0, section 2.2: what is no Char cannot even be escaped.
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")

_TEMPLATE = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<SOAP-ENV:Envelope xmlns:SOAP-ENV="http://schemas.xmlsoap.org/soap/envelope/"'
    ' xmlns:ns1="http://www.marketo.com/mktows/">'
    "<SOAP-ENV:Body><SOAP-ENV:Fault>"
    "<faultcode>SOAP-ENV:{faultcode}</faultcode>"
    "<faultstring>{code} - {text}</faultstring>"
    "<detail><ns1:serviceException>"
    "<name>mktServiceException</name>"
    "<message>{message} ({code})</message>"
    "<code>{code}</code>"
    "</ns1:serviceException></detail>"
    "</SOAP-ENV:Fault></SOAP-ENV:Body></SOAP-ENV:Envelope>\n"
)


@dataclass(frozen=True, slots=True)
class Fault:
    """An answer that refuses: the HTTP status and the envelope in UTF-8."""

    status: int
    body: bytes
    faultcode: str
    """Without its prefix: `Client`, `Server`, `MustUnderstand` or `VersionMismatch`."""


def fault(error: SyncleadError) -> Fault:
    """The fault for an error (spec: sync-lead, section 6).

    RequestNotUnderstoodError may carry a status and a fault code of its own, TooBusyError a status.
    """
    status: int | None = None
    faultcode: str | None = None
    if isinstance(error, RequestNotUnderstoodError):
        status, faultcode = error.http_status, error.faultcode
    elif isinstance(error, TooBusyError):
        status = error.http_status
    faultcode = faultcode or ("Server" if error.code in _SERVER_CODES else "Client")
    text, message = escape(error.text), escape(_shortened(error.message))
    envelope = _TEMPLATE.format(faultcode=faultcode, code=error.code, text=text, message=message)
    return Fault(status or 500, envelope.encode(), faultcode)


def escape(text: str) -> str:
    """Text as the content of an element; what XML forbids becomes U+FFFD."""
    text = _FORBIDDEN.sub("\ufffd", text)
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return text.replace("\r", "&#13;")


def _shortened(message: str) -> str:
    return message if len(message) <= LONGEST_MESSAGE else message[: LONGEST_MESSAGE - 1] + "\u2026"
