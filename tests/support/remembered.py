"""Requests as a service has them, which remembers, beside what reading each of them would give."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from support.samples import LIMITS, enveloped
from synclead.leads.errors import SyncleadError
from synclead.soap.contract import Contract
from synclead.soap.envelope import parse
from synclead.soap.limits import ReadLimits
from synclead.soap.request import KnownRequest, SentRequest
from synclead.soap.shapes import Shapes

contract = cache(Contract.load)


class Outcomes(NamedTuple):
    """What a request came to: what it says, or the class and the message of its refusal."""

    remembered: str | tuple[str, str]
    read: str | tuple[str, str]
    recalled: bool


def read(body: bytes, charset: str | None, limits: ReadLimits) -> KnownRequest:
    """What a request says when it is read. Raises SyncleadError, of what is wrong first."""
    request = SentRequest(parse(body, charset, limits), limits)
    credentials = request.credentials
    operation = contract(limits).operation(request.operation_name)
    if operation is None:
        return KnownRequest(credentials, request.operation_name, None, request.workspace)
    message = operation.decode(parse(body, charset, limits).operation_element)
    return KnownRequest(credentials, request.operation_name, message, request.workspace)


def both(shapes: Shapes, sent: str | bytes, charset: str | None = None, limits: ReadLimits = LIMITS) -> Outcomes:
    """The outcome as a service has it, which remembers, and that of reading."""
    body = sent.encode() if isinstance(sent, str) else sent
    recalled = False
    try:
        split = shapes.split(body, charset)
        found = None if split is None else shapes.recall(split)
        recalled = found is not None
        remembered: str | tuple[str, str] = repr(found or read(body, charset, limits))
    except SyncleadError as error:
        remembered = type(error).__name__, error.message
    try:
        return Outcomes(remembered, repr(read(body, charset, limits)), recalled)
    except SyncleadError as error:
        return Outcomes(remembered, (type(error).__name__, error.message), recalled)


def send(shapes: Shapes, sent: str | bytes, charset: str | None = None, limits: ReadLimits = LIMITS) -> Outcomes:
    """A request as a service gets it, which learns from those that it could not recall and that were understood."""
    outcomes = both(shapes, sent, charset, limits)
    if not outcomes.recalled and isinstance(outcomes.read, str):
        split = shapes.split(sent.encode() if isinstance(sent, str) else sent, charset)
        if split is not None:
            shapes.learn(split)
    return outcomes


def taught(*sent: str | bytes, charset: str | None = None, limits: ReadLimits = LIMITS) -> Shapes:
    """What is known after requests that were sent three times each, and understood."""
    shapes = Shapes(contract(limits).operation, limits)
    for one in sent:
        for _ in range(3):
            outcomes = send(shapes, one, charset, limits)
            assert outcomes.remembered == outcomes.read
            assert isinstance(outcomes.read, str), outcomes.read
    return shapes


AUTHENTICATION = (
    "<ns1:AuthenticationHeader><mktowsUserId>user</mktowsUserId><requestSignature>seal</requestSignature>"
    "<requestTimestamp>moment</requestTimestamp>{}</ns1:AuthenticationHeader>"
)


def changed(text: str, old: str, new: str) -> str:
    assert text.count(old) == 1, (old, text.count(old))
    return text.replace(old, new)


def document(body: str, header: str = "", credentials: str = "") -> str:
    return enveloped(body, AUTHENTICATION.format(credentials) + header)


def record(inner: str, after: str = "") -> str:
    return document(f"<ns1:paramsSyncLead><leadRecord>{inner}</leadRecord>{after}</ns1:paramsSyncLead>")
