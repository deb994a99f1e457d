"""The JSON lines and the lines for people."""

from __future__ import annotations

import numpy as np
import pytest

from edgeserve.cli.frame_line import line
from edgeserve.cli.summary import Summary
from edgeserve.domain.detections import Detections
from edgeserve.domain.result import DropReason, ErrorCode, FrameResult, StageTimes, Status
from edgeserve.tooling.frame_record import record

OK = FrameResult(
    frame_id=12,
    status=Status.OK,
    detections=Detections(
        boxes_xyxy=np.array([[1, 2, 30.5, 40.25]], np.float32),
        scores=np.array([0.83], np.float32),
        class_ids=np.array([3], np.int64),
    ),
    labels=("person",),
    stages=StageTimes(1, 2, 3, 4, 5),
    latency_us=14_200,
    model="m",
    version="1",
    device="openvino:CPU",
)
DROPPED = FrameResult(1, Status.DROPPED, drop_reason=DropReason.REPLACED)
ERROR = FrameResult(2, Status.ERROR, error_code=ErrorCode.INVALID_IMAGE, message="truncated JPEG")


def test_the_record_of_a_good_frame() -> None:
    assert record(OK) == {
        "frame_id": 12,
        "status": "OK",
        "reason": None,
        "message": "",
        "model": "m",
        "version": "1",
        "device": "openvino:CPU",
        "latency_ms": 14.2,
        "stages_us": {"decode": 1, "preprocess": 2, "queue": 3, "infer": 4, "postprocess": 5},
        "detections": [
            {"label": "person", "class_id": 3, "score": 0.83, "box_xyxy": [1, 2, 30.5, 40.25]},
        ],
    }


@pytest.mark.parametrize(
    ("result", "reason", "message"),
    [(DROPPED, "replaced", ""), (ERROR, "invalid_image", "truncated JPEG")],
)
def test_the_record_of_a_frame_without_detections(
    result: FrameResult,
    reason: str,
    message: str,
) -> None:
    told = record(result)
    assert told["status"] == result.status.value
    assert (told["reason"], told["message"], told["detections"]) == (reason, message, [])


def test_lines_for_people() -> None:
    assert line(OK, "frame 12") == "frame 12  person 0.83 (1, 2, 30, 40)  14.2 ms"
    assert line(DROPPED, "frame 1") == "frame 1  DROPPED  replaced"
    assert line(ERROR, "a.jpg") == "a.jpg  ERROR  invalid_image  truncated JPEG"
    nothing = FrameResult(3, Status.OK, latency_us=1000)
    assert line(nothing, "frame 3") == "frame 3  nothing  1.0 ms"


def test_the_summary_counts_and_measures() -> None:
    times_s = iter([10.0, *(10.5 + number / 100 for number in range(103))])
    summary = Summary(clock=lambda: next(times_s))
    for latency_ms in range(1, 102):
        summary.add(FrameResult(0, Status.OK, latency_us=latency_ms * 1000))
    # Their latencies say nothing of the work and are left out.
    summary.add(FrameResult(1, Status.DROPPED, latency_us=10**9))
    summary.add(FrameResult(2, Status.ERROR, latency_us=10**9))
    seconds = 0.5 + 1.02
    assert summary.record() == {
        "frames": 103,
        "ok": 101,
        "dropped": 1,
        "error": 1,
        "fps": pytest.approx(103 / seconds, abs=0.01),
        "p50_ms": 51.0,
        "p99_ms": 100.0,
    }
    assert summary.line() == (
        "103 frames: 101 ok, 1 dropped, 1 error; 67.8 fps, latency p50 51.0 ms, p99 100.0 ms"
    )


def test_the_summary_of_nothing() -> None:
    summary = Summary(clock=lambda: 1.0)
    assert summary.record() == {
        "frames": 0,
        "ok": 0,
        "dropped": 0,
        "error": 0,
        "fps": None,
        "p50_ms": None,
        "p99_ms": None,
    }
    assert summary.line() == "0 frames: 0 ok, 0 dropped, 0 error"
