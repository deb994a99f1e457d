"""Pixels in the model's input."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from edgeserve.domain.frame import ColorOrder, EncodedFrame
from edgeserve.domain.model import Fit, InputSpec
from edgeserve.geometry.letterbox import Letterbox
from edgeserve.preprocess.decode import decode
from edgeserve.preprocess.letterbox import letterbox
from edgeserve.preprocess.tensor import TensorWriter

if TYPE_CHECKING:
    from numpy.typing import NDArray

MEAN, STD = (123.7, 116.3, 103.5), (58.4, 57.1, 57.4)


def spec(layout: str = "NHWC", dtype: str = "uint8", *, normalised: bool = False) -> InputSpec:
    return InputSpec(
        width_px=48,
        height_px=32,
        layout=layout,
        dtype=dtype,
        color_order=ColorOrder.RGB,
        fit=Fit.CENTER,
        pad_value=114,
        mean=MEAN if normalised else (0.0, 0.0, 0.0),
        std=STD if normalised else (1.0, 1.0, 1.0),
    )


def picture(width_px: int, height_px: int, seed: int = 0) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (height_px, width_px, 3), dtype=np.uint8)


def plan(width_px: int, height_px: int) -> Letterbox:
    return Letterbox.plan(width_px, height_px, 48, 32)


@settings(deadline=None, max_examples=80)
@given(
    st.tuples(st.integers(1, 200), st.integers(1, 200)),
    st.tuples(st.integers(1, 90), st.integers(1, 90)),
    st.sampled_from(list(Fit)),
    st.integers(0, 255),
)
def test_letterbox_is_a_resize_with_a_border(
    source_px: tuple[int, int],
    model_px: tuple[int, int],
    fit: Fit,
    pad_value: int,
) -> None:
    pixels = picture(*source_px)
    placement = Letterbox.plan(*source_px, *model_px, fit)
    resized = cv2.resize(
        pixels,
        (placement.resized_width_px, placement.resized_height_px),
        interpolation=cv2.INTER_LINEAR,
    )
    expected = cv2.copyMakeBorder(
        resized,
        placement.top_px,
        model_px[1] - placement.top_px - placement.resized_height_px,
        placement.left_px,
        model_px[0] - placement.left_px - placement.resized_width_px,
        cv2.BORDER_CONSTANT,
        value=(pad_value,) * 3,
    )
    out = np.full((model_px[1], model_px[0], 3), 7, dtype=np.uint8)
    assert letterbox(pixels, placement, pad_value, out=out) is out
    np.testing.assert_array_equal(out, expected)
    np.testing.assert_array_equal(letterbox(pixels, placement, pad_value), expected)


def test_a_picture_with_gaps_between_its_rows_is_placed_the_same() -> None:
    wide = picture(130, 70)
    placement = plan(100, 70)
    np.testing.assert_array_equal(
        letterbox(wide[:, :100], placement, 0),
        letterbox(wide[:, :100].copy(), placement, 0),
    )


def test_a_uint8_nhwc_tensor_is_the_letterboxed_picture_itself() -> None:
    writer = TensorWriter(spec())
    first = writer.write(picture(100, 100), plan(100, 100))
    assert first.shape == (1, 32, 48, 3)
    assert first.flags.c_contiguous
    assert first.base is writer._picture
    second = writer.write(picture(90, 20, seed=1), plan(90, 20))
    assert second is first
    np.testing.assert_array_equal(first[0], letterbox(picture(90, 20, seed=1), plan(90, 20), 114))


@pytest.mark.parametrize("layout", ["NHWC", "NCHW"])
@pytest.mark.parametrize("dtype", ["uint8", "float32", "float16"])
def test_every_layout_holds_the_same_values(layout: str, dtype: str) -> None:
    normalised = dtype != "uint8"
    tensor = TensorWriter(spec(layout, dtype, normalised=normalised)).write(
        picture(100, 50),
        plan(100, 50),
    )
    expected = letterbox(picture(100, 50), plan(100, 50), 114).astype(np.float64)
    if normalised:
        expected = (expected - MEAN) / STD
    if layout == "NCHW":
        expected = np.moveaxis(expected, -1, 0)
    assert tensor.dtype == np.dtype(dtype)
    assert tensor.flags.c_contiguous
    assert tensor.shape == (1, *expected.shape)
    tolerance = 2e-3 if dtype == "float16" else 1e-5
    np.testing.assert_allclose(tensor[0], expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize(("layout", "dtype"), [("NHWC", "uint8"), ("NCHW", "float32")])
def test_nothing_of_the_picture_before_is_left(layout: str, dtype: str) -> None:
    writer = TensorWriter(spec(layout, dtype))
    writer.write(picture(200, 20), plan(200, 20))
    again = writer.write(picture(20, 200), plan(20, 200)).copy()
    fresh = TensorWriter(spec(layout, dtype)).write(picture(20, 200), plan(20, 200))
    np.testing.assert_array_equal(again, fresh)


def test_the_first_plane_of_an_rgb_model_is_red() -> None:
    with io.BytesIO() as buffer:
        Image.new("RGB", (48, 32), (250, 120, 10)).save(buffer, "PNG")
        frame = decode(EncodedFrame(0, buffer.getvalue()), spec().color_order, 10_000)
    tensor = TensorWriter(spec("NCHW", "float32")).write(frame.pixels, plan(48, 32))
    assert [set(plane.ravel().tolist()) for plane in tensor[0]] == [{250.0}, {120.0}, {10.0}]
