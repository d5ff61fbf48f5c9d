"""Serves the application until it is told to stop: `synclead serve`."""

import resource
import signal
import socket
import ssl
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import uvicorn
from sqlalchemy.engine import make_url

from synclead import logs, standstill
from synclead.app import Store, create_app, open_store
from synclead.logs import get_logger
from synclead.metrics.board import Board, BoardError, opened_board
from synclead.parent import end_with_parent
from synclead.protocol import TOLD, bounded_protocol
from synclead.settings import Settings, SettingsError, check
from synclead.store.errors import StoreError
from synclead.visible import visible

_BACKLOG = 2048
_OTHER_FILES = 64
"""Open files beside connections: the database, the log, the event loop's own."""

_log = get_logger()


class StartError(Exception):
    """The server cannot start; the message is a sentence for the operator."""


def serve(settings: Settings) -> int:
    """Serves until SIGTERM or SIGINT; gives the exit code.

    0: stopped as asked, everything accepted was answered. 1: refused, with one sentence on stderr.
    """
    logs.configure(settings.log_level)
    try:
        check(settings)
        with (
            _listen(settings.host, settings.port) as listener,
            opened_board(settings.workers) as board,
            _metrics_port(settings, board),
        ):
            if settings.workers == 1:
                return serve_on(settings, listener, board)
            # What is refused must be refused here, once: a worker that ends is replaced.
            _open(settings, Board())[1].release()
            from synclead.workers import supervise

            return supervise(settings, listener, board)
    except (SettingsError, StoreError, StartError, BoardError) as error:
        lines = error.lines if isinstance(error, StoreError) else (str(error),)
        print("synclead:", "\n".join(map(visible, lines)), file=sys.stderr)
        return 1


@contextmanager
def _metrics_port(settings: Settings, board: Board) -> Iterator[None]:
    """The port of the metrics for the length of a block, where one is set. Raises StartError."""
    if settings.metrics_port is None:
        yield
        return
    from synclead.metrics.port import MetricsPortError, metrics_port

    try:
        with metrics_port(settings.metrics_host, settings.metrics_port, board):
            yield
    except MetricsPortError as error:
        raise StartError(str(error)) from error


def serve_on(settings: Settings, listener: socket.socket, board: Board) -> int:
    """Serves in this process, on a bound socket, until SIGTERM or SIGINT; gives the exit code of `serve`.

    Raises StoreError and StartError: nothing was served.
    """
    _allow_files(settings.connection_limit + TOLD + _OTHER_FILES)
    config, _ = _open(settings, board)
    server = _Server(config, _address(settings, listener), settings.database)
    server.stop_on(signal.SIGTERM, signal.SIGINT)
    standstill.watch()
    if settings.end_with_stdin:
        end_with_parent()
    server.run(sockets=[listener])
    return 0 if server.started else 1


def _open(settings: Settings, board: Board) -> tuple[uvicorn.Config, Store]:
    """Everything that this process serves with. Raises StoreError and StartError."""
    store = open_store(settings, board)
    app = create_app(settings, store)
    config = uvicorn.Config(
        app,
        loop="uvloop",
        http=bounded_protocol(settings, store.meter.held, app.spoke_tls),
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        # The endpoint reads these headers itself, and from trusted proxies alone.
        proxy_headers=False,
        backlog=_BACKLOG,
        timeout_keep_alive=settings.keep_alive_timeout,
        timeout_graceful_shutdown=settings.shutdown_timeout,
        ssl_certfile=settings.tls_cert_file,
        ssl_keyfile=settings.tls_key_file,
    )
    try:
        config.load()
    except (OSError, ssl.SSLError) as error:
        store.release()
        raise StartError(f"the TLS files cannot be used: {error.strerror or error}") from error
    return config, store


class _Server(uvicorn.Server):
    """Says where it serves, and ends with success when it was asked to end."""

    def __init__(self, config: uvicorn.Config, address: str, database: str) -> None:
        super().__init__(config)
        self._address = address
        self._database = make_url(database).render_as_string(hide_password=True)

    def stop_on(self, *signals: signal.Signals) -> None:
        """A signal before the loop runs stops it too.

        uvicorn raises a signal again after it has stopped, for handlers that were there before; with
        the system's own that would end the process as if it had failed.
        """

        def stop(number: int, frame: FrameType | None) -> None:
            self.should_exit = True

        for one in signals:
            signal.signal(one, stop)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            _log.info("serving", url=self._address, database=self._database)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        _log.info("stopping")
        await super().shutdown(sockets)
        _log.info("stopped")


def _allow_files(wanted: int) -> None:
    """Raises the limit of open files as far as the system lets us: each connection is one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def _listen(host: str, port: int) -> socket.socket:
    """A bound socket. Raises StartError with what is in the way."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(
            host.strip("[]"), port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind)
    except OSError as error:
        raise StartError(f"cannot listen on {host}: {error.strerror or error}") from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise StartError(
            f"cannot listen on {host} port {port}: {(error.strerror or str(error)).lower()}; "
            "name another with --port or SYNCLEAD_PORT"
        ) from error
    return listener


def _address(settings: Settings, listener: socket.socket) -> str:
    host = f"[{settings.host}]" if ":" in settings.host.strip("[]") else settings.host
    scheme = "https" if settings.tls else "http"
    return f"{scheme}://{host}:{listener.getsockname()[1]}/soap/mktows/2_7"
