"""Pictures and boxes stay together when they are cut, moved and flipped."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("cv2")

from models.training.augment import Example, mosaic, single
from models.training.dataset import Sample
from models.training.placement import Canvas, Region, place

PAD = 114


def _sample(width: int = 60, height: int = 40) -> Sample:
    """A black picture with one white object."""
    pixels = np.zeros((height, width, 3), dtype=np.uint8)
    pixels[10:30, 20:50] = 255
    boxes = np.array([[20, 10, 50, 30]], dtype=np.float32)
    return Sample(
        "street-1", "street", pixels, boxes, np.array([1], dtype=np.int64), np.ones(1, np.float32)
    )


def _check_object(pixels: np.ndarray, box: np.ndarray) -> None:
    x0, y0, x1, y1 = box
    inside = pixels[int(y0) + 2 : int(y1) - 1, int(x0) + 2 : int(x1) - 1]
    assert inside.size == 0 or inside.min() > 130


def test_a_small_picture_lies_where_the_shift_says() -> None:
    canvas = Canvas(np.full((100, 100, 3), PAD, dtype=np.uint8))
    place(canvas, _sample(), Region(0, 0, 100, 100), (1.0, 1.0), (1.0, 0.0))
    assert canvas.tiles == [(40, 0, 100, 40, "street")]
    assert canvas.boxes[0].tolist() == [[60, 10, 90, 30]]
    assert (canvas.pixels[10:30, 60:90] == 255).all()
    assert (canvas.pixels[50:] == PAD).all()


def test_a_large_picture_is_cut_to_its_region() -> None:
    canvas = Canvas(np.full((40, 40, 3), PAD, dtype=np.uint8))
    place(canvas, _sample(), Region(10, 10, 40, 40), (2.0, 2.0), (1.0, 0.5))
    assert canvas.tiles == [(10, 10, 40, 40, "street")]
    assert (canvas.pixels[:10] == PAD).all()
    assert (canvas.boxes[0] >= 10).all()
    assert (canvas.boxes[0] <= 40).all()


def test_an_object_that_is_mostly_cut_off_is_dropped() -> None:
    canvas = Canvas(np.full((24, 24, 3), PAD, dtype=np.uint8))
    place(canvas, _sample(), Region(0, 0, 24, 24), (1.0, 1.0), (0.0, 0.0))
    assert len(canvas.boxes[0]) == 0


@pytest.mark.parametrize("seed", range(8))
def test_augmented_boxes_hold_their_objects(seed: int) -> None:
    rng = np.random.default_rng(seed)
    examples: list[Example] = [
        mosaic(_sample, 128, PAD, rng),
        single(_sample(), 128, PAD, rng),
    ]
    for example in examples:
        assert example.pixels.shape == (128, 128, 3)
        assert len(example.boxes) == len(example.classes)
        assert (example.boxes >= 0).all()
        assert (example.boxes <= 128).all()
        for box in example.boxes:
            _check_object(example.pixels, box)


def test_mosaic_tiles_do_not_overlap() -> None:
    example = mosaic(_sample, 128, PAD, np.random.default_rng(3))
    cover = np.zeros((128, 128), dtype=np.int64)
    for x0, y0, x1, y1, _ in example.tiles:
        cover[y0:y1, x0:x1] += 1
    assert len(example.tiles) == 4
    assert cover.max() == 1
