"""The body of a request: read within limits of size and time, and inflated."""

import asyncio
import zlib
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any

from synclead.soap.errors import RequestNotUnderstoodError

Received = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Received]]

_GZIP_BITS, _ZLIB_BITS, _RAW_BITS = 31, 15, -15


class ClientGoneError(Exception):
    """The client hung up before its request was complete: there is nobody to answer."""


class BodyError(RequestNotUnderstoodError):
    """The body cannot be read; says why."""


class BodyTooLargeError(BodyError):
    """The body, or what it inflates to, is larger than the limit. What follows of it was not read."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"The request is larger than the limit of {limit} bytes", http_status=413)


class BodyTooSlowError(BodyError):
    """The body did not arrive in time. What follows of it was not read."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"The request did not arrive within {seconds:g} seconds")


@dataclass(frozen=True, slots=True)
class BodyLimits:
    """How much a request may send, in bytes before and after inflating, and how long it may take."""

    size: int = 10 * 1024 * 1024
    seconds: float = 25


async def read_body(headers: Mapping[bytes, bytes], receive: Receive, limits: BodyLimits) -> bytes:
    """The whole body, inflated. Names of headers are in lower case, as ASGI gives them.

    Raises BodyError with the reason, and ClientGoneError when the client hung up half-way.
    """
    announced = headers.get(b"content-length", b"")
    # Refused before anything is asked of the client: one that waits for `100 Continue` sends nothing at all.
    if announced.isdigit() and int(announced) > limits.size:
        raise BodyTooLargeError(limits.size)
    first = at_once(receive)
    if first is not None and not first.get("more_body", False):
        # Most bodies are there whole when their call is begun: nothing is waited for, so no timer is needed.
        sent = await _collect(first, receive, limits.size)
    else:
        try:
            async with asyncio.timeout(limits.seconds):
                sent = await _collect(first, receive, limits.size)
        except TimeoutError:
            raise BodyTooSlowError(limits.seconds) from None
    return _inflate(sent, headers.get(b"content-encoding", b""), limits.size)


def at_once(receive: Receive) -> Received | None:
    """What `receive` gives without waiting; None where it would wait, and nothing is lost for who asks next.

    What is awaited runs inside `send` until it waits or is done. A time-out of no seconds would tell the same, with a
    timer and a cancellation, which cost more than reading a body.
    """
    asked = receive().__await__()
    try:
        asked.send(None)
    except StopIteration as done:
        received: Received = done.value
        return received
    asked.close()
    return None


async def discard_rest(receive: Receive, size: int, seconds: float) -> None:
    """Reads on without keeping anything, so that a client that is still sending can read its answer.

    A connection that is closed while the client sends loses the answer on its way.
    """
    try:
        async with asyncio.timeout(seconds):
            while size > 0:
                message = await receive()
                if message["type"] != "http.request" or not message.get("more_body"):
                    return
                size -= len(message.get("body", b""))
    except TimeoutError:
        return


async def _collect(first: Received | None, receive: Receive, limit: int) -> bytes:
    """The parts of a body together, of which the first may have been received."""
    parts: list[bytes] = []
    size = 0
    message = first
    while True:
        if message is None:
            message = await receive()
        if message["type"] != "http.request":
            raise ClientGoneError
        part = message.get("body", b"")
        size += len(part)
        if size > limit:
            raise BodyTooLargeError(limit)
        parts.append(part)
        if not message.get("more_body", False):
            return b"".join(parts)
        message = None


def _inflate(sent: bytes, encoding: bytes, limit: int) -> bytes:
    match encoding.strip().lower():
        case b"" | b"identity":
            return sent
        case b"gzip" | b"x-gzip":
            return _members(sent, _GZIP_BITS, limit)
        case b"deflate":
            return _members(sent, _ZLIB_BITS if _looks_like_zlib(sent) else _RAW_BITS, limit)
        case _:
            raise BodyError("Content-Encoding can be gzip or deflate, nothing else")


def _looks_like_zlib(sent: bytes) -> bool:
    """RFC 1950: method 8, and the first two bytes are a multiple of 31. Some stacks send RFC 1951 bare."""
    return len(sent) >= 2 and sent[0] & 0x0F == 8 and (sent[0] << 8 | sent[1]) % 31 == 0


def _members(sent: bytes, bits: int, limit: int) -> bytes:
    """Inflates to `limit` bytes at most, whatever the input would grow to. A gzip body may have members."""
    parts: list[bytes] = []
    room = limit
    while True:
        inflater = zlib.decompressobj(bits)
        try:
            part = inflater.decompress(sent, room + 1)
        except zlib.error:
            raise BodyError("The compressed body is damaged") from None
        room -= len(part)
        if room < 0:
            raise BodyTooLargeError(limit)
        if not inflater.eof:
            raise BodyError("The compressed body is cut short")
        parts.append(part)
        sent = inflater.unused_data
        if not sent:
            return b"".join(parts)
        if bits != _GZIP_BITS:
            raise BodyError("The compressed body is damaged")
