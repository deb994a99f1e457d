"""What the gate measures a quantized form by: labels, or what the FP32 form found."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from edgeserve.checks.agreement import SLACK, compare
from edgeserve.postprocess.finalize import Selection
from edgeserve.tooling.evaluate import detect, evaluate, open_engine
from edgeserve.tooling.isa import WITHOUT_VNNI, call_under, can_be_capped

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from edgeserve.domain.detections import Detections
    from edgeserve.domain.model import ModelSpec
    from edgeserve.tooling.dataset import Origin
    from edgeserve.tooling.evaluate import Evaluation

GATE_SPLIT = "val"
"""Choices are made on it; the test split stays unseen."""
REFERENCE_RUNTIME = "onnxruntime"
"""Its FP32 is FP32 on every chip."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What one form reached.

    Attributes:
        figures: by name, 0..1, the higher the better.
        evaluation: of it on this CPU, where there are labels.
    """

    figures: Mapping[str, float]
    evaluation: Evaluation | None = None


class Yardstick(Protocol):
    """Measures forms of one model."""

    @property
    def before(self) -> Mapping[str, float]:
        """What the FP32 form reached, under all names that a reading may have."""

    def read(self, spec: ModelSpec, runtime: str, precision: str) -> Reading:
        """Measure a form of a model on a runtime's CPU."""


class ByLabels:
    """COCO AP by origin; for OpenVINO also as a CPU without VNNI would compute it."""

    def __init__(self, spec: ModelSpec, origins: Sequence[Origin]) -> None:
        """Evaluate the FP32 form.

        Raises:
            NotAvailableError: the FP32 file, its runtime or pycocotools is not there.
        """
        self.origins = origins
        self.reference = _evaluate(spec, origins, REFERENCE_RUNTIME, "fp32")

    @property
    def before(self) -> Mapping[str, float]:
        """AP of the FP32 form, for both kinds of CPU."""
        native = _figures(self.reference)
        return native | {_capped(name): ap for name, ap in native.items()}

    def read(self, spec: ModelSpec, runtime: str, precision: str) -> Reading:
        """AP of the form by origin."""
        native = _evaluate(spec, self.origins, runtime, precision)
        figures = _figures(native)
        if can_be_capped(runtime):
            old = call_under(WITHOUT_VNNI, _evaluate, spec, self.origins, runtime, precision)
            figures |= {_capped(name): ap for name, ap in _figures(old).items()}
        return Reading(figures, native)


@dataclass
class ByAgreement:
    """Share of boxes that the INT8 and the FP32 form agree on, for pictures without labels."""

    spec: ModelSpec
    pictures: Sequence[bytes]
    before: Mapping[str, float] = field(init=False)

    def __post_init__(self) -> None:
        """Run the FP32 form."""
        names = ("agreement", _capped("agreement"))
        self.before = dict.fromkeys(names, 1.0)
        self._reference = _detect(self.spec, self.pictures, REFERENCE_RUNTIME, "fp32")

    def read(self, spec: ModelSpec, runtime: str, precision: str) -> Reading:
        """Agreement of the form with the FP32 form."""
        figures = {"agreement": self._agreement(_detect(spec, self.pictures, runtime, precision))}
        if can_be_capped(runtime):
            old = call_under(WITHOUT_VNNI, _detect, spec, self.pictures, runtime, precision)
            figures[_capped("agreement")] = self._agreement(old)
        return Reading(figures)

    def _agreement(self, found: Sequence[Detections]) -> float:
        return compare(self._reference, found, self.spec.thresholds.score).matched


def _capped(name: str) -> str:
    return f"{name}, {WITHOUT_VNNI}"


def _figures(evaluation: Evaluation) -> dict[str, float]:
    return {name: origin.mean.ap for name, origin in evaluation.origins.items()}


def _evaluate(
    spec: ModelSpec, origins: Sequence[Origin], runtime: str, precision: str
) -> Evaluation:
    return evaluate(spec, origins, split=GATE_SPLIT, runtime=runtime, precision=precision)


def _detect(
    spec: ModelSpec, pictures: Sequence[bytes], runtime: str, precision: str
) -> list[Detections]:
    """Detections from a little under the model's own threshold on."""
    thresholds = spec.thresholds
    lowest = max(0.001, thresholds.score - SLACK)
    selection = Selection(lowest, thresholds.iou, thresholds.max_detections)
    engine = open_engine(spec, runtime=runtime, precision=precision)
    return detect(spec, engine, pictures, selection, f"agreement, {engine.device} {precision}")
