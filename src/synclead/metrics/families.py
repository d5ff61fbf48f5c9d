"""The figures in the words of Prometheus."""

from collections.abc import Iterable, Mapping

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from synclead.metrics import figures
from synclead.metrics.board import Board, is_alive


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
