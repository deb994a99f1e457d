"""A model file becomes a bundle."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from edgeserve.catalog.bundle import Bundle
from edgeserve.catalog.manifest import File, Manifest
from edgeserve.domain.errors import (
    ConfigurationError,
    EdgeserveError,
    NotAvailableError,
    RuntimeMissingError,
)
from edgeserve.domain.frame import ColorOrder
from edgeserve.domain.model import Fit, InputSpec
from edgeserve.engines.options import EngineOptions
from edgeserve.engines.registry import runtimes
from edgeserve.pipeline.detector import Detector
from edgeserve.pipeline.warmup import warm_up
from edgeserve.tooling.bundle_files import checked, write_manifest
from edgeserve.tooling.importing.assumptions import Assumptions
from edgeserve.tooling.importing.choose import choose
from edgeserve.tooling.importing.grid import Grid
from edgeserve.tooling.importing.metadata import describe
from edgeserve.tooling.importing.model_file import picture_layout
from edgeserve.tooling.importing.place import bundle_name, bundle_version
from edgeserve.tooling.importing.probe import DEVICE, MAX_PIXELS, probe
from edgeserve.tooling.importing.read import read_source
from edgeserve.tooling.importing.settle import (
    settled_head,
    settled_input,
    settled_labels,
    settled_size,
    settled_thresholds,
)

if TYPE_CHECKING:
    from edgeserve.catalog.manifest import Input
    from edgeserve.tooling.importing.metadata import Description
    from edgeserve.tooling.importing.model_file import ModelSource, Size, Written
    from edgeserve.tooling.importing.reading import Reading
    from edgeserve.tooling.importing.wishes import Wishes

_LICENCE = "unknown"
"""Of what somebody else trained; the manifest's reader may know better."""


@dataclass(frozen=True, slots=True)
class Imported:
    """A new bundle, and what was assumed of it, a sentence each."""

    bundle: Bundle
    assumptions: tuple[str, ...]


def import_model(path: Path, wishes: Wishes) -> Imported:
    """Recognise a detector and write it as a bundle that has run here.

    Args:
        path: an ONNX file or an OpenVINO IR.
        wishes: what the user says.

    Raises:
        ConfigurationError: the file or a wish is wrong, or the layout is not certain.
        NotAvailableError: a file, a library or every runtime is missing.
    """
    assumptions = Assumptions()
    name = bundle_name(wishes.name, path)
    version = bundle_version(wishes.version, wishes.out / name)
    source = read_source(path)
    description = describe(source.metadata)
    for note in description.notes:
        assumptions.lines.append(f"{note}; it is passed over")
    size = settled_size(source.input, description, wishes, assumptions)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "bundle"
        folder.mkdir()
        # Named after the user's file, because runtimes name it in what they refuse.
        plain = source.write(Path(scratch) / path.stem, size).path
        reading = _reading(source, plain, size, description, wishes)
        head = settled_head(reading, wishes, assumptions)
        labels = settled_labels(reading, description, wishes, assumptions)
        picture = settled_input(source.input, size, reading, description, wishes, assumptions)
        thresholds = settled_thresholds(reading, wishes, assumptions)
        written, picture = _write(source, folder, picture, assumptions)
        manifest = Manifest(
            format=1,
            name=name,
            version=version,
            description=f"Imported from {path.name}.",
            licence=_LICENCE,
            labels=labels,
            input=picture,
            head=head,
            thresholds=thresholds,
            files=(_file(written, source),),
        )
        bundle = write_manifest(folder, manifest)
        running = _running(bundle, source.runtimes, assumptions)
        kept = manifest.files[0].model_copy(update={"runtimes": running})
        write_manifest(folder, manifest.model_copy(update={"files": (kept,)}))
        target = wishes.out / name / version
        _move(folder, target)
    return Imported(Bundle.read(target), tuple(assumptions.lines))


def _reading(
    source: ModelSource,
    plain: Path,
    size: Size,
    description: Description,
    wishes: Wishes,
) -> Reading:
    """Run the file on a photograph and recognise what comes out."""
    nothing = source.input.dtype == "uint8"
    picture = InputSpec(
        width_px=size[0],
        height_px=size[1],
        layout=picture_layout(source.input),
        dtype=source.input.dtype,
        color_order=ColorOrder.RGB,
        fit=Fit.STRETCH,
        pad_value=0,
        std=(1.0, 1.0, 1.0) if nothing else (255.0, 255.0, 255.0),
    )
    labels = wishes.labels or description.labels
    return choose(
        probe(plain, source.runtimes, picture),
        Grid(size, description.strides, description.reg_max),
        classes=len(labels) or None,
        layout=wishes.layout,
    )


def _write(
    source: ModelSource,
    folder: Path,
    picture: Input,
    assumptions: Assumptions,
) -> tuple[Written, Input]:
    """The file as it is served, and the input that it has then."""
    target = folder / f"model-{source.precision}"
    size = (picture.width_px, picture.height_px)
    if picture.dtype == "uint8":
        return source.write(target, size), picture
    by = picture.normalisation
    written = source.write_fused(target, size, by.mean, by.std)
    if not written.fused:
        assumptions.add("the server normalises each frame, not the graph", written.refused)
        return written, picture
    fused = picture.model_copy(
        update={
            "layout": "NHWC",
            "dtype": "uint8",
            "normalisation": by.model_copy(update={"place": "graph"}),
        }
    )
    return written, fused


def _file(written: Written, source: ModelSource) -> File:
    return File(
        **checked(written.path).model_dump(),
        runtimes=source.runtimes,
        precision=source.precision,  # type: ignore[arg-type]
        companions=tuple(checked(path) for path in written.companions),
    )


def _running(
    bundle: Bundle,
    readers: tuple[str, ...],
    assumptions: Assumptions,
) -> tuple[str, ...]:
    """The runtimes that run the bundle, and those that are not here to be asked.

    Raises:
        ConfigurationError: none runs it.
        NotAvailableError: none is here.
    """
    absent, refusals = [], []
    running = []
    for name in readers:
        try:
            engine = runtimes()[name].load(bundle.spec.files[0], DEVICE, EngineOptions())
            warm_up(Detector(bundle.spec, engine, max_pixels=MAX_PIXELS))
            running.append(name)
        except RuntimeMissingError:  # noqa: PERF203 - each may fail in its own way
            absent.append(name)
        except EdgeserveError as error:
            refusals.append(f"{name}: {error}")
    if not running:
        text = f"no runtime runs the bundle: {'; '.join(refusals) or 'none is installed'}"
        raise (ConfigurationError if refusals else NotAvailableError)(text)
    for refusal in refusals:
        assumptions.add(f"only {', '.join(running)} runs it", refusal)
    for name in absent:
        assumptions.add(f"{name} runs it, too", "it reads the format; it is not here to be asked")
    return (*running, *absent)


def _move(folder: Path, target: Path) -> None:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        # Copied to a depth where no server looks, then renamed: none ever sees half a bundle.
        with tempfile.TemporaryDirectory(prefix=".import-", dir=target.parent) as scratch:
            staged = Path(scratch) / target.name
            shutil.copytree(folder, staged)
            staged.rename(target)
    except OSError as error:
        text = f"{target} cannot be written: {error.strerror}"
        raise NotAvailableError(text) from error
