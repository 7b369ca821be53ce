"""The figures as Prometheus reads them: its text format, or OpenMetrics where that is asked for."""

from collections.abc import Iterable, Iterator, Mapping

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from service import __version__
from service.http.durations import BOUNDS
from service.ops.families import FAMILIES, SEPARATOR, SUM, Family, Kind

Labelled = Mapping[tuple[str, ...], float]


def exposed(figures: Mapping[str, float], accept: str) -> tuple[bytes, str]:
    """The text and its content type, for a client that accepts `accept`."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collector(figures))
    encode, content_type = choose_encoder(accept)
    return encode(registry), content_type


class _Collector(Collector):
    def __init__(self, figures: Mapping[str, float]) -> None:
        self._figures = figures

    def collect(self) -> Iterable[Metric]:
        """Each family with its series."""
        by_name: dict[str, dict[tuple[str, ...], float]] = {}
        for key, value in self._figures.items():
            name, *labels = key.split(SEPARATOR)
            by_name.setdefault(name, {})[tuple(labels)] = value
        build = GaugeMetricFamily("herdbook_build_info", "Which Herdbook this is.", labels=["version"])
        build.add_metric([__version__], 1)
        yield build
        for family in FAMILIES:
            series = by_name.get(family.name, {} if family.labels else {(): 0})
            yield _metric(family, series)


def _metric(family: Family, series: Labelled) -> Metric:
    match family.kind:
        case Kind.COUNT:
            return _plain(CounterMetricFamily(family.name, family.says, labels=family.labels), series)
        case Kind.STATE:
            return _plain(GaugeMetricFamily(family.name, family.says, labels=family.labels), series)
        case Kind.DURATION:
            metric = HistogramMetricFamily(family.name, family.says, labels=family.labels)
            for labels, buckets, total in _histograms(series):
                metric.add_metric(labels, buckets, total)
            return metric


def _plain(
    metric: CounterMetricFamily | GaugeMetricFamily, series: Labelled
) -> CounterMetricFamily | GaugeMetricFamily:
    for labels, value in sorted(series.items()):
        metric.add_metric(labels, value)
    return metric


def _histograms(series: Labelled) -> Iterator[tuple[list[str], list[tuple[str, float]], float]]:
    """Labels, how many were at most each bound, and the sum."""
    for labels in sorted({one[:-1] for one in series}):
        below, buckets = 0.0, []
        for bound in (*map(str, BOUNDS), "+Inf"):
            below += series.get((*labels, bound), 0)
            buckets.append((bound, below))
        yield list(labels), buckets, series.get((*labels, SUM), 0.0)
