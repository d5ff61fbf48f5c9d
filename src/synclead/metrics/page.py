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
    """Whether a request comes from this machine itself, and not from a stranger through a proxy on it."""
    client = scope.get("client")
    forwarded = any(name in _FORWARDED for name, _ in scope["headers"])
    return client is not None and is_loopback(client[0]) and not forwarded
