"""Rotation, crop and packing against numpy."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from edgeserve.cameras.packing import raw_frame, turned
from edgeserve.domain.frame import ColorOrder, Encoding
from edgeserve.preprocess.decode import decode

shares = st.floats(0, 1)


def picture(height_px: int, width_px: int) -> np.ndarray[tuple[int, int, int], np.dtype[np.uint8]]:
    count = height_px * width_px * 3
    return (np.arange(count) * 7 % 251).astype(np.uint8).reshape(height_px, width_px, 3)


@given(st.integers(1, 40), st.integers(1, 40), st.sampled_from((0, 90, 180, 270)))
def test_rotation_is_clockwise(height_px: int, width_px: int, rotate: int) -> None:
    pixels = picture(height_px, width_px)
    expected = np.rot90(pixels, -rotate // 90)
    np.testing.assert_array_equal(turned(pixels, rotate, None), expected)


@given(st.integers(1, 40), st.integers(1, 40), st.lists(shares, min_size=4, max_size=4))
def test_a_crop_goes_through_the_frame_path_without_a_copy(
    height_px: int, width_px: int, crop: list[float]
) -> None:
    left, right = sorted(crop[:2])
    top, bottom = sorted(crop[2:])
    pixels = picture(height_px, width_px)
    part = turned(pixels, 0, (left, top, right, bottom))
    frame = raw_frame(5, part)
    assert frame.encoding is Encoding.BGR
    assert min(part.shape) >= 1
    assert np.shares_memory(np.frombuffer(frame.data, dtype=np.uint8), pixels)
    decoded = decode(frame, ColorOrder.BGR, max_pixels=10_000)
    np.testing.assert_array_equal(decoded.pixels, part)
    assert (decoded.frame_id, decoded.width_px, decoded.height_px) == (5, *part.shape[1::-1])


def test_the_whole_picture_is_the_crop_of_all() -> None:
    pixels = picture(12, 8)
    np.testing.assert_array_equal(turned(pixels, 0, (0, 0, 1, 1)), pixels)
    np.testing.assert_array_equal(
        turned(pixels, 90, (0.5, 0, 1, 0.5)), np.rot90(pixels, -1)[:4, 6:]
    )
