"""The Prometheus metrics of traces."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prometheus_client import CollectorRegistry
    from prometheus_client.core import Metric

    from edgeserve.telemetry.traces import FrameTraces


class TraceMetrics(Collector):
    """Asks the traces when somebody looks."""

    def __init__(self, registry: CollectorRegistry, traces: FrameTraces) -> None:
        """Show these traces from now on."""
        self._traces = traces
        registry.register(self)

    def collect(self) -> Iterator[Metric]:
        """How many frames arrived at the collector, and how many did not."""
        counts = self._traces.counts()
        text = "Frames chosen for a trace, by what became of it"
        family = CounterMetricFamily("edgeserve_traced_frames", text, None, ["outcome"])
        family.add_metric(["delivered"], counts.delivered)
        family.add_metric(["failed"], counts.failed)
        family.add_metric(["dropped"], counts.dropped)
        yield family
