"""HTTP on one connection: uvicorn's protocol, without its weaknesses towards slow and towards Java clients."""

import asyncio
import re
import socket
import struct
from collections.abc import Awaitable, Callable, MutableMapping
from functools import partial
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from synclead.alarm import Alarm
from synclead.logs import get_logger
from synclead.peer import Peer
from synclead.settings import Settings
from synclead.soap.body import Receive, discard_rest
from synclead.soap.endpoint import HUNG_UP, PEER, PREFIX, SEND_WHOLE
from synclead.soap.held import HeldBytes, NoRoomError

HEAD_BYTES = 64 * 1024
"""Of a request's headers, or of anything else that is no body: blank lines, trailers, sizes of chunks."""
PIPELINED = 32
"""Requests that a client may send before the answer to an earlier one; each is kept until its turn."""
TOLD = 32
"""Connections beyond the limit that are still answered, by 503; any more are closed at once, since each is a file."""

_NOTABLE = 64 * 1024
"""Bytes of an answer that count as waiting: of fewer nobody hears when they are gone."""
_DISCARDED_BYTES = 1024 * 1024
_DISCARDING_SECONDS = 5.0
_CLIENT_HELLO = b"\x16\x03"
"""How a connection in TLS begins: a handshake of version 3 (RFC 8446, section 5.1)."""
_FULL = b"The server has no room for a request now. Try again in a minute.\n"
_NO_ROOM = (
    b"HTTP/1.1 503 Service Unavailable\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: %d\r\n"
    b"retry-after: 60\r\nconnection: close\r\n\r\n%b" % (len(_FULL), _FULL)
)
_BUSY = b"The server has as many connections as it may have. Try again in a minute.\n"
_OFFER = re.compile(rb"\r\nupgrade:", re.IGNORECASE)

_log = get_logger()


class TooManyRequestsError(Exception):
    """A client sends requests faster than it waits for answers."""


class UnknownCodingError(Exception):
    """A body comes in a Transfer-Encoding that is not chunked alone."""


class BoundedProtocol(HttpToolsProtocol):
    """Gives up clients that neither send nor read: uvicorn waits for their requests, and keeps their answers, for ever.

    Three times bound a connection besides that for a body: from its opening, or the first byte after an
    answer, to the end of a head; from an answer to the moment the client has taken it; and the idle time
    between an answer and the next byte, which is uvicorn's own. Beyond the limit of connections, new ones
    are refused, and those that were there go on being served.
    """

    settings: Settings
    _beyond = False
    """Whether the connection was opened when there were as many as there may be."""
    _in_head = False
    """Whether the last request has begun and its headers have not ended."""
    _head: Alarm
    """Rings where the end of a head does not come."""
    _answer: Alarm
    """Rings where an answer is not taken."""
    _idle: Alarm
    """Rings where nothing comes after an answer: uvicorn's own time, on a timer that stays."""
    _peer: Peer
    _bodiless = 0
    """Bytes since the last that belonged to a body."""
    held: HeldBytes
    """What this connection keeps is counted there: a head that has not ended, and what came before its turn."""
    hears_tls: Callable[[str], None]
    _counted = 0
    _unsent = 0
    """Bytes of answers that are counted there too: those that wait for their client."""
    _ahead = 0
    """Bytes that came since a request waits for the answer to an earlier one."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._peer = Peer(transport)
        self._head = Alarm(self.loop, self._give_up)
        self._answer = Alarm(self.loop, self._drop)
        self._idle = Alarm(self.loop, self.timeout_keep_alive_handler)
        self.loop = _Loop(self.loop, self._idle)  # type: ignore[assignment]
        beyond = len(self.connections) - self.settings.connection_limit
        self._beyond = beyond > 0
        if beyond > TOLD:
            transport.abort()
        self._begin_head()

    def connection_lost(self, exc: Exception | None) -> None:
        for alarm in (self._head, self._answer, self._idle):
            alarm.close()
        self._peer.close()
        self._hold(0)
        self._note_unsent(0)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        if data.startswith(_CLIENT_HELLO) and not self._bodiless:
            self.hears_tls(self.client[0] if self.client else "")
        if (self._head.is_set or self.cycle.response_complete) and b"upgrade:" in data[:HEAD_BYTES].lower():
            data = _without_offer(data)
        self._bodiless += len(data)
        super().data_received(data)
        if self._in_head or self.pipeline or self._counted or self.flow.read_paused:
            self._count(len(data))
        if not self._head.is_set and (self._in_head or self.cycle.response_complete):
            # A head of which a part came; one that comes whole never has a timer. Or the rest of a body that nobody
            # asked for, or blank lines: the idle time does not begin anew with each.
            self._begin_head()
        if self._bodiless > HEAD_BYTES:
            self._head.cancel()
            self.send_400_response("The head of the request is too large.")

    def on_message_begin(self) -> None:
        if len(self.pipeline) >= PIPELINED:
            raise TooManyRequestsError
        self._head.cancel()  # the time counts from the first byte of this one
        self._in_head = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._bodiless = 0
        self._in_head = False
        self._head.cancel()
        codings = [value for name, value in self.headers if name == b"transfer-encoding"]
        if codings and [one.strip().lower() for one in codings] != [b"chunked"]:
            # Where two readers part requests differently, one of them can be made to see a call that nobody sent.
            raise UnknownCodingError
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._bodiless = 0
        super().on_body(body)

    def send_400_response(self, msg: str) -> None:
        super().send_400_response(msg)
        self._begin_answer()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self._counted:
            self._count(0)
        self._begin_answer()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._begin_answer()

    def resume_writing(self) -> None:
        super().resume_writing()
        self._begin_answer()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        if self._beyond and len(self.connections) > self.settings.connection_limit:
            _log.warning("too many connections", connection_limit=self.settings.connection_limit)
            app = _busy
        scope: MutableMapping[str, Any] = cycle.scope  # type: ignore[assignment]
        scope[HUNG_UP] = self.transport.is_closing
        scope[PEER] = self._peer
        if scope["method"] == "POST" and scope["path"].startswith(PREFIX):
            # The endpoint takes it out: who leads back to the cycle is left to the garbage collector.
            scope[SEND_WHOLE] = partial(self._send_whole, cycle)
        super()._start_asgi_task(cycle, app)

    def _send_whole(self, cycle: RequestResponseCycle, status: int, content_type: bytes, body: bytes) -> bool:
        """Sends an answer in one packet: uvicorn sends its head alone, and wakes the client twice. See SEND_WHOLE."""
        if self.flow.write_paused:
            return False
        if cycle.disconnected:
            return True
        head = [STATUS_LINE[status]]
        for name, value in cycle.default_headers:
            head += (name, b": ", value, b"\r\n")
        head.append(b"content-type: %b\r\ncontent-length: %d\r\n" % (content_type, len(body)))
        head.append(b"\r\n" if cycle.keep_alive else b"connection: close\r\n\r\n")
        self.transport.write(b"".join([*head, body]))
        cycle.response_started = cycle.response_complete = True
        cycle.message_event.set()
        if not cycle.keep_alive:
            self.transport.close()
        cycle.on_response()
        return True

    def _count(self, came: int) -> None:
        """Counts what is kept, now that so many bytes came; ends the connection where there is no room for it."""
        self._ahead = self._ahead + came if self.pipeline else 0
        body = len(self.cycle.body) if self.flow.read_paused and not self.pipeline else 0
        try:
            self._hold(self._ahead + body + (self._bodiless if self._in_head else 0))
        except NoRoomError as error:
            _log.warning("no room for a request", reason=str(error))
            self._hold(0)
            under_way: RequestResponseCycle | None = self.cycle
            if under_way is None or under_way.response_complete:  # else it would stand within another answer
                self.transport.write(_NO_ROOM)
            self.transport.close()

    def _hold(self, size: int) -> None:
        if size > self._counted:
            self.held.take(size - self._counted, signed=False)
        else:
            self.held.give(self._counted - size, signed=False)
        self._counted = size

    def _begin_head(self) -> None:
        self._head.set(self.settings.head_timeout)

    def _begin_answer(self) -> None:
        """An answer that the system's buffers took is on its way; only the rest of it waits for the client."""
        self._answer.cancel()
        unsent = self.transport.get_write_buffer_size()
        if unsent > 0:
            self._answer.set(self.settings.answer_timeout)
        if unsent > _NOTABLE or self._unsent:
            self._note_unsent(unsent if unsent > _NOTABLE else 0)

    def _note_unsent(self, size: int) -> None:
        self.held.answers += size - self._unsent
        self._unsent = size

    def _drop(self) -> None:
        # Else the system would go on offering what it has of the answer, megabytes, for minutes.
        peer = self.transport.get_extra_info("socket")
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()

    def _give_up(self) -> None:
        if not self.transport.is_closing():
            self.transport.close()


class _Loop:
    """What uvicorn asks of the event loop. It sets the idle time with each answer and cancels it with each request."""

    def __init__(self, loop: asyncio.AbstractEventLoop, idle: Alarm) -> None:
        self.create_task = loop.create_task
        self._idle = idle

    def call_later(self, seconds: float, ring: Callable[[], None]) -> Alarm:
        self._idle.set(seconds)
        return self._idle


def bounded_protocol(
    served: Settings, counted: HeldBytes, spoke_tls: Callable[[str], None] = lambda peer: None
) -> type[BoundedProtocol]:
    """The protocol with the time-outs and limits that an operator has set. Connections count what they keep.

    `spoke_tls` hears the address of who speaks TLS to a port that does not.
    """

    class Configured(BoundedProtocol):
        settings = served
        held = counted
        hears_tls = staticmethod(spoke_tls)

    return Configured


async def _busy(
    scope: MutableMapping[str, Any], receive: Receive, send: Callable[[MutableMapping[str, Any]], Awaitable[None]]
) -> None:
    """503 for a client beyond the limit of connections; takes in its request, so that it can read the answer."""
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", str(len(_BUSY)).encode()),
        (b"connection", b"close"),
        (b"retry-after", b"60"),
    ]
    await send({"type": "http.response.start", "status": 503, "headers": headers})
    await send({"type": "http.response.body", "body": _BUSY, "more_body": True})
    await discard_rest(receive, _DISCARDED_BYTES, _DISCARDING_SECONDS)
    await send({"type": "http.response.body", "body": b"", "more_body": False})


def _without_offer(data: bytes) -> bytes:
    """The start of a request without its offer of another protocol.

    Java's HttpClient offers HTTP/2 with its first call over plain HTTP; the parser would then take the
    body for that protocol and drop it.
    """
    head, end, rest = data.partition(b"\r\n\r\n")
    return _OFFER.sub(b"\r\nX-Offer:", head) + end + rest
