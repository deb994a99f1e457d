"""A detector that works without training, and pictures for it.

On a grey picture lie blue and red squares of 8 px, each on one cell of stride 8. The network
averages the colours of a cell; a cell that is bluer than it is red is "blue". Each object is
labelled as the 16 px box around its cell's centre, which is what the box output always says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

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

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from edgeserve.catalog.bundle import Bundle

SIDE_PX = 64
STRIDE_PX = 8
CELLS = SIDE_PX // STRIDE_PX
REG_MAX = 4
LABELS = ("blue", "red")
_BLUE, _RED = (255, 0, 0), (0, 0, 255)
_GAINS = (1.0, 3.0, 0.25, 1.0)
"""Of the averaged channels: the scales of these weights must not be mixed up."""


def network() -> onnx.ModelProto:
    """Input `images` float32 (1, 3, 64, 64) BGR 0..1."""
    smooth = np.zeros((4, 3, 1, 1), dtype=np.float32)
    smooth[[0, 1, 2, 3], [0, 1, 2, 1], 0, 0] = 1
    average = np.zeros((4, 4, STRIDE_PX, STRIDE_PX), dtype=np.float32)
    average[range(4), range(4)] = np.reshape(_GAINS, (4, 1, 1)) / STRIDE_PX**2
    classes = np.zeros((2, 4, 1, 1), dtype=np.float32)
    classes[0, [0, 2], 0, 0] = 16 / _GAINS[0], -16 / _GAINS[2]
    classes[1, [0, 2], 0, 0] = -16 / _GAINS[0], 16 / _GAINS[2]
    boxes = np.zeros((4 * REG_MAX, 4, 1, 1), dtype=np.float32)
    one_stride = np.zeros(4 * REG_MAX, dtype=np.float32)
    one_stride[1::REG_MAX] = 20
    constants: dict[str, NDArray[np.float32] | NDArray[np.int64]] = {
        "smooth": smooth,
        "average": average,
        "classes": classes,
        "classes_bias": np.array([-5, -5], dtype=np.float32),
        "boxes": boxes,
        "boxes_bias": one_stride,
        "flat": np.array([0, 0, -1], dtype=np.int64),
    }
    make = helper.make_node
    nodes = [
        make("Conv", ["images", "smooth"], ["a"], "first"),
        make("Sigmoid", ["a"], ["a_sigmoid"], "first_sigmoid"),
        make("Mul", ["a", "a_sigmoid"], ["a_silu"], "first_silu"),
        make("Conv", ["a_silu", "average"], ["b"], "middle", strides=[STRIDE_PX, STRIDE_PX]),
        make("Conv", ["b", "classes", "classes_bias"], ["c"], "last_classes"),
        make("Conv", ["b", "boxes", "boxes_bias"], ["d"], "last_boxes"),
        make("Reshape", ["c", "flat"], ["scores"], "flat_classes"),
        make("Reshape", ["d", "flat"], ["boxes_out"], "flat_boxes"),
    ]
    graph = helper.make_graph(
        nodes,
        "synthetic",
        [_value("images", [1, 3, SIDE_PX, SIDE_PX])],
        [_value("boxes_out", [1, 4 * REG_MAX, CELLS**2]), _value("scores", [1, 2, CELLS**2])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def write_bundle(folder: Path) -> Bundle:
    """A bundle with the FP32 form only."""
    folder.mkdir(parents=True)
    path = folder / "model-fp32.onnx"
    onnx.save(add_u8_input(network(), mean=(0, 0, 0), std=(255, 255, 255)), str(path))
    return write_manifest(
        folder,
        Manifest(
            format=1,
            name="synthetic",
            version="1",
            description="Squares.",
            licence="Apache-2.0",
            labels=LABELS,
            input=Input(
                width_px=SIDE_PX,
                height_px=SIDE_PX,
                layout="NHWC",
                dtype="uint8",
                color_order=ColorOrder.BGR,
                fit=Fit.CENTER,
                pad_value=114,
                normalisation=Normalisation(
                    place="graph",
                    mean=(0, 0, 0),
                    std=(255, 255, 255),
                ),
            ),
            head=Head(
                layout="dfl",
                strides=(STRIDE_PX,),
                reg_max=REG_MAX,
                outputs={"boxes": "boxes_out", "scores": "scores"},
            ),
            thresholds=DefaultThresholds(score=0.5, iou=0.6, max_detections=100),
            files=(
                File(
                    **checked(path).model_dump(),
                    runtimes=("onnxruntime", "openvino"),
                    precision="fp32",
                ),
            ),
        ),
    )


def write_data(data: Path) -> None:
    """Splits train and val, pictures `even-N.png` and `odd-N.png` with their labels."""
    generator = np.random.default_rng(0)
    for split, count in (("train", 8), ("val", 6)):
        (data / split).mkdir(parents=True)
        for number in range(count):
            stem = data / split / f"{('even', 'odd')[number % 2]}-{number}"
            _write_picture(stem, generator)


def _write_picture(stem: Path, generator: np.random.Generator) -> None:
    pixels = np.full((SIDE_PX, SIDE_PX, 3), 114, dtype=np.uint8)
    lines = []
    # Every second cell inside the picture: the boxes of neighbours do not touch.
    cells = generator.permutation([(y, x) for y in (1, 3, 5) for x in (1, 3, 5)])[:4]
    for y, x in cells.tolist():
        class_id = int(generator.integers(2))
        square = np.s_[y * STRIDE_PX : (y + 1) * STRIDE_PX, x * STRIDE_PX : (x + 1) * STRIDE_PX]
        pixels[square] = (_BLUE, _RED)[class_id]
        centre = f"{(x + 0.5) / CELLS} {(y + 0.5) / CELLS}"
        lines.append(f"{class_id} {centre} {2 / CELLS} {2 / CELLS}\n")
    cv2.imwrite(str(stem.with_suffix(".png")), pixels)
    stem.with_suffix(".txt").write_text("".join(lines))


def _value(name: str, shape: list[int]) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
