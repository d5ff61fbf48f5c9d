"""Who sends a large request: read from the part that has the Header, before the rest."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Callable, MutableMapping
from typing import Any

import pytest

from support.endpoint import ANNA, STAMP, Client
from support.envelopes import Call, Credentials, envelope, read_answer
from support.payloads import body_first, with_body
from synclead.soap.authentication import AuthenticationFailedError
from synclead.soap.body import BodyLimits, IncomingBody
from synclead.soap.early_header import NoHeader, early_credentials, late_credentials
from synclead.soap.errors import RequestNotUnderstoodError
from synclead.soap.held import HeldBytes
from synclead.soap.limits import ReadLimits
from synclead.soap.service import answer

CALL = envelope(Call(email="a@b.example"), ANNA, STAMP)
BODY = CALL.index(b"<SOAP-ENV:Body>")
LONG = "<x> " + " " * 100_000 + "</x>"


def early(start: bytes, charset: str | None = None) -> str:
    """Whose request it is, or why nobody can tell."""
    found = asyncio.run(early_credentials(start, charset, ReadLimits()))
    return found.name if isinstance(found, NoHeader) else found.user_id


def late(request: bytes, size: int = 2_000) -> str:
    """The same, where the Header stands last."""
    return asyncio.run(late_credentials(request[:size], request[-size:], None, ReadLimits())).user_id


def long(request: bytes, where: bytes = b"</leadRecord>") -> bytes:
    """A request with a long element that is blank."""
    return request.replace(where, LONG.encode() + where)


@pytest.mark.parametrize("end", [BODY + 16, BODY + 30, len(CALL) - 1])
def test_the_beginning_says_who_sends_it(end: int) -> None:
    """Wherever it is cut behind the tag of its Body, also within a character."""
    assert early(CALL[:end]) == ANNA.user
    assert early(CALL.replace(b"<SOAP-ENV:Body>", "<SOAP-ENV:Body>é".encode())[: BODY + 16]) == ANNA.user


@pytest.mark.parametrize("end", [1, 40, 200, BODY, BODY + 14])
def test_a_header_that_has_not_ended_says_nothing(end: int) -> None:
    """More of the request has to be read first."""
    assert early(CALL[:end]) == "NOT_YET"


@pytest.mark.parametrize(
    "aside",
    [
        b"<!-- <SOAP-ENV:Body> -->",
        b"<?x <SOAP-ENV:Body> ?>",
        b"<x><![CDATA[<SOAP-ENV:Body>]]></x>",
        b"<!--" + b"=" * 500 + b" -->",
    ],
)
def test_what_looks_like_a_body_is_none(aside: bytes) -> None:
    """In a comment, an instruction or a CDATA section it is text."""
    sent = CALL.replace(b"<SOAP-ENV:Header>", b"<SOAP-ENV:Header>" + aside)
    assert early(sent) == ANNA.user
    assert early(sent[: sent.index(b"<SOAP-ENV:Header>") + 60]) == "NOT_YET"


def test_credentials_may_stand_in_cdata() -> None:
    """They are what the whole envelope would say."""
    user = ANNA.user.encode()
    assert early(CALL.replace(b">" + user + b"<", b"><![CDATA[" + user + b"]]><")) == ANNA.user


@pytest.mark.parametrize("encoding", ["UTF-8", "UTF-16", "ISO-8859-1", "UTF-32"])
def test_every_encoding_is_read(encoding: str) -> None:
    """Before the Body and behind it."""
    text = long(CALL).decode().replace("UTF-8", encoding)
    assert early(text.encode(encoding)[:4_000]) == ANNA.user
    text = body_first(ANNA, LONG).decode().replace("UTF-8", encoding)
    assert early(text.encode(encoding)[:4_000]) == "BODY_FIRST"
    assert late(text.encode(encoding), 4_003) == ANNA.user


def test_a_header_behind_the_body_is_found_at_the_end() -> None:
    """A cut within a character, and what looks like a Header in the Body, do not matter."""
    assert late(body_first(ANNA, LONG + "<SOAP-ENV:Header>" + "é" * 800)) == ANNA.user
    for no_header in (long(CALL), CALL[:BODY] + b"<x/>" * 1_000):
        with pytest.raises(AuthenticationFailedError):
            late(no_header, 500)


@pytest.mark.parametrize(
    ("start", "named"),
    [
        (CALL.replace(b"schemas.xmlsoap.org/soap/envelope", b"www.w3.org/2003/05/soap-envelope"), "not of SOAP 1.1"),
        (b"<html><Header/><Body>", "html"),
        (CALL.replace(b"</SOAP-ENV:Header>", b""), "not well-formed"),
        (b"<!DOCTYPE x>" + CALL[CALL.index(b"<SOAP") :], "DOCTYPE"),
        (b"\xff" + CALL, "not valid UTF-8"),
    ],
)
def test_what_is_wrong_before_the_body_is_told(start: bytes, named: str) -> None:
    """As it would be for a short request."""
    with pytest.raises(RequestNotUnderstoodError, match=named):
        early(start)


class Sent:
    """A body that comes in pieces, and how many of them were asked for."""

    def __init__(self, body: bytes, piece: int = 10_000) -> None:
        self._left = [body[at : at + piece] for at in range(0, len(body), piece)]
        self.all = len(self._left)

    async def receive(self) -> MutableMapping[str, Any]:
        """See ASGI."""
        return {"type": "http.request", "body": self._left.pop(0), "more_body": bool(self._left)}

    @property
    def asked(self) -> int:
        """Pieces that were received."""
        return self.all - len(self._left)


def answered(client: Client, body: bytes) -> tuple[str | None, str | None]:
    """Status or code of the fault, and the fault's message."""
    response = client.post(body)
    read = read_answer(response.status, response.body)
    return read.status or read.fault_code, read.message


@pytest.mark.parametrize("place", [with_body, body_first])
def test_a_large_request_is_answered_like_a_small_one(place: Callable[[Credentials, str, str], bytes]) -> None:
    """Header first or last."""
    assert answered(Client(), place(ANNA, _inner(long(CALL)), STAMP))[0] == "CREATED"


def test_who_did_not_sign_is_not_read_on() -> None:
    """A wrong signature of a large request is refused after its first bytes."""
    body = long(envelope(Call(email="a@b.example"), Credentials(ANNA.user, "a wrong key"), STAMP))
    sent = Sent(body)
    incoming = IncomingBody({}, sent.receive, BodyLimits(), HeldBytes())
    with pytest.raises(AuthenticationFailedError):
        asyncio.run(answer(incoming, None, Client().parts, {}, "ref-1"))
    assert (sent.asked, sent.all) == (2, 11)


@pytest.mark.parametrize(
    "hidden",
    [
        lambda body: body.replace(b"</SOAP-ENV:Envelope>", b"<!--" + _header(ANNA) + b"--></SOAP-ENV:Envelope>"),
        lambda body: body.replace(b"</x>", b"<![CDATA[" + _header(ANNA) + b"]]></x>"),
        lambda body: body.replace(b"</x>", _header(ANNA) + b"</x>"),
    ],
)
def test_a_header_that_is_none_lets_nobody_in(hidden: Any) -> None:
    """What was found at the end must be what the whole request says."""
    stranger = Credentials(ANNA.user, "a wrong key")
    request = hidden(body_first(stranger, _inner(long(CALL)), STAMP))
    code, message = answered(Client(), request)
    assert code in ("20014", "20012"), message


def _inner(request: bytes) -> str:
    """What stands in the Body of a request."""
    return request.decode().partition("<SOAP-ENV:Body>")[2].partition("</SOAP-ENV:Body>")[0]


def _header(credentials: Credentials) -> bytes:
    signed = envelope(Call(email="x"), credentials, STAMP)
    return signed[signed.index(b"<SOAP-ENV:Header>") : signed.index(b"<SOAP-ENV:Body>")]


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
def test_a_header_beyond_the_first_bytes_is_refused(encoding: str) -> None:
    """The limit is named, with the status of a body that is too large."""
    body = CALL.replace(b"<SOAP-ENV:Header>", b"<SOAP-ENV:Header>" + b" " * 70_000)
    response = Client().post(gzip.compress(body) if encoding == "gzip" else body, content_encoding=encoding)
    assert response.status == 413
    assert "larger than the limit of 65,536 bytes" in response.text
