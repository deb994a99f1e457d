"""A client's wishes held against a model."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from edgeserve.domain.errors import RequestError
from edgeserve.postprocess.finalize import Selection

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgeserve.domain.model import ModelSpec
    from edgeserve.domain.request import DetectOptions

_MOST_DETECTIONS = 1000
_MOST_LABELS = 10_000


def select(spec: ModelSpec, options: DetectOptions) -> Selection:
    """Fill what the client left open with the model's defaults.

    Raises:
        RequestError: a value is out of range, or a label is not one of the model's.
    """
    defaults = spec.thresholds
    most = defaults.max_detections if options.max_detections is None else options.max_detections
    if not 1 <= most <= _MOST_DETECTIONS:
        text = f"max_detections is {most}; expected 1 to {_MOST_DETECTIONS}"
        raise RequestError(text)
    return Selection(
        score_threshold=_fraction("score_threshold", options.score_threshold, defaults.score),
        iou_threshold=_fraction("iou_threshold", options.iou_threshold, defaults.iou),
        max_detections=most,
        wanted=_wanted(spec, options.labels),
        raw_outputs=options.raw_outputs,
    )


def _fraction(name: str, value: float | None, default: float) -> float:
    if value is None:
        return default
    if not (math.isfinite(value) and 0 <= value <= 1):
        text = f"{name} is {value}; expected a number from 0 to 1"
        raise RequestError(text)
    return value


def _wanted(spec: ModelSpec, labels: tuple[str, ...]) -> NDArray[np.bool_] | None:
    if not labels:
        return None
    if len(labels) > _MOST_LABELS:
        text = f"{len(labels)} labels are asked for; expected {_MOST_LABELS} at most"
        raise RequestError(text)
    wanted = set(labels)
    unknown = sorted(wanted - set(spec.labels))
    if unknown:
        known = ", ".join(spec.labels)
        text = f"model {spec.name} has no label {', '.join(map(repr, unknown))}; it has {known}"
        raise RequestError(text)
    return np.array([label in wanted for label in spec.labels])
