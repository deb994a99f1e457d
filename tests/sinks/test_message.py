"""Messages against the published schemas."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from jsonschema import ValidationError

from edgeserve.domain.camera import CameraResult, Track
from edgeserve.domain.detections import Detections
from edgeserve.domain.result import ErrorCode, FrameResult, Status
from edgeserve.sinks.message import detections_message, encode, event_message
from tests.sinks.results import NOON_NS, event, result
from tests.sinks.schemas import DETECTIONS, EVENT


def test_a_result_says_what_was_found_where_and_when() -> None:
    message = json.loads(encode(detections_message(result(4))))
    DETECTIONS.validate(message)
    assert message["camera"] == "yard"
    assert message["frame_number"] == 4
    assert message["time"] == "2023-11-14T22:13:20.123456Z"
    assert message["time_unix_ms"] == NOON_NS // 10**6
    assert message["latency_ms"] == 12.345
    assert message["detections"] == [
        {
            "label": "car",
            "class_id": 1,
            "score": 0.9,
            "box_xyxy": [1.0, 2.0, 30.5, 40.0],
            "track_id": None,
        },
        {
            "label": "person",
            "class_id": 0,
            "score": 0.4,
            "box_xyxy": [5.0, 6.0, 50.0, 60.0],
            "track_id": 7,
        },
    ]


@pytest.mark.parametrize("kind", ["zone_entered", "zone_left", "line_crossed"])
def test_an_event_says_who_did_what(kind: str) -> None:
    message = json.loads(encode(event_message(result(9), event(kind=kind))))
    EVENT.validate(message)
    assert (message["kind"], message["place"], message["track_id"]) == (kind, "gate", 7)
    assert message["dwell_ms"] == (1500 if kind == "zone_left" else None)
    assert message["direction"] == ("left" if kind == "line_crossed" else None)


def test_a_frame_that_could_not_be_processed_says_why() -> None:
    wrong = FrameResult(
        3, Status.ERROR, error_code=ErrorCode.INVALID_IMAGE, message="the picture ends early"
    )
    message = detections_message(replace(result(3), result=wrong, tracks=()))
    DETECTIONS.validate(json.loads(encode(message)))
    assert message["status"] == "ERROR"
    assert message["message"] == "the picture ends early"
    assert message["detections"] == []


def test_the_schemas_refuse_what_they_do_not_know() -> None:
    for validator, message in (
        (DETECTIONS, detections_message(result())),
        (EVENT, event_message(result(), event())),
    ):
        validator.validate(message)
        for name in message:
            with pytest.raises(ValidationError):
                validator.validate({key: value for key, value in message.items() if key != name})
        with pytest.raises(ValidationError):
            validator.validate(message | {"more": 1})


def test_a_message_is_one_line_whatever_the_names_are() -> None:
    line = encode(event_message(replace(result(), camera="Tür\n\u2028"), event()))
    assert b"\n" not in line
    assert json.loads(line)["camera"] == "Tür\n\u2028"


@given(
    boxes=npst.arrays(
        np.float32,
        st.tuples(st.integers(0, 5), st.just(4)),
        elements=st.floats(-10, 5000, width=32),
    ),
    score=st.floats(0, 1, width=32),
    label=st.text(max_size=10),
    unix_ns=st.integers(0, 2**62),
)
def test_any_result_fits_the_schema(
    boxes: np.ndarray[tuple[int, ...], np.dtype[np.float32]], score: float, label: str, unix_ns: int
) -> None:
    count = len(boxes)
    found = Detections(boxes, np.full(count, score, np.float32), np.arange(count, dtype=np.int64))
    frame = FrameResult(0, Status.OK, found, (label,) * count)
    tracks = tuple(Track(n + 1, n, (0, 0, 1, 1), n, score) for n in range(count))
    message = detections_message(CameraResult("a", 0, unix_ns, frame, 1, 1, tracks))
    DETECTIONS.validate(json.loads(encode(message)))
