"""The placement of a picture, and the way back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeserve.domain.model import Fit
from edgeserve.geometry.letterbox import Letterbox

if TYPE_CHECKING:
    from numpy.typing import NDArray

FITS = st.sampled_from(list(Fit))
SOURCE_PX = st.integers(1, 8000)
MODEL_PX = st.integers(1, 1280)
KEEPING_ASPECT = st.sampled_from([Fit.CENTER, Fit.TOP_LEFT])


def boxes_inside(seed: int, width_px: int, height_px: int) -> NDArray[np.float32]:
    """Random boxes in a picture, and the picture itself."""
    ends = np.random.default_rng(seed).random((20, 2, 2)) * (width_px, height_px)
    boxes = np.concatenate([ends.min(axis=1), ends.max(axis=1)], axis=1)
    return np.vstack([boxes, [0, 0, width_px, height_px]]).astype(np.float32)


@settings(deadline=None, max_examples=200)
@given(SOURCE_PX, SOURCE_PX, MODEL_PX, MODEL_PX, FITS, st.integers(0, 2**32 - 1))
def test_boxes_come_back_from_the_model_as_they_went(
    width_px: int,
    height_px: int,
    model_width_px: int,
    model_height_px: int,
    fit: Fit,
    seed: int,
) -> None:
    plan = Letterbox.plan(width_px, height_px, model_width_px, model_height_px, fit)
    boxes = boxes_inside(seed, width_px, height_px)
    back = plan.to_source(plan.to_model(boxes))
    assert back.dtype == np.float32
    # A thousandth of a pixel for a picture of 1000 px, where the model keeps one in ten. A model
    # that keeps one pixel of thousands leaves float32 as many times fewer digits.
    coarseness = max(1.0, 0.1 / plan.scale_x, 0.1 / plan.scale_y)
    assert np.abs(back - boxes).max() <= 1e-6 * max(width_px, height_px, 1000) * coarseness


@settings(deadline=None, max_examples=200)
@given(SOURCE_PX, SOURCE_PX, MODEL_PX, MODEL_PX, FITS)
def test_the_whole_picture_is_the_resized_rectangle_inside_the_input(
    width_px: int,
    height_px: int,
    model_width_px: int,
    model_height_px: int,
    fit: Fit,
) -> None:
    plan = Letterbox.plan(width_px, height_px, model_width_px, model_height_px, fit)
    assert plan.resized_width_px >= 1
    assert plan.resized_height_px >= 1
    right, bottom = plan.left_px + plan.resized_width_px, plan.top_px + plan.resized_height_px
    assert 0 <= plan.left_px < right <= model_width_px
    assert 0 <= plan.top_px < bottom <= model_height_px
    whole = np.array([[0, 0, width_px, height_px]], dtype=np.float32)
    expected = [plan.left_px, plan.top_px, right, bottom]
    np.testing.assert_allclose(plan.to_model(whole)[0], expected, rtol=1e-6)


@settings(deadline=None, max_examples=200)
@given(SOURCE_PX, SOURCE_PX, MODEL_PX, MODEL_PX, KEEPING_ASPECT)
def test_aspect_ratio_is_kept_within_rounding_and_one_side_is_filled(
    width_px: int,
    height_px: int,
    model_width_px: int,
    model_height_px: int,
    fit: Fit,
) -> None:
    plan = Letterbox.plan(width_px, height_px, model_width_px, model_height_px, fit)
    filled = (plan.resized_width_px, plan.resized_height_px)
    assert filled[0] == model_width_px or filled[1] == model_height_px
    scale = min(model_width_px / width_px, model_height_px / height_px)
    for resized_px, exact_px in zip(filled, (width_px * scale, height_px * scale), strict=True):
        # A side never vanishes: below half a pixel it is one.
        assert abs(resized_px - exact_px) <= 0.5 + 1e-9 or (resized_px == 1 and exact_px < 1)


@settings(deadline=None, max_examples=100)
@given(SOURCE_PX, SOURCE_PX, MODEL_PX, MODEL_PX)
def test_centre_shares_the_padding_and_top_left_has_it_behind(
    width_px: int,
    height_px: int,
    model_width_px: int,
    model_height_px: int,
) -> None:
    sizes = (width_px, height_px, model_width_px, model_height_px)
    centred, cornered = Letterbox.plan(*sizes, Fit.CENTER), Letterbox.plan(*sizes, Fit.TOP_LEFT)
    after_x = model_width_px - centred.resized_width_px - centred.left_px
    after_y = model_height_px - centred.resized_height_px - centred.top_px
    assert after_x - centred.left_px in {0, 1}
    assert after_y - centred.top_px in {0, 1}
    assert (cornered.left_px, cornered.top_px) == (0, 0)
    assert cornered.resized_width_px == centred.resized_width_px
    assert cornered.resized_height_px == centred.resized_height_px


def test_stretch_fills_the_input() -> None:
    plan = Letterbox.plan(1920, 1080, 416, 416, Fit.STRETCH)
    assert (plan.left_px, plan.top_px) == (0, 0)
    assert (plan.resized_width_px, plan.resized_height_px) == (416, 416)
    assert (plan.scale_x, plan.scale_y) == (416 / 1920, 416 / 1080)


def test_a_known_placement() -> None:
    plan = Letterbox.plan(1920, 1080, 640, 640)
    assert (plan.left_px, plan.top_px) == (0, 140)
    assert (plan.resized_width_px, plan.resized_height_px) == (640, 360)
    boxes_model = np.array([[320, 320, 350, 380]], dtype=np.float32)
    np.testing.assert_allclose(plan.to_source(boxes_model), [[960, 540, 1050, 720]], rtol=1e-6)


def test_what_lies_in_the_padding_is_clipped_to_the_picture() -> None:
    plan = Letterbox.plan(1920, 1080, 640, 640)
    boxes_model = np.array([[-50, 10, 700, 630], [0, 0, 640, 100]], dtype=np.float32)
    source = plan.to_source(boxes_model)
    np.testing.assert_array_equal(source, [[0, 0, 1920, 1080], [0, 0, 1920, 0]])


def test_no_boxes_stay_no_boxes() -> None:
    plan = Letterbox.plan(100, 50, 320, 320)
    assert plan.to_source(np.empty((0, 4), dtype=np.float32)).shape == (0, 4)


@pytest.mark.parametrize(
    "sizes",
    [(0, 1080, 640, 480), (1920, -3, 640, 480), (1920, 1080, 0, 480), (1920, 1080, 640, -3)],
)
def test_sizes_that_are_not_positive_are_refused(sizes: tuple[int, int, int, int]) -> None:
    with pytest.raises(ValueError, match="sizes must be positive") as refusal:
        Letterbox.plan(*sizes)
    width_px, height_px, model_width_px, model_height_px = sizes
    assert f"source {width_px}x{height_px}" in str(refusal.value)
    assert f"model {model_width_px}x{model_height_px}" in str(refusal.value)


@given(
    st.tuples(st.integers(1, 5000), st.integers(1, 5000)),
    st.tuples(st.integers(1, 700), st.integers(1, 700)),
    st.sampled_from(list(Fit)),
)
def test_a_reduced_source_is_never_smaller_than_its_place(
    source_px: tuple[int, int],
    model_px: tuple[int, int],
    fit: Fit,
) -> None:
    placement = Letterbox.plan(*source_px, *model_px, fit)
    factor = placement.reduction
    assert factor in {1, 2, 4, 8}
    wanted = (placement.resized_width_px, placement.resized_height_px)
    if factor > 1:
        assert all(
            -(-side // factor) >= least for side, least in zip(source_px, wanted, strict=True)
        )
    if factor < 8:
        assert any(
            -(-side // (2 * factor)) < least for side, least in zip(source_px, wanted, strict=True)
        )
