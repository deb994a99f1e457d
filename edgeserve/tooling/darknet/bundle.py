"""A Darknet network as a bundle with an FP32 form."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from edgeserve.catalog.bundle import Bundle
from edgeserve.catalog.manifest import (
    Anchors,
    DefaultThresholds,
    File,
    Head,
    Input,
    Manifest,
    Normalisation,
    explain,
)
from edgeserve.domain.errors import ConfigurationError, NotAvailableError
from edgeserve.domain.frame import ColorOrder
from edgeserve.domain.model import Fit
from edgeserve.tooling.bundle_files import checked, write_manifest
from edgeserve.tooling.darknet.network import read_network
from edgeserve.tooling.darknet.onnx_model import head_output, onnx_model
from edgeserve.tooling.input_u8 import add_u8_input
from edgeserve.tooling.required import require

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edgeserve.tooling.darknet.network import Network

FILE = "model-fp32.onnx"
VERSION = "1"
_MEAN, _STD = (0.0, 0.0, 0.0), (255.0, 255.0, 255.0)
_GREY = 128
_SCORE = 0.25
"""What Darknet's own detector takes."""
_MAX_DETECTIONS = 100


def import_darknet(
    cfg: Path,
    weights: Path,
    *,
    labels: Sequence[str] | None,
    name: str,
    out: Path,
    licence: str = "unknown",
) -> Bundle:
    """Write OUT/NAME/1 with a manifest and an FP32 ONNX file.

    Pictures are stretched to the input as Darknet does it, or letterboxed if [net] says
    letter_box=1; channels are RGB, 0..1.

    Args:
        cfg: the network.
        weights: its weights.
        labels: a name for each class; None names them class-0, class-1, ….
        name: of the model.
        out: folder of the models, as `--models-dir` names it.
        licence: of the weights, for the manifest.

    Raises:
        ConfigurationError: a file is wrong or asks for what is not supported, the labels are
            another number than the classes, the name is none, or OUT/NAME/1 is there already.
        NotAvailableError: onnx is not installed, or the folder cannot be written.
    """
    network = read_network(cfg)
    target = out / name / VERSION
    manifest = _manifest(network, labels, name, licence)
    if target.exists():
        text = f"{target} is there already; choose another name or folder, or remove it"
        raise ConfigurationError(text)
    model = add_u8_input(onnx_model(network, weights), mean=_MEAN, std=_STD)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".import-") as scratch:
            folder = Path(scratch) / VERSION
            folder.mkdir()
            require("onnx").save(model, str(folder / FILE))
            entry = manifest.files[0].model_copy(update=checked(folder / FILE).model_dump())
            write_manifest(folder, manifest.model_copy(update={"files": (entry,)}))
            folder.rename(target)
    except OSError as error:
        text = f"{target}: cannot be written: {error.strerror}"
        raise NotAvailableError(text) from error
    return Bundle.read(target)


def _manifest(network: Network, labels: Sequence[str] | None, name: str, licence: str) -> Manifest:
    """All but the checksum of the file, which is not there yet."""
    heads = network.heads
    if not heads:
        text = f"{network.path}: there is no [yolo] or [region] section, so it detects nothing"
        raise ConfigurationError(text)
    for head in heads[1:]:
        for what in ("layout", "classes", "box_sizes", "class_scores"):
            first, other = getattr(heads[0], what), getattr(head, what)
            if first != other:
                text = f"{what} is {other} here and {first} in layer {heads[0].section.index}"
                head.section.refuse(text)
    classes = heads[0].classes
    if labels is None:
        labels = [f"class-{number}" for number in range(classes)]
    if len(labels) != classes:
        text = f"{network.path}: {classes} classes and {len(labels)} labels: give one for each"
        raise ConfigurationError(text)
    try:
        return Manifest(
            format=1,
            name=name,
            version=VERSION,
            description=f"Imported from the Darknet network {network.path.name}.",
            licence=licence,
            labels=tuple(labels),
            input=Input(
                width_px=network.picture.width,
                height_px=network.picture.height,
                layout="NHWC",
                dtype="uint8",
                color_order=ColorOrder.RGB,
                fit=Fit.CENTER if network.letterbox else Fit.STRETCH,
                pad_value=_GREY,
                normalisation=Normalisation(place="graph", mean=_MEAN, std=_STD),
            ),
            head=Head(
                layout=heads[0].layout,
                strides=tuple(head.stride for head in heads),
                outputs={f"maps_{level}": head_output(head) for level, head in enumerate(heads)},
                anchors=Anchors(
                    sizes_px=tuple(head.anchors_px for head in heads),
                    scale_xy=tuple(head.scale_xy for head in heads),
                    box_sizes=heads[0].box_sizes,
                    class_scores=heads[0].class_scores,
                ),
            ),
            thresholds=DefaultThresholds(
                score=_SCORE,
                iou=min(head.iou for head in heads),
                max_detections=_MAX_DETECTIONS,
            ),
            files=(
                File(
                    path=FILE,
                    sha256="0" * 64,
                    runtimes=("onnxruntime", "openvino"),
                    precision="fp32",
                ),
            ),
        )
    except ValidationError as error:
        raise ConfigurationError(explain(network.path, error)) from error
