"""Fields counted before a message is parsed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeserve.domain.errors import RequestError
from edgeserve.wire._generated import detection_pb2 as pb
from edgeserve.wire._generated import inference_pb2 as oip
from edgeserve.wire.field_count import check_fields

REQUEST = pb.DetectRequest.DESCRIPTOR


@given(st.lists(st.text(max_size=3), max_size=20), st.binary(max_size=300), st.integers(0, 2**64))
def test_a_message_has_as_many_fields_as_were_written(
    labels: list[str], data: bytes, frame_id: int
) -> None:
    message = pb.DetectRequest(
        options=pb.DetectOptions(labels=labels, score_threshold=0.5),
        frame=pb.Frame(frame_id=frame_id % 2**64, image=pb.Image(data=data)),
    )
    frame = message.frame
    # options, threshold, labels; frame, its id unless it is 0; image, its data unless it is empty.
    fields = 2 + len(labels) + 1 + bool(frame.frame_id) + 1 + bool(data)
    written = message.SerializeToString()
    check_fields(written, REQUEST, fields)
    with pytest.raises(RequestError, match=f"more than {fields - 1} fields"):
        check_fields(written, REQUEST, fields - 1)


@given(st.binary(max_size=200))
def test_any_bytes_are_counted(data: bytes) -> None:
    check_fields(data, REQUEST, len(data))


def test_packed_values_count_by_their_bytes() -> None:
    contents = oip.InferTensorContents(int64_contents=[1] * 12_800)
    check_fields(contents.SerializeToString(), contents.DESCRIPTOR, 101)
    with pytest.raises(RequestError):
        check_fields(contents.SerializeToString(), contents.DESCRIPTOR, 100)
