"""From all readings of a model's outputs to the one that is meant, or to a refusal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgeserve.domain.errors import ConfigurationError
from edgeserve.postprocess.heads import LAYOUTS
from edgeserve.tooling.importing.coco import COCO_LABELS
from edgeserve.tooling.importing.evidence import contradiction, refined
from edgeserve.tooling.importing.several_outputs import readings_of_several
from edgeserve.tooling.importing.single_output import readings_of_one

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from edgeserve.tooling.importing.grid import Grid
    from edgeserve.tooling.importing.reading import Reading


def choose(
    outputs: Mapping[str, NDArray[np.generic]],
    grid: Grid,
    *,
    classes: int | None,
    layout: str | None,
) -> Reading:
    """The one layout that shapes, labels and numbers allow.

    Args:
        outputs: by name, of a photograph, batch 1.
        grid: the cells that the input's size allows.
        classes: how many labels are known; None if none are.
        layout: the user's word, a name of a head.

    Raises:
        ConfigurationError: none is left, or more than one; the text names the line to add.
    """
    shapes = {name: output.shape for name, output in outputs.items()}
    shown = ", ".join(f"{name!r} {list(shape)}" for name, shape in shapes.items())
    everything = [
        *(one for name, shape in shapes.items() for one in readings_of_one(name, shape, grid)),
        *readings_of_several(shapes, grid),
    ]
    possible = _credible(everything, classes, layout)
    agreed = [one for one in possible if not contradiction(one, outputs, grid)]
    if layout is None or agreed:
        possible = agreed
    if not possible:
        text = (
            f"outputs {shown} are not {'of a layout that is known' if layout is None else layout} "
            f"at input {grid.size[0]}x{grid.size[1]}; --head takes one of {', '.join(LAYOUTS)}"
        )
        raise ConfigurationError(text)
    fitting = [one for one in possible if classes is None or one.classes in {None, classes}]
    if not fitting:
        rooms = " or ".join(sorted({f"{one.classes} (head {one.layout})" for one in possible}))
        text = f"there are {classes} labels, and outputs {shown} have room for {rooms}"
        raise ConfigurationError(text)
    rivals = {(one.layout, one.classes): one for one in fitting}
    if classes is None and layout is None and len(rivals) == 1:
        # 85 channels are 81 classes, or COCO's 80 with objectness.
        rivals |= {
            (one.layout, one.classes): one
            for one in everything
            if one.classes == len(COCO_LABELS) and one.outputs == fitting[0].outputs
            if fitting[0].classes != len(COCO_LABELS) and one.layout == "v5"
        }
    if len(rivals) > 1:
        raise ConfigurationError(_ambiguous(shown, list(rivals.values())))
    return refined(fitting[0], outputs)


def _credible(
    readings: Sequence[Reading],
    classes: int | None,
    layout: str | None,
) -> list[Reading]:
    """What the user asks for; else the likely ones; else those that the labels speak for."""
    if layout is not None:
        return [one for one in readings if one.layout == layout]
    likely = [one for one in readings if one.likely]
    if classes is None or any(one.classes in {None, classes} for one in likely):
        return likely
    return [one for one in readings if one.likely or one.classes == classes]


def _ambiguous(shown: str, rivals: Sequence[Reading]) -> str:
    readings = " or ".join(f"{one.layout} with {one.classes} classes" for one in rivals)
    layouts = sorted({one.layout for one in rivals})
    if len(layouts) == 1:
        return f"outputs {shown} may be {readings}; name the classes with --labels FILE|a,b,c"
    heads = " or ".join(f"--head {layout}" for layout in layouts)
    return f"outputs {shown} may be {readings}; add {heads}, or --labels FILE|a,b,c"
