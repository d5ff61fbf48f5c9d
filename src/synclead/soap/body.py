"""The body of a request: read within limits of size, time and memory, and inflated as far as it is wanted."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any

from synclead.soap.causes import Cause
from synclead.soap.errors import BodyError
from synclead.soap.held import HeldBytes
from synclead.soap.inflate import Inflater

Received = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Received]]

_TURN = 256 * 1024
"""Bytes that are inflated in one turn of the event loop: some 2 ms."""


class ClientGoneError(Exception):
    """The client hung up before its request was complete: there is nobody to answer."""


class BodyTooLargeError(BodyError):
    """The body, or what it inflates to, is larger than the limit. What follows of it was not read."""

    def __init__(self, limit: int) -> None:
        super().__init__(
            f"The request is larger than the limit of {limit} bytes", http_status=413, cause=Cause.TOO_LARGE
        )


class BodyTooSlowError(BodyError):
    """The body did not arrive in time. What follows of it was not read."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"The request did not arrive within {seconds:g} seconds", cause=Cause.TOO_SLOW)


@dataclass(frozen=True, slots=True)
class BodyLimits:
    """How much a request may send, in bytes before and after inflating, and how long it may take."""

    size: int = 10 * 1024 * 1024
    seconds: float = 25
    unsigned: int = 64 * 1024
    """Bytes, inflated, in which the Header ends: more is read only for who has signed."""
    ratio: int = 200
    """How many times its size a body may grow to beyond `unsigned` bytes."""


class IncomingBody:
    """One body, of which no more is read and inflated than was asked for.

    Every method that waits raises BodyError with the reason, ClientGoneError when the client hung up half-way, and
    NoRoomError where the requests of this process hold too much.
    """

    __slots__ = (
        "_counted",
        "_deadline",
        "_encoding",
        "_ended",
        "_held",
        "_inflater",
        "_is_asked",
        "_is_signed",
        "_parts",
        "_receive",
        "_sent",
        "_size",
        "_slices",
        "is_whole",
        "limits",
    )

    def __init__(self, headers: Mapping[bytes, bytes], receive: Receive, limits: BodyLimits, held: HeldBytes) -> None:
        """Names of headers are in lower case, as ASGI gives them."""
        self._receive = receive
        self.limits = limits
        self._held = held
        self._encoding = headers.get(b"content-encoding", b"")
        self._inflater: Inflater | None = None
        self._slices: Iterator[bytes] = iter(())
        self._parts: list[bytes] = []
        self._size = 0
        self._sent = 0
        self._counted = 0
        self._deadline: float | None = None
        self._is_asked = False
        self._is_signed = False
        self._ended = False
        self.is_whole = False
        """Whether all of it was read and inflated."""
        announced = headers.get(b"content-length", b"")
        # Nothing is asked of a client whose body is too large: one that waits for `100 Continue` sends nothing at all.
        if announced.isdigit() and (len(announced) > 20 or int(announced) > limits.size):
            self._size = limits.size + 1

    @property
    def is_asked(self) -> bool:
        """Whether the client was asked for it: it may be on its way."""
        return self._is_asked

    @property
    def came_whole(self) -> bool:
        """Whether the client has sent all of it."""
        return self._ended

    @property
    def content(self) -> bytes:
        """What was read of it."""
        return self._joined()

    async def start(self, size: int) -> bytes:
        """So many bytes of it at least, fewer where it has no more."""
        await self._read(size)
        return self._joined()

    async def whole(self) -> bytes:
        """All of it."""
        await self._read(self.limits.size + 1)
        return self._joined()

    def sign(self) -> None:
        """The signature of its request is right."""
        if not self._is_signed:
            self._is_signed = True
            self._held.sign(self._counted)

    def release(self) -> None:
        """Nobody wants it any more."""
        if self._counted:
            self._held.give(self._counted, signed=self._is_signed)
            self._counted = 0
        self._parts.clear()
        self._slices = iter(())
        self._inflater = None

    def _joined(self) -> bytes:
        if len(self._parts) != 1:
            self._parts = [b"".join(self._parts)]
        return self._parts[0]

    async def _read(self, size: int) -> None:
        """Until there are so many bytes, or all."""
        if self._size > self.limits.size:
            raise BodyTooLargeError(self.limits.size)
        turn = self._size + _TURN
        while not self.is_whole and self._size < size:
            part = next(self._slices, None)
            if part is not None:
                self._append(part)
                if self._size >= turn:
                    turn += _TURN
                    await asyncio.sleep(0)
            elif not self._ended:
                await self._receive_more()
            else:
                if self._inflater is not None:
                    self._inflater.finish()
                self.is_whole = True

    def _append(self, part: bytes) -> None:
        self._size += len(part)
        if self._size > self.limits.size:
            raise BodyTooLargeError(self.limits.size)
        self._parts.append(part)
        self._count(self._size)

    async def _receive_more(self) -> None:
        """What the client sent next."""
        self._is_asked = True
        message = at_once(self._receive)
        if message is None:
            message = await self._awaited()
        if message["type"] != "http.request":
            raise ClientGoneError
        sent = message.get("body", b"")
        self._ended = not message.get("more_body", False)
        self._sent += len(sent)
        if self._sent > self.limits.size:
            raise BodyTooLargeError(self.limits.size)
        if not self._encoding:
            # All that a body is that came at once, as most do: it waits for nobody, so it is not counted.
            self._append(sent)
            return
        self._count(self._size + len(sent))
        if self._inflater is None:
            self._inflater = Inflater(self._encoding, self.limits.unsigned, self.limits.ratio)
        self._slices = self._inflater.slices(sent)

    async def _awaited(self) -> Received:
        loop = asyncio.get_running_loop()
        if self._deadline is None:
            self._deadline = loop.time() + self.limits.seconds
        try:
            async with asyncio.timeout_at(self._deadline):
                return await self._receive()
        except TimeoutError:
            raise BodyTooSlowError(self.limits.seconds) from None

    def _count(self, size: int) -> None:
        """Counts what is held for it, but for a body that is whole in its first part."""
        if self._ended and not self._counted and not self._encoding:
            return
        if size > self._counted:
            self._held.take(size - self._counted, signed=self._is_signed)
            self._counted = size


async def read_body(headers: Mapping[bytes, bytes], receive: Receive, limits: BodyLimits) -> bytes:
    """The whole body, inflated. See IncomingBody for `headers` and for what is raised."""
    body = IncomingBody(headers, receive, limits, HeldBytes())
    try:
        return await body.whole()
    finally:
        body.release()


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
