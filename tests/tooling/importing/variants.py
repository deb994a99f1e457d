"""Our own network with the output layouts and the inputs of other people's."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from edgeserve.geometry.grid import cell_centres
from tests.tooling.importing.widened import widened

onnx = pytest.importorskip("onnx", reason="variants are made with the package onnx")

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray
    from onnx import ModelProto

SIDE_PX = 320
STRIDES = (8, 16, 32)
REG_MAX = 16
LABELS = ("person", "car", "motorbike", "bus", "truck")
CELLS = 40 * 40 + 20 * 20 + 10 * 10
QUERIES = 300
_FLOAT = onnx.TensorProto.FLOAT


def original() -> Path:
    """The FP32 file of the default model: u8 NHWC input, raw DFL outputs. In the sources only."""
    return (
        Path(__file__).resolve().parents[3]
        / "models"
        / "bundles"
        / "road-csp-tiny"
        / "model-fp32.onnx"
    )


class Graph:
    """The original without its metadata, to be continued node by node."""

    def __init__(self) -> None:
        self.model: ModelProto = widened(onnx.load(str(original())))
        del self.model.metadata_props[:]
        del self.model.graph.output[:]
        self._count = 0

    def constant(self, value: NDArray[np.generic] | float) -> str:
        """A float32 or int64 constant."""
        array = np.asarray(value)
        array = array.astype(np.int64 if array.dtype.kind == "i" else np.float32)
        name = self._name("constant")
        self.model.graph.initializer.append(onnx.numpy_helper.from_array(array, name))
        return name

    def node(self, operator: str, *inputs: str, outputs: int = 1, **attributes: Any) -> Any:  # noqa: ANN401
        """Append a node: its output's name, or a list of them."""
        names = [self._name(operator) for _ in range(outputs)]
        node = onnx.helper.make_node(operator, list(inputs), names, **attributes)
        self.model.graph.node.append(node)
        return names[0] if outputs == 1 else names

    def output(self, name: str, tensor: str, shape: list[int | str], kind: int = _FLOAT) -> None:
        """Make a tensor an output of this name and shape."""
        self.model.graph.node.append(onnx.helper.make_node("Identity", [tensor], [name]))
        value = onnx.helper.make_tensor_value_info(name, kind, shape)
        self.model.graph.output.append(value)

    def slice(self, tensor: str, start: int, end: int, axis: int) -> str:
        """A part of a tensor."""
        bounds = [self.constant(np.array([one])) for one in (start, end, axis)]
        name: str = self.node("Slice", tensor, *bounds)
        return name

    def transposed(self, tensor: str) -> str:
        """(1, K, N) to (1, N, K)."""
        name: str = self.node("Transpose", tensor, perm=[0, 2, 1])
        return name

    def corners(self) -> tuple[str, str]:
        """Top left and bottom right (1, 2, N) of each cell's box, in pixels."""
        centres, strides = cell_centres(SIDE_PX, SIDE_PX, STRIDES)
        shape = self.constant(np.array([1, 4, REG_MAX, CELLS]))
        bins = self.node("Reshape", "box_logits", shape)
        weights = self.node("Softmax", bins, axis=2)
        weighed = self.node("Mul", weights, self.constant(np.arange(REG_MAX)[:, None] * 1.0))
        axes = self.constant(np.array([2]))
        distances = self.node("ReduceSum", weighed, axes, keepdims=0)
        reach = self.node("Mul", distances, self.constant(strides))
        middle = self.constant(centres.T[None])
        return (
            self.node("Sub", middle, self.slice(reach, 0, 2, 1)),
            self.node("Add", middle, self.slice(reach, 2, 4, 1)),
        )

    def centre_and_size(self) -> tuple[str, str]:
        """Centre and size (1, 2, N) of each cell's box, in pixels."""
        first, second = self.corners()
        both = self.node("Add", first, second)
        return self.node("Mul", both, self.constant(0.5)), self.node("Sub", second, first)

    def scores(self) -> str:
        """(1, C, N) in 0..1."""
        name: str = self.node("Sigmoid", "class_logits")
        return name

    def best(self) -> str:
        """(300,) the cells with the surest class."""
        surest = self.node("ReduceMax", "class_logits", axes=[0, 1], keepdims=0)
        _, cells = self.node("TopK", surest, self.constant(np.array([QUERIES])), outputs=2)
        return str(cells)

    def _name(self, word: str) -> str:
        self._count += 1
        return f"variant_{word}_{self._count}"


def v8() -> ModelProto:
    graph = Graph()
    out = graph.node("Concat", *graph.centre_and_size(), graph.scores(), axis=1)
    graph.output("output0", out, [1, 4 + len(LABELS), CELLS])
    return graph.model


def _with_objectness(graph: Graph) -> str:
    """(1, 1 + C, N): the best class as objectness, and each class as a share of it."""
    scores = graph.scores()
    best = graph.node("ReduceMax", scores, axes=[1], keepdims=1)
    # Of a grey picture all of them are 0.
    best = graph.node("Max", best, graph.constant(1e-12))
    name: str = graph.node("Concat", best, graph.node("Div", scores, best), axis=1)
    return name


def v5() -> ModelProto:
    """Three boxes a cell, two of them never there."""
    graph = Graph()
    rows = graph.node("Concat", *graph.centre_and_size(), _with_objectness(graph), axis=1)
    absent = graph.node("Mul", rows, graph.constant(np.array([[1.0]] * 4 + [[0.0]] * 6)))
    out = graph.transposed(graph.node("Concat", absent, rows, absent, axis=2))
    graph.output("output", out, [1, 3 * CELLS, 5 + len(LABELS)])
    return graph.model


def grid_unit() -> ModelProto:
    graph = Graph()
    centres, strides = cell_centres(SIDE_PX, SIDE_PX, STRIDES)
    middle, size = graph.centre_and_size()
    stride = graph.constant(strides)
    offset = graph.node(
        "Sub",
        graph.node("Div", middle, stride),
        graph.constant((centres / strides[:, None] - 0.5).T[None]),
    )
    logarithm = graph.node("Log", graph.node("Div", size, stride))
    rows = graph.node("Concat", offset, logarithm, _with_objectness(graph), axis=1)
    graph.output("output", graph.transposed(rows), [1, CELLS, 5 + len(LABELS)])
    return graph.model


def two_outputs() -> ModelProto:
    graph = Graph()
    boxes = graph.node("Concat", *graph.corners(), axis=1)
    graph.output("boxes", graph.transposed(boxes), [1, CELLS, 4])
    graph.output("scores", graph.transposed(graph.scores()), [1, CELLS, len(LABELS)])
    return graph.model


def end_to_end() -> ModelProto:
    graph = Graph()
    cells = graph.best()
    boxes = graph.node("Concat", *graph.corners(), axis=1)
    scores = graph.node("Gather", graph.scores(), cells, axis=2)
    class_ids = graph.node("ArgMax", scores, axis=1, keepdims=1)
    rows = graph.node(
        "Concat",
        graph.node("Gather", boxes, cells, axis=2),
        graph.node("ReduceMax", scores, axes=[1], keepdims=1),
        graph.node("Cast", class_ids, to=_FLOAT),
        axis=1,
    )
    graph.output("output0", graph.transposed(rows), [1, QUERIES, 6])
    return graph.model


def ssd() -> ModelProto:
    graph = Graph()
    cells = graph.best()
    boxes = graph.node("Concat", *graph.corners(), axis=1)
    scores = graph.node("Gather", graph.scores(), cells, axis=2)
    class_ids = graph.node("ArgMax", scores, axis=1, keepdims=1)
    number = graph.node("Cast", class_ids, to=_FLOAT)
    rows = graph.node(
        "Concat",
        graph.node("Mul", number, graph.constant(0.0)),
        graph.node("Add", number, graph.constant(1.0)),
        graph.node("ReduceMax", scores, axes=[1], keepdims=1),
        graph.node(
            "Div", graph.node("Gather", boxes, cells, axis=2), graph.constant(float(SIDE_PX))
        ),
        axis=1,
    )
    shape = graph.constant(np.array([1, 1, QUERIES, 7]))
    out = graph.node("Reshape", graph.transposed(rows), shape)
    graph.output("detection_out", out, [1, 1, QUERIES, 7])
    return graph.model


def detr() -> ModelProto:
    graph = Graph()
    cells = graph.best()
    boxes = graph.node("Concat", *graph.centre_and_size(), axis=1)
    share = graph.node("Div", boxes, graph.constant(float(SIDE_PX)))
    for name, tensor, width in (("logits", "class_logits", len(LABELS)), ("boxes", share, 4)):
        rows = graph.transposed(graph.node("Gather", tensor, cells, axis=2))
        graph.output(name, rows, [1, QUERIES, width])
    return graph.model


def dfl() -> ModelProto:
    graph = Graph()
    graph.output("boxes", "box_logits", [1, 4 * REG_MAX, CELLS])
    graph.output("scores", "class_logits", [1, len(LABELS), CELLS])
    return graph.model


def dfl_levels() -> ModelProto:
    """One map a level, boxes before classes."""
    graph = Graph()
    both = graph.node("Concat", "box_logits", "class_logits", axis=1)
    start = 0
    for stride in STRIDES:
        side = SIDE_PX // stride
        shape = [1, 4 * REG_MAX + len(LABELS), side, side]
        level = graph.slice(both, start, start + side * side, 2)
        level = graph.node("Reshape", level, graph.constant(np.array(shape)))
        graph.output(f"stride{stride}", level, list(shape))
        start += side * side
    return graph.model


LAYOUTS: dict[str, Callable[[], ModelProto]] = {
    "v8": v8,
    "v5": v5,
    "grid-unit": grid_unit,
    "boxes-scores": two_outputs,
    "end-to-end": end_to_end,
    "ssd": ssd,
    "detr": detr,
    "dfl": dfl,
    "dfl-levels": dfl_levels,
}
"""By the head that decodes each."""


def with_input(model: ModelProto, shape: list[int | str], kind: int = _FLOAT) -> ModelProto:
    """Take the model's own u8 input off: float planes of 0..1, or rows where 3 comes last."""
    graph = model.graph
    kept = [node for node in graph.node if not node.name.startswith("u8_input/")]
    last = next(node for node in reversed(graph.node) if node.name.startswith("u8_input/"))
    before = []
    name = "images"
    if kind != _FLOAT:
        before.append(onnx.helper.make_node("Cast", [name], ["images_float"], to=_FLOAT))
        name = "images_float"
    if shape[-1] == len("BGR"):
        perm = [0, 3, 1, 2]
        before.append(onnx.helper.make_node("Transpose", [name], ["planes"], perm=perm))
        name = "planes"
    for node in kept:
        for index, tensor in enumerate(node.input):
            if tensor == last.output[0]:
                node.input[index] = name
    del graph.node[:]
    graph.node.extend([*before, *kept])
    own = [constant for constant in graph.initializer if constant.name.startswith("u8_input/")]
    for constant in own:
        graph.initializer.remove(constant)
    graph.input[0].CopyFrom(onnx.helper.make_tensor_value_info("images", kind, shape))
    return model


def with_half_weights(model: ModelProto) -> ModelProto:
    """Weights stored in 16 bits, computed with in 32."""
    graph = model.graph
    casts = []
    for constant in list(graph.initializer):
        if constant.data_type == _FLOAT:
            half = onnx.numpy_helper.to_array(constant).astype(np.float16)
            name = constant.name
            constant.CopyFrom(onnx.numpy_helper.from_array(half, f"{name}_half"))
            casts.append(onnx.helper.make_node("Cast", [f"{name}_half"], [name], to=_FLOAT))
    nodes = list(graph.node)
    del graph.node[:]
    graph.node.extend([*casts, *nodes])
    return model
