"""The metrics as a scraper reads them."""

from __future__ import annotations

from dataclasses import replace
from importlib import metadata
from typing import TYPE_CHECKING

import pytest
from prometheus_client import Counter, Gauge, Histogram
from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client.parser import text_string_to_metric_families

from edgeserve.domain.result import DropReason, ErrorCode, FrameResult, StageTimes, Status
from edgeserve.domain.status import EngineStatus, ModelStatus
from edgeserve.pipeline.configuration import Configuration
from edgeserve.telemetry.metrics import Metrics

if TYPE_CHECKING:
    from collections.abc import Mapping

EDGES = [
    0.0005, 0.001, 0.002, 0.005, 0.01, 0.0167, 0.025, 0.0333, 0.05, 0.0667, 0.1, 0.2, 0.5, 1.0, 2.5,
    float("inf"),
]  # fmt: skip
STAGES = StageTimes(
    decode_us=2_000,
    preprocess_us=400,
    queue_us=30_000,
    infer_us=12_000,
    postprocess_us=600,
)
OK = FrameResult(
    frame_id=1,
    status=Status.OK,
    stages=STAGES,
    latency_us=45_000,
    model="tiny",
    version="3",
    device="openvino:CPU",
)

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


class Scrape:
    """All samples by name and labels."""

    def __init__(self, metrics: Metrics) -> None:
        text, content_type = metrics.render("text/plain")
        assert content_type.startswith("text/plain")
        self.types: dict[str, str] = {}
        self.samples: Samples = {}
        for family in text_string_to_metric_families(text.decode()):
            self.types[family.name] = family.type
            assert family.documentation
            for sample in family.samples:
                self.samples[sample.name, frozenset(sample.labels.items())] = sample.value

    def value(self, name: str, **labels: str) -> float | None:
        return self.samples.get((name, frozenset(labels.items())))

    def labels(self, name: str) -> list[Mapping[str, str]]:
        return [dict(labels) for sample, labels in self.samples if sample == name]

    def edges(self, name: str, **labels: str) -> list[float]:
        found = [one for one in self.labels(f"{name}_bucket") if labels.items() <= one.items()]
        return sorted(float(one["le"]) for one in found)


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


def test_counts_follow_the_results(metrics: Metrics) -> None:
    dropped = FrameResult(2, Status.DROPPED, drop_reason=DropReason.REPLACED, latency_us=7)
    failed = FrameResult(3, Status.ERROR, error_code=ErrorCode.INVALID_IMAGE, latency_us=7)
    for _ in range(6):
        metrics.frame_received("grpc")
    metrics.frame_received("door")
    for result in (OK, OK, dropped, failed):
        metrics.frame_finished("grpc", result)
    metrics.frame_finished("door", OK)
    metrics.frame_discarded("grpc")
    scrape = Scrape(metrics)
    assert scrape.value("edgeserve_frames_received_total", source="grpc") == 6
    assert scrape.value("edgeserve_frames_received_total", source="door") == 1
    results = "edgeserve_results_total"
    assert scrape.value(results, source="grpc", status="ok") == 2
    assert scrape.value(results, source="grpc", status="dropped") == 1
    assert scrape.value(results, source="grpc", status="error") == 1
    assert scrape.value(results, source="door", status="ok") == 1
    frames_dropped = "edgeserve_frames_dropped_total"
    assert scrape.value(frames_dropped, source="grpc", reason="replaced") == 1
    assert scrape.value(frames_dropped, source="grpc", reason="stream_ended") == 1
    assert scrape.value(frames_dropped, source="door", reason="replaced") == 0


@pytest.mark.parametrize("reason", list(DropReason))
def test_every_drop_is_counted_by_its_reason(metrics: Metrics, reason: DropReason) -> None:
    metrics.frame_finished("grpc", FrameResult(1, Status.DROPPED, drop_reason=reason))
    name = "edgeserve_frames_dropped_total"
    assert Scrape(metrics).value(name, source="grpc", reason=reason.value) == 1


def test_times_of_frames_that_ran_go_to_their_stage_and_to_the_latency(metrics: Metrics) -> None:
    metrics.frame_finished("grpc", OK)
    metrics.frame_finished("grpc", OK)
    scrape, stage = Scrape(metrics), "edgeserve_stage_duration_seconds"
    expected_s = {
        "decode": 0.002,
        "preprocess": 0.0004,
        "queue": 0.03,
        "infer": 0.012,
        "postprocess": 0.0006,
    }
    for name, seconds in expected_s.items():
        labels = {"model": "tiny", "device": "openvino:CPU", "stage": name}
        assert scrape.value(f"{stage}_count", **labels) == 2
        assert scrape.value(f"{stage}_sum", **labels) == pytest.approx(2 * seconds)
    assert {one["stage"] for one in scrape.labels(f"{stage}_count")} == set(expected_s)
    latency = "edgeserve_frame_latency_seconds"
    assert scrape.value(f"{latency}_sum", model="tiny") == pytest.approx(0.09)
    assert scrape.value(f"{latency}_bucket", model="tiny", le="0.0333") == 0
    assert scrape.value(f"{latency}_bucket", model="tiny", le="0.05") == 2


def test_frames_that_did_not_run_have_no_times(metrics: Metrics) -> None:
    metrics.frame_finished("grpc", FrameResult(1, Status.DROPPED, drop_reason=DropReason.EXPIRED))
    metrics.frame_finished("grpc", FrameResult(2, Status.ERROR, error_code=ErrorCode.INTERNAL))
    scrape = Scrape(metrics)
    assert scrape.labels("edgeserve_frame_latency_seconds_count") == []
    assert scrape.labels("edgeserve_stage_duration_seconds_count") == []


def test_edges_are_made_for_frames(metrics: Metrics) -> None:
    metrics.frame_finished("grpc", OK)
    scrape = Scrape(metrics)
    assert scrape.edges("edgeserve_frame_latency_seconds", model="tiny") == EDGES
    labels = {"model": "tiny", "device": "openvino:CPU", "stage": "infer"}
    assert scrape.edges("edgeserve_stage_duration_seconds", **labels) == EDGES


def test_levels_rise_and_fall(metrics: Metrics) -> None:
    for change in (1, 1, 1, -1):
        metrics.streams(change)
        metrics.in_flight("openvino:CPU", change)
    scrape = Scrape(metrics)
    assert scrape.value("edgeserve_streams") == 2
    assert scrape.value("edgeserve_requests_in_flight", device="openvino:CPU") == 2
    assert scrape.types["edgeserve_streams"] == "gauge"


def test_a_device_tells_its_configuration_and_how_often_it_changed(metrics: Metrics) -> None:
    for active in (Configuration.LATENCY, Configuration.THROUGHPUT, Configuration.LATENCY):
        metrics.configuration("openvino:CPU", active)
    metrics.configuration("openvino:GPU", Configuration.THROUGHPUT)
    scrape, name = Scrape(metrics), "edgeserve_configuration"

    def state(device: str, configuration: str) -> float | None:
        return scrape.value(name, device=device, edgeserve_configuration=configuration)

    assert [state("openvino:CPU", one) for one in ("latency", "throughput")] == [1, 0]
    assert [state("openvino:GPU", one) for one in ("latency", "throughput")] == [0, 1]
    switches = "edgeserve_configuration_switches_total"
    assert scrape.value(switches, device="openvino:CPU") == 2
    assert scrape.value(switches, device="openvino:GPU") == 0


def test_batches_and_waiting_bytes_are_told(metrics: Metrics) -> None:
    for frames in (1, 4, 8):
        metrics.batch("onnxruntime:CUDA", frames)
    for change in (1000, 500, -1000):
        metrics.waiting_bytes(change)
    scrape, name = Scrape(metrics), "edgeserve_batch_frames"
    assert scrape.value(f"{name}_sum", device="onnxruntime:CUDA") == 13
    assert scrape.value(f"{name}_count", device="onnxruntime:CUDA") == 3
    assert scrape.value(f"{name}_bucket", device="onnxruntime:CUDA", le="4.0") == 2
    assert scrape.value("edgeserve_waiting_bytes") == 500


def test_models_tell_their_engine_and_whether_they_are_ready(metrics: Metrics) -> None:
    engine = EngineStatus("onnxruntime", "cuda,cpu", "onnxruntime:CPU", "no CUDA", "int8")
    metrics.models.tell(
        [
            ModelStatus("tiny", "3", ready=True, engine=engine),
            ModelStatus("broken", "", ready=False, reason="sha256"),
        ],
    )
    metrics.models.loaded("tiny", 1.25)
    scrape = Scrape(metrics)
    assert scrape.value("edgeserve_model_ready", model="tiny", version="3") == 1
    assert scrape.value("edgeserve_model_ready", model="broken", version="") == 0
    assert scrape.value("edgeserve_model_load_seconds", model="tiny") == 1.25
    info = {
        "model": "tiny",
        "version": "3",
        "runtime": "onnxruntime",
        "requested": "cuda,cpu",
        "chosen": "onnxruntime:CPU",
        "precision": "int8",
        "reason": "no CUDA",
    }
    assert scrape.value("edgeserve_engine_info", **info) == 1
    assert scrape.value("edgeserve_model_loads_total", model="tiny", outcome="good") == 1
    assert scrape.value("edgeserve_model_loads_total", model="tiny", outcome="refused") == 0


def test_a_version_that_left_leaves_no_series_and_its_name_keeps_its_counts(
    metrics: Metrics,
) -> None:
    engine = EngineStatus("openvino", "cpu", "openvino:CPU", "", "int8")
    metrics.models.tell([ModelStatus("tiny", "1", ready=True, engine=engine)])
    metrics.models.verified("tiny", "1", passed=True)
    metrics.frame_finished("grpc", replace(OK, model="tiny", device="openvino:CPU"))
    metrics.models.tell([ModelStatus("tiny", "2", ready=True, engine=engine)])
    scrape = Scrape(metrics)
    assert not any(("version", "1") in labels for _, labels in scrape.samples)
    assert scrape.value("edgeserve_frame_latency_seconds_count", model="tiny") == 1
    assert scrape.value("edgeserve_model_ready", model="tiny", version="2") == 1


def test_a_name_that_left_leaves_its_loads_only_and_counts_anew_when_it_comes_back(
    metrics: Metrics,
) -> None:
    engine = EngineStatus("openvino", "cpu", "openvino:CPU", "", "int8")
    served = [ModelStatus("tiny", "1", ready=True, engine=engine)]
    seen = replace(OK, model="tiny", device="openvino:CPU")
    metrics.models.tell(served)
    metrics.models.loaded("tiny", 1.0)
    metrics.frame_finished("grpc", seen)
    metrics.models.tell([])
    left = {name for name, labels in Scrape(metrics).samples if ("model", "tiny") in labels}
    assert left == {"edgeserve_model_loads_total"}
    metrics.models.tell(served)
    metrics.frame_finished("grpc", seen)
    scrape = Scrape(metrics)
    assert scrape.value("edgeserve_frame_latency_seconds_count", model="tiny") == 1
    counted = {"model": "tiny", "device": "openvino:CPU", "stage": "infer"}
    assert scrape.value("edgeserve_stage_duration_seconds_count", **counted) == 1


def test_program_and_process_are_there(metrics: Metrics) -> None:
    scrape = Scrape(metrics)
    version = metadata.version("edgeserve")
    assert scrape.value("edgeserve_build_info", version=version) == 1
    assert (scrape.value("process_resident_memory_bytes") or 0) > 0


def test_openmetrics_is_written_where_it_is_asked_for(metrics: Metrics) -> None:
    metrics.frame_finished("grpc", OK)
    text, content_type = metrics.render("application/openmetrics-text; version=1.0.0")
    assert content_type.startswith("application/openmetrics-text")
    families = openmetrics.text_string_to_metric_families(text.decode())  # type: ignore[no-untyped-call]
    names = {family.name for family in families}
    assert {"edgeserve_results", "edgeserve_stage_duration_seconds"} <= names


def test_two_servers_in_one_process_count_apart() -> None:
    first, second = Metrics(), Metrics()
    first.frame_received("grpc")
    assert Scrape(second).value("edgeserve_frames_received_total", source="grpc") is None


def test_children_are_resolved_once_not_per_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    resolved: list[str] = []

    def watched(kind: type[Counter | Gauge | Histogram]) -> None:
        labels = kind.labels

        def watch(family: Counter, *values: str) -> object:
            resolved.extend(values)
            return labels(family, *values)

        monkeypatch.setattr(kind, "labels", watch)

    for kind in (Counter, Gauge, Histogram):
        watched(kind)
    metrics = Metrics()

    def frame(result: FrameResult) -> None:
        metrics.frame_received("grpc")
        metrics.waiting_bytes(100)
        metrics.waiting_bytes(-100)
        metrics.batch("openvino:CPU", 1)
        metrics.in_flight("openvino:CPU", 1)
        metrics.in_flight("openvino:CPU", -1)
        metrics.frame_finished("grpc", result)

    dropped = FrameResult(2, Status.DROPPED, drop_reason=DropReason.REPLACED)
    frame(OK)
    frame(dropped)
    assert {"grpc", "openvino:CPU", "tiny", "infer", "ok", "replaced"} <= set(resolved)
    resolved.clear()
    for _ in range(3):
        frame(OK)
        frame(dropped)
    assert resolved == []
    assert Scrape(metrics).value("edgeserve_frames_received_total", source="grpc") == 8


def test_a_source_shows_all_its_series_from_its_first_frame() -> None:
    metrics = Metrics()
    metrics.frame_received("gate")
    text = metrics.render("")[0].decode()
    for status in ("ok", "dropped", "error"):
        assert f'edgeserve_results_total{{source="gate",status="{status}"}} 0.0' in text
    for reason in ("replaced", "expired", "queue_full", "shutdown", "stream_ended"):
        assert f'edgeserve_frames_dropped_total{{reason="{reason}",source="gate"}} 0.0' in text
