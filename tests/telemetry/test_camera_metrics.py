"""The metrics of cameras as a scraper reads them."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families

from edgeserve.telemetry.camera_metrics import CameraMetrics
from edgeserve.telemetry.metrics import Metrics


def samples(metrics: Metrics) -> dict[str, float]:
    text = metrics.render("")[0].decode()
    return {
        sample.name: sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.labels.get("camera") == "gate" and "le" not in sample.labels
    }


def test_a_camera_has_all_its_series_from_the_start_and_none_after_its_end() -> None:
    metrics = Metrics()
    cameras = CameraMetrics(metrics.registry)
    cameras.camera_added("gate")
    names = {name for name in samples(metrics) if not name.endswith("_created")}
    assert names == {
        "edgeserve_camera_failures_total",
        "edgeserve_camera_last_frame_timestamp_seconds",
        "edgeserve_camera_reconnects_total",
        "edgeserve_camera_stalls_total",
        "edgeserve_camera_watchers_let_go_total",
        "edgeserve_frame_age_seconds_count",
        "edgeserve_frame_age_seconds_sum",
    }
    cameras.camera_removed("gate")
    # Its thread may still have something to tell.
    cameras.camera_failed("gate")
    cameras.frame_read("gate", 5.0)
    cameras.frame_looked_at("gate", 5.0)
    assert samples(metrics) == {}


def test_what_happens_is_counted() -> None:
    metrics = Metrics()
    cameras = CameraMetrics(metrics.registry)
    cameras.camera_added("gate")
    cameras.camera_added("yard")
    for _ in range(2):
        cameras.camera_reconnected("gate")
    for _ in range(3):
        cameras.camera_stalled("gate")
    for _ in range(4):
        cameras.camera_failed("gate")
    cameras.watcher_let_go("gate")
    cameras.frame_read("gate", 1_800_000_000.5)
    cameras.frame_looked_at("gate", 0.25)
    found = samples(metrics)
    assert found["edgeserve_camera_reconnects_total"] == 2
    assert found["edgeserve_camera_stalls_total"] == 3
    assert found["edgeserve_camera_failures_total"] == 4
    assert found["edgeserve_camera_watchers_let_go_total"] == 1
    assert found["edgeserve_camera_last_frame_timestamp_seconds"] == 1_800_000_000.5
    assert found["edgeserve_frame_age_seconds_sum"] == 0.25
