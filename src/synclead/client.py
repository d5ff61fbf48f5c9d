"""A client of syncLead: signs, sends, and gives typed results back."""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Literal
from urllib.parse import urlsplit

from lxml import etree

from synclead.leads.errors import SyncleadError
from synclead.soap import messages
from synclead.soap.contract import BodyElement, Contract
from synclead.soap.envelope import parse
from synclead.soap.limits import ReadLimits
from synclead.soap.signature import sign

DEFAULT_URL = "http://127.0.0.1:8080/soap/mktows/2_7"

_LARGEST_ANSWER = 64 * 1024 * 1024


class ClientError(Exception):
    """Root of what a call can end in without a result; the message is a sentence."""


class FaultError(ClientError):
    """The server refused the call, or failed at it; the message is the one of the fault."""

    def __init__(self, code: str, text: str, message: str) -> None:
        super().__init__(message or text)
        self.code = code
        """Such as `20103`; empty for a fault that has none."""
        self.text = text
        """The faultstring, such as `20103 - Lead not found`."""


class ServerUnreachableError(ClientError):
    """No answer came. The call may have been carried out; it is safe to repeat."""


class UnreadableAnswerError(ClientError):
    """What answered speaks no mktows."""


@dataclass(frozen=True, slots=True)
class ReturnedLead:
    """The complete lead after a call; None where it has no such key."""

    id: int
    email: str | None
    foreign_id: str | None
    foreign_type: str | None
    attributes: Mapping[str, str]
    """Every other value by SOAP name, sorted by name."""


@dataclass(frozen=True, slots=True)
class SyncedLead:
    """What a call came to."""

    lead_id: int
    status: Literal["CREATED", "UPDATED"]
    lead: ReturnedLead | None
    """When it was asked for."""


@dataclass(frozen=True, slots=True)
class LeadToSync:
    """One lead as a call names it: at least one key, and the values to set. An empty value clears."""

    id: int | str | None = None
    email: str | None = None
    foreign_id: str | None = None
    foreign_type: str | None = None
    """CUSTOM, SFDC or NETSUITE."""
    cookie: str | None = None
    """A Munchkin cookie's value."""
    attributes: Mapping[str, str] = field(default_factory=dict)


class SyncleadClient:
    """Calls one server for one API user. Opens a connection for each call."""

    def __init__(
        self,
        url: str,
        user_id: str,
        key: str,
        *,
        timeout: float = 30.0,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """`url` is the SOAP address, or scheme and host alone; `timeout` is in seconds.

        Raises ValueError for another kind of URL.
        """
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"not the URL of a server: {url}")
        self._secure = parts.scheme == "https"
        self._host, self._port = parts.hostname, parts.port
        self._path = parts.path if parts.path.strip("/") else urlsplit(DEFAULT_URL).path
        self._user_id = user_id
        self._key = key.encode()
        self._timeout = timeout
        self._now = now

    def sync_lead(self, lead: LeadToSync, *, return_lead: bool = False, workspace: str | None = None) -> SyncedLead:
        """Inserts or updates one lead. Raises FaultError, ServerUnreachableError, UnreadableAnswerError."""
        pairs = [messages.Attribute(attrName=name, attrValue=value) for name, value in lead.attributes.items()]
        params = messages.ParamsSyncLead(
            leadRecord=messages.LeadRecord(
                Id=lead.id,
                Email=lead.email,
                ForeignSysPersonId=lead.foreign_id,
                ForeignSysType=lead.foreign_type,
                leadAttributeList=messages.ArrayOfAttribute(attribute=tuple(pairs)) if pairs else None,
            ),
            returnLead=return_lead,
            marketoCookie=lead.cookie,
        )
        contract = _contract()
        operation = contract.operations["syncLead"]
        headers: dict[BodyElement, messages.Message] = {contract.header("AuthenticationHeader"): self._seal()}
        if workspace is not None:
            context = messages.MktowsContextHeaderInfo(targetWorkspace=workspace)
            headers[contract.header("MktowsContextHeader")] = context
        answer = self._post(operation.encode_request(params, headers))
        try:
            return _synced(operation.decode_answer(_content(answer)))
        except SyncleadError as error:
            raise UnreadableAnswerError(f"the answer cannot be read: {error.message}") from error

    def _seal(self) -> messages.AuthenticationHeaderInfo:
        timestamp = self._now().isoformat(timespec="seconds")
        return messages.AuthenticationHeaderInfo(
            mktowsUserId=self._user_id,
            requestSignature=sign(self._key, timestamp, self._user_id),
            requestTimestamp=timestamp,
        )

    def _post(self, body: bytes) -> bytes:
        connection = self._connect()
        try:
            headers = {"Content-Type": "text/xml; charset=UTF-8", "SOAPAction": '"syncLead"'}
            connection.request("POST", self._path, body, headers)
            return connection.getresponse().read(_LARGEST_ANSWER)
        except (OSError, http.client.HTTPException) as error:
            reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
            raise ServerUnreachableError(f"{self._host} did not answer: {reason}") from error
        finally:
            connection.close()

    def _connect(self) -> http.client.HTTPConnection:
        if self._secure:
            context = ssl.create_default_context()
            return http.client.HTTPSConnection(self._host, self._port, timeout=self._timeout, context=context)
        return http.client.HTTPConnection(self._host, self._port, timeout=self._timeout)


@cache
def _contract() -> Contract:
    return Contract.load()


def _content(answer: bytes) -> etree._Element:
    """The element below Body. Raises FaultError when it is a fault."""
    element = parse(answer, None, ReadLimits(body=_LARGEST_ANSWER)).operation_element
    if etree.QName(element).localname != "Fault":
        return element
    text = element.findtext("faultstring") or ""
    raise FaultError(element.findtext(".//code") or "", text, element.findtext(".//message") or "")


def _synced(message: messages.Message) -> SyncedLead:
    match message:
        case messages.SuccessSyncLead(
            result=messages.ResultSyncLead(
                leadId=int(lead_id),
                syncStatus=messages.SyncStatus(status="CREATED" | "UPDATED" as status),
                leadRecord=record,
            )
        ):
            return SyncedLead(lead_id, status, None if record is None else _returned(lead_id, record))
    raise UnreadableAnswerError("the answer is not one to syncLead")


def _returned(lead_id: int, record: messages.LeadRecord) -> ReturnedLead:
    pairs = record.leadAttributeList.attribute if record.leadAttributeList else ()
    return ReturnedLead(
        id=lead_id,
        email=record.Email,
        foreign_id=record.ForeignSysPersonId,
        foreign_type=record.ForeignSysType,
        attributes={pair.attrName or "": pair.attrValue or "" for pair in pairs},
    )
