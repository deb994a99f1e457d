"""A trained network as an ONNX file."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np
import onnx
import onnxruntime
import torch
from torch.jit._trace import TracerWarning

from models.zoo.network import Network

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor

    from models.recipe import NetworkRecipe

INPUT = "images"
OUTPUTS = ("box_logits", "class_logits")
"""Of a network with a `dfl` head."""
OPSET = 17
_TOLERANCE = 1e-4
"""Of the largest value, or of 1 where that is smaller."""


def export(recipe: NetworkRecipe, weights: dict[str, Tensor], out: Path) -> None:
    """Write the network with its batch norms folded, and compare the file with the network.

    The file's input is `images` (1, 3, height, width) float32 0..1 in the recipe's colour
    order; its outputs are those of the head, by name.

    Raises:
        ValueError: a batch norm is left, or the file computes something else.
    """
    network = Network(recipe.model)
    network.load_state_dict(weights)
    network.fold()
    picture = torch.rand(1, 3, recipe.input.height, recipe.input.width)
    out.parent.mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings():
        # The older exporter keeps the parameters' names and writes the plainest graph.
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.simplefilter("ignore", TracerWarning)  # sizes are fixed on purpose
        torch.onnx.export(
            network,
            (picture,),
            str(out),
            input_names=[INPUT],
            output_names=list(network.output_names),
            opset_version=OPSET,
            dynamo=False,
        )
    _describe(out, recipe)
    _compare(out, network, picture)


def _describe(out: Path, recipe: NetworkRecipe) -> None:
    model = onnx.load(str(out))
    if any(node.op_type == "BatchNormalization" for node in model.graph.node):
        msg = f"{out}: a batch norm was not folded"
        raise ValueError(msg)
    onnx.helper.set_model_props(
        model,
        {
            "recipe": recipe.name,
            "classes": ",".join(recipe.model.classes),
            "strides": ",".join(map(str, recipe.model.strides)),
            "color_order": recipe.input.color_order,
            "fit": recipe.input.fit,
            "pad": str(recipe.input.pad),
            **recipe.model.head.facts(),
        },
    )
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, str(out))


def _compare(out: Path, network: Network, picture: Tensor) -> None:
    session = onnxruntime.InferenceSession(str(out), providers=["CPUExecutionProvider"])
    names = list(network.output_names)
    answers = session.run(names, {INPUT: picture.numpy()})
    with torch.no_grad():
        expected = network(picture)
    for name, answer, wanted in zip(names, answers, expected, strict=True):
        worst = float(np.abs(np.asarray(answer) - wanted.numpy()).max())
        if worst > _TOLERANCE * max(1.0, float(wanted.abs().max())):
            msg = f"{out}: {name} differs from the network by {worst}"
            raise ValueError(msg)
