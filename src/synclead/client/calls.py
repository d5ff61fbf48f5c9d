"""The calls: from values to a signed envelope, and from its answer to values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from types import TracebackType
from typing import Self

from lxml import etree

from synclead.client.faults import UnreadableAnswerError, fault_of
from synclead.client.values import DescribedField, DescribedObject, LeadToSync, ReturnedLead, SyncedLead
from synclead.client.wire import DEFAULT_URL, LARGEST_ANSWER, Wire
from synclead.leads.errors import SyncleadError
from synclead.soap import messages
from synclead.soap.contract import BodyElement, Contract
from synclead.soap.envelope import parse
from synclead.soap.errors import AnswerError
from synclead.soap.limits import ReadLimits
from synclead.soap.signature import sign

__all__ = ["DEFAULT_URL", "SyncleadClient"]

_LIMITS = replace(ReadLimits(), body=LARGEST_ANSWER, elements=LARGEST_ANSWER)
"""Of an answer, which can hold a thousand leads."""


class SyncleadClient:
    """Calls one server for one API user, from one thread at a time.

    Opens a connection for each call; in a `with` block one connection is kept for all of them. Every call can raise
    FaultError or a child of it, ServerUnreachableError, UnreadableAnswerError, and ValueError for a text that XML
    cannot carry.
    """

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
        self._wire = Wire(url, timeout)
        self._user_id = user_id
        self._key = key.encode()
        self._now = now

    def __enter__(self) -> Self:
        self._wire.keeps = True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._wire.keeps = False
        self._wire.close()

    def sync_lead(self, lead: LeadToSync, *, return_lead: bool = False, workspace: str | None = None) -> SyncedLead:
        """Inserts or updates one lead. Safe to repeat: the same keys mean the same lead."""
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
        return _synced(self._call("syncLead", params, workspace))

    def get_lead(
        self,
        *,
        id: int | str | None = None,
        email: str | None = None,
        cookie: str | None = None,
        sfdc_id: str | None = None,
    ) -> tuple[ReturnedLead, ...]:
        """The leads of one key, the newest first: several can have one Email. Reads only, so it is safe to repeat.

        `cookie` is a Munchkin cookie's value, `sfdc_id` the id of a lead or a contact, of 15 or 18 characters.
        Raises LeadNotFoundFault where nobody has the key, and ValueError unless exactly one is given.
        """
        given = {"IDNUM": id, "EMAIL": email, "COOKIE": cookie, "SFDCLEADID": sfdc_id}
        keys = [(kind, str(value)) for kind, value in given.items() if value is not None]
        if len(keys) != 1:
            raise ValueError(f"get_lead takes one of id, email, cookie and sfdc_id, not {len(keys)}")
        ((kind, value),) = keys
        params = messages.ParamsGetLead(leadKey=messages.LeadKey(keyType=kind, keyValue=value))
        return _found(self._call("getLead", params))

    def list_objects(self) -> tuple[str, ...]:
        """The names of the objects that can be described. Reads only; costs the server nothing: good as a test."""
        match self._call("listMObjects", messages.ParamsListMObjects()):
            case messages.SuccessListMObjects(result=messages.ResultListMObjects(objects=names)):
                return names
        raise UnreadableAnswerError("the answer is not one to listMObjects")

    def describe_object(self, name: str = "LeadRecord") -> DescribedObject:
        """An object with its fields, of LeadRecord the custom ones too. Reads only, so it is safe to repeat.

        Raises InputFault for an object that there is not.
        """
        return _described(self._call("describeMObject", messages.ParamsDescribeMObject(objectName=name)))

    def _call(self, name: str, params: messages.Message, workspace: str | None = None) -> messages.Message:
        """The message that answers an operation."""
        contract = _contract()
        operation = contract.operations[name]
        headers: dict[BodyElement, messages.Message] = {contract.header("AuthenticationHeader"): self._seal()}
        if workspace is not None:
            context = messages.MktowsContextHeaderInfo(targetWorkspace=workspace)
            headers[contract.header("MktowsContextHeader")] = context
        try:
            request = operation.encode_request(params, headers)
        except AnswerError as error:
            raise ValueError(str(error)) from error
        answer = self._wire.post(name, request)
        try:
            return operation.decode_answer(_content(answer))
        except SyncleadError as error:
            raise UnreadableAnswerError(f"the answer cannot be read: {error.message}") from error

    def _seal(self) -> messages.AuthenticationHeaderInfo:
        timestamp = self._now().isoformat(timespec="seconds")
        return messages.AuthenticationHeaderInfo(
            mktowsUserId=self._user_id,
            requestSignature=sign(self._key, timestamp, self._user_id),
            requestTimestamp=timestamp,
        )


@cache
def _contract() -> Contract:
    return Contract.load(_LIMITS)


def _content(answer: bytes) -> etree._Element:
    """The element below Body. Raises FaultError when it is a fault."""
    element = parse(answer, None, _LIMITS).operation_element
    if etree.QName(element).localname != "Fault":
        return element
    text = element.findtext("faultstring") or ""
    raise fault_of(element.findtext(".//code") or "", text, element.findtext(".//message") or "")


def _synced(message: messages.Message) -> SyncedLead:
    match message:
        case messages.SuccessSyncLead(
            result=messages.ResultSyncLead(
                leadId=int(lead_id),
                syncStatus=messages.SyncStatus(status="CREATED" | "UPDATED" as status),
                leadRecord=record,
            )
        ):
            return SyncedLead(lead_id, status, None if record is None else _returned(record))
    raise UnreadableAnswerError("the answer is not one to syncLead")


def _found(message: messages.Message) -> tuple[ReturnedLead, ...]:
    match message:
        case messages.SuccessGetLead(
            result=messages.ResultGetLead(leadRecordList=messages.ArrayOfLeadRecord(leadRecord=records))
        ):
            return tuple(_returned(record) for record in records)
    raise UnreadableAnswerError("the answer is not one to getLead")


def _returned(record: messages.LeadRecord) -> ReturnedLead:
    # Text on the way in: the server's own reading of an Id has forms that an answer never has.
    lead_id = str(record.Id)
    if not lead_id.isdecimal():
        raise UnreadableAnswerError("the answer has a lead without an Id")
    pairs = record.leadAttributeList.attribute if record.leadAttributeList else ()
    return ReturnedLead(
        id=int(lead_id),
        email=record.Email,
        foreign_id=record.ForeignSysPersonId,
        foreign_type=record.ForeignSysType,
        attributes={pair.attrName or "": pair.attrValue or "" for pair in pairs},
    )


def _described(message: messages.Message) -> DescribedObject:
    match message:
        case messages.SuccessDescribeMObject(
            result=messages.ResultDescribeMObject(
                metadata=messages.MObjectMetadata(
                    name=str(name),
                    fieldList=messages.ArrayOfMObjFieldMetadata(field=fields),
                    updatedAt=datetime() as updated_at,
                )
            )
        ):
            return DescribedObject(name, tuple(_described_field(field) for field in fields), updated_at)
    raise UnreadableAnswerError("the answer is not one to describeMObject")


def _described_field(field: messages.MObjFieldMetadata) -> DescribedField:
    if field.name is None or field.dataType is None or field.updatedAt is None:
        raise UnreadableAnswerError("the answer has a field without a name, a type or a time")
    return DescribedField(
        name=field.name,
        label=field.displayName,
        type=field.dataType,
        size=field.size,
        read_only=bool(field.isReadonly),
        custom=bool(field.isCustom),
        key=bool(field.isPrimaryKey),
        in_attributes=bool(field.isDynamic),
        updated_at=field.updatedAt,
    )
