"""The Prometheus metrics of where results go."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from prometheus_client import CollectorRegistry
    from prometheus_client.core import Metric


class Counts(Protocol):
    """How a sink did so far."""

    @property
    def delivered(self) -> int:
        """Items that arrived."""
        ...

    @property
    def failed(self) -> int:
        """Items that were tried and given up."""
        ...

    @property
    def dropped(self) -> int:
        """Items that were never tried."""
        ...

    @property
    def waiting(self) -> int:
        """Items in the queue now."""
        ...


class Counted(Protocol):
    """A sink."""

    name: str

    def counts(self) -> Counts:
        """How it did so far."""
        ...


class SinkMetrics(Collector):
    """Asks the sinks when somebody looks."""

    def __init__(self, registry: CollectorRegistry, sinks: Sequence[Counted]) -> None:
        """Show these sinks from now on."""
        self._sinks = sinks
        registry.register(self)

    def collect(self) -> Iterator[Metric]:
        """One family for each number."""
        label = ["sink"]
        delivered = CounterMetricFamily(
            "edgeserve_sink_delivered", "Items that arrived", None, label
        )
        failed = CounterMetricFamily("edgeserve_sink_failed", "Items given up", None, label)
        dropped = CounterMetricFamily("edgeserve_sink_dropped", "Items never tried", None, label)
        waiting = GaugeMetricFamily("edgeserve_sink_waiting", "Items in the queue", None, label)
        for sink in self._sinks:
            counts = sink.counts()
            delivered.add_metric([sink.name], counts.delivered)
            failed.add_metric([sink.name], counts.failed)
            dropped.add_metric([sink.name], counts.dropped)
            waiting.add_metric([sink.name], counts.waiting)
        yield from (delivered, failed, dropped, waiting)
