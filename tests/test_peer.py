"""What the system knows of the other end of a connection."""

import asyncio
import socket
import sys
from collections.abc import Awaitable, Callable
from typing import cast

import pytest
import uvloop

from synclead.peer import Look, Peer

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="other systems do not say")


async def connected(story: Callable[[socket.socket, Peer], Awaitable[None]]) -> None:
    """A client and the server's view of it. Nothing that the client does is read by the loop."""
    made: asyncio.Future[asyncio.Transport] = asyncio.get_running_loop().create_future()

    class Silent(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            own = cast(asyncio.Transport, transport)
            own.pause_reading()
            made.set_result(own)

    server = await asyncio.get_running_loop().create_server(Silent, "127.0.0.1", 0)
    with socket.create_connection(server.sockets[0].getsockname()) as client:
        transport = await made
        peer = Peer(transport)
        await story(client, peer)
        peer.close()
        assert peer.look() == Look(True, 0.0)
        assert transport.get_extra_info("socket").fileno() >= 0
        transport.abort()
    server.close()


async def is_there(client: socket.socket, peer: Peer) -> None:
    """While it sends and waits."""
    client.sendall(b"request")
    assert not peer.look().is_gone


async def hung_up(client: socket.socket, peer: Peer) -> None:
    """With its request still unread."""
    client.sendall(b"request")
    client.close()
    assert peer.look().is_gone


async def broke_off(client: socket.socket, peer: Peer) -> None:
    """By a reset."""
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    client.close()
    assert peer.look().is_gone


@pytest.mark.parametrize("story", [is_there, hung_up, broke_off])
def test_the_peer(story: Callable[[socket.socket, Peer], Awaitable[None]]) -> None:
    """Is looked at where the event loop has not looked."""
    uvloop.run(connected(story))


def test_seconds_since_the_last_bytes() -> None:
    """They stand where Linux puts them, in milliseconds."""

    class Told(socket.socket):
        def getsockopt(self, *_: object) -> bytes:  # type: ignore[override]
            return bytes([1]) + bytes(51) + (30_250).to_bytes(4, sys.byteorder)

    class Transport(asyncio.Transport):
        pass

    with Told() as told:
        peer = Peer(Transport())
        peer._socket = told
        assert peer.look() == Look(False, 30.25)
        peer._socket = None
