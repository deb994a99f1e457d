"""A bundle that holds only the FP32 form of a network."""

from __future__ import annotations

from typing import TYPE_CHECKING

import onnx

from edgeserve.catalog.manifest import (
    DefaultThresholds,
    File,
    Head,
    Input,
    Manifest,
    Normalisation,
)
from edgeserve.domain.frame import ColorOrder
from edgeserve.domain.model import Fit
from edgeserve.tooling.bundle_files import checked, write_manifest
from edgeserve.tooling.input_u8 import add_u8_input
from models.export import OUTPUTS, export
from models.half_storage import store_half
from models.training.checkpoint import weights

if TYPE_CHECKING:
    from pathlib import Path

    from edgeserve.catalog.bundle import Bundle
    from models.recipe import Recipe

FILE = "model-fp32.onnx"
LOWEST_SCORE = 0.05
"""The default until the right one is known."""
_VERSION = "1"
_IOU = 0.6
_MAX_DETECTIONS = 100


def float_bundle(recipe: Recipe, checkpoint: Path, folder: Path) -> Bundle:
    """Write a trained network as ONNX that takes the server's picture, with its manifest.

    Args:
        recipe: that it was trained by.
        checkpoint: best.pt or last.pt of a run.
        folder: where the files go.
    """
    exported = folder / "exported.onnx"
    export(recipe, weights(checkpoint), exported)
    mean, std = (0.0, 0.0, 0.0), (recipe.input.scale,) * 3
    model = add_u8_input(onnx.load(str(exported)), mean=mean, std=std)
    onnx.save(store_half(model), str(folder / FILE))
    exported.unlink()
    normalisation = Normalisation(place="graph", mean=mean, std=std)
    return write_manifest(folder, _manifest(recipe, folder, normalisation))


def _manifest(recipe: Recipe, folder: Path, normalisation: Normalisation) -> Manifest:
    return Manifest(
        format=1,
        name=recipe.name,
        version=_VERSION,
        description=f"A tiny detector for street cameras: {', '.join(recipe.model.classes)}.",
        licence="Apache-2.0",
        labels=tuple(recipe.model.classes),
        input=Input(
            width_px=recipe.input.width,
            height_px=recipe.input.height,
            layout="NHWC",
            dtype="uint8",
            color_order=ColorOrder(recipe.input.color_order),
            fit=Fit(recipe.input.fit),
            pad_value=recipe.input.pad,
            normalisation=normalisation,
        ),
        head=Head(
            layout="dfl",
            strides=tuple(recipe.model.strides),
            reg_max=recipe.model.reg_max,
            outputs=dict(zip(("boxes", "scores"), OUTPUTS, strict=True)),
        ),
        thresholds=DefaultThresholds(
            score=LOWEST_SCORE,
            iou=_IOU,
            max_detections=_MAX_DETECTIONS,
        ),
        files=(
            File(
                **checked(folder / FILE).model_dump(),
                runtimes=("onnxruntime", "openvino"),
                precision="fp32",
            ),
        ),
    )
