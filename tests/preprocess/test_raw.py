"""Raw pixels: views and conversions, and sizes that do not fit together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeserve.domain.errors import InvalidImageError
from edgeserve.domain.frame import ColorOrder, EncodedFrame, Encoding
from edgeserve.preprocess.decode import decode

if TYPE_CHECKING:
    from numpy.typing import NDArray

SIZES = st.integers(1, 40)
GAPS = st.integers(0, 9)
ORDERS = st.sampled_from(list(ColorOrder))
CHANNELS = {Encoding.BGR: 3, Encoding.RGB: 3, Encoding.GRAY: 1, Encoding.NV12: 1}


def frame(
    rows: NDArray[np.uint8],
    encoding: Encoding,
    gap_bytes: int,
    *,
    height_px: int,
    last_gap: bool,
) -> EncodedFrame:
    """Rows of bytes with a gap behind each; `last_gap`: behind the last one too."""
    gapped = np.pad(rows, ((0, 0), (0, gap_bytes)), constant_values=77)
    data = gapped.tobytes()
    return EncodedFrame(
        frame_id=3,
        data=data if last_gap or not gap_bytes else data[:-gap_bytes],
        encoding=encoding,
        width_px=rows.shape[1] // CHANNELS[encoding],
        height_px=height_px,
        stride_bytes=rows.shape[1] + gap_bytes if gap_bytes else 0,
    )


def random_rows(seed: int, height: int, row_bytes: int) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (height, row_bytes), dtype=np.uint8)


@settings(deadline=None, max_examples=60)
@given(
    SIZES, SIZES, GAPS, st.booleans(), st.sampled_from([Encoding.BGR, Encoding.RGB]), ORDERS, SIZES
)  # fmt: skip
def test_three_channels(
    width_px: int,
    height_px: int,
    gap_bytes: int,
    last_gap: bool,  # noqa: FBT001 - hypothesis passes it
    encoding: Encoding,
    order: ColorOrder,
    seed: int,
) -> None:
    rows = random_rows(seed, height_px, width_px * 3)
    raw = frame(rows, encoding, gap_bytes, height_px=height_px, last_gap=last_gap)
    expected = rows.reshape(height_px, width_px, 3)
    if encoding.value.upper() != order.value:
        expected = expected[..., ::-1]
    np.testing.assert_array_equal(decode(raw, order, 10_000).pixels, expected)


@settings(deadline=None, max_examples=30)
@given(SIZES, SIZES, GAPS, st.booleans(), ORDERS, SIZES)
def test_grey_fills_all_channels(
    width_px: int,
    height_px: int,
    gap_bytes: int,
    last_gap: bool,  # noqa: FBT001 - hypothesis passes it
    order: ColorOrder,
    seed: int,
) -> None:
    rows = random_rows(seed, height_px, width_px)
    raw = frame(rows, Encoding.GRAY, gap_bytes, height_px=height_px, last_gap=last_gap)
    pixels = decode(raw, order, 10_000).pixels
    np.testing.assert_array_equal(pixels, np.stack([rows] * 3, axis=-1))


def rgb_from_nv12(rows: NDArray[np.uint8], height_px: int) -> NDArray[np.float64]:
    """BT.601 in its narrow range, one pair of U and V for four pixels."""
    brightness = 1.164 * (rows[:height_px].astype(float) - 16)
    pairs = rows[height_px:].reshape(height_px // 2, -1, 2).astype(float) - 128
    u, v = np.moveaxis(pairs.repeat(2, axis=0).repeat(2, axis=1), -1, 0)
    red = brightness + 1.596 * v
    green = brightness - 0.813 * v - 0.391 * u
    blue = brightness + 2.018 * u
    rgb: NDArray[np.float64] = np.clip(np.stack([red, green, blue], axis=-1), 0, 255)
    return rgb


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 20), st.integers(1, 20), GAPS, st.booleans(), ORDERS, SIZES)
def test_nv12(
    half_width: int,
    half_height: int,
    gap_bytes: int,
    last_gap: bool,  # noqa: FBT001 - hypothesis passes it
    order: ColorOrder,
    seed: int,
) -> None:
    width_px, height_px = half_width * 2, half_height * 2
    rows = random_rows(seed, height_px + half_height, width_px)
    # Y below black is clipped first by OpenCV; cameras do not send it.
    rows[:height_px] = np.maximum(rows[:height_px], 16)
    raw = frame(rows, Encoding.NV12, gap_bytes, height_px=height_px, last_gap=last_gap)
    pixels = decode(raw, order, 10_000).pixels
    assert pixels.shape == (height_px, width_px, 3)
    rgb = pixels if order is ColorOrder.RGB else pixels[..., ::-1]
    assert np.abs(rgb - rgb_from_nv12(rows, height_px)).max() <= 2


def test_pixels_in_the_wanted_order_are_not_copied() -> None:
    data = bytes(range(48))
    pixels = decode(EncodedFrame(0, data, Encoding.BGR, 4, 4), ColorOrder.BGR, 100).pixels
    assert np.shares_memory(pixels, np.frombuffer(data, dtype=np.uint8))


@pytest.mark.parametrize(
    ("encoding", "width_px", "height_px", "stride_bytes", "size_bytes", "said"),
    [
        (Encoding.BGR, 0, 4, 0, 48, ["BGR", "0x4"]),
        (Encoding.GRAY, 4, 0, 0, 16, ["GRAY", "4x0"]),
        (Encoding.NV12, 0, 0, 0, 0, ["NV12", "0x0"]),
        (Encoding.NV12, 5, 4, 0, 30, ["NV12", "even", "5x4"]),
        (Encoding.NV12, 4, 5, 0, 30, ["NV12", "even", "4x5"]),
        (Encoding.NV12, 4, 4, 0, 16, ["4x4 NV12", "24 bytes", "not 16"]),
        (Encoding.BGR, 4, 4, 0, 47, ["4x4 BGR", "48 bytes", "not 47"]),
        (Encoding.RGB, 4, 4, 0, 49, ["4x4 RGB", "48 bytes", "not 49"]),
        (Encoding.GRAY, 4, 4, 0, 0, ["4x4 GRAY", "16 bytes", "not 0"]),
        # A stride shorter than a row, longer than the data, and one that leaves bytes over.
        (Encoding.BGR, 4, 4, 11, 48, ["stride is 11", "4 px BGR", "12"]),
        (Encoding.BGR, 4, 4, 1_000_000, 48, ["stride 1000000", "3000012 bytes", "not 48"]),
        (Encoding.BGR, 4, 4, 16, 48, ["stride 16", "60 bytes", "not 48"]),
        (Encoding.BGR, 4, 4, 16, 65, ["stride 16", "60 bytes", "not 65"]),
        (Encoding.NV12, 4, 4, 8, 43, ["stride 8", "44 bytes", "not 43"]),
    ],
)
def test_what_does_not_fit_together_is_named_in_numbers(
    encoding: Encoding,
    width_px: int,
    height_px: int,
    stride_bytes: int,
    size_bytes: int,
    said: list[str],
) -> None:
    raw = EncodedFrame(0, bytes(size_bytes), encoding, width_px, height_px, stride_bytes)
    with pytest.raises(InvalidImageError) as refusal:
        decode(raw, ColorOrder.BGR, 10_000)
    text = str(refusal.value)
    assert [part for part in said if part not in text] == []
