"""`/metrics` on the serving port: who may read it."""

from collections.abc import Callable
from functools import cached_property

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from synclead.metrics.board import Board
from synclead.settings import is_loopback

PATH = "/metrics"

_FORWARDED = frozenset(
    (b"x-forwarded-for", b"x-forwarded-host", b"x-forwarded-proto", b"x-real-ip", b"forwarded", b"via")
)
_REFUSAL = PlainTextResponse("Metrics are shown to this machine alone. For others, serve with --metrics-port.\n", 403)


class Page:
    """The ASGI function of `/metrics` on the serving port: for this machine alone."""

    def __init__(self, board: Board, refresh: Callable[[], None]) -> None:
        """`refresh` brings the board's figures of this process up to date."""
        self._board = board
        self._refresh = refresh

    @cached_property
    def _answer(self) -> ASGIApp:
        # The library is loaded for who asks for metrics, and not at every start.
        from prometheus_client import make_asgi_app

        from synclead.metrics.families import registry

        return make_asgi_app(registry(self._board))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if is_local(scope):
            self._refresh()
            await self._answer(scope, receive, send)
        else:
            await _REFUSAL(scope, receive, send)


def is_local(scope: Scope) -> bool:
    """Whether a request comes from this machine itself, and not from a stranger through a proxy or a browser on it."""
    client = scope.get("client")
    forwarded = any(name in _FORWARDED for name, _ in scope["headers"])
    return client is not None and is_loopback(client[0]) and not forwarded and has_own_host(scope)


def has_own_host(scope: Scope) -> bool:
    """Whether a request names this machine as its host: loopback, or the address that it came to.

    A page of a browser on this machine can have a name that leads here, and then reads what is shown to this machine.
    """
    hosts = [value.decode("latin-1") for name, value in scope["headers"] if name == b"host"]
    own = scope.get("server")
    return all(is_own_host(host, own[0] if own else "") for host in hosts)


def is_own_host(host: str, address: str) -> bool:
    """Whether the value of a Host header is loopback, or that address; with any port or none."""
    name = host.strip().lower()
    name = name.partition("]")[0] if name.startswith("[") else name.partition(":")[0]
    name = name.strip("[]").rstrip(".")
    return name == "" or is_loopback(name) or name == address.strip("[]").lower()
