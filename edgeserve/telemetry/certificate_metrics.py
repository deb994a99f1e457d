"""The Prometheus metric of the server's certificate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from prometheus_client import CollectorRegistry
    from prometheus_client.core import Metric


class CertificateMetrics(Collector):
    """Asks when the certificate ends when somebody looks."""

    def __init__(self, registry: CollectorRegistry, expiry_unix_s: Callable[[], float]) -> None:
        """Show the certificate from now on.

        Args:
            registry: to show it in.
            expiry_unix_s: when the certificate in force ends, in seconds since 1970.
        """
        self._expiry_unix_s = expiry_unix_s
        registry.register(self)

    def collect(self) -> Iterator[Metric]:
        """One number."""
        yield GaugeMetricFamily(
            "edgeserve_certificate_expiry_timestamp_seconds",
            "When the server's certificate ends",
            self._expiry_unix_s(),
        )
