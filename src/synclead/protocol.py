"""HTTP on one connection: uvicorn's protocol, without its weaknesses towards slow and towards Java clients."""

import asyncio
import re
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_SECONDS = 20.0
"""From the first byte of a request, or the opening of the connection, to the end of its headers."""
HEAD_BYTES = 64 * 1024
"""Of a request whose headers are not at their end yet."""

_OFFER = re.compile(rb"\r\n[Uu]pgrade:")


class BoundedProtocol(HttpToolsProtocol):
    """Gives up requests whose head does not come to an end: uvicorn waits for it, and keeps it, for ever."""

    _timer: asyncio.TimerHandle | None = None
    _size = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._begin_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end_head()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if b"pgrade:" in data and (self._timer is not None or self.cycle.response_complete):
            data = _without_offer(data)
        super().data_received(data)
        if self._timer is not None:
            self._size += len(data)
            if self._size > HEAD_BYTES:
                self._end_head()
                self.send_400_response("The head of the request is too large.")

    def on_message_begin(self) -> None:
        self._begin_head()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._end_head()
        super().on_headers_complete()

    def _begin_head(self) -> None:
        self._end_head()
        self._size = 0
        self._timer = self.loop.call_later(HEAD_SECONDS, self._give_up)

    def _end_head(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _give_up(self) -> None:
        self._timer = None
        transport: Any = self.transport
        if not transport.is_closing():
            transport.close()


def _without_offer(data: bytes) -> bytes:
    """The start of a request without its offer of another protocol.

    Java's HttpClient offers HTTP/2 with its first call over plain HTTP; the parser would then take the
    body for that protocol and drop it.
    """
    head, end, rest = data.partition(b"\r\n\r\n")
    return _OFFER.sub(b"\r\nX-Offer:", head) + end + rest
