"""The load generator against a server that answers as it is told."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import psutil
import pytest
import pytest_asyncio

from edgeserve.client.load import serialise
from edgeserve.domain.errors import NotAvailableError
from edgeserve.domain.frame import EncodedFrame
from edgeserve.tooling.bench.children import Child
from edgeserve.tooling.bench.generator import _percentile
from edgeserve.tooling.bench.run import _ratios
from edgeserve.tooling.bench.scenarios import QUERY_FRAMES, SCENARIOS, Load
from edgeserve.tooling.bench.table import head, table
from edgeserve.wire._generated import detection_pb2 as pb
from tests.client.fake_server import FakeServer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

FPS = 50.0


@pytest_asyncio.fixture
async def server() -> AsyncIterator[FakeServer]:
    running = FakeServer()
    await running.start("127.0.0.1:0")
    yield running
    await running.stop()


def _load(server: FakeServer) -> Load:
    messages = [serialise(EncodedFrame(0, b"x"))]
    return Load(
        address=server.address,
        messages=messages,
        streams=3,
        frames_in_flight=2,
        fps=FPS,
        seconds=0.3,
    )


@pytest.mark.asyncio
@pytest.mark.parametrize("scenario", sorted(SCENARIOS))
async def test_each_frame_that_was_sent_is_counted_once(server: FakeServer, scenario: str) -> None:
    load = _load(server)
    counts = await SCENARIOS[scenario](load)
    assert counts.frames > 0
    assert counts.dropped == counts.errors == 0
    latencies = len(counts.latencies_ms)
    assert latencies == counts.frames / (QUERY_FRAMES if scenario == "multi-stream" else 1)
    assert min(counts.latencies_ms) > 0
    streams = 3 if scenario in {"closed", "open"} else 1
    assert len(server.configs) == streams
    latest = scenario == "open"
    assert {config.policy for config in server.configs} == {
        pb.POLICY_LATEST if latest else pb.POLICY_BLOCK
    }


@pytest.mark.asyncio
async def test_cameras_send_all_their_frames_whatever_the_server_does(server: FakeServer) -> None:
    server.status = pb.RESULT_STATUS_DROPPED
    load = _load(server)
    counts = await SCENARIOS["open"](load)
    assert counts.frames == counts.dropped == load.streams * int(load.seconds * FPS)
    assert not counts.latencies_ms, "a dropped frame has no latency"
    assert len(counts.late_ms) == counts.frames


@pytest.mark.asyncio
async def test_errors_are_counted(server: FakeServer) -> None:
    server.status = pb.RESULT_STATUS_ERROR
    counts = await SCENARIOS["closed"](_load(server))
    assert counts.errors == counts.frames > 0


def test_a_child_that_ended_is_told_of_whenever_it_is_asked() -> None:
    with Child("edgeserve.tooling.bench.generator", "no JSON") as child:
        while psutil.Process(child.pid).status() != psutil.STATUS_ZOMBIE:
            time.sleep(0.01)
        for _ in range(2):
            with pytest.raises(NotAvailableError, match="generator ended with status 1"):
                child.ask("127.0.0.1:1 1")


def test_percentiles() -> None:
    ordered = [float(value) for value in range(1, 101)]
    assert [_percentile(ordered, share) for share in (50, 99, 99.9)] == [51, 100, 100]
    assert _percentile([], 99) is None


def test_what_is_not_known_of_a_running_server_is_left_out() -> None:
    names: tuple[str, ...] = (
        "fps",
        "limit_fps",
        "share_net",
        "share_gross",
        "p50_ms",
        "p90_ms",
        "p99_ms",
    )
    names += ("dropped", "errors", "limit_cpu_ms_per_frame", "generator_cpu_ms_per_frame")
    names += ("limit_pss_mb",)
    unknown = ("late_p99_ms", "server_cpu_ms_per_frame", "pss_mb", "cold_s")
    result = {
        "machine": "m",
        "model": "m",
        "provider": "cpu",
        "scenario": "open",
        "streams": 8,
        "camera_fps": 12.345,
        **dict.fromkeys(names, 1.0),
        **dict.fromkeys(unknown),
        "rounds": {"fps": [1.0]},
    }
    text = table([result])
    assert "8 cameras at 12.3 fps" in text
    assert "| PSS" not in text
    assert "frames/s" in text
    assert head({"scenario": "offline"}) == "offline"


def test_a_second_server_is_told_of_by_ratios_of_its_rounds() -> None:
    figures = {"fps": 30.0, "p50_ms": 10.0, "p99_ms": None}
    against = {"against_fps": 20.0, "against_p50_ms": 20.0, "against_p99_ms": 30.0}
    ratios = {"fps_ratio": 1.5, "p50_ms_ratio": 0.5, "p99_ms_ratio": None}
    assert _ratios(figures, against) == ratios
    assert _ratios(figures, dict.fromkeys(against)) == dict.fromkeys(ratios)
    result = {
        "machine": "m",
        "model": "m",
        "provider": "cpu",
        "scenario": "offline",
        "against": "--no-tuned",
        "rounds": {"fps": [30.0]},
        **figures,
        **ratios,
    }
    lines = table([result]).splitlines()
    assert "the second server has --no-tuned" in lines
    assert "| frames/s, of the second server's | 1.50 |" in lines
