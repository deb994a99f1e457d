"""Which layers a quantization may leave in float, cheapest first.

The last convolutions of a detector feed logits that differ little between a box and no box; what
they lose in 8 bits no threshold brings back. The first convolution sees every error that the
picture's own 8 bits do not have. Everything between them takes 8 bits well.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import onnx

_CONVOLUTION = "Conv"


@dataclass(frozen=True, slots=True)
class FloatLayers:
    """A choice.

    Attributes:
        title: for people.
        convolutions: names of ONNX nodes that stay in float.
        followers: names of the nodes behind the last convolutions; they only move data, and 8
            bits there would round the logits after all.
    """

    title: str
    convolutions: tuple[str, ...]
    followers: tuple[str, ...]


def choices(model: onnx.ModelProto) -> list[FloatLayers]:
    """The sets to try, in order: the last convolutions, the whole head, and the first too.

    Args:
        model: every node has a name.
    """
    graph = model.graph
    producers = {name: node for node in graph.node for name in node.output}
    followers, last = _behind_last_convolutions(graph, producers)
    before_last = _convolutions_before(last, producers)
    head = [*last, *before_last, *_convolutions_before(before_last, producers)]
    convolutions = [node for node in graph.node if node.op_type == _CONVOLUTION]
    first = convolutions[:1]
    sets = {
        "last convolutions": last,
        "last two convolutions of each branch": [*last, *before_last],
        "last and first convolutions": [*last, *first],
        "whole head": head,
        "whole head and first convolution": [*head, *first],
    }
    return [FloatLayers(title, _names(nodes), _names(followers)) for title, nodes in sets.items()]


def _names(nodes: Sequence[onnx.NodeProto]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(node.name for node in nodes))


def _behind_last_convolutions(
    graph: onnx.GraphProto,
    producers: Mapping[str, onnx.NodeProto],
) -> tuple[list[onnx.NodeProto], list[onnx.NodeProto]]:
    """Nodes between the last convolutions and the outputs, and these convolutions."""
    return _walk([output.name for output in graph.output], producers)


def _convolutions_before(
    nodes: Sequence[onnx.NodeProto],
    producers: Mapping[str, onnx.NodeProto],
) -> list[onnx.NodeProto]:
    return _walk([node.input[0] for node in nodes], producers)[1]


def _walk(
    names: Sequence[str],
    producers: Mapping[str, onnx.NodeProto],
) -> tuple[list[onnx.NodeProto], list[onnx.NodeProto]]:
    """Go against the flow from tensors to the nearest convolutions.

    Returns:
        The nodes passed, and the convolutions.
    """
    passed: dict[str, onnx.NodeProto] = {}
    convolutions: dict[str, onnx.NodeProto] = {}
    waiting = list(names)
    while waiting:
        node = producers.get(waiting.pop())
        if node is None or node.name in passed or node.name in convolutions:
            continue
        if node.op_type == _CONVOLUTION:
            convolutions[node.name] = node
        else:
            passed[node.name] = node
            waiting += node.input
    return list(passed.values()), list(convolutions.values())
