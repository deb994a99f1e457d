"""What Prometheus sees of the sinks."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, generate_latest

from edgeserve.sinks.worker import Worker
from edgeserve.telemetry.sink_metrics import SinkMetrics


def test_each_sink_shows_what_it_delivered_dropped_and_holds() -> None:
    registry = CollectorRegistry()
    worker: Worker[int] = Worker("mqtt", 2, lambda item: item > 0)
    SinkMetrics(registry, [worker])
    for item in range(5):
        worker.put(item)
    shown = generate_latest(registry).decode()
    assert 'edgeserve_sink_waiting{sink="mqtt"} 2.0' in shown
    assert 'edgeserve_sink_dropped_total{sink="mqtt"} 3.0' in shown
    worker.put(0)
    worker.start()
    worker.close(60)
    shown = generate_latest(registry).decode()
    assert 'edgeserve_sink_delivered_total{sink="mqtt"} 1.0' in shown
    assert 'edgeserve_sink_failed_total{sink="mqtt"} 1.0' in shown
    assert 'edgeserve_sink_waiting{sink="mqtt"} 0.0' in shown
