"""Accuracy of a model as the server runs it: its own decoding, letterbox, engine and head."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from edgeserve.domain.frame import EncodedFrame
from edgeserve.engines.options import EngineOptions
from edgeserve.engines.registry import runtimes
from edgeserve.engines.resolve import load_engine
from edgeserve.pipeline.detector import Detector
from edgeserve.postprocess.finalize import Selection
from edgeserve.tooling.precision import PROTOCOL, OriginPrecision, average_precision
from edgeserve.tooling.progress import progress

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from edgeserve.domain.detections import Detections
    from edgeserve.domain.model import ModelSpec
    from edgeserve.engines.protocol import Engine
    from edgeserve.tooling.dataset import Origin

SELECTION = Selection(score_threshold=0.001, iou_threshold=0.65, max_detections=100)
_MAX_PIXELS = 100_000_000


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What `evaluate` measured.

    Attributes:
        model: name of the model.
        version: of the model.
        runtime: that ran it.
        device: RUNTIME:DEVICE.
        precision: of the file that was asked for.
        split: of the data.
        origins: average precision by origin.
    """

    model: str
    version: str
    runtime: str
    device: str
    precision: str
    split: str
    origins: Mapping[str, OriginPrecision]

    def document(self) -> dict[str, object]:
        """The fields of the command's JSON."""
        return {
            "model": self.model,
            "version": self.version,
            "runtime": self.runtime,
            "device": self.device,
            "precision": self.precision,
            "split": self.split,
            "protocol": PROTOCOL,
            "origins": {
                name: {
                    "ap": origin.mean.ap,
                    "ap50": origin.mean.ap50,
                    "per_class": {
                        label: {"ap": one.ap, "ap50": one.ap50}
                        for label, one in origin.per_class.items()
                    },
                }
                for name, origin in self.origins.items()
            },
        }


def evaluate(
    spec: ModelSpec,
    origins: Sequence[Origin],
    *,
    split: str,
    runtime: str,
    precision: str,
    device: str = "CPU",
) -> Evaluation:
    """Run one form of a model over labelled pictures.

    Args:
        spec: the model; it has a file of that precision for that runtime.
        origins: the pictures of a split.
        split: its name, for the record.
        runtime: as in "openvino".
        precision: "int8" or "fp32".
        device: of the runtime.

    Raises:
        NotAvailableError: runtime, device or file is not there, or pycocotools is missing.
        ConfigurationError: the file is not what the manifest says.
    """
    engine = open_engine(spec, runtime=runtime, precision=precision, device=device)
    title = f"{split}, {engine.device} {precision}"
    return Evaluation(
        model=spec.name,
        version=spec.version,
        runtime=runtime,
        device=engine.device,
        precision=precision,
        split=split,
        origins={
            origin.name: average_precision(
                origin,
                detect(spec, engine, [p.data for p in origin.pictures], SELECTION, title),
                spec.labels,
            )
            for origin in origins
        },
    )


def open_engine(spec: ModelSpec, *, runtime: str, precision: str, device: str = "CPU") -> Engine:
    """Load one form of a model on one device, that one or none.

    Raises:
        NotAvailableError: runtime, device or file is not there.
    """
    options = EngineOptions.model_validate(
        {
            "provider": f"{runtime}:{device}",
            "strict": True,
            "precision": precision,
            "hint": "latency",
            "max_cache_mb": 0,
        }
    )
    engine, _ = load_engine(spec, options, runtimes())
    return engine


def detect(
    spec: ModelSpec,
    engine: Engine,
    pictures: Sequence[bytes],
    selection: Selection,
    title: str,
) -> list[Detections]:
    """Detections of encoded pictures, boxes in pixels of each picture."""
    worker = Detector(spec, engine, max_pixels=_MAX_PIXELS).create_worker()
    return [
        worker.run(EncodedFrame(number, data), selection).detections
        for number, data in enumerate(progress(pictures, title))
    ]
