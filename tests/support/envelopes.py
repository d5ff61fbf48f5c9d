"""syncLead as a client sends it: envelopes from plain text, signed and posted, answers read with lxml alone.

Nothing here uses synclead's own SOAP code, so that an error in it cannot hide itself.
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import TracebackType
from typing import Self
from xml.sax.saxutils import escape

from lxml import etree

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
MKTOWS = "http://www.marketo.com/mktows/"
NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"


@dataclass(frozen=True)
class Credentials:
    """An API user's name and its encryption key."""

    user: str
    key: str


@dataclass(frozen=True)
class Record:
    """The leadRecord of an answer; None where the element was nil."""

    id: int
    email: str | None
    foreign_id: str | None
    foreign_type: str | None
    attributes: tuple[tuple[str, str, str], ...]  # name, type, value, in the order of the answer

    @property
    def values(self) -> dict[str, str]:
        """The values by their names."""
        return {name: value for name, _, value in self.attributes}


@dataclass(frozen=True)
class Answer:
    """What a call came to: a status with its lead, or a fault. `http_status` and `body` are for messages."""

    status: str | None = None
    lead_id: int | None = None
    record: Record | None = None
    fault_code: str | None = None
    fault_string: str | None = None
    message: str | None = None
    http_status: int = field(default=200, compare=False)
    body: str = field(default="", compare=False, repr=False)


@dataclass(frozen=True)
class Call:
    """One syncLead. None leaves an element out, an empty text sends it empty; attributes keep their order."""

    id: str | None = None
    foreign_id: str | None = None
    foreign_type: str | None = None
    email: str | None = None
    cookie: str | None = None
    attributes: tuple[tuple[str, str], ...] = ()
    return_lead: bool = True
    workspace: str | None = None


def signature(credentials: Credentials, timestamp: str) -> str:
    """The signature of the authentication header, 40 lower-case hex digits."""
    message = (timestamp + credentials.user).encode()
    return hmac.new(credentials.key.encode(), message, hashlib.sha1).hexdigest()


def w3c_now() -> str:
    """The present moment in the form of the published samples."""
    return datetime.now(UTC).replace(microsecond=0).isoformat()


def envelope(call: Call, credentials: Credentials, timestamp: str | None = None) -> bytes:
    """The whole signed request in UTF-8, laid out as in the published request."""
    return wrap(params(call), credentials, timestamp=timestamp, workspace=call.workspace)


def params(call: Call) -> str:
    """The element paramsSyncLead of a call; the prefix ns1 is bound by `wrap`."""
    parts = ["<ns1:paramsSyncLead><leadRecord>"]
    parts += _elements(
        ("Id", call.id),
        ("Email", call.email),
        ("ForeignSysPersonId", call.foreign_id),
        ("ForeignSysType", call.foreign_type),
    )
    if call.attributes:
        parts.append("<leadAttributeList>")
        for name, value in call.attributes:
            parts.append("<attribute>")
            parts += _elements(("attrName", name), ("attrValue", value))
            parts.append("</attribute>")
        parts.append("</leadAttributeList>")
    parts.append("</leadRecord>")
    parts += _elements(("returnLead", "true" if call.return_lead else "false"), ("marketoCookie", call.cookie))
    parts.append("</ns1:paramsSyncLead>")
    return "".join(parts)


def lead_key(kind: str, value: str) -> str:
    """The element paramsGetLead of one key."""
    key = "".join(_elements(("keyType", kind), ("keyValue", value)))
    return f"<ns1:paramsGetLead><leadKey>{key}</leadKey></ns1:paramsGetLead>"


def wrap(body: str, credentials: Credentials, *, timestamp: str | None = None, workspace: str | None = None) -> bytes:
    """An envelope with both headers around any content of the Body."""
    timestamp = w3c_now() if timestamp is None else timestamp
    parts = [
        '<?xml version="1.0" encoding="UTF-8"?>\n',
        f'<SOAP-ENV:Envelope xmlns:SOAP-ENV="{SOAP}" xmlns:ns1="{MKTOWS}"><SOAP-ENV:Header>',
        "<ns1:AuthenticationHeader>",
        *_elements(
            ("mktowsUserId", credentials.user),
            ("requestSignature", signature(credentials, timestamp)),
            ("requestTimestamp", timestamp),
        ),
        "</ns1:AuthenticationHeader>",
    ]
    if workspace is not None:
        parts.append("<ns1:MktowsContextHeader>")
        parts += _elements(("targetWorkspace", workspace))
        parts.append("</ns1:MktowsContextHeader>")
    parts.append(f"</SOAP-ENV:Header><SOAP-ENV:Body>{body}</SOAP-ENV:Body></SOAP-ENV:Envelope>")
    return "".join(parts).encode()


class Caller:
    """One API user of one server on one kept connection."""

    def __init__(self, host: str, port: int, credentials: Credentials, path: str = "/soap/mktows/2_1") -> None:
        self.credentials = credentials
        self.path = path
        self._connection = http.client.HTTPConnection(host, port, timeout=30)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connection; a later call opens it again."""
        self._connection.close()

    def sync(self, call: Call, request_id: str | None = None) -> Answer:
        """Signs, sends and reads one syncLead; the server logs it under the id."""
        return self.send(envelope(call, self.credentials), request_id)

    def send(self, body: bytes, request_id: str | None = None) -> Answer:
        """Posts a request that is ready and reads its answer; OSError where the connection broke."""
        headers = {"Content-Type": "text/xml; charset=UTF-8", "SOAPAction": '"syncLead"'}
        if request_id is not None:
            headers["X-Request-Id"] = request_id
        try:
            self._connection.request("POST", self.path, body, headers)
            response = self._connection.getresponse()
            return read_answer(response.status, response.read())
        except (OSError, http.client.HTTPException):
            self._connection.close()
            raise


def read_leads(body: bytes) -> list[Record]:
    """The records of an answer to getLead; AssertionError where it is none."""
    result = etree.fromstring(body).find(f".//{{{MKTOWS}}}successGetLead/result")
    assert result is not None, body.decode()
    found = result.findall("leadRecordList/leadRecord")
    assert result.findtext("count") == str(len(found)), body.decode()
    return [record for record in map(_read_record, found) if record is not None]


def content_name(body: bytes) -> str:
    """The local name of the element below the Body of an answer."""
    (content,) = etree.fromstring(body)[0]
    return str(etree.QName(content).localname)


def read_answer(http_status: int, body: bytes) -> Answer:
    """An answer's content; AssertionError where it is not a SOAP answer to syncLead at all."""
    shown = body.decode(errors="replace")
    root = etree.fromstring(body)
    content = root.find(f"{{{SOAP}}}Body")
    assert content is not None, shown
    fault = content.find(f"{{{SOAP}}}Fault")
    if fault is not None:
        exception = fault.find(f"detail/{{{MKTOWS}}}serviceException")
        assert exception is not None, shown
        return Answer(
            fault_code=exception.findtext("code"),
            fault_string=fault.findtext("faultstring"),
            message=exception.findtext("message"),
            http_status=http_status,
            body=shown,
        )
    result = content.find(f"{{{MKTOWS}}}successSyncLead/result")
    assert result is not None, shown
    lead_id = result.findtext("leadId")
    assert lead_id is not None, shown
    assert lead_id == result.findtext("syncStatus/leadId"), shown
    return Answer(
        status=result.findtext("syncStatus/status"),
        lead_id=int(lead_id),
        record=_read_record(result.find("leadRecord")),
        http_status=http_status,
        body=shown,
    )


def _read_record(element: etree._Element | None) -> Record | None:
    assert element is not None, "an answer without leadRecord"
    if element.get(NIL) == "true":
        return None
    attributes = element.findall("leadAttributeList/attribute")
    return Record(
        id=int(_text(element, "Id") or "0"),
        email=_text(element, "Email"),
        foreign_id=_text(element, "ForeignSysPersonId"),
        foreign_type=_text(element, "ForeignSysType"),
        attributes=tuple(
            (_text(one, "attrName") or "", _text(one, "attrType") or "", _text(one, "attrValue") or "")
            for one in attributes
        ),
    )


def _text(parent: etree._Element, name: str) -> str | None:
    child = parent.find(name)
    assert child is not None, f"no {name} in {etree.tostring(parent)!r}"
    return None if child.get(NIL) == "true" else child.text or ""


def _elements(*pairs: tuple[str, str | None]) -> Iterable[str]:
    return [f"<{name}>{escape(text)}</{name}>" for name, text in pairs if text is not None]
