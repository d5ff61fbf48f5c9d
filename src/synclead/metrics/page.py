"""`/metrics`: the figures in the words of Prometheus, and who may read them on the serving port."""

from collections.abc import Callable, Iterable, Mapping

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector, make_asgi_app
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from synclead.metrics import figures
from synclead.metrics.board import Board, is_alive
from synclead.settings import is_loopback

PATH = "/metrics"

_FORWARDED = frozenset(
    (b"x-forwarded-for", b"x-forwarded-host", b"x-forwarded-proto", b"x-real-ip", b"forwarded", b"via")
)
_REFUSAL = PlainTextResponse("Metrics are shown to this machine alone. For others, serve with --metrics-port.\n", 403)


def registry(board: Board) -> CollectorRegistry:
    """What prometheus-client shows. Its collectors of the process itself only where there is one process."""
    found = CollectorRegistry(auto_describe=True)
    found.register(_Figures(board))
    if board.folder is None:
        ProcessCollector(registry=found)
        PlatformCollector(registry=found)
        GCCollector(registry=found)
    return found


class _Figures(Collector):
    """The figures of a board as families of samples."""

    def __init__(self, board: Board) -> None:
        self._board = board

    def collect(self) -> Iterable[Metric]:
        """See prometheus-client."""
        numbers = figures.together(self._board.all(), is_alive)
        return [_family(metric, numbers[metric.name]) for metric in figures.METRICS]


def _family(metric: figures.Metric, rows: Mapping[figures.Labels, list[float]]) -> Metric:
    if metric.kind == "histogram":
        histogram = HistogramMetricFamily(metric.name, metric.text, labels=metric.labels)
        for labels, row in rows.items():
            histogram.add_metric(labels, _buckets(metric.buckets, row), row[-1])
        return histogram
    kind = CounterMetricFamily if metric.kind == "counter" else GaugeMetricFamily
    family = kind(metric.name, metric.text, labels=metric.labels)
    for labels, row in rows.items():
        family.add_metric(labels, row[0])
    return family


def _buckets(bounds: tuple[float, ...], row: list[float]) -> list[tuple[str, float]]:
    """Each bucket's bound and how many values do not go beyond it."""
    found, total = [], 0.0
    for bound, count in zip((*(str(float(one)) for one in bounds), "+Inf"), row[:-1], strict=True):
        total += count
        found.append((bound, total))
    return found


class Page:
    """The ASGI function of `/metrics` on the serving port: for this machine alone."""

    def __init__(self, board: Board, refresh: Callable[[], None]) -> None:
        """`refresh` brings the board's figures of this process up to date."""
        self._answer = make_asgi_app(registry(board))
        self._refresh = refresh

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
