"""Every form of a bundle on this machine, compared with FP32."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgeserve.cameras.pictures import Pictures, pictures_in
from edgeserve.checks.agreement import SLACK
from edgeserve.checks.forms import forms
from edgeserve.checks.golden import Golden, read_golden
from edgeserve.checks.judge import judge, limits
from edgeserve.checks.report import FAILED, PASSED, SKIPPED, Finding, Report
from edgeserve.domain.errors import (
    ConfigurationError,
    EdgeserveError,
    FrameError,
    NotAvailableError,
)
from edgeserve.domain.frame import EncodedFrame
from edgeserve.engines.registry import runtimes
from edgeserve.pipeline.detector import Detector
from edgeserve.postprocess.finalize import Selection

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from edgeserve.catalog.bundle import Bundle
    from edgeserve.checks.forms import Form
    from edgeserve.checks.judge import Detect
    from edgeserve.domain.detections import Detections
    from edgeserve.domain.model import ModelSpec
    from edgeserve.engines.protocol import Engine

_MAX_PIXELS = 1 << 26
_MOST_PICTURES = 200
"""Of the user's own, evenly spread."""


def verify(bundle: Bundle, data: Path | None = None) -> Report:
    """Run every form of a bundle on every device that is here.

    Args:
        bundle: its files are as the manifest says.
        data: folder of pictures to compare on instead of the golden ones. The reference is then
            the FP32 form on ONNX Runtime, or, without it, the first form that passes on the
            golden frames.

    Raises:
        ConfigurationError: the golden file is broken, or a picture of `data` cannot be decoded or
            holds nothing to compare.
        NotAvailableError: there is nothing to compare with, or nothing that could run a form.
    """
    spec = bundle.spec
    found = forms(spec, runtimes())
    if not found:
        text = f"no runtime that could open a file of model {spec.name} is installed"
        raise NotAvailableError(text)
    if data is None:
        reference, precision = "the bundle's golden detections (FP32)", "fp32"
        known = golden_frames(bundle)
    else:
        chosen = _reference(bundle, found)
        precision = chosen.precision
        reference = f"{precision} on {chosen.device.name}"
        known = _own_pictures(spec, chosen, data)
    return Report(
        model=spec.name,
        version=spec.version,
        reference=reference,
        pictures=len(known.pictures),
        devices=[judge_form(spec, form, known, precision) for form in found],
    )


def detecting(spec: ModelSpec, engine: Engine) -> Detect:
    """What the server's detector finds in pictures, one after another, by an engine.

    Raises:
        ConfigurationError: the engine's file is not what the manifest says.
    """
    # The limits of a server are for its clients' frames.
    detector = Detector(spec, engine, max_pixels=_MAX_PIXELS)

    def detect(pictures: Sequence[bytes], selection: Selection) -> list[Detections]:
        worker = detector.create_worker()
        return [
            worker.run(EncodedFrame(number, data), selection).detections
            for number, data in enumerate(pictures)
        ]

    return detect


def judge_form(spec: ModelSpec, form: Form, known: Golden, reference: str = "fp32") -> Finding:
    """Run one form over pictures and compare.

    Args:
        spec: the model.
        form: of it.
        known: the pictures, and what should be found.
        reference: the precision that found it.
    """
    name = (form.runtime.name, form.device.name, form.precision)
    try:
        detect = detecting(spec, form.open())
    except NotAvailableError as error:
        return Finding(*name, None, None, SKIPPED, str(error))
    except EdgeserveError as error:
        return Finding(*name, None, None, FAILED, str(error))
    allowed = limits(form.precision, reference)
    result = judge(known, detect, allowed, spec.thresholds.score)
    verdict = FAILED if result.problem else PASSED
    return Finding(*name, result.matched, result.score_mae, verdict, result.problem)


def golden_frames(bundle: Bundle) -> Golden:
    """What a bundle brings to compare with.

    Raises:
        ConfigurationError: the golden file is broken.
        NotAvailableError: it brings nothing.
    """
    name, golden = bundle.manifest.name, bundle.manifest.golden
    if golden is None:
        text = f"model {name} brings no golden frames to compare with; give pictures with --data"
        raise NotAvailableError(text)
    return read_golden(bundle.folder / golden.path)


def _reference(bundle: Bundle, found: Sequence[Form]) -> Form:
    """The FP32 form on ONNX Runtime, else the first that passes, FP32 before others."""
    for form in found:
        # Its FP32 is FP32 on every chip.
        if form.precision == "fp32" and form.device.name == "onnxruntime:CPU":
            return form
    golden = golden_frames(bundle)
    for form in sorted(found, key=lambda form: form.precision != "fp32"):
        if judge_form(bundle.spec, form, golden).verdict == PASSED:
            return form
    text = (
        f"no form of model {bundle.manifest.name} can be the reference: its FP32 form for ONNX "
        "Runtime is not here, and none passes on the golden frames (verify without --data)"
    )
    raise NotAvailableError(text)


def _own_pictures(spec: ModelSpec, form: Form, data: Path) -> Golden:
    """The user's pictures and what the reference finds in them."""
    paths = pictures_in(data).paths
    chosen = paths[:: -(-len(paths) // _MOST_PICTURES)]
    thresholds = spec.thresholds
    lowest = max(0.001, thresholds.score - SLACK)
    selection = Selection(lowest, thresholds.iou, thresholds.max_detections)
    worker = Detector(spec, form.open(), max_pixels=_MAX_PIXELS).create_worker()
    pictures, detections = [], []
    for path, frame in zip(chosen, Pictures(data.name, chosen), strict=True):
        try:
            detections.append(worker.run(frame, selection).detections)
        except FrameError as error:
            text = f"the picture {path} cannot be used: {error}; take it out of the folder"
            raise ConfigurationError(text) from error
        pictures.append(bytes(frame.data))
    if not any((one.scores >= thresholds.score).any() for one in detections):
        text = (
            f"model {spec.name} finds nothing in the pictures of {data}, so there is nothing to "
            "compare; give pictures with what it is made for"
        )
        raise ConfigurationError(text)
    return Golden(tuple(pictures), tuple(detections), selection)
