"""An ONNX graph that grows node by node."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from edgeserve.tooling.required import require

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray
    from onnx import ModelProto, NodeProto, TensorProto

OPSET = 17
_IR_VERSION = 8


class OnnxGraph:
    """Nodes and constants; every node is named as the tensor that it makes."""

    def __init__(self) -> None:
        """Begin with nothing.

        Raises:
            NotAvailableError: onnx is not installed.
        """
        self._onnx = require("onnx")
        self._nodes: list[NodeProto] = []
        self._constants: dict[str, TensorProto] = {}

    def add(self, operator: str, inputs: Sequence[str], name: str, **attributes: object) -> str:
        """Add a node with one output; returns the output's name."""
        node = self._onnx.helper.make_node(operator, inputs, [name], name, **attributes)
        self._nodes.append(node)
        return name

    def constant(self, name: str, value: NDArray[np.float32] | NDArray[np.int64]) -> str:
        """Add a constant; returns its name."""
        self._constants[name] = self._onnx.numpy_helper.from_array(value, name)
        return name

    def scalar(self, value: float) -> str:
        """A float constant, made once for all that ask for it."""
        return self.constant(f"scalar_{value:g}", np.array(value, dtype=np.float32))

    def integers(self, values: Iterable[int]) -> str:
        """Whole numbers as a constant, made once for all that ask for them."""
        listed = list(values)
        name = f"integers_{'_'.join(map(str, listed))}"
        return self.constant(name, np.array(listed, dtype=np.int64))

    def model(
        self,
        name: str,
        inputs: Iterable[tuple[str, Sequence[int]]],
        outputs: Iterable[tuple[str, Sequence[int]]],
    ) -> ModelProto:
        """The checked model.

        Args:
            name: of the graph.
            inputs: name and shape of float32 tensors.
            outputs: likewise.
        """
        helper, float32 = self._onnx.helper, self._onnx.TensorProto.FLOAT
        graph = helper.make_graph(
            self._nodes,
            name,
            [helper.make_tensor_value_info(one, float32, shape) for one, shape in inputs],
            [helper.make_tensor_value_info(one, float32, shape) for one, shape in outputs],
            list(self._constants.values()),
        )
        model: ModelProto = helper.make_model(
            graph,
            opset_imports=[helper.make_opsetid("", OPSET)],
            ir_version=_IR_VERSION,
            producer_name="edgeserve",
        )
        self._onnx.checker.check_model(model, full_check=True)
        return model
