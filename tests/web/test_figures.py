"""Means over periods."""

from __future__ import annotations

from edgeserve.domain.camera import CameraResult
from edgeserve.domain.result import FrameResult, StageTimes, Status
from edgeserve.web.figures import Figures


def seen(latency_us: int, camera: str = "gate", status: Status = Status.OK) -> CameraResult:
    stages = StageTimes(decode_us=1000, infer_us=latency_us // 2)
    result = FrameResult(0, status, latency_us=latency_us, stages=stages)
    return CameraResult(camera, 0, 0, result, 0, 0)


class Clock:
    now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def test_whole_periods_only_are_told() -> None:
    clock = Clock()
    figures = Figures(clock)
    figures(seen(10_000))
    figures(seen(30_000))
    figures(seen(1, status=Status.ERROR))
    assert figures.latest("gate") is None
    clock.now_s += 2
    latest = figures.latest("gate")
    assert latest is not None
    assert latest["time_unix_ms"] == 1_000_000
    assert (latest["results_per_s"], latest["latency_ms"], latest["infer_ms"]) == (1.0, 20.0, 10.0)
    assert figures.history("gate") == [latest]
    clock.now_s += 2
    assert figures.latest("gate") is None


def test_what_is_old_is_forgotten_and_gaps_stay_gaps() -> None:
    clock = Clock()
    figures = Figures(clock)
    for _ in range(200):
        figures(seen(1000))
        clock.now_s += 2
    times = [period["time_unix_ms"] for period in figures.history("gate")]
    assert len(times) == 60
    assert times[0] == int(clock.now_s * 1000) - 120_000
    clock.now_s += 60
    assert len(figures.history("gate")) == 30


def test_cameras_that_are_gone_are_forgotten() -> None:
    clock = Clock()
    figures = Figures(clock)
    figures(seen(1000, "gate"))
    figures(seen(1000, "yard"))
    clock.now_s += 2
    figures.keep_only(["yard"])
    assert not figures.history("gate")
    assert figures.history("yard")
