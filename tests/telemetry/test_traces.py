"""Traces of a real server, as a real collector gets them."""

from __future__ import annotations

import logging
import socket
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import grpc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeserve.access.limits import Limits
from edgeserve.domain.origin import NOBODY, Origin, origin_of_call
from edgeserve.domain.result import DropReason, FrameResult, StageTimes, Status
from edgeserve.serving.options import ServingOptions
from edgeserve.serving.server import GrpcServer
from edgeserve.telemetry.metrics import Metrics
from edgeserve.telemetry.otlp import OtlpExporter, stages_of
from edgeserve.telemetry.trace_metrics import TraceMetrics
from edgeserve.telemetry.traces import FrameTraces
from edgeserve.wire._generated import detection_pb2 as pb
from edgeserve.wire._generated.detection_pb2_grpc import DetectionServiceStub
from tests import fakes
from tests.telemetry.collector import Collector, attributes
from tests.waiting import PATIENCE_S, wait_until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from edgeserve.wire._generated.detection_pb2_grpc import DetectionServiceAsyncStub

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
SAMPLED, UNSAMPLED = f"00-{TRACE}-{SPAN}-01", f"00-{TRACE}-{SPAN}-00"
OK = FrameResult(1, Status.OK, latency_us=45_000, model="tiny")
OPENMETRICS = "application/openmetrics-text; version=1.0.0"


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector() as one:
        yield one


@contextmanager
def tracing(endpoint: str, ratio: float = 1.0, queue_frames: int = 2048) -> Iterator[FrameTraces]:
    traces = FrameTraces(OtlpExporter(endpoint), ratio, queue_frames=queue_frames)
    traces.start()
    try:
        yield traces
    finally:
        traces.close(PATIENCE_S)
        wait_until(lambda: not traces._thread.is_alive(), "the thread ends")


@asynccontextmanager
async def serving(
    traces: FrameTraces, metrics: Metrics | None = None
) -> AsyncIterator[DetectionServiceAsyncStub]:
    """A server with the fake engine, and a client's stub."""
    models = fakes.served_models(observer=metrics or Metrics(traces))
    server = GrpcServer(models, list, Limits(), ServingOptions(listen="127.0.0.1:0"))
    try:
        address = await server.start()
        async with grpc.aio.insecure_channel(address) as channel:
            yield DetectionServiceStub(channel)
    finally:
        await server.stop()
        models.close()


def frame(frame_id: int = 1, data: bytes | None = None) -> pb.Frame:
    image = pb.Image(data=fakes.jpeg() if data is None else data)
    return pb.Frame(frame_id=frame_id, image=image)


def detect_request(frame_id: int = 1, data: bytes | None = None) -> pb.DetectRequest:
    return pb.DetectRequest(frame=frame(frame_id, data))


def closed_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


@pytest.mark.asyncio
async def test_a_frame_is_a_span_and_its_stages_are_its_children(collector: Collector) -> None:
    with tracing(collector.endpoint) as traces:
        async with serving(traces) as stub:
            answer = await stub.Detect(detect_request(frame_id=41))
    (span,) = collector.frames(1)
    stages = collector.children(span)
    told = attributes(span)
    assert told.pop("stream") >= 1
    assert told == {
        "source": "grpc",
        "frame_id": 41,
        "status": "ok",
        "model": answer.result.model,
        "version": answer.result.version,
        "device": "fake:CPU",
        "detections": 1,
    }
    assert [one.name for one in stages] == ["queue", "decode", "preprocess", "infer", "postprocess"]
    assert {one.trace_id for one in stages} == {span.trace_id}
    assert len({one.span_id for one in (span, *stages)}) == 6
    assert not span.parent_span_id
    times = answer.result.stages
    expected_us = (
        times.queue_us,
        times.decode_us,
        times.preprocess_us,
        times.infer_us,
        times.postprocess_us,
    )
    assert [
        (one.end_time_unix_nano - one.start_time_unix_nano) // 1000 for one in stages
    ] == pytest.approx(expected_us, abs=1)
    assert stages[0].start_time_unix_nano == span.start_time_unix_nano
    assert stages[-1].end_time_unix_nano == span.end_time_unix_nano
    assert collector.resource is not None
    resource = {one.key: one.value.string_value for one in collector.resource.attributes}
    assert resource["service.name"] == "edgeserve"


@pytest.mark.asyncio
async def test_a_clients_trace_goes_on_in_its_call_and_in_every_frame_of_its_stream(
    collector: Collector,
) -> None:
    metadata = (("traceparent", SAMPLED), ("tracestate", "vendor=1"))
    # The client's word counts: the ratio of 0 is for those who say nothing.
    with tracing(collector.endpoint, ratio=0) as traces:
        async with serving(traces) as stub:
            await stub.Detect(detect_request(), metadata=metadata)
            call = stub.StreamDetect(metadata=metadata)
            await call.write(pb.StreamDetectRequest(config=pb.StreamConfig()))
            for number in range(3):
                await call.write(pb.StreamDetectRequest(frame=frame(number)))
                await call.read()
            await call.done_writing()
            await stub.Detect(detect_request())
    spans = collector.frames(4)
    assert len(spans) == 4
    assert {span.trace_id.hex() for span in spans} == {TRACE}
    assert {span.parent_span_id.hex() for span in spans} == {SPAN}
    assert {span.trace_state for span in spans} == {"vendor=1"}
    streams = [attributes(span)["stream"] for span in spans]
    assert streams[0] != streams[1] == streams[2] == streams[3]


@pytest.mark.asyncio
async def test_what_a_client_does_not_record_is_not_recorded_here(collector: Collector) -> None:
    with tracing(collector.endpoint) as traces:
        async with serving(traces) as stub:
            await stub.Detect(detect_request(), metadata=(("traceparent", UNSAMPLED),))
            await stub.Detect(detect_request(2))
    (span,) = collector.frames(1)
    assert attributes(span)["frame_id"] == 2


@pytest.mark.parametrize("header", ["", "nonsense", f"00-{'0' * 32}-{SPAN}-01", "00-12-34-01"])
def test_a_trace_context_that_is_not_valid_counts_as_none(
    header: str, collector: Collector
) -> None:
    with tracing(collector.endpoint) as traces:
        trace_id = traces.frame_finished("grpc", OK, Origin(stream=1, traceparent=header))
    (span,) = collector.frames(1)
    assert trace_id == int.from_bytes(span.trace_id, "big") != int(TRACE, 16)
    assert not span.parent_span_id


@pytest.mark.asyncio
async def test_dropped_and_broken_frames_say_what_became_of_them(collector: Collector) -> None:
    dropped = FrameResult(7, Status.DROPPED, drop_reason=DropReason.REPLACED, latency_us=2_000)
    with tracing(collector.endpoint) as traces:
        async with serving(traces) as stub:
            with pytest.raises(grpc.aio.AioRpcError):
                await stub.Detect(detect_request(data=b"no picture"))
        traces.frame_finished("gate", dropped, Origin(camera="gate"))
    broken, replaced = collector.frames(2)
    assert collector.children(broken) == []
    assert [one.name for one in collector.children(replaced)] == ["queue"]
    assert broken.status.code == broken.status.STATUS_CODE_ERROR
    assert broken.status.message
    assert attributes(broken)["error_code"] == "invalid_image"
    assert attributes(replaced)["drop_reason"] == "replaced"
    assert attributes(replaced)["camera"] == "gate"
    assert replaced.status.code == replaced.status.STATUS_CODE_UNSET


def test_any_frame_id_of_a_client_can_be_told(collector: Collector) -> None:
    with tracing(collector.endpoint) as traces:
        for frame_id in (2**63 - 1, 2**64 - 1):
            traces.frame_finished("grpc", replace(OK, frame_id=frame_id), NOBODY)
    told = [attributes(span)["frame_id"] for span in collector.frames(2)]
    assert told == [2**63 - 1, str(2**64 - 1)]


def test_a_trace_context_that_is_too_long_is_not_kept() -> None:
    assert origin_of_call(SAMPLED, "a=b").tracestate == "a=b"
    assert origin_of_call(SAMPLED, "a=" + 512 * "b").traceparent == ""
    assert origin_of_call(SAMPLED + 512 * "0").traceparent == ""


def test_the_ratio_is_the_share_of_frames_that_are_traced(collector: Collector) -> None:
    traces = FrameTraces(OtlpExporter(collector.endpoint), 0.25, queue_frames=10_000)
    chosen = [traces.frame_finished("grpc", OK, NOBODY) for _ in range(8000)]
    assert 1500 < sum(one is not None for one in chosen) < 2500
    traces.close(0)


@pytest.mark.asyncio
async def test_a_dead_collector_costs_traces_only(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "1")
    caplog.set_level(logging.WARNING, "edgeserve.telemetry.traces")
    metrics = Metrics()
    with tracing(closed_port(), queue_frames=2) as traces:
        TraceMetrics(metrics.registry, traces)
        async with serving(traces) as stub:
            for number in range(6):
                answer = await stub.Detect(detect_request(number))
                assert answer.result.status == pb.RESULT_STATUS_OK
        wait_until(lambda: traces.counts().failed, "a batch is given up")
        for _ in range(20):
            traces.frame_finished("grpc", OK, NOBODY)
            assert len(traces._queue) <= 2
    lines = [one for one in caplog.records if one.name == "edgeserve.telemetry.traces"]
    assert len(lines) == 1
    counts = traces.counts()
    assert counts.delivered == 0
    assert counts.failed + counts.dropped == 26
    text = metrics.render("")[0].decode()
    assert f'edgeserve_traced_frames_total{{outcome="dropped"}} {counts.dropped:.1f}' in text


def test_a_collector_that_hangs_holds_nobody_up(collector: Collector) -> None:
    collector.hang()
    traces = FrameTraces(OtlpExporter(collector.endpoint), 1.0, queue_frames=10)
    traces.start()
    for _ in range(100):
        traces.frame_finished("grpc", OK, NOBODY)
    traces.close(0.1)
    wait_until(lambda: not traces._thread.is_alive(), "the thread ends")
    counts = traces.counts()
    assert counts.delivered == 0
    assert counts.failed + counts.dropped == 100


def test_what_waits_is_delivered_at_the_end(collector: Collector) -> None:
    with tracing(collector.endpoint) as traces:
        for _ in range(200):
            traces.frame_finished("grpc", OK, NOBODY)
    assert traces.counts().delivered == 200
    assert len(collector.frames(200)) == 200


def test_a_traced_frame_is_the_exemplar_of_its_latency_in_openmetrics_only(
    collector: Collector,
) -> None:
    with tracing(collector.endpoint, ratio=0) as traces:
        metrics = Metrics(traces)
        metrics.frame_finished("grpc", OK, Origin(stream=1, traceparent=SAMPLED))
        metrics.frame_finished("grpc", OK)
    text, content_type = metrics.render(OPENMETRICS)
    assert content_type.startswith("application/openmetrics-text")
    (line,) = (one for one in text.decode().splitlines() if TRACE in one)
    name, _, exemplar = line.partition(" # ")
    assert name.startswith('edgeserve_frame_latency_seconds_bucket{le="0.05",model="tiny"}')
    assert exemplar.startswith(f'{{trace_id="{TRACE}"}} 0.045')
    assert TRACE not in metrics.render("text/plain")[0].decode()


@pytest.mark.asyncio
async def test_neither_streams_nor_what_clients_write_make_new_series(
    collector: Collector,
) -> None:
    with tracing(collector.endpoint) as traces:
        metrics = Metrics(traces)

        def series() -> set[str]:
            text = metrics.render("text/plain")[0].decode()
            return {line.rpartition(" ")[0] for line in text.splitlines() if "edgeserve" in line}

        async with serving(traces, metrics) as stub:
            await stub.Detect(detect_request())
            with pytest.raises(grpc.aio.AioRpcError):
                await stub.Detect(detect_request(data=b"no picture"))
            before = series()
            for number in range(64):
                call = stub.StreamDetect(metadata=(("traceparent", SAMPLED),))
                await call.write(pb.StreamDetectRequest(config=pb.StreamConfig()))
                await call.write(pb.StreamDetectRequest(frame=frame(number)))
                await call.read()
                await call.done_writing()
            with pytest.raises(grpc.aio.AioRpcError):
                await stub.Detect(pb.DetectRequest(options=pb.DetectOptions(model="made-up")))
            assert series() == before


@settings(deadline=None)
@given(
    times_us=st.lists(st.integers(0, 10**7), min_size=5, max_size=5),
    gap_us=st.integers(-3, 10**6),
)
def test_stages_lie_one_after_the_other_within_their_frame(
    times_us: list[int], gap_us: int
) -> None:
    """Times are rounded down one by one: their sum may miss the latency by a little."""
    latency_us = max(0, sum(times_us) + gap_us)
    result = FrameResult(1, Status.OK, stages=StageTimes(*times_us), latency_us=latency_us)
    stages = list(stages_of(result, 10**18, 10**18 + latency_us * 1000))
    edges = [edge for _, begin, end in stages for edge in (begin, end)]
    assert edges == sorted(edges)
    assert edges[0] == 10**18
    assert edges[-1] == 10**18 + latency_us * 1000
    assert len(stages) == 5
