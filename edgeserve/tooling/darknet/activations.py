"""Activations by Darknet's names, as ONNX nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from edgeserve.tooling.darknet.onnx_graph import OnnxGraph
    from edgeserve.tooling.darknet.section import Section

LINEAR = "linear"
LOGISTIC = "logistic"


def read_activation(section: Section, default: str) -> str:
    """The activation that a section names.

    Raises:
        ConfigurationError: there is none of that name.
    """
    name = section.word("activation", default)
    if name not in _NODES:
        what = f"activation {name!r:.80} is unknown; expected one of {', '.join(sorted(_NODES))}"
        section.refuse(what, "activation")
    return name


def activate(graph: OnnxGraph, activation: str, tensor: str, name: str) -> str:
    """Add an activation's nodes; returns the name of the tensor that they make."""
    return _NODES[activation](graph, tensor, name)


def _linear(_: OnnxGraph, tensor: str, __: str) -> str:
    return tensor


def _leaky(graph: OnnxGraph, tensor: str, name: str) -> str:
    return graph.add("LeakyRelu", [tensor], name, alpha=0.1)


def _relie(graph: OnnxGraph, tensor: str, name: str) -> str:
    return graph.add("LeakyRelu", [tensor], name, alpha=0.01)


def _relu6(graph: OnnxGraph, tensor: str, name: str) -> str:
    return graph.add("Clip", [tensor, graph.scalar(0), graph.scalar(6)], name)


def _hardtan(graph: OnnxGraph, tensor: str, name: str) -> str:
    return graph.add("Clip", [tensor, graph.scalar(-1), graph.scalar(1)], name)


def _mish(graph: OnnxGraph, tensor: str, name: str) -> str:
    softplus = graph.add("Softplus", [tensor], f"{name}_softplus")
    return graph.add("Mul", [tensor, graph.add("Tanh", [softplus], f"{name}_tanh")], name)


def _hard_mish(graph: OnnxGraph, tensor: str, name: str) -> str:
    """That is x for x > 0, x² / 2 + x from -2 to 0, 0 below: x * clip(x / 2 + 1, 0, 1)."""
    half = graph.add("Mul", [tensor, graph.scalar(0.5)], f"{name}_half")
    one = graph.add("Add", [half, graph.scalar(1)], f"{name}_shifted")
    gate = graph.add("Clip", [one, graph.scalar(0), graph.scalar(1)], f"{name}_gate")
    return graph.add("Mul", [tensor, gate], name)


def _swish(graph: OnnxGraph, tensor: str, name: str) -> str:
    return graph.add("Mul", [tensor, graph.add("Sigmoid", [tensor], f"{name}_sigmoid")], name)


def _loggy(graph: OnnxGraph, tensor: str, name: str) -> str:
    """2 / (1 + exp(-x)) - 1."""
    half = graph.add("Mul", [tensor, graph.scalar(0.5)], f"{name}_half")
    return graph.add("Tanh", [half], name)


def _ramp(graph: OnnxGraph, tensor: str, name: str) -> str:
    """That is x + 0.1 x for x > 0, 0.1 x below."""
    tenth = graph.add("Mul", [tensor, graph.scalar(0.1)], f"{name}_tenth")
    return graph.add("Add", [graph.add("Relu", [tensor], f"{name}_relu"), tenth], name)


def _plain(operator: str) -> Callable[[OnnxGraph, str, str], str]:
    def add(graph: OnnxGraph, tensor: str, name: str) -> str:
        return graph.add(operator, [tensor], name)

    return add


_NODES: Mapping[str, Callable[[OnnxGraph, str, str], str]] = {
    LINEAR: _linear,
    LOGISTIC: _plain("Sigmoid"),
    "elu": _plain("Elu"),
    "hard_mish": _hard_mish,
    "hard_swish": _plain("HardSwish"),
    "hardtan": _hardtan,
    "hswish": _plain("HardSwish"),
    "leaky": _leaky,
    "loggy": _loggy,
    "mish": _mish,
    "ramp": _ramp,
    "relie": _relie,
    "relu": _plain("Relu"),
    "relu6": _relu6,
    "selu": _plain("Selu"),
    "silu": _swish,
    "swish": _swish,
    "tanh": _plain("Tanh"),
}
