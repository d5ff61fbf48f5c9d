"""The other end of a connection as the system knows it: the event loop may not have looked yet."""

import asyncio
import socket
import sys
from typing import NamedTuple

# Linux: `struct tcp_info` of linux/tcp.h begins with the state, and has the milliseconds since data came at byte 52.
_INFO_BYTES, _SILENCE_AT = 56, 52
_ENDED = frozenset((4, 5, 6, 7, 8, 9, 11))
"""States of TCP after the other end, or this one, has closed: FIN_WAIT1 and 2, TIME_WAIT, CLOSE, CLOSE_WAIT, LAST_ACK,
CLOSING."""
_KNOWS = sys.platform == "linux"


class Look(NamedTuple):
    """What the system says at one moment."""

    is_gone: bool
    """Whether the other end has closed the connection, or lost it."""
    silence: float
    """Seconds since its last bytes came, whoever has read them; 0 where the system does not say."""


class Peer:
    """The other end of one connection. `close` it with the connection."""

    __slots__ = ("_socket",)

    def __init__(self, transport: asyncio.Transport) -> None:
        given = transport.get_extra_info("socket")
        # The loop's own object asks by way of a second descriptor, each time. This one shares the loop's.
        self._socket = None if given is None else socket.socket(given.family, given.type, given.proto, given.fileno())

    def look(self) -> Look:
        """Asks the system, which takes a microsecond."""
        if self._socket is None:
            return Look(True, 0.0)
        if not _KNOWS:
            return Look(False, 0.0)
        try:
            info = self._socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _INFO_BYTES)
        except OSError:  # no connection of TCP
            return Look(False, 0.0)
        return Look(info[0] in _ENDED, int.from_bytes(info[_SILENCE_AT:_INFO_BYTES], sys.byteorder) / 1000)

    def close(self) -> None:
        """The connection is over. The descriptor is the loop's to close."""
        if self._socket is not None:
            self._socket.detach()
            self._socket = None
