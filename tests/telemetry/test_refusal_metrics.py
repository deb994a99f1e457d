"""What was refused, as a scraper reads it."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from edgeserve.access.refusals import Reason, Refusals
from edgeserve.telemetry.refusal_metrics import RefusalMetrics


def test_every_reason_has_a_series_from_the_beginning_and_counts_what_is_refused() -> None:
    registry, refusals = CollectorRegistry(), Refusals()
    RefusalMetrics(registry, refusals)

    def scraped() -> dict[str, float]:
        (family,) = text_string_to_metric_families(generate_latest(registry).decode())
        assert (family.name, family.type) == ("edgeserve_refused", "counter")
        return {sample.labels["reason"]: sample.value for sample in family.samples}

    assert scraped() == {reason.value: 0 for reason in Reason}
    refusals.add(Reason.MAX_STREAMS)
    refusals.add(Reason.MAX_STREAMS)
    refusals.add(Reason.UNAUTHENTICATED)
    assert scraped() == {reason.value: 0 for reason in Reason} | {
        "max_streams": 2,
        "unauthenticated": 1,
    }
