"""What is written is read back, through real bytes."""

from __future__ import annotations

import dataclasses
from typing import Any, TypeVar

import numpy as np
import pytest
from google.protobuf.message import Message
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeserve.domain.detections import Detections
from edgeserve.domain.errors import InvalidImageError, RequestError
from edgeserve.domain.frame import EncodedFrame, Encoding
from edgeserve.domain.model import Thresholds
from edgeserve.domain.request import DetectOptions, Policy, Priority, StreamOptions
from edgeserve.domain.result import DropReason, ErrorCode, FrameResult, StageTimes, Status
from edgeserve.domain.status import DeviceStatus, EngineStatus, ModelStatus
from edgeserve.wire._generated import detection_pb2 as pb
from edgeserve.wire.codec import frame as frame_codec
from edgeserve.wire.codec import options as options_codec
from edgeserve.wire.codec import result as result_codec
from edgeserve.wire.codec import status as status_codec

_M = TypeVar("_M", bound=Message)

UINT32, UINT64 = st.integers(0, 2**32 - 1), st.integers(0, 2**64 - 1)
INT64 = st.integers(-(2**63), 2**63 - 1)
FLOAT32 = st.floats(width=32, allow_nan=False)
WORDS = st.text(max_size=12)
NAMES = st.lists(WORDS, max_size=4).map(tuple)

FRAMES = st.builds(
    EncodedFrame,
    frame_id=UINT64,
    data=st.binary(max_size=50),
    encoding=st.sampled_from([one for one in Encoding if one is not Encoding.TENSOR]),
    width_px=UINT32,
    height_px=UINT32,
    stride_bytes=UINT32,
    arrival_ns=INT64,
    capture_time_unix_ns=st.none() | INT64,
)
DETECT_OPTIONS = st.builds(
    DetectOptions,
    model=WORDS,
    version=WORDS,
    score_threshold=st.none() | FLOAT32,
    iou_threshold=st.none() | FLOAT32,
    max_detections=st.none() | UINT32,
    labels=NAMES,
)
STREAM_OPTIONS = st.builds(
    StreamOptions,
    detect=DETECT_OPTIONS,
    policy=st.sampled_from(Policy),
    queue_size=UINT32,
    max_age_ms=UINT32,
    clock_synchronised=st.booleans(),
    priority=st.sampled_from(Priority),
)
STAGES = st.builds(
    StageTimes,
    decode_us=UINT32,
    preprocess_us=UINT32,
    queue_us=UINT32,
    infer_us=UINT32,
    postprocess_us=UINT32,
)
OUTCOMES = st.one_of(
    st.just({"status": Status.OK}),
    st.builds(
        lambda reason: {"status": Status.DROPPED, "drop_reason": reason},
        st.sampled_from(DropReason),
    ),
    st.builds(
        lambda code, text: {"status": Status.ERROR, "error_code": code, "message": text},
        st.sampled_from(ErrorCode),
        WORDS,
    ),
)
MODELS = st.builds(
    ModelStatus,
    name=WORDS,
    version=WORDS,
    ready=st.just(value=True),
    reason=WORDS,
    is_default=st.booleans(),
    input_width_px=UINT32,
    input_height_px=UINT32,
    labels=NAMES,
    thresholds=st.builds(Thresholds, score=FLOAT32, iou=FLOAT32, max_detections=UINT32),
    engine=st.builds(
        EngineStatus,
        runtime=WORDS,
        requested=WORDS,
        chosen=WORDS,
        reason=WORDS,
        precision=WORDS,
        tuned=WORDS,
    ),
)
DEVICES = st.builds(
    DeviceStatus,
    name=WORDS,
    runtime=WORDS,
    runtime_version=WORDS,
    description=WORDS,
    available=st.booleans(),
    missing=WORDS,
    precisions=NAMES,
)


@st.composite
def results(draw: st.DrawFn) -> FrameResult:
    count = draw(st.integers(0, 4))
    values = st.lists(FLOAT32, min_size=count * 5, max_size=count * 5)
    numbers = np.array(draw(values), dtype=np.float32)
    outcome: dict[str, Any] = draw(OUTCOMES)
    return FrameResult(
        frame_id=draw(UINT64),
        detections=Detections(
            boxes_xyxy=numbers[: count * 4].reshape(count, 4),
            scores=numbers[count * 4 :],
            class_ids=np.array(
                draw(st.lists(UINT32, min_size=count, max_size=count)),
                dtype=np.int64,
            ),
        ),
        labels=tuple(draw(st.lists(WORDS, min_size=count, max_size=count))),
        stages=draw(STAGES),
        latency_us=draw(UINT64),
        age_us=draw(st.none() | UINT64),
        model=draw(WORDS),
        version=draw(WORDS),
        device=draw(WORDS),
        width_px=draw(UINT32),
        height_px=draw(UINT32),
        **outcome,
    )


def sent(message: _M) -> _M:
    """As it arrives at the other side."""
    return type(message).FromString(message.SerializeToString())


@settings(deadline=None)
@given(FRAMES)
def test_frames(frame: EncodedFrame) -> None:
    message = sent(frame_codec.frame_to_proto(frame))
    assert frame_codec.frame_from_proto(message, frame.arrival_ns) == frame


@settings(deadline=None)
@given(STREAM_OPTIONS)
def test_stream_options_and_what_to_look_for(options: StreamOptions) -> None:
    message = sent(options_codec.stream_options_to_proto(options))
    assert options_codec.stream_options_from_proto(message) == options


@settings(deadline=None)
@given(results())
def test_results(result: FrameResult) -> None:
    back = result_codec.result_from_proto(sent(result_codec.result_to_proto(result)))
    for name in ("boxes_xyxy", "scores", "class_ids"):
        written, read = getattr(result.detections, name), getattr(back.detections, name)
        np.testing.assert_array_equal(read, written)
        assert (read.dtype, read.shape) == (written.dtype, written.shape)
    same = dataclasses.replace(back, detections=result.detections)
    assert same == result


@settings(deadline=None, max_examples=50)
@given(MODELS)
def test_models_that_are_ready(status: ModelStatus) -> None:
    message = sent(status_codec.model_status_to_proto(status))
    assert status_codec.model_status_from_proto(message) == status


def test_a_model_that_is_not_ready_has_a_reason_and_no_thresholds() -> None:
    status = ModelStatus("tiny", "1", ready=False, reason="model.onnx: sha256 is wrong")
    message = sent(status_codec.model_status_to_proto(status))
    assert status_codec.model_status_from_proto(message) == status


@settings(deadline=None, max_examples=50)
@given(DEVICES)
def test_devices(status: DeviceStatus) -> None:
    message = sent(status_codec.device_status_to_proto(status))
    assert status_codec.device_status_from_proto(message) == status


def test_an_empty_message_asks_for_the_defaults() -> None:
    assert options_codec.stream_options_from_proto(pb.StreamConfig()) == StreamOptions()
    frame = frame_codec.frame_from_proto(pb.Frame(), arrival_ns=5)
    assert frame == EncodedFrame(frame_id=0, data=b"", encoding=Encoding.AUTO, arrival_ns=5)


def test_zero_is_not_absent() -> None:
    zeros = DetectOptions(score_threshold=0.0, iou_threshold=0.0, max_detections=0)
    message = sent(options_codec.detect_options_to_proto(zeros))
    assert options_codec.detect_options_from_proto(message) == zeros
    frame = EncodedFrame(frame_id=0, data=b"", capture_time_unix_ns=0)
    assert sent(frame_codec.frame_to_proto(frame)).HasField("capture_time_unix_ns")


@pytest.mark.parametrize("number", [4, 99, -1])
def test_an_unknown_encoding_is_an_invalid_image_that_names_the_known(number: int) -> None:
    message = pb.Frame()
    message.image.encoding = number  # type: ignore[assignment]
    with pytest.raises(InvalidImageError, match=rf"^encoding {number} is unknown; .*ENCODING_NV12"):
        frame_codec.frame_from_proto(sent(message), 0)


@pytest.mark.parametrize("number", [4, 99, -1])
def test_an_unknown_policy_is_a_wrong_request_that_names_the_known(number: int) -> None:
    message = pb.StreamConfig()
    message.policy = number  # type: ignore[assignment]
    with pytest.raises(RequestError, match=rf"^policy {number} is unknown; .*POLICY_LATEST"):
        options_codec.stream_options_from_proto(sent(message))


def test_every_word_of_the_contract_has_its_number() -> None:
    """A value added to the proto and forgotten in the codec would be unknown to our own side."""
    for number in pb.Encoding.values():
        message = pb.Frame(image=pb.Image(encoding=number))
        assert frame_codec.frame_from_proto(message, 0).encoding in Encoding
    for policy in pb.Policy.values():
        config = pb.StreamConfig(policy=policy)
        assert options_codec.stream_options_from_proto(config).policy in Policy
    for reason in pb.DropReason.values()[1:]:
        dropped = pb.FrameResult(status=pb.RESULT_STATUS_DROPPED, drop_reason=reason)
        assert result_codec.result_from_proto(dropped).drop_reason is not None
    for code in pb.ErrorCode.values()[1:]:
        failed = pb.FrameResult(status=pb.RESULT_STATUS_ERROR, error=pb.FrameError(code=code))
        assert result_codec.result_from_proto(failed).error_code is not None
    assert len(Status) == len(pb.ResultStatus.values()) - 1
