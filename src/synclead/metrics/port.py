"""`--metrics-port`: the metrics on a port of their own, for those who watch from elsewhere."""

import socket
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import make_wsgi_app

from synclead.logs import get_logger
from synclead.metrics.board import Board
from synclead.metrics.families import registry
from synclead.metrics.page import PATH, is_own_host
from synclead.settings import is_loopback

_CLIENT_SECONDS = 10.0
"""In which a client sends its request and takes its answer, both together."""
_AT_ONCE = 16
"""Clients; any more are closed at once."""

_log = get_logger()


class MetricsPortError(Exception):
    """The port of the metrics cannot be opened; the message is a sentence for the operator."""


@contextmanager
def metrics_port(host: str, number: int, board: Board) -> Iterator[None]:
    """Shows a board's figures for the length of a block. Raises MetricsPortError."""
    port = MetricsPort(host, number, board)
    try:
        yield
    finally:
        port.close()


class MetricsPort:
    """Answers in threads of its own: also while the event loop stands still or all connections are taken."""

    def __init__(self, host: str, port: int, board: Board) -> None:
        """Opens the port; 0 takes a free one, which the log names. Raises MetricsPortError."""
        host = host.strip("[]")
        try:
            family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[
                0
            ]
            kind: type[WSGIServer] = type("_Server", (_Server,), {"address_family": family})
            app = _only(make_wsgi_app(registry(board)), host if is_loopback(host) else None)
            self._server = make_server(str(address[0]), port, app, kind, _Handler)
        except OSError as error:
            raise MetricsPortError(
                f"cannot show metrics on {host} port {port}: {(error.strerror or str(error)).lower()}; "
                "name another with --metrics-port or SYNCLEAD_METRICS_PORT"
            ) from error
        threading.Thread(target=self._server.serve_forever, name="synclead-metrics", daemon=True).start()
        shown = f"[{host}]" if ":" in host else host
        _log.info("metrics", url=f"http://{shown}:{self._server.server_port}{PATH}")

    def close(self) -> None:
        """Ends it."""
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._room = threading.BoundedSemaphore(_AT_ONCE)

    def process_request(self, request: Any, client_address: Any) -> None:
        if self._room.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        # A client that sends a byte now and then, or takes one, must not keep its thread either.
        end = threading.Timer(_CLIENT_SECONDS, _cut, (request,))
        end.daemon = True
        end.start()
        try:
            super().process_request_thread(request, client_address)
        finally:
            end.cancel()
            self._room.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that was cut off is no error of ours."""


def _cut(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


class _Handler(WSGIRequestHandler):
    timeout = _CLIENT_SECONDS  # a silent client must not keep its thread

    def log_message(self, format: str, *args: Any) -> None:
        """Who asks for metrics is not logged: it happens every few seconds."""


def _only(metrics: Any, loopback: str | None) -> Any:
    """A WSGI application that answers nothing but the path of the metrics; with `loopback`, for this machine alone."""

    def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if loopback is not None and not is_own_host(environ.get("HTTP_HOST", ""), loopback):
            start_response("403 Forbidden", [("Content-Type", "text/plain; charset=utf-8")])
            return [b"Metrics are shown to this machine alone: name it as localhost.\n"]
        if environ["PATH_INFO"] == PATH:
            shown: Iterable[bytes] = metrics(environ, start_response)
            return shown
        start_response("404 Not Found", [("Content-Type", "text/plain; charset=utf-8")])
        return [f"There is nothing here. The metrics are at {PATH}\n".encode()]

    return app
