"""What may be called a picture."""

from __future__ import annotations

import numpy as np
import pytest

from edgeserve.client.picture import to_frame
from edgeserve.domain.errors import RequestError
from edgeserve.domain.frame import EncodedFrame, Encoding


def test_bytes_are_an_encoded_picture() -> None:
    assert to_frame(b"\xff\xd8", 5) == EncodedFrame(5, b"\xff\xd8", Encoding.AUTO)


def test_a_color_array_is_raw_bgr() -> None:
    pixels = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    frame = to_frame(pixels, 5)
    assert (frame.encoding, frame.width_px, frame.height_px) == (Encoding.BGR, 4, 2)
    assert frame.data == bytes(range(24))


def test_a_flat_array_is_gray() -> None:
    frame = to_frame(np.arange(8, dtype=np.uint8).reshape(2, 4), 5)
    assert (frame.encoding, frame.width_px, frame.height_px) == (Encoding.GRAY, 4, 2)


def test_a_cut_out_is_sent_without_its_surroundings() -> None:
    pixels = np.arange(300, dtype=np.int64).astype(np.uint8).reshape(10, 10, 3)
    part = pixels[2:5, ::-2]
    frame = to_frame(part, 0)
    assert (frame.width_px, frame.height_px, frame.stride_bytes) == (5, 3, 0)
    assert np.array_equal(np.frombuffer(frame.data, np.uint8).reshape(3, 5, 3), part)


def test_a_frame_stays_as_it_is() -> None:
    frame = EncodedFrame(9, b"x", Encoding.NV12, width_px=2, height_px=2, capture_time_unix_ns=1)
    assert to_frame(frame, 5) is frame


@pytest.mark.parametrize(
    "wrong",
    [
        np.zeros((2, 2, 3), np.float32),
        np.zeros((2, 2, 4), np.uint8),
        np.zeros((0, 2, 3), np.uint8),
        np.zeros(12, np.uint8),
        "photo.jpg",
        None,
    ],
)
def test_anything_else_is_refused(wrong: object) -> None:
    with pytest.raises(RequestError, match="expected"):
        to_frame(wrong, 0)  # type: ignore[arg-type]
