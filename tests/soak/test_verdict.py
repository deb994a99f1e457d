"""What a run shows, and what it is too short to show."""

from __future__ import annotations

from tests.soak.plan import make_plan
from tests.soak.verdict import Verdict, judge_frames, judge_latency, judge_vitals
from tests.soak.vitals import Vitals

LONG, SHORT = make_plan(2700, ["a"], 1), make_plan(300, ["a"], 1)


def looks(seconds: float, grown_mb: float = 0, more_fds: int = 0) -> list[Vitals]:
    """A process whose memory and files grow evenly over the run."""
    return [
        Vitals(
            at_s=at,
            pss_mb=200 + grown_mb * at / seconds,
            own_mb=100,
            fds=50 + round(more_fds * at / seconds),
            threads=20,
            cpu_s=0,
        )
        for at in range(0, int(seconds), 2)
    ]


def by_name(verdicts: list[Verdict]) -> dict[str, bool | None]:
    return {verdict.name: verdict.good for verdict in verdicts}


def test_memory_that_grows_is_found_and_a_warm_up_is_none() -> None:
    memory = "PSS grows by at most 2 MB"
    assert by_name(judge_vitals(LONG, looks(2700)))[memory] is True
    assert by_name(judge_vitals(LONG, looks(2700, grown_mb=5)))[memory] is False
    warming = [
        look._replace(pss_mb=100 if look.at_s < LONG.warm_up_s else 200) for look in looks(2700)
    ]
    assert by_name(judge_vitals(LONG, warming))[memory] is True


def test_a_short_run_does_not_judge_memory_and_says_so() -> None:
    memory, *_ = judge_vitals(SHORT, looks(300, grown_mb=50))
    assert memory.good is None
    assert "cannot be judged: two windows of ten minutes do not fit" in memory.told


def test_descriptors_that_leak_are_found_in_a_short_run_too() -> None:
    found = by_name(judge_vitals(SHORT, looks(300, more_fds=20)))
    assert found["file descriptors are flat"] is False
    assert found["threads are flat"] is True


def test_latency_is_judged_where_there_are_frames_enough() -> None:
    assert judge_latency([10, 99, 11.9], 3000).good is True
    assert judge_latency([10, 9, 12.1], 3000).good is False
    few = judge_latency([10, 9, 50], 300)
    assert few.good is None
    assert "300 frames in a tenth, 2000 are wanted" in few.told


def test_a_frame_that_the_server_lost_is_found() -> None:
    def labels(**given: str) -> tuple[tuple[str, str], ...]:
        return tuple(sorted(given.items()))

    counted = {
        ("edgeserve_frames_received_total", labels(source="grpc")): 10.0,
        ("edgeserve_results_total", labels(source="grpc", status="ok")): 6.0,
        ("edgeserve_results_total", labels(source="grpc", status="error")): 2.0,
        ("edgeserve_frames_dropped_total", labels(source="grpc", reason="stream_ended")): 2.0,
        # Among the results already.
        ("edgeserve_frames_dropped_total", labels(source="grpc", reason="replaced")): 1.0,
    }
    assert by_name(judge_frames([], counted))["server: grpc"] is True
    counted["edgeserve_frames_received_total", labels(source="grpc")] = 11.0
    assert by_name(judge_frames([], counted))["server: grpc"] is False
