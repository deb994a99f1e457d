"""Which layout shapes, labels and numbers mean, and what stays ambiguous."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from numpy.typing import NDArray

from edgeserve.domain.errors import ConfigurationError
from edgeserve.geometry.grid import cell_centres
from edgeserve.tooling.importing.choose import choose
from edgeserve.tooling.importing.grid import Grid

if TYPE_CHECKING:
    from edgeserve.tooling.importing.reading import Reading

Array = NDArray[Any]
SIZE = (640, 640)
RANDOM = np.random.default_rng(0)


def decoded(boxes: int, scores: int, *, anchors: int = 1, scale: float = 1) -> Array:
    """(1, N, 4 + scores): centres that follow the cells, sizes, scores in 0..1."""
    out = RANDOM.random((1, boxes, 4 + scores)).astype(np.float32)
    centres = np.tile(cell_centres(*SIZE, (8, 16, 32))[0], (anchors, 1))
    out[0, :, :2] = centres[:boxes] + RANDOM.normal(0, 4, (boxes, 2))
    out[0, :, 2:4] = RANDOM.uniform(5, 200, (boxes, 2))
    out[0, :, :4] *= scale
    return out


def raw(boxes: int, scores: int) -> Array:
    """(1, N, 4 + scores): offsets and logarithms, scores in 0..1."""
    out = RANDOM.random((1, boxes, 4 + scores)).astype(np.float32)
    out[0, :, :4] = RANDOM.normal(0.5, 1, (boxes, 4))
    return out


def turned(output: Array) -> Array:
    return np.ascontiguousarray(output.transpose(0, 2, 1))


def corners(boxes: int, *, scale: float = 1) -> Array:
    out = RANDOM.uniform(0, 300, (1, boxes, 4))
    out[..., 2:] += out[..., :2]
    return (out * scale).astype(np.float32)


def shares(boxes: int, classes: int) -> Array:
    weights = RANDOM.random((1, boxes, classes))
    divided: Array = weights / weights.sum(axis=2, keepdims=True)
    return divided


def logits(boxes: int, classes: int) -> Array:
    return RANDOM.normal(-2, 3, (1, boxes, classes)).astype(np.float32)


def chosen(
    *outputs: Array,
    classes: int | None = None,
    layout: str | None = None,
    reg_max: int | None = None,
) -> Reading:
    named = {f"output{index}": output for index, output in enumerate(outputs)}
    return choose(named, Grid(SIZE, (), reg_max), classes=classes, layout=layout)


@pytest.mark.parametrize(
    ("outputs", "classes", "layout", "means"),
    [
        ([turned(decoded(8400, 80))], None, "v8", 80),
        ([turned(decoded(8400, 3))], None, "v8", 3),
        ([turned(decoded(8400, 81))], 81, "v8", 81),
        ([decoded(8400, 81)], 81, "v8", 81),
        ([decoded(8400, 81)], 80, "v5", 80),
        ([decoded(25200, 81, anchors=3)], None, "v5", 80),
        ([decoded(25200, 2, anchors=3)], None, "v5", 1),
        ([raw(8400, 81)], None, "grid-unit", 80),
        ([raw(8400, 2)], None, "grid-unit", 1),
        ([RANDOM.random((1, 300, 6))], 7, "end-to-end", None),
        ([RANDOM.random((1, 1, 100, 7))], 7, "ssd", None),
        ([corners(8400), RANDOM.random((1, 8400, 80))], None, "boxes-scores", 80),
        ([corners(3000, scale=1 / 640), shares(3000, 21)], None, "boxes-scores", 20),
        ([RANDOM.random((1, 300, 4)), logits(300, 80)], 80, "detr", 80),
        ([logits(100, 92), RANDOM.random((1, 100, 4))], 91, "detr-softmax", 91),
        ([logits(64, 8400), logits(80, 8400)], None, "dfl", 80),
    ],
)
def test_a_layout_is_recognised(
    outputs: list[Array],
    classes: int | None,
    layout: str,
    means: int | None,
) -> None:
    reading = chosen(*outputs, classes=classes)
    assert (reading.layout, reading.classes) == (layout, means)


@pytest.mark.parametrize(
    ("outputs", "said"),
    [
        # 85 channels are v5 with COCO's 80 classes, or v8 with 81.
        ([turned(decoded(8400, 81))], ["v8 with 81", "v5 with 80", "--head v5 or --head v8"]),
        ([decoded(8400, 81)], ["v8 with 81", "v5 with 80", "--head v5 or --head v8"]),
        ([decoded(8400, 2)], ["v8 with 2", "v5 with 1", "--labels"]),
        ([RANDOM.random((1, 300, 4)), logits(300, 80)], ["--head detr or --head detr-softmax"]),
        ([RANDOM.random((1, 12))], ["of a layout that is known", "'output0' [1, 12]"]),
        ([RANDOM.random((1, 1000, 30))], ["[1, 1000, 30]", "640x640", "--head takes one of"]),
        ([RANDOM.random((1, 255, 80, 80)), RANDOM.random((1, 255, 40, 40))], ["known"]),
    ],
)
def test_what_stays_ambiguous_is_refused_with_the_option_to_add(
    outputs: list[Array],
    said: list[str],
) -> None:
    with pytest.raises(ConfigurationError) as refusal:
        chosen(*outputs)
    for words in said:
        assert words in str(refusal.value)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("layout", ["v5", "v8"])
def test_the_users_word_settles_it(layout: str) -> None:
    assert chosen(turned(decoded(8400, 81)), layout=layout).layout == layout


def test_a_grid_of_its_own_is_believed_when_the_labels_speak_for_it() -> None:
    assert chosen(RANDOM.random((1, 30, 1000)), classes=26).layout == "v8"
    assert chosen(RANDOM.random((1, 1000, 30)), classes=25).layout == "v5"


def test_labels_that_do_not_fit_are_told_how_many_there_is_room_for() -> None:
    with pytest.raises(ConfigurationError, match=r"there are 79 labels, .* 80 \(head v8\)"):
        chosen(turned(decoded(8400, 80)), classes=79)
    with pytest.raises(ConfigurationError, match=r"81 \(head v8\); .* add --head v5$"):
        chosen(turned(decoded(8400, 81)), classes=80)


def test_numbers_show_unit_format_and_activation() -> None:
    reading = chosen(turned(decoded(8400, 80, scale=1 / 640)))
    assert (reading.layout, reading.box_unit) == ("v8", "fraction")
    reading = chosen(turned(decoded(8400, 80)))
    assert (reading.box_unit, reading.activation) == (None, None)
    out = decoded(8400, 80)
    out[..., 4:] = logits(8400, 80)
    assert chosen(turned(out)).activation == "sigmoid"
    reading = chosen(corners(3000, scale=1 / 640), shares(3000, 21))
    assert (reading.box_format, reading.box_unit) == ("xyxy", "fraction")
    assert reading.background == "first"
    centred = RANDOM.uniform(0, 300, (1, 8400, 4))
    assert chosen(centred, RANDOM.random((1, 8400, 80))).box_format == "cxcywh"


def test_maps_of_each_level_are_read_together() -> None:
    both = [RANDOM.random((1, 64 + 80, side, side)) for side in (80, 40, 20)]
    reading = chosen(*both)
    assert reading.outputs == {"maps_0": "output0", "maps_1": "output1", "maps_2": "output2"}
    assert (reading.classes, reading.reg_max, reading.strides) == (80, 16, (8, 16, 32))
    apart = [RANDOM.random((1, k, side, side)) for side in (80, 40, 20) for k in (32, 5)]
    reading = chosen(*apart, reg_max=8)
    assert reading.outputs["scores_2"] == "output5"
    assert (reading.classes, reading.reg_max) == (5, 8)


def test_outputs_that_are_no_numbers_do_not_crash() -> None:
    assert chosen(np.full((1, 84, 8400), np.nan), layout="v8").layout == "v8"
    with pytest.raises(ConfigurationError):
        chosen(np.full((1, 8400, 85), np.inf), classes=7)


def test_two_outputs_that_could_both_be_it_are_named() -> None:
    twice = turned(decoded(8400, 80))
    with pytest.raises(ConfigurationError, match="'output0' or 'output1' may be v8; export"):
        chosen(twice, twice.copy())


def test_the_users_layout_and_labels_stand_against_the_numbers() -> None:
    boxes, scores = corners(3000), RANDOM.random((1, 3000, 21))
    assert chosen(boxes, scores, layout="boxes-scores", classes=20).background == "first"
