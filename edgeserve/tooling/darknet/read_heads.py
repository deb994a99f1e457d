"""[yolo] and [region]."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgeserve.tooling.darknet.activations import LOGISTIC
from edgeserve.tooling.darknet.layers import Convolution, Detection
from edgeserve.tooling.darknet.training_keys import HEAD

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edgeserve.tooling.darknet.section import Section
    from edgeserve.tooling.darknet.stack import Stack

_MAX_CLASSES = 10_000
_MAX_ANCHORS = 100
_MAX_ANCHOR_PX = 1e5
_MAX_SCALE_XY = 10.0
_BOX_AND_OBJECTNESS = 5
_IOUS = {"default": 0.45, "cornersnms": 0.45, "greedynms": 0.55, "diounms": 0.55}
"""By nms_kind. Darknet's threshold is 0.45; the last two take a term for the distance of centres
off the IoU first, so that 0.45 is left of an IoU of 0.45 between boxes with one centre and of 0.57
between boxes of one size, one beside the other."""


def read_yolo(section: Section, stack: Stack) -> Detection:
    """[yolo]: the heads of v3 and v4.

    Raises:
        ConfigurationError: a value is wrong, or the layer before it has other channels.
    """
    source = stack.previous(section)
    num = section.integer("num", 1, 1, _MAX_ANCHORS)
    mask = section.integers("mask") if section.has("mask") else tuple(range(num))
    anchors = _anchors(section, num)
    for index in mask:
        if not 0 <= index < num:
            section.refuse(f"mask names anchor {index} of {num}, counted from 0", "mask")
    classes = section.integer("classes", 20, 1, _MAX_CLASSES)
    new_coords = section.integer("new_coords", 0, 0, 1) == 1
    before = stack.layers[source] if source >= 0 else None
    if new_coords and not (isinstance(before, Convolution) and before.activation == LOGISTIC):
        what = "new_coords=1 needs a [convolutional] with activation=logistic before it"
        section.refuse(what, "new_coords")
    if section.has("map"):
        section.refuse("map is not supported: classes keep their numbers", "map")
    scale_xy = section.number("scale_x_y", 1, 1, _MAX_SCALE_XY)
    iou = _iou(section)
    section.finish(HEAD)
    _check_channels(section, stack, source, len(mask), classes)
    return Detection(
        section,
        (source,),
        stack.shape(source),
        layout="anchor-grid",
        stride=_stride(section, stack, source),
        anchors_px=tuple(anchors[index] for index in mask),
        classes=classes,
        scale_xy=scale_xy,
        box_sizes="square" if new_coords else "exp",
        class_scores="sigmoid",
        before_activation=new_coords,
        iou=iou,
    )


def read_region(section: Section, stack: Stack) -> Detection:
    """[region]: the head of v2; its anchors are in cells.

    Raises:
        ConfigurationError: a value is wrong, or the layer before it has other channels.
    """
    source = stack.previous(section)
    num = section.integer("num", 1, 1, _MAX_ANCHORS)
    anchors = _anchors(section, num)
    classes = section.integer("classes", 20, 1, _MAX_CLASSES)
    section.expect("coords", 4)
    section.expect("background", 0)
    for key in ("tree", "map", "mask"):
        if section.has(key):
            section.refuse(f"{key} is not supported in [region]", key)
    softmax = section.integer("softmax", 0, 0, 1)
    iou = _iou(section)
    section.finish(HEAD)
    _check_channels(section, stack, source, num, classes)
    stride = _stride(section, stack, source)
    return Detection(
        section,
        (source,),
        stack.shape(source),
        layout="region",
        stride=stride,
        anchors_px=tuple((width * stride, height * stride) for width, height in anchors),
        classes=classes,
        scale_xy=1.0,
        box_sizes="exp",
        class_scores="softmax" if softmax else "sigmoid",
        before_activation=False,
        iou=iou,
    )


def _anchors(section: Section, num: int) -> Sequence[tuple[float, float]]:
    values = section.numbers("anchors")
    if len(values) < 2 * num:
        what = f"anchors holds {len(values)} numbers, expected {2 * num}: two for each of num={num}"
        section.refuse(what, "anchors")
    for value in values:
        if not 0 < value <= _MAX_ANCHOR_PX:
            what = f"anchors holds {value:g}, expected sizes over 0, up to {_MAX_ANCHOR_PX:g}"
            section.refuse(what, "anchors")
    return list(zip(values[0 : 2 * num : 2], values[1 : 2 * num : 2], strict=True))


def _iou(section: Section) -> float:
    """The threshold that comes closest to Darknet's suppression.

    A cfg names one only as `nms_threshold`, a word of OpenCV's; `beta_nms` is an exponent.
    """
    kind = section.word("nms_kind", "default")
    if kind not in _IOUS:
        what = f"nms_kind {kind!r:.80} is unknown; expected one of {', '.join(_IOUS)}"
        section.refuse(what, "nms_kind")
    return section.number("nms_threshold", _IOUS[kind], 0.01, 1)


def _check_channels(section: Section, stack: Stack, source: int, boxes: int, classes: int) -> None:
    wanted, there = boxes * (_BOX_AND_OBJECTNESS + classes), stack.shape(source).channels
    if there != wanted:
        what = (
            f"the layer before it has {there} channels; {boxes} boxes a cell and {classes} classes "
            f"need filters={wanted}"
        )
        section.refuse(what)


def _stride(section: Section, stack: Stack, source: int) -> int:
    shape, picture = stack.shape(source), stack.picture
    stride = picture.width // shape.width
    if (shape.width * stride, shape.height * stride) != (picture.width, picture.height):
        what = (
            f"its map of {shape.width}x{shape.height} cells does not divide the picture of "
            f"{picture.width}x{picture.height}: choose width and height in [net] as multiples of 32"
        )
        section.refuse(what)
    return stride
