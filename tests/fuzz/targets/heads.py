"""Every head's decoding and the suppression behind it, on tensors that hold anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from edgeserve.domain.errors import EdgeserveError
from edgeserve.domain.model import AnchorSpec, Fit
from edgeserve.geometry.letterbox import Letterbox
from edgeserve.postprocess.finalize import Selection, finalize
from edgeserve.postprocess.heads import create_head
from tests import fakes
from tests.fuzz.reader import Reader
from tests.fuzz.target import Target, check_told
from tests.postprocess import test_anchor_grid as anchors
from tests.postprocess import test_layouts as layouts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from edgeserve.domain.model import ModelSpec

    Outputs = dict[str, NDArray[np.float32]]
    Make = Callable[[np.random.Generator], Outputs]

_VALUES = np.array(
    [np.nan, np.inf, -np.inf, 3e38, -3e38, 1e20, -1e20, 1e-45, 88.8, -88.8, 20, -20, 1, 0.5, 0, -1],
    dtype=np.float32,
)
_THRESHOLDS = (0.0, 1e-6, 0.05, 0.3, 0.5, 0.999999, 1.0)
_SIDES_PX = (1, 2, 7, 64, 640, 8192)
_ROWS = (None, None, None, 0, 1, 2)
_OPEN = {50, 30, 20}
"""Sizes that files leave open, in what `test_layouts` makes."""
_CLASSES = 3


def _dfl(random: np.random.Generator) -> Outputs:
    normal = random.normal(0, 4, (1, 4 * fakes.REG_MAX + 2, fakes.CELLS)).astype(np.float32)
    return {"boxes": normal[:, :-2], "scores": normal[:, -2:]}


def _grid(random: np.random.Generator) -> Outputs:
    return anchors.outputs(int(random.integers(1 << 30)), spread=4)


_SQUARE = AnchorSpec(anchors.SIZES_PX, anchors.SCALE_XY, "square", "sigmoid")
_SOFTMAX = AnchorSpec(anchors.SIZES_PX, anchors.SCALE_XY, "exp", "softmax")
_KINDS: list[tuple[ModelSpec, Make]] = [
    *((layouts.model_spec(**one.head), one.make) for one in layouts.LAYOUTS.values()),
    (fakes.model_spec(), _dfl),
    (anchors.model_spec(), _grid),
    (anchors.model_spec(anchors=_SQUARE), _grid),
    (anchors.model_spec("region"), _grid),
    (anchors.model_spec("region", anchors=_SOFTMAX), _grid),
]
_MADE = [(spec, create_head(spec), make(np.random.default_rng(1))) for spec, make in _KINDS]


def run(data: bytes) -> None:
    reader = Reader(data)
    spec, head, good = reader.choice(_MADE)
    threshold, iou = reader.choice(_THRESHOLDS), reader.choice(_THRESHOLDS)
    most = 1 + reader.number()
    sides = (reader.choice(_SIDES_PX), reader.choice(_SIDES_PX))
    fit = reader.choice(tuple(Fit))
    rows, half = reader.choice(_ROWS), reader.choice((False, True))
    outputs = {name: _cut(output, rows) for name, output in good.items()}
    patches = np.frombuffer(reader.rest(), dtype=np.uint8)
    for number, output in enumerate(outputs.values()):
        _patch(output, patches[number :: len(outputs)])
    if half:
        with np.errstate(over="ignore"):
            outputs = {name: output.astype(np.float16) for name, output in outputs.items()}
    placement = Letterbox.plan(*sides, spec.input.width_px, spec.input.height_px, fit)
    try:
        head.check({name: output.shape for name, output in outputs.items()})
    except EdgeserveError as error:
        check_told(error)
        return
    candidates = head.candidates(outputs, threshold)
    found = finalize(candidates, Selection(threshold, iou, most), placement)
    boxes = found.boxes_xyxy
    assert len(boxes) == len(found.scores) == len(found.class_ids) <= most
    assert np.isfinite(boxes).all()
    assert (boxes >= 0).all()
    assert (boxes <= np.array(sides * 2, dtype=np.float32)).all()
    assert (found.scores > threshold).all()
    assert (np.diff(found.scores) <= 0).all()
    assert ((found.class_ids >= 0) & (found.class_ids < _CLASSES)).all()


def _cut(output: NDArray[np.float32], rows: int | None) -> NDArray[np.float32]:
    """A copy, with fewer rows where a file may leave their number open."""
    axis = next((axis for axis, size in enumerate(output.shape) if size in _OPEN), None)
    if rows is None or axis is None:
        return output.copy()
    return output.take(range(rows), axis)


def _patch(output: NDArray[np.float32], patches: NDArray[np.uint8]) -> None:
    """Set values: three bytes say where, how many and which."""
    flat = output.reshape(-1)
    for place, count, value in patches[: len(patches) // 3 * 3].reshape(-1, 3).tolist():
        begin = place * flat.size // 256
        flat[begin : begin + count] = _VALUES[value % len(_VALUES)]


def seeds() -> Mapping[str, bytes]:
    plain = {f"kind {kind}": bytes((kind, 3, 4, 99, 4, 4, 0, 0, 0)) for kind in range(len(_MADE))}
    all_bad = {
        f"kind {kind}, {value}": bytes((kind, 0, 4, 99, 3, 4, 1, 0, kind % 2))
        + bytes(byte for place in range(0, 256, 9) for byte in (place, 40, value))
        for kind in range(len(_MADE))
        for value in (0, 1, 3)
    }
    return plain | all_bad


TARGET = Target(run, seeds)
