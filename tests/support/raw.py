"""HTTP byte by byte: for requests that no client library would send, and answers read without one."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Mapping

XML: Mapping[str, str] = {"Content-Type": "text/xml; charset=UTF-8", "SOAPAction": '"syncLead"'}
WITHIN = 30.0  # seconds: longer than any call may take


def post(port: int, body: bytes, headers: Mapping[str, str] = XML, path: str = "/soap/mktows/2_1") -> tuple[int, bytes]:
    """The status and body that a POST on a connection of its own is answered with."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=WITHIN)
    try:
        connection.request("POST", path, body, dict(headers))
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def connect(port: int) -> socket.socket:
    """A connection to the server."""
    return socket.create_connection(("127.0.0.1", port), timeout=WITHIN)


def exchange(port: int, request: bytes) -> bytes:
    """All that the server answers to bytes, until it closes the connection."""
    with connect(port) as connection:
        connection.sendall(request)
        return read_all(connection)


def read_all(connection: socket.socket) -> bytes:
    """What arrives until the other side closes."""
    parts = []
    while part := connection.recv(65536):
        parts.append(part)
    return b"".join(parts)
