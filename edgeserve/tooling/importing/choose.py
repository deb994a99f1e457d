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
    together = list(readings_of_several(shapes, grid))
    joined = {name for one in together for name in one.outputs.values()}
    alone = [
        one
        for name, shape in shapes.items()
        for one in readings_of_one(name, shape, grid)
        if name not in joined or one.layout == layout
    ]
    everything = [*together, *alone]
    possible = _credible(everything, classes, layout)
    if not possible:
        text = (
            f"outputs {shown} are not {'of a layout that is known' if layout is None else layout} "
            f"at input {grid.size[0]}x{grid.size[1]}; --head takes one of {', '.join(LAYOUTS)}"
        )
        raise ConfigurationError(text)
    if layout is not None:
        # The user's words stand against the numbers.
        possible = [one for one in possible if one.classes in {None, classes}] or possible
    doubts = [contradiction(one, outputs, grid) for one in possible]
    agreed = [one for one, doubt in zip(possible, doubts, strict=True) if not doubt]
    if not agreed and layout is None:
        heads = _heads(possible)
        text = f"outputs {shown} are shaped for {heads}, but {doubts[0]}; add it if you know better"
        raise ConfigurationError(text)
    possible = agreed or possible
    fitting = [one for one in possible if classes is None or one.classes in {None, classes}]
    if not fitting:
        rooms = " or ".join(sorted({f"{one.classes} (head {one.layout})" for one in possible}))
        text = f"there are {classes} labels, and outputs {shown} have room for {rooms}"
        others = [
            one
            for one in everything
            if one.classes == classes and not contradiction(one, outputs, grid)
        ]
        hint = f"; if that is what they are, add {_heads(others)}"
        raise ConfigurationError(text + (hint if others and layout is None else ""))
    rivals = {_key(one): one for one in fitting}
    if classes is None and layout is None and len(rivals) == 1:
        # 85 channels are 81 classes, or COCO's 80 with objectness.
        (found,) = rivals.values()
        rivals |= {
            _key(one): one
            for one in everything
            if one.layout == "v5"
            and one.outputs == found.outputs
            and one.classes == len(COCO_LABELS) != found.classes
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
    return likely or [one for one in readings if one.classes == classes]


def _key(reading: Reading) -> tuple[object, ...]:
    return reading.layout, reading.classes, tuple(sorted(reading.outputs.items()))


def _ambiguous(shown: str, rivals: Sequence[Reading]) -> str:
    readings = " or ".join(f"{one.layout} with {one.classes} classes" for one in rivals)
    if len({(one.layout, one.classes) for one in rivals}) == 1:
        outputs = " or ".join(", ".join(map(repr, one.outputs.values())) for one in rivals)
        layout = rivals[0].layout
        return f"outputs {shown}: {outputs} may be {layout}; export the model with one of them"
    if len({one.layout for one in rivals}) == 1:
        return f"outputs {shown} may be {readings}; name the classes with --labels FILE|a,b,c"
    return f"outputs {shown} may be {readings}; add {_heads(rivals)}, or --labels FILE|a,b,c"


def _heads(readings: Sequence[Reading]) -> str:
    return " or ".join(sorted({f"--head {one.layout}" for one in readings}))
