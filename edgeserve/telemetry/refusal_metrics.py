"""The Prometheus metrics of what was refused to callers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prometheus_client import CollectorRegistry
    from prometheus_client.core import Metric

    from edgeserve.access.refusals import Refusals


class RefusalMetrics(Collector):
    """Asks for the counts when somebody looks."""

    def __init__(self, registry: CollectorRegistry, refusals: Refusals) -> None:
        """Show these counts from now on."""
        self._refusals = refusals
        registry.register(self)

    def collect(self) -> Iterator[Metric]:
        """All reasons, those that never were among them: a rate needs the zero before."""
        text = "Calls and frames refused to callers, by why or by the setting that limits them"
        family = CounterMetricFamily("edgeserve_refused", text, None, ["reason"])
        for reason, count in self._refusals.counts().items():
            family.add_metric([reason.value], count)
        yield family
