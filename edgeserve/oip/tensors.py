"""The tensors that a served model takes and gives.

A frame comes either encoded, as an element of `encoded_images`, or as the model's own input
tensor, under the name that the model's file has for it. Results are the decoded detections, the
frames of a request in their order; and what the model itself computed, under its names with
`raw.` before them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from edgeserve.wire.oip.datatype import BYTES, datatype_of
from edgeserve.wire.oip.description import TensorMetadata

if TYPE_CHECKING:
    from edgeserve.pipeline.detector import Detector

ENCODED = "encoded_images"
BOXES = "boxes"
SCORES = "scores"
CLASS_IDS = "class_ids"
COUNT = "count"
LABELS = "labels"
RAW = "raw."
"""Before the name of an output of the model itself."""

_ANY = -1
_IMAGES = TensorMetadata(ENCODED, BYTES, (_ANY,))
DECODED = (
    TensorMetadata(BOXES, "FP32", (_ANY, _ANY, 4)),
    TensorMetadata(SCORES, "FP32", (_ANY, _ANY)),
    TensorMetadata(CLASS_IDS, "INT64", (_ANY, _ANY)),
    TensorMetadata(COUNT, "INT32", (_ANY,)),
)
"""Given by default: frames, detections of the frame that has most, best first. The rest of a
frame's row is 0, its class ids -1; `count` says how many are real."""
_LABELS = TensorMetadata(LABELS, BYTES, (_ANY, _ANY))


@dataclass(frozen=True, slots=True)
class ModelTensors:
    """What goes in and out of one model.

    Attributes:
        tensor: the model's own input, for any number of frames.
        raw: the model's own outputs, under the names that they have here.
    """

    tensor: TensorMetadata
    raw: tuple[TensorMetadata, ...]

    @classmethod
    def of(cls, detector: Detector) -> ModelTensors:
        """The tensors of a model as its engine takes and gives them."""
        known = _KNOWN.get(detector)
        if known is None:
            known = _KNOWN[detector] = cls._read(detector)
        return known

    @classmethod
    def _read(cls, detector: Detector) -> ModelTensors:
        wanted, engine = detector.input, detector.engine
        size = (wanted.height_px, wanted.width_px)
        shape = (*size, 3) if wanted.layout == "NHWC" else (3, *size)
        return cls(
            tensor=TensorMetadata(engine.input.name, datatype_of(wanted.dtype), (_ANY, *shape)),
            raw=tuple(
                TensorMetadata(RAW + output.name, "FP32", (_ANY, *output.shape[1:]))
                for output in engine.outputs
            ),
        )

    @property
    def inputs(self) -> tuple[TensorMetadata, ...]:
        """Of which a request has one."""
        return (_IMAGES, self.tensor)

    @property
    def outputs(self) -> tuple[TensorMetadata, ...]:
        """All that may be asked for."""
        return (*DECODED, _LABELS, *self.raw)


_KNOWN: WeakKeyDictionary[Detector, ModelTensors] = WeakKeyDictionary()
"""Asked for with each request. Weak: a detector that is replaced must go."""
