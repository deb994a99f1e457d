"""An engine that fails in every way that one can."""

from __future__ import annotations

import resource
import time
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from edgeserve.client import DetectionClient, HealthStatus, Policy, StreamOptions
from edgeserve.domain.errors import EdgeserveError
from edgeserve.domain.result import ErrorCode, Status
from tests.faults.observed import Observation
from tests.faults.traffic import Traffic, sample
from tests.plugin import edgeserve_example as example
from tests.waiting import wait_until

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgeserve.domain.result import FrameResult
    from tests.faults.conftest import Start
    from tests.faults.server import Server

GOOD = 200
BLOCK = StreamOptions(policy=Policy.BLOCK)
HUGE_PX = 5500


def grey(value: int) -> NDArray[np.uint8]:
    """A frame that the simulated engine takes as an order."""
    return np.full((example.SIDE_PX, example.SIDE_PX), value, dtype=np.uint8)


def flags(models: Path, *more: str) -> tuple[str, ...]:
    simulated = ("--provider", "example:SIM", "--model", "simulated")
    return (*simulated, "--models-dir", str(models), *more)


def told(result: FrameResult) -> str:
    reason = result.error_code
    what = f"{result.status.value} {reason.value if reason else ''}".strip()
    return f"{what}: {result.message}" if result.message else what


def fail_once(server: Server, fault: str, bad: int) -> FrameResult:
    """A stream with one bad frame among good ones; the bad one's result."""
    with Observation(fault, server) as seen, DetectionClient(server.address) as client:
        frames = [grey(GOOD), grey(bad), grey(GOOD)]
        results = list(client.stream(frames, BLOCK))
        seen.saw_answers(map(told, results))
        assert [one.status for one in results] == [Status.OK, Status.ERROR, Status.OK]
        seen.recovered("the next frame of the same stream")
    return results[1]


def test_an_engine_that_raises_returns_nan_or_finds_no_memory_costs_one_frame(
    start: Start, site: Path, example_models: Path
) -> None:
    server = start(*flags(example_models), environment={"PYTHONPATH": str(site)})
    raised = fail_once(server, "engine raises", example.RAISES)
    assert raised.error_code is ErrorCode.ENGINE_FAILED
    nan = fail_once(server, "engine returns NaN", example.NAN)
    assert "NaN" in nan.message
    memory = fail_once(server, "engine finds no memory for a frame", example.NO_MEMORY)
    assert "memory" in memory.message
    assert server.terminate() == 0


@pytest.mark.long
@pytest.mark.timeout(300)
def test_a_hang_that_can_be_cancelled_costs_its_frame_and_a_moment(
    start: Start, site: Path, example_models: Path
) -> None:
    server = start(
        *flags(example_models, "--inference-timeout", "3", "--inference-grace", "60"),
        environment={"PYTHONPATH": str(site)},
    )
    name = "engine hangs, and can be cancelled (inference_timeout 3 s)"
    with Observation(name, server) as seen, DetectionClient(server.address) as client:
        results = list(client.stream([grey(GOOD), grey(example.HANGS)], BLOCK))
        assert [one.status for one in results] == [Status.OK, Status.ERROR]
        model = "edgeserve.model.simulated"
        wait_until(lambda: client.health(model) is HealthStatus.SERVING, "the model to be back")
        results.append(client.detect(grey(GOOD)))
        assert results[-1].status is Status.OK
        seen.saw_answers(map(told, results))
        seen.recovered("the model serves again", time.monotonic() - seen.began_s)


@pytest.mark.long
@pytest.mark.timeout(300)
def test_a_hang_that_cannot_be_cancelled_ends_the_process_and_streams_resume(
    start: Start, site: Path, example_models: Path
) -> None:
    limits = ("--inference-timeout", "3", "--inference-grace", "3", "--drain-delay", "0")
    server = start(*flags(example_models, *limits), environment={"PYTHONPATH": str(site)})
    name = "engine hangs for ever (inference_timeout, inference_grace 3 s)"
    with (
        Observation(name, server) as seen,
        DetectionClient(server.address, timeout=60) as client,
        Traffic(server.address, pictures=[grey(GOOD)]) as traffic,
    ):
        traffic.wait_for()
        with pytest.raises(EdgeserveError) as hung:
            client.detect(grey(example.HANGS_FOR_EVER))
        assert server.wait() == 4
        ended_s = time.monotonic()
        server.start()
        traffic.wait_for()
        traffic.end()
        seen.saw(str(hung.value))
        seen.saw("on another stream: ")
        seen.saw_answers(traffic.answers)
        seen.saw("the process ended with exit code 4")
        seen.recovered("streams, from the restart on,", traffic.first_after(ended_s))
    assert [one.frame_id for one in traffic.answers] == list(range(traffic.sent))


@pytest.mark.long
@pytest.mark.timeout(300)
def test_a_picture_for_which_there_is_no_memory_costs_one_frame(start: Start) -> None:
    server = start()
    pixels = np.zeros((HUGE_PX, HUGE_PX, 3), dtype=np.uint8)
    huge = cv2.imencode(".png", pixels)[1].tobytes()
    with (
        Observation("no memory to decode one picture (RLIMIT_AS)", server) as seen,
        DetectionClient(server.address, timeout=60) as client,
        Traffic(server.address) as traffic,
    ):
        traffic.wait_for()
        statm = Path(f"/proc/{server.process.pid}/statm").read_text(encoding="ascii")
        used_bytes = int(statm.split()[0]) * resource.getpagesize()
        unlimited = resource.RLIM_INFINITY
        # Room for what every frame needs, not for 90 MB at once.
        limit = (used_bytes + (48 << 20), unlimited)
        resource.prlimit(server.process.pid, resource.RLIMIT_AS, limit)
        results = list(client.stream([sample()[0], huge, sample()[0]], BLOCK))
        assert [one.status for one in results] == [Status.OK, Status.ERROR, Status.OK]
        traffic.wait_for()
        resource.prlimit(server.process.pid, resource.RLIMIT_AS, (unlimited, unlimited))
        assert client.detect(huge).status is Status.OK
        traffic.end()
        assert traffic.faults() == []
        seen.saw_answers(map(told, results))
        seen.saw("other streams: all OK")
        seen.recovered("the next frame; huge pictures with the limit gone")
