"""What a manifest says, settled from the user's words, the file's and the layout's habit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgeserve.catalog.manifest import DefaultThresholds, Head, Input, Normalisation
from edgeserve.domain.errors import ConfigurationError
from edgeserve.tooling.importing.coco import COCO_LABELS
from edgeserve.tooling.importing.model_file import fixed_size, picture_layout
from edgeserve.tooling.importing.picture import HABITS

if TYPE_CHECKING:
    from edgeserve.domain.model import TensorSpec
    from edgeserve.tooling.importing.assumptions import Assumptions
    from edgeserve.tooling.importing.metadata import Description
    from edgeserve.tooling.importing.model_file import Size
    from edgeserve.tooling.importing.reading import Reading
    from edgeserve.tooling.importing.wishes import Wishes

_SCORE = 0.25
_MAX_DETECTIONS = 100


def settled_size(
    tensor: TensorSpec,
    description: Description,
    wishes: Wishes,
    assumptions: Assumptions,
) -> Size:
    """The input's width and height.

    Raises:
        ConfigurationError: nobody says it.
    """
    size = wishes.size_px or fixed_size(tensor)
    if size is None and description.size_px is not None:
        size = description.size_px
        assumptions.add(f"size {size[0]}x{size[1]}", "the file's metadata says so")
    if size is None:
        text = f"input {tensor.name!r} is {list(tensor.shape)}, its size is open; add --size WxH"
        raise ConfigurationError(text)
    return size


def settled_labels(
    reading: Reading,
    description: Description,
    wishes: Wishes,
    assumptions: Assumptions,
) -> tuple[str, ...]:
    """Class names.

    Raises:
        ConfigurationError: nobody knows how many there are.
    """
    if wishes.labels:
        return wishes.labels
    if description.labels:
        assumptions.add(f"{len(description.labels)} labels", "the file's metadata names them")
        return description.labels
    if reading.classes is None:
        text = (
            f"an output of layout {reading.layout} does not tell how many classes there are; "
            "name them with --labels FILE|a,b,c"
        )
        raise ConfigurationError(text)
    if reading.classes == len(COCO_LABELS):
        assumptions.add("the labels of COCO", "there are 80 classes and nothing names them")
        return COCO_LABELS
    assumptions.add(
        f"labels class-0 to class-{reading.classes - 1}",
        "nothing names them; --labels FILE|a,b,c does",
    )
    return tuple(f"class-{index}" for index in range(reading.classes))


def settled_input(
    tensor: TensorSpec,
    size: Size,
    reading: Reading,
    description: Description,
    wishes: Wishes,
    assumptions: Assumptions,
) -> Input:
    """The input as the file has it; the server normalises."""
    habit = HABITS[reading.layout]
    usual = f"models of layout {reading.layout} usually want it"
    settle = assumptions.settle
    nothing = tensor.dtype == "uint8"
    if nothing:
        mean, std = (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)
    else:
        mean = settle("mean", wishes.mean, description.mean, (habit.mean, usual))
        std = settle("std", wishes.std, description.std, (habit.std, usual))
    return Input(
        width_px=size[0],
        height_px=size[1],
        layout=picture_layout(tensor),  # type: ignore[arg-type]
        dtype=tensor.dtype,  # type: ignore[arg-type]
        color_order=settle(
            "color order",
            wishes.color_order,
            description.color_order,
            (habit.color_order, usual),
        ),
        fit=settle("fit", wishes.fit, description.fit, (habit.fit, usual)),
        pad_value=settle(
            "pad value",
            wishes.pad_value,
            description.pad_value,
            (habit.pad_value, usual),
        ),
        normalisation=Normalisation(
            place="graph" if nothing else "server",
            mean=mean,
            std=std,
        ),
    )


def settled_head(reading: Reading, wishes: Wishes, assumptions: Assumptions) -> Head:
    """The output layout."""
    if wishes.layout is None:
        assumptions.add(f"head {reading.layout}", reading.why)
    for sentence in reading.evidence:
        assumptions.lines.append(sentence)
    if reading.background == "first":
        assumptions.add(
            "class 0 of the output is the background",
            "such models count their labels from 1; the manifest's head.background says otherwise",
        )
    return Head(
        layout=reading.layout,
        strides=reading.strides,
        reg_max=reading.reg_max,
        box_format=reading.box_format,  # type: ignore[arg-type]
        box_unit=reading.box_unit,  # type: ignore[arg-type]
        activation=reading.activation,  # type: ignore[arg-type]
        background=reading.background,  # type: ignore[arg-type]
        outputs=dict(reading.outputs),
    )


def settled_thresholds(
    reading: Reading,
    wishes: Wishes,
    assumptions: Assumptions,
) -> DefaultThresholds:
    """What a client gets that asks for nothing else."""
    iou = HABITS[reading.layout].iou
    suppresses = "the model suppresses by itself" if iou == 1 else "that is usual"
    settle = assumptions.settle
    return DefaultThresholds(
        score=settle("score threshold", wishes.score, None, (_SCORE, "that is usual")),
        iou=settle("IoU threshold", wishes.iou, None, (iou, suppresses)),
        max_detections=_MAX_DETECTIONS,
    )
