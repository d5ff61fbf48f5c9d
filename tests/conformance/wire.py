"""Between a stack and the server: passes every byte on, and keeps what the stack sent, connection by connection."""

from __future__ import annotations

import re
import socket
import threading
from contextlib import suppress
from types import TracebackType
from typing import Self

_HEAD = re.compile(rb"(GET|POST) (/\S*) HTTP/(1\.[01])\r\n(.*?)\r\n\r\n", re.DOTALL)


class Request:
    """The head of a request as it went over the wire."""

    def __init__(self, method: str, target: str, version: str, head: str) -> None:
        self.method = method
        self.target = target
        self.version = version
        self.headers = {
            name.strip().lower(): value.strip()
            for name, _, value in (line.partition(":") for line in head.split("\r\n"))
        }

    @property
    def asks_to_close(self) -> bool:
        """Whether the connection ends after it."""
        stated = {option.strip().lower() for option in self.headers.get("connection", "").split(",")}
        return "close" in stated or (self.version == "1.0" and "keep-alive" not in stated)


class Wire:
    """Listens on a port of its own and forwards each connection to the server's."""

    def __init__(self, port: int) -> None:
        self._target = ("127.0.0.1", port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._sent: list[bytearray] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.close()

    @property
    def connections(self) -> list[list[Request]]:
        """The requests of each connection so far."""
        return [_requests(bytes(sent)) for sent in list(self._sent)]

    @property
    def requests(self) -> list[Request]:
        """All requests so far."""
        return [request for connection in self.connections for request in connection]

    @property
    def sent(self) -> bytes:
        """Everything that was sent so far."""
        return b"".join(bytes(sent) for sent in self._sent)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                sent = bytearray()
                self._sent.append(sent)
                server = socket.create_connection(self._target)
                threading.Thread(target=_pass_on, args=(client, server, sent), daemon=True).start()
                threading.Thread(target=_pass_on, args=(server, client, None), daemon=True).start()


def _requests(sent: bytes) -> list[Request]:
    found = []
    for method, target, version, head in _HEAD.findall(sent):
        found.append(Request(method.decode(), target.decode("latin-1"), version.decode(), head.decode("latin-1")))
    return found


def _pass_on(source: socket.socket, target: socket.socket, copy: bytearray | None) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            if copy is not None:
                copy += data
            target.sendall(data)
    for end in (source, target):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
            end.close()
