"""Whether a bundle on disk could serve here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from edgeserve.domain.errors import EdgeserveError, RuntimeMissingError
from edgeserve.engines.options import EngineOptions
from edgeserve.engines.registry import runtimes
from edgeserve.pipeline.detector import Detector
from edgeserve.pipeline.warmup import warm_up

if TYPE_CHECKING:
    from edgeserve.catalog.bundle import Bundle
    from edgeserve.domain.model import ModelFile, ModelSpec

_DEVICE = "CPU"
"""The one that every machine has."""
_MOST_PIXELS = 1 << 26


@dataclass(frozen=True, slots=True)
class Finding:
    """What came of one form of a model on one runtime.

    Attributes:
        model: NAME:VERSION.
        runtime: that opened it, or "-" for the bundle as a whole.
        precision: of the file, or "-".
        problem: what is wrong; empty when nothing is.
    """

    model: str
    runtime: str = "-"
    precision: str = "-"
    problem: str = ""


def check(bundle: Bundle) -> list[Finding]:
    """Hold a bundle's files against its manifest: checksums, then each form on each runtime.

    A runtime that is not installed is left out: it is the machine's business, not the bundle's.
    """
    name = f"{bundle.manifest.name}:{bundle.manifest.version}"
    try:
        bundle.verify()
    except EdgeserveError as error:
        return [Finding(name, problem=str(error))]
    forms = [
        Finding(name, runtime, file.precision, problem)
        for file in bundle.spec.files
        for runtime in file.runtimes
        if (problem := _problem(bundle.spec, file, runtime)) is not None
    ]
    if not forms:
        return [Finding(name, problem="no runtime that could open its files is installed")]
    return [Finding(name), *forms]


def _problem(spec: ModelSpec, file: ModelFile, name: str) -> str | None:
    """What is wrong with a form, "" if nothing is, None if its runtime is not installed."""
    runtime = runtimes().get(name)
    if runtime is None:
        return None
    try:
        engine = runtime.load(file, _DEVICE, EngineOptions(max_cache_mb=0), spec.input)
        warm_up(Detector(spec, engine, max_pixels=_MOST_PIXELS))
    except RuntimeMissingError:
        return None
    except EdgeserveError as error:
        return str(error)
    return ""
