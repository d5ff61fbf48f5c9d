"""The SOAP path as a bare ASGI function: GET answers the WSDL, POST is a call."""

import asyncio
import re
import secrets
import time
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any, TypeVar

from synclead.leads.errors import SyncleadError
from synclead.logs import get_logger
from synclead.soap import wsdl
from synclead.soap.address import client_address, client_url
from synclead.soap.body import (
    BodyLimits,
    BodyTooSlowError,
    ClientGoneError,
    IncomingBody,
    Receive,
    discard_rest,
)
from synclead.soap.causes import Cause
from synclead.soap.client import Client
from synclead.soap.faults import fault
from synclead.soap.held import NoRoomError, TooBusyError
from synclead.soap.service import Parts, answer, failure_facts
from synclead.soap.strays import Strays, shown_path
from synclead.store.errors import InternalError

Scope = MutableMapping[str, Any]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
_SendWhole = Callable[[int, bytes, bytes], bool]

PREFIX = "/soap/"
"""Everything below it is answered here."""
SEND_WHOLE = "synclead.send_whole"
"""What the server may add to a scope: a function that sends a whole answer at once, of a status, a content type and a
body. It gives False, and sends nothing, where one has to wait for the client, which `send` does."""
HUNG_UP = "synclead.hung_up"
"""What the server may add to a scope: a function that says whether the client is gone. ASGI tells it to who waits."""
PEER = "synclead.peer"
"""What the server may add to a scope: the `Peer` of its connection, which knows that before the event loop does."""

_PATH = re.compile(r"/soap/mktows/[0-9]{1,9}_[0-9]{1,9}/?", re.ASCII)
_REQUEST_ID = re.compile(rb"[A-Za-z0-9._:-]{1,64}")
_CHARSET = re.compile(rb"""charset\s*=\s*["']?([^\s;"']+)""", re.IGNORECASE)
_XML = b"text/xml; charset=utf-8"
_TEXT = b"text/plain; charset=utf-8"
_CLOSE = (b"connection", b"close")
_RETRY = ((b"retry-after", b"60"),)

_DISCARDED_BYTES = 64 * 1024 * 1024
_DISCARDING_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Edge:
    """What the endpoint needs to know of its surroundings."""

    public_url: str | None = None
    trusted: Callable[[str], bool] = field(default=lambda _: False)
    """Whether a peer's address is that of a proxy whose X-Forwarded headers count."""
    body: BodyLimits = field(default_factory=BodyLimits)
    new_id: Callable[[], str] = field(default_factory=lambda: new_ids().__next__)
    """Ids of requests that come without one, which faults 10001 and 20011 show."""


def new_ids() -> Iterator[str]:
    """Ids that no other process gives, each of 16 hexadecimal digits: it begins anywhere and counts.

    To ask the system for randomness for each call is a system call for each.
    """
    return (f"{number & 0xFFFF_FFFF_FFFF_FFFF:016x}" for number in count(secrets.randbits(64)))


class Endpoint:
    """The ASGI function."""

    def __init__(self, parts: Parts, edge: Edge) -> None:
        self._parts = parts
        self._edge = edge
        self._log = get_logger()
        self._strays = Strays(parts.recorder, parts.observer)
        self._under_way = 0
        """Calls that have no answer yet."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers: dict[bytes, bytes] = dict(scope["headers"])
        send_whole: _SendWhole | None = scope.pop(SEND_WHOLE, None)
        if b"origin" in headers:
            # No browser page may speak for a user (spec: sync-lead, section 1).
            self._strayed(scope, headers, Cause.PAGE, 403, "comes from a browser's page")
            await _respond(send, 403, _TEXT, b"Requests from browser pages are not answered here.\n")
        elif not _PATH.fullmatch(scope["path"]):
            self._strayed(scope, headers, Cause.PATH, 404, "is no path of SOAP")
            await _respond(send, 404, _TEXT, b"There is nothing here. The SOAP path is like /soap/mktows/2_7\n")
        elif scope["method"] == "POST":
            await self._post(scope, headers, receive, send, send_whole)
        elif scope["method"] in ("GET", "HEAD") and _asks_for_wsdl(scope["query_string"]):
            url = client_url(scope, headers, self._edge.public_url, self._edge.trusted)
            await _respond(send, 200, _XML, wsdl.serve(url))
        else:
            self._strayed(scope, headers, Cause.METHOD, 405, "is no POST")
            text = b"This is a SOAP endpoint: POST calls to it, or GET its WSDL with ?WSDL\n"
            await _respond(send, 405, _TEXT, text, (b"allow", b"GET, POST"))

    def spoke_tls(self, peer: str) -> None:
        """A connection began with TLS, which this port does not speak."""
        message = "A connection began with TLS, and this port speaks plain HTTP"
        self._strays.came(Cause.TLS, 400, {"request": self._edge.new_id(), "client": peer}, message)

    def _strayed(self, scope: Scope, headers: dict[bytes, bytes], cause: Cause, status: int, what: str) -> None:
        client = client_address(scope, headers, self._edge.trusted)
        facts = {"request": _sent_id(headers) or self._edge.new_id(), "client": client}
        self._strays.came(cause, status, facts, f"{shown_path(scope['method'], scope['path'])} {what}")

    async def _post(
        self, scope: Scope, headers: dict[bytes, bytes], receive: Receive, send: Send, send_whole: _SendWhole | None
    ) -> None:
        started = time.perf_counter()
        client = client_address(scope, headers, self._edge.trusted)
        facts: dict[str, Any] = {"request": _sent_id(headers) or self._edge.new_id(), "client": client}
        charset = _charset(headers)
        observer = self._parts.observer
        observer.begun()
        self._under_way += 1
        body = IncomingBody(headers, receive, self._edge.body, self._parts.held)
        try:
            reply = await self._reply(body, charset, facts, Client(scope.get(PEER)))
            sent, is_whole = body.content, body.is_whole
            if body.came_whole and HUNG_UP in scope and scope[HUNG_UP]():
                facts["delivered"] = False
        except ClientGoneError:
            self._log.info("call", **facts, outcome="the client hung up before its request was complete")
            return
        finally:
            body.release()
            self._under_way -= 1
            # Before the answer is sent: who has it may ask for the figures next.
            observer.ended(facts, time.perf_counter() - started)
        seconds = time.perf_counter() - started
        facts["ms"] = round(seconds * 1000, 1)
        self._log.info("call", **facts)
        self._parts.recorder.answered(facts, seconds, sent, charset, reply.error, is_whole=is_whole)
        # An answer may wait long for its client: nothing of the request waits with it.
        sent, reply.error = b"", None
        # Whoever has an answer finds its line: that of a call alone is written at once, those of several together, at
        # the end of a turn of the event loop.
        if self._under_way:
            await asyncio.sleep(0)
        else:
            self._log.flush()
        if send_whole is not None and not reply.headers and send_whole(reply.status, _XML, reply.body):
            return
        # Whether the client may still be sending what nobody reads.
        leaves_unread = not body.came_whole and reply.takes_rest and (body.is_asked or b"expect" not in headers)
        held, size = self._parts.held, len(reply.body)
        held.answers += size
        try:
            unread = receive if leaves_unread else None
            await _respond(send, reply.status, _XML, reply.body, *reply.headers, unread=unread)
        finally:
            held.answers -= size

    async def _reply(self, body: IncomingBody, charset: str | None, facts: dict[str, Any], client: Client) -> "_Reply":
        """What a call is answered. Raises ClientGoneError; every other error is a fault."""
        request_id: str = facts["request"]
        reply = _Reply()
        try:
            reply.body = await answer(body, charset, self._parts, facts, request_id, client)
        except ClientGoneError:
            raise
        except Exception as caught:
            error = _refusal(caught, request_id)
            refusal = fault(error)
            reply.status, reply.body = refusal.status, refusal.body
            facts.update(failure_facts(error))
            if isinstance(error, InternalError) and error is not caught:
                self._log.error("internal error", reference=request_id, exc_info=caught)
            if not body.came_whole:
                reply.headers = (_CLOSE,)
                reply.takes_rest = not isinstance(error, BodyTooSlowError)
            if isinstance(error, TooBusyError):
                reply.headers += _RETRY
            reply.error = _alone(error)
            _alone(caught)
            del error
        return reply


def _refusal(caught: Exception, request_id: str) -> SyncleadError:
    """What a call is refused with."""
    if isinstance(caught, SyncleadError):
        return caught
    if isinstance(caught, NoRoomError):
        return TooBusyError(request_id, str(caught))
    return InternalError(request_id)


E = TypeVar("E", bound=Exception)


def _alone(error: E) -> E:
    """An error that is told, without the way it came: its frames hold the request, and may hold the error itself.

    Such a circle would stay in memory until Python looks for circles, which is made rare here.
    """
    one: BaseException | None = error
    while one is not None:
        before = one.__cause__ or one.__context__
        one.__traceback__ = one.__cause__ = one.__context__ = None
        one = before
    return error


@dataclass(slots=True)
class _Reply:
    """What goes back for a call."""

    status: int = 200
    body: bytes = b""
    headers: tuple[tuple[bytes, bytes], ...] = ()
    takes_rest: bool = False
    """Whether what the client is still sending is taken in, so that it can read the answer."""
    error: SyncleadError | None = None


async def _respond(
    send: Send,
    status: int,
    content_type: bytes,
    body: bytes,
    *headers: tuple[bytes, bytes],
    unread: Receive | None = None,
) -> None:
    """Sends an answer; with `unread`, takes in what the client is still sending before closing."""
    length = str(len(body)).encode()
    named = [(b"content-type", content_type), (b"content-length", length), *headers]
    await send({"type": "http.response.start", "status": status, "headers": named})
    await send({"type": "http.response.body", "body": body, "more_body": unread is not None})
    if unread is not None:
        await discard_rest(unread, _DISCARDED_BYTES, _DISCARDING_SECONDS)
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def _asks_for_wsdl(query: bytes) -> bool:
    return any(part.partition(b"=")[0].lower() == b"wsdl" for part in query.split(b"&"))


def _sent_id(headers: dict[bytes, bytes]) -> str | None:
    """The id that the client or a proxy gave the request in X-Request-Id; None where it is not fit for a log."""
    sent = headers.get(b"x-request-id", b"")
    return sent.decode("ascii") if _REQUEST_ID.fullmatch(sent) else None


def _charset(headers: dict[bytes, bytes]) -> str | None:
    found = _CHARSET.search(headers.get(b"content-type", b""))
    return found[1].decode("latin-1") if found else None
